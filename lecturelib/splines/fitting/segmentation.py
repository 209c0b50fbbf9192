r"""The best fit of k straight pieces to data, exactly, by dynamic programming in O(N² k).

The pieces need not meet. The last of them covers the points i, …, j − 1 of the sorted data for some i, and what lies
left of it has to be a best fit of k − 1 pieces: F_k(j) = min_i F_{k−1}(i) + C(i, j) (Bellman 1961; Bai and Perron
2003). The costs C(i, j) of all segments that end at j come from one walk to the left that adds a point at a time to a
line of least squares. Each point adds a non-negative amount to the cost, so nothing is ever subtracted from a larger
number, and a small cost is as accurate as the data are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from torch import Tensor

from lecturelib.core.arguments import one_dimensional, same_shape
from lecturelib.splines.breakpoints.network import Pieces

_compiled = njit(nogil=True, cache=True, error_model="numpy")


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Straight pieces that need not meet, each the line of least squares of its points.

    pieces: k slopes and intercepts, and k − 1 knots halfway between the points on both sides of a cut; can be called
    by `segmentation(x)`. starts: number of the first point of each piece in the sorted data, shape (k,).
    loss: ½ Σ_n (f(x_n) − y_n)².
    """

    pieces: Pieces
    starts: Tensor
    loss: float

    def __call__(self, x) -> Tensor:
        """Values at x of shape (N,): shape (N,)."""
        return self.pieces(x)


@_compiled
def grow(line, x, y):
    """Add a point to a line of least squares; `line` holds n, x̄, ȳ, Σ(x − x̄)², Σ(x − x̄)(y − ȳ) and Σ residual².

    The sum of squared residuals grows by e² / (1 + 1/n + (x − x̄)² / Σ(x − x̄)²), where e is by how much the line missed
    the new point. A line through points of one x is free to turn, so it misses no point elsewhere.
    """
    n, across = line[0], line[3]
    dx, dy = x - line[1], y - line[2]
    share = n / (n + 1)
    if across > 0:
        miss = dy - line[4] / across * dx
        line[5] += miss * miss / (1 + 1 / n + dx * dx / across)
    elif dx == 0 and n > 0:
        line[5] += dy * dy * share
    line[0] = n + 1
    line[1] += dx / (n + 1)
    line[2] += dy / (n + 1)
    line[3] += dx * dx * share
    line[4] += dx * dy * share


@_compiled
def _best(x, y, may_cut, count, min_size):
    """Tables best[j, p], the least Σ residual² of p pieces on the first j points, and where the last piece starts."""
    size = x.size
    best = np.full((size + 1, count + 1), np.inf)
    start = np.zeros((size + 1, count + 1), np.int32)
    best[0, 0] = 0.0
    line = np.empty(6)
    for j in range(1, size + 1):
        if not may_cut[j]:
            continue
        line[:] = 0.0
        limit = count
        for i in range(j - 1, -1, -1):
            grow(line, x[i], y[i])
            if not may_cut[i] or j - i < min_size:
                continue
            cost = line[5]
            # The cost only grows from here on: where it exceeds what is found already, nothing better will come.
            while limit > 0 and best[j, limit] <= cost:
                limit -= 1
            if limit == 0:
                break
            for p in range(1, limit + 1):
                total = best[i, p - 1] + cost
                if total < best[j, p]:
                    best[j, p] = total
                    start[j, p] = i
    return best, start


@_compiled
def lines_of(x, y, starts):
    """Rows n, x̄, ȳ, Σ(x − x̄)², Σ(x − x̄)(y − ȳ), Σ residual² of the pieces that begin at `starts`."""
    lines = np.zeros((starts.size, 6))
    for p in range(starts.size):
        end = starts[p + 1] if p + 1 < starts.size else x.size
        for i in range(starts[p], end):
            grow(lines[p], x[i], y[i])
    return lines


def sorted_data(x, y) -> tuple[np.ndarray, np.ndarray]:
    """The data sorted by x, in float64: both (N,). Raises ValueError for NaN, no data or shapes that differ."""
    x, y = (one_dimensional(name, given, dtype=torch.float64) for name, given in (("x", x), ("y", y)))
    if not x.numel():
        raise ValueError("x: expected at least one data point, got none")
    same_shape(tuple(x.shape), "x", y=y)
    x, order = torch.sort(x.detach().cpu(), stable=True)
    return x.numpy(), y.detach().cpu()[order].numpy()


def segmentation(x: np.ndarray, y: np.ndarray, starts: np.ndarray) -> Segmentation:
    """The lines of least squares of the pieces that begin at `starts`, for sorted data."""
    lines = lines_of(x, y, starts.astype(np.int64))
    slopes = np.divide(lines[:, 4], lines[:, 3], out=np.zeros(len(lines)), where=lines[:, 3] > 0)
    cuts = starts[1:]
    knots = x[cuts - 1] + (x[cuts] - x[cuts - 1]) / 2
    knots = np.where(knots < x[cuts], knots, x[cuts - 1])  # neighbouring numbers have no middle
    parts = (torch.from_numpy(part) for part in (knots, slopes, lines[:, 2] - slopes * lines[:, 1]))
    return Segmentation(Pieces(*parts), torch.from_numpy(starts.astype(np.int64)), float(lines[:, 5].sum() / 2))


def whole(name: str, value) -> int:
    """A positive whole number, or a ValueError naming the argument."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < 1:
        raise ValueError(f"{name}: expected a positive whole number, got {value!r}")
    return value.__index__()


def _tables(x, y, pieces, min_size):
    count, min_size = whole("pieces", pieces), whole("min_size", min_size)
    x, y = sorted_data(x, y)
    may_cut = np.ones(x.size + 1, dtype=np.bool_)
    may_cut[1:-1] = x[1:] > x[:-1]
    return x, y, *_best(x, y, may_cut, count, min_size)


def segment(x, y, pieces: int, *, min_size: int = 1) -> Segmentation:
    """The fit of exactly `pieces` straight pieces with the least ½ Σ_n (f(x_n) − y_n)², in O(N² · pieces).

    x, y: (N,), in any order. Points with the same x stay in one piece, else f would have two values there. Each piece
    holds at least `min_size` points. Exact: no other choice of cuts has a smaller loss, up to rounding.
    Raises ValueError for NaN, no data, shapes that differ, or where no such fit exists.
    """
    x, y, best, start = _tables(x, y, pieces, min_size)
    if not np.isfinite(best[-1, -1]):
        raise ValueError(
            f"pieces: expected at most as many as {np.unique(x).size} different x allow with min_size {min_size}, "
            f"got {pieces}"
        )
    starts, end = [], x.size
    for p in range(best.shape[1] - 1, 0, -1):
        end = int(start[end, p])
        starts.append(end)
    return segmentation(x, y, np.array(starts[::-1]))


def segment_losses(x, y, pieces: int, *, min_size: int = 1) -> Tensor:
    """Losses of the best fits of 1, 2, …, `pieces` pieces, from one run of `segment`: shape (pieces,).

    Infinite where so many pieces do not exist. Arguments and errors as for `segment`.
    """
    best = _tables(x, y, pieces, min_size)[2]
    return torch.from_numpy(best[-1, 1:] / 2)
