"""Breakpoints on a line against samples, and training a deep network of one input against torch.

Run: python benchmarks/splines_depth.py [--repeats 3] [--dry]

The peer of `breakpoints_on_line` is what is usually done: 100,000 inputs on the line, and a breakpoint wherever the
second difference of the outputs is not 0; for the large network a tenth of them is timed, and counted ten times. The
peer of training is a loop of torch: forward, backward, torch.optim. Starts are PyTorch's.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from statistics import median
from time import perf_counter

import torch
from torch import Tensor, nn

from lecturelib.core import timing
from lecturelib.core.lines import breakpoints_on_line
from lecturelib.core.small_networks import Layout, fit
from lecturelib.splines import start_deep

SAMPLES = 100_000
LINES = {
    "1-15-15-15-15-1, [−10, 10]": ((1, 15, 15, 15, 15, 1), 1, 10.0),
    "784-256×6-1, between two inputs": ((784, *[256] * 6, 1), 20, 0.5),
    "784-256×6-1, eight times as far": ((784, *[256] * 6, 1), 20, 4.0),
}
"""Sizes, which part of the samples is timed, and how far the line goes to both sides."""
STEPS = 300


def network(sizes: tuple[int, ...]) -> nn.Sequential:
    """A ReLU network in double precision, the same each time."""
    torch.manual_seed(0)
    parts = [part for fan, width in pairwise(sizes) for part in (nn.Linear(fan, width), nn.ReLU())]
    return nn.Sequential(*parts[:-1]).double()


def by_samples(model: nn.Sequential, start: Tensor, direction: Tensor, t: Tensor) -> int:
    """How many places between samples have a bend."""
    with torch.no_grad():
        f = model(start + t[:, None] * direction)[:, 0]
    bent = f.diff().diff().abs() > 1e-7 * f.diff().abs().max()
    return int((bent[1:] & ~bent[:-1]).sum()) + int(bent[0])


def seconds(act, *arguments, calls: int = 1, **options) -> float:
    """Seconds of a call, the median of so many."""
    taken = []
    for _ in range(calls):
        begin = perf_counter()
        act(*arguments, **options)
        taken.append(perf_counter() - begin)
    return median(taken)


def lines(repeats: int) -> list[dict]:
    """A row for each network and line."""
    found = []
    for name, (sizes, part, reach) in LINES.items():
        model, draw = network(sizes), torch.Generator().manual_seed(1)
        one, other = torch.rand(2, sizes[0], generator=draw, dtype=torch.float64)
        start, direction = ((one + other) / 2, other - one) if sizes[0] > 1 else (0 * one, torch.ones_like(one))
        t = torch.linspace(-reach, reach, SAMPLES // part, dtype=torch.float64)
        ends = {"low": -reach, "high": reach, "calls": 200 if sizes[0] == 1 else 3}
        theirs = partial(seconds, by_samples, model, start, direction, t)
        pair = timing.paired(theirs, partial(seconds, breakpoints_on_line, model, start, direction, **ends), repeats)
        exact = breakpoints_on_line(model, start, direction, low=-reach, high=reach)
        bends = int(((exact.slopes[1:] - exact.slopes[:-1]).abs().amax(-1) > 1e-10 * exact.slopes.abs().max()).sum())
        row = {"what": "Breakpoints on a line", "network": name, "bends": bends}
        row |= {
            "of them found by 100,000 samples": by_samples(model, start, direction, t) if part == 1 else "not counted"
        }
        row |= {"samples, ms": 1e3 * part * pair.theirs, "library, ms": 1e3 * pair.ours, "ratio": part * pair.ratio}
        found.append(row)
        print(timing.as_table(found[-1:]), flush=True)
    return found


def in_torch(sizes: tuple[int, ...], x: Tensor, y: Tensor) -> float:
    """Seconds of a step in a loop of torch."""
    model = network(sizes)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    begin = perf_counter()
    for _ in range(STEPS):
        optimizer.zero_grad()
        (0.5 * (model(x) - y).square().mean()).backward()
        optimizer.step()
    return (perf_counter() - begin) / STEPS


def training(repeats: int) -> list[dict]:
    """A row for each network."""
    found = []
    x = torch.linspace(-1, 1, 40, dtype=torch.float64)[:, None]
    y = torch.sin(3 * x)
    for sizes in ((1, 6, 6, 6, 6, 6, 1), (1, 15, 15, 15, 15, 1)):
        layout = Layout(sizes)
        start = start_deep(layout, "pytorch", generator=torch.Generator().manual_seed(0))
        ours = partial(seconds, fit, layout, start, x, y, steps=20 * STEPS, learning_rate=1e-3)
        pair = timing.paired(partial(in_torch, sizes, x, y), lambda ours=ours: ours() / (20 * STEPS), repeats)
        row = {"what": "A step of training, 40 data", "network": "-".join(map(str, sizes))}
        row |= {"torch, µs": 1e6 * pair.theirs, "library, µs": 1e6 * pair.ours, "ratio": pair.ratio}
        found.append(row)
        print(timing.as_table(found[-1:]), flush=True)
    return found


def main() -> None:
    timing.command("splines_depth", lambda repeats: lines(repeats) + training(repeats), about=__doc__, repeats=3)


if __name__ == "__main__":
    main()
