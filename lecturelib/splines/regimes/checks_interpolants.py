"""Claims of the chapter `splines/regimes` on the functions that wide networks become in the kernel limit."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import linprog
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.splines.breakpoints.network import Network, Spline, spikes
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.regimes.flows import evenly_spread, features, kernel_flow
from lecturelib.splines.regimes.interpolants import (
    _prolonged,
    cubic_limit,
    cut_corner,
    first_gap,
    gaussian_kernel,
    kernel_interpolant,
    natural_cubic,
    price,
    uniform_kernel,
)

SAHS = "Sahs et al. 2022"
Z = torch.linspace(-1, 1, 81, dtype=torch.float64)


def _data(generator: Generator, size: int = 6) -> tuple[Tensor, Tensor]:
    x = torch.linspace(-0.95, 0.95, size, dtype=torch.float64)
    x = x + 0.1 * (torch.rand(size, generator=generator, dtype=torch.float64) - 0.5)
    return x, torch.randn(size, generator=generator, dtype=torch.float64)


# The kernel of evenly spread breakpoints


def _sums_of_hinges(kernel, generator: Generator) -> float:
    """Against Σ over 4,000 neurons, both orientations at 2,000 places, times their spacing."""
    x, _ = _data(generator)
    size = 1.2 + 2 * float(torch.rand((), generator=generator))
    phi = features(evenly_spread(2000, size), x)
    return relative_gap(kernel(x[:, None], x, size), phi @ phi.T * (2 * size / 2000))


def _facing_right(x: Tensor, z: Tensor, size: float) -> Tensor:
    """∫ (x − β)₊ (z − β)₊ dβ, one orientation alone."""
    low, high = torch.minimum(x, z) + size, torch.maximum(x, z) + size
    return low**2 * (3 * high - low) / 6


green = Claim(
    label="thm-reg-green",
    statement=r"$K_B(x, z) = \frac16 \lvert x - z \rvert^3 + 2B\, x z + \frac23 B^3$.",
    source="derived here",
    method="exact identity",
    tolerance=1e-4,
    check=_sums_of_hinges,
    formula=uniform_kernel,
    falsifiers={
        "no affine part": lambda x, z, size: (x - z).abs() ** 3 / 6,
        r"$\frac1{12} \lvert x - z \rvert^3$": lambda x, z, size: uniform_kernel(x, z, size) - (x - z).abs() ** 3 / 12,
        r"$-\frac16 \lvert x - z \rvert^3$": lambda x, z, size: uniform_kernel(x, z, size) - (x - z).abs() ** 3 / 3,
        "neurons that face right alone": _facing_right,
        r"$B x z$": lambda x, z, size: uniform_kernel(x, z, size) - size * x * z,
    },
)


# What a function costs


def _uniform(shape: tuple[int, ...], generator: Generator) -> Tensor:
    return torch.rand(shape, generator=generator, dtype=torch.float64)


class _Sampled(NamedTuple):
    """A function made of straight pieces on [−B, B], by what its price depends on."""

    bending: Tensor
    slopes: tuple[float, float]
    heights: tuple[float, float]
    half_width: float


def _costs(formula, generator: Generator) -> float:
    """Against the least Σ κ² of hinges at 80 places that give the same values at the places and at both ends."""
    places, size = 80, 1.5 + float(torch.rand((), generator=generator))
    network = evenly_spread(places, size)
    beta = network.b[places:]
    spacing = 2 * size / places
    points = torch.cat([beta.new_tensor([-size]), beta, beta.new_tensor([size])])
    waves = torch.stack([torch.ones_like(beta), beta / size, torch.sin(3 * beta), torch.cos(5 * beta)])
    bend, lean = torch.tensor([[0.3], [1.0]], dtype=torch.float64) * (1 + _uniform((2, 4), generator)) @ waves
    kappa = torch.cat([bend + lean, bend - lean])
    values = features(network, points) @ kappa * spacing
    steps = torch.diff(values) / torch.diff(points)
    least = torch.linalg.pinv(features(network, points) * spacing) @ values
    bending = torch.diff(steps).square().sum() / spacing
    ends = _Sampled(bending, (float(steps[0]), float(steps[-1])), (float(values[0]), float(values[-1])), size)
    return abs(float(formula(*ends)) / float(least.square().sum() * spacing) - 1)


function_price = Claim(
    label="thm-reg-price",
    statement=r"The least $\int \kappa_+^2 + \kappa_-^2$ is $\frac12 \int f''^2$ plus a price for the affine part.",
    source=f"derived here; {SAHS}, Corollary 4, has the first term alone",
    method="exact identity",
    tolerance=1e-3,
    check=_costs,
    formula=price,
    falsifiers={
        r"$\frac12 \int f''^2$ alone": lambda bending, *rest: bending / 2,
        "no price for the height": lambda q, m, f, size: (q + (m[0] + m[1]) ** 2 / (2 * size)) / 2,
        "the difference of the slopes at the ends": lambda q, m, f, size: price(q, (-m[0], m[1]), f, size),
        r"$\int f''^2$, not halved": lambda q, m, f, size: price(2 * q, m, f, size),
    },
)


# The natural cubic spline

FAR = 300.0


def _misses_by(correction, generator: Generator) -> float:
    """B (f_B − natural spline of scipy) at B = 300, relative to the largest predicted."""
    x, y = _data(generator)
    found = FAR * (cubic_limit(x, y, FAR)(Z) - natural_cubic(x, y)(Z))
    expected = first_gap(x, y)(Z)
    return float((correction(x, y) - found).abs().max() / expected.abs().max())


natural = Claim(
    label="thm-reg-natural",
    statement=r"$f_B = f_\infty + g / B + O(B^{-2})$ with $f_\infty$ the natural cubic spline and $g$ proportional to "
    r"its mean end slope.",
    source=f"{SAHS}, Corollary 4, where $B$ is missing",
    method="exact identity",
    tolerance=0.1,
    check=_misses_by,
    formula=lambda x, y: first_gap(x, y)(Z),
    falsifiers={
        "reached on every domain": lambda x, y: torch.zeros_like(Z),
        "the other sign": lambda x, y: -first_gap(x, y)(Z),
        r"a gap of order $B^{-2}$": lambda x, y: first_gap(x, y)(Z) / FAR,
        "twice the gap": lambda x, y: 2 * first_gap(x, y)(Z),
    },
)


# Gaussian weights

NODES = 2000
FAR_OUT = 30.0


def cauchy_kernel(x: Tensor, z: Tensor) -> Tensor:
    """½ ∫ p(β) [(x − β)₊ (z − β)₊ + (β − x)₊ (β − z)₊] dβ for Cauchy's p cut off at ±30, as if w knew nothing of β."""
    beta = torch.linspace(-FAR_OUT, FAR_OUT, NODES + 1, dtype=torch.float64)
    density = 1 / (math.pi * (1 + beta**2))
    sides = sum(
        (torch.relu(s * (x[..., None] - beta)) * torch.relu(s * (z[..., None] - beta)) * density) for s in (1, -1)
    )
    return torch.trapezoid(sides, beta, dim=-1) / 2


