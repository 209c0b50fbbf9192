"""Softplus networks without biases, their weights in a row, and the flows on which statements on laziness are checked.

Leading dimensions are an ensemble everywhere: starts, or values of α.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Generator, Tensor

from lecturelib.core.problems import normal
from lecturelib.kernels.models.checks_problems import labels


def runge_kutta(speed: Callable[[float, Tensor], Tensor], state: Tensor, time: float, steps: int) -> list[Tensor]:
    """The solution of ẏ = speed(t, y) at all steps, by the classical method of order 4."""
    path, h = [state], time / steps
    for k in range(steps):
        one = speed(k * h, path[-1])
        two = speed((k + 0.5) * h, path[-1] + h / 2 * one)
        three = speed((k + 0.5) * h, path[-1] + h / 2 * two)
        path.append(path[-1] + h / 6 * (one + 2 * two + 2 * three + speed((k + 1) * h, path[-1] + h * three)))
    return path


def pull(outputs: Tensor, y: Tensor, sharpness: float = 20.0) -> Tensor:
    """−ℓ'(F y) y / N for the soft hinge ℓ."""
    return torch.sigmoid(sharpness * (1 - outputs * y)) * y / len(y)


@dataclass(frozen=True)
class Training:
    """Flow of (1/(α² N)) Σ ℓ(F y) with F = α (f − f₀), or α f, from `start` (..., P); sizes (d, m, …, 1); α (...)."""

    sizes: tuple[int, ...]
    start: Tensor
    x: Tensor
    y: Tensor
    alpha: Tensor
    centred: bool = True
    price: float = 1.0  # of ℓ, in soft hinges

    def matrices(self, w: Tensor) -> list[Tensor]:
        """W_0, …, W_L: (..., m', m)."""
        parts = w.split([a * b for a, b in pairwise(self.sizes)], -1)
        return [part.unflatten(-1, (b, a)) for part, (a, b) in zip(parts, pairwise(self.sizes), strict=True)]

    def preactivations(self, w: Tensor, x: Tensor | None = None) -> list[Tensor]:
        """z_1, …, z_{L+1} at x, or at the data: (..., N, m). The last is f."""
        h, found = self.x if x is None else x, []
        for matrix in self.matrices(w):
            found.append(h @ matrix.mT / h.shape[-1] ** 0.5)
            h = 1.4043833476318725 / 5 * torch.logaddexp(5 * found[-1], torch.zeros(()))
        return found

    def f(self, w: Tensor, x: Tensor | None = None) -> Tensor:
        return self.preactivations(w, x)[-1][..., 0]

    def outputs(self, w: Tensor, x: Tensor | None = None) -> Tensor:
        """F: (..., N)."""
        return self.alpha[..., None] * (self.f(w, x) - self.centred * self.f(self.start, x))

    def mean_loss(self, w: Tensor) -> Tensor:
        """The mean of ℓ(F y), ℓ(v) = ln(1 + e^{20 (1 − v)}) / 20: (...)."""
        hinges = torch.logaddexp(20 * (1 - self.outputs(w) * self.y), torch.zeros(())) / 20
        return self.price * hinges.mean(-1)

    def speed(self, w: Tensor) -> Tensor:
        """ẇ, by autograd."""
        w = w.detach().requires_grad_()
        return -torch.autograd.grad((self.mean_loss(w) / self.alpha**2).sum(), w)[0]

    def jacobian(self, w: Tensor, x: Tensor | None = None) -> Tensor:
        """∂f by the weights, by autograd: (..., N, P)."""
        w = w.detach().requires_grad_()
        rows = [torch.autograd.grad(one.sum(), w, retain_graph=True)[0] for one in self.f(w, x).unbind(-1)]
        return torch.stack(rows, -2)

    def kernel(self, w: Tensor, x: Tensor | None = None) -> Tensor:
        """K(x, x_n), x at the data unless given."""
        return self.jacobian(w, x) @ self.jacobian(w).mT

    def path(self, time: float, steps: int) -> list[Tensor]:
        return runge_kutta(lambda _, w: self.speed(w), self.start, time, steps)


def training(generator: Generator, sizes: tuple[int, ...], count: int, alpha, *, ensemble=(), **options) -> Training:
    """From random weights, or an ensemble of them, on normal inputs with random labels, for every α."""
    alpha = torch.as_tensor(alpha, dtype=torch.float64)
    weights = normal(generator, *ensemble, sum(a * b for a, b in pairwise(sizes)))
    weights = weights.expand(*torch.broadcast_shapes(alpha.shape, ensemble), -1)
    x, y = normal(generator, count, sizes[0]), labels(generator, max(count, 2))[:count]
    return Training(sizes, weights, x, y, alpha, **options)


def trainings(generator: Generator, alphas=(0.3, 7.0)) -> Iterator[Training]:
    """Of one, two and three hidden layers."""
    for sizes in ((3, 9, 1), (2, 6, 5, 1), (3, 4, 6, 5, 1)):
        for alpha in alphas:
            yield training(generator, sizes, 5, alpha)
