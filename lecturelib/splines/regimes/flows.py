r"""Two ways to learn: with the scale α of the start large, delta-slopes learn; with α small, breakpoints learn too.

The start (w, b, v) ↦ (α w, α b, v / α) computes the same function at every α and trains differently. As α → ∞ training
becomes linear regression on the output weights: `kernel_flow` solves it at any time, `limit_flow` at infinite width.
Sahs et al. 2022, sections 2.5.1 and 2.6.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, one_dimensional, positive
from lecturelib.splines.breakpoints.network import Network, Spline, balance, to_network, to_spline
from lecturelib.splines.regimes.interpolants import CubicLimit, hinge_kernel, linear_interpolant


class Speeds(NamedTuple):
    """How fast gradient flow moves the spline parameters: breakpoints, delta_slopes (..., H), b0 (...).

    The delta-slopes move since v learns, by `through_v`, and since w learns, by `through_w`; the speed is their sum.
    """

    breakpoints: Tensor
    through_v: Tensor
    through_w: Tensor
    b0: Tensor

    @property
    def delta_slopes(self) -> Tensor:
        return self.through_v + self.through_w


def orbit_speeds(network: Network, x, y) -> Speeds:
    r"""β̇ = (v/w)(P + β T), μ̇ = −w² (T − β P) − v² T and ḃ₀ = −Σ ε for the loss ½ Σ ε², ε = f(x) − y.

    Pull P = Σ ε and tilt T = Σ ε x run over the data on which the neuron is active (Sahs et al. 2022, Theorem 6).
    x: (N,); y: (N,) or (..., N). Raises ValueError where some w is 0.
    """
    spline = to_spline(network)
    x = one_dimensional("x", x, dtype=network.w.dtype)
    residual = network(x) - as_tensor("y", y, dtype=network.w.dtype)  # (..., N)
    active = (network.w[..., None] * x + network.b[..., None] > 0) * residual[..., None, :]  # (..., H, N)
    pull, tilt, beta = active.sum(-1), (active * x).sum(-1), spline.breakpoints
    return Speeds(
        network.v / network.w * (pull + beta * tilt),
        -(network.w**2) * (tilt - beta * pull),
        -(network.v**2) * tilt,
        -residual.sum(-1),
    )


def features(network: Network, x) -> Tensor:
    """(w_i x_n + b_i)₊, what the output weights are multiplied with: shape (..., N, H) from (N,)."""
    x = one_dimensional("x", x, dtype=network.w.dtype)
    return torch.relu(network.w[..., None, :] * x[:, None] + network.b[..., None, :])


def kernel_flow(network: Network, x, y, time: float = math.inf) -> Network:
    r"""Gradient flow on the output weights alone, w, b and b₀ held: what training is in the limit α → ∞.

    v(t) = v(0) − Φᵀ K⁻¹ (1 − e^{−K t}) ε(0) with K = Φ Φᵀ. At t = ∞ it is the interpolating network, or the best fit
    where there is none, with the least change Σ (v_i − v_i(0))² = Σ (μ_i − μ_i(0))² / w_i². x: (N,); y: (..., N).
    """
    if not time >= 0:
        raise ValueError(f"time: expected a number ≥ 0 or infinity, got {time}")
    phi = features(network, x)
    miss = as_tensor("y", y, dtype=phi.dtype) - network(x)
    left, values, right = torch.linalg.svd(phi, full_matrices=False)
    learns = values > values[..., :1] * max(phi.shape[-2:]) * torch.finfo(phi.dtype).eps
    # (1 − e^{−σ² t}) / σ, which is 1/σ at the end of time; directions of no feature stay as they are
    gain = torch.where(learns, -torch.expm1(-(values**2) * time) / values.where(learns, 1.0), 0.0)
    coordinates = (left.mT @ miss[..., None]).squeeze(-1)
    change = (right.mT @ (gain * coordinates)[..., None]).squeeze(-1)
    return Network(network.w, network.b, network.v + change, network.b0)


def evenly_spread(places: int, half_width: float) -> Network:
    """Two neurons, one a side, at the centres of `places` equal cells of [−B, B]; |w| = 1 and v = 0: H = 2·places."""
    size = float(positive("half_width", half_width))
    if isinstance(places, bool) or not isinstance(places, int) or places < 1:
        raise ValueError(f"places: expected a positive whole number, got {places!r}")
    centres = size * (2 * (torch.arange(places, dtype=torch.float64) + 0.5) / places - 1)
    w = torch.cat([torch.ones_like(centres), -torch.ones_like(centres)])
    return Network(w, -w * centres.repeat(2), torch.zeros_like(w), 0.0)


def limit_flow(x, y, half_width: float, times) -> CubicLimit:
    r"""Gradient flow at infinite width from f = 0, one breakpoint of each orientation per unit length of [−B, B].

    The residuals obey ε̇ = −K ε with the kernel K of `hinge_kernel`, and f = Σ_n λ_n(t) K(·, x_n) with
    λ(t) = K⁻¹ (1 − e^{−K t}) y; so ∂_t f″ = −Σ_n |x − x_n| ε_n. x, y: (N,); times: (T,), the result has shape (T, N).
    """
    x, y = (one_dimensional(name, given, dtype=torch.float64) for name, given in (("x", x), ("y", y)))
    times = one_dimensional("times", times, dtype=torch.float64)
    values, vectors = torch.linalg.eigh(hinge_kernel(x[:, None], x, half_width))
    gain = -torch.expm1(-values * times[:, None]) / values
    weights = (gain * (vectors.T @ y)) @ vectors.T
    return CubicLimit(x, weights, 2 * half_width * (weights @ x), 2 * half_width**3 / 3 * weights.sum(-1))


def tangent_gram(network: Network, x) -> Tensor:
    """Σ over parameters of ∂f(x_n) ∂f(x_m), by v, by (w, b) and by b₀: shape (..., N, N) from (N,)."""
    x = one_dimensional("x", x, dtype=network.w.dtype)
    phi = features(network, x)
    seen = (phi > 0) * network.v[..., None, :]
    return phi @ phi.mT + (seen @ seen.mT) * (1 + x[:, None] * x) + 1


def stable_rate(network: Network, x, y, *, safety: float = 0.5) -> Tensor:
    """A learning rate for plain gradient descent, one a network: shape (...). x: (N,) distinct; y: (N,) or (..., N).

    safety × 2 / (the larger of two sharpnesses): that of the start, which grows with α², and that of the balanced
    network which joins the data by straight lines, which a start near 0 has yet to reach.
    """
    x, y = one_dimensional("x", x, dtype=torch.float64), as_tensor("y", y, dtype=torch.float64)
    sharpness = torch.linalg.eigvalsh(tangent_gram(network, x))[..., -1]
    if y.ndim == 0 or y.shape[-1] != x.numel():
        raise ValueError(f"y: expected shape (..., {x.numel()}), as x has, got {tuple(y.shape)}")
    ends = torch.stack([_end_sharpness(x, one) for one in y.reshape(-1, x.numel())]).reshape(y.shape[:-1])
    return 2 * safety / torch.maximum(sharpness, ends)


def _end_sharpness(x: Tensor, y: Tensor) -> Tensor:
    spline = linear_interpolant(x, y)
    bends = spline.delta_slopes != 0
    if not bool(bends.any()):
        return torch.zeros((), dtype=torch.float64)
    pick = (part[bends] for part in (spline.breakpoints, spline.delta_slopes, spline.orientations))
    return torch.linalg.eigvalsh(tangent_gram(balance(to_network(Spline(*pick, spline.b0))), x))[-1]


def roughness_between(network: Network, low: float = -math.inf, high: float = math.inf) -> Tensor:
    """Σ μ_i² over the neurons with breakpoints in [low, high]: shape (...)."""
    spline = to_spline(network)
    inside = (spline.breakpoints >= low) & (spline.breakpoints <= high)
    return (spline.delta_slopes.square() * inside).sum(-1)
