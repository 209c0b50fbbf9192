"""Claims of the chapter `splines/initialization`: where breakpoints and delta-slopes of random weights lie.

The densities are compared with derivatives of distribution functions that are integrals over w alone.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from scipy.special import kv
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.splines.initialization.checks_problems import GAUSSIAN, UNIFORM, Kind, Scales, density, neurons
from lecturelib.splines.initialization.densities import GaussianWeights, UniformWeights

THEOREM, COROLLARY = "sahs2022: theorem 1", "sahs2022: corollary 1"


def places(generator: Generator) -> tuple[Scales, Tensor]:
    """Scales and β of `neurons`."""
    return neurons(generator)[:2]


def slopes(generator: Generator) -> tuple[Scales, Tensor]:
    """Scales and μ of `neurons`."""
    scales, _, mu = neurons(generator)
    return scales, mu


def of_slopes(kind: Kind, scales: Scales, mu: Tensor) -> Tensor:
    """p(μ)."""
    return density(kind, scales, mu=mu)


def at_a_breakpoint(kind: Kind, scales: Scales, beta: Tensor, mu: Tensor) -> Tensor:
    """p(μ | β), the joint density over that of β."""
    return density(kind, scales, beta, mu) / density(kind, scales, beta)


# Gaussian weights


@claim(
    "thm-init-gaussian",
    source=THEOREM,
    check=equals(partial(density, GAUSSIAN), on=neurons),
    also=(lambda scales, beta, mu: GaussianWeights(*scales).joint(beta, mu),),
    wrong={
        r"the prefactor $1/(2\pi\sigma_v)$ alone": {"power": 0.0},
        r"$\mu^2$ for $\lvert\mu\rvert$ in the exponent": {"slope_power": 2.0},
        r"$\sigma_w$ and $\sigma_b$ exchanged": lambda scales, beta, mu: GaussianWeights(
            scales[1], scales[0], scales[2]
        ).joint(beta, mu),
        r"$\beta$ and $\mu$ independent": lambda scales, beta, mu: (
            density(GAUSSIAN, scales, beta) * density(GAUSSIAN, scales, mu=mu)
        ),
    },
)
def gaussian_joint(scales, beta, mu, *, factor=1 / (2 * math.pi), power=Exponent(1), rate=1.0, slope_power=Exponent(1)):
    w, b, v = scales
    r = torch.sqrt(b**2 + w**2 * beta**2)
    return factor / (v * r**power) * torch.exp(-rate * mu.abs() ** slope_power * r / (w * b * v))


@claim(
    "cor-init-cauchy",
    source=COROLLARY,
    check=equals(partial(density, GAUSSIAN), on=places),
    also=(lambda scales, beta: GaussianWeights(*scales).breakpoint(beta),),
    wrong={
        r"$1 / (2\pi)$ for $1 / \pi$": {"factor": 1 / (2 * math.pi)},
        r"the denominator $(\sigma_b + \sigma_w \lvert\beta\rvert)^2$": {"mixed": 2.0},
        r"scale $\sigma_w / \sigma_b$": lambda scales, beta: GaussianWeights(scales[1], scales[0], 1.0).breakpoint(
            beta
        ),
    },
)
def cauchy(scales, beta, *, factor=1 / math.pi, power=Exponent(2), mixed=0.0):
    w, b, _ = scales
    return factor * w * b / (b**2 + mixed * w * b * beta.abs() + w**2 * beta.abs() ** power)


@claim(
    "cor-init-laplace",
    source=COROLLARY,
    check=equals(partial(at_a_breakpoint, GAUSSIAN), on=neurons),
    also=(lambda scales, beta, mu: GaussianWeights(*scales).conditional(beta, mu),),
    wrong={
        "without the square root": {"root": 1.0},
        r"scale $\sigma_w \sigma_v$ for every $\beta$": lambda scales, beta, mu: GaussianWeights(*scales).conditional(
            0.0, mu
        ),
        "a Gaussian with the same mean size": lambda scales, beta, mu: (
            torch.exp(-((mu / GaussianWeights(*scales).scale(beta)).square()) / math.pi)
            / (math.pi * GaussianWeights(*scales).scale(beta))
        ),
    },
)
def laplace(scales, beta, mu, *, scale=1.0, root=Exponent(0.5), factor=0.5):
    w, b, v = scales
    length = scale * w * b * v / (b**2 + w**2 * beta**2) ** root
    return factor * torch.exp(-mu.abs() / length) / length


@claim(
    "cor-init-bessel",
    source="sahs2022: corollary 1; patel: marginal density of delta-slopes",
    check=equals(partial(of_slopes, GAUSSIAN), on=slopes),
    also=(lambda scales, mu: GaussianWeights(*scales).delta_slope(mu),),
    wrong={
        r"the argument $\lvert\mu\rvert / \sqrt{\sigma_w \sigma_v}$, as printed for Meijer's function": {"power": 0.5},
        "another Bessel function": {"order": 1},
        r"Laplace with scale $\sigma_w \sigma_v$": lambda scales, mu: GaussianWeights(*scales).conditional(0.0, mu),
    },
)
def bessel(scales, mu, *, factor=1 / math.pi, order=0, rate=1.0, power=Exponent(1)):
    w, _, v = scales
    return factor / (w * v) * torch.from_numpy(kv(order, (rate * mu.abs() / (w * v) ** power).numpy()))


# Uniform weights


def largest(w: float, b: float, beta: Tensor) -> Tensor:
    """m(β) = min(a_w, a_b/|β|)."""
    return torch.minimum(torch.tensor(w, dtype=beta.dtype), b / beta.abs())


@claim(
    "thm-init-uniform",
    source=THEOREM,
    check=equals(partial(density, UNIFORM), on=neurons),
    also=(lambda scales, beta, mu: UniformWeights(*scales).joint(beta, mu),),
    wrong={
        "8 for 4: one sign of $w$ alone": {"factor": 1 / 8},
        r"$m(\beta) = a_w$ for every $\beta$": lambda scales, beta, mu: UniformWeights(*scales).joint(0.0, mu),
        r"$m(\beta) = \min(a_w, a_b \lvert\beta\rvert)$": lambda scales, beta, mu: UniformWeights(*scales).joint(
            1 / beta.abs().clamp(min=1e-9), mu
        ),
        r"$\beta$ and $\mu$ independent": lambda scales, beta, mu: (
            density(UNIFORM, scales, beta) * density(UNIFORM, scales, mu=mu)
        ),
    },
)
def uniform_joint(scales, beta, mu, *, factor=1 / 4, slope=1.0, power=Exponent(1)):
    w, b, v = scales
    return factor * torch.relu(largest(w, b, beta) ** power - slope * mu.abs() / v) / (w * b * v)


@claim(
    "cor-init-plateau",
    source=COROLLARY,
    check=equals(partial(density, UNIFORM), on=places),
    also=(lambda scales, beta: UniformWeights(*scales).breakpoint(beta),),
    wrong={
        "2 for 4": {"factor": 1 / 2},
        r"a tail that falls as $\lvert\beta\rvert^{-1}$": {"power": 1.0},
        r"$a_w$ and $a_b$ exchanged": lambda scales, beta: UniformWeights(scales[1], scales[0], 1.0).breakpoint(beta),
    },
)
def plateau(scales, beta, *, factor=1 / 4, power=Exponent(2)):
    w, b, _ = scales
    return factor * largest(w, b, beta) ** power / (w * b)


@claim(
    "cor-init-triangle",
    source=COROLLARY,
    check=equals(partial(at_a_breakpoint, UNIFORM), on=neurons),
    also=(lambda scales, beta, mu: UniformWeights(*scales).conditional(beta, mu),),
    wrong={
        "half the half-width": {"half_width": 0.5},
        r"half-width $a_v a_w$ for every $\beta$": lambda scales, beta, mu: UniformWeights(*scales).conditional(
            0.0, mu
        ),
        "a uniform density": lambda scales, beta, mu: (
            (mu.abs() < scales[2] * largest(*scales[:2], beta)) / (2 * scales[2] * largest(*scales[:2], beta))
        ),
    },
)
def triangle(scales, beta, mu, *, half_width=1.0, tip=0.0):
    w, b, v = scales
    end = half_width * v * largest(w, b, beta)
    return torch.relu(1 - (mu / end - tip).abs()) / end


@claim(
    "cor-init-logarithm",
    source=COROLLARY,
    check=equals(partial(of_slopes, UNIFORM), on=slopes),
    also=(lambda scales, mu: UniformWeights(*scales).delta_slope(mu),),
    wrong={
        "half the range": {"end": 0.5},
        r"$\mu > 0$ alone": {"factor": 1.0},
        r"the triangle of $\beta = 0$": lambda scales, mu: UniformWeights(*scales).conditional(0.0, mu),
    },
)
def logarithm(scales, mu, *, factor=1 / 2, end=1.0):
    w, _, v = scales
    return factor * torch.log(end * w * v / mu.abs()).clamp(min=0) / (w * v)
