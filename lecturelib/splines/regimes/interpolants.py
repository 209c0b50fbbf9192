r"""Functions through given points that trained networks are compared with, and the kernels they come from.

In the kernel limit a network becomes the function of least norm through the data (`lecturelib.splines.regimes.flows`).
For breakpoints spread evenly over [−B, B] its kernel is |x₁ − x₂|³/6 + 2B x₁ x₂ + 2B³/3: cubic splines, with a price on
the affine part. For Gaussian weights it is the arc-cosine kernel of Cho and Saul (2009). Systems are solved in float64
whatever the precision of the data, and what does not reach its data is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from lecturelib.core.arguments import Array, Integer, Positive, PositiveOrInfinite, Vector, checked
from lecturelib.core.records import Record
from lecturelib.splines.breakpoints.network import Spline

Inputs = Annotated[Vector, "N"]
Targets = Annotated[Array, "... N"]
Places = Annotated[Vector, "_K?"]
MISS = {torch.float64: 1e-6, torch.float32: 1e-3}  # of the largest target: how far from its data a function may end


def sorted_points(x: Tensor, y: Tensor, least: int) -> tuple[Tensor, Tensor]:
    """Points from left to right; ValueError where there are fewer than `least` or two coincide."""
    x, order = torch.sort(x)
    if x.numel() < least or not bool((x[1:] > x[:-1]).all()):
        raise ValueError(f"x: expected at least {least} distinct points, got {x.tolist()}")
    return x, y[..., order]


@checked
def linear_interpolant(x: Inputs, y: Annotated[Vector, "N"]) -> Spline:
    """The polygon through the points, one straight line beyond each end, as a spline of N neurons.

    x: (N,) distinct, N ≥ 2, in any order; y: (N,). Neuron 1 faces left at x_1 with the slope of the first piece, the
    others face right at x_1, …, x_{N−1}. Raises ValueError for points that coincide.

    >>> linear_interpolant([1.0, 0.0, 3.0], [2.0, 1.0, -2.0])([0.5, 2.0]).tolist()
    [1.5, 0.0]
    """
    x, y = sorted_points(x, y, 2)
    slopes = (y[1:] - y[:-1]) / (x[1:] - x[:-1])
    delta_slopes = torch.cat([slopes[:1], slopes[:1], slopes[1:] - slopes[:-1]])
    orientations = torch.ones_like(delta_slopes)
    orientations[0] = -1
    return Spline(torch.cat([x[:1], x[:-1]]), delta_slopes, orientations, y[0])


@checked
def cut_corner(x: Inputs, y: Annotated[Vector, "N"], n: Integer) -> Spline:
    """The polygon with its corners at points n and n + 1 replaced by one between them; still through all points.

    The pieces before and behind are prolonged until they meet. n counts sorted points from 0, 1 ≤ n ≤ N − 3. Raises
    ValueError where the two corners do not bend the same way: then the pieces do not meet between them.

    >>> cut_corner([-1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 3.0, 6.0], 1)([0.5]).tolist()
    [1.5]
    """
    x, y = sorted_points(x, y, 4)
    if not 1 <= n <= x.numel() - 3:
        raise ValueError(f"n: expected a whole number from 1 to {x.numel() - 3}, got {n}")
    before, middle, behind = ((y[k + 1] - y[k]) / (x[k + 1] - x[k]) for k in (n - 1, n, n + 1))
    if not (middle - before) * (behind - middle) > 0:
        raise ValueError(f"n: expected corners {n} and {n + 1} to bend the same way")
    place = (y[n + 1] - y[n] + before * x[n] - behind * x[n + 1]) / (before - behind)
    height = y[n] + before * (place - x[n])
    return linear_interpolant(*(torch.cat([p[:n], q[None], p[n + 2 :]]) for p, q in ((x, place), (y, height))))


@checked
def natural_cubic(x: Inputs, y: Targets) -> Callable[[Tensor], Tensor]:
    """The natural cubic spline through the points by scipy, continued beyond the ends by its tangents.

    x: (N,) distinct, N ≥ 2; y: (..., N). The result takes (K,) to (..., K). Raises ValueError for points that coincide.

    >>> natural_cubic([0.0, -1.0, 1.0], [1.0, 0.0, 0.0])([0.5, 3.0]).tolist()
    [0.6875, -3.0]
    """
    x, y = sorted_points(x, y, 2)
    inside = CubicSpline(x.numpy(force=True), y.numpy(force=True), axis=-1, bc_type="natural")
    low, high = float(x[0]), float(x[-1])

    @checked
    def at(z: Places) -> Tensor:
        places = z.numpy(force=True)
        near = np.clip(places, low, high)
        return torch.from_numpy(inside(near) + inside(near, 1) * (places - near)).to(x)

    return at


@checked
def hinge_kernel(x1: Annotated[Array, "*"], x2: Annotated[Array, "*"], half_width: Positive) -> Tensor:
    r"""∫_{−B}^{B} [(x₁ − β)₊ (x₂ − β)₊ + (β − x₁)₊ (β − x₂)₊] dβ = |x₁ − x₂|³/6 + 2B x₁ x₂ + 2B³/3 on [−B, B].

    x1, x2 broadcast to the shape of the result. Raises ValueError where a point lies outside [−B, B].

    >>> hinge_kernel([0.0, 3.0], [0.0, 3.0], half_width=3.0).tolist()
    [18.0, 72.0]
    """
    for name, points in (("x1", x1), ("x2", x2)):
        if bool((points.abs() > half_width).any()):
            raise ValueError(f"{name}: expected points between −{half_width:g} and {half_width:g}")
    return (x1 - x2).abs() ** 3 / 6 + 2 * half_width * x1 * x2 + 2 * half_width**3 / 3


class CubicLimit(Record):
    """f(z) = Σ_n λ_n |z − x_n|³/6 + slope·z + height. centres: (N,); weights λ: (..., N); slope, height: (...).

    >>> CubicLimit(centres=[0.0], weights=[6.0], slope=1.0, height=2.0)([2.0]).tolist()
    [12.0]
    """

    centres: Annotated[Vector, "N"]
    weights: Annotated[Array, "... N"]
    slope: Annotated[Array, "..."]
    height: Annotated[Array, "..."]

    @checked
    def __call__(self, z: Places) -> Tensor:
        """Values at z of shape (K,): shape (..., K)."""
        bends = self.weights @ ((z - self.centres[:, None]).abs() ** 3 / 6)
        return bends + self.slope[..., None] * z + self.height[..., None]

    @checked
    def curvature(self, z: Places) -> Tensor:
        """f″(z) = Σ_n λ_n |z − x_n|: shape (..., K).

        >>> CubicLimit(centres=[0.0], weights=[6.0], slope=1.0, height=2.0).curvature([2.0]).tolist()
        [12.0]
        """
        return self.weights @ (z - self.centres[:, None]).abs()


@checked
def cubic_limit(x: Inputs, y: Targets, half_width: PositiveOrInfinite = math.inf) -> CubicLimit:
    """What a network becomes whose breakpoints are spread evenly over [−B, B]: width first, then α to infinity.

    Solves Σ_m λ_m |x_n − x_m|³/6 + slope·x_n + height = y_n with slope = 2B Σ λ x and height = (2B³/3) Σ λ. For B = ∞
    the two become Σ λ x = Σ λ = 0, and f is the natural cubic spline. x: (N,) distinct, N ≥ 2, in [−B, B]; y: (..., N).
    Raises ValueError for other x, and where points are so near to one another that f misses them.

    >>> cubic_limit([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0])([0.5]).tolist()
    [0.6875]
    """
    x, y = sorted_points(x, y, 2)
    if not half_width >= (end := float(x.abs().max())):
        raise ValueError(f"half_width: expected at least {end:g}, where the data end, got {half_width:g}")
    right_side = torch.cat([y, y.new_zeros(*y.shape[:-1], 2)], dim=-1)
    found = _solved(x, right_side, 1 / (2 * half_width), 3 / (2 * half_width**3))
    miss = float((found(x) - y).abs().max())
    if not miss <= MISS.get(x.dtype, 1e-3) * float(y.abs().max()):
        raise ValueError(f"x: expected points far enough apart for {x.dtype}, the function misses y by {miss:.1g}")
    return found


def _solved(x: Tensor, right_side: Tensor, price_of_slope: float, price_of_height: float) -> CubicLimit:
    affine = torch.stack([x, torch.ones_like(x)], dim=1)
    prices = torch.diag(x.new_tensor([-price_of_slope, -price_of_height]))
    bends = (x[:, None] - x).abs() ** 3 / 6
    system = torch.cat([torch.cat([bends, affine], 1), torch.cat([affine.T, prices], 1)]).double()
    solution, singular = torch.linalg.solve_ex(system, right_side[..., None].double())
    if bool(singular.any()):
        raise ValueError("x: expected points far enough apart, got a system that is singular to rounding")
    solution = solution.squeeze(-1).to(x)
    return CubicLimit(x, solution[..., :-2], solution[..., -2], solution[..., -1])


@checked
def first_gap(x: Inputs, y: Targets) -> CubicLimit:
    """The function g with `cubic_limit`(x, y, B) = natural cubic spline + g/B + O(1/B²): zero at the data.

    The same system with y = 0, Σ λ x = slope/2 and Σ λ = 0, where slope is the mean of the natural spline's end slopes.
    x: (N,) distinct, N ≥ 2; y: (..., N). Errors as those of `cubic_limit`.

    >>> first_gap([0.0, 2.0], [0.0, 4.0]).weights.round(decimals=6).tolist()
    [-0.5, 0.5]
    """
    natural = cubic_limit(x, y)
    zeros = torch.zeros_like(natural.weights)
    right_side = torch.cat([zeros, natural.slope[..., None] / 2, zeros[..., :1]], dim=-1)
    return _solved(natural.centres, right_side, 0.0, 0.0)
