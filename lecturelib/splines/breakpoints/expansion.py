r"""Networks of infinite width as expansions: the last part of the chapter `splines/breakpoints`.

A function with second derivative c is an average of hinges, f(x) = f(a) + f′(a)(x − a) + ∫ c(β) (x − β)₊ dβ. A network
whose breakpoints are drawn from a density p and whose slope jumps are c(β) / (H p(β)) is a sample of that average
(Sahs et al. 2022, section 2.1.1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, one_dimensional, positive
from lecturelib.core.experiments import generator_for
from lecturelib.splines.breakpoints.network import Spline

NODES = 80  # of the quadrature; exact to rounding for curvatures that polynomials of degree 159 approximate


def _interval(low: float, high: float) -> float:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"low: expected finite numbers low < high, got low = {low:g}, high = {high:g}")
    return high - low


def from_curvature(
    curvature: Callable[[Tensor], Tensor],
    low: float,
    high: float,
    *,
    value: float,
    slope: float,
    shape: tuple[int, ...],
    generator: torch.Generator,
) -> Spline:
    """A random network whose mean on [low, high] is the function with f″ = curvature, f(low) = value, f′(low) = slope.

    H breakpoints are drawn uniformly from [low, high], density p = 1 / (high − low), and get the slope jumps
    f″(β) / (H p(β)); one more neuron at `low` carries the slope, b₀ the value. `shape` is (..., H), the result has
    shape (..., H + 1). Raises ValueError for an empty interval or shape.
    """
    length = _interval(low, high)
    if not shape or min(shape) < 1:
        raise ValueError(f"shape: expected (..., H) with positive sizes, got {shape}")
    beta = low + length * torch.rand(shape, generator=generator, dtype=torch.float64)
    jumps = curvature(beta) * length / shape[-1]
    first = torch.ones(*shape[:-1], 1, dtype=torch.float64)
    breakpoints = torch.cat([low * first, beta], dim=-1)
    delta_slopes = torch.cat([slope * first, jumps], dim=-1)
    b0 = torch.full(shape[:-1], value, dtype=torch.float64)
    return Spline(breakpoints, delta_slopes, torch.ones_like(breakpoints), b0)


def spread(curvature: Callable[[Tensor], Tensor], low: float, high: float, *, width: int, x) -> Tensor:
    """Standard deviation at x of the networks that `from_curvature` draws with H = width: shape (N,) from (N,).

    The H hinges are independent, so Var f(x) = (1/H) [(high − low) ∫ (f″(β) (x − β)₊)² dβ − (∫ f″(β) (x − β)₊ dβ)²].
    Raises ValueError where x leaves [low, high] or width is not positive.
    """
    length = _interval(low, high)
    x = one_dimensional("x", x)
    if not bool(((x >= low) & (x <= high)).all()):
        raise ValueError(f"x: expected numbers in [{low:g}, {high:g}]")
    if width < 1:
        raise ValueError(f"width: expected a positive number of neurons, got {width}")
    nodes, weights = (torch.from_numpy(part) for part in np.polynomial.legendre.leggauss(NODES))
    half = (x[:, None] - low) / 2  # (N, 1); hinges to the right of x do not reach it
    beta = low + half * (1 + nodes)  # (N, NODES)
    hinges = curvature(beta) * (x[:, None] - beta)
    mean = (half * weights * hinges).sum(-1)
    square = (half * weights * hinges**2).sum(-1)
    return torch.sqrt((length * square - mean**2).clamp(min=0) / width)


class Target(NamedTuple):
    """A smooth function with what Taylor's formula asks of it; each is callable on tensors."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    curvature: Callable[[Tensor], Tensor]


def sine(omega: float) -> Target:
    """sin ω x, its derivative and its second derivative."""
    return Target(
        value=lambda x: torch.sin(omega * x),
        slope=lambda x: omega * torch.cos(omega * x),
        curvature=lambda x: -(omega**2) * torch.sin(omega * x),
    )


def sample(target: Target, low: float, high: float, *, shape: tuple[int, ...], generator: torch.Generator) -> Spline:
    """`from_curvature` with value and slope of the target at `low`: shape (..., H + 1) from shape (..., H)."""
    start = torch.tensor(low, dtype=torch.float64)
    value, slope = float(target.value(start)), float(target.slope(start))
    return from_curvature(target.curvature, low, high, value=value, slope=slope, shape=shape, generator=generator)


def sampling_error(
    *, seed: int, width: int, low: float = 0.0, high: float = 5.0, omega: float = 2.0
) -> dict[str, float]:
    """Experiment: one random network for sin ω x on [low, high]; its error, measured and predicted.

    measured: root of the mean over x of (f_H − f)²; predicted: root of the mean over x of its variance, from `spread`.
    """
    target = sine(omega)
    network = sample(target, low, high, shape=(width,), generator=generator_for(seed, "expansion", width))
    x = torch.linspace(low, high, 201, dtype=torch.float64)
    measured = (network(x) - target.value(x)).square().mean().sqrt()
    predicted = spread(target.curvature, low, high, width=width, x=x).square().mean().sqrt()
    return {"measured": float(measured), "predicted": float(predicted)}


def curvature_density(x, *, w_scale: float, b_scale: float, v_scale: float) -> Tensor:
    """How much squared slope jump H^{-1/2} Σ v_i (w_i x + b_i)₊ has per unit length at x: same shape as x.

    For independent Gaussian w, b, v of these standard deviations, Var(f′(q) − f′(p)) = ∫_p^q ρ(x) dx at every width,
    with ρ(x) = 2 σ_v² σ_w³ σ_b³ / (π (σ_b² + σ_w² x²)²). Raises ValueError where a scale is not positive.
    """
    x = as_tensor("x", x)
    names = {"w_scale": w_scale, "b_scale": b_scale, "v_scale": v_scale}
    w, b, v = (float(positive(name, scale)) for name, scale in names.items())
    return 2 * v**2 * w**3 * b**3 / (torch.pi * (b**2 + w**2 * x**2) ** 2)
