r"""Two ways to learn: with the scale α of the start large, delta-slopes learn; with α small, breakpoints learn too.

The start (w, b, v) ↦ (α w, α b, v / α) computes the same function at every α and trains differently. As α → ∞ training
becomes linear regression on the output weights: `kernel_flow` solves it at any time, `limit_flow` at infinite width.
Sahs et al. 2022, sections 2.5.1 and 2.6.
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import Count, NonNegativeOrInfinite, Positive, RealOrInfinite, Times, Vector, checked
from lecturelib.splines.breakpoints.network import Network, to_network, to_spline
from lecturelib.splines.dynamics.hinge_kernel import Networks, tangent_kernel
from lecturelib.splines.regimes.interpolants import CubicLimit, hinge_kernel, linear_interpolant, sorted_points
from lecturelib.splines.training.prefix_sums import Inputs, Targets

SINGULAR = 1e4  # how far above rounding, in units of it, the smallest eigenvalue has to be


@checked
def features(network: Network, x: Inputs) -> Tensor:
    """(w_i x_n + b_i)₊, what the output weights are multiplied with: shape (..., N, H) from x of shape (N,)."""
    return torch.relu(network.w[..., None, :] * x[:, None] + network.b[..., None, :])


@checked
def kernel_flow(network: Networks, x: Inputs, y: Targets, time: NonNegativeOrInfinite = math.inf) -> Network:
    r"""Gradient flow on the output weights alone, w, b and b₀ held: what training is in the limit α → ∞.

    v(t) = v(0) − Φᵀ K⁻¹ (1 − e^{−K t}) ε(0) with K = Φ Φᵀ. At t = ∞ it is the interpolating network, or the best fit
    where there is none, with the least change Σ (v_i − v_i(0))² = Σ (μ_i − μ_i(0))² / w_i². x: (N,); y: (N,) or what
    broadcasts with the networks to (..., N).

    >>> kernel_flow(Network([1.0], [0.0], [0.0], 0.0), x=[2.0], y=[3.0])([4.0]).tolist()
    [6.0]
    """
    phi = features(network, x)
    miss = y - network(x)
    left, values, right = torch.linalg.svd(phi, full_matrices=False)
    learns = values > values[..., :1] * max(phi.shape[-2:]) * torch.finfo(phi.dtype).eps
    # (1 − e^{−σ² t}) / σ, which is 1/σ at the end of time; directions of no feature stay as they are
    gain = torch.where(learns, -torch.expm1(-(values**2) * time) / values.where(learns, 1.0), 0.0)
    coordinates = (left.mT @ miss[..., None]).squeeze(-1)
    change = (right.mT @ (gain * coordinates)[..., None]).squeeze(-1)
    shape = (*miss.shape[:-1], network.w.shape[-1])
    w, b, v = (part.expand(shape) for part in (network.w, network.b, network.v + change))
    return Network(w, b, v, network.b0.expand(shape[:-1]))


@checked
def evenly_spread(places: Count, half_width: Positive) -> Network:
    """Two neurons, one for each side, at the centres of `places` equal cells of [−B, B]: H = 2·places, |w| = 1, v = 0.

    >>> evenly_spread(2, 1.0).b.tolist()
    [0.5, -0.5, -0.5, 0.5]
    """
    centres = half_width * (2 * (torch.arange(places, dtype=torch.float64) + 0.5) / places - 1)
    w = torch.cat([torch.ones_like(centres), -torch.ones_like(centres)])
    return Network(w, -w * centres.repeat(2), torch.zeros_like(w), 0.0)


@checked
def limit_flow(x: Inputs, y: Annotated[Vector, "N"], half_width: Positive, times: Times) -> CubicLimit:
    r"""Gradient flow at infinite width from f = 0, one breakpoint of each orientation per unit length of [−B, B].

    The residuals obey ε̇ = −K ε with the kernel K of `hinge_kernel`, and f = Σ_n λ_n(t) K(·, x_n) with
    λ(t) = K⁻¹ (1 − e^{−K t}) y; so ∂_t f″ = −Σ_n |x − x_n| ε_n. x, y: (N,), x distinct and in [−B, B]; times: (T,), the
    weights λ of the result, of sorted points, have shape (T, N). Raises ValueError for points that
    coincide, or are so near, beside B, that the kernel is singular to rounding.

    >>> limit_flow([-0.5, 0.5], [1.0, 1.0], half_width=1.0, times=[0.0, 1e6])([0.5]).round(decimals=6).tolist()
    [[0.0], [1.0]]
    """
    x, y = sorted_points(x, y, least=1)
    values, vectors = torch.linalg.eigh(hinge_kernel(x[:, None], x, half_width))
    if not bool(values[0] > SINGULAR * torch.finfo(x.dtype).eps * values[-1]):
        raise ValueError(f"x: expected points far enough apart beside half_width = {half_width:g} for {x.dtype}")
    gain = -torch.expm1(-values * times[:, None]) / values
    weights = (gain * (vectors.T @ y)) @ vectors.T
    return CubicLimit(x, weights, 2 * half_width * (weights @ x), 2 * half_width**3 / 3 * weights.sum(-1))


@checked
def stable_rate(network: Networks, x: Inputs, y: Targets, *, safety: Positive = 0.5) -> Tensor:
    """A learning rate for plain gradient descent, one for each network: shape (...).

    safety × 2 / (the larger of two sharpnesses): that of the start, which grows with α², and that of the balanced
    network which joins the data by straight lines, which a start near 0 has yet to reach. x: (N,) distinct; y: (N,) or
    what broadcasts with the networks to (..., N).

    >>> stable_rate(Network([1.0], [0.0], [0.0], 0.0), x=[1.0, 2.0], y=[0.0, 0.0]).tolist()
    0.14589803375031546
    """
    sharpness = torch.linalg.eigvalsh(tangent_kernel(network, x))[..., -1]
    ends = torch.stack([_end_sharpness(x, one) for one in y.reshape(-1, x.numel())]).reshape(y.shape[:-1])
    return 2 * safety / torch.maximum(sharpness, ends)


def _end_sharpness(x: Tensor, y: Tensor) -> Tensor:
    spline = linear_interpolant(x, y)
    # at this |w| neurons are balanced; one that does not bend is next to nothing then
    scale = torch.sqrt(spline.delta_slopes.abs() / torch.sqrt(1 + spline.breakpoints**2)).clamp(min=1e-30)
    return torch.linalg.eigvalsh(tangent_kernel(to_network(spline, scale), x))[-1]


@checked
def roughness_between(network: Network, low: RealOrInfinite = -math.inf, high: RealOrInfinite = math.inf) -> Tensor:
    """Σ μ_i² over the neurons with breakpoints in [low, high]: shape (...).

    >>> roughness_between(Network([1.0, -2.0], [0.0, 1.0], [1.0, 2.0], 0.0), low=0.1).tolist()
    16.0
    """
    spline = to_spline(network)
    inside = (spline.breakpoints >= low) & (spline.breakpoints <= high)
    return (spline.delta_slopes.square() * inside).sum(-1)
