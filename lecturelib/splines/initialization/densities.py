r"""Where the breakpoints and delta-slopes of a random network lie: densities for the chapter `splines/initialization`.

A neuron with weights w, b, v has breakpoint β = −b/w and delta-slope μ = w v. At given w the map (b, v) ↦ (β, μ) has
b = −wβ and v = μ/w, and its Jacobian is |w| · 1/|w| = 1, so that p(β, μ) = ∫ p_w(w) p_b(wβ) p_v(μ/w) dw. Worked out
here for independent Gaussian and for independent uniform weights (Sahs et al. 2022, theorem 1 and corollary 1).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from scipy.special import iti0k0
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Ensemble, NonNegative, Positive, Real, checked
from lecturelib.core.records import Record
from lecturelib.splines.breakpoints.network import Network

Same = Annotated[Array, "*"]  # β and μ, of shapes that broadcast
Independent = Literal["he", "glorot", "pytorch"]  # starts with independent weights


class RandomWeights(Record):
    """What the laws of independent weights w, b, v, each symmetric about 0 with a scale of its own, have in common."""

    w: Positive
    b: Positive
    v: Positive

    @checked
    def sample(self, width: Count, *, generator: torch.Generator, ensemble: Ensemble = ()) -> Network:
        """Networks with these weights and b₀ = 0: shape (*ensemble, H) for H = width, in float64, on its device."""
        w, b, v = (scale * self._draw((*ensemble, width), generator) for scale in (self.w, self.b, self.v))
        return Network(w, b, v, w.new_zeros(ensemble))

    @checked
    def conditional(self, beta: Same, mu: Same) -> Tensor:
        """p(μ | β) = p(β, μ) / p(β). Of the shape to which beta and mu broadcast."""
        return self.joint(beta, mu) / self.breakpoint(beta)

    @checked
    def breakpoint_cdf(self, beta: Array) -> Tensor:
        """P(β' ≤ β): shape of beta."""
        return (1 + torch.sign(beta) * self._breakpoint_share(beta.abs() * (self.w / self.b))) / 2

    @checked
    def delta_slope_cdf(self, mu: Array) -> Tensor:
        """P(μ' ≤ μ): shape of mu."""
        return (1 + torch.sign(mu) * self._delta_slope_share(mu.abs() / (self.w * self.v))) / 2

    @checked
    def moment(self, power: NonNegative) -> float:
        """E |μ|^power, a product of two moments since w and v are independent."""
        return (self.w * self.v) ** power * self._moment(power) ** 2


class GaussianWeights(RandomWeights):
    """Independent w ~ N(0, w²), b ~ N(0, b²), v ~ N(0, v²): the fields are standard deviations, positive.

    Densities take β and μ of shapes that broadcast, and keep their precision. Sahs et al. 2022, theorem 1.

    >>> law = GaussianWeights(1.0, 2.0, 0.5)
    >>> law.joint(beta=0.0, mu=0.0).item() == 1 / (4 * torch.pi * 0.5)
    True
    >>> law.conditional(0.0, [-1.0, 1.0])
    tensor([0.1353, 0.1353], dtype=torch.float64)
    >>> law.scale(0.0), law.breakpoint(0.0), law.delta_slope(0.5)
    (tensor(0.5000, ...), tensor(0.1592, ...), tensor(0.2680, ...))
    >>> law.breakpoint_cdf([-2.0, 2.0]), law.delta_slope_cdf(0.0), round(law.moment(2), 9)
    (tensor([0.2500, 0.7500], dtype=torch.float64), tensor(0.5000, dtype=torch.float64), 0.25)
    >>> law.sample(4, generator=torch.Generator().manual_seed(0), ensemble=3).w.shape
    torch.Size([3, 4])
    """

    @checked
    def scale(self, beta: Array) -> Tensor:
        """Laplace scale of μ at given β, σ_w σ_b σ_v / √(σ_b² + σ_w² β²), the mean of |μ| there: shape of beta."""
        return self.w * self.b * self.v / torch.sqrt(self.b**2 + self.w**2 * beta**2)

    @checked
    def joint(self, beta: Same, mu: Same) -> Tensor:
        """p(β, μ) = exp(−|μ| √(σ_b² + σ_w² β²) / (σ_w σ_b σ_v)) / (2π σ_v √(σ_b² + σ_w² β²)).

        Of the shape to which beta and mu broadcast.
        """
        return torch.exp(-mu.abs() / self.scale(beta)) / (2 * self.scale(beta)) * self.breakpoint(beta)

    @checked
    def breakpoint(self, beta: Array) -> Tensor:
        """p(β): Cauchy with scale σ_b/σ_w; shape of beta."""
        return self.w * self.b / (torch.pi * (self.b**2 + self.w**2 * beta**2))

    @checked
    def delta_slope(self, mu: Array) -> Tensor:
        """p(μ) = K₀(|μ| / (σ_w σ_v)) / (π σ_w σ_v), infinite at μ = 0: shape of mu."""
        return torch.special.modified_bessel_k0(mu.abs() / (self.w * self.v)) / (torch.pi * self.w * self.v)

    def _draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64, device=generator.device)

    def _breakpoint_share(self, ratio: Tensor) -> Tensor:
        return torch.atan(ratio) * (2 / torch.pi)

    def _delta_slope_share(self, ratio: Tensor) -> Tensor:
        below = iti0k0(ratio.detach().double().clamp(max=600).cpu().numpy())[1]  # beyond, ∫₀ I₀ would overflow
        return torch.as_tensor(below).to(ratio) * (2 / torch.pi)

    def _moment(self, power: float) -> float:
        return 2 ** (power / 2) * math.gamma((power + 1) / 2) / math.sqrt(math.pi)


