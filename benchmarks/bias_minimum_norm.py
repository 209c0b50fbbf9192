"""Snapshots of descent on least squares against the loop a user would write in torch, in one process.

Run: python benchmarks/bias_minimum_norm.py [--repeats 3]

Both give the weights at the same 200 numbers of steps, up to 100,000, of the same problem of 100 data and 300 weights.
The loop takes every step, by two products of a matrix and a vector, without autograd, which would make it slower still.
Both use one thread. They take turns; the table shows medians over the repeats, the median of the ratios within a
repeat, and how far the weights are apart, relative to the largest.
"""

from __future__ import annotations

from time import perf_counter

import torch
from torch import Tensor

from lecturelib.bias import descent_path, largest_rate
from lecturelib.core import timing

DATA, WEIGHTS, SNAPSHOTS, STEPS = 100, 300, 200, 100_000


def problem() -> tuple[Tensor, Tensor, Tensor, float, list[int]]:
    """A, b, start, a rate of half the largest, and the numbers of steps, evenly spread on a logarithmic axis."""
    generator = torch.Generator().manual_seed(0)
    a, b, start = (
        torch.randn(shape, generator=generator, dtype=torch.float64) for shape in ((DATA, WEIGHTS), DATA, WEIGHTS)
    )
    marks = torch.logspace(0, torch.tensor(STEPS).log10().item(), SNAPSHOTS, dtype=torch.float64).round().long()
    return a, b, start, 0.5 * largest_rate(a), marks.tolist()


def loop(a: Tensor, b: Tensor, w: Tensor, rate: float, marks: list[int]) -> Tensor:
    """The weights at the marks, by all steps."""
    found, wanted = {}, set(marks)
    for step in range(1, marks[-1] + 1):
        w = w - rate * (a.T @ (a @ w - b))
        if step in wanted:
            found[step] = w
    return torch.stack([found[mark] for mark in marks])


def compare(repeats: int) -> dict:
    """One row: medians of both, the ratio, and how far apart the weights are."""
    a, b, start, rate, marks = problem()
    weights = {}

    def theirs() -> float:
        begin = perf_counter()
        weights["loop"] = loop(a, b, start, rate, marks)
        return perf_counter() - begin

    def ours() -> float:
        begin = perf_counter()
        weights["ours"] = descent_path(a, b, start, learning_rate=rate, steps=marks)
        return perf_counter() - begin

    pair = timing.paired(theirs, ours, repeats)
    return {
        "what": "Snapshots of gradient descent on least squares",
        "data": DATA,
        "weights": WEIGHTS,
        "snapshots": len(marks),
        "steps": marks[-1],
        "loop, s": pair.theirs,
        "descent_path, ms": 1e3 * pair.ours,
        "ratio": pair.ratio,
        "weights apart": float((weights["loop"] - weights["ours"]).abs().max() / weights["loop"].abs().max()),
    }


def rows(repeats: int) -> list[dict]:
    """The one row, printed."""
    found = [compare(repeats)]
    print(timing.as_table(found))
    return found


def main() -> None:
    timing.command("bias_minimum_norm", rows, about=__doc__, repeats=3)


if __name__ == "__main__":
    main()
