"""Planar flows: layers z + û tanh(wᵀz + b) that are invertible, and their determinants (Rezende and Mohamed 2015).

û = u + (m(wᵀu) − wᵀu) w/‖w‖² with m(s) = −1 + ln(1 + eˢ), so that wᵀû > −1. det = 1 + (1 − tanh²) wᵀû.
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Generator, Tensor
from torch.nn.functional import softplus

from lecturelib.core.arguments import Array, Count, Ensemble, NonNegative, checked
from lecturelib.core.records import Record

HALVINGS = 60


class PlanarFlow(Record):
    """K layers with u, w (..., K, d) and b (..., K), the first applied first; an ensemble of flows where given.

    Any u will do: a layer uses û, whose product with w is more than −1. Raises ValueError where a w is 0.

    >>> PlanarFlow([[0.0, -5.0]], [[0.0, 2.0]], [0.0]).bent.tolist()  # wᵀu = −10, wᵀû = −1 + ln(1 + e^−10)
    [[0.0, -0.49997730055039113]]
    """

    u: Annotated[Array, "... K d"]
    w: Annotated[Array, "... K d"]
    b: Annotated[Array, "... K"]

    def __post_init__(self) -> None:
        if not bool((self.w.detach().square().sum(-1) > 0).all()):
            raise ValueError("w: expected vectors that are not 0")

    @property
    def dimension(self) -> int:
        """d."""
        return self.w.shape[-1]

    @property
    def dots(self) -> Tensor:
        """wᵀû of each layer: (..., K)."""
        return softplus((self.w * self.u).sum(-1)) - 1

    @property
    def bent(self) -> Tensor:
        """û of each layer: (..., K, d)."""
        missing = self.dots - (self.w * self.u).sum(-1)
        return self.u + (missing / self.w.square().sum(-1)).unsqueeze(-1) * self.w


@checked
def random_planar_flow(
    layers: Count, dimension: Count = 2, *, generator: Generator, scale: NonNegative = 0.1, ensemble: Ensemble = ()
) -> PlanarFlow:
    """A flow whose u and b are normal with this standard deviation, and whose w are standard normal.

    >>> random_planar_flow(8, generator=torch.Generator().manual_seed(0)).w.shape
    torch.Size([8, 2])
    """
    options = {"generator": generator, "dtype": torch.float64, "device": generator.device}
    shape = (*ensemble, layers)
    u, w = (torch.randn(*shape, dimension, **options) for _ in range(2))
    return PlanarFlow(scale * u, w, scale * torch.randn(*shape, **options))


def through(flow: PlanarFlow, z: Tensor) -> tuple[Tensor, Tensor]:
    """Points z (..., N, d) after all layers, and ln det of the whole map (..., N)."""
    total = torch.zeros((), dtype=z.dtype, device=z.device)
    for u, w, dot, b in _layers(flow):
        h = torch.tanh((z @ w.unsqueeze(-1)).squeeze(-1) + b)
        z = z + h.unsqueeze(-1) * u.unsqueeze(-2)
        total = total + torch.log1p((1 - h.square()) * dot)
    return z, total


def back_through(flow: PlanarFlow, x: Tensor) -> tuple[Tensor, Tensor]:
    """The points that `through` carries to x (..., N, d), and ln det of the map from x to them (..., N).

    Across the planes α = wᵀz + b grows to α + wᵀû tanh α, which is halved down to and has one solution.
    """
    total = torch.zeros((), dtype=x.dtype, device=x.device)
    for u, w, dot, b in reversed(list(_layers(flow))):
        goal = (x @ w.unsqueeze(-1)).squeeze(-1) + b
        low, high = goal - dot.abs(), goal + dot.abs()
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            below = middle + dot * torch.tanh(middle) < goal
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        h = torch.tanh((low + high) / 2)
        x = x - h.unsqueeze(-1) * u.unsqueeze(-2)
        total = total - torch.log1p((1 - h.square()) * dot)
    return x, total


def _layers(flow: PlanarFlow):
    """û, w (..., d), and wᵀû, b (..., 1), of one layer after the other."""
    bent, dots = flow.bent, flow.dots
    for k in range(flow.w.shape[-2]):
        yield bent[..., k, :], flow.w[..., k, :], dots[..., k, None], flow.b[..., k, None]
