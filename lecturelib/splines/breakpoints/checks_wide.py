"""Claims of the chapter `splines/breakpoints` on wide networks: means over draws are sums over all that may be drawn.

A density is cut into a few nodes with weights by Gauss's rule. Of H independent neurons every combination of nodes is a
whole network, so that means and variances over draws come out to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform
from lecturelib.splines.breakpoints.checks_problems import quadrature
from lecturelib.splines.breakpoints.expansion import curvature_density


def combinations(nodes: Tensor, weights: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """All networks of neurons that are at nodes, (R, width, …), and their weights, (R,)."""
    index = torch.cartesian_prod(*[torch.arange(len(nodes))] * width).reshape(-1, width)
    return nodes[index], weights[index].prod(-1)


# Networks made for a function


@dataclass(frozen=True)
class Task:
    """The function f(x) = c x + r⁴ − a r³ with r = (x − start)₊, to be made at x by networks of this width.

    The density of breakpoints grows by e^tilt from `start` to `start` + `length`. Below it is 0, and f is straight.
    """

    width: int
    tilt: float
    low: Tensor
    start: Tensor
    length: Tensor
    a: Tensor
    c: Tensor
    x: Tensor

    def f(self, x: Tensor) -> Tensor:
        return self.c * x + torch.relu(x - self.start) ** 4 - self.a * torch.relu(x - self.start) ** 3

    def curvature(self, x: Tensor) -> Tensor:
        return 12 * torch.relu(x - self.start) ** 2 - 6 * self.a * torch.relu(x - self.start)

    def density(self, beta: Tensor) -> Tensor:
        grown = torch.exp(self.tilt * (beta - self.start) / self.length)
        return self.tilt * grown / math.expm1(self.tilt) / self.length

    @cached_property
    def draws(self) -> tuple[Tensor, Tensor]:
        """β and weights of all networks; the probability is cut where the hinges have their kink at x."""
        rise = math.expm1(self.tilt)
        below = torch.expm1(self.tilt * (self.x - self.start) / self.length) / rise
        u, weights = quadrature(torch.cat([0 * below, below]), torch.cat([below, 0 * below + 1]), 16)
        nodes = self.start + self.length * torch.log1p(u.flatten() * rise) / self.tilt
        return combinations(nodes, weights.flatten(), self.width)

    def networks(self, jump=1.0, power=-1.0, width=-1.0, slope=1.0, value=1.0) -> Tensor:
        """Values at x of the networks that are made for the function: (R,)."""
        beta = self.draws[0]
        jumps = jump * self.curvature(beta) * self.width**width * self.density(beta) ** power
        line = value * self.f(self.low) + slope * self.c * (self.x - self.low)
        return line + (jumps * torch.relu(self.x - beta)).sum(1)


def tasks(generator: Generator) -> Iterator[Task]:
    """A density that rises, a uniform one, one that falls, and one that is 0 where the function is straight."""
    for width, tilt, straight in ((1, 1.0, 0.0), (2, 1e-9, 0.0), (3, -1.0, 0.0), (2, 0.7, 0.4)):
        low, c, share = normal(generator, 1), normal(generator, 1), uniform(generator, 1, low=0.3)
        length, a = uniform(generator, 2, 1, low=1.0, high=2.0)
        yield Task(width, tilt, low, low + straight, length, a, c, low + straight + share * length)


@claim(
    "thm-expansion",
    source="sahs2022: section 2.1.1",
    check=equals(lambda task: task.f(task.x)[0], on=tasks),
    wrong={
        r"jumps $c(\beta_i) / H$": {"power": 0.0},
        r"jumps $c(\beta_i) p(\beta_i) / H$": {"power": 1.0},
        "without the slope at the left end": {"slope": 0.0},
    },
)
def expansion(task, *, jump=1.0, power=Exponent(-1), width=Exponent(-1), slope=1.0, value=1.0):
    return task.draws[1] @ task.networks(jump, power, width, slope, value)


def variance(task: Task) -> Tensor:
    """Of the values of all networks."""
    values, weights = task.networks(), task.draws[1]
    return weights @ values**2 - (weights @ values) ** 2


@claim(
    "thm-spread",
    source="own",
    check=equals(variance, on=tasks),
    wrong={
        r"a standard deviation that falls as $1/H$": {"width": -2.0},
        "without the density": {"power": 0.0},
        "without subtracting the square of the mean": {"second": 0.0},
    },
)
def fluctuations(task, *, first=1.0, second=-1.0, power=Exponent(-1), width=Exponent(-1)):
    beta, step = quadrature(task.start, task.x)
    hinge = task.curvature(beta) * (task.x - beta)
    mean_square = first * (step * hinge**2 * task.density(beta) ** power).sum()
    return task.width**width * (mean_square + second * (step * hinge).sum() ** 2)


# Weights drawn at random


def intervals(generator: Generator) -> Iterator[tuple[Tensor, ...]]:
    """x₁ < x₂ on either side of 0 or both on one, and the scales of w, b and v, (1,) each."""
    for middle in (0.0, 2.0, -2.0):
        scales = uniform(generator, 3, 1, low=0.5, high=2.0)
        yield (*(middle + uniform(generator, 2, 1, low=0.3, high=1.3) * torch.tensor([[-1.0], [1.0]])), *scales)


def change_of_slope(x1, x2, w_scale, b_scale, v_scale) -> dict[str, Tensor]:
    """Variance of f′(x₂) − f′(x₁) over all networks of one and of two neurons.

    In polar coordinates of (w/σ_w, b/σ_b) a neuron turns active at x₁ or x₂ at two angles and their opposites. Half the
    squared radius has an exponential law, for which two nodes do, and v is ±σ_v: exact for what is quadratic in both.
    """
    cuts = torch.sort(torch.atan(-w_scale * torch.cat([x1, x2]) / b_scale))[0]
    quarter = torch.full_like(x1, math.pi / 2)
    edges = torch.cat([-quarter, cuts, quarter, cuts + math.pi, 3 * quarter])
    angles, arcs = quadrature(edges[:-1], edges[1:], 12)
    halves, shares = (torch.from_numpy(part) for part in np.polynomial.laguerre.laggauss(2))
    angle, half, sign = torch.cartesian_prod(angles.flatten(), halves, torch.tensor([-1.0, 1.0]).double()).T
    weights = torch.cartesian_prod(arcs.flatten() / (2 * math.pi), shares, torch.full((2,), 0.5).double()).prod(1)
    radius = torch.sqrt(2 * half)
    neurons = torch.stack([w_scale * radius * torch.cos(angle), b_scale * radius * torch.sin(angle), v_scale * sign], 1)
    found = {}
    for width in (1, 2):
        drawn, chance = combinations(neurons, weights, width)
        w, b, v = drawn.unbind(-1)
        jumps = v * w * ((w * x2 + b > 0).double() - (w * x1 + b > 0).double())
        change = jumps.sum(1) / math.sqrt(width)
        found[f"width {width}"] = chance @ change**2 - (chance @ change) ** 2
    return found


def integrated(density: Callable, x1: Tensor, x2: Tensor) -> dict[str, Tensor]:
    """∫ of a density from x₁ to x₂, which is claimed for every width."""
    x, step = quadrature(x1, x2, 120)
    return dict.fromkeys(("width 1", "width 2"), (step * density(x)).sum())


def by_the_library(x1, x2, w, b, v):
    return integrated(lambda x: curvature_density(x, weight_scale=w[0], bias_scale=b[0], output_scale=v[0]), x1, x2)


@claim(
    "thm-noise",
    source="patel: theorem 1; own",
    check=equals(change_of_slope, on=intervals),
    also=(by_the_library,),
    wrong={
        "delta-slopes independent of breakpoints": lambda x1, x2, w, b, v: integrated(
            lambda x: (w * v) ** 2 * w * b / (torch.pi * (b**2 + w**2 * x**2)), x1, x2
        ),
        "the factor 2 left out": {"factor": 1.0},
        "the power $3/2$ in place of 2": {"power": 1.5},
    },
)
def white_noise(
    x1, x2, w, b, v, *, factor=2.0, v_power=Exponent(2), w_power=Exponent(3), b_power=Exponent(3), power=Exponent(2)
):
    height = factor * v**v_power * w**w_power * b**b_power / torch.pi
    return integrated(lambda x: height / (b**2 + w**2 * x**2) ** power, x1, x2)
