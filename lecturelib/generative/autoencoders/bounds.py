r"""The bound on a log-likelihood: its parts, an estimate by sampling, and the exact gap of Gaussian families.

For every density q, ln p(x) = E_q[ln p(x, z) − ln q(z)] + KL(q ‖ p(z | x)). The first term is the bound (evidence lower
bound, ELBO), the second its gap (Kingma and Welling 2014; Blei, Kucukelbir and McAuliffe 2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, NamedTuple

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, PositiveArray, Square, Vector, checked


@checked
def gaussian_kl(mean: Annotated[Array, "... k"], variance: Annotated[PositiveArray, "... k"]) -> Tensor:
    """KL of N(mean, diag variance) from N(0, I), ½ Σ (μ² + σ² − 1 − ln σ²): both (..., k) → (...).

    >>> gaussian_kl([[0.0, 0.0], [2.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]).tolist()
    [0.0, 2.0]
    """
    return 0.5 * (mean.square() + variance - 1 - variance.log()).sum(-1)


@checked
def elbo(
    log_joint: Callable[[Tensor], Tensor], mean: Annotated[Vector, "k"], factor: Annotated[Square, "k k"], *,
    draws: Count, generator: Generator,
) -> Tensor:  # fmt: skip
    """An estimate of E_q[ln p(x, z) − ln q(z)] for q = N(mean, F Fᵀ), one number, by draws z = mean + F ε.

    log_joint: z (S, k) ↦ ln p(x, z) (S,). mean: (k,); factor: F (k, k), such as a Cholesky factor, or a diagonal. It
    can be differentiated with respect to both: this is the reparametrized estimate. The entropy of q is exact,
    ½ k ln 2πe + ln |det F|. Raises ValueError where F has no inverse or the function another shape.

    >>> prior = lambda z: -0.5 * z.square().sum(-1) - 0.9189385  # no x at all: ln p(z)
    >>> float(elbo(prior, [0.0], [[1.0]], draws=100_000, generator=torch.Generator().manual_seed(0)).round(decimals=2))
    -0.0
    """
    noise = torch.randn(draws, len(mean), generator=generator, dtype=mean.dtype, device=generator.device)
    spread = torch.linalg.slogdet(factor).logabsdet
    if not math.isfinite(spread.item()):
        raise ValueError("factor: expected a matrix that has an inverse")
    found = log_joint(mean + noise.to(mean.device) @ factor.mT)
    if not isinstance(found, Tensor) or found.shape != (draws,):
        raise ValueError(f"log_joint: expected one that gives shape ({draws},) for z of shape ({draws}, {len(mean)})")
    return found.mean() + 0.5 * len(mean) * math.log(2 * math.pi * math.e) + spread


class FamilyGaps(NamedTuple):
    """What is left of the gap at the best member of three families of Gaussians, each (...)."""

    isotropic: Tensor
    diagonal: Tensor
    full: Tensor


@checked
def gaussian_gaps(precision: Annotated[Array, "... k k"]) -> FamilyGaps:
    """Least KL from a Gaussian posterior with inverse covariance Λ (..., k, k): of q = N(m, v I), diagonal, full.

    ½ (k ln(tr Λ / k) − ln det Λ), ½ (Σ ln Λ_jj − ln det Λ), 0, attained at v = k / tr Λ and at v_j = 1 / Λ_jj. Raises
    ValueError where Λ is not symmetric and positive definite.

    >>> [round(float(gap), 3) for gap in gaussian_gaps([[1.0, 0.6], [0.6, 1.0]])]
    [0.223, 0.223, 0.0]
    """
    diagonal = precision.diagonal(dim1=-2, dim2=-1)
    factor, bad = torch.linalg.cholesky_ex(precision)
    if bool(bad.any()) or not torch.allclose(precision, precision.mT):
        raise ValueError("precision: expected symmetric positive definite matrices")
    whole, size = 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1), precision.shape[-1]
    isotropic = size * diagonal.mean(-1).log() - whole
    each = diagonal.log().sum(-1) - whole
    return FamilyGaps(0.5 * isotropic.clamp(min=0), 0.5 * each.clamp(min=0), torch.zeros_like(whole))
