r"""Sizes of signals and gradients in random ReLU networks, averaged over the start, exactly at every width and depth.

h_0 = x, h_ℓ = (W_ℓᵀ h_{ℓ−1} + b_ℓ)₊, f = vᵀ h_L, with independent entries that have mean 0, a symmetric law, and
variances of their own. What is computed here needs nothing else about the law, unless a function says so. See
Jelenković, lecture 13; Hanin 2018.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import torch
from scipy.special import polygamma, psi
from scipy.stats import binom
from torch import Tensor

from lecturelib.core.arguments import Array, Count, NonNegative, NonNegativeArray, Widths, broadcast, checked
from lecturelib.core.records import Record

Inputs = Annotated[Array, "... d"]


class Variances(Record):
    """Variances of the entries: of W_ℓ, shape (k_{ℓ−1}, k_ℓ), of b_ℓ, (k_ℓ,), for ℓ = 1, …, L, and of v, (k_L,).

    Raises ValueError where layers do not fit together.

    >>> Variances(([[1.0, 2.0]],), ([0.5, 0.5],), [1.0, 1.0]).widths
    (1, 2)
    """

    weights: Annotated[tuple[NonNegativeArray, ...], "_in _out"]
    biases: Annotated[tuple[NonNegativeArray, ...], "_out"]
    output: Annotated[NonNegativeArray, "_out"]

    def __post_init__(self) -> None:
        after = tuple(matrix.shape[1] for matrix in self.weights)
        if not after or any(m.shape[0] != k for m, k in zip(self.weights[1:], after, strict=False)):
            shapes = [tuple(matrix.shape) for matrix in self.weights]
            raise ValueError(f"weights: expected one matrix or more, of shapes that follow on each other, got {shapes}")
        if (found := tuple(len(part) for part in (*self.biases, self.output))) != (*after, after[-1]):
            name = "output" if found[:-1] == after else "biases"
            raise ValueError(f"{name}: expected sizes {after} and {after[-1]}, to fit weights, got {found}")

    @property
    def widths(self) -> tuple[int, ...]:
        """d = k_0, k_1, …, k_L."""
        return (self.weights[0].shape[0], *(matrix.shape[1] for matrix in self.weights))

    def common(self) -> list[tuple[Tensor, Tensor]]:
        """For each layer the one variance of its weights and that of its biases. ValueError where there are several."""
        if any(bool((part != part.flatten()[0]).any()) for part in self.weights + self.biases):
            raise ValueError("variances: expected one for all weights and one for all biases of a layer")
        return [(weights[0, 0], biases[0]) for weights, biases in zip(self.weights, self.biases, strict=True)]


def check_input(variances: Variances, x: Tensor) -> None:
    """Raise ValueError where x (..., d) has another d than the variances."""
    if x.shape[-1] != variances.widths[0]:
        raise ValueError(f"x: expected {variances.widths[0]} numbers, as the first layer takes, got {x.shape[-1]}")


@checked
def equal_variances(
    widths: Widths, weight: NonNegativeArray, bias: NonNegativeArray = 0.0, *, output: NonNegative | None = None
) -> Variances:
    """One variance for all weights of a layer and one for its biases: numbers, or one number for each of the L layers.

    widths: d, k_1, …, k_L; output: the variance of v, 1 / k_L unless given.

    >>> equal_variances((3, 4, 2), [0.1, 0.2], 0.5).output
    tensor([0.5000, 0.5000], dtype=torch.float64)
    """
    weight, bias = (broadcast(*one, (len(widths) - 1,)) for one in (("weight", weight), ("bias", bias)))
    weights, biases = map(Tensor.expand, weight, pairwise(widths)), map(Tensor.expand, bias, widths[1:])
    return Variances(
        tuple(weights), tuple(biases), weight.new_full(widths[-1:], 1 / widths[-1] if output is None else output)
    )


@checked
def scheme_variances(widths: Widths, scheme: Literal["he", "glorot", "lecun", "he_backward"]) -> Variances:
    """Common starts without biases: "he" 2/k_in, "glorot" 2/(k_in + k_out), "lecun" 1/k_in, "he_backward" 2/k_out.

    He et al. 2015; Glorot and Bengio 2010. widths: d, k_1, …, k_L.

    >>> scheme_variances((4, 6), "glorot").weights[0][0]
    tensor([0.2000, 0.2000, 0.2000, 0.2000, 0.2000, 0.2000], dtype=torch.float64)
    """

    def rule(k: int, after: int) -> float:
        return {"he": 2 / k, "glorot": 2 / (k + after), "lecun": 1 / k, "he_backward": 2 / after}[scheme]

    return equal_variances(widths, [rule(*pair) for pair in pairwise(widths)])


@checked
def forward_moments(variances: Variances, x: Inputs) -> list[Tensor]:
    r"""E h_{ℓ,j}² for ℓ = 0, …, L, each (..., k_ℓ): q_0 = x², q_ℓ = ½ (V_ℓᵀ q_{ℓ−1} + β_ℓ), V and β the variances.

    >>> forward_moments(equal_variances((2, 1), 0.5), [1.0, 2.0])
    [tensor([1., 4.], dtype=torch.float64), tensor([1.2500], dtype=torch.float64)]
    """
    check_input(variances, x)
    moments = [x.square()]
    for weights, biases in zip(variances.weights, variances.biases, strict=True):
        moments.append((moments[-1] @ weights + biases) / 2)
    return moments


@checked
def backward_moments(variances: Variances) -> list[Tensor]:
    r"""E (∂f/∂h_{ℓ,i})² for ℓ = 0, …, L, each (k_ℓ,): g_L the variances of v, g_{ℓ−1} = ½ V_ℓ g_ℓ.

    Exact where no pre-activation is 0 with positive probability, as with biases that have a density; and without biases
    for ℓ = 0 and ℓ = L.

    >>> backward_moments(scheme_variances((3, 2), "he"))
    [tensor([0.3333, 0.3333, 0.3333], dtype=torch.float64), tensor([0.5000, 0.5000], dtype=torch.float64)]
    """
    moments = [variances.output]
    for weights in reversed(variances.weights):
        moments.append(weights @ moments[-1] / 2)
    return moments[::-1]


@checked
def fourth_moments(variances: Variances, x: Inputs) -> Tensor:
    r"""E ‖h_ℓ‖⁴ for ℓ = 0, …, L, (L + 1, ...), for one variance per layer and E w⁴ = 3 (E w²)², as normal laws have.

    With a = E ‖h_{ℓ−1}‖², m = E ‖h_{ℓ−1}‖⁴: ¼ (k² + 5k) (σ_w⁴ m + 2 σ_w² σ_b² a + σ_b⁴).
    Raises ValueError where a layer has several variances.

    >>> fourth_moments(equal_variances((4, 4, 4), 0.5), [1.0, 1.0, 1.0, 1.0])
    tensor([16., 36., 81.], dtype=torch.float64)
    """
    second = [moment.sum(-1) for moment in forward_moments(variances, x)]
    moments = [second[0] ** 2]
    for before, k, (w, b) in zip(second, variances.widths[1:], variances.common(), strict=False):
        moments.append((k**2 + 5 * k) / 4 * (w**2 * moments[-1] + 2 * w * b * before + b**2))
    return torch.stack(moments)


@checked
def mean_error(variances: Variances, x: Inputs, ensemble: Count) -> Tensor:
    """Standard error of the mean of ‖h_ℓ‖²/k_ℓ over so many networks, (L + 1, ...); for the laws of `fourth_moments`.

    It is √(E ‖h_ℓ‖⁴ − (E ‖h_ℓ‖²)²) / (k_ℓ √S). Raises ValueError where a layer has several variances.

    >>> mean_error(equal_variances((4, 4), 0.5), [1.0, 1.0, 1.0, 1.0], 5)
    tensor([0.0000, 0.5000], dtype=torch.float64)
    """
    spreads = zip(fourth_moments(variances, x), forward_moments(variances, x), variances.widths, strict=True)
    return torch.stack([(m - q.sum(-1) ** 2).clamp(min=0).sqrt() / k for m, q, k in spreads]) / ensemble**0.5


@checked
def log_step(width: Count) -> tuple[float, float]:
    """Mean and variance of ln((2/k) Σ (ξ_i)₊²), ξ_1, …, ξ_k standard normal, given that not all are negative.

    This is how much ln(‖h‖²/k) changes in one layer of He's start with normal weights. If m of the ξ_i are positive,
    the sum follows the χ² law with m degrees of freedom, whose logarithm has mean ψ(m/2) + ln 2 and variance ψ'(m/2).

    >>> log_step(1)[0]  # −γ
    -0.577215664901...
    """
    far = int(20 * width**0.5) + 1  # forty standard deviations: beyond it the chances are zero in float64
    m = np.arange(max(1, width // 2 - far), min(width, width // 2 + far) + 1)
    chance = binom.pmf(m, width, 0.5)
    chance, means = chance / chance.sum(), psi(m / 2) + np.log(4 / width)
    mean = chance @ means
    return float(mean), float(chance @ (polygamma(1, m / 2) + (means - mean) ** 2))


@checked
def death_chance(widths: Widths) -> Tensor:
    """Probability that h_ℓ = 0, for ℓ = 0, …, L, without biases and x ≠ 0: 1 − ∏ (1 − 2^{−k_j}), shape (L + 1,).

    For laws for which no pre-activation of a nonzero h is 0 with positive probability.

    >>> death_chance((5, 1, 2))
    tensor([0.0000, 0.5000, 0.6250], dtype=torch.float64)
    """
    alive = torch.tensor([1.0, *(1 - 0.5**k for k in widths[1:])], dtype=torch.float64)
    return 1 - alive.cumprod(0)


@checked
def erf_variance(q: NonNegativeArray) -> Tensor:
    """E erf(z)² for normal z with mean 0 and variance q, entry by entry: (2/π) arcsin(2q / (1 + 2q)). Williams 1997."""
    return 2 / torch.pi * torch.asin(2 * q / (1 + 2 * q))


@checked
def erf_path(weight: NonNegative, depth: Count, start: NonNegative = 1.0) -> Tensor:
    """Mean square of h_1, …, h_L in erf networks of infinite width, no biases, Var W = weight²/k: shape (depth,)."""
    q, sizes = torch.tensor(start, dtype=torch.float64), []
    for _ in range(depth):
        sizes.append(q := erf_variance(weight**2 * q))
    return torch.stack(sizes)
