"""Claims of the page behind `bias/minimum_norm`: noise, how fast sparsity comes, and other coordinates."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from lecturelib.bias.minimum_norm.checks_problems import after, certified, free_directions, problems, steepest
from lecturelib.bias.minimum_norm.diagonal import diagonal_limit
from lecturelib.bias.minimum_norm.memory import kicked_descent
from lecturelib.core.checking import equals, falls_as, has_mean
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.least_squares import least_norm
from lecturelib.core.problems import normal, sizes

# Noise in every step

RUNS, LENGTHS = 30_000, (5, 40)


def noisy(generator: Generator) -> Iterator[tuple]:
    """(A, b, start, size of the noise, rate, decay): with decay, and without."""
    a = normal(generator, 3, 7)
    a = torch.cat([a, a[:1]])  # a row twice: the rank is less than the number of data
    for decay in (0.0, 0.1 * steepest(a)):
        yield a, normal(generator, 4), normal(generator, 7), 0.3, 0.8 / steepest(a), decay


def free_walks(generator: Generator, a, b, start, size, rate, decay) -> Tensor:
    """Squared distance along free directions from where the path without noise is, after 5 and 40 steps: (runs, 2)."""
    kicks = size * normal(generator, RUNS, LENGTHS[-1], len(start))
    noisy_path = kicked_descent(a, b, start, kicks, learning_rate=rate, decay=decay)
    quiet = kicked_descent(a, b, start, 0 * kicks[0], learning_rate=rate, decay=decay)
    return ((noisy_path - quiet)[:, LENGTHS] @ free_directions(a)).square().sum(-1)


@claim(
    "prop-norm-noise",
    source="own",
    check=has_mean(free_walks, on=noisy),
    wrong={
        "all directions": {"seen": 0.0},
        "one step less": {"late": 1},
        r"$1 - \eta\lambda$ in place of its square": {"twice": 1.0},
    },
)
def noise(a, b, start, size, rate, decay, *, seen=1.0, twice=2.0, power=Exponent(2.0), late=0):
    still = (1 - rate * decay) ** twice
    steps = torch.tensor(LENGTHS, dtype=torch.float64) - late
    grown = steps if decay == 0 else (1 - still**steps) / (1 - still)
    return size**power * (len(start) - seen * int(torch.linalg.matrix_rank(a))) * grown


# How fast the least ℓ1 norm comes


def distance(generator: Generator, size: float, a: Tensor, b: Tensor, _: Tensor) -> Tensor:
    """What weights of the others are left at α = 1/size, (4,) without the one that never is more than α²."""
    return diagonal_limit(a, b, scale=1 / size)[4:].abs()


@claim(
    "prop-norm-speed",
    source="own",
    check=falls_as(distance, [1e6, 1e8, 1e10], on=certified),
    wrong={
        r"$\alpha^2$ for all": lambda a, b, _: torch.full((3,), -2.0, dtype=torch.float64),
        r"$\alpha^{1 - \kappa_i}$": {"two": 1.0},
    },
)
def speed(a, b, _, *, two=2.0, one=1.0):
    """The exponents, by ν of the dual problem: Aᵀν is ±1 where the least ℓ1 norm has entries."""
    nu = torch.linalg.solve(a[:, :3].T, torch.sign(torch.linalg.solve(a[:, :3], b)))
    return -two * (one - (nu @ a)[4:].abs())


# Other coordinates


def scaled(generator: Generator) -> Iterator[tuple[Tensor, ...]]:
    """A problem whose inputs are measured in other units, each with a factor of its own."""
    for a, b, start in problems(generator):
        yield a, b, start, sizes(generator, a.shape[1])


def in_other_units(a: Tensor, b: Tensor, start: Tensor, units: Tensor) -> Tensor:
    """The end of descent on weights of inputs that are `units` times as large, back in the old weights."""
    inputs = a * units
    return units * after(inputs, b, start / units, 1 / steepest(inputs), 22)


@claim(
    "prop-norm-units",
    source="own",
    check=equals(in_other_units, on=scaled, tolerance=1e-7),
    also=(lambda a, b, start, units: units * least_norm(a * units, b, start / units),),
    wrong={
        "units do not matter": {"power": 0.0},
        r"$\sum_j c_j^2 (w_j - w_{0j})^2$": {"power": 2.0},
    },
)
def units_matter(a, b, start, units, *, power=Exponent(-2.0), fit=1.0):
    """Of the least-squares solutions the one of least Σ (w_j − start_j)²/c_j², by equations on free directions."""
    free, weight, some = free_directions(a), units**power, least_norm(a, b)
    move = torch.linalg.solve(free.T @ (weight[:, None] * free), free.T @ (weight * (start - some)))
    return fit * some + free @ move
