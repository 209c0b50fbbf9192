r"""How flat a random network starts: the last part but one of the chapter `splines/initialization`.

Flatness can be measured by the delta-slopes in three ways: Σ μ_i² (the roughness of Sahs et al. 2022), Σ |μ_i| (the
total variation of the slope), and max |μ_i| (the sharpest bend). For random weights they behave differently with width.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import Count, Ensemble, PositiveArray, Reals, Seed, checked
from lecturelib.core.experiments import generator_for
from lecturelib.splines.breakpoints.network import Network, Spline
from lecturelib.splines.initialization.densities import Independent, RandomWeights, weight_law
from lecturelib.splines.initialization.starts import initialize


@checked
def roughness(function: Network | Spline) -> Tensor:
    """Σ_i μ_i²: shape (...). Sahs et al. 2022, before theorem 2.

    >>> roughness(Network([1.0, -2.0], [0.0, 1.0], [3.0, 2.0], 0.0))
    tensor(25., dtype=torch.float64)
    """
    return _delta_slopes(function).square().sum(-1)


@checked
def total_bend(function: Network | Spline) -> Tensor:
    """Σ_i |μ_i|, the total variation of the slope where no two breakpoints coincide: shape (...).

    >>> total_bend(Network([1.0, -2.0], [0.0, 1.0], [3.0, 2.0], 0.0))
    tensor(7., dtype=torch.float64)
    """
    return _delta_slopes(function).abs().sum(-1)


@checked
def sharpest_bend(function: Annotated[Network | Spline, "... H"]) -> Tensor:
    """max_i |μ_i|: shape (...).

    >>> sharpest_bend(Network([1.0, -2.0], [0.0, 1.0], [3.0, 2.0], 0.0))
    tensor(4., dtype=torch.float64)
    """
    return _delta_slopes(function).abs().amax(-1)


def _delta_slopes(function: Network | Spline) -> Tensor:
    return function.w * function.v if isinstance(function, Network) else function.delta_slopes


class RoughnessMoments(NamedTuple):
    """Mean and variance of the roughness."""

    mean: float
    variance: float


@checked
def roughness_moments(law: RandomWeights, width: Count) -> RoughnessMoments:
    """Mean H E μ² and variance H (E μ⁴ − (E μ²)²) of the roughness of a network of `width` independent neurons.

    He: 4 and 128/H. Glorot: 4H/(H + 1)² and 128H/(H + 1)⁴. PyTorch: 1/9 and 56/(2025 H).

    >>> mean, variance = roughness_moments(GaussianWeights(1.0, 1.0, 1.0), 3)
    >>> round(mean, 9), round(variance, 9)
    (3.0, 24.0)
    """
    return RoughnessMoments(width * law.moment(2), width * (law.moment(4) - law.moment(2) ** 2))


@checked
def tail_bound(distance: Annotated[PositiveArray, "*"], variance: Annotated[PositiveArray, "*"]) -> Tensor:
    """Cantelli's bound on P(X − E X ≥ distance), variance / (variance + distance²): shapes broadcast.

    No better bound is possible from mean and variance alone. Sahs et al. 2022, theorem 2.

    >>> tail_bound([1.0, 2.0], 4.0)
    tensor([0.8000, 0.5000], dtype=torch.float64)
    """
    return variance / (variance + distance**2)


@checked
def sharpest_bend_mean(law: RandomWeights, width: Count) -> float:
    """E max_i |μ_i| = ∫₀^∞ (1 − P(|μ| ≤ t)^H) dt, by the trapezoidal rule in ln t.

    >>> round(sharpest_bend_mean(UniformWeights(1.0, 1.0, 1.0), 2), 6)  # 10/27
    0.37037
    """
    t = law.w * law.v * torch.exp(torch.linspace(-20.0, 5.0, 4001, dtype=torch.float64))
    return float(t[0] + torch.trapezoid((1 - (2 * law.delta_slope_cdf(t) - 1) ** width) * t, torch.log(t)))


@checked
def flatness(*, seed: Seed, scheme: Independent, width: Count, ensemble: Ensemble = 200) -> dict[str, float]:
    """Experiment: the three measures of flatness of random networks, averaged, beside their predictions.

    >>> found = flatness(seed=0, scheme="he", width=10)
    >>> round(found["total"], 1), round(found["total_predicted"], 1)
    (4.3, 4.0)
    """
    generator = generator_for(seed, "flatness", scheme, width)
    drawn, law = initialize(width, scheme, generator=generator, ensemble=ensemble), weight_law(width, scheme)
    measures = {"roughness": roughness, "total": total_bend, "sharpest": sharpest_bend}
    predicted = (roughness_moments(law, width).mean, width * law.moment(1), sharpest_bend_mean(law, width))
    found = {name: float(measure(drawn).mean()) for name, measure in measures.items()}
    return found | {f"{name}_predicted": mean for name, mean in zip(measures, predicted, strict=True)}


@checked
def roughness_tail(
    *, seed: Seed, scheme: Independent, width: Count, distances: Reals, ensemble: Ensemble = 20_000
) -> dict[str, Any]:
    """Experiment: how often the roughness exceeds its mean by so many standard deviations, beside Cantelli's bound.

    >>> found = roughness_tail(seed=0, scheme="he", width=10, distances=[1.0, 2.0], ensemble=100)
    >>> [round(bound, 9) for bound in found["bound"]]
    [0.5, 0.2]
    """
    drawn = initialize(width, scheme, generator=generator_for(seed, "tail", scheme, width), ensemble=ensemble)
    mean, variance = roughness_moments(weight_law(width, scheme), width)
    steps, excess = [variance**0.5 * distance for distance in distances], roughness(drawn) - mean
    frequency = [float((excess >= step).double().mean()) for step in steps]
    return {"frequency": frequency, "bound": tail_bound(steps, variance).tolist()}
