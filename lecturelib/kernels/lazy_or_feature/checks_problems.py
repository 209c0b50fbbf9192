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

SOFTPLUS = 1.4043833476318725


def soft_hinge(margins: Tensor, sharpness: float = 20.0) -> Tensor:
    """ln(1 + e^{β(1 − v)}) / β."""
    return torch.logaddexp(sharpness * (1 - margins), torch.zeros(())) / sharpness


def runge_kutta(speed: Callable[[float, Tensor], Tensor], state: Tensor, time: float, steps: int) -> list[Tensor]:
    """The solution of ẏ = speed(t, y) at all steps, by the classical method of order 4."""
    path, h = [state], time / steps
    for k in range(steps):
        t, now = k * h, path[-1]
        one = speed(t, now)
        two = speed(t + h / 2, now + h / 2 * one)
        three = speed(t + h / 2, now + h / 2 * two)
        four = speed(t + h, now + h * three)
        path.append(now + h / 6 * (one + 2 * two + 2 * three + four))
    return path


@dataclass(frozen=True)
class Training:
    """Gradient flow of (1/(α² N)) Σ ℓ(F(x_n) y_n), F = α (f − f₀), or α f: sizes (d, m, …, 1), start (..., P), α (...)."""

    sizes: tuple[int, ...]
    start: Tensor
    x: Tensor
    y: Tensor
    alpha: Tensor
    loss: Callable[[Tensor], Tensor] = soft_hinge
    centred: bool = True

    def matrices(self, w: Tensor) -> list[Tensor]:
        """W_0, …, W_L: (..., m', m)."""
        shapes = [(after, before) for before, after in pairwise(self.sizes)]
        return [
            part.unflatten(-1, shape)
            for part, shape in zip(w.split([a * b for a, b in shapes], -1), shapes, strict=True)
        ]

    def preactivations(self, w: Tensor, x: Tensor) -> list[Tensor]:
        """z_1, …, z_{L+1}, the last of which is f: (..., N, m)."""
        found = []
        for matrix in self.matrices(w):
            found.append(x @ matrix.mT / x.shape[-1] ** 0.5)
            x = SOFTPLUS * torch.logaddexp(5 * found[-1], torch.zeros(())) / 5
        return found

    def f(self, w: Tensor, x: Tensor | None = None) -> Tensor:
        """The network itself at x, or at the data: (..., N)."""
        return self.preactivations(w, self.x if x is None else x)[-1][..., 0]

    def outputs(self, w: Tensor, x: Tensor | None = None) -> Tensor:
        """F: (..., N)."""
        return self.alpha[..., None] * (self.f(w, x) - self.centred * self.f(self.start, x))

    def mean_loss(self, w: Tensor) -> Tensor:
        """The mean of ℓ: (...)."""
        return self.loss(self.outputs(w) * self.y).mean(-1)

    def speed(self, w: Tensor) -> Tensor:
        """−∇ of the loss, by autograd."""
        w = w.detach().requires_grad_()
        return -torch.autograd.grad((self.mean_loss(w) / self.alpha**2).sum(), w)[0]

    def jacobian(self, w: Tensor, x: Tensor | None = None) -> Tensor:
        """∂f by the weights, by autograd: (..., N, P)."""
        w = w.detach().requires_grad_()
        f = self.f(w, x)
        rows = [torch.autograd.grad(f[..., n].sum(), w, retain_graph=True)[0] for n in range(f.shape[-1])]
        return torch.stack(rows, -2)

    def kernel(self, w: Tensor, x: Tensor | None = None) -> Tensor:
        """Θ(x, x_n), x at the data unless given."""
        return self.jacobian(w, x) @ self.jacobian(w).mT

    def path(self, time: float, steps: int = 40) -> list[Tensor]:
        """Weights under the flow at all steps."""
        return runge_kutta(lambda t, w: self.speed(w), self.start, time, steps)


def slopes(loss: Callable[[Tensor], Tensor], margins: Tensor) -> Tensor:
    """ℓ' by autograd."""
    margins = margins.detach().requires_grad_()
    return torch.autograd.grad(loss(margins).sum(), margins)[0]


def training(generator: Generator, sizes: tuple[int, ...], count: int, alpha, *, ensemble=(), **options) -> Training:
    """A training from random weights, or an ensemble of them, on normal inputs with random labels, for every α."""
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
