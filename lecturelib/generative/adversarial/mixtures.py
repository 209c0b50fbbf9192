"""Distributions with known densities: mixtures of round Gaussians, and how much of one a set of points covers."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Positive, PositiveArray, Share, checked
from lecturelib.core.records import Record

STEPS, REACH, MOST = 8, 9, 4_000_000
"""Steps of quadrature in the smallest standard deviation, how many of a component's own it reaches, most places."""


class GaussianMixture(Record):
    """p(x) = Σ_k w_k N(x; μ_k, σ_k² I) / Σ_k w_k, on d dimensions, with K components.

    >>> GaussianMixture([[-2.0], [2.0]], [0.5, 0.5], [1.0, 3.0]).shares.tolist()
    [0.25, 0.75]
    """

    means: Annotated[Array, "K d"]
    scales: Annotated[PositiveArray, "K"]
    weights: Annotated[PositiveArray, "K"]

    @property
    def shares(self) -> Tensor:
        """Probabilities of the components, shape (K,)."""
        return self.weights / self.weights.sum()

    @checked
    def log_density(self, x: Annotated[Array, "* d"]) -> Tensor:
        """ln p(x) at x, shape (..., d) → (...); far out, where p itself is 0 in floating point, as well.

        >>> GaussianMixture([[0.0]], [1.0], [1.0]).log_density([[1.0]])
        tensor([-1.4189], dtype=torch.float64)
        """
        squares = (x[..., None, :] - self.means).square().sum(-1) / (2 * self.scales.square())
        size = self.means.shape[1] * torch.log(self.scales * math.sqrt(2 * math.pi))
        return torch.logsumexp(torch.log(self.shares) - size - squares, -1)

    @checked
    def density(self, x: Annotated[Array, "* d"]) -> Tensor:
        """p(x) at x, shape (..., d) → (...).

        >>> GaussianMixture([[0.0]], [1.0], [1.0]).density([[0.0]])
        tensor([0.3989], dtype=torch.float64)
        """
        return self.log_density(x).exp()

    @checked
    def sample(self, count: Count, *, generator: Generator) -> Tensor:
        """Points from p, shape (count, d): a component for each, then a normal number for each coordinate.

        >>> GaussianGrid(3).sample(5, generator=torch.Generator().manual_seed(0)).shape
        torch.Size([5, 2])
        """
        picks = torch.multinomial(self.shares, count, replacement=True, generator=generator)
        noise = torch.randn(count, self.means.shape[1], generator=generator, dtype=self.means.dtype)
        return self.means[picks] + self.scales[picks, None] * noise

    def places(self) -> tuple[Tensor, Tensor]:
        """Places x, shape (Q, d), and weights, (Q,), so that ∫ p f ≈ Σ weights f(x): the trapezoid rule, for d ≤ 2.

        It goes 9 standard deviations to all sides of each component, in steps of an eighth of the smallest, which is
        exact to about 1e-12 for what is smooth on that scale. ValueError for more dimensions or very uneven scales.
        """
        count, dimensions = self.means.shape
        half = [math.ceil(REACH * STEPS * float(one / self.scales.min())) for one in self.scales]
        if dimensions > 2 or sum((2 * one + 1) ** dimensions for one in half) > MOST:
            raise ValueError(f"means: expected one or two dimensions and scales that are alike, got {count} components")
        found = []
        for share, mean, scale, reach in zip(self.shares, self.means, self.scales, half, strict=True):
            line = torch.linspace(-REACH, REACH, 2 * reach + 1, dtype=self.means.dtype)
            x = torch.cartesian_prod(*[line] * dimensions).reshape(-1, dimensions)
            weights = torch.exp(-0.5 * x.square().sum(-1))
            found.append((mean + scale * x, share * weights / weights.sum()))
        x, weights = zip(*found, strict=True)
        return torch.cat(x), torch.cat(weights)

    @property
    def entropy(self) -> float:
        """−∫ p ln p, by quadrature, for one or two dimensions. Raises ValueError as `places` does."""
        x, weights = self.places()
        return -float(weights @ self.log_density(x))


@checked
def GaussianGrid(side: Count = 3, *, spacing: Positive = 5.0, scale: Positive = 0.1, dimensions: Count = 2):
    """A mixture of side^dimensions round Gaussians of standard deviation `scale` on a grid around 0, `spacing` apart.

    Raises ValueError for more than 10,000 of them.

    >>> GaussianGrid(3).means[:, 0].unique().tolist()
    [-5.0, 0.0, 5.0]
    """
    if side**dimensions > 10_000:
        raise ValueError(f"side: expected at most 10,000 components, got {side} to the power {dimensions}")
    line = spacing * (torch.arange(side, dtype=torch.float64) - (side - 1) / 2)
    means = torch.cartesian_prod(*[line] * dimensions).reshape(-1, dimensions)
    return GaussianMixture(means, torch.full((len(means),), scale, dtype=torch.float64), torch.ones(len(means)))


class Covered(NamedTuple):
    """Modes that points have `hit`, and cover `well`, (...); `counts` near each, (..., K); `none`: share near none."""

    hit: Tensor
    well: Tensor
    counts: Tensor
    none: Tensor


@checked
def covered_modes(
    samples: Annotated[Array, "* S d"],
    data: Annotated[GaussianMixture, "K d"],
    *,
    radius: Positive = 3.0,
    share: Share = 0.01,
) -> Covered:
    """Which components of `data` samples, shape (..., S, d), come near: within `radius` standard deviations of a mean.

    A sample belongs to the nearest mean, in units of its standard deviation, or to none. A mode is hit by one sample;
    it is covered well by at least `share` of them. Shapes (...) and (..., K), see `Covered`.

    >>> grid = GaussianGrid(2, spacing=4.0, scale=0.1)
    >>> covered_modes([[2.0, 2.0], [2.1, 2.0], [-2.0, 2.0], [0.0, 0.0]], grid).hit
    tensor(2)
    """
    away = torch.cdist(samples, data.means.to(samples)) / data.scales.to(samples)
    distance, nearest = away.min(-1)
    near = distance <= radius
    counts = torch.zeros(away.shape[:-2] + away.shape[-1:], dtype=torch.int64, device=samples.device)
    counts.scatter_add_(-1, nearest, near.long())
    well = counts >= max(1, math.ceil(share * samples.shape[-2]))
    return Covered((counts > 0).sum(-1), well.sum(-1), counts, 1 - near.double().mean(-1))
