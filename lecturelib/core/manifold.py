"""The dimension of the set on which data lie, from distances to two neighbours (Facco et al. 2017)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, checked


@checked
def intrinsic_dimension(x: Annotated[Array, "... N d"]) -> Tensor:
    """Estimated dimension of the set on which points x (..., N, d) lie: shape (...).

    If points are even near each other, the ratio of the distances to the second and to the first neighbour has
    distribution 1 − ratio^{−d}; this is the estimate of greatest likelihood, (N − 1) / Σ ln ratio, which is free of
    bias then. A point that occurs several times counts once. Raises ValueError where fewer than three are left.

    >>> line = torch.arange(5.0) ** 2
    >>> intrinsic_dimension(torch.stack([line, line], dim=1)).item()  # 4 / (ln 4 + ln 3 + ln 4/3 + ln 7/5 + ln 12/7)
    1.096...
    """
    members = x.reshape(-1, *x.shape[-2:])
    return torch.stack([_estimate(torch.unique(one, dim=0)) for one in members]).reshape(x.shape[:-2])


def _estimate(x: Tensor) -> Tensor:
    """That of different points (N, d)."""
    if len(x) < 3:
        raise ValueError(f"x: expected at least three different points, got {len(x)}")
    # without the shortcut by products of matrices, which takes near points for one, and one for near ones
    distances = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(torch.inf)
    first, second = distances.topk(2, largest=False).values.unbind(-1)
    total = (second / first).log().sum()
    if not bool(total > 0):
        raise ValueError("x: expected points whose two nearest neighbours are not all at one distance")
    return (len(x) - 1) / total
