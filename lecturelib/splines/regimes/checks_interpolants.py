"""Claims of the chapter `splines/regimes` on the functions that wide networks become in the kernel limit."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from scipy.optimize import linprog
from torch import Generator, Tensor
from torch.func import jvp

from lecturelib.core.checking import equals, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, sizes, uniform
from lecturelib.splines.breakpoints.checks_problems import quadrature
from lecturelib.splines.breakpoints.network import spikes
from lecturelib.splines.regimes.interpolants import cubic_limit, cut_corner, first_gap, hinge_kernel

# The kernel of evenly spread breakpoints


def two_sets(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Two sets of points in [−B, B], B from 1/2 to 4; they share a point."""
    for half_width in uniform(generator, 3, low=0.5, high=4.0):
        x1, x2 = half_width * uniform(generator, 2, 6, low=-1.0, high=1.0)
        yield x1[:, None], torch.cat([x2, x1[:1]]), half_width


def _both_facings(x1: Tensor, x2: Tensor, half_width: Tensor) -> Tensor:
    """The integral that defines the kernel, over the pieces between its corners."""
    ends = torch.stack(torch.broadcast_tensors(-half_width, x1, x2, half_width), -1).sort(-1).values
    beta, weights = quadrature(ends[..., :-1], ends[..., 1:], 3)
    one, other = x1[..., None, None] - beta, x2[:, None, None] - beta
    return (weights * (torch.relu(one) * torch.relu(other) + torch.relu(-one) * torch.relu(-other))).sum((-1, -2))


@claim(
    "thm-reg-green",
    source="own",
    check=equals(_both_facings, on=two_sets),
    also=(lambda x1, x2, half_width: hinge_kernel(x1, x2, float(half_width)),),
    wrong={"no affine part": {"lean": 0.0, "lift": 0.0}, r"$\frac1{12} \lvert x - z \rvert^3$": {"cubic": 1 / 12}},
)
def green(x1, x2, half_width, *, cubic=1 / 6, power=Exponent(3), lean=2.0, lift=2 / 3, third=Exponent(3)):
    return cubic * (x1 - x2).abs() ** power + lean * half_width * x1 * x2 + lift * half_width**third


# What a function costs


def densities(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Polynomials κ₊ and κ₋ at Gauss's nodes of [−B, B], (2, 24), nodes and weights, and B."""
    for half_width in uniform(generator, 3, low=0.7, high=3.0):
        beta, weights = quadrature(-half_width, half_width)
        yield normal(generator, 2, 6) @ (beta / half_width) ** torch.arange(6.0)[:, None], beta, weights, half_width


def _least_cost(kappa: Tensor, beta: Tensor, weights: Tensor, half_width: Tensor) -> Tensor:
    """The least ∫ κ₊² + κ₋² among densities that give the same f″, and the same f and f′ at −B."""
    root, none, every = weights.sqrt(), 0 * weights, torch.eye(len(beta), dtype=torch.float64)
    left = torch.stack([torch.cat([none, root]), torch.cat([none, root * (beta + half_width)])])
    rows = torch.cat([torch.cat([every, every], 1), left])
    return torch.linalg.lstsq(rows, rows @ (root * kappa).flatten(), driver="gelsd").solution.square().sum()


@claim(
    "thm-reg-price",
    source="own; sahs2022: corollary 4, which has the first term alone",
    check=equals(_least_cost, on=densities),
    wrong={r"$\frac12 \int f''^2$ alone": {"lean": 0.0, "lift": 0.0}, "no price for the height": {"lift": 0.0}},
)
def function_price(kappa, beta, weights, size, *, half=0.5, lean=1 / 4, lift=3 / 4, one=Exponent(1), three=Exponent(3)):
    """f′ at the ends is −∫ κ₋ and ∫ κ₊, and f there ∫ κ₋ (β + B) and ∫ κ₊ (B − β)."""
    right, left = kappa
    turn, bending = weights @ (right - left), weights @ (right + left).square()
    rise = size * (weights @ (right + left)) - weights @ (left * (beta + size) + right * (size - beta))
    return half * bending + lean * turn**2 / size**one + lift * rise**2 / size**three


# The natural cubic spline


def data(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, CubicSpline]]:
    """Points in any order, off centre, values, places between them, and the natural spline by another library."""
    for count in (6, 4):
        x = torch.linspace(-0.95, 0.95, count, dtype=torch.float64) + 0.05 * uniform(generator, count, low=-1.0)
        x, y = x + signs(generator, 1) * sizes(generator, 1), normal(generator, count)
        spline, order = CubicSpline(x.numpy(), y.numpy(), bc_type="natural"), torch.randperm(count, generator=generator)
        yield x[order], y[order], uniform(generator, 30, low=float(x[0]), high=float(x[-1])), spline


def _gap_times_size(generator: Generator, half_width: float, x, y, z, spline) -> dict[str, Tensor]:
    found = cubic_limit(x, y, half_width)(z)
    return {"g": half_width * (found - torch.from_numpy(spline(z))), "f": found}


