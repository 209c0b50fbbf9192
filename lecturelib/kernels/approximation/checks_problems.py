"""Problems for the claims of `kernels/approximation`: functions with known curvature, waves, spaces of functions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from lecturelib.core.problems import normal, signs, sizes, uniform
from lecturelib.kernels.approximation.waves import Waves


@dataclass(frozen=True)
class Convex:
    """A convex function with its second derivative, and where its slope has a given value."""

    f: Callable[[float], float]
    second: Callable[[Tensor], Tensor]
    where: Callable[[float], float]

    def missed(self, low: float, high: float) -> float:
        """The error of the best straight line from low to high: half of that of the chord."""
        if not low < high:
            return 0.0
        slope = (self.f(high) - self.f(low)) / (high - low)
        x = self.where(slope)
        return (self.f(low) + slope * (x - low) - self.f(x)) / 2

    def best_error(self, low: float, high: float, pieces: int) -> float:
        """The least error of so many straight pieces, which is that where all of them have the same."""

        def reaches(error: float) -> bool:
            at = low
            for _ in range(pieces):
                at = high if self.missed(at, high) <= error else self.longest(at, high, error)
            return at >= high

        return halved(0.0, self.missed(low, high), lambda error: not reaches(error))

    def longest(self, low: float, high: float, error: float) -> float:
        return halved(low, high, lambda end: self.missed(low, end) <= error)


def halved(low: float, high: float, holds: Callable[[float], bool]) -> float:
    """Where what holds at `low` stops to hold, before `high`."""
    for _ in range(42):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return high


def parabola(second: float, tilt: float = 0.0) -> Convex:
    return Convex(
        lambda x: second * x**2 / 2 + tilt * x,
        lambda x: torch.full_like(x, second),
        lambda slope: (slope - tilt) / second,
    )


def exponential(rate: float) -> Convex:
    return Convex(
        lambda x: math.exp(rate * x),
        lambda x: rate**2 * torch.exp(rate * x),
        lambda slope: math.log(slope / rate) / rate,
    )


def catenary(rate: float) -> Convex:
    return Convex(
        lambda x: math.cosh(rate * x),
        lambda x: rate**2 * torch.cosh(rate * x),
        lambda slope: math.asinh(slope / rate) / rate,
    )


def convex(generator: Generator) -> Iterator[tuple[Convex, float, float]]:
    """(f, l, r)."""
    a, b, c = sizes(generator, 3).tolist()
    yield parabola(a, b), -c, 1.0
    yield parabola(b, -a), 0.1, 0.5
    yield exponential(min(a, 2.0)), -1.0, min(b, 1.0)
    yield catenary(1.0 + min(c, 1.0)), -0.5, 1.0


def waves(generator: Generator, dimension: int, count: int, scale: float = 1.0) -> Waves:
    """Waves with frequencies of either sign; one coordinate of the first is 0."""
    frequencies = scale * normal(generator, count, dimension) * (1.0 + torch.arange(count)[:, None])
    if dimension > 1:
        frequencies[0, 0] = 0
    return Waves(normal(generator, count), frequencies, uniform(generator, count, low=-3.0, high=3.0))


def slow_wave(generator: Generator, dimension: int) -> Waves:
    """A sine that is nearly straight, along a diagonal: what leaves the least room below Barron's bound."""
    return Waves(
        sizes(generator, 1), 0.05 * signs(generator, 1, dimension), torch.tensor([-math.pi / 2], dtype=torch.float64)
    )


def integer_vectors(dimension: int, most: int) -> Tensor:
    """All integer vectors with 0 < ‖k‖₁ ≤ most, the shortest first: (n, d)."""
    found = [k for k in itertools.product(range(-most, most + 1), repeat=dimension) if 0 < sum(map(abs, k)) <= most]
    return torch.tensor(sorted(found, key=lambda k: sum(map(abs, k))), dtype=torch.float64)


def wave_basis(dimension: int, most: int, places: int) -> tuple[Tensor, Tensor, Tensor]:
    """Points of a grid (N, d), waves on them with norm 1, one for each vector, (N, n), and ‖k‖₁, (n,).

    The vector whose first number that is not 0 is positive has √2 cos(πk·x), the opposite one √2 sin.
    """
    line = torch.arange(places, dtype=torch.float64) * (2 / places) - 1
    points = torch.cartesian_prod(*[line] * dimension).reshape(-1, dimension)
    vectors = integer_vectors(dimension, most)
    first = torch.stack([next(one for one in k if one != 0) for k in vectors])
    angle = math.pi * points @ vectors.T
    return points, math.sqrt(2) * torch.where(first > 0, angle.cos(), angle.sin()), vectors.abs().sum(1)


def spaces(generator: Generator) -> Iterator[tuple[int, int, float, float]]:
    """(m, d, C, the worst distance of a wave of norm C from some space of m functions)."""
    for dimension, most, places in ((1, 12, 32), (2, 4, 12), (3, 2, 8)):
        points, basis, lengths = wave_basis(dimension, most, places)
        norm = float(sizes(generator, 1))
        shortest = int((lengths == 1).sum())
        neurons = torch.relu(points @ normal(generator, dimension, 9) + normal(generator, 9))
        pairs = basis[:, :shortest] + basis[:, :shortest].flip(1)  # each k with −k: a cosine and a sine
        mixed = basis @ normal(generator, len(lengths), 6)
        for functions in (neurons, pairs[:, : shortest // 2], mixed, basis[:, : shortest + 1]):
            space = torch.linalg.qr(functions)[0]
            kept = (space.T @ basis / math.sqrt(len(points))).square().sum(0)
            size = norm / (math.sqrt(2) * math.pi * lengths)
            yield functions.shape[1], dimension, norm, float((size * (1 - kept).clamp(min=0).sqrt()).max())
