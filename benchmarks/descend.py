"""A step of `descend` against the loop a user would write in torch, in one process.

Run: python benchmarks/descend.py [--repeats 7]

Both train the same network on the same loss. In each repeat one takes its turn right after the other, so that what else
the machine does meets both alike; the table shows medians over the repeats, and the median of the ratios within a
repeat. The loop uses 2 threads of torch, `descend` one for its single network. A run of `descend` is charged with all
it does: sorting, placing, recording. Compiling is reported apart.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import perf_counter

import torch

from lecturelib.core import timing
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


def compare(repeats: int, optimizers: list[str]) -> list[dict]:
    rows = []
    for width, size, steps, few in SIZES:
        for optimizer in optimizers:
            network, x, y = problem(width, size)
            learning_rate = rate(optimizer, width, size)
            take = loop(network, x, y, optimizer, learning_rate)
            theirs, mine, ratio = timing.paired(
                lambda take=take, few=few: take(few),
                lambda a=(network, x, y, optimizer, learning_rate, steps): ours(*a),
                repeats,
            )
            row = {"what": "One network, a step", "neurons": width, "points": size, "optimizer": optimizer}
            row |= {"loop, µs": 1e6 * theirs, "descend, µs": 1e6 * mine, "ratio": ratio}
            rows.append({**row, "descend, ns a neuron": 1e9 * mine / width})
            print(*(timing.figure(value) for value in list(rows[-1].values())[1:]), sep="  ", flush=True)
    return rows


def compare_ensemble(repeats: int, device: str) -> dict:
    """An ensemble on all cores or on the GPU, as time a step and network."""
    members, width, size, steps = ENSEMBLE
    row = {"what": "An ensemble, a step and network", "networks": members, "neurons": width, "points": size}
    row |= {"device": device, "optimizer": "gd", "threads": torch.get_num_threads() if device == "cpu" else "–"}
    if device == "cuda" and not torch.cuda.is_available():
        return {**row, "descend, µs": None}
    network, x, y = problem(width, size, (members,))
    network, x, y = network.to(device), x.to(device), y.to(device)
    steps = steps if device == "cpu" else 100
    seconds = [ours(network, x, y, "gd", rate("gd", width, size), steps) for _ in range(repeats + 1)][1:]
    return {**row, "descend, µs": 1e6 * median(seconds) / members}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--optimizers", nargs="+", default=list(RATES), choices=list(RATES))
    parser.add_argument("--dry", action="store_true", help="print only, store nothing")
    options = parser.parse_args()
    torch.set_num_threads(2)
    print(timing.machine())
    network, x, y = problem(2, 3)
    first, again = (ours(network, x, y, "gd", 1e-3, 1) for _ in range(2))
    seconds = first - again
    print(f"first call: {seconds:.2f} s to compile, or to load what an earlier process compiled")
    rows = compare(options.repeats, options.optimizers)
    for device in ("cpu", "cuda"):
        rows.append(compare_ensemble(options.repeats, device))
        print(timing.as_table(rows[-1:]))
    rows.append({"what": "The first call in a process", "compile or load what was compiled, s": seconds})
    if not options.dry:
        print("stored", timing.store("descend", rows, "python benchmarks/descend.py"))


if __name__ == "__main__":
    main()
