"""Effective degrees of freedom: how much fitted values follow their own targets, in units of one free parameter each.

df = Σ_n ∂ŷ_n/∂y_n: the trace of the smoother for a linear one, and a mean over targets for any other (Stein 1981, Ye
1998, Efron 2004).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Count, Matrix, NonNegativeArray, Positive, Vector, checked


@checked
def ridge_freedom(x: Matrix, ridge: Annotated[NonNegativeArray, "..."]) -> Tensor:
    """Σ_i s_i²/(s_i² + λ) with the singular values of x (N, d): the trace of X (XᵀX + λ I)⁻¹ Xᵀ, for each λ: (...).

    >>> ridge_freedom([[1.0, 0.0], [0.0, 2.0]], [0.0, 1.0, 4.0])
    tensor([2.0000, 1.3000, 0.7000], dtype=torch.float64)
    """
    values = torch.linalg.svdvals(x)
    kept = values > values.max() * max(x.shape) * torch.finfo(x.dtype).eps if values.numel() else values > 0
    squares = values[kept] ** 2
    return (squares / (squares + ridge[..., None])).sum(-1)


@checked
def degrees_of_freedom(
    fit: Callable[[Tensor], Tensor], y: Annotated[Vector, "N"], *, scale: Positive, draws: Count, generator: Generator
) -> Tensor:
    """Estimates of Σ_n ∂ŷ_n/∂y_n, one for each draw, whose mean is the answer: (draws,).

    fit: takes targets (S, N) to fitted values (S, N), each row a training of its own from the same start. It is asked
    for targets y ± scale ξ with random signs ξ, and Σ_n ξ_n (ŷ⁺_n − ŷ⁻_n) / (2 scale) is returned: for a fit that is
    linear in y each has the trace as its mean, whatever the scale (Hutchinson 1990; Ye 1998). Raises ValueError where
    `fit` fails or gives another shape.

    >>> halved = degrees_of_freedom(lambda y: y / 2, [1.0, 2.0, 4.0], scale=0.1, draws=2, generator=torch.Generator())
    >>> [round(value, 9) for value in halved.tolist()]
    [1.5, 1.5]
    """
    signs = 2.0 * torch.randint(0, 2, (draws, len(y)), generator=generator, device=generator.device).to(y) - 1
    try:
        ends = fit(torch.cat([y + scale * signs, y - scale * signs]))
    except (TypeError, RuntimeError, IndexError) as error:
        raise ValueError(f"fit: expected a function of targets of shape (S, {len(y)}), it failed: {error}") from None
    if not isinstance(ends, Tensor) or ends.shape != (2 * draws, len(y)):
        found = tuple(ends.shape) if isinstance(ends, Tensor) else type(ends).__name__
        raise ValueError(f"fit: expected fitted values of shape {(2 * draws, len(y))}, got {found}")
    return (signs * (ends[:draws] - ends[draws:])).sum(-1) / (2 * scale)
