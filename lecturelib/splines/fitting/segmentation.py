r"""The best fit of k straight pieces to data, exactly, by dynamic programming in O(N² k).

The pieces need not meet. The last of them covers the points i, …, j − 1 of the sorted data for some i, and what lies
left of it has to be a best fit of k − 1 pieces: F_k(j) = min_i F_{k−1}(i) + C(i, j) (Bellman 1961; Bai and Perron
2003). The costs C(i, j) of all segments that end at j come from one walk to the left that adds a point at a time to a
line of least squares. Each point adds a non-negative amount to the cost, so nothing is ever subtracted from a larger
number, and a small cost is as accurate as the data are.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from numba import njit
from torch import Tensor

from lecturelib.core.arguments import Count, Counts, NonNegative, Vector, checked
from lecturelib.core.kinds import Number
from lecturelib.core.records import Record
from lecturelib.splines.breakpoints.network import Inputs, Pieces

_compiled = njit(nogil=True, cache=True, error_model="numpy")

Data = Annotated[Vector, "N"]
TINY = 1e-304
"""Squares of distances below it lose digits, and above its inverse their sums overflow."""
Budget = Annotated[int, Number("an integer, at least 3", least=3, whole=True)]


class Segmentation(Record):
    """Straight pieces that need not meet, each the line of least squares of its points.

    pieces: P slopes and intercepts, and P − 1 knots halfway between the points on both sides of a cut; starts: number
    of the first point of each piece in the sorted data, shape (P,); loss: ½ Σ_n (f(x_n) − y_n)².

    >>> fit = segment([3.0, 0.0, 1.0, 2.0], [5.0, 1.0, 1.0, 5.0], pieces=2)
    >>> fit.starts, fit([0.5, 9.0])
    (tensor([0, 2]), tensor([1., 5.], dtype=torch.float64))
    """

    pieces: Pieces
    starts: Annotated[Counts, "P"]
    loss: NonNegative

    @checked
    def __call__(self, x: Inputs) -> Tensor:
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
def _best(x, y, count, min_size):
    """Tables best[j, p], the least Σ residual² of p pieces on the first j points, and where the last piece starts."""
    size = x.size
    best = np.full((size + 1, count + 1), np.inf)
    start = np.zeros((size + 1, count + 1), np.int32)
    best[0, 0] = 0.0
    line = np.empty(6)
    for j in range(1, size + 1):
        if j < size and x[j] == x[j - 1]:
            continue
        line[:] = 0.0
        limit = count
        for i in range(j - 1, -1, -1):
            grow(line, x[i], y[i])
            if (i > 0 and x[i] == x[i - 1]) or j - i < min_size:
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


def sorted_data(x: Tensor, y: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The data sorted by x, in float64: both (N,).

    Raises ValueError where the squares of y have no finite sum, or those of distances between the x overflow or vanish.
    """
    x, order = torch.sort(x.detach().cpu().double(), stable=True)
    y = y.detach().cpu().double()[order]
    if not (y @ y).isfinite():
        raise ValueError(f"y: expected numbers whose squares have a finite sum, found {y.abs().max():g}")
    span = float(x[-1] - x[0])
    if span and not TINY <= span * span <= 1 / TINY:
        raise ValueError(f"x: expected a range between {TINY**0.5:g} and {TINY**-0.5:g}, got {span:g}")
    return x.numpy(), y.numpy()


def segmentation(x: Tensor, y: Tensor, starts: np.ndarray) -> Segmentation:
    """The lines of least squares of the pieces that begin at `starts`, numbers of points in the sorted data."""
    places, values = sorted_data(x, y)
    lines = lines_of(places, values, starts)
    slopes = np.divide(lines[:, 4], lines[:, 3], out=np.zeros(len(lines)), where=lines[:, 3] > 0)
    left, right = (torch.from_numpy(places[starts[1:] - side]).to(x) for side in (1, 0))
    knots = left + (right - left) / 2
    knots = torch.where(knots < right, knots, left)  # neighbouring numbers have no middle
    rest = (torch.from_numpy(part).to(x) for part in (slopes, lines[:, 2] - slopes * lines[:, 1]))
    return Segmentation(Pieces(knots, *rest), torch.from_numpy(starts).to(x.device), float(lines[:, 5].sum() / 2))


def _tables(x: Tensor, y: Tensor, pieces: int, min_size: int) -> tuple[np.ndarray, np.ndarray]:
    places, values = sorted_data(x, y)
    if min_size > places.size:
        raise ValueError(f"min_size: expected at most the {places.size} data points, got {min_size}")
    return _best(places, values, min(pieces, places.size), min_size)


