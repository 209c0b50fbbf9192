r"""Two estimates of the gradient of E f(z) with respect to the mean of a Gaussian z, and their variances.

With z = μ + σ ε: ∇f(z) needs the gradient of f (reparametrization, Kingma and Welling 2014), while
(f(z) − c) ε / σ needs values only (the score function estimate, Williams 1992). Both have the mean ∇_μ E f(z).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Positive, Real, Vector, checked


def _draw(mean: Tensor, scale: float, draws: int, generator: Generator) -> tuple[Tensor, Tensor]:
    noise = torch.randn(draws, len(mean), generator=generator, dtype=mean.dtype, device=generator.device)
    noise = noise.to(mean.device)
    return noise, mean.detach() + scale * noise


def _values(function: Callable, z: Tensor) -> Tensor:
    found = function(z)
    if not isinstance(found, Tensor) or found.shape != z.shape[:1]:
        raise ValueError(f"function: expected one that gives shape ({len(z)},) for z of shape {tuple(z.shape)}")
    return found


@checked
def reparametrized_gradients(
    function: Callable[[Tensor], Tensor], mean: Annotated[Vector, "k"], *, scale: Positive, draws: Count,
    generator: Generator,
) -> Tensor:  # fmt: skip
    """∇f(μ + σ ε) for independent ε: an estimate of ∇_μ E f in each row, (draws, k).

    function: z (S, k) ↦ f(z) (S,), which torch can differentiate; mean: (k,). Raises ValueError for other functions.

    >>> square = lambda z: z.square().sum(-1)
    >>> reparametrized_gradients(square, [3.0], scale=1e-9, draws=2, generator=torch.Generator().manual_seed(0))
    tensor([[6.0000],
            [6.0000]], dtype=torch.float64)
    """
    _, z = _draw(mean, scale, draws, generator)
    with torch.enable_grad():
        values = _values(function, z.requires_grad_())
        if not values.requires_grad:
            raise ValueError("function: expected one that torch can differentiate")
        (found,) = torch.autograd.grad(values.sum(), z)
    return found


@checked
def score_gradients(
    function: Callable[[Tensor], Tensor], mean: Annotated[Vector, "k"], *, scale: Positive, draws: Count,
    generator: Generator, baseline: Real = 0.0,
) -> Tensor:  # fmt: skip
    """(f(z) − baseline) ε / σ at z = μ + σ ε: an estimate of ∇_μ E f in each row, (draws, k).

    function: z (S, k) ↦ f(z) (S,), which need not have a gradient; mean: (k,). Raises ValueError for other functions.

    >>> step = lambda z: (z[:, 0] > 0).double()
    >>> found = score_gradients(step, [0.0], scale=1.0, draws=100_000, generator=torch.Generator().manual_seed(0))
    >>> float(found.mean().round(decimals=2))  # the density of z at the step, 0.3989
    0.4
    """
    noise, z = _draw(mean, scale, draws, generator)
    return (_values(function, z) - baseline)[:, None] * noise / scale


class EstimatorVariances(NamedTuple):
    """Variances of the estimates, summed over the entries: by reparametrization, by score without and with the best
    constant subtracted, and that constant."""

    reparametrized: Tensor
    score: Tensor
    score_best: Tensor
    baseline: Tensor


@checked
def quadratic_variances(
    hessian: Annotated[Array, "... k k"], slope: Annotated[Array, "... k"], value: Annotated[Array, "..."], *,
    scale: Positive,
) -> EstimatorVariances:  # fmt: skip
    """Exact variances for f = value + slope·(z − μ) + ½ (z − μ)ᵀ H (z − μ) and z ~ N(μ, σ² I); each (...).

    hessian: H (..., k, k), symmetric; slope: (..., k); value: f(μ), (...). By reparametrization σ² tr H²; by score with
    c subtracted, F = f(μ) − c and b the slope, it is
    k F²/σ² + (k + 2)(|b|² + F tr H) + ¼ σ² (k + 4)(2 tr H² + (tr H)²) − |b|². Raises ValueError where H is not
    symmetric.

    >>> found = quadratic_variances([[2.0]], [6.0], 9.0, scale=1.0)  # z² at μ = 3
    >>> [float(one) for one in found]  # 4, μ⁴ + 14 μ² + 15, and the best constant
    [4.0, 222.0, 78.0, 12.0]
    """
    if not torch.allclose(hessian, hessian.mT):
        raise ValueError("hessian: expected symmetric matrices")
    size = slope.shape[-1]
    trace = hessian.diagonal(dim1=-2, dim2=-1).sum(-1)
    squares, steep = hessian.square().sum((-2, -1)), slope.square().sum(-1)

    def by_score(height: Tensor) -> Tensor:
        wide = 0.25 * scale**2 * (size + 4) * (2 * squares + trace.square())
        return size * height.square() / scale**2 + (size + 2) * (steep + height * trace) + wide - steep

    best = -(scale**2) * (size + 2) * trace / (2 * size)  # f(μ) − c at the least
    return EstimatorVariances(scale**2 * squares, by_score(value), by_score(best), value - best)
