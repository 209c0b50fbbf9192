"""Claims of the chapter `splines/initialization`: what a random start can bend, and how flat it is."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.initialization.checks import NEURONS, draw, gaussian, uniform
from lecturelib.splines.initialization.densities import (
    GaussianWeights,
    UniformWeights,
    Weights,
    count_between,
    weights_of,
)
from lecturelib.splines.initialization.placement import place_breakpoints
from lecturelib.splines.initialization.roughness import roughness, tail_bound, total_bend, value_variance
from lecturelib.splines.initialization.starts import initialize

SAHS = "Sahs et al. 2022, theorem 2"
SCHEMES = ("he", "glorot", "pytorch")
WIDTH, NETWORKS = 10, 20_000

# What follows for curvature


def _breakpoints_far_out(tail, generator: Generator) -> float:
    """The share of breakpoints beyond R for three R, largest relative error over both kinds of weights."""
    worst = 0.0
    for weights in (gaussian(generator), uniform(generator)):
        beta, _ = draw(weights, generator)
        for radius in (3.0, 6.0, 12.0):
            found = float((beta.abs() > radius).double().mean())
            worst = max(worst, abs(tail(weights, radius) / found - 1))
    return worst


def _beyond(weights: Weights, radius: float) -> float:
    return 1 - count_between(weights, -radius, radius, width=1)


far_out = Claim(
    label="prop-init-far",
    statement=r"Beyond $\pm R$ lie $\frac2\pi \arctan \frac{\sigma_b}{\sigma_w R}$ of the breakpoints of Gaussian and "
    r"$\frac{a_b}{2 a_w R}$ of those of uniform weights, $R \ge a_b/a_w$.",
    source="derived here",
    method="Monte Carlo",
    tolerance=0.08,
    check=_breakpoints_far_out,
    formula=lambda law, radius: (
        2 / math.pi * math.atan(law.b / (law.w * radius))
        if isinstance(law, GaussianWeights)
        else law.b / (2 * law.w * radius)
    ),
    falsifiers={
        "one side counted": lambda law, radius: _beyond(law, radius) / 2,
        r"a tail that falls as $R^{-2}$": lambda law, radius: 2 * _beyond(law, radius) ** 2,
        "the two kinds exchanged": lambda law, radius: _beyond(
            (UniformWeights if isinstance(law, GaussianWeights) else GaussianWeights)(law.w, law.b, law.v), radius
        ),
    },
)


def _squared_jumps(density, generator: Generator) -> float:
    """E[κ² 1(p < β < q)] for five intervals against the integral of the density; largest relative error."""
    weights = uniform(generator)
    beta, mu = draw(weights, generator)
    ends = weights.b / weights.w * torch.tensor([-2.5, -1.4, -0.8, 0.0, 0.9, 2.0], dtype=torch.float64)
    place = torch.bucketize(beta, ends)
    found = torch.zeros(7, dtype=torch.float64).index_add(0, place, mu**2)[1:-1] / NEURONS
    part = torch.linspace(0, 1, 1001, dtype=torch.float64)
    grid = ends[:-1, None] + part * ends.diff()[:, None]
    return float((torch.trapezoid(density(weights, grid), grid, dim=-1) / found - 1).abs().max())


bends_far_out = Claim(
    label="thm-init-bends",
    statement=r"For uniform weights a neuron has squared slope jump "
    r"$a_v^2 m(x)^4 / (24 a_w a_b)$ per unit length at $x$.",
    source="derived here",
    method="Monte Carlo",
    tolerance=0.15,
    check=_squared_jumps,
    formula=lambda law, x: law.jump_density(x),
    falsifiers={
        "delta-slopes independent of breakpoints": lambda law, x: law.second_moment * law.breakpoint(x),
        r"a triangle of second moment $c^2/3$": lambda law, x: 2 * law.jump_density(x),
        r"the power 2 of $m$": lambda law, x: law.jump_density(x) * (law.w / law.reach(x)) ** 2,
    },
)


# How flat a random start is


def _relative(found: float, expected: float) -> float:
    return abs(found / expected - 1)


def _moments(formula, generator: Generator) -> float:
    """Mean and variance of the roughness over many networks of each scheme; largest relative error."""
    worst = 0.0
    for scheme in SCHEMES:
        found = roughness(initialize(WIDTH, scheme, generator=generator, ensemble=(NETWORKS,)))
        mean, variance = formula(scheme, WIDTH)
        worst = max(worst, _relative(mean, float(found.mean())), _relative(variance, float(found.var())))
    return worst


def _stated(scheme: str, width: int) -> tuple[float, float]:
    return {
        "he": (4.0, 128 / width),
        "glorot": (4 * width / (width + 1) ** 2, 128 * width / (width + 1) ** 4),
        "pytorch": (1 / 9, 56 / (2025 * width)),
    }[scheme]


rough_moments = Claim(
    label="thm-init-roughness",
    statement=r"The roughness $\sum_i \mu_i^2$ has mean $4$, $\frac{4H}{(H+1)^2}$, $\frac19$ and variance "
    r"$\frac{128}{H}$, $\frac{128 H}{(H+1)^4}$, $\frac{56}{2025 H}$ for He, Glorot, PyTorch.",
    source=f"{SAHS}, whose variances are lost; PyTorch's derived here",
    method="Monte Carlo",
    tolerance=0.2,
    check=_moments,
    formula=_stated,
    falsifiers={
        r"delta-slopes Gaussian: $\E\mu^4 = 3\,(\E\mu^2)^2$": lambda scheme, h: (
            _stated(scheme, h)[0],
            2 * _stated(scheme, h)[0] ** 2 / h,
        ),
        r"the square of the mean not subtracted": lambda scheme, h: (
            _stated(scheme, h)[0],
            h * weights_of(scheme, h).fourth_moment,
        ),
        "a mean that falls with the width for He": lambda scheme, h: (
            _stated("glorot" if scheme == "he" else scheme, h)[0],
            _stated(scheme, h)[1],
        ),
    },
)


def _bounds_the_tail(bound, generator: Generator) -> float:
    """A bound on P(ρ − E ρ ≥ λ) has to hold, and to be reached by the two values that Cantelli's inequality allows.

    Drawn: roughness of He and Glorot, of which the frequency beyond λ may not exceed the bound, and a variable of the
    same mean and variance with two values, E + λ and E − variance/λ, whose frequency has to be the bound.
    """
    worst = 0.0
    for scheme in ("he", "glorot"):
        mean, variance = _stated(scheme, WIDTH)
        excess = roughness(initialize(WIDTH, scheme, generator=generator, ensemble=(NETWORKS,))) - mean
        for step in (0.7, 1.5, 3.0):
            distance = step * math.sqrt(variance)
            stated = bound(scheme, WIDTH, distance)
            too_low = float((excess >= distance).double().mean()) / stated - 1
            worst = max(worst, too_low, _relative(_two_values(distance, variance, generator), stated))
    return worst


def _two_values(distance: float, variance: float, generator: Generator) -> float:
    """How often a variable with values `distance` and −variance/distance, of mean 0, takes the higher one."""
    low = -variance / distance
    high = torch.rand(NETWORKS, generator=generator) < -low / (distance - low)
    drawn = torch.where(high, distance, low)
    assert abs(float(drawn.square().mean()) / variance - 1) < 0.1
    return float((drawn >= distance).double().mean())


tails = Claim(
    label="thm-init-tail",
    statement=r"$P(\rho_0 - \E\rho_0 \ge \lambda)$ is at most $1/(1 + \lambda^2 H/128)$ for He and "
    r"$1/(1 + \lambda^2 (H+1)^4/(128 H))$ for Glorot; mean and variance alone allow no better bound.",
    source=SAHS,
    method="Monte Carlo",
    tolerance=0.1,
    check=_bounds_the_tail,
    formula=lambda scheme, h, distance: float(tail_bound(distance, _stated(scheme, h)[1])),
    falsifiers={
        r"$1/(1+\lambda^2/12)$ and $1/(1+\lambda^2 H/128)$, as the slides read": lambda scheme, h, distance: (
            1 / (1 + distance**2 * (1 / 12 if scheme == "he" else h / 128))
        ),
        r"He's $1/(1+\lambda^2 H/128)$ for both": lambda scheme, h, distance: float(tail_bound(distance, 128 / h)),
        "Chebyshev's bound": lambda scheme, h, distance: min(1.0, _stated(scheme, h)[1] / distance**2),
        "the exponential of a Gaussian tail": lambda scheme, h, distance: math.exp(
            -(distance**2) / (2 * _stated(scheme, h)[1])
        ),
    },
)


def _total_bends(formula, generator: Generator) -> float:
    worst = 0.0
    for scheme in SCHEMES:
        for width in (5, 25):
            drawn = initialize(width, scheme, generator=generator, ensemble=(3_000,))
            worst = max(worst, _relative(formula(scheme, width), float(total_bend(drawn).mean())))
    return worst


def _mean_total(scheme: str, width: int) -> float:
    return {
        "he": 4 / math.pi * math.sqrt(width),
        "glorot": 4 / math.pi * width / (width + 1),
        "pytorch": math.sqrt(width) / 4,
    }[scheme]


total = Claim(
    label="prop-init-total",
    statement=r"$\E \sum_i \lvert\mu_i\rvert$ is $\frac4\pi \sqrt H$, $\frac4\pi \frac{H}{H+1}$, $\frac14 \sqrt H$ "
    "for He, Glorot, PyTorch.",
    source="derived here",
    method="Monte Carlo",
    tolerance=0.06,
    check=_total_bends,
    formula=_mean_total,
    falsifiers={
        "the same at every width": lambda scheme, h: _mean_total(scheme, 5),
        r"$H$ times the root of $\E\mu^2$": lambda scheme, h: h * math.sqrt(weights_of(scheme, h).second_moment),
        "He grows as Glorot does": lambda scheme, h: _mean_total("glorot" if scheme == "he" else scheme, h),
    },
)


def _spread_of_values(formula, generator: Generator) -> float:
    """Var f(x) over networks of two widths, for Gaussian and uniform weights; largest relative error."""
    worst, x = 0.0, torch.tensor([-3.0, -0.5, 0.0, 1.0, 5.0], dtype=torch.float64)
    for weights in (gaussian(generator), uniform(generator)):
        for width in (4, 12):
            found = weights.sample((10_000, width), generator)(x).var(0)
            worst = max(worst, float((formula(weights, width, x) / found - 1).abs().max()))
    return worst


def _deviations(weights: Weights) -> tuple[float, float, float]:
    ratio = 1.0 if isinstance(weights, GaussianWeights) else 1 / math.sqrt(3)
    return ratio * weights.w, ratio * weights.b, ratio * weights.v


def _stated_variance(weights: Weights, width: int, x: Tensor) -> Tensor:
    w, b, v = _deviations(weights)
    return width * v**2 * (w**2 * x**2 + b**2) / 2


values = Claim(
    label="thm-init-values",
    statement=r"$\Var f(x) = \frac12 H \sigma_v^2 (\sigma_w^2 x^2 + \sigma_b^2)$ at every width, $b_0$ left out.",
    source="derived here",
    method="Monte Carlo",
    tolerance=0.15,
    check=_spread_of_values,
    formula=value_variance,
    falsifiers={
        "without the half that the ReLU takes away": lambda law, h, x: 2 * _stated_variance(law, h, x),
        "without the bias": lambda law, h, x: _stated_variance(law, h, x) - _stated_variance(law, h, 0 * x) + 1e-9,
        "the same for every width": lambda law, h, x: _stated_variance(law, 4, x),
        r"$(\sigma_w \lvert x \rvert + \sigma_b)^2$": lambda law, h, x: (
            _stated_variance(law, h, x)
            + h * _deviations(law)[2] ** 2 * _deviations(law)[0] * _deviations(law)[1] * x.abs()
        ),
    },
)


# Breakpoints placed


def _lands_where_told(place, generator: Generator) -> float:
    """Breakpoints are as asked for, found as the kinks of the function itself; w, v, b₀ and delta-slopes stay."""
    network = gaussian(generator).sample((9,), generator)
    beta = torch.linspace(-4, 4, 9, dtype=torch.float64) + 0.3 * torch.rand(9, generator=generator, dtype=torch.float64)
    placed = place(network, beta)
    step = 0.05
    x = torch.stack([beta - step, beta, beta + step])
    bend = (placed(x[0]) - 2 * placed(x[1]) + placed(x[2])) / step  # the slope jump, if the only kink within is at β
    return relative_gap(bend, network.w.abs() * network.v)


placing = Claim(
    label="prop-init-place",
    statement=r"$b_i = -w_i \beta_i$ puts neuron $i$ at $\beta_i$ and keeps its slope jump.",
    source="Sahs et al. 2022, section 3.2",
    method="exact identity",
    tolerance=1e-11,
    check=_lands_where_told,
    formula=place_breakpoints,
    falsifiers={
        r"$b_i = w_i \beta_i$": lambda n, beta: Network(n.w, n.w * beta, n.v, n.b0),
        r"$b_i = -\beta_i$": lambda n, beta: Network(n.w, -beta, n.v, n.b0),
        r"$b_i = -\lvert w_i \rvert \beta_i$": lambda n, beta: Network(n.w, -n.w.abs() * beta, n.v, n.b0),
    },
)
