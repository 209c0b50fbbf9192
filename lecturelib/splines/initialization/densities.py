r"""Where the breakpoints and delta-slopes of a random network lie: densities for the chapter `splines/initialization`.

A neuron with weights w, b, v has breakpoint β = −b/w and delta-slope μ = w v. At given w the map (b, v) ↦ (β, μ) has
b = −wβ and v = μ/w, and its Jacobian is |w| · 1/|w| = 1, so that p(β, μ) = ∫ p_w(w) p_b(wβ) p_v(μ/w) dw. Worked out
here for independent Gaussian and for independent uniform weights (Sahs et al. 2022, theorem 1 and corollary 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from scipy.special import iti0k0, k0
from torch import Tensor

from lecturelib.core.arguments import as_tensor, positive
from lecturelib.splines.breakpoints.network import Network


def _check(state) -> None:
    for name in ("w", "b", "v"):
        object.__setattr__(state, name, float(positive(name, getattr(state, name))))


@dataclass(frozen=True)
class GaussianWeights:
    """Independent w ~ N(0, w²), b ~ N(0, b²), v ~ N(0, v²): the fields are standard deviations, positive.

    Densities take β and μ of shapes that broadcast. Raises ValueError where a deviation is not positive.
    """

    w: float
    b: float
    v: float

    def __post_init__(self) -> None:
        _check(self)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator) -> Network:
        """Networks with these weights and b₀ = 0: `shape` is (..., H)."""
        parts = (scale * torch.randn(shape, generator=generator, dtype=torch.float64) for scale in self._scales)
        return Network(*parts, torch.zeros(shape[:-1], dtype=torch.float64))

    @property
    def _scales(self) -> tuple[float, float, float]:
        return self.w, self.b, self.v

    def _root(self, beta: Tensor) -> Tensor:
        return torch.sqrt(self.b**2 + self.w**2 * beta**2)

    def scale(self, beta) -> Tensor:
        """Laplace scale of μ at given β, σ_w σ_b σ_v / √(σ_b² + σ_w² β²), which is also the mean of |μ|."""
        return self.w * self.b * self.v / self._root(as_tensor("beta", beta))

    def joint(self, beta, mu) -> Tensor:
        """p(β, μ) = exp(−|μ| √(σ_b² + σ_w² β²) / (σ_w σ_b σ_v)) / (2π σ_v √(σ_b² + σ_w² β²))."""
        beta, mu = as_tensor("beta", beta), as_tensor("mu", mu)
        return torch.exp(-mu.abs() / self.scale(beta)) / (2 * torch.pi * self.v * self._root(beta))

    def conditional(self, mu, beta) -> Tensor:
        """p(μ | β): Laplace with the scale of `scale`."""
        scale = self.scale(beta)
        return torch.exp(-as_tensor("mu", mu).abs() / scale) / (2 * scale)

    def conditional_cdf(self, mu, beta) -> Tensor:
        """P(μ' ≤ μ | β)."""
        mu = as_tensor("mu", mu)
        return (1 + torch.sign(mu) * -torch.expm1(-mu.abs() / self.scale(beta))) / 2

    def breakpoint(self, beta) -> Tensor:
        """p(β): Cauchy with scale σ_b/σ_w."""
        beta = as_tensor("beta", beta)
        return self.w * self.b / (torch.pi * (self.b**2 + self.w**2 * beta**2))

    def breakpoint_cdf(self, beta) -> Tensor:
        """P(β' ≤ β)."""
        return 0.5 + torch.atan(as_tensor("beta", beta) * self.w / self.b) / torch.pi

    def delta_slope(self, mu) -> Tensor:
        """p(μ) = K₀(|μ| / (σ_w σ_v)) / (π σ_w σ_v), infinite at μ = 0."""
        size = self.w * self.v
        return torch.as_tensor(k0(as_tensor("mu", mu).abs().numpy() / size)) / (torch.pi * size)

    def delta_slope_cdf(self, mu) -> Tensor:
        """P(μ' ≤ μ)."""
        mu = as_tensor("mu", mu)
        below = torch.as_tensor(iti0k0((mu.abs() / (self.w * self.v)).clamp(max=600).numpy())[1])  # ∫₀ K₀
        return 0.5 + torch.sign(mu) * below / torch.pi

    def jump_density(self, x) -> Tensor:
        """E[κ² | β = x] p(x) of one neuron, κ = |w| v: squared slope jump per unit length, 2μ-scale² times p."""
        return 2 * self.scale(x) ** 2 * self.breakpoint(x)

    @property
    def mean_size(self) -> float:
        """E |μ| = (2/π) σ_w σ_v."""
        return 2 / math.pi * self.w * self.v

    @property
    def second_moment(self) -> float:
        """E μ² = σ_w² σ_v²."""
        return self.w**2 * self.v**2

    @property
    def fourth_moment(self) -> float:
        """E μ⁴ = 9 σ_w⁴ σ_v⁴."""
        return 9 * self.w**4 * self.v**4


@dataclass(frozen=True)
class UniformWeights:
    """Independent w ~ U[−w, w], b ~ U[−b, b], v ~ U[−v, v]: the fields are the ends of the intervals, positive.

    Densities take β and μ of shapes that broadcast. Raises ValueError where an end is not positive.
    """

    w: float
    b: float
    v: float

    def __post_init__(self) -> None:
        _check(self)

    def sample(self, shape: tuple[int, ...], generator: torch.Generator) -> Network:
        """Networks with these weights and b₀ = 0: `shape` is (..., H)."""
        ends = (self.w, self.b, self.v)
        parts = (end * (2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1) for end in ends)
        return Network(*parts, torch.zeros(shape[:-1], dtype=torch.float64))

    def reach(self, beta) -> Tensor:
        """m(β) = min(a_w, a_b/|β|): the largest |w| that a neuron with breakpoint β can have."""
        return (self.b / as_tensor("beta", beta).abs()).clamp(max=self.w)

    def joint(self, beta, mu) -> Tensor:
        """p(β, μ) = (m(β) − |μ|/a_v)₊ / (4 a_w a_b a_v)."""
        reach = self.reach(beta)
        return torch.relu(reach - as_tensor("mu", mu).abs() / self.v) / (4 * self.w * self.b * self.v)

    def conditional(self, mu, beta) -> Tensor:
        """p(μ | β): a triangle on [−a_v m(β), a_v m(β)] with its tip at 0."""
        half = self.v * self.reach(beta)
        return torch.relu(1 - as_tensor("mu", mu).abs() / half) / half

    def conditional_cdf(self, mu, beta) -> Tensor:
        """P(μ' ≤ μ | β)."""
        mu = as_tensor("mu", mu)
        rest = torch.relu(1 - mu.abs() / (self.v * self.reach(beta)))
        return (1 + torch.sign(mu) * (1 - rest**2)) / 2

    def breakpoint(self, beta) -> Tensor:
        """p(β) = m(β)² / (4 a_w a_b): constant up to |β| = a_b/a_w, then falling as β^{−2}."""
        return self.reach(beta) ** 2 / (4 * self.w * self.b)

    def breakpoint_cdf(self, beta) -> Tensor:
        """P(β' ≤ β)."""
        ratio = as_tensor("beta", beta) * self.w / self.b
        beyond = 0.5 - 0.25 / ratio.abs().clamp(min=1)  # of the half on one side: inside from 0 to |β| > a_b/a_w
        return 0.5 + torch.sign(ratio) * torch.where(ratio.abs() < 1, ratio.abs() / 4, beyond)

    def delta_slope(self, mu) -> Tensor:
        """p(μ) = ln(a_w a_v / |μ|) / (2 a_w a_v) for |μ| < a_w a_v, infinite at μ = 0."""
        size = self.w * self.v
        return torch.log(size / as_tensor("mu", mu).abs()).clamp(min=0) / (2 * size)

    def delta_slope_cdf(self, mu) -> Tensor:
        """P(μ' ≤ μ)."""
        ratio = as_tensor("mu", mu) / (self.w * self.v)
        part = ratio.abs().clamp(max=1)
        return 0.5 + torch.sign(ratio) * (part - torch.xlogy(part, part)) / 2

    def jump_density(self, x) -> Tensor:
        """E[κ² | β = x] p(x) of one neuron, κ = |w| v: squared slope jump per unit length, a_v² m(x)⁴ / (24 a_w a_b).

        A triangle of half-width c has second moment c²/6.
        """
        return (self.v * self.reach(x)) ** 2 / 6 * self.breakpoint(x)

    @property
    def mean_size(self) -> float:
        """E |μ| = a_w a_v / 4."""
        return self.w * self.v / 4

    @property
    def second_moment(self) -> float:
        """E μ² = (a_w a_v)² / 9."""
        return (self.w * self.v) ** 2 / 9

    @property
    def fourth_moment(self) -> float:
        """E μ⁴ = (a_w a_v)⁴ / 25."""
        return (self.w * self.v) ** 4 / 25


Weights = GaussianWeights | UniformWeights


def weights_of(scheme: str, width: int) -> Weights:
    """The law of the weights that `initialize(width, scheme)` draws, for "he", "glorot" and "pytorch".

    Raises ValueError for another scheme or a width that is not positive.
    """
    if width < 1:
        raise ValueError(f"width: expected a positive number of neurons, got {width}")
    if scheme == "he":
        return GaussianWeights(math.sqrt(2), math.sqrt(2), math.sqrt(2 / width))
    if scheme == "glorot":
        return GaussianWeights(*[math.sqrt(2 / (1 + width))] * 3)
    if scheme == "pytorch":
        return UniformWeights(1.0, 1.0, 1 / math.sqrt(width))
    raise ValueError(f"scheme: expected he, glorot or pytorch, whose weights are independent, got {scheme!r}")


def count_between(weights: Weights, low: float, high: float, *, width: int) -> float:
    """Expected number of breakpoints between low and high in a network of `width` neurons with such weights."""
    if not low < high:
        raise ValueError(f"low: expected low < high, got low = {low:g}, high = {high:g}")
    below = weights.breakpoint_cdf([low, high])
    return width * float(below[1] - below[0])