def _wide_networks_end_there(kernel, generator: Generator) -> float:
    """Against 30,000 neurons with Gaussian w and b, trained in the output weights; largest gap."""
    x = torch.tensor([-4.0, -1.0, 0.3, 1.5, 5.0], dtype=torch.float64)
    y = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0], dtype=torch.float64)
    z = torch.linspace(-4, 5, 41, dtype=torch.float64)
    start = initialize(30_000, "he", generator=generator)
    flat = Network(start.w, start.b, torch.zeros_like(start.v), 0.0)
    found = kernel_flow(flat, x, y)(z)
    return float((kernel_interpolant(kernel, x, y)(z) - found).abs().max())


gaussian = Claim(
    label="thm-reg-gaussian",
    statement=r"For Gaussian $w, b$ the limit is the interpolant of the arc-cosine kernel, "
    r"which weighs $f''^2$ by $(1 + x^2)^2$.",
    source=f"derived here; {SAHS}, section 2.6.1, weighs by $1 / p(\\beta) \\propto 1 + x^2$",
    method="Monte Carlo",
    tolerance=0.06,
    check=_wide_networks_end_there,
    formula=gaussian_kernel,
    falsifiers={
        r"$f''^2$ weighed by $1 / p(\beta)$": cauchy_kernel,
        "evenly spread breakpoints, on [−5, 5]": lambda x, z: uniform_kernel(x, z, 5.0),
        r"the angle $\theta$ left out": lambda x, z: ((x - z).abs() + math.pi * (1 + x * z)) / (2 * math.pi),
        "no bias": lambda x, z: torch.relu(x * z) + 1e-9 * (x == z) + 0.5 * (x * z == 0),
    },
)


