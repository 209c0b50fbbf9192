"""Claims of the chapter `splines/breakpoints` on wide networks: means over draws are sums over all that may be drawn.

A density is cut into a few nodes with weights by Gauss's rule. Of H independent neurons every combination of nodes is a
whole network, so that means and variances over draws come out to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import torch
from torch import Generator, Tensor
from torch.special import ndtr

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform
from lecturelib.splines.breakpoints.checks_problems import quadrature
from lecturelib.splines.breakpoints.expansion import curvature_density


def combinations(nodes: Tensor, weights: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """All networks of neurons that are at nodes, (R, width), and their weights, (R,)."""
    index = torch.cartesian_prod(*[torch.arange(len(nodes))] * width).reshape(-1, width)
    return nodes[index], weights[index].prod(-1)


def variance(values: Tensor, weights: Tensor) -> Tensor:
    return weights @ values**2 - (weights @ values) ** 2


# Networks made for a function


def task(generator: Generator, width: int, tilt: float, straight: float) -> tuple[SimpleNamespace]:
    """f(x) = c x + r⁴ − a r³ with r = (x − start)₊, to be made at x, and all networks: β (R, width), weights (R,).

    The density of breakpoints grows by e^tilt from `start` to the right end, and is 0 below, where f is straight.
    """
    low, c, share = normal(generator, 1), normal(generator, 1), uniform(generator, 1, low=0.3)
    (length, a), start, rise = uniform(generator, 2, 1, low=1.0, high=2.0), low + straight, math.expm1(tilt)
    # the share u of breakpoints lies left of a place; it is cut where the hinges have their kink at x
    u, weights = quadrature(torch.cat([0 * share, share]), torch.cat([share, 0 * share + 1]), 16)
    x, *places = (start + length * torch.log1p(part * rise) / tilt for part in (share, u.flatten()))
    one = SimpleNamespace(low=low, c=c, start=start, x=x, width=width)
    one.f = lambda x: c * x + torch.relu(x - start) ** 4 - a * torch.relu(x - start) ** 3
    one.curvature = lambda x: 12 * torch.relu(x - start) ** 2 - 6 * a * torch.relu(x - start)
    one.density = lambda x: tilt * torch.exp(tilt * (x - start) / length) / rise / length
    one.beta, one.weights = combinations(*places, weights.flatten(), width)
    return (one,)


def tasks(generator: Generator) -> list[tuple[SimpleNamespace]]:
    """A density that rises, a uniform one, one that falls, and one that is 0 where the function is straight."""
    return [task(generator, *kind) for kind in ((1, 1.0, 0.0), (2, 1e-9, 0.0), (3, -1.0, 0.0), (2, 0.7, 0.4))]


def networks(task: SimpleNamespace, jump=1.0, power=-1.0, width=-1.0, slope=1.0, value=1.0) -> Tensor:
    """Values at x of the networks that are made for the function: (R,)."""
    jumps = jump * task.curvature(task.beta) * task.width**width * task.density(task.beta) ** power
    line = value * task.f(task.low) + slope * task.c * (task.x - task.low)
    return line + (jumps * torch.relu(task.x - task.beta)).sum(1)


def over_all_draws(task: SimpleNamespace) -> dict[str, Tensor]:
    """Mean and variance at x over all networks that may be drawn; the mean has to be f itself."""
    drawn = networks(task)
    return {"mean": task.f(task.x)[0], "variance": variance(drawn, task.weights)}


@claim(
    "thm-expansion",
    source="sahs2022: section 2.1.1; own",
    check=equals(over_all_draws, on=tasks),
    wrong={
        r"jumps $c(\beta_i) / H$": {"power": 0.0},
        "without the slope at the left end": {"slope": 0.0},
        r"a variance that falls as $1/H^2$": {"falls": -2.0},
        "no density in the variance": {"spread": 0.0},
        "a mean square for the variance": {"second": 0.0},
    },
)
def expansion(
    task, *, jump=1.0, power=Exponent(-1), width=Exponent(-1), slope=1.0, value=1.0,
    first=1.0, second=-1.0, spread=Exponent(-1), falls=Exponent(-1),
):  # fmt: skip
    mean = task.weights @ networks(task, jump, power, width, slope, value)
    beta, step = quadrature(task.start, task.x)
    hinge = task.curvature(beta) * (task.x - beta)
    mean_square = first * (step * hinge**2 * task.density(beta) ** spread).sum()
    return {"mean": mean, "variance": task.width**falls * (mean_square + second * (step * hinge).sum() ** 2)}


# Weights drawn at random


def intervals(generator: Generator) -> Iterator[tuple[Tensor, ...]]:
    """x₁ < x₂ on either side of 0 or both on one, and the scales of w, b and v, (1,) each."""
    for middle in (0.0, 2.0, -2.0):
        scales = uniform(generator, 3, 1, low=0.5, high=2.0)
        yield (*(middle + uniform(generator, 2, 1, low=0.3, high=1.3) * torch.tensor([[-1.0], [1.0]])), *scales)


def change_of_slope(x1, x2, w_scale, b_scale, v_scale) -> dict[str, Tensor]:
    """Variance of f′(x₂) − f′(x₁) over all networks of one and of two neurons.

    At given w a neuron turns on or off in between with a known probability, and then adds ± w v. For |v| the scale of v
    does, since the variance is quadratic in v; w > 0 does, since the sign is free.
    """
    edges = 10 * 0.5 ** torch.arange(9.0, -1, -1, dtype=torch.float64)
    w, weights = (part.flatten() for part in quadrature(torch.cat([0 * edges[:1], edges[:-1]]), edges, 14))
    weights = weights * torch.exp(-(w**2) / 2) * math.sqrt(2 / math.pi)
    turns = (ndtr(w_scale * w * x2 / b_scale) - ndtr(w_scale * w * x1 / b_scale)) * weights
    changes = v_scale * w_scale * torch.cat([w, -w, 0 * w[:1]])
    chances = torch.cat([turns / 2, turns / 2, 1 - turns.sum(0, keepdim=True)])
    drawn = {f"width {width}": combinations(changes, chances, width) for width in (1, 2)}
    return {name: variance(one.sum(1) / math.sqrt(one.shape[1]), chance) for name, (one, chance) in drawn.items()}


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
    },
)
def white_noise(
    x1, x2, w, b, v, *, factor=2.0, v_power=Exponent(2), w_power=Exponent(3), b_power=Exponent(3), power=Exponent(2)
):
    height = factor * v**v_power * w**w_power * b**b_power / torch.pi
    return integrated(lambda x: height / (b**2 + w**2 * x**2) ** power, x1, x2)
