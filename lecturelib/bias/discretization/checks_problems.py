"""Problems of the checks of `bias/discretization`: fields and losses of waves, with all derivatives in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Generator, Tensor

from lecturelib.core.problems import normal, sizes, uniform

Speed = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Waves:
    """The field f(w) = A sin(B w + c) + L w.

    With heights a, A = Bᵀ diag(a) and symmetric L it is −∇ of the loss Σ a cos(B w + c) − ½ wᵀL w.
    """

    a: Tensor
    b: Tensor
    c: Tensor
    line: Tensor
    heights: Tensor | None = None

    def __call__(self, w: Tensor) -> Tensor:
        return torch.sin(w @ self.b.T + self.c) @ self.a.T + w @ self.line.T

    def along(self, w: Tensor, v: Tensor) -> Tensor:
        """f′(w) v."""
        return (torch.cos(w @ self.b.T + self.c) * (v @ self.b.T)) @ self.a.T + v @ self.line.T

    def bent(self, w: Tensor, u: Tensor, v: Tensor) -> Tensor:
        """f″(w)(u, v)."""
        return (-torch.sin(w @ self.b.T + self.c) * (u @ self.b.T) * (v @ self.b.T)) @ self.a.T

    def matrix(self, w: Tensor) -> Tensor:
        """f′(w), (d, d)."""
        return (self.a * torch.cos(self.b @ w + self.c)) @ self.b + self.line

    def turning(self, w: Tensor, v: Tensor) -> Tensor:
        """The derivative of f′ in the direction v, (d, d)."""
        return (self.a * (-torch.sin(self.b @ w + self.c) * (self.b @ v))) @ self.b

    def loss(self, w: Tensor) -> Tensor:
        """What the field is minus the gradient of."""
        quadratic = 0.5 * ((w @ self.line) * w).sum(-1)
        return torch.cos(w @ self.b.T + self.c) @ self.heights - quadratic


def landscape(generator: Generator, size: int, waves: int = 4) -> Waves:
    """The descent field of a random loss."""
    heights, b = normal(generator, waves), normal(generator, waves, size) / size**0.5
    root = normal(generator, size, size) / size**0.5
    return Waves(b.T * heights, b, normal(generator, waves), -(root @ root.T), heights)


def fields(generator: Generator) -> Iterator[tuple[Waves, Tensor]]:
    """(field, w): descent of losses, and fields that are no gradient, in one to four dimensions."""
    for size in (1, 2, 4):
        yield landscape(generator, size), normal(generator, size)
    for size in (2, 3):
        a, b, line = normal(generator, size, 4), normal(generator, 4, size), normal(generator, size, size)
        yield Waves(a / 2, b / size**0.5, normal(generator, 4), line / 2), normal(generator, size)


def losses(generator: Generator) -> Iterator[tuple[Waves, Tensor]]:
    """(descent of a loss, w), in two to four dimensions."""
    for size in (2, 2, 3, 4):
        yield landscape(generator, size), normal(generator, size)


def batches(generator: Generator) -> Iterator[tuple[tuple[Waves, ...], Tensor]]:
    """(losses of two to four batches, w)."""
    for count, size in ((2, 1), (3, 2), (4, 3)):
        yield tuple(landscape(generator, size) for _ in range(count)), normal(generator, size)


def mean_field(parts: tuple[Waves, ...]) -> Speed:
    return lambda w: sum(one(w) for one in parts) / len(parts)


def short_flow(field: Speed, w: Tensor, time: float, steps: int = 16) -> Tensor:
    """The flow for a short time, by the classical method of order 4: the error is far below that of one step."""
    h = time / steps
    for _ in range(steps):
        one = field(w)
        two = field(w + h / 2 * one)
        three = field(w + h / 2 * two)
        w = w + h / 6 * (one + 2 * two + 2 * three + field(w + h * three))
    return w


def long_flow(field: Speed, w: Tensor, time: float) -> Tensor:
    """The flow to rounding."""

    def speed(_: float, at: np.ndarray) -> np.ndarray:
        return field(torch.from_numpy(at)).numpy()

    found = solve_ivp(speed, (0.0, time), w.numpy(), method="DOP853", rtol=1e-13, atol=1e-13)
    return torch.from_numpy(found.y[:, -1].copy())


def steps(field: Speed, w: Tensor, h: float, count: int) -> Tensor:
    """Where so many steps of Euler's method end."""
    for _ in range(count):
        w = w + h * field(w)
    return w


def over_all_orders(parts: tuple[Waves, ...], w: Tensor, h: float) -> Tensor:
    """The mean end of an epoch, one order after the other."""
    ends = []
    for order in permutations(parts):
        at = w
        for one in order:
            at = at + h * one(at)
        ends.append(at)
    return torch.stack(ends).mean(0)


def quadratics(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float, int]]:
    """(Hessian, w, h, steps): eigenvalues from −0.9/h to 0.9/h, so that there are saddles among them."""
    for size in (1, 2, 4):
        h = float(sizes(generator, 1)) / 3
        values = torch.cat([uniform(generator, 1, low=0.2, high=0.9), uniform(generator, size - 1, low=-0.9, high=0.9)])
        vectors = torch.linalg.qr(normal(generator, size, size)).Q
        yield vectors @ torch.diag(values / h) @ vectors.T, normal(generator, size), h, 5
