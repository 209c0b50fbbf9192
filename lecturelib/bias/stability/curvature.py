r"""Curvature of a loss by products H v of its Hessian with vectors; the matrix is never formed.

A product is the derivative of the gradient along v. Lanczos' method turns k of them into a tridiagonal matrix whose
eigenvalues are the outer ones of H, and whose eigenvectors say how the others are spread (Golub and Meurant 2010).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Positive, RealOrInfinite, Vector, checked
from lecturelib.core.records import Record

Loss = Callable[[Tensor], Tensor]
"""A function of all parameters as one vector (P,), made of torch's operations, that gives a number."""


def products(loss: Loss, points: Tensor) -> Callable[[Tensor], Tensor]:
    """The function v ↦ H v at each of the points (M, P), for vectors (M, P)."""
    gradient = torch.func.grad(loss)

    def one(point: Tensor, v: Tensor) -> Tensor:
        return torch.func.jvp(gradient, (point,), (v,))[1]

    batched = torch.func.vmap(one)
    return lambda v: batched(points, v)


def dense(loss: Loss, point: Tensor) -> Tensor:
    """The Hessian (P, P) after all, from its products with the unit vectors: for models of a few hundred parameters."""
    unit = torch.eye(len(point), dtype=point.dtype, device=point.device)
    columns = products(loss, point.repeat(len(point), 1))(unit)
    return (columns + columns.T) / 2


class Ritz(Record):
    """What k steps of Lanczos' method know: values (M, k) in increasing order, weights (M, k), errors (M, k).

    The weight is the squared share of the start in the eigenvector; within its error of each value lies an eigenvalue.
    """

    values: Annotated[Array, "M k"]
    weights: Annotated[Array, "M k"]
    errors: Annotated[Array, "M k"]


def lanczos(
    product: Callable[[Tensor], Tensor], start: Tensor, steps: int, enough: Callable[[Ritz], bool] = lambda found: False
) -> Ritz:
    """Lanczos' method with full orthogonalization, for M matrices at once: start (M, P). It stops early once `enough`.

    Where a start lies in a space of fewer dimensions that the matrix maps into itself, further steps add values without
    weight, which repeat one that lies within the spectrum. Raises ValueError where a product is not finite.
    """
    q = start / start.norm(dim=-1, keepdim=True)
    basis, alpha, beta = [q], [], []
    size, alive = q.new_zeros(len(q)), torch.ones(len(q), dtype=torch.bool, device=q.device)
    while True:
        w = product(q)
        own = (w * q).sum(-1)
        if not bool(torch.isfinite(own).all()):
            raise ValueError("loss: expected finite second derivatives at the parameters, found NaN or infinity")
        alpha.append(torch.where(alive, own, alpha[0]) if alpha else own)
        known = torch.stack(basis, 1)  # (M, steps so far, P)
        for _ in range(2):  # once leaves too much
            w = w - ((known @ w[:, :, None]).mT @ known)[:, 0]
        off, size = w.norm(dim=-1), torch.maximum(size, own.abs())
        alive = alive & (off > 100 * torch.finfo(q.dtype).eps * size)
        off = torch.where(alive, off, 0.0)
        side = torch.diag_embed(torch.stack(beta, -1), offset=1) if beta else 0.0 * alpha[0][:, None, None]
        values, vectors = torch.linalg.eigh(torch.diag_embed(torch.stack(alpha, -1)) + side, UPLO="U")
        found = Ritz(values, vectors[:, 0].square(), off[:, None] * vectors[:, -1].abs())
        if len(alpha) == steps or enough(found):
            return found
        beta.append(off)
        size = torch.maximum(size, off)
        q = torch.where(alive[:, None], w / torch.where(alive, off, 1.0)[:, None], 0.0)
        basis.append(q)


