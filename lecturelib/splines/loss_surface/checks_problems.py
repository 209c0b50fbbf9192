"""Splines, networks and data on which statements about the loss surface are checked, and the loss by its definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor

from lecturelib.core.problems import normal, signs, uniform
from lecturelib.splines.breakpoints.network import Network, Spline


def places(generator: Generator, size: int) -> Tensor:
    """Increasing numbers about 0, at least ½ apart."""
    return 0.5 * (torch.arange(size) - size // 2) + torch.cumsum(uniform(generator, size, high=0.5), 0) - size / 8


def shuffled(generator: Generator, x: Tensor) -> Tensor:
    """The data in random order, one of them twice."""
    return torch.cat([x, x[:1]])[torch.randperm(len(x) + 1, generator=generator)]


def curve(breakpoints: Tensor, delta_slopes: Tensor, orientations: Tensor, b0, x: Tensor) -> Tensor:
    """Values of splines at x, (..., N), for breakpoints and delta-slopes (..., H) and b0 (..., 1)."""
    distance = x[:, None] - breakpoints[..., None, :]
    return (delta_slopes[..., None, :] * distance * (orientations * distance > 0)).sum(-1) + b0


def loss_at(spline: Spline, x: Tensor, y: Tensor, i: int, beta: Tensor) -> Tensor:
    """The loss with breakpoint i at each of beta, (B,)."""
    moved = spline.breakpoints.repeat(len(beta), 1)
    moved[:, i] = beta
    values = curve(moved, spline.delta_slopes, spline.orientations, spline.b0, x)
    return 0.5 * (values - y).square().sum(-1)


def slices(generator: Generator) -> Iterator[tuple[Spline, Tensor, Tensor, int]]:
    """(spline, x, y, neuron that moves): data unsorted, two at one place, breakpoints anywhere, one upon a datum."""
    for width in (1, 6):
        for side in (1.0, -1.0):
            x = shuffled(generator, places(generator, 7))
            beta, facing = 2 * normal(generator, width), signs(generator, width)
            beta[-1], facing[0] = x[0], side
            mu = signs(generator, width) * uniform(generator, width, low=0.4, high=2)
            yield Spline(beta, mu, facing, 0.3), x, normal(generator, len(x)), 0


def in_gaps(generator: Generator, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Three places in each gap between data and beyond them, between the ends of these gaps: low, at, high."""
    knots = torch.unique(x)
    knots = torch.cat([knots[:1] - 1, knots, knots[-1:] + 1])
    low, high = (part.repeat(3) for part in (knots[:-1], knots[1:]))
    return low, low + (high - low) * uniform(generator, len(low), low=0.1, high=0.9), high


def second(value: Callable[[Tensor], Tensor], low: Tensor, at: Tensor, high: Tensor) -> Tensor:
    """Twice the divided difference over each three places: the second derivative, exactly, of a parabola."""
    left, here, right = value(low), value(at), value(high)
    return 2 * ((right - here) / (high - at) - (here - left) / (at - low)) / (high - low)


def cells(
    generator: Generator, count: int = 30, *, again: bool = True, lonely: bool = False
) -> Iterator[tuple[Network, Tensor]]:
    """(network, x) with breakpoints between data or beyond them, v ≠ 0: twins, dead neurons, some active on all data.

    again: one datum stands twice; lonely: a breakpoint stands in each gap.
    """
    for k in range(count):
        points = int(torch.randint(3, 6 if lonely else 9, (), generator=generator))
        width = points - 1 + k % 5 if lonely else 1 + k // 3 % 6
        x = places(generator, points)
        walls = torch.cat([x[:1] - 1, x, x[-1:] + 1])
        gap = torch.randint(0, points + 1, (width,), generator=generator)
        if lonely:
            gap[: points - 1] = torch.arange(1, points)
        beta = walls[gap] + uniform(generator, width, low=0.1, high=0.9) * (walls[gap + 1] - walls[gap])
        facing = signs(generator, width) if k % 3 else signs(generator, 1)  # a third of them all face one way
        w, v = uniform(generator, 2, width, low=0.5, high=2) * torch.stack(
            [facing.expand(width), signs(generator, width)]
        )
        yield Network(w, -w * beta, v, 0.2), shuffled(generator, x) if again else x


def cut(
    network: Network, x: Tensor, *, right: float = 1, left: float = 0, far_left: float = 0, far_right: float = 1
) -> tuple[Tensor, Tensor]:
    """Which data lie in each piece, (H + 1, N), and the turns of the pieces, (H + 1,), for ends with these numbers.

    A neuron with w = 0 counts as one that faces right, far left of all data where it is active, else far right.
    """
    beta, order = torch.sort(-network.b / network.w.abs().where(network.w == 0, network.w))
    ends = torch.where(network.w[order] >= 0, right, left)
    ends = torch.cat([torch.tensor([far_left]), ends, torch.tensor([far_right])]).double()
    return torch.searchsorted(beta, x) == torch.arange(len(beta) + 1)[:, None], ends.diff()


def held(inside: Tensor, x: Tensor) -> Tensor:
    """How many distinct data each piece holds."""
    return torch.tensor([len(torch.unique(x[row])) for row in inside])


def onto_kernel(matrix: Tensor) -> Tensor:
    """The orthogonal projection onto all vectors that a matrix takes to 0."""
    _, sizes, right = torch.linalg.svd(matrix, full_matrices=True)
    kernel = right[int((sizes > 1e-9 * sizes[0]).sum()) :]
    return kernel.T @ kernel
