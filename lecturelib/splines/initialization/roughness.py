r"""How flat a random network starts: the last part but one of the chapter `splines/initialization`.

Flatness can be measured by the delta-slopes in three ways: Σ μ_i² (the roughness of Sahs et al. 2022), Σ |μ_i| (the
total variation of the slope), and max |μ_i| (the sharpest bend). For random weights they behave differently with width.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, positive
from lecturelib.core.experiments import generator_for
from lecturelib.splines.breakpoints.network import Network, Spline
from lecturelib.splines.initialization.densities import GaussianWeights, Weights, weights_of
from lecturelib.splines.initialization.starts import initialize


def roughness(function: Network | Spline) -> Tensor:
    """Σ_i μ_i²: shape (...). Sahs et al. 2022, before theorem 2."""
    return _delta_slopes(function).square().sum(-1)


def total_bend(function: Network | Spline) -> Tensor:
    """Σ_i |μ_i|, the total variation of the slope where no two breakpoints coincide: shape (...)."""
    return _delta_slopes(function).abs().sum(-1)


def sharpest_bend(function: Network | Spline) -> Tensor:
    """max_i |μ_i|: shape (...)."""
    return _delta_slopes(function).abs().amax(-1)


def _delta_slopes(function: Network | Spline) -> Tensor:
    return function.w * function.v if isinstance(function, Network) else function.delta_slopes


class Moments(NamedTuple):
    """Mean and variance."""

    mean: float
    variance: float


def roughness_moments(weights: Weights, width: int) -> Moments:
    """Mean H E μ² and variance H (E μ⁴ − (E μ²)²) of the roughness of a network of `width` independent neurons.

    He: 4 and 128/H. Glorot: 4H/(H + 1)² and 128H/(H + 1)⁴. PyTorch: 1/9 and 56/(2025 H).
    """
    square = weights.second_moment
    return Moments(width * square, width * (weights.fourth_moment - square**2))


def tail_bound(distance, variance) -> Tensor:
    """Cantelli's bound on P(X − E X ≥ distance), variance / (variance + distance²), for positive distances.

    No better bound is possible from mean and variance alone. Raises ValueError for numbers that are not positive.
    """
    distance, variance = positive("distance", distance), positive("variance", variance)
    return variance / (variance + distance**2)


def sharpest_bend_mean(weights: Weights, width: int) -> float:
    """E max_i |μ_i| = ∫₀^∞ (1 − P(|μ| ≤ t)^H) dt, by the trapezoidal rule in ln t."""
    size = weights.w * weights.v
    t = size * torch.exp(torch.linspace(-16.0, 5.0, 4001, dtype=torch.float64))
    above = 1 - (2 * weights.delta_slope_cdf(t) - 1) ** width
    return float(t[0] + torch.trapezoid(above, t))


def value_variance(weights: Weights, width: int, x) -> Tensor:
    """Var f(x) over the draw of a network of `width` neurons, b₀ left out: shape of x.

    H E v² E (w x + b)₊², and E (w x + b)₊² is half of E w² x² + E b², since (w, b) and (−w, −b) are equally likely.
    """
    x = as_tensor("x", x)
    ratio = 1.0 if isinstance(weights, GaussianWeights) else 1 / 3  # a uniform number on [−a, a] has variance a²/3
    return width * ratio**2 * weights.v**2 * (weights.w**2 * x**2 + weights.b**2) / 2


def flatness(*, seed: int, scheme: str, width: int, networks: int = 200) -> dict[str, float]:
    """Experiment: the three measures of flatness of random networks, averaged, beside their predictions."""
    generator = generator_for(seed, "flatness", scheme, width)
    drawn = initialize(width, scheme, generator=generator, ensemble=(networks,))
    weights = weights_of(scheme, width)
    mean, variance = roughness_moments(weights, width)
    rough = roughness(drawn)
    return {
        "roughness": float(rough.mean()),
        "roughness_deviation": float(rough.std()),
        "total": float(total_bend(drawn).mean()),
        "sharpest": float(sharpest_bend(drawn).mean()),
        "roughness_predicted": mean,
        "roughness_deviation_predicted": variance**0.5,
        "total_predicted": width * weights.mean_size,
        "sharpest_predicted": sharpest_bend_mean(weights, width),
    }


def roughness_tail(*, seed: int, scheme: str, width: int, distances: list[float], networks: int = 20_000) -> dict:
    """Experiment: how often the roughness exceeds its mean by so many standard deviations, beside Cantelli's bound."""
    generator = generator_for(seed, "tail", scheme, width)
    mean, variance = roughness_moments(weights_of(scheme, width), width)
    excess = roughness(initialize(width, scheme, generator=generator, ensemble=(networks,))) - mean
    steps = variance**0.5 * as_tensor("distances", distances)
    return {
        "frequency": [float((excess >= step).double().mean()) for step in steps],
        "bound": tail_bound(steps, variance).tolist(),
    }