# The least total bending


def _zigzag_and_arc(generator: Generator) -> tuple[Tensor, Tensor]:
    """Six points whose corners 1 and 2 bend the same way: slopes rise twice, then fall and rise."""
    x = torch.linspace(-1, 1, 6, dtype=torch.float64) + 0.1 * _uniform((6,), generator)
    bends = torch.tensor([1.0, 1.0, -1.0, 1.0], dtype=torch.float64) * (0.5 + _uniform((4,), generator))
    slopes = torch.cat([torch.zeros(1, dtype=torch.float64), bends.cumsum(0)]) - 0.7
    return x, torch.cat([torch.zeros(1, dtype=torch.float64), (slopes * torch.diff(x)).cumsum(0)])


def _least_bending(x: Tensor, y: Tensor) -> float:
    """The least Σ |κ_j| of an interpolating line with corners at 121 places or at the data, by linear programming."""
    places = torch.cat([torch.linspace(-1.2, 1.3, 121, dtype=torch.float64), x])
    hinges = torch.relu(x[:, None] - places)
    line = torch.stack([x, torch.ones_like(x)], dim=1)
    rows = torch.cat([hinges, -hinges, line, -line], dim=1).numpy()
    cost = np.r_[np.ones(2 * places.numel()), np.zeros(4)]
    return float(linprog(cost, A_eq=rows, b_eq=y.numpy(), method="highs").fun)


def _bends_as_little(formula, generator: Generator) -> float:
    """The stated least, and the function with a corner less, against the linear program."""
    x, y = _zigzag_and_arc(generator)
    value, function = formula(x, y)
    least = _least_bending(x, y)
    bending = float(spikes(function).weights.abs().sum())
    misses = float((function(x) - y).abs().max())
    return max(abs(float(value) / least - 1), abs(bending / least - 1), misses)


def _slopes(x: Tensor, y: Tensor) -> Tensor:
    return torch.diff(y) / torch.diff(x)


def _polygons_bending(x: Tensor, y: Tensor) -> Tensor:
    return torch.diff(_slopes(x, y)).abs().sum()


def _cubic_bending(x: Tensor, y: Tensor) -> Tensor:
    z = torch.linspace(float(x[0]), float(x[-1]), 2001, dtype=torch.float64)
    return torch.trapezoid(cubic_limit(x, y).curvature(z).abs(), z)


def _cut_anyway(x: Tensor, y: Tensor, n: int) -> Spline:
    slopes = _slopes(x, y)
    return _prolonged(x, y, n, slopes[n - 1], slopes[n + 1])


least_bending = Claim(
    label="prop-reg-bending",
    statement=r"The polygon has the least $\int \lvert f'' \rvert$; where neighbouring corners bend alike, "
    "so has a function with a corner less.",
    source="derived here",
    method="experiment",
    tolerance=1e-6,
    check=_bends_as_little,
    formula=lambda x, y: (_polygons_bending(x, y), cut_corner(x, y, 1)),
    falsifiers={
        "the natural cubic spline bends as little": lambda x, y: (_cubic_bending(x, y), cut_corner(x, y, 1)),
        "the least is the sum of signed bends": lambda x, y: (
            _slopes(x, y)[-1] - _slopes(x, y)[0],
            cut_corner(x, y, 1),
        ),
        "corners that bend to two sides can be merged": lambda x, y: (_polygons_bending(x, y), _cut_anyway(x, y, 2)),
    },
)
