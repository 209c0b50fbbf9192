r"""Functions through given points that trained networks are compared with, and the kernels they come from.

In the kernel limit a network becomes the function of least norm through the data (`lecturelib.splines.regimes.flows`).
For breakpoints spread evenly over [−B, B] its kernel is |x − z|³/6 + 2B x z + 2B³/3: cubic splines, with a price on
the affine part. For Gaussian weights it is the arc-cosine kernel of Cho and Saul (2009).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from lecturelib.core.arguments import as_tensor, one_dimensional, positive, same_shape
from lecturelib.splines.breakpoints.network import Spline


def _data(x, y, least: int) -> tuple[Tensor, Tensor]:
    """Points sorted from left to right, float64, or a ValueError naming the argument. y: (..., N)."""
    x = one_dimensional("x", x, dtype=torch.float64)
    y = as_tensor("y", y, dtype=torch.float64)
    if y.ndim == 0 or y.shape[-1] != x.numel():
        raise ValueError(f"y: expected shape (..., {x.numel()}), as x has, got {tuple(y.shape)}")
    x, order = torch.sort(x)
    if x.numel() < least or not bool((x[1:] > x[:-1]).all()):
        raise ValueError(f"x: expected at least {least} distinct points, got {x.tolist()}")
    return x, y[..., order]


def linear_interpolant(x, y) -> Spline:
    """The polygon through the points, one straight line beyond each end, as a network of N neurons.

    x: (N,) distinct, N ≥ 2, in any order; y: (N,). Neuron 1 faces left at x_1 with the slope of the first piece, the
    others face right at x_1, …, x_{N−1}. Raises ValueError otherwise.
    """
    x, y = _data(x, y, 2)
    same_shape(tuple(x.shape), "x", y=y)
    slopes = (y[1:] - y[:-1]) / (x[1:] - x[:-1])
    delta_slopes = torch.cat([slopes[:1], slopes[:1], slopes[1:] - slopes[:-1]])
    orientations = torch.ones_like(delta_slopes)
    orientations[0] = -1
    return Spline(torch.cat([x[:1], x[:-1]]), delta_slopes, orientations, y[0])


def cut_corner(x, y, n: int) -> Spline:
    """The polygon with its corners at points n and n + 1 replaced by one between them; still through all points.

    The pieces before and behind are prolonged until they meet. n counts sorted points from 0, 1 ≤ n ≤ N − 3. Raises
    ValueError where the two corners do not bend the same way: then the pieces do not meet between them.
    """
    x, y = _data(x, y, 4)
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= x.numel() - 3:
        raise ValueError(f"n: expected a whole number from 1 to {x.numel() - 3}, got {n!r}")
    before, middle, behind = ((y[k + 1] - y[k]) / (x[k + 1] - x[k]) for k in (n - 1, n, n + 1))
    if not (middle - before) * (behind - middle) > 0:
        raise ValueError(f"n: expected corners {n} and {n + 1} to bend the same way")
    return _prolonged(x, y, n, before, behind)


def _prolonged(x: Tensor, y: Tensor, n: int, before: Tensor, behind: Tensor) -> Spline:
    place = (y[n + 1] - y[n] + before * x[n] - behind * x[n + 1]) / (before - behind)
    height = y[n] + before * (place - x[n])
    return linear_interpolant(*(torch.cat([p[:n], q[None], p[n + 2 :]]) for p, q in ((x, place), (y, height))))


def natural_cubic(x, y) -> Callable[[Tensor], Tensor]:
    """The natural cubic spline through the points by scipy, continued beyond the ends by its tangents.

    x: (N,) distinct, N ≥ 2; y: (..., N). The result takes (Q,) to (..., Q).
    """
    x, y = _data(x, y, 2)
    inside = CubicSpline(x.numpy(), y.numpy(), axis=-1, bc_type="natural")
    low, high = float(x[0]), float(x[-1])

    def at(z) -> Tensor:
        z = one_dimensional("z", z, dtype=torch.float64).numpy()
        near = np.clip(z, low, high)
        return torch.from_numpy(inside(near) + inside(near, 1) * (z - near))

    return at


def hinge_kernel(x: Tensor, z: Tensor, half_width: float) -> Tensor:
    r"""∫_{−B}^{B} [(x − β)₊ (z − β)₊ + (β − x)₊ (β − z)₊] dβ = |x − z|³/6 + 2B x z + 2B³/3 for x, z in [−B, B].

    x, z broadcast. Raises ValueError where a point lies outside [−B, B] or B is not positive.
    """
    size = float(positive("half_width", half_width))
    for name, points in (("x", x), ("z", z)):
        if bool((points.abs() > size).any()):
            raise ValueError(f"{name}: expected points between −{size:g} and {size:g}")
    return (x - z).abs() ** 3 / 6 + 2 * size * x * z + 2 * size**3 / 3


def arc_cosine_kernel(x: Tensor, z: Tensor) -> Tensor:
    r"""E[(w x + b)₊ (w z + b)₊] for independent standard normal w, b: (|x − z| + (π − θ)(1 + x z)) / 2π.

    θ = |arctan x − arctan z| is the angle between (x, 1) and (z, 1) (Cho and Saul 2009, the arc-cosine kernel of
    degree 1, written for one input and a bias). x, z broadcast.
    """
    angle = (torch.atan(x) - torch.atan(z)).abs()
    return ((x - z).abs() + (math.pi - angle) * (1 + x * z)) / (2 * math.pi)


class KernelInterpolant(NamedTuple):
    """f(z) = Σ_n λ_n k(z, x_n). centres: (N,); weights λ: (..., N)."""

    kernel: Callable[[Tensor, Tensor], Tensor]
    centres: Tensor
    weights: Tensor

    def __call__(self, z) -> Tensor:
        """Values at z of shape (Q,): shape (..., Q)."""
        z = one_dimensional("z", z, dtype=torch.float64)
        return self.weights @ self.kernel(self.centres[:, None], z)

    @property
    def squared_norm(self) -> Tensor:
        """λᵀ K λ, what the function costs: shape (...)."""
        gram = self.kernel(self.centres[:, None], self.centres)
        return ((self.weights @ gram) * self.weights).sum(-1)


def kernel_interpolant(kernel: Callable[[Tensor, Tensor], Tensor], x, y) -> KernelInterpolant:
    """The function of least norm of a kernel through the points. x: (N,) distinct; y: (..., N)."""
    x, y = _data(x, y, 1)
    gram = kernel(x[:, None], x)
    return KernelInterpolant(kernel, x, torch.linalg.solve(gram, y[..., None]).squeeze(-1))


class CubicLimit(NamedTuple):
    """f(z) = Σ_n λ_n |z − x_n|³/6 + slope·z + height. centres: (N,); weights λ: (..., N); slope, height: (...)."""

    centres: Tensor
    weights: Tensor
    slope: Tensor
    height: Tensor

    def __call__(self, z) -> Tensor:
        """Values at z of shape (Q,): shape (..., Q)."""
        z = one_dimensional("z", z, dtype=torch.float64)
        bends = self.weights @ ((z - self.centres[:, None]).abs() ** 3 / 6)
        return bends + self.slope[..., None] * z + self.height[..., None]

    def curvature(self, z) -> Tensor:
        """f″(z) = Σ_n λ_n |z − x_n|: shape (..., Q)."""
        z = one_dimensional("z", z, dtype=torch.float64)
        return self.weights @ (z - self.centres[:, None]).abs()


def cubic_limit(x, y, half_width: float = math.inf) -> CubicLimit:
    """What a network becomes whose breakpoints are spread evenly over [−B, B]: width first, then α to infinity.

    Solves Σ_m λ_m |x_n − x_m|³/6 + slope·x_n + height = y_n with slope = 2B Σ λ x and height = (2B³/3) Σ λ. For B = ∞
    the two become Σ λ x = Σ λ = 0, and f is the natural cubic spline. x: (N,) distinct, in [−B, B]; y: (..., N).
    Raises ValueError otherwise.
    """
    x, y = _data(x, y, 2)
    size = float(half_width)
    if not size >= float(x.abs().max()):
        raise ValueError(f"half_width: expected at least {float(x.abs().max()):g}, where the data end, got {size:g}")
    right_side = torch.cat([y, torch.zeros(*y.shape[:-1], 2, dtype=torch.float64)], dim=-1)
    solution = torch.linalg.solve(_system(x, 1 / (2 * size), 3 / (2 * size**3)), right_side[..., None]).squeeze(-1)
    return CubicLimit(x, solution[..., :-2], solution[..., -2], solution[..., -1])


def _system(x: Tensor, price_of_slope: float, price_of_height: float) -> Tensor:
    affine = torch.stack([x, torch.ones_like(x)], dim=1)
    prices = torch.diag(torch.tensor([-price_of_slope, -price_of_height], dtype=torch.float64))
    bends = (x[:, None] - x).abs() ** 3 / 6
    return torch.cat([torch.cat([bends, affine], dim=1), torch.cat([affine.T, prices], dim=1)])


def first_gap(x, y) -> CubicLimit:
    """How the natural cubic spline is missed: f_B = natural spline + (this) / B + O(1/B²).

    It vanishes at the data and is proportional to the mean slope of the two straight ends of the natural spline.
    x: (N,) distinct, N ≥ 2; y: (..., N).
    """
    natural = cubic_limit(x, y)
    zeros = torch.zeros_like(natural.weights)
    right_side = torch.cat([zeros, natural.slope[..., None] / 2, zeros[..., :1]], dim=-1)
    solution = torch.linalg.solve(_system(natural.centres, 0.0, 0.0), right_side[..., None]).squeeze(-1)
    return CubicLimit(natural.centres, solution[..., :-2], solution[..., -2], solution[..., -1])


def price(bending, slopes: tuple[float, float], heights: tuple[float, float], half_width: float) -> Tensor:
    r"""What a function on [−B, B] costs a network with breakpoints spread evenly there and both orientations.

    ½ [∫ f″² + (f′(B) + f′(−B))² / 2B + 3 (B (f′(B) − f′(−B)) − f(B) − f(−B))² / 2B³], the least ∫ (κ₊² + κ₋²) with
    f(x) = ∫ κ₊(β) (x − β)₊ + κ₋(β) (β − x)₊ dβ. bending: ∫ f″²; slopes, heights: f′ and f at −B and B.
    """
    size = float(positive("half_width", half_width))
    turn = slopes[1] + slopes[0]
    lift = size * (slopes[1] - slopes[0]) - heights[1] - heights[0]
    return (as_tensor("bending", bending) + turn**2 / (2 * size) + 3 * lift**2 / (2 * size**3)) / 2
