"""Densities in the plane: two that flows are trained on from samples, and four that are known up to a factor.

The checkerboard and the eight Gaussians are those of Grathwohl et al. 2019; the energies those of Rezende and Mohamed
2015. The last three of them have no finite mass in the plane, and get walls at ±4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import softplus

RADIUS, SPREAD = 4 / math.sqrt(2), 0.5 / math.sqrt(2)
"""Of the eight Gaussians: distance of the centres from 0, and their standard deviation."""
WALL = 4.0


@dataclass(frozen=True)
class Target:
    """draw(count, generator) gives points (count, 2), log_density their ln p, entropy −E ln p."""

    draw: Callable[[int, Generator], Tensor]
    log_density: Callable[[Tensor], Tensor]
    entropy: float


def _board(count: int, generator: Generator) -> Tensor:
    first = 4 * torch.rand(count, generator=generator, dtype=torch.float64) - 2
    second = torch.rand(count, generator=generator, dtype=torch.float64)
    second = second - 2 * torch.randint(0, 2, (count,), generator=generator) + first.floor() % 2
    return 2 * torch.stack([first, second], 1)


def _board_density(x: Tensor) -> Tensor:
    square = (x / 2).floor()
    inside = (x.abs() < WALL).all(-1) & (square.sum(-1) % 2 == 0)
    return torch.where(inside, x.new_tensor(-math.log(32)), -math.inf)


def _centres() -> Tensor:
    angle = torch.arange(8, dtype=torch.float64) * math.pi / 4
    return RADIUS * torch.stack([angle.cos(), angle.sin()], 1)


def _eight(count: int, generator: Generator) -> Tensor:
    which = torch.randint(0, 8, (count,), generator=generator)
    return _centres()[which] + SPREAD * torch.randn(count, 2, generator=generator, dtype=torch.float64)


def _eight_density(x: Tensor) -> Tensor:
    apart = (x.unsqueeze(-2) - _centres().to(x)).square().sum(-1) / (2 * SPREAD**2)
    return torch.logsumexp(-apart, -1) - math.log(8 * 2 * math.pi * SPREAD**2)


def square_grid(half: float, points: int) -> Tensor:
    """Midpoints of cells of [−half, half]²: (points², 2), the first coordinate changing last."""
    line = (torch.arange(points, dtype=torch.float64) + 0.5) * 2 * half / points - half
    return torch.cartesian_prod(line, line)


def entropy(log_density: Callable[[Tensor], Tensor], half: float = 6.0, points: int = 400) -> float:
    """−∫ p ln p over [−half, half]², by midpoints."""
    values = log_density(square_grid(half, points))
    return float(-(values.exp() * values).sum() * (2 * half / points) ** 2)


TARGETS = {
    "checkerboard": Target(_board, _board_density, math.log(32)),
    "eight Gaussians": Target(_eight, _eight_density, entropy(_eight_density)),
}


def energies(z: Tensor) -> Tensor:
    """U₁ to U₄ at points (..., 2): (4, ...)."""
    x, y = z.unbind(-1)
    one = torch.sin(math.pi * x / 2)
    two = 3 * torch.exp(-0.5 * ((x - 1) / 0.6) ** 2)
    three = 3 * torch.sigmoid((x - 1) / 0.3)
    wells = -0.5 * ((x.unsqueeze(0) - torch.tensor([[2.0], [-2.0]]).reshape(2, *[1] * x.ndim)) / 0.6) ** 2
    ring = 0.5 * ((z.norm(dim=-1) - 2) / 0.4) ** 2 - torch.logsumexp(wells, 0)
    walls = 0.5 * ((z.abs() - WALL).clamp(min=0) / 0.4).square().sum(-1)
    curves = (
        0.5 * ((y - one) / 0.4) ** 2,
        _either(((y - one) / 0.35) ** 2, ((y - one + two) / 0.35) ** 2),
        _either(((y - one) / 0.4) ** 2, ((y - one + three) / 0.35) ** 2),
    )
    return torch.stack([ring, *(curve + walls for curve in curves)])


def _either(first: Tensor, second: Tensor) -> Tensor:
    """−ln(e^{−first/2} + e^{−second/2})."""
    return first / 2 - softplus((first - second) / 2)


def log_masses(half: float = 7.0, points: int = 1400) -> Tensor:
    """ln ∫ e^{−U} for the four energies, by midpoints: (4,)."""
    return torch.logsumexp(-energies(square_grid(half, points)), 1) + 2 * math.log(2 * half / points)
