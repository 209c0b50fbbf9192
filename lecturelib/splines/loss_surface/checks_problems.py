"""Splines, networks and data on which statements about the loss surface are checked, and the loss by its definition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

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


def loss_at(spline: Spline, x: Tensor, y: Tensor, beta: Tensor) -> Tensor:
    """The loss with the last breakpoint at each of beta, (B,)."""
    moved = torch.cat([spline.breakpoints[:-1].expand(len(beta), -1), beta[:, None]], 1)
    return 0.5 * (curve(moved, spline.delta_slopes, spline.orientations, spline.b0, x) - y).square().sum(-1)


def slices(generator: Generator) -> Iterator[tuple[Spline, Tensor, Tensor]]:
    """(spline, x, y): data unsorted, two at one place, breakpoints anywhere, the last, which moves, upon a datum."""
    for width, side in product((1, 6), (1.0, -1.0)):
        x = shuffled(generator, places(generator, 7))
        beta, facing = 2 * normal(generator, width), signs(generator, width)
        beta[0], beta[-1], facing[-1] = x[2], x[0], side
        mu = signs(generator, width) * uniform(generator, width, low=0.4, high=2)
        yield Spline(beta, mu, facing, 0.3), x, normal(generator, len(x))


def in_gaps(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Three places in each gap between data and beyond them, between the ends of these gaps: low, at, high."""
    knots = torch.unique(x)
    knots = torch.cat([knots[:1] - 1, knots, knots[-1:] + 1])
    low, high = (part.repeat(3) for part in (knots[:-1], knots[1:]))
    return low, torch.lerp(low, high, torch.linspace(0.1, 0.9, len(low), dtype=x.dtype)), high


def second(value: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Twice the divided differences over low, at, high: the second derivative, exactly, where there are parabolas."""
    low, at, high = in_gaps(x)
    left, here, right = value(low), value(at), value(high)
    return 2 * ((right - here) / (high - at) - (here - left) / (at - low)) / (high - low)


def cells(generator: Generator, count=30, *, again=True, lonely=False) -> Iterator[tuple[Network, Tensor]]:
    """(network, x) with breakpoints between data or beyond them, v ≠ 0: twins, dead neurons, some active on all data.

    again: one datum stands twice; lonely: a breakpoint stands in each gap.
    """
    for k in range(count):
        x = places(generator, int(torch.randint(3, 6 if lonely else 9, (), generator=generator)))
        width = len(x) - 1 + k % 5 if lonely else 1 + k // 3 % 6
        gap = torch.randint(0, len(x) + 1, (width,), generator=generator)
        if lonely:
            gap[: len(x) - 1] = torch.arange(1, len(x))
        walls = torch.cat([x[:1] - 1, x, x[-1:] + 1])
        beta = torch.lerp(walls[gap], walls[gap + 1], uniform(generator, width, low=0.1, high=0.9))
        w, v = uniform(generator, 2, width, low=0.5, high=2)
        w = w * signs(generator, width if k % 3 else 1)  # a third of them all face one way
        yield Network(w, -w * beta, v * signs(generator, width), 0.2), shuffled(generator, x) if again else x


def cut(network: Network, x: Tensor, *, right=1, left=0, far_left=0, far_right=1) -> tuple[Tensor, Tensor, Tensor]:
    """Which data lie in each piece, (H + 1, N), how many distinct ones, and its turn for ends with these numbers.

    A neuron with w = 0 counts as one that faces right, far left of all data where it is active, else far right.
    """
    beta, order = torch.sort(-network.b / network.w.abs().where(network.w == 0, network.w))
    ends = [far_left, *(right if w >= 0 else left for w in network.w[order]), far_right]
    piece = torch.arange(len(ends) - 1)[:, None]
    inside, distinct = (torch.searchsorted(beta, data) == piece for data in (x, torch.unique(x)))
    return inside.double(), distinct.sum(1), torch.tensor(ends).double().diff()


def forced(counts: Tensor, turns: Tensor, fewest: int = 2) -> bool:
    """Is T = 0 forced: does some piece with a turn hold data at fewer than two places?"""
    return bool((counts[turns != 0] < fewest).any())


def onto_kernel(matrix: Tensor) -> Tensor:
    """The orthogonal projection onto all vectors that a matrix takes to 0."""
    return torch.eye(matrix.shape[1], dtype=matrix.dtype) - torch.linalg.pinv(matrix, rtol=1e-9) @ matrix
