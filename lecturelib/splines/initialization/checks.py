"""Claims of the chapter `splines/initialization`: where breakpoints and delta-slopes of random weights lie."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import iti0k0
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim
from lecturelib.splines.breakpoints.network import to_spline
from lecturelib.splines.initialization.densities import GaussianWeights, UniformWeights, Weights

THEOREM = "Sahs et al. 2022, theorem 1"
COROLLARY = "Sahs et al. 2022, corollary 1"
NEURONS = 50_000
KOLMOGOROV = 0.012  # Kolmogorov's distance of so many samples stays below 1.95 / √n = 0.0087 in 999 cases of 1,000


def _scales(generator: Generator) -> list[float]:
    """Three numbers that are not alike: about 0.5 to 0.7, 1.2 to 1.6, 0.8 to 1."""
    return [low * (1 + 0.3 * float(torch.rand((), generator=generator))) for low in (0.5, 1.2, 0.8)]


def gaussian(generator: Generator) -> GaussianWeights:
    """Gaussian weights with random standard deviations σ_w, σ_b, σ_v."""
    w, b, v = _scales(generator)
    return GaussianWeights(w, b, v)


def uniform(generator: Generator) -> UniformWeights:
    """Uniform weights with random half-widths."""
    w, b, v = _scales(generator)
    return UniformWeights(w, b, v)


def draw(weights: Weights, generator: Generator) -> tuple[Tensor, Tensor]:
    """Breakpoints and delta-slopes of many neurons, from weights drawn as the name says."""
    spline = to_spline(weights.sample((NEURONS,), generator))
    return spline.breakpoints, spline.delta_slopes


# Joint densities: counts in cells


def _counts_in_cells(law):
    """Largest distance of counts in 7 × 6 cells from the integrals of the density, in units of expected deviations."""

    def check(joint, generator: Generator) -> float:
        weights = law(generator)
        beta, mu = draw(weights, generator)
        place = weights.b / weights.w * torch.tensor([-3.0, -1.6, -0.9, -0.3, 0.3, 0.9, 1.6, 3.0], dtype=torch.float64)
        slope = weights.w * weights.v * torch.tensor([-0.9, -0.5, -0.2, 0.0, 0.2, 0.5, 0.9], dtype=torch.float64)
        expected = NEURONS * _in_cells(lambda b, m: joint(weights, b, m), place, slope)
        inside = torch.bucketize(beta, place) * 8 + torch.bucketize(mu, slope)
        found = torch.bincount(inside, minlength=72).reshape(9, 8)[1:8, 1:7]
        return float(((found - expected).abs() / expected.clamp(min=25).sqrt()).max())

    return check


def _in_cells(density, rows: Tensor, columns: Tensor) -> Tensor:
    """Integrals of a density over the cells between `rows` and `columns`, by the midpoint rule."""
    middle = (torch.arange(24, dtype=torch.float64) + 0.5) / 24
    first = rows[:-1, None] + middle * rows.diff()[:, None]  # (7, 24)
    second = columns[:-1, None] + middle * columns.diff()[:, None]  # (6, 24)
    values = density(first[:, None, :, None], second[None, :, None, :])  # (7, 6, 24, 24)
    return values.mean((-1, -2)) * rows.diff()[:, None] * columns.diff()


gaussian_joint = Claim(
    label="thm-init-gaussian",
    statement=r"For Gaussian weights $p(\beta, \mu) = \frac{1}{2\pi \sigma_v r} "
    r"e^{-\lvert\mu\rvert r / (\sigma_w \sigma_b \sigma_v)}$ with $r^2 = \sigma_b^2 + \sigma_w^2 \beta^2$; "
    "counts in 42 cells, in standard deviations.",
    source=THEOREM,
    method="Monte Carlo",
    tolerance=5.0,
    check=_counts_in_cells(gaussian),
    formula=lambda law, beta, mu: law.joint(beta, mu),
    falsifiers={
        r"$\beta$ and $\mu$ independent": lambda law, beta, mu: law.breakpoint(beta) * law.delta_slope(mu),
        r"the prefactor $1/(2\pi\sigma_v)$ alone": lambda law, beta, mu: (
            law.joint(beta, mu) * law.w * law.b * law.v / law.scale(beta)
        ),
        r"$\sigma_w$ and $\sigma_b$ exchanged": lambda law, beta, mu: GaussianWeights(law.b, law.w, law.v).joint(
            beta, mu
        ),
        r"$\mu^2$ for $\lvert\mu\rvert$ in the exponent": lambda law, beta, mu: (
            law.conditional(0.0, beta) * law.breakpoint(beta) * torch.exp(-((mu / law.scale(beta)) ** 2))
        ),
    },
)

uniform_joint = Claim(
    label="thm-init-uniform",
    statement=r"For uniform weights $p(\beta, \mu) = (m(\beta) - \lvert\mu\rvert/a_v)_+ / (4 a_w a_b a_v)$ with "
    r"$m(\beta) = \min(a_w, a_b/\lvert\beta\rvert)$; counts in 42 cells, in standard deviations.",
    source=THEOREM,
    method="Monte Carlo",
    tolerance=5.0,
    check=_counts_in_cells(uniform),
    formula=lambda law, beta, mu: law.joint(beta, mu),
    falsifiers={
        r"$\beta$ and $\mu$ independent": lambda law, beta, mu: law.breakpoint(beta) * law.delta_slope(mu),
        "8 for 4: one sign of $w$ alone": lambda law, beta, mu: law.joint(beta, mu) / 2,
        r"$m(\beta) = a_w$ for every $\beta$": lambda law, beta, mu: (
            torch.relu(law.w - mu.abs() / law.v + 0 * beta) / (4 * law.w * law.b * law.v)
        ),
        r"$m(\beta) = \min(a_w, a_b \lvert\beta\rvert)$": lambda law, beta, mu: law.joint(
            (law.b / law.w) ** 2 / beta, mu
        ),
    },
)


# Marginals and conditionals: Kolmogorov's distance


def _kolmogorov(uniform: Tensor) -> float:
    """Largest distance of the empirical distribution of numbers that should be uniform on [0, 1]."""
    ordered = uniform.sort().values
    steps = torch.arange(1, ordered.numel() + 1, dtype=torch.float64) / ordered.numel()
    return float(torch.maximum((steps - ordered).abs(), (steps - 1 / ordered.numel() - ordered).abs()).max())


def _conditional(law):
    """P(μ' ≤ μ | β) has to be uniform where breakpoints are near the origin, and where they are far; the worse."""

    def check(cdf, generator: Generator) -> float:
        weights = law(generator)
        beta, mu = draw(weights, generator)
        near = (beta * weights.w / weights.b).abs() < 1
        values = cdf(weights, mu, beta)
        parts = (values[near], values[~near])
        # each half has half the samples, so its distance is larger by √2
        return max(_kolmogorov(part) for part in parts) / math.sqrt(2)

    return check


laplace = Claim(
    label="cor-init-laplace",
    statement=r"For Gaussian weights $\mu \mid \beta$ is Laplace with scale "
    r"$\sigma_w \sigma_b \sigma_v / \sqrt{\sigma_b^2 + \sigma_w^2 \beta^2}$.",
    source=COROLLARY,
    method="Monte Carlo",
    tolerance=KOLMOGOROV,
    check=_conditional(gaussian),
    formula=lambda law, mu, beta: law.conditional_cdf(mu, beta),
    falsifiers={
        r"scale $\sigma_w \sigma_v$ for every $\beta$": lambda law, mu, beta: law.conditional_cdf(mu, 0.0),
        "Gaussian of the same variance": lambda law, mu, beta: torch.special.ndtr(
            mu / (math.sqrt(2) * law.scale(beta))
        ),
        "without the square root": lambda law, mu, beta: law.conditional_cdf(
            mu * law.w * law.v / law.scale(beta), beta
        ),
    },
)

triangle = Claim(
    label="cor-init-triangle",
    statement=r"For uniform weights $\mu \mid \beta$ is triangular on $[-a_v m(\beta), a_v m(\beta)]$.",
    source=COROLLARY,
    method="Monte Carlo",
    tolerance=KOLMOGOROV,
    check=_conditional(uniform),
    formula=lambda law, mu, beta: law.conditional_cdf(mu, beta),
    falsifiers={
        r"half-width $a_v a_w$ for every $\beta$": lambda law, mu, beta: law.conditional_cdf(mu, 0.0),
        "a uniform density of the same half-width": lambda law, mu, beta: (
            (1 + mu / (law.v * law.reach(beta))) / 2
        ).clamp(0, 1),
        "half the half-width": lambda law, mu, beta: law.conditional_cdf(2 * mu, beta),
    },
)


def _marginal(law, which: int):
    """Kolmogorov's distance of breakpoints (which = 0) or delta-slopes (1) from a distribution function."""

    def check(cdf, generator: Generator) -> float:
        weights = law(generator)
        return _kolmogorov(cdf(weights, draw(weights, generator)[which]))

    return check


cauchy = Claim(
    label="cor-init-cauchy",
    statement=r"For Gaussian weights $\beta$ is Cauchy with scale $\sigma_b / \sigma_w$.",
    source=COROLLARY,
    method="Monte Carlo",
    tolerance=KOLMOGOROV,
    check=_marginal(gaussian, 0),
    formula=lambda law, beta: law.breakpoint_cdf(beta),
    falsifiers={
        r"scale $\sigma_w / \sigma_b$": lambda law, beta: GaussianWeights(law.b, law.w, law.v).breakpoint_cdf(beta),
        "Gaussian with as many breakpoints inside one scale": lambda law, beta: torch.special.ndtr(
            0.67449 * beta * law.w / law.b
        ),
        "scale 1": lambda law, beta: 0.5 + torch.atan(beta) / torch.pi,
    },
)


def _bessel_cdf(mu: Tensor, scale: float) -> Tensor:
    below = torch.as_tensor(iti0k0(np.minimum(mu.abs().numpy() / scale, 600.0))[1])
    return 0.5 + torch.sign(mu) * below / torch.pi


bessel = Claim(
    label="cor-init-bessel",
    statement=r"For Gaussian weights $p(\mu) = K_0(\lvert\mu\rvert / (\sigma_w \sigma_v)) / (\pi \sigma_w \sigma_v)$.",
    source=COROLLARY,
    method="Monte Carlo",
    tolerance=KOLMOGOROV,
    check=_marginal(gaussian, 1),
    formula=lambda law, mu: law.delta_slope_cdf(mu),
    falsifiers={
        r"argument $\lvert\mu\rvert / \sqrt{\sigma_w \sigma_v}$, as printed for Meijer's function": lambda law, mu: (
            0.5 + (_bessel_cdf(mu, math.sqrt(law.w * law.v)) - 0.5) / math.sqrt(law.w * law.v)
        ),
        "the same, made to integrate to 1": lambda law, mu: _bessel_cdf(mu, math.sqrt(law.w * law.v)),
        r"Laplace with scale $\sigma_w \sigma_v$": lambda law, mu: law.conditional_cdf(mu, 0.0),
        "Gaussian of the same variance": lambda law, mu: torch.special.ndtr(mu / (law.w * law.v)),
    },
)

plateau = Claim(
    label="cor-init-plateau",
    statement=r"For uniform weights $p(\beta) = m(\beta)^2 / (4 a_w a_b)$.",
    source=COROLLARY,
    method="Monte Carlo",
    tolerance=KOLMOGOROV,
    check=_marginal(uniform, 0),
    formula=lambda law, beta: law.breakpoint_cdf(beta),
    falsifiers={
        r"Cauchy with scale $a_b / a_w$": lambda law, beta: 0.5 + torch.atan(beta * law.w / law.b) / torch.pi,
        r"$a_w$ and $a_b$ exchanged": lambda law, beta: UniformWeights(law.b, law.w, law.v).breakpoint_cdf(beta),
        r"uniform on $\lvert\beta\rvert < 2 a_b / a_w$": lambda law, beta: (0.5 + beta * law.w / law.b / 4).clamp(0, 1),
    },
)

logarithm = Claim(
    label="cor-init-logarithm",
    statement=r"For uniform weights $p(\mu) = \ln(a_w a_v / \lvert\mu\rvert) / (2 a_w a_v)$.",
    source=COROLLARY,
    method="Monte Carlo",
    tolerance=KOLMOGOROV,
    check=_marginal(uniform, 1),
    formula=lambda law, mu: law.delta_slope_cdf(mu),
    falsifiers={
        r"uniform on $[-a_w a_v, a_w a_v]$": lambda law, mu: (1 + mu / (law.w * law.v)) / 2,
        r"the triangle of $\beta = 0$": lambda law, mu: law.conditional_cdf(mu, 0.0),
        r"half the range": lambda law, mu: law.delta_slope_cdf(2 * mu),
    },
)