@claim(
    "thm-reg-natural",
    source="own; sahs2022: corollary 4, where $B$ is missing",
    check=tends_to(_gap_times_size, sizes=(150.0, 300.0), order=1, on=data),
    also=(lambda x, y, z, spline: {"g": first_gap(x, y)(z), "f": cubic_limit(x, y, math.inf)(z)},),
    wrong={"reached on every domain": {"half": 0.0}, "the other sign": {"half": -0.5}, "twice the gap": {"half": 1.0}},
)
def natural(x, y, z, spline, *, half=0.5, corner=1 / 6):
    """The system of the proof with y = 0 and Σ λ x = p/2, where p is the mean slope beyond the ends."""
    slope = half * (spline(x.min(), 1) + spline(x.max(), 1))
    zero, ones = torch.zeros(2, 2, dtype=torch.float64), torch.stack([x, torch.ones_like(x)], 1)
    rows = torch.cat([corner * (x[:, None] - x).abs() ** 3, ones], 1), torch.cat([ones.T, zero], 1)
    solution = torch.linalg.solve(torch.cat(rows), torch.cat([0 * x, torch.tensor([slope / 2, 0.0])]))
    bends = corner * (z[:, None] - x).abs() ** 3 @ solution[:-2]
    return {"g": bends + solution[-2] * z + solution[-1], "f": torch.from_numpy(spline(z))}


# Gaussian weights


def _mean_over_directions(x1: Tensor, x2: Tensor) -> dict[str, Tensor]:
    """E[(w x₁ + b)₊ (w x₂ + b)₊] for (w, b) = r (cos φ, sin φ), E r² = 2, and its second derivative in x₁."""

    def kernel(x1: Tensor) -> Tensor:
        corners = torch.stack(torch.broadcast_tensors(-torch.atan(x1), -torch.atan(x2)), -1).sort(-1).values
        ends = torch.cat([corners, corners + math.pi, corners[..., :1] + 2 * math.pi], -1)
        phi, weights = quadrature(ends[..., :-1], ends[..., 1:])
        one, other = (torch.relu(x[..., None, None] * phi.cos() + phi.sin()) for x in (x1, x2))
        return (weights * one * other).sum((-1, -2)) / math.pi

    def slope(x1: Tensor) -> Tensor:
        return jvp(kernel, (x1,), (torch.ones_like(x1),))[1]

    return {"K": kernel(x1), "bending": jvp(slope, (x1,), (torch.ones_like(x1),))[1]}


@claim(
    "thm-reg-gaussian",
    source="own; cho2009: equation 6; sahs2022: section 2.6.1, which weighs by $1 / p(\\beta) \\propto 1 + x^2$",
    check=equals(_mean_over_directions, on=lambda generator: (2 * normal(generator, 6, 1), 2 * normal(generator, 5))),
    wrong={r"$\theta$ left out": {"angle": 0.0}, r"$f''^2$ weighed by $1 / p(\beta)$": {"weight": 1.0}},
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
        bends = signs(generator, 1) * torch.tensor([0, 1.0, 1, -1, 1]) * (0.5 + uniform(generator, 5))
        x = torch.linspace(-1, 1, 6, dtype=torch.float64) + 0.1 * uniform(generator, 6)
        yield x, torch.cat([0 * x[:1], ((bends.cumsum(0) - 0.7) * torch.diff(x)).cumsum(0)]), 1


def _least_bending(x: Tensor, y: Tensor, n: int) -> dict[str, Tensor | float]:
    """The least Σ |κ_j| of an interpolating line with corners at 121 places or at the data, by linear programming."""
    places = torch.cat([torch.linspace(-1.2, 1.3, 121, dtype=torch.float64), x])
    hinges, line = torch.relu(x[:, None] - places), torch.stack([x, torch.ones_like(x)], dim=1)
    cost = np.r_[np.ones(2 * places.numel()), np.zeros(4)]
    least = float(linprog(cost, A_eq=torch.cat([hinges, -hinges, line, -line], dim=1).numpy(), b_eq=y.numpy()).fun)
    return {"polygon": least, "corner less": least, "values": y, "corners": len(x) - 3}


def _told(function, x: Tensor) -> dict[str, Tensor | int]:
    weights = spikes(function).weights
    return {"corner less": weights.abs().sum(), "values": function(x), "corners": len(weights)}


@claim(
    "prop-reg-bending",
    source="own",
    check=equals(_least_bending, on=corners, tolerance=1e-7),
    also=(lambda x, y, n: least_bending.formula(x, y, n) | _told(cut_corner(x, y, n), x),),
    wrong={
        "the least is the sum of signed bends": lambda x, y, n: (
            least_bending.formula(x, y, n) | {"polygon": torch.diff(torch.diff(y) / torch.diff(x)).sum()}
        ),
        "corners that bend to two sides can be merged": lambda x, y, n: least_bending.formula(x, y, n + 1),
    },
)
def least_bending(x, y, n, *, where=1.0, turns=1.0):
    """Bending of the polygon, and of the line through corners 1 … N, of which n and n + 1 are where two pieces meet."""
    slopes = torch.diff(y) / torch.diff(x)
    before, behind = slopes[n - 1], slopes[n + 1]
    meet = where * (y[n + 1] - y[n] + before * x[n] - behind * x[n + 1]) / (before - behind)
    xs = torch.cat([x[:n], meet[None], x[n + 2 :]])
    ys = torch.cat([y[:n], (y[n] + before * (meet - x[n]))[None], y[n + 2 :]])
    values = torch.from_numpy(np.interp(x.numpy(), xs.numpy(), ys.numpy()))
    bends = [turns * torch.diff(torch.diff(b) / torch.diff(a)).abs().sum() for a, b in ((x, y), (xs, ys))]
    return {"polygon": bends[0], "corner less": bends[1], "values": values, "corners": len(xs) - 2}
