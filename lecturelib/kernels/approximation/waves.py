r"""Sums of waves on the cube [−1, 1]^d, their Barron norm, and networks drawn from their integral over neurons.

f(x) = Σ_k A_k cos(ω_k·x + ψ_k). With u_k = ‖ω_k‖₁, w_k = ω_k / u_k and g_k(z) = A_k cos(u_k z + ψ_k), |z| ≤ 1,
f is a constant plus Σ_k Σ_{s = ±1} ∫₀¹ s g_k′(s b) [s w_k·x > b] db (steps), and f(0) + ∇f(0)·x plus
Σ_k Σ_s ∫₀¹ g_k″(s b) (s w_k·x − b)₊ db (hinges), as in Klusowski and Barron 2018.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Ensemble, Matrix, NonNegative, Vector, checked
from lecturelib.core.records import Record

Neuron = Literal["step", "relu"]
ORDERS = {"step": 1, "relu": 2}
"""How often a wave is differentiated to become a density of neurons."""


class Waves(Record):
    """f(x) = Σ_k A_k cos(ω_k·x + ψ_k): amplitudes (K,), frequencies (K, d), phases (K,).

    >>> Waves([2.0], [[0.0, 0.0]], [0.0])([[0.3, 0.7]])
    tensor([2.], dtype=torch.float64)
    """

    amplitudes: Annotated[Vector, "K"]
    frequencies: Annotated[Matrix, "K d"]
    phases: Annotated[Vector, "K"]

    @checked
    def __call__(self, x: Annotated[Matrix, "N d"]) -> Tensor:
        """Values at points: (N, d) → (N,)."""
        return torch.cos(x @ self.frequencies.to(x).T + self.phases.to(x)) @ self.amplitudes.to(x)


class RidgeNetwork(Record):
    """constant + slope·x + Σ_j weights_j σ(directions_j·x − offsets_j), σ a step [z > 0] or the ReLU.

    Shapes: directions (..., m, d), offsets and weights (..., m), constant (...), slope (..., d).

    >>> RidgeNetwork([[1.0, 0.0]], [0.5], [2.0], 1.0, [0.0, 0.0], "step")([[0.7, 0.0], [0.3, 0.0]])
    tensor([3., 1.], dtype=torch.float64)
    """

    directions: Annotated[Array, "... m d"]
    offsets: Annotated[Array, "... m"]
    weights: Annotated[Array, "... m"]
    constant: Annotated[Array, "..."]
    slope: Annotated[Array, "... d"]
    activation: Neuron

    @checked
    def __call__(self, x: Annotated[Matrix, "N d"]) -> Tensor:
        """Outputs at points: (N, d) → (..., N)."""
        z = x @ self.directions.to(x).mT - self.offsets.to(x)[..., None, :]
        hidden = (z > 0).to(x) if self.activation == "step" else torch.relu(z)
        line = self.constant.to(x)[..., None] + (self.slope.to(x)[..., None, :] * x).sum(-1)
        return line + (hidden @ self.weights.to(x)[..., None])[..., 0]


@checked
def barron_norm(function: Waves, *, order: Count = 1) -> float:
    """Σ_k |A_k| ‖ω_k‖₁^order: order 1 is Barron's C for the cube [−1, 1]^d, order 2 is what hinges need.

    >>> barron_norm(Waves([2.0, 1.0], [[3.0, -4.0], [0.0, 1.0]], [0.0, 0.0]))
    15.0
    """
    return float(function.amplitudes.abs() @ function.frequencies.abs().sum(-1) ** order)


def _risen(y: Tensor) -> Tensor:
    """∫₀^y |cos|."""
    turns = torch.floor(y / math.pi + 0.5)
    return 2 * turns + torch.sin(y - math.pi * turns)


def _sides(function: Waves, activation: str) -> tuple[Tensor, Tensor, Tensor]:
    """For side s = +1, then −1, and every wave: masses, phases at b = 0, and ‖ω‖₁, each (2, K)."""
    order, size = ORDERS[activation], function.frequencies.abs().sum(-1)
    phase = function.phases + order * math.pi / 2
    phase = torch.stack([phase, -phase])
    mass = function.amplitudes.abs() * size ** (order - 1) * (_risen(phase + size) - _risen(phase))
    return mass, phase, size.expand(2, -1)


@checked
def neuron_mass(function: Waves, activation: Neuron = "step") -> float:
    """ν, the mass of the integral over neurons: Σ_k Σ_s ∫₀¹ |g_k′(s b)| db, or |g_k″| for hinges.

    >>> round(neuron_mass(Waves([1.0], [[torch.pi]], [0.0]), "step"), 6)  # up and down by 2, on either side
    4.0
    """
    return float(_sides(function, activation)[0].sum())


@checked
def maurey(
    function: Waves, width: Count, generator: Generator, *, activation: Neuron = "step", ensemble: Ensemble = ()
) -> RidgeNetwork:
    """Networks whose neurons are drawn from the integral of the function over neurons, all with equal |weight| ν/m.

    Their mean is the function on [−1, 1]^d. The mean square error falls as 1/width, in every dimension.

    >>> network = maurey(Waves([1.0], [[1.0, 2.0]], [0.5]), 7, torch.Generator().manual_seed(0))
    >>> network.directions.shape, network.weights.abs().std() < 1e-12
    (torch.Size([7, 2]), tensor(True))
    """
    masses, phases, sizes = (one.flatten() for one in _sides(function, activation))
    order, total = ORDERS[activation], masses.sum()
    chances = masses if total > 0 else torch.ones_like(masses)
    drawn = torch.multinomial(chances, math.prod(ensemble) * width, replacement=True, generator=generator)
    share = torch.rand(len(drawn), generator=generator, dtype=masses.dtype, device=masses.device)
    phase, size = phases[drawn], sizes[drawn].clamp(min=torch.finfo(masses.dtype).tiny)
    risen = _risen(phase) + share * (_risen(phase + size) - _risen(phase))
    turns = torch.floor((risen + 1) / 2)
    angle = math.pi * turns + torch.arcsin((risen - 2 * turns).clamp(-1, 1))
    wave, side = drawn % len(function.phases), 1.0 - 2.0 * (drawn >= len(function.phases)).to(masses)
    sign = torch.sign(function.amplitudes[wave]) * side**order * (1 - 2 * (turns % 2))
    directions = (side / size)[:, None] * function.frequencies[wave]
    offsets, weights = ((angle - phase) / size).clamp(0, 1), total / width * sign
    shape = (*ensemble, width)
    weights = weights.reshape(shape)
    constant, slope = _line(function, activation)
    if activation == "step":  # a step from −1/2 to 1/2, so that all have the same size
        constant = constant - weights.sum(-1) / 2
    return RidgeNetwork(
        directions.reshape(*shape, -1), offsets.reshape(shape), weights, constant.expand(ensemble),
        slope.expand(*ensemble, -1), activation,
    )  # fmt: skip


def _line(function: Waves, activation: str) -> tuple[Tensor, Tensor]:
    """What is left beside the neurons: the mean of both ends of every wave, or the tangent at 0."""
    amplitudes, phases, size = function.amplitudes, function.phases, function.frequencies.abs().sum(-1)
    if activation == "step":
        ends = torch.cos(phases + size) + torch.cos(phases - size)
        return amplitudes @ ends / 2, torch.zeros_like(function.frequencies[0])
    return amplitudes @ torch.cos(phases), -(amplitudes * torch.sin(phases)) @ function.frequencies


@checked
def fixed_basis_error(width: Count, dimension: Count, *, norm: NonNegative = 1.0) -> float:
    """What every space of `width` functions misses of some wave cos(πk·x + ψ) of that Barron norm, in root mean square.

    max over n of norm/(√2 π) · √((n − width) / Σ_{j ≤ n} ‖k_j‖₁²), with k_1, k_2, … all integer vectors but 0, the
    shortest first (after Barron 1993, theorem 6, with a constant that can be computed).

    >>> round(fixed_basis_error(1, 1) * torch.pi, 6)  # of cos and sin one function keeps one half
    0.5
    """
    vectors = squares = shell = 0
    best = 0.0
    while True:
        shell += 1
        parts = range(1, min(dimension, shell) + 1)  # coordinates that are not 0
        found = sum(2**i * math.comb(dimension, i) * math.comb(shell - 1, i - 1) for i in parts)
        vectors, squares = vectors + found, squares + found * shell**2
        if vectors > width and (vectors - width) / squares <= best:
            return norm / (math.sqrt(2) * math.pi) * math.sqrt(best)
        best = max(best, (vectors - width) / squares)