@checked
def sharpness(loss: Callable, parameters: Annotated[Array, "... P"], *, tolerance: Positive = 1e-6) -> Tensor:
    """The largest eigenvalue of the Hessian of `loss` at parameters of shape (..., P): shape (...).

    loss: a function of one vector (P,) to a number. tolerance: the error, relative to the largest number in the
    spectrum's size; every step of Lanczos' method costs about two gradients. Many points are done at once. See the
    module. Raises ValueError where the loss is not a number, or has no second derivatives there.

    >>> sharpness(lambda w: w[0] ** 2 + 5 * w[1] ** 2, [[1.0, 2.0], [0.0, 0.0]]).round(decimals=6)
    tensor([10., 10.], dtype=torch.float64)
    """
    points = _points(loss, parameters)

    def enough(found: Ritz) -> bool:
        return bool((found.errors[:, -1] <= tolerance * found.values.abs().amax(-1)).all())

    start = torch.randn(points.shape[1], generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = lanczos(products(loss, points), start.to(points).expand_as(points), points.shape[1], enough)
    return found.values[:, -1].reshape(parameters.shape[:-1])


class Spectrum(Record):
    """The spectrum of P eigenvalues as some probes see it: nodes `values` with `weights` that sum to 1 for each probe.

    errors: how far from a value an eigenvalue is at most. size: P. Averaged over probes, weights tell what share of the
    eigenvalues is where. Raises ValueError where size is not positive.

    >>> Spectrum([[0.0, 2.0]], [[0.75, 0.25]], [[0.0, 0.0]], 8).count(-1.0, 1.0)
    tensor(6., dtype=torch.float64)
    """

    values: Annotated[Array, "... probes steps"]
    weights: Annotated[Array, "... probes steps"]
    errors: Annotated[Array, "... probes steps"]
    size: Count

    @property
    def largest(self) -> Tensor:
        """The largest value that a probe found, (...)."""
        return self.values.amax((-2, -1))

    @property
    def smallest(self) -> Tensor:
        """The smallest value that a probe found, (...)."""
        return self.values.amin((-2, -1))

    @checked
    def count(self, low: RealOrInfinite, high: RealOrInfinite) -> Tensor:
        """How many eigenvalues lie from `low` to `high`, P Σ weights there, the mean over probes: shape (...)."""
        inside = (self.values >= low) & (self.values <= high)
        return self.size * (self.weights * inside).sum(-1).mean(-1)

    @checked
    def density(self, at: Vector, *, width: Positive) -> Tensor:
        """Eigenvalues per unit at `at` (N,), each a Gaussian of standard deviation `width`: (..., N).

        See the class.

        >>> Spectrum([[0.0, 2.0]], [[0.75, 0.25]], [[0.0, 0.0]], 8).density([0.0], width=0.1)  # 6 / (0.1 √(2π))
        tensor([23.9365], dtype=torch.float64)
        """
        off = (at - self.values[..., None]) / width
        bumps = torch.exp(-0.5 * off.square()) / (width * (2 * torch.pi) ** 0.5)
        return self.size * (self.weights[..., None] * bumps).sum(-2).mean(-2)


@checked
def hessian_spectrum(
    loss: Callable, parameters: Annotated[Array, "... P"], *, steps: Count, probes: Count = 1, generator: Generator
) -> Spectrum:
    """The spectrum of the Hessian at parameters (..., P) from `steps` products for each of some random probes.

    The outer values come first and are soon exact, the others stand for many eigenvalues at once, by Gauss quadrature.
    loss: as in `sharpness`. steps: at most P are made. Raises ValueError as `sharpness` does.

    >>> draw = torch.Generator().manual_seed(0)
    >>> found = hessian_spectrum(lambda w: w[0] ** 2 - w[1] ** 2, [0.0, 0.0], steps=2, generator=draw)
    >>> found.values.round(decimals=6)
    tensor([[-2.,  2.]], dtype=torch.float64)
    """
    points = _points(loss, parameters)
    size = points.shape[1]
    options = {"generator": generator, "dtype": torch.float64, "device": generator.device}
    start = torch.randn(len(points), probes, size, **options).to(points).flatten(0, 1)
    product = products(loss, points.repeat_interleave(probes, 0))
    found = lanczos(product, start, min(steps, size))
    shape = (*parameters.shape[:-1], probes, -1)
    return Spectrum(*(part.reshape(shape) for part in (found.values, found.weights, found.errors)), size)


def _points(loss: Loss, parameters: Tensor) -> Tensor:
    """Parameters as (M, P), after making sure that the loss gives a number there."""
    points = parameters.detach().reshape(-1, parameters.shape[-1]).contiguous()
    number_at(loss, points[0])
    return points


def number_at(loss: Loss, point: Tensor) -> Tensor:
    """The loss at a point (P,). Raises ValueError where it is no function of so many numbers, or gives no number."""
    said = f"loss: expected a function of a vector of {len(point)} numbers that gives a tensor of dimension 0"
    try:
        value = loss(point)
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{said} ({error})") from None
    if not isinstance(value, Tensor) or value.ndim:
        raise ValueError(said)
    return value
