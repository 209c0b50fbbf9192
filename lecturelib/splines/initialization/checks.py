"""Claims of the chapter `splines/initialization`: where breakpoints and delta-slopes of random weights lie.

The densities are compared with derivatives of distribution functions that are integrals over w alone.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from scipy.special import kv

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.splines.initialization.checks_problems import GAUSSIAN, UNIFORM, Kind, density, largest, neurons
from lecturelib.splines.initialization.densities import GaussianWeights, UniformWeights

THEOREM, COROLLARY = "sahs2022: theorem 1", "sahs2022: corollary 1"


def library(kind: Kind, name: str):
    """The library's function of this name, of weights of this kind."""
    law = GaussianWeights if kind is GAUSSIAN else UniformWeights
    return lambda scales, *at: getattr(law(*scales), name)(*at)


def is_density(kind: Kind, name: str) -> dict[str, Any]:
    """The check of p(β, μ), p(μ | β), p(β) or p(μ), and the library's function that passes it as well."""
    truth, which = {
        "joint": (lambda s, beta, mu: density(kind, s, beta, mu), slice(None)),
        "conditional": (lambda s, beta, mu: density(kind, s, beta, mu) / density(kind, s, beta), slice(None)),
        "breakpoint": (lambda s, beta: density(kind, s, beta), slice(2)),
        "delta_slope": (lambda s, mu: density(kind, s, mu=mu), slice(None, None, 2)),
    }[name]
    return {"check": equals(truth, on=lambda generator: neurons(generator)[which]), "also": (library(kind, name),)}


@claim(
    "thm-init-gaussian",
    source=THEOREM,
    **is_density(GAUSSIAN, "joint"),
    wrong={
        r"the prefactor $1/(2\pi\sigma_v)$ alone": {"power": 0.0},
        r"$\mu^2$ for $\lvert\mu\rvert$ in the exponent": {"slope_power": 2.0},
        r"$\beta$ and $\mu$ independent": lambda s, beta, mu: density(GAUSSIAN, s, beta) * density(GAUSSIAN, s, mu=mu),
    },
)
def gaussian_joint(s, beta, mu, *, factor=1 / (2 * math.pi), power=Exponent(1), rate=1.0, slope_power=Exponent(1)):
    w, b, v = s
    r = torch.sqrt(b**2 + w**2 * beta**2)
    return factor / (v * r**power) * torch.exp(-rate * mu.abs() ** slope_power * r / (w * b * v))


@claim(
    "cor-init-cauchy",
    source=COROLLARY,
    **is_density(GAUSSIAN, "breakpoint"),
    wrong={
        r"$1 / (2\pi)$ for $1 / \pi$": {"factor": 1 / (2 * math.pi)},
        r"the denominator $(\sigma_b + \sigma_w \lvert\beta\rvert)^2$": {"mixed": 2.0},
    },
)
def cauchy(s, beta, *, factor=1 / math.pi, power=Exponent(2), mixed=0.0):
    w, b, _ = s
    return factor * w * b / (b**2 + mixed * w * b * beta.abs() + w**2 * beta.abs() ** power)


@claim(
    "cor-init-laplace",
    source=COROLLARY,
    **is_density(GAUSSIAN, "conditional"),
    wrong={
        "without the square root": {"root": 1.0},
        r"scale $\sigma_w \sigma_v$ at every $\beta$": lambda s, beta, mu: library(GAUSSIAN, "conditional")(s, 0.0, mu),
    },
)
def laplace(s, beta, mu, *, scale=1.0, root=Exponent(0.5), factor=1 / 2):
    w, b, v = s
    length = scale * w * b * v / (b**2 + w**2 * beta**2) ** root
    return factor * torch.exp(-mu.abs() / length) / length


@claim(
    "cor-init-bessel",
    source="sahs2022: corollary 1; patel: marginal density of delta-slopes",
    **is_density(GAUSSIAN, "delta_slope"),
    wrong={
        r"the argument $\lvert\mu\rvert / \sqrt{\sigma_w \sigma_v}$, as printed for Meijer's function": {"power": 0.5},
        r"Laplace with scale $\sigma_w \sigma_v$": lambda s, mu: library(GAUSSIAN, "conditional")(s, 0.0, mu),
    },
)
def bessel(s, mu, *, factor=1 / math.pi, order=0, rate=1.0, power=Exponent(1)):
    w, _, v = s
    return factor / (w * v) * torch.from_numpy(kv(order, (rate * mu.abs() / (w * v) ** power).numpy()))


@claim(
    "thm-init-uniform",
    source=THEOREM,
    **is_density(UNIFORM, "joint"),
    wrong={
        "8 for 4: one sign of $w$ alone": {"factor": 1 / 8},
        r"$m(\beta) = a_w$ for every $\beta$": lambda s, beta, mu: library(UNIFORM, "joint")(s, 0.0, mu),
        r"$\beta$ and $\mu$ independent": lambda s, beta, mu: density(UNIFORM, s, beta) * density(UNIFORM, s, mu=mu),
    },
)
def uniform_joint(s, beta, mu, *, factor=1 / 4, slope=1.0, power=Exponent(1)):
    w, b, v = s
    return factor * torch.relu(largest(w, b, beta) ** power - slope * mu.abs() / v) / (w * b * v)


@claim(
    "cor-init-plateau",
    source=COROLLARY,
    **is_density(UNIFORM, "breakpoint"),
    wrong={"2 for 4": {"factor": 1 / 2}, r"a tail that falls as $\lvert\beta\rvert^{-1}$": {"power": 1.0}},
)
def plateau(s, beta, *, factor=1 / 4, power=Exponent(2)):
    w, b, _ = s
    return factor * largest(w, b, beta) ** power / (w * b)


@claim(
    "cor-init-triangle",
    source=COROLLARY,
    **is_density(UNIFORM, "conditional"),
    wrong={
        "half the half-width": {"half_width": 0.5},
        r"half-width $a_v a_w$ for every $\beta$": lambda s, beta, mu: library(UNIFORM, "conditional")(s, 0.0, mu),
    },
)
def triangle(s, beta, mu, *, half_width=1.0, tip=0.0):
    w, b, v = s
    end = half_width * v * largest(w, b, beta)
    return torch.relu(1 - (mu / end - tip).abs()) / end


@claim(
    "cor-init-logarithm",
    source=COROLLARY,
    **is_density(UNIFORM, "delta_slope"),
    wrong={
        r"$\mu > 0$ alone": {"factor": 1.0},
        r"the triangle of $\beta = 0$": lambda s, mu: library(UNIFORM, "conditional")(s, 0.0, mu),
    },
)
def logarithm(s, mu, *, factor=1 / 2, end=1.0):
    w, _, v = s
    return factor * torch.log(end * w * v / mu.abs()).clamp(min=0) / (w * v)
