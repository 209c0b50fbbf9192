r"""A fast fit of straight pieces by greedy merging, after Acharya, Diakonikolas, Li and Schmidt (2016).

Begin with one piece for each point. Again and again pair up neighbours and fit a line to each pair. The pairs with the
largest errors are left apart, all others become one piece. A round halves what is not left apart, so that all rounds
together take O(N + P log N) fits for P pieces in the end.
"""

from __future__ import annotations

import numpy as np

from lecturelib.splines.fitting.segmentation import Segmentation, segmentation, sorted_data, whole


def greedy_merge(x, y, pieces: int) -> Segmentation:
    """A fit of at most `pieces` straight pieces, not the best one but a good one, in near linear time.

    With m = ⌊(pieces − 1) / 2⌋ pairs left apart in each round, its loss is at most m / (m − k + 1) times the
    loss of the best fit of k pieces, for every k ≤ m (the paper's algorithm with its noise level s² set to 0). Points
    with the same x stay in one piece. Raises ValueError for NaN, no data, shapes that differ, or pieces below 3.
    """
    if whole("pieces", pieces) < 3:
        raise ValueError(f"pieces: expected at least 3, got {pieces}")
    x, y = sorted_data(x, y)
    starts, factors = single_points(x, y)
    apart = (pieces - 1) // 2
    while starts.size // 2 > apart:
        joined = pair_up(factors)
        errors = np.abs(joined[:, 2, 2])
        merge = np.ones(errors.size, dtype=bool)
        merge[np.argsort(errors, kind="stable")[errors.size - apart :]] = False
        starts, factors = join(starts, factors, joined, merge)
    return segmentation(x, y, starts)


def single_points(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One piece for each different x: where it starts, shape (G,), and its factor, shape (G, 3, 3).

    The factor R of a piece has RᵀR = Σ z zᵀ for z = (1, x, y) over its points, here in coordinates centred at the mean.
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


def pair_up(factors: np.ndarray) -> np.ndarray:
    """Factors of the pairs of neighbours, without an odd piece at the end: shape (G // 2, 3, 3).

    Stacking two factors and triangulating again gives the factor of the pair. Its last diagonal entry, squared, is
    the sum of squared residuals of the best line.
    """
    pairs = len(factors) // 2
    return np.linalg.qr(factors[: 2 * pairs].reshape(pairs, 6, 3), mode="r")


def join(starts, factors, joined, merge) -> tuple[np.ndarray, np.ndarray]:
    """Starts and factors after the pairs in the mask `merge` (G // 2,) have become one piece each."""
    keep = np.ones(starts.size, dtype=bool)
    keep[1 : 2 * merge.size : 2] = ~merge
    factors = factors.copy()
    factors[0 : 2 * merge.size : 2][merge] = joined[merge]
    return starts[keep], factors[keep]
