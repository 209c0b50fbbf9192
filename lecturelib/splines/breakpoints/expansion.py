r"""Networks of infinite width as expansions: the experiment of the chapter `splines/breakpoints`.

A function with second derivative c is an average of hinges, f(x) = f(a) + f′(a)(x − a) + ∫ c(β) (x − β)₊ dβ. A network
whose breakpoints are drawn from a density p and whose slope jumps are c(β) / (H p(β)) is a sample of that average
(Sahs et al. 2022, section 2.1.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Ensemble, Interval, Positive, Real, Seed, Vector, checked
from lecturelib.core.experiments import generator_for
from lecturelib.splines.breakpoints.network import Spline

NODES = 80  # of the quadrature; exact to rounding for curvatures that polynomials of degree 159 approximate


class Target(NamedTuple):
    """A smooth function with its derivatives, as Taylor's formula asks; each maps tensors to tensors of their shape."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    curvature: Callable[[Tensor], Tensor]


@checked
def sine(omega: Real) -> Target:
    """sin ω x, its derivative and its second derivative.

    >>> sine(2.0).slope(torch.zeros(1)).item()
    2.0
    """
    slope, curvature = lambda x: omega * torch.cos(omega * x), lambda x: -(omega**2) * torch.sin(omega * x)
    return Target(lambda x: torch.sin(omega * x), slope, curvature)


@checked
def sample(
    target: Target, interval: Interval, *, width: Count, ensemble: Ensemble = (), generator: torch.Generator
) -> Spline:
    """Random networks whose mean on the interval [low, high] is the target f: shape (..., H + 1) for H = `width`.

    H breakpoints are drawn uniformly, with density p = 1 / (high − low), and get the slope jumps f″(β) / (H p(β))
    (Sahs et al. 2022, section 2.1.1). One more neuron at `low` carries the slope f′(low), and b₀ is f(low).

    >>> sample(sine(2.0), (0, 5), width=100, ensemble=6, generator=torch.Generator().manual_seed(0))([0.0]).shape
    torch.Size([6, 1])
    """
    low, high = interval
    beta = low + (high - low) * torch.rand((*ensemble, width), generator=generator, dtype=torch.float64)
    start = torch.full((*ensemble, 1), low, dtype=torch.float64)
    breakpoints = torch.cat([start, beta], dim=-1)
    delta_slopes = torch.cat([target.slope(start), target.curvature(beta) * (high - low) / width], dim=-1)
    return Spline(breakpoints, delta_slopes, torch.ones_like(breakpoints), target.value(start)[..., 0])


@checked
def spread(curvature: Callable, interval: Interval, *, width: Count, x: Annotated[Vector, "N"]) -> Tensor:
    """Standard deviation at x of the networks that `sample` draws with H = width: shape (N,).

    The H hinges are independent, so Var f(x) = (1/H) [(high − low) ∫ (f″(β) (x − β)₊)² dβ − (∫ f″(β) (x − β)₊ dβ)²].
    The integrals are exact to rounding for smooth curvatures. Raises ValueError where x leaves the interval.

    >>> spread(lambda b: 1 + 0 * b, (0, 1), width=3, x=[1.0]).square().item()  # (1/3 − 1/4) / 3, rounded
    0.027777777777777...
    """
    low, high = interval
    if not bool(((x >= low) & (x <= high)).all()):
        raise ValueError(f"x: expected numbers in [{low:g}, {high:g}]")
    nodes, weights = (torch.from_numpy(part).to(x) for part in np.polynomial.legendre.leggauss(NODES))
    half = (x[:, None] - low) / 2  # (N, 1); hinges to the right of x do not reach it
    beta = low + half * (1 + nodes)  # (N, NODES)
    hinges = curvature(beta) * (x[:, None] - beta)
    mean, square = ((half * weights * power).sum(-1) for power in (hinges, hinges**2))
    return torch.sqrt(((high - low) * square - mean**2).clamp(min=0) / width)


@checked
def sampling_error(*, seed: Seed, width: Count, interval: Interval = (0.0, 5.0), omega: Real = 2.0) -> dict[str, float]:
    """Experiment: one random network for sin ω x on an interval; its error, measured and predicted.

    measured: root of the mean over x of (f_H − f)²; predicted: root of the mean over x of its variance, from `spread`.

    >>> sorted(sampling_error(seed=0, width=100))
    ['measured', 'predicted']
    """
    target, x = sine(omega), torch.linspace(*interval, 201, dtype=torch.float64)
    network = sample(target, interval, width=width, generator=generator_for(seed, "expansion", width))
    predicted = spread(target.curvature, interval, width=width, x=x)
    errors = {"measured": network(x) - target.value(x), "predicted": predicted}
    return {name: float(error.square().mean().sqrt()) for name, error in errors.items()}


@checked
def curvature_density(x: Array, *, weight_scale: Positive, bias_scale: Positive, output_scale: Positive) -> Tensor:
    """How much squared slope jump H^{-1/2} Σ v_i (w_i x + b_i)₊ has per unit length at x: of the shape of x.

    For independent Gaussian w, b, v of these standard deviations, Var(f′(q) − f′(p)) = ∫_p^q ρ(x) dx at every width,
    with ρ(x) = 2 σ_v² σ_w³ σ_b³ / (π (σ_b² + σ_w² x²)²).

    >>> curvature_density(0.0, weight_scale=1, bias_scale=1, output_scale=1).item() * torch.pi
    2.0
    """
    square = bias_scale**2 + weight_scale**2 * x**2
    return 2 * output_scale**2 * (weight_scale * bias_scale) ** 3 / (torch.pi * square**2)
