r"""Principal components, and the linear Gaussian model that has them as its optimum, with everything exact.

The model is x = W z + m + s ε with z and ε standard normal (probabilistic principal components, Tipping and Bishop
1999): ln p(x) is that of N(m, C) with C = W Wᵀ + s² I, and z given x has the covariance s² M⁻¹ with M = Wᵀ W + s² I.
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Matrix, Positive, PositiveArray, Vector, checked
from lecturelib.core.records import Record
from lecturelib.generative.autoencoders.bounds import gaussian_gaps, gaussian_kl


class Components(Record):
    """Mean (d,), principal directions as orthonormal rows (k, d), and all variances λ_1 ≥ … ≥ λ_d (d,).

    >>> line = Components([1.0, 1.0], [[0.6, 0.8]], [2.0, 0.0])
    >>> line.decode(line.encode([[2.0, 1.0]]))
    tensor([[1.3600, 1.4800]], dtype=torch.float64)
    """

    mean: Annotated[Vector, "d"]
    directions: Annotated[Matrix, "k d"]
    variances: Annotated[Vector, "d"]

    @checked
    def encode(self, x: Annotated[Array, "* d"]) -> Tensor:
        """Codes U (x − mean): x (..., d) → (..., k).

        >>> Components([1.0, 1.0], [[0.6, 0.8]], [2.0, 0.0]).encode([2.0, 1.0])
        tensor([0.6000], dtype=torch.float64)
        """
        return (x - self.mean) @ self.directions.mT

    @checked
    def decode(self, z: Annotated[Array, "* k"]) -> Tensor:
        """Points mean + Uᵀ z: codes (..., k) → (..., d).

        >>> Components([1.0, 1.0], [[0.6, 0.8]], [2.0, 0.0]).decode([1.0])
        tensor([1.6000, 1.8000], dtype=torch.float64)
        """
        return self.mean + z @ self.directions


@checked
def principal_components(x: Annotated[Matrix, "_N d"], count: Count) -> Components:
    """The first directions of largest variance of x (N, d), a variance being a mean of squares (N in the denominator).

    Each direction has its largest entry positive. Raises ValueError where `count` exceeds d.

    >>> principal_components([[0.0, 0.0], [2.0, 2.0]], 1).variances
    tensor([2., 0.], dtype=torch.float64)
    """
    if count > x.shape[1]:
        raise ValueError(f"count: expected at most {x.shape[1]}, as x has columns, got {count}")
    mean = x.mean(0)
    _, sizes, rows = torch.linalg.svd(x - mean, full_matrices=True)
    variances = torch.zeros_like(mean)
    variances[: len(sizes)] = sizes.square() / len(x)
    rows = rows[:count]
    largest = rows.gather(1, rows.abs().argmax(1, keepdim=True))
    return Components(mean, rows * torch.where(largest < 0, -1.0, 1.0), variances)


class LinearVAE(Record):
    """x = W z + m + s ε: weights W (d, k), mean m (d,), noise s² > 0.

    >>> model = LinearVAE([[1.0], [0.0]], [0.0, 0.0], 0.5)
    >>> model.covariance
    tensor([[1.5000, 0.0000],
            [0.0000, 0.5000]], dtype=torch.float64)
    """

    weights: Annotated[Matrix, "d k"]
    mean: Annotated[Vector, "d"]
    noise: Annotated[PositiveArray, ""]

    @property
    def covariance(self) -> Tensor:
        """C = W Wᵀ + s² I, of x: (d, d)."""
        return self.weights @ self.weights.mT + self.noise * torch.eye(len(self.mean)).to(self.weights)

    @property
    def precision(self) -> Tensor:
        """M/s² with M = Wᵀ W + s² I, the inverse covariance of z given x: (k, k)."""
        return self.weights.mT @ self.weights / self.noise + torch.eye(self.weights.shape[1]).to(self.weights)

    @checked
    def log_evidence(self, x: Annotated[Array, "* d"]) -> Tensor:
        """ln p(x) = −½ (d ln 2π + ln det C + (x − m)ᵀ C⁻¹ (x − m)): x (..., d) → (...).

        >>> float(LinearVAE([[1.0]], [0.0], 1.0).log_evidence([0.0]))  # of N(0, 2)
        -1.2655...
        """
        factor = torch.linalg.cholesky(self.covariance)
        away = torch.linalg.solve_triangular(factor, (x - self.mean)[..., None], upper=False)[..., 0]
        whole = 2 * factor.diagonal().log().sum()
        return -0.5 * (len(self.mean) * math.log(2 * math.pi) + whole + away.square().sum(-1))

    @checked
    def posterior(self, x: Annotated[Array, "* d"]) -> tuple[Tensor, Tensor]:
        """Mean M⁻¹ Wᵀ (x − m) and covariance s² M⁻¹ of z given x (..., d): shapes (..., k) and (k, k).

        >>> [one.tolist() for one in LinearVAE([[1.0]], [0.0], 1.0).posterior([2.0])]
        [[1.0], [[0.5]]]
        """
        spread = torch.linalg.inv(self.precision)
        return (x - self.mean) @ self.weights @ spread / self.noise, spread

    def encoder(self) -> tuple[Tensor, Tensor]:
        """The best encoder with a diagonal covariance: matrix V = M⁻¹ Wᵀ (k, d), and variances s²/M_jj (k,)."""
        matrix = torch.linalg.inv(self.precision) @ self.weights.mT / self.noise
        return matrix, 1 / self.precision.diagonal()

    @checked
    def elbo(
        self, x: Annotated[Array, "* d"], matrix: Annotated[Matrix, "k d"], variances: Annotated[PositiveArray, "k"]
    ) -> Tensor:
        """The exact bound for q(z | x) = N(V (x − m), diag v): x (..., d), V (k, d), v (k,) → (...).

        −½ (d ln 2πs² + (|x − m − W μ|² + Σ v_j |W_j|²)/s²) − KL(q ‖ N(0, I)), where W_j is column j.

        >>> model = LinearVAE([[1.0]], [0.0], 1.0)
        >>> abs(float(model.elbo([2.0], [[0.5]], [0.5]) - model.log_evidence([2.0]))) < 1e-9  # the posterior itself
        True
        """
        away = x - self.mean
        means = away @ matrix.mT
        left = (away - means @ self.weights.mT).square().sum(-1) + (variances * self.weights.square().sum(0)).sum()
        fit = -0.5 * (len(self.mean) * (2 * math.pi * self.noise).log() + left / self.noise)
        return fit - gaussian_kl(means, variances.expand(means.shape))

    def gap(self) -> Tensor:
        """What the best encoder with a diagonal covariance leaves of the gap, the same for all x: shape ()."""
        return gaussian_gaps(self.precision).diagonal

    @checked
    def sample(self, count: Count, *, generator: Generator) -> Tensor:
        """Independent draws of x = W z + m + s ε: (count, d).

        >>> LinearVAE([[1.0], [0.0]], [0.0, 0.0], 0.5).sample(3, generator=torch.Generator().manual_seed(0)).shape
        torch.Size([3, 2])
        """
        draw = lambda size: torch.randn(  # noqa: E731
            count, size, generator=generator, dtype=self.dtype, device=generator.device
        ).to(self.weights)
        size, latents = self.weights.shape
        return draw(latents) @ self.weights.mT + self.mean + self.noise.sqrt() * draw(size)


@checked
def fit_linear_vae(x: Annotated[Matrix, "_N d"], latents: Count, *, noise: Positive | None = None) -> LinearVAE:
    """The LinearVAE of largest likelihood, and of largest bound with diagonal encoders, for data x (N, d).

    Column j of W is √(λ_j − s²) times principal direction j, or 0 where λ_j ≤ s²; m is the mean of x. Unless `noise` is
    given, s² is the mean of λ_{k+1}, …, λ_d (Tipping and Bishop 1999; Lucas et al. 2019). Raises ValueError where that
    needs latents < d and data that fill more than k dimensions.

    >>> fit_linear_vae([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]], 1, noise=0.5)  # λ = 4.5, 0.5
    LinearVAE(weights=[[2.0], [0.0]], mean=[0.0, 0.0], noise=0.5)
    """
    found = principal_components(x, latents)
    if noise is None:
        if latents >= x.shape[1]:
            raise ValueError(f"latents: expected fewer than {x.shape[1]} unless noise is given, got {latents}")
        left = found.variances[latents:].mean()
        if not float(left) > 1e-14 * float(found.variances[0]):
            raise ValueError(f"x: expected data that fill more than {latents} dimensions, unless noise is given")
    else:
        left = torch.as_tensor(noise, dtype=x.dtype, device=x.device)
    lengths = (found.variances[:latents] - left).clamp(min=0).sqrt()
    return LinearVAE(found.directions.mT * lengths, found.mean, left)
