r"""Infinitely wide networks of one, two and three inputs as dual Radon transforms, and their coefficients.

f(x) = ∫_S ∫ a(ξ, γ) φ(⟨ξ, x⟩ − γ) dγ dξ = R*[φ ∗ a](x), over all unit vectors ξ. The coefficients of least square size
are a = F⁻¹[|ϑ|^{D−1} f̂(ϑξ) / φ̂(ϑ)] / (2 (2π)^{D−1}), with f̂(k) = ∫ f(x) e^{−ikx} dx (corrected from the slides of
Patel, see the errata; for the ReLU: Ongie et al. 2020).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, NonNegativeArray, Positive, Vector, checked
from lecturelib.core.records import Record
from lecturelib.splines.dimensions.planes import BreakPlanes, Points

Activation = Literal["relu", "step", "saturating", "sigmoid"] | Positive
"""ReLU, step, z₊ − (z − Δ)₊, 1/(1 + e^{−z}), or a number λ for z₊^{λ−1}/Γ(λ): the step is λ = 1, the ReLU λ = 2."""
POWERS = {"step": 1.0, "relu": 2.0}
ROUNDING = 1e-12  # of f̂, beside its largest number
POINTS = 8  # through which values are interpolated
PADDING = 8


class Coefficients(Record):
    """Coefficients a(ξ, γ) of an infinite network on a grid.

    directions ξ (M, D) with their share `weights` (M,) of the unit sphere, offsets γ (T,) evenly spaced, values (M, T).
    Raises ValueError where offsets are not evenly spaced.

    >>> Coefficients([[1.0], [-1.0]], [1.0, 1.0], [-1.0, 0.0, 1.0], torch.ones(2, 3)).step
    1.0
    """

    directions: Annotated[Array, "M D"]
    weights: Annotated[NonNegativeArray, "M"]
    offsets: Annotated[Vector, "T"]
    values: Annotated[Array, "M T"]

    def __post_init__(self) -> None:
        steps = self.offsets.diff()
        if len(steps) == 0 or not bool((steps > 0).all()) or float(steps.max() - steps.min()) > 1e-6 * self.step:
            raise ValueError("offsets: expected two or more numbers, increasing and evenly spaced")

    @property
    def step(self) -> float:
        """Distance of two offsets."""
        return float(self.offsets[-1] - self.offsets[0]) / (len(self.offsets) - 1)

    def planes(self) -> BreakPlanes:
        """A finite ReLU network with a neuron for each number of the grid."""
        count, (_, inputs) = len(self.offsets), self.directions.shape
        directions = self.directions[:, None].expand(-1, count, -1).reshape(-1, inputs)
        jumps = (self.weights[:, None] * self.values * self.step).flatten()
        return BreakPlanes(directions, self.offsets.repeat(len(self.directions)), jumps, 0.0)


@checked
def sphere(dimension: Literal[1, 2, 3], count: Count) -> tuple[Tensor, Tensor]:
    """Unit vectors ξ (M, D), with every one its opposite, and weights (M,) that integrate over the sphere.

    M is 2 on the line; `count`, made even, on the circle; about `count` in space, where the heights are those of Gauss.

    >>> sphere(2, 8)[1].sum()  # 2π
    tensor(6.2832, dtype=torch.float64)
    """
    if dimension == 1:
        return torch.tensor([[1.0], [-1.0]]).double(), torch.ones(2).double()
    rings = max(1, round(math.sqrt(count / 2)))
    around = 2 * max(1, math.ceil(count / 2)) if dimension == 2 else 2 * rings
    angle = 2 * math.pi * torch.arange(around, dtype=torch.float64) / around
    circle = torch.stack([angle.cos(), angle.sin()], -1)
    if dimension == 2:
        return circle, torch.full((around,), 2 * math.pi / around, dtype=torch.float64)
    heights, shares = (torch.as_tensor(one) for one in np.polynomial.legendre.leggauss(rings))
    flat = circle * torch.sqrt(1 - heights**2)[:, None, None]
    whole = torch.cat([flat, heights[:, None, None].expand(-1, around, 1)], -1)
    return whole.reshape(-1, 3), (shares[:, None].expand(-1, around) * 2 * math.pi / around).flatten()


def unit(activation: str | float, z: Tensor, width: float = 1.0) -> Tensor:
    """φ(z)."""
    if activation == "sigmoid":
        return torch.sigmoid(z)
    if activation == "saturating":
        return z.clamp(0, width)
    power = POWERS.get(activation, activation) - 1
    return torch.where(z > 0, z.clamp(min=0) ** power, 0.0) / math.gamma(power + 1)


def inverse(activation: str | float, frequency: Tensor, width: float = 1.0) -> Tensor:
    """1/φ̂(ϑ) for ϑ ≥ 0, complex: (iϑ)^λ; −ϑ²/(1 − e^{−iΔϑ}); i sinh(πϑ)/π. 0 at ϑ = 0."""
    if activation == "sigmoid":
        return 1j * torch.sinh(math.pi * frequency) / math.pi
    power = 2.0 if activation == "saturating" else POWERS.get(activation, activation)
    turned = torch.polar(frequency**power, torch.full_like(frequency, math.pi * power / 2))
    if activation == "saturating":
        one = torch.ones_like(frequency)
        turned = torch.where(frequency > 0, turned / (one - torch.polar(one, -width * frequency)), 0.0)
    return turned


def radon(function: Callable, directions: Tensor, offsets: Tensor) -> Tensor:
    """Integrals of a function over the planes ⟨ξ, x⟩ = γ, by sums over a grid as wide as the offsets: (M, T).

    The grid is half as fine: sums alias at twice the frequency at which samples do.
    """
    dimension, coarse = directions.shape[1], offsets[::2]
    if dimension == 1:
        return torch.stack([_values(function, offsets[:, None] * one) for one in directions])
    across = torch.cartesian_prod(*[coarse] * (dimension - 1)).reshape(-1, dimension - 1)
    found = []
    for one in directions:
        rest = torch.linalg.svd(one[None])[2][1:]  # a basis of the plane
        points = offsets[:, None, None] * one + across @ rest
        found.append(_values(function, points.reshape(-1, dimension)).reshape(len(offsets), -1).sum(1))
    return torch.stack(found) * float(coarse[1] - coarse[0]) ** (dimension - 1)


def _values(function: Callable, points: Tensor) -> Tensor:
    try:
        found = function(points)
    except Exception as error:
        raise ValueError(f"function: failed on points of shape {tuple(points.shape)} ({error})") from error
    if not isinstance(found, Tensor) or found.shape != points.shape[:1]:
        raise ValueError(f"function: expected a tensor of shape {tuple(points.shape[:1])} for {tuple(points.shape)}")
    if not bool(torch.isfinite(found).all()):
        raise ValueError("function: expected finite values")
    return found.to(points.dtype)


@checked
def coefficients_of(
    function: Callable, activation: Activation = "relu", *, dimension: Literal[1, 2, 3], radius: Positive,
    directions: Count = 32, offsets: Count = 201, width: Positive = 1.0,
) -> Coefficients:  # fmt: skip
    """The coefficients of least square size with which an infinite network is a smooth function.

    function: points (N, D) → values (N,), smooth at the scale of the grid and 0 beyond |x| = radius, up to what error
    is wanted. offsets: how many, from −radius to radius (at least 16); width: Δ of the saturating ReLU. In two
    dimensions, and for a λ that is no integer, coefficients fall off slowly. They are cut at the radius, which for the
    ReLU takes away an affine function inside.
    Raises ValueError where no such network exists: for the saturating ReLU where f̂ is not 0 at |k| = 2πj/Δ, for the
    sigmoid where f̂ falls too slowly for its 1/φ̂, i sinh(πϑ)/π.

    >>> found = coefficients_of(lambda x: (-x.square().sum(-1) / 2).exp(), dimension=1, radius=8.0, offsets=161)
    >>> round(float(found.values[0, 80]), 6)  # ½ f″(0)
    -0.5
    """
    if offsets < 2 * POINTS:
        raise ValueError(f"offsets: expected at least {2 * POINTS}, got {offsets}")
    xi, weights = sphere(dimension, directions)
    gamma = torch.linspace(-radius, radius, offsets, dtype=torch.float64)
    size, step = PADDING * offsets, 2 * radius / (offsets - 1)
    spectrum = torch.fft.rfft(radon(function, xi, gamma), n=size)  # f̂(ϑξ), up to a phase and the step
    frequency = 2 * math.pi * torch.arange(spectrum.shape[-1], dtype=torch.float64) / (size * step)
    most = float(spectrum.abs().max())
    spectrum = torch.where(spectrum.abs() > ROUNDING * most, spectrum, 0.0)
    if activation == "saturating":
        _refuse_where_it_vanishes(spectrum, frequency, width, most)
    factor = (
        frequency ** (dimension - 1) * inverse(activation, frequency, width) / (2 * (2 * math.pi) ** (dimension - 1))
    )
    wanted = torch.where(spectrum != 0, spectrum * factor, 0.0)
    if activation == "sigmoid" and float((wanted.abs() * (spectrum.abs() < 10 * ROUNDING * most)).max()) > 1e-3 * most:
        raise ValueError("function: expected one whose transform falls faster than exp(-π|k|), as the sigmoid's does")
    return Coefficients(xi, weights, gamma, torch.fft.irfft(wanted, n=size)[:, :offsets])


def _refuse_where_it_vanishes(spectrum: Tensor, frequency: Tensor, width: float, most: float) -> None:
    """Raise ValueError where f̂ is not 0 at some ϑ = 2πj/Δ, j ≥ 1, at which φ̂ is."""
    zeros = torch.arange(2 * math.pi / width, float(frequency[-1]), 2 * math.pi / width, dtype=torch.float64)
    near = torch.searchsorted(frequency, zeros).clamp(max=len(frequency) - 1)
    left = spectrum[:, torch.cat([near, near - 1])].abs()
    if left.numel() and float(left.max()) > 1e3 * ROUNDING * most:
        raise ValueError(
            f"function: expected a transform that is 0 at |k| = 2πj/{width:g}, where that of the saturating ReLU is"
        )


def _between(values: Tensor, offsets: Tensor, places: Tensor) -> Tensor:
    """Values (M, T) at offsets, read at places (M, N) by polynomials through 8 neighbours; 0 outside."""
    at = (places - offsets[0]) / (offsets[-1] - offsets[0]) * (len(offsets) - 1)
    first = (at.floor().long() - POINTS // 2 + 1).clamp(0, len(offsets) - POINTS)
    local, found = at - first, torch.zeros_like(at)
    for k in range(POINTS):
        basis = math.prod((local - j) / (k - j) for j in range(POINTS) if j != k)
        found = found + basis * values.gather(-1, first + k)
    return torch.where((at >= 0) & (at <= len(offsets) - 1), found, 0.0)


@checked
def dual_radon(coefficients: Coefficients, x: Points) -> Tensor:
    """R*a(x) = ∫ a(ξ, ⟨ξ, x⟩) dξ over the unit sphere, at x of shape (N, D): shape (N,).

    Between the offsets values are interpolated; beyond them they are 0. For the coefficients of a ReLU network this is
    the Laplacian of its function. Raises ValueError for fewer than 8 offsets.

    >>> ones = Coefficients([[1.0], [-1.0]], [1.0, 1.0], torch.arange(9.0), torch.ones(2, 9))
    >>> dual_radon(ones, [[3.0]]).tolist()  # ⟨−1, 3⟩ lies beyond the offsets
    [1.0]
    """
    if len(coefficients.offsets) < POINTS:
        raise ValueError(f"coefficients: expected at least {POINTS} offsets, got {len(coefficients.offsets)}")
    found = _between(coefficients.values, coefficients.offsets, coefficients.directions @ x.T)
    return coefficients.weights @ found


@checked
def infinite_network(
    coefficients: Coefficients, x: Points, activation: Activation = "relu", *, width: Positive = 1.0
) -> Tensor:
    """R*[φ ∗ a](x) as the sum of a network with a neuron for each number of the grid: x (N, D) → (N,).

    >>> bend = Coefficients([[1.0], [-1.0]], [1.0, 1.0], [0.0, 1.0], [[1.0, 0.0], [0.0, 0.0]])
    >>> infinite_network(bend, [[3.0]], "relu").tolist()
    [3.0]
    """
    found = x.new_zeros(len(x))
    for xi, weight, row in zip(coefficients.directions, coefficients.weights, coefficients.values, strict=True):
        found = found + weight * (unit(activation, (x @ xi)[:, None] - coefficients.offsets, width) @ row)
    return found * coefficients.step


@checked
def radon_norm(function: BreakPlanes | Coefficients) -> float:
    """The least Σ |κ_i|, or ∫∫ |a|, of all ReLU networks that are this function up to an affine one.

    A plane has one jump, whichever way its neurons face: the even part ½ (a(ξ, γ) + a(−ξ, −γ)) counts. Ongie et al.
    (2020) write it ‖R (−Δ)^{(D+1)/2} f‖₁ / (2 (2π)^{D−1}). Raises ValueError for coefficients whose directions or
    offsets lack their opposites, and for an ensemble.

    >>> radon_norm(BreakPlanes([[1.0, 0.0], [-1.0, 0.0]], [2.0, -2.0], [3.0, -1.0], 0.0))
    2.0
    """
    if isinstance(function, BreakPlanes):
        return float(function.merged().slope_jumps.abs().sum())
    apart = torch.cdist(function.directions, -function.directions)
    symmetric = float((function.offsets + function.offsets.flip(0)).abs().max()) < 1e-6 * function.step
    if float(apart.min(1).values.max()) > 1e-6 or not symmetric:
        raise ValueError("function: expected with every direction and offset its opposite")
    even = (function.values + function.values[apart.argmin(1)].flip(1)) / 2
    return float(function.weights @ even.abs().sum(1)) * function.step
