"""A step of `descend` against the loop a user would write in torch, in one process.

Run: python benchmarks/descend.py [--repeats 7]

Both train the same network on the same loss. In each repeat one takes its turn right after the other, so that what else
the machine does meets both alike; the table shows medians over the repeats, and the median of the ratios within a
repeat. The loop uses 2 threads of torch, `descend` one for its single network. A run of `descend` is charged with all
it does: sorting, placing, recording. Compiling is reported apart.
"""

from __future__ import annotations

import argparse
import os
import platform
from pathlib import Path
from statistics import median
from time import perf_counter

import torch

from lecturelib.splines import Network, descend

# (neurons, points, steps of ours a repeat, steps of the loop a repeat)
SIZES = [(40, 50, 50_000, 200), (1_000, 100, 5_000, 50), (10_000, 1_000, 500, 2), (100_000, 1_000, 50, 1)]
ENSEMBLE = (256, 40, 50, 2_000)  # networks, neurons, points, steps
# Far below the edge of stability: the cost of a step must not depend on where the run goes.
RATES = {"gd": 0.05, "momentum": 0.005, "adam": 1e-4}


def problem(width: int, size: int, members: tuple[int, ...] = ()) -> tuple[Network, torch.Tensor, torch.Tensor]:
    """A network with breakpoints among the data, and a sine to fit."""
    generator = torch.Generator().manual_seed(0)
    w, b, v = (torch.randn(*members, width, generator=generator, dtype=torch.float64) for _ in range(3))
    x = 4 * torch.rand(size, generator=generator, dtype=torch.float64) - 2
    network = Network(w, b, v / width**0.5, torch.zeros(members, dtype=torch.float64))
    return network, x, torch.sin(3 * x)


def rate(optimizer: str, width: int, size: int) -> float:
    return RATES[optimizer] if optimizer == "adam" else RATES[optimizer] / (width * size)


class Shallow(torch.nn.Module):
    """The network as one writes it in torch."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.inner = torch.nn.Linear(1, network.w.numel(), dtype=torch.float64)
        self.outer = torch.nn.Linear(network.w.numel(), 1, dtype=torch.float64)
        with torch.no_grad():
            self.inner.weight[:, 0], self.inner.bias[:] = network.w, network.b
            self.outer.weight[0], self.outer.bias[:] = network.v, network.b0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.outer(torch.relu(self.inner(x)))


def loop(network: Network, x, y, optimizer: str, learning_rate: float):
    """A function that takes some steps of the loop a user would write and returns the seconds a step took."""
    model, x, y = Shallow(network), x[:, None], y[:, None]
    optimize = {
        "gd": lambda p: torch.optim.SGD(p, lr=learning_rate),
        "momentum": lambda p: torch.optim.SGD(p, lr=learning_rate, momentum=0.9),
        "adam": lambda p: torch.optim.Adam(p, lr=learning_rate),
    }[optimizer](model.parameters())

    def take(steps: int) -> float:
        begin = perf_counter()
        for _ in range(steps):
            optimize.zero_grad()
            loss = 0.5 * (model(x) - y).square().sum()
            loss.backward()
            optimize.step()
        return (perf_counter() - begin) / steps

    return take


def ours(network: Network, x, y, optimizer: str, learning_rate: float, steps: int) -> float:
    """Seconds a step of `descend`, all in."""
    begin = perf_counter()
    record = descend(network, x, y, steps=steps, learning_rate=learning_rate, optimizer=optimizer)
    seconds = perf_counter() - begin
    if record.diverged:
        raise RuntimeError(f"the benchmark's own run went astray: {record.reason}")
    return seconds / steps


def describe() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    processor = names[0] if names else platform.processor() or platform.machine()
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}, {versions}"


def compare(repeats: int, optimizers: list[str]) -> None:
    print(" neurons  points  optimizer      loop µs    ours µs    ratio  ns/neuron")
    for width, size, steps, few in SIZES:
        for optimizer in optimizers:
            network, x, y = problem(width, size)
            learning_rate = rate(optimizer, width, size)
            take = loop(network, x, y, optimizer, learning_rate)
            take(1), ours(network, x, y, optimizer, learning_rate, 1)
            pairs = []
            for _ in range(repeats):
                pairs.append((take(few), ours(network, x, y, optimizer, learning_rate, steps)))
            theirs, mine = (median(column) for column in zip(*pairs, strict=True))
            ratio = median(a / b for a, b in pairs)
            row = f"{width:8,} {size:7,} {optimizer:>10} {1e6 * theirs:12,.1f} {1e6 * mine:10.3f}"
            print(f"{row} {ratio:8,.0f} {1e9 * mine / width:10.2f}", flush=True)


def compare_ensemble(repeats: int, device: str) -> None:
    """An ensemble on all cores or on the GPU, as time a step and network."""
    members, width, size, steps = ENSEMBLE
    network, x, y = problem(width, size, (members,))
    network = Network(*(getattr(network, name).to(device) for name in ("w", "b", "v", "b0")))
    steps = steps if device == "cpu" else 100
    seconds = [ours(network, x, y, "gd", rate("gd", width, size), steps) for _ in range(repeats + 1)][1:]
    each = 1e6 * median(seconds) / members
    print(f"{members} networks of {width} neurons on {device}: {each:.3f} µs a step and network")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--optimizers", nargs="+", default=list(RATES), choices=list(RATES))
    options = parser.parse_args()
    torch.set_num_threads(2)
    print(describe())
    network, x, y = problem(2, 3)
    seconds = descend(network, x, y, steps=1, learning_rate=1e-3).compile_seconds
    print(f"first call: {seconds:.2f} s to compile, or to load what an earlier process compiled")
    compare(options.repeats, options.optimizers)
    compare_ensemble(options.repeats, "cpu")
    if torch.cuda.is_available():
        print(torch.cuda.get_device_name())
        compare_ensemble(options.repeats, "cuda")
    else:
        print("no GPU present: the torch way on CUDA was not measured")


if __name__ == "__main__":
    main()
