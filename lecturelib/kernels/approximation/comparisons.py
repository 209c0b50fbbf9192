"""What the chapter measures: drawn hinges on a line, and fixed bases beside neurons drawn for a wave."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from lecturelib.kernels.approximation.curves import Curve
from lecturelib.kernels.approximation.waves import Waves, maurey

POINTS, DRAWS, RUNS = 4000, 5, 10


def drawn_hinges(curve: Curve, width: int, x: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Hinges drawn from |f″| on [−1, 1], all with the same |weight|: their places (m,), and the network at x, (N,).

    Places are those of a grid of 2,001; value and slope at −1 are those of the curve, by a difference.
    """
    grid = torch.linspace(-1, 1, 2001, dtype=torch.float64)
    second = torch.tensor([curve.second(float(one)) for one in grid], dtype=torch.float64)
    drawn = torch.multinomial(second.abs(), width, replacement=True, generator=generator)
    weights = 2 * second.abs().mean() / width * torch.sign(second[drawn])
    first, next_to = curve.function(torch.tensor([-1.0, -1.0 + 1e-6], dtype=torch.float64))
    line = first + (next_to - first) / 1e-6 * (x + 1)
    return grid[drawn], line + torch.relu(x[:, None] - grid[drawn]) @ weights


def half_vectors(dimension: int, length: int) -> Iterator[tuple[int, ...]]:
    """Integer vectors with ‖k‖₁ = length, one of each pair k, −k."""

    def every(dimension: int, length: int) -> Iterator[tuple[int, ...]]:
        if dimension == 1:
            yield from {(length,), (-length,)}
            return
        for first in range(-length, length + 1):
            for rest in every(dimension - 1, length - abs(first)):
                yield (first, *rest)

    return (k for k in every(dimension, length) if next(one for one in k if one) > 0)


def worst_errors(dimension: int, width: int, generator: Generator) -> dict[str, list[float]]:
    """Root mean square errors of the worst wave cos or sin(πk·x) with C = 1, among the 1.3 m shortest or more.

    neurons: m random ReLU neurons, drawn again and again; slow: a constant and the m − 1 slowest waves, both fitted at
    2,000 random points and measured at 2,000 others; drawn: m steps drawn for the shortest and for the longest wave.
    """
    x = 2 * torch.rand(POINTS, dimension, generator=generator, dtype=torch.float64) - 1
    found, length = [], 0
    while 2 * len(found) <= 1.3 * width:
        length += 1
        found += sorted(half_vectors(dimension, length))
    k = torch.tensor(found, dtype=torch.float64)
    angle = math.pi * x @ k.T
    waves = torch.stack([angle.cos(), angle.sin()], -1).flatten(1)
    amplitudes = 1 / (math.pi * k.abs().sum(1))

    def worst(basis: Tensor) -> float:
        half = POINTS // 2
        fitted = torch.linalg.lstsq(basis[:half], waves[:half], driver="gelsd").solution
        missed = (basis[half:] @ fitted - waves[half:]).square().mean(0).sqrt()
        return float((missed * amplitudes.repeat_interleave(2)).max())

    def random_neurons() -> Tensor:
        w = torch.randn(dimension, width, generator=generator, dtype=torch.float64) / math.sqrt(dimension)
        return torch.relu(x @ w + 2 * torch.rand(width, generator=generator, dtype=torch.float64) - 1)

    def drawn(place: int) -> float:
        f, at = Waves(amplitudes[place, None], math.pi * k[place, None], [0.0]), x[:300]
        return float((maurey(f, width, generator, ensemble=(RUNS,))(at) - f(at)).square().mean().sqrt())

    slowest = torch.cat([torch.ones_like(x[:, :1]), waves[:, : width - 1]], 1)
    neurons = [worst(random_neurons()) for _ in range(DRAWS)]
    return {"neurons": neurons, "slow": [worst(slowest)], "drawn": [drawn(0), drawn(-1)]}
