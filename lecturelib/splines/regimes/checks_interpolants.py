"""Claims of the chapter `splines/regimes` on the functions that wide networks become in the kernel limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import torch
from numpy.polynomial import Polynomial
from numpy.polynomial.legendre import leggauss, legvander
from scipy.interpolate import CubicSpline
from scipy.optimize import linprog
from torch import Generator, Tensor

from lecturelib.core.checking import equals, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, uniform
from lecturelib.splines.breakpoints.network import spikes
from lecturelib.splines.regimes.interpolants import (
    arc_cosine_kernel,
    cubic_limit,
    cut_corner,
    first_gap,
    hinge_kernel,
)

NODES, WEIGHTS = (torch.from_numpy(part) for part in leggauss(12))


def _integral(function: Callable[[Tensor], Tensor], ends: list[float]) -> Tensor:
    """∫ of a function that is a polynomial between neighbouring `ends`, exactly; it takes (K,) to (..., K)."""
    total = torch.zeros((), dtype=torch.float64)
    for low, high in pairwise(ends):
        middle, half = (low + high) / 2, (high - low) / 2
        total = total + function(middle + half * NODES) @ WEIGHTS * half
    return total


# The kernel of evenly spread breakpoints


def two_sets(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Two sets of points in [−B, B], B from 1/2 to 4."""
    for _ in range(3):
        half_width = float(uniform(generator, 1, low=0.5, high=4.0))
        x1, x2 = half_width * uniform(generator, 2, 6, low=-1.0, high=1.0)
        yield x1[:, None], torch.cat([x2, x1[:1]]), half_width


