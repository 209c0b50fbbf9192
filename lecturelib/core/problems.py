"""Random numbers that problems of checks are made of, all in float64 from a generator that is passed in."""

from __future__ import annotations

import torch
from torch import Generator, Tensor


def normal(generator: Generator, *shape: int) -> Tensor:
    """Standard normal numbers of this shape."""
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def uniform(generator: Generator, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Numbers of this shape between `low` and `high`."""
    return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)


def sizes(generator: Generator, *shape: int) -> Tensor:
    """Positive numbers of this shape, from about 1/5 to 5: scales, distances, steps."""
    return torch.exp(0.8 * normal(generator, *shape).clamp(-2, 2))


def signs(generator: Generator, *shape: int) -> Tensor:
    """+1 and −1 with equal probability."""
    return 2.0 * torch.randint(0, 2, shape, generator=generator).double() - 1.0
