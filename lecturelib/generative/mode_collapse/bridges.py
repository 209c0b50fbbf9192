"""What a continuous generator has to leave between modes, and how steep one is."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor
from torch.distributions import Normal
from torch.func import jacrev, vmap

from lecturelib.core.arguments import Array, Positive, PositiveArray, checked
from lecturelib.core.kinds import Numbers
from lecturelib.core.small_networks import Layout

Shares = Annotated[Array, Numbers("shares, strictly between 0 and 1", above=0, below=1)]
NORMAL = Normal(torch.tensor(0.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64))


@checked
def most_beyond(share: Shares, *, distance: PositiveArray, lipschitz: PositiveArray, latent_scale: Positive = 1.0):
    """Most mass that G(z) can put at `distance` or more from a set that has `share` of it: Φ(−D/(L s) − Φ⁻¹(p)).

    z is normal with standard deviation s in every direction, and ‖G(z) − G(z')‖ ≤ L ‖z − z'‖. By the isoperimetric
    inequality of the Gaussian. Shapes broadcast.

    >>> most_beyond(0.5, distance=4.0, lipschitz=2.0)
    tensor(0.0228, dtype=torch.float64)
    """
    return NORMAL.cdf(-distance / (lipschitz * latent_scale) - NORMAL.icdf(share))


@checked
def least_between(*, distance: PositiveArray, lipschitz: PositiveArray, latent_scale: Positive = 1.0) -> Tensor:
    """Least mass of G(z) between two sets at this distance that get equal shares of it: 1 − 2 Φ(−D/(2 L s)).

    >>> least_between(distance=2.0, lipschitz=1.0)
    tensor(0.6827, dtype=torch.float64)
    """
    return 1 - 2 * NORMAL.cdf(-distance / (2 * lipschitz * latent_scale))


def slopes(layout: Layout, theta: Tensor, z: Tensor) -> Tensor:
    """‖∂G/∂z‖, the largest singular value, at z (..., N, in) for networks theta (..., P): shape (..., N)."""
    shape = torch.broadcast_shapes(theta.shape[:-1], z.shape[:-2])
    flat = theta.expand(*shape, -1).reshape(-1, theta.shape[-1]), z.expand(*shape, *z.shape[-2:]).flatten(0, -3)

    def one(row: Tensor, point: Tensor) -> Tensor:
        return layout.outputs(row, point[None])[0]

    jacobians = vmap(vmap(jacrev(one, 1), (None, 0)))(*flat)
    return torch.linalg.matrix_norm(jacobians, 2).reshape(*shape, -1)


def lipschitz_bound(layout: Layout, theta: Tensor) -> Tensor:
    """A number that no slope exceeds: the product of the norms of all matrices, (..., P) → (...)."""
    norms = [torch.linalg.matrix_norm(weights, 2) for weights, _ in layout.layers(theta)]
    return torch.stack(norms).prod(0)