def _both_facings(x1: Tensor, x2: Tensor, half_width: float) -> Tensor:
    """The integral that defines the kernel, over the pieces between its corners."""

    def product(one: Tensor, other: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda beta: sum(torch.relu(s * (one - beta)) * torch.relu(s * (other - beta)) for s in (1, -1))

    rows = [
        [_integral(product(a, b), sorted([-half_width, float(a), float(b), half_width])) for b in x2] for a in x1[:, 0]
    ]
    return torch.tensor(rows, dtype=torch.float64)


@claim(
    "thm-reg-green",
    source="own",
    check=equals(_both_facings, on=two_sets),
    also=(hinge_kernel,),
    wrong={
        "no affine part": {"lean": 0.0, "lift": 0.0},
        r"$\frac1{12} \lvert x - z \rvert^3$": {"cubic": 1 / 12},
        r"$-\frac16 \lvert x - z \rvert^3$": {"cubic": -1 / 6},
        r"$B x z$": {"lean": 1.0},
    },
)
def green(x1, x2, half_width, *, cubic=1 / 6, power=Exponent(3), lean=2.0, lift=2 / 3, third=Exponent(3)):
    return cubic * (x1 - x2).abs() ** power + lean * half_width * x1 * x2 + lift * half_width**third


# What a function costs

DEGREE = 5


def densities(generator: Generator) -> Iterator[tuple[Tensor, float]]:
    """Coefficients of κ₊ and κ₋ in Legendre polynomials on [−B, B], (2, DEGREE + 1), and B."""
    for _ in range(3):
        yield normal(generator, 2, DEGREE + 1), float(uniform(generator, 1, low=0.7, high=3.0))


def _least_cost(kappa: Tensor, half_width: float) -> Tensor:
    """The least ∫ κ₊² + κ₋² among polynomials of the same degree that give the same f at 40 points."""
    points = half_width * torch.linspace(-1, 1, 40, dtype=torch.float64)
    # orthonormal on [−B, B], so that the cost is the sum of squares of the coefficients
    scale = torch.sqrt((2 * torch.arange(DEGREE + 1, dtype=torch.float64) + 1) / (2 * half_width))

    def seen(s: int, x: Tensor) -> Tensor:
        def hinges(beta: Tensor) -> Tensor:
            basis = torch.from_numpy(legvander((beta / half_width).numpy(), DEGREE)) * scale
            return (torch.relu(s * (x - beta))[:, None] * basis).T

        return _integral(hinges, [-half_width, float(x), half_width])

    rows = torch.stack([torch.cat([seen(1, x), seen(-1, x)]) for x in points])
    values = rows @ (kappa / scale).reshape(-1)
    found = torch.linalg.lstsq(rows, values, rcond=1e-11, driver="gelsd").solution
    return found.square().sum()


@claim(
    "thm-reg-price",
    source="own; sahs2022: corollary 4, which has the first term alone",
    check=equals(_least_cost, on=densities, tolerance=1e-8),
    wrong={
        r"$\frac12 \int f''^2$ alone": {"lean": 0.0, "lift": 0.0},
        "no price for the height": {"lift": 0.0},
        r"$\int f''^2$, not halved": {"half": 1.0},
    },
)
def function_price(kappa, half_width, *, half=0.5, lean=1 / 4, lift=3 / 4, one=Exponent(1), three=Exponent(3)):
    bending, slopes, heights = _ends(kappa, half_width)
    turn = slopes[1] + slopes[0]
    rise = half_width * (slopes[1] - slopes[0]) - heights[1] - heights[0]
    return half * bending + lean * turn**2 / half_width**one + lift * rise**2 / half_width**three


def _ends(kappa: Tensor, half_width: float) -> tuple[Tensor, tuple[float, float], tuple[float, float]]:
    """∫ f″², and f′ and f at −B and B, of f = ∫ κ₊ (x − β)₊ + κ₋ (β − x)₊ dβ."""

    def of(one: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda beta: torch.from_numpy(legvander((beta / half_width).numpy(), DEGREE)) @ one

    right, left = of(kappa[0]), of(kappa[1])
    whole = [-half_width, half_width]
    bending = _integral(lambda beta: (right(beta) + left(beta)).square(), whole)
    slopes = -_integral(left, whole), _integral(right, whole)
    heights = (
        _integral(lambda b: left(b) * (b + half_width), whole),
        _integral(lambda b: right(b) * (half_width - b), whole),
    )
    return bending, tuple(map(float, slopes)), tuple(map(float, heights))


# The natural cubic spline

Z = torch.linspace(-1, 1, 41, dtype=torch.float64)


def data(generator: Generator, size: int = 6) -> tuple[Tensor, Tensor]:
    """Points in any order across [−1, 1], and values."""
    x = torch.linspace(-0.95, 0.95, size, dtype=torch.float64) + 0.05 * uniform(generator, size, low=-1.0, high=1.0)
    return x[torch.randperm(size, generator=generator)], normal(generator, size)


def _natural(x: Tensor, y: Tensor) -> CubicSpline:
    x, order = torch.sort(x)
    return CubicSpline(x.numpy(), y[order].numpy(), bc_type="natural")


def _gap_times_size(generator: Generator, half_width: float, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    inside = Z[(x.min() <= Z) & (x.max() >= Z)]
    gap = cubic_limit(x, y, half_width)(inside) - torch.from_numpy(_natural(x, y)(inside.numpy()))
    return {"g": half_width * gap, "f": cubic_limit(x, y, half_width)(inside)}


@claim(
    "thm-reg-natural",
    source="own; sahs2022: corollary 4, where $B$ is missing",
    check=tends_to(_gap_times_size, sizes=(150.0, 300.0), order=1, on=data),
    also=(lambda x, y: {"g": first_gap(x, y)(_inside(x)), "f": cubic_limit(x, y, math.inf)(_inside(x))},),
    wrong={
        "reached on every domain": {"half": 0.0},
        "the other sign": {"half": -0.5},
        "twice the gap": {"half": 1.0},
    },
)
def natural(x, y, *, half=0.5, corner=1 / 6):
    """The system of the proof with y = 0 and Σ λ x = p/2, where p is the mean slope beyond the ends."""
    spline, inside = _natural(x, y), _inside(x)
    slope = half * (spline(x.min(), 1) + spline(x.max(), 1))
    zero, ones = torch.zeros(2, 2, dtype=torch.float64), torch.stack([x, torch.ones_like(x)], 1)
    rows = torch.cat([corner * (x[:, None] - x).abs() ** 3, ones], 1), torch.cat([ones.T, zero], 1)
    right_side = torch.cat([torch.zeros_like(x), torch.tensor([slope / 2, 0.0])])
    solution = torch.linalg.solve(torch.cat(rows), right_side)
    bends = corner * (inside[:, None] - x).abs() ** 3 @ solution[:-2]
    return {"g": bends + solution[-2] * inside + solution[-1], "f": torch.from_numpy(spline(inside.numpy()))}


def _inside(x: Tensor) -> Tensor:
    return Z[(x.min() <= Z) & (x.max() >= Z)]


# Gaussian weights


def apart(generator: Generator) -> tuple[Tensor, Tensor]:
    """Points, and others that do not coincide with them, (6, 1) and (5,)."""
    return 2 * normal(generator, 6, 1), 2 * normal(generator, 5)


def _mean_over_directions(x1: Tensor, x2: Tensor) -> dict[str, Tensor]:
    """E[(w x₁ + b)₊ (w x₂ + b)₊] for (w, b) = r (cos φ, sin φ), E r² = 2, and its second derivative in x₁.

    A neuron bends at x₁ = −tan φ alone: the second derivative is E over b given w, at b = −w x₁, and w is Gaussian.
    """
    rows = torch.empty(len(x1), len(x2), dtype=torch.float64)
    for i, a in enumerate(x1[:, 0]):
        for j, b in enumerate(x2):
            corners = sorted(float(torch.atan(-p)) % math.pi for p in (a, b))
            ends = [corners[0] - math.pi, corners[1] - math.pi, *corners, corners[0] + math.pi]
            ends = [end for low, high in pairwise(ends) for end in np.linspace(low, high, 9)]

            def product(phi: Tensor, a=a, b=b) -> Tensor:
                one, other = (p * torch.cos(phi) + torch.sin(phi) for p in (a, b))
                return torch.relu(one) * torch.relu(other) / math.pi

            rows[i, j] = _integral(product, sorted(set(ends)))
    w = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    law = torch.exp(-(w**2) / 2) / math.sqrt(2 * math.pi)
    joint = law * torch.exp(-((w * x1[..., None]) ** 2) / 2) / math.sqrt(2 * math.pi)  # of w and b = −w x₁
    value = torch.relu(w * (x2[:, None] - x1[..., None]))
    return {"K": rows, "bending": torch.trapezoid(w**2 * joint * value, w, dim=-1)}


@claim(
    "thm-reg-gaussian",
    source="own; cho2009: equation 6; sahs2022: section 2.6.1, which weighs by $1 / p(\\beta) \\propto 1 + x^2$",
    check=equals(_mean_over_directions, on=apart, tolerance=1e-7),
    also=(lambda x1, x2: gaussian.formula(x1, x2) | {"K": arc_cosine_kernel(x1, x2)},),
    wrong={
        r"the angle $\theta$ left out": {"angle": 0.0},
        r"$f''^2$ weighed by $1 / p(\beta)$": {"weight": Exponent(1)},
        r"$2 (1 + x^2)^2$": {"bend": 0.5},
    },
)
def gaussian(x1, x2, *, distance=1.0, angle=1.0, pi=1.0, one=1.0, product=1.0, two=2.0, bend=1.0, weight=Exponent(2)):
    theta = (torch.atan(x1) - torch.atan(x2)).abs()
    both = one + product * x1 * x2
    kernel = (distance * (x1 - x2).abs() + (pi * math.pi - angle * theta) * both) / (two * math.pi)
    return {"K": kernel, "bending": bend * (x1 - x2).abs() / (math.pi * (1 + x1**2) ** weight)}


# The least total bending


def corners(generator: Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    """Six points and one whose corner and the next bend the same way, upwards or downwards."""
    for _ in range(3):
        bends = signs(generator, 1) * torch.tensor([1.0, 1.0, -1.0, 1.0], dtype=torch.float64)
        bends = bends * (0.5 + uniform(generator, 4))
        x = torch.linspace(-1, 1, 6, dtype=torch.float64) + 0.1 * uniform(generator, 6)
        slopes = torch.cat([bends.new_zeros(1), bends.cumsum(0)]) - 0.7
        yield x, torch.cat([bends.new_zeros(1), (slopes * torch.diff(x)).cumsum(0)]), 1


def _least_bending(x: Tensor, y: Tensor, n: int) -> dict[str, Tensor | float]:
    """The least Σ |κ_j| of an interpolating line with corners at 121 places or at the data, by linear programming."""
    places = torch.cat([torch.linspace(-1.2, 1.3, 121, dtype=torch.float64), x])
    hinges = torch.relu(x[:, None] - places)
    line = torch.stack([x, torch.ones_like(x)], dim=1)
    rows = torch.cat([hinges, -hinges, line, -line], dim=1).numpy()
    cost = np.r_[np.ones(2 * places.numel()), np.zeros(4)]
    least = float(linprog(cost, A_eq=rows, b_eq=y.numpy(), method="highs").fun)
    return {"polygon": least, "corner less": least, "values": y, "corners": len(x) - 3}


@claim(
    "prop-reg-bending",
    source="own",
    check=equals(_least_bending, on=corners, tolerance=1e-7),
    also=(lambda x, y, n: least_bending.formula(x, y, n) | _told(cut_corner(x, y, n), x),),
    wrong={
        "the least is the sum of signed bends": lambda x, y, n: (
            least_bending.formula(x, y, n) | {"polygon": _slopes(x, y)[-1] - _slopes(x, y)[0]}
        ),
        "the corner stands in the middle": {"share": 0.5},
        "corners that bend to two sides can be merged": lambda x, y, n: least_bending.formula(x, y, n + 1),
    },
)
def least_bending(x, y, n, *, share=None):
    """Bending of the polygon, and of the line through corners 1 … N, of which n and n + 1 are where two pieces meet."""
    slopes = _slopes(x, y)
    before, behind = Polynomial([y[n] - slopes[n - 1] * x[n], slopes[n - 1]]), slopes[n + 1]
    meet = float((y[n + 1] - behind * x[n + 1] - before.coef[0]) / (before.coef[1] - behind))
    meet = meet if share is None else float(x[n] + share * (x[n + 1] - x[n]))
    xs = torch.cat([x[:n], torch.tensor([meet], dtype=torch.float64), x[n + 2 :]])
    ys = torch.cat([y[:n], torch.tensor([before(meet)], dtype=torch.float64), y[n + 2 :]])
    values = torch.from_numpy(np.interp(x.numpy(), xs.numpy(), ys.numpy()))
    bending = torch.diff(_slopes(xs, ys)).abs().sum()
    return {"polygon": torch.diff(slopes).abs().sum(), "corner less": bending, "values": values, "corners": len(xs) - 2}


def _slopes(x: Tensor, y: Tensor) -> Tensor:
    return torch.diff(y) / torch.diff(x)


def _told(function, x: Tensor) -> dict[str, Tensor | int]:
    weights = spikes(function).weights
    return {"corner less": weights.abs().sum(), "values": function(x), "corners": len(weights)}
