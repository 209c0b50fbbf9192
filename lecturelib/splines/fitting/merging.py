r"""A fast fit of straight pieces by greedy merging, after Acharya, Diakonikolas, Li and Schmidt (2016).

Begin with one piece for each point. Again and again pair up neighbours and fit a line to each pair. The pairs with the
largest errors are left apart, all others become one piece. A round halves what is not left apart, so that all rounds
together take O(N + P log N) fits for P pieces in the end.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from lecturelib.core.arguments import checked
from lecturelib.core.kinds import Number
from lecturelib.splines.fitting.segmentation import Data, Segmentation, segmentation, sorted_data

Budget = Annotated[int, Number("an integer, at least 3", least=3, whole=True)]


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
