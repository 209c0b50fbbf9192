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
    bias then. Points that have a double are left out. Raises ValueError where fewer than three points are left.

    >>> line = torch.arange(5.0) ** 2
    >>> intrinsic_dimension(torch.stack([line, line], dim=1)).item()  # 4 / (ln 4 + ln 3 + ln 4/3 + ln 7/5 + ln 12/7)
    1.096...
    """
    if x.shape[-2] < 3:
        raise ValueError(f"x: expected at least three points, got {x.shape[-2]}")
    distances = torch.cdist(x, x)
    distances = distances + torch.diag(torch.full((x.shape[-2],), torch.inf, dtype=x.dtype, device=x.device))
    first, second = distances.topk(2, largest=False).values.unbind(-1)
    single = first > 0
    if not bool((single.sum(-1) >= 3).all()):
        raise ValueError("x: expected at least three points that have no double")
    logs = torch.where(single, (second / torch.where(single, first, 1.0)).log(), 0.0)
    if not bool((logs.sum(-1) > 0).all()):
        raise ValueError("x: expected points whose two nearest neighbours are not all at one distance")
    return (single.sum(-1) - 1) / logs.sum(-1)
