"""Data for the claims of `splines/fitting`, and best fits by trying every way to cut them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, combinations_with_replacement, pairwise

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.problems import normal, signs, sizes
from lecturelib.splines.breakpoints.checks_problems import data


def line(x: Tensor, y: Tensor) -> tuple[Tensor, float]:
    """The line of least squares, its value at 0 and its slope, and the sum of squared residuals."""
    design = np.stack([np.ones(len(x)), x.numpy()], 1)
    found = np.linalg.lstsq(design, y.numpy(), rcond=None)[0]
    return torch.from_numpy(found), float(np.square(design @ found - y.numpy()).sum())


def costs(x: Tensor, y: Tensor) -> dict[tuple[int, int], float]:
    """(i, j) → least sum of squares of a line on the points i + 1, …, j of sorted data, if no x is cut."""
    ends = [i for i in range(len(x) + 1) if i in (0, len(x)) or x[i - 1] < x[i]]
    return {(i, j): line(x[i:j], y[i:j])[1] if i < j else 0.0 for i, j in combinations_with_replacement(ends, 2)}


def best_cuts(x: Tensor, y: Tensor, most: int) -> list[tuple[float, tuple[int, ...]]]:
    """For 1, …, `most` pieces, or fewer, the least loss of all ways to cut sorted data, and where they are cut."""
    cost = costs(x, y)
    inside = sorted({i for i, _ in cost} - {0, len(x)})
    ways = [(0, *cut, len(x)) for size in range(most) for cut in combinations(inside, size)]
    losses = [(sum(cost[piece] for piece in pairwise(way)) / 2, way) for way in ways]
    return [min(one for one in losses if len(one[1]) <= k + 1) for k in range(1, most + 1)]


def by_x(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The same data, sorted by x."""
    order = x.argsort(stable=True)
    return x[order], y[order]


def crowded(generator: Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    """(x, y, most pieces): unsorted, some x twice with different y, and more pieces than there are different x."""
    for size, most in ((4, 4), (9, 5), (11, 4)):
        yield *data(generator, size), most


def parabolas(generator: Generator) -> Iterator[tuple[Tensor, float, float, float]]:
    """(sizes of pieces that differ by at most one, in any order, curvature, spacing, first place)."""
    for base, more in ((3, [0, 0, 0]), (3, [1, 0, 1]), (4, [1, 0])):
        mixed = torch.tensor(more)[torch.randperm(len(more), generator=generator)]
        curvature = float(signs(generator, 1) * sizes(generator, 1))
        yield base + mixed, curvature, float(sizes(generator, 1)), float(normal(generator, 1))


def on_a_parabola(points: int, curvature: float, spacing: float, place: float) -> tuple[Tensor, Tensor]:
    """Samples of c x²/2 at equal spacing."""
    x = place + spacing * torch.arange(points, dtype=torch.float64)
    return x, curvature * x**2 / 2
