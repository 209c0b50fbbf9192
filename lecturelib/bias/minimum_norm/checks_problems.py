"""Problems on which the claims of the chapter `bias/minimum_norm` are tried, and other ways to solve them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from scipy.linalg import null_space
from torch import Generator, Tensor

from lecturelib.core.problems import normal, uniform

Problem = tuple[Tensor, Tensor, Tensor]


def problems(generator: Generator) -> Iterator[Problem]:
    """(A, b, start): fewer data than weights, a row twice, more data than weights, a singular value twice."""
    wide, tall = normal(generator, 3, 5), normal(generator, 5, 3)
    ends = torch.linalg.qr(normal(generator, 4, 3)).Q, torch.linalg.qr(normal(generator, 6, 3)).Q
    twin = ends[0] * torch.tensor([2.0, 2.0, 1.0]).double() @ ends[1].T
    for a in (wide, torch.cat([wide[:2], wide[:1]]), tall, twin):
        yield a, normal(generator, len(a)), 2 * normal(generator, a.shape[1])


def fitted(generator: Generator) -> Iterator[Problem]:
    """Those of the problems whose data can be fitted, made so where they cannot."""
    for a, _, start in problems(generator):
        yield a, a @ normal(generator, a.shape[1]), start


def steepest(a: Tensor) -> float:
    """σ_1²."""
    return float(torch.linalg.eigvalsh(a.T @ a)[-1])


def free_directions(a: Tensor) -> Tensor:
    """An orthonormal basis of the directions that the data do not see, as columns."""
    return torch.as_tensor(null_space(a.numpy(), rcond=1e-10))


def nearest(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
    """Any minimizer of ‖A w − b‖, moved along the free directions until it is nearest to the start."""
    stretch = torch.linspace(1, 3, a.shape[1], dtype=a.dtype)  # so that it is not the one of least norm
    some = stretch * torch.linalg.lstsq(a * stretch, b[:, None], driver="gelsd").solution[:, 0]
    free = free_directions(a)
    return some + free @ (free.T @ (start - some))


def after(a: Tensor, b: Tensor, start: Tensor, rate: float, doublings: int, decay: float = 0.0) -> Tensor:
    """The weights after 2^doublings steps: the affine map of a step, squared so often."""
    d = len(start)
    step = torch.eye(d + 1, dtype=a.dtype)
    step[:d, :d] -= rate * (a.T @ a + decay * torch.eye(d, dtype=a.dtype))
    step[:d, d] = rate * a.T @ b
    for _ in range(doublings):
        step = step @ step
    return (step @ torch.cat([start, start.new_ones(1)]))[:d]


def certified(generator: Generator) -> Iterator[Problem]:
    """(A, b, α): columns scaled so that some ν has aᵢᵀν = ±1 for the first three, and up to 0.6 for the others."""
    a, nu = normal(generator, 3, 7), normal(generator, 3)
    wanted = torch.cat([torch.ones(3), torch.linspace(0, 0.6, 4)]) * torch.sign(nu @ a)
    a = a * (wanted / (nu @ a))
    w = torch.cat([torch.sign(nu @ a)[:3] * (0.5 + uniform(generator, 3)), torch.zeros(4)])
    yield a, a @ w, uniform(generator, 7, low=0.7, high=1.4)
