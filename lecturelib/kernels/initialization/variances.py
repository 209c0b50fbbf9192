r"""Sizes of signals and gradients in random ReLU networks, averaged over the start, exactly at every width and depth.

h_0 = x, h_ℓ = (W_ℓᵀ h_{ℓ−1} + b_ℓ)₊, f = vᵀ h_L, with independent entries that have mean 0, a symmetric law, and
variances of their own. What is computed here needs nothing else about the law, unless a function says so. See
Jelenković, lecture 13; Hanin 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from scipy.special import polygamma, psi
from scipy.stats import binom
from torch import Tensor

from lecturelib.core.arguments import as_tensor, one_dimensional, same_shape


@dataclass(frozen=True)
class Variances:
    """Variances of the entries: of W_ℓ, shape (k_{ℓ−1}, k_ℓ), of b_ℓ, (k_ℓ,), for ℓ = 1, …, L, and of v, (k_L,)."""

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    output: Tensor

    def __post_init__(self) -> None:
        weights = tuple(_variances("weights", one, 2) for one in self.weights)
        biases = tuple(_variances("biases", one, 1) for one in self.biases)
        output = _variances("output", self.output, 1)
        if not weights or len(weights) != len(biases):
            raise ValueError(f"biases: expected one for each of at least one layer, got {len(biases)}")
        for before, after in pairwise(weights):
            if before.shape[1] != after.shape[0]:
                raise ValueError(f"weights: expected {before.shape[1]} rows, got {after.shape[0]}")
        for matrix, bias in zip(weights, biases, strict=True):
            same_shape((matrix.shape[1],), "a layer", biases=bias)
        same_shape((weights[-1].shape[1],), "the last layer", output=output)
        for name, value in (("weights", weights), ("biases", biases), ("output", output)):
            object.__setattr__(self, name, value)

    @property
    def widths(self) -> tuple[int, ...]:
        """d = k_0, k_1, …, k_L."""
        return (self.weights[0].shape[0], *(matrix.shape[1] for matrix in self.weights))


def equal_variances(widths: Sequence[int], weight, bias=0.0, *, output: float | None = None) -> Variances:
    """One variance for all weights of a layer and one for its biases: numbers, or one number for each of the L layers.

    widths: d, k_1, …, k_L; output: the variance of v, 1 / k_L unless given.
    """
    if len(widths) < 2 or any(not isinstance(width, int) or width < 1 for width in widths):
        raise ValueError(f"widths: expected integers d, k_1, …, all at least 1, got {tuple(widths)}")
    depth = len(widths) - 1
    per_layer = {}
    for name, value in (("weight", weight), ("bias", bias)):
        value = _variances(name, value, None)
        if value.ndim > 1 or (value.ndim == 1 and value.numel() != depth):
            raise ValueError(f"{name}: expected a number or {depth} numbers, got shape {tuple(value.shape)}")
        per_layer[name] = value.expand(depth)
    pairs = pairwise(widths)
    return Variances(
        tuple(one.expand(pair) for one, pair in zip(per_layer["weight"], pairs, strict=True)),
        tuple(one.expand(width) for one, width in zip(per_layer["bias"], widths[1:], strict=True)),
        torch.full((widths[-1],), 1 / widths[-1] if output is None else output, dtype=torch.float64),
    )


def scheme_variances(widths: Sequence[int], scheme: str) -> Variances:
    """Common starts without biases: "he" 2/k_in, "glorot" 2/(k_in + k_out), "lecun" 1/k_in, "he_backward" 2/k_out."""
    rules = {
        "he": lambda before, after: 2 / before,
        "glorot": lambda before, after: 2 / (before + after),
        "lecun": lambda before, after: 1 / before,
        "he_backward": lambda before, after: 2 / after,
    }
    if scheme not in rules:
        raise ValueError(f"scheme: expected one of {', '.join(rules)}, got {scheme!r}")
    return equal_variances(widths, [rules[scheme](*pair) for pair in pairwise(widths)])


def forward_moments(variances: Variances, x) -> list[Tensor]:
    r"""E h_{ℓ,j}² for ℓ = 0, …, L, each (k_ℓ,): q_0 = x², q_ℓ = ½ (V_ℓᵀ q_{ℓ−1} + β_ℓ), V and β the variances."""
    moments = [one_dimensional("x", x, dtype=torch.float64).square()]
    same_shape((variances.widths[0],), "the rows of the first weights", x=moments[0])
    for weights, biases in zip(variances.weights, variances.biases, strict=True):
        moments.append((weights.T @ moments[-1] + biases) / 2)
    return moments


def backward_moments(variances: Variances) -> list[Tensor]:
    r"""E (∂f/∂h_{ℓ,i})² for ℓ = 0, …, L, each (k_ℓ,): g_L the variances of v, g_{ℓ−1} = ½ V_ℓ g_ℓ.

    Exact where no pre-activation is 0 with positive probability, as with biases that have a density.
    """
    moments = [variances.output]
    for weights in reversed(variances.weights):
        moments.append(weights @ moments[-1] / 2)
    return moments[::-1]


def gradient_moments(variances: Variances, x) -> tuple[list[Tensor], list[Tensor]]:
    """E (∂f/∂W_{ℓ,ij})² = ½ q_{ℓ−1,i} g_{ℓ,j}, (k_{ℓ−1}, k_ℓ), and E (∂f/∂b_{ℓ,j})² = ½ g_{ℓ,j}, (k_ℓ,), ℓ ≥ 1."""
    forward, backward = forward_moments(variances, x), backward_moments(variances)
    weights = [before[:, None] * after / 2 for before, after in zip(forward[:-1], backward[1:], strict=True)]
    return weights, [after / 2 for after in backward[1:]]


def fourth_moments(variances: Variances, x) -> Tensor:
    r"""E ‖h_ℓ‖⁴ for ℓ = 0, …, L, shape (L + 1,), for one variance a layer and E w⁴ = 3 (E w²)², as normal laws have.

    With a = E ‖h_{ℓ−1}‖², m = E ‖h_{ℓ−1}‖⁴: ¼ (k² + 5k) (σ_w⁴ m + 2 σ_w² σ_b² a + σ_b⁴).
    Raises ValueError where a layer has several variances.
    """
    second = [moment.sum() for moment in forward_moments(variances, x)]
    moments = [second[0] ** 2]
    for before, weights, biases in zip(second, variances.weights, variances.biases, strict=False):
        w, b = _common("weights", weights), _common("biases", biases)
        k = weights.shape[1]
        moments.append((k**2 + 5 * k) / 4 * (w**2 * moments[-1] + 2 * w * b * before + b**2))
    return torch.stack(moments)


def mean_error(variances: Variances, x, members: int) -> Tensor:
    """Standard error of the mean of ‖h_ℓ‖²/k_ℓ over so many networks, shape (L + 1,); for the laws above."""
    if not isinstance(members, int) or members < 1:
        raise ValueError(f"members: expected an integer, at least 1, got {members}")
    means = torch.stack([moment.sum() for moment in forward_moments(variances, x)])
    spread = (fourth_moments(variances, x) - means**2).clamp(min=0).sqrt()
    return spread / torch.tensor(variances.widths, dtype=spread.dtype) / members**0.5


def direction_moments(variances: Variances) -> tuple[Tensor, Tensor]:
    """E ‖J_ℓ u‖² and E ‖J_ℓ u‖⁴ for ℓ = 0, …, L, with J_ℓ = ∂h_ℓ/∂x and a fixed unit vector u: two of shape (L + 1,).

    The first gains ½ k σ_w² a layer, for every symmetric law; the second ¼ (k² + 5k) σ_w⁴, for laws with
    E w⁴ = 3 (E w²)². Exact where no pre-activation is 0 with positive probability.
    """
    second, fourth = [torch.ones((), dtype=torch.float64)], [torch.ones((), dtype=torch.float64)]
    for weights in variances.weights:
        w, k = _common("weights", weights), weights.shape[1]
        second.append(second[-1] * k * w / 2)
        fourth.append(fourth[-1] * (k**2 + 5 * k) / 4 * w**2)
    return torch.stack(second), torch.stack(fourth)


def log_step(width: int) -> tuple[float, float]:
    """Mean and variance of ln((2/k) Σ (ξ_i)₊²), ξ_1, …, ξ_k standard normal, given that not all are negative.

    This is how much ln ‖h‖²/k changes in one layer of He's start with normal weights. If m of the ξ_i are positive, the
    sum follows the χ² law with m degrees of freedom, whose logarithm has mean ψ(m/2) + ln 2 and variance ψ'(m/2).
    """
    if not isinstance(width, int) or width < 1:
        raise ValueError(f"width: expected an integer, at least 1, got {width}")
    m = torch.arange(1, width + 1, dtype=torch.float64).numpy()
    chance = binom.pmf(m, width, 0.5)
    chance = chance / chance.sum()
    means = psi(m / 2) + torch.log(torch.tensor(4 / width, dtype=torch.float64)).item()
    mean = float((chance * means).sum())
    return mean, float((chance * (polygamma(1, m / 2) + (means - mean) ** 2)).sum())


def death_chance(widths: Sequence[int]) -> Tensor:
    """Probability that h_ℓ = 0, for ℓ = 0, …, L, without biases and x ≠ 0: 1 − ∏ (1 − 2^{−k_j}), shape (L + 1,)."""
    if len(widths) < 1 or any(not isinstance(width, int) or width < 1 for width in widths):
        raise ValueError(f"widths: expected integers d, k_1, …, all at least 1, got {tuple(widths)}")
    alive = torch.cumprod(torch.tensor([1.0, *(1 - 0.5**k for k in widths[1:])], dtype=torch.float64), 0)
    return 1 - alive


def erf_variance(q) -> Tensor:
    """E erf(z)² for normal z with mean 0 and variance q: (2/π) arcsin(2q / (1 + 2q)). Williams 1997."""
    q = as_tensor("q", q)
    if not bool((q >= 0).all()):
        raise ValueError(f"q: expected numbers that are not negative, found {float(q.min()):g}")
    return 2 / torch.pi * torch.asin(2 * q / (1 + 2 * q))


def erf_path(weight: float, depth: int, start: float = 1.0) -> Tensor:
    """Mean square of h_1, …, h_L in erf networks of infinite width, no biases, Var W = weight²/k: shape (depth,)."""
    if not weight >= 0:
        raise ValueError(f"weight: expected a number, at least 0, got {weight}")
    sizes = [torch.as_tensor(start, dtype=torch.float64)]
    for _ in range(depth):
        sizes.append(erf_variance(weight**2 * sizes[-1]))
    return torch.stack(sizes[1:])


def _variances(name: str, value, dimensions: int | None) -> Tensor:
    tensor = as_tensor(name, value, dtype=torch.float64)
    if dimensions is not None and (tensor.ndim != dimensions or tensor.numel() == 0):
        raise ValueError(f"{name}: expected {dimensions} dimensions, got shape {tuple(tensor.shape)}")
    if not bool((tensor >= 0).all()):
        raise ValueError(f"{name}: expected variances, found {float(tensor.min()):g}")
    return tensor


def _common(name: str, tensor: Tensor) -> Tensor:
    first = tensor.flatten()[0]
    if not bool((tensor == first).all()):
        raise ValueError(f"{name}: expected one variance for all of a layer")
    return first