@checked
def segment(x: Data, y: Data, pieces: Count, *, min_size: Count = 1) -> Segmentation:
    """The fit of at most `pieces` straight pieces with the least ½ Σ_n (f(x_n) − y_n)², in O(N² · pieces).

    x, y: (N,), in any order. Points with the same x stay in one piece, else f would have two values there. Each piece
    holds at least `min_size` points. Exact: no other choice of cuts has a smaller loss, up to rounding (Bellman 1961;
    the recursion stands above). Raises ValueError where min_size exceeds N, or the squares of y are too large.

    >>> segment([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 1.0], 2).pieces
    Pieces(knots=[1.5], slopes=[0.0, 0.0], intercepts=[0.0, 1.0])
    """
    best, start = _tables(x, y, pieces, min_size)
    starts, end = [], len(x)
    for p in range(int(best[-1, 1:].argmin()) + 1, 0, -1):
        end = int(start[end, p])
        starts.append(end)
    return segmentation(x, y, np.array(starts[::-1]))


@checked
def segment_losses(x: Data, y: Data, pieces: Count, *, min_size: Count = 1) -> Tensor:
    """Losses D_k of the best fits of at most k = 1, 2, …, `pieces` pieces, from one run of `segment`: shape (pieces,).

    They never grow with k. Arguments and errors as for `segment`.

    >>> segment_losses([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 1.0], 3)
    tensor([0.1000, 0.0000, 0.0000], dtype=torch.float64)
    """
    best, _ = _tables(x, y, pieces, min_size)
    losses = np.minimum.accumulate(best[-1, 1:])[np.minimum(np.arange(pieces), best.shape[1] - 2)]
    return torch.from_numpy(losses / 2).to(x)


# A fast fit by greedy merging, after Acharya, Diakonikolas, Li and Schmidt (2016). Begin with one piece for each point.
# Again and again pair up neighbours and fit a line to each pair. The pairs with the largest errors are left apart, all
# others become one piece. A round halves what is not left apart, so that all rounds take O(N + P log N) fits for P
# pieces in the end.


@checked
def greedy_merge(x: Data, y: Data, pieces: Budget) -> Segmentation:
    """A fit of at most `pieces` straight pieces, not the best one but a good one, in near linear time.

    With m = ⌊(pieces − 1) / 2⌋ pairs left apart in each round, its loss is at most (m + 1) / (m − k + 2) times the
    loss of the best fit of k pieces, for every k ≤ m + 1 (the algorithm of Acharya et al. 2016 with its noise level s²
    set to 0; the factor is proved in the chapter). Points with the same x stay in one piece. Raises ValueError where
    the squares of y are too large.

    >>> greedy_merge([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 1.0, 2.0, 9.0, 9.0, 9.0], pieces=3).starts
    tensor([0, 2, 4])
    """
    places, values = sorted_data(x, y)
    starts, factors = single_points(places, values)
    apart = (pieces - 1) // 2
    while starts.size // 2 > apart:
        # pairs of neighbours, without an odd piece at the end: triangulating two factors gives that of the pair
        pairs = starts.size // 2
        joined = np.asarray(np.linalg.qr(factors[: 2 * pairs].reshape(pairs, 6, 3), mode="r"))
        merge = np.argsort(np.abs(joined[:, 2, 2]), kind="stable")[: pairs - apart]
        factors[2 * merge] = joined[merge]
        starts, factors = (np.delete(part, 2 * merge + 1, axis=0) for part in (starts, factors))
    return segmentation(x, y, starts)


def single_points(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One piece for each different x: where it starts, shape (G,), and its factor, shape (G, 3, 3).

    The factor R of a piece has RᵀR = Σ z zᵀ for z = (1, x, y) over its points, here in coordinates centred at the mean.
    Its last diagonal entry, squared, is the sum of squared residuals of the best line.
    """
    starts = np.concatenate([[0], 1 + np.flatnonzero(x[1:] > x[:-1])])
    counts = np.diff(np.append(starts, x.size))
    means = np.add.reduceat(y, starts) / counts
    scatter = np.add.reduceat((y - np.repeat(means, counts)) ** 2, starts)
    factors = np.zeros((starts.size, 3, 3))
    rows = np.stack([np.ones(starts.size), x[starts] - x.mean(), means - y.mean()], axis=1)
    factors[:, 0] = np.sqrt(counts)[:, None] * rows
    factors[:, 2, 2] = np.sqrt(scatter)
    return starts, factors