class UniformWeights(RandomWeights):
    """Independent w ~ U[−w, w], b ~ U[−b, b], v ~ U[−v, v]: the fields are the ends of the intervals, positive.

    Densities take β and μ of shapes that broadcast, and keep their precision. Sahs et al. 2022, theorem 1.

    >>> law = UniformWeights(1.0, 2.0, 0.5)
    >>> law.joint(0.0, 0.25), law.conditional([0.0, 4.0], 0.25)
    (tensor(0.1250, dtype=torch.float64), tensor([1., 0.], dtype=torch.float64))
    >>> law.reach([1.0, 4.0]), law.breakpoint(4.0), law.delta_slope(0.25)
    (tensor([1.0000, 0.5000], ...), tensor(0.0312, ...), tensor(0.6931, ...))
    >>> law.breakpoint_cdf([-4.0, 1.0]), law.delta_slope_cdf(0.5), law.moment(1)
    (tensor([0.1250, 0.6250], dtype=torch.float64), tensor(1., dtype=torch.float64), 0.125)
    >>> law.sample(4, generator=torch.Generator().manual_seed(0)).v.shape
    torch.Size([4])
    """

    @checked
    def reach(self, beta: Array) -> Tensor:
        """m(β) = min(a_w, a_b/|β|): the largest |w| that a neuron with breakpoint β can have; shape of beta."""
        return (self.b / beta.abs()).clamp(max=self.w)

    @checked
    def joint(self, beta: Same, mu: Same) -> Tensor:
        """p(β, μ) = (m(β) − |μ|/a_v)₊ / (4 a_w a_b a_v). Of the shape to which beta and mu broadcast."""
        return torch.relu(self.reach(beta) - mu.abs() / self.v) / (4 * self.w * self.b * self.v)

    @checked
    def breakpoint(self, beta: Array) -> Tensor:
        """p(β) = m(β)² / (4 a_w a_b): constant up to |β| = a_b/a_w, then falling as β^{−2}; shape of beta."""
        return self.reach(beta) ** 2 / (4 * self.w * self.b)

    @checked
    def delta_slope(self, mu: Array) -> Tensor:
        """p(μ) = ln(a_w a_v / |μ|) / (2 a_w a_v) for |μ| < a_w a_v, infinite at μ = 0: shape of mu."""
        return torch.log(self.w * self.v / mu.abs()).clamp(min=0) / (2 * self.w * self.v)

    def _draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        return 2 * torch.rand(shape, generator=generator, dtype=torch.float64, device=generator.device) - 1

    def _breakpoint_share(self, ratio: Tensor) -> Tensor:
        return torch.where(ratio < 1, ratio / 2, 1 - 0.5 / ratio.clamp(min=1))

    def _delta_slope_share(self, ratio: Tensor) -> Tensor:
        part = ratio.clamp(max=1)
        return part - torch.xlogy(part, part)

    def _moment(self, power: float) -> float:
        return 1 / (power + 1)


@checked
def weight_law(width: Count, scheme: Independent) -> GaussianWeights | UniformWeights:
    """The law of the weights w, b, v that `initialize(width, scheme)` draws, where they are independent.

    >>> weight_law(4, "pytorch")
    UniformWeights(w=1.0, b=1.0, v=0.5)
    """
    if scheme == "pytorch":
        return UniformWeights(1.0, 1.0, 1 / math.sqrt(width))
    inner = math.sqrt(2 / (1 + width)) if scheme == "glorot" else math.sqrt(2)
    return GaussianWeights(inner, inner, inner if scheme == "glorot" else math.sqrt(2 / width))


@checked
def count_between(law: RandomWeights, low: Real, high: Real, *, width: Count) -> float:
    """Expected number of breakpoints between low and high in a network of `width` neurons with such weights.

    Raises ValueError unless low < high.

    >>> count_between(weight_law(40, "pytorch"), -1, 1, width=40)
    20.0
    """
    if not low < high:
        raise ValueError(f"low: expected low < high, got low = {low:g}, high = {high:g}")
    return width * float(law.breakpoint_cdf([low, high]).diff())
