r"""Laws of motion: gradient flow of the weights, seen in breakpoints and delta-slopes.

For the loss ½ Σ_n ε_n² with residuals ε_n = f(x_n) − y_n, all that neuron i learns from the data is its **pull**
P_i = Σ ε_n and its **tilt** T_i = Σ ε_n x_n, both over the points on which it is active (r₁ and r_x in Sahs et al.
2022, section 2.5). Arrays have shape (..., H): leading dimensions are an ensemble.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, positive, same_shape
from lecturelib.splines.breakpoints.network import Network, Spline, to_network, to_spline
from lecturelib.splines.training.prefix_sums import find_rows, outputs, over_points, prepare


class Moments(NamedTuple):
    """Pull Σ ε_n and tilt Σ ε_n x_n over the points on which each neuron is active: shape (..., H)."""

    pull: Tensor
    tilt: Tensor


class Speeds(NamedTuple):
    """Time derivatives of breakpoints and delta-slopes: shape (..., H)."""

    breakpoints: Tensor
    delta_slopes: Tensor


def moments(network: Network, x, y) -> Moments:
    """Pull and tilt of every neuron, in O((H + N) log N): shape (..., H).

    x: (N,) in any order; y: (N,) or (..., N). Raises ValueError for NaN, no data or shapes that do not fit.
    """
    parameters, data = prepare(network, x, y)
    rows = find_rows(parameters.w, parameters.b, data)
    residuals = outputs(parameters, rows, data) - data.y
    found = (over_points(rows, amount) for amount in (residuals, residuals * data.x))
    return Moments(*(amount.to(network.w.dtype).reshape(network.w.shape) for amount in found))


def spline_gradient(spline: Spline, at: Moments) -> Speeds:
    """Partial derivatives of the loss by breakpoints, −μ P, and by delta-slopes, T − β P."""
    return Speeds(-spline.delta_slopes * at.pull, at.tilt - spline.breakpoints * at.pull)


def speeds(network: Network, at: Moments) -> Speeds:
    """How gradient flow of (w, b, v) moves the spline (Sahs et al. 2022, theorem 6).

    β̇ = (v/w)(P + β T), μ̇ = −(v² + w²) T − w b P. Raises ValueError where some w is 0.
    """
    beta = to_spline(network).breakpoints
    w, b, v = network.w, network.b, network.v
    return Speeds(v / w * (at.pull + beta * at.tilt), -(v**2 + w**2) * at.tilt - w * b * at.pull)


def metric(network: Network) -> Tensor:
    """J Jᵀ for the derivative J of (β, μ) by (w, b, v), one 2 × 2 matrix a neuron: shape (..., H, 2, 2).

    Gradient flow of the weights moves the spline by −J Jᵀ times the gradient by (β, μ). Raises ValueError where w is 0.
    """
    beta, w, v = to_spline(network).breakpoints, network.w, network.v
    first = torch.stack([(1 + beta**2) / w**2, -beta * v / w], dim=-1)
    second = torch.stack([-beta * v / w, v**2 + w**2], dim=-1)
    return torch.stack([first, second], dim=-2)


def imbalance(network: Network) -> Tensor:
    """q = w² + b² − v² of every neuron, which gradient flow conserves: shape (..., H)."""
    return network.w**2 + network.b**2 - network.v**2


def squared_weight(spline: Spline, q) -> Tensor:
    """w² of the neurons with this breakpoint, delta-slope and imbalance q: shape (..., H).

    The positive root of (1 + β²) w⁴ − q w² − μ² = 0. Raises ValueError for other shapes, or where no w ≠ 0 fits, which
    is where μ = 0 and q ≤ 0.
    """
    beta, mu = spline.breakpoints, spline.delta_slopes
    q = as_tensor("q", q, dtype=beta.dtype)
    same_shape(tuple(beta.shape), "spline", q=q)
    root = torch.sqrt(q**2 + 4 * (1 + beta**2) * mu**2)
    # of two equal forms, the one without a difference of nearly equal numbers
    square = torch.where(q > 0, (q + root) / (2 * (1 + beta**2)), 2 * mu**2 / (root - q))
    if not bool((square > 0).all()):
        raise ValueError("q: expected q > 0 where a delta-slope is 0, else the input weight is 0 too")
    return square


def closed_speeds(spline: Spline, q, at: Moments) -> Speeds:
    """The laws of motion without weights: from breakpoints, delta-slopes and the conserved imbalances q.

    β̇ = (μ/w²)(P + β T), μ̇ = −(μ/w)² T − w² (T − β P), with w² from `squared_weight`. Raises ValueError as that does.
    """
    square = squared_weight(spline, q)
    beta, mu = spline.breakpoints, spline.delta_slopes
    falls = mu**2 / square * at.tilt + square * (at.tilt - beta * at.pull)
    return Speeds(mu / square * (at.pull + beta * at.tilt), -falls)


def scaled_speeds(network: Network, at: Moments, alpha) -> Speeds:
    """Speeds after `rescale(network, alpha)`, from the weights before: the powers of α written out.

    β̇ = α⁻² (v/w)(P + β T), μ̇ = −α⁻² v² T − α² w² (T − β P). Raises ValueError where α is not positive.
    """
    alpha = positive("alpha", alpha, dtype=network.w.dtype)
    beta, w, v = to_spline(network).breakpoints, network.w, network.v
    moved = alpha**-2 * (v / w) * (at.pull + beta * at.tilt)
    return Speeds(moved, -(alpha**-2) * v**2 * at.tilt - alpha**2 * w**2 * (at.tilt - beta * at.pull))


def flow(spline: Spline, q, x, y, *, time: float, steps: int) -> list[Spline]:
    """Gradient flow computed in spline space: the spline at `steps` + 1 equal times from 0 to `time`.

    Integrates the closed laws, and ḃ₀ = −Σ ε, by Heun's method; weights occur nowhere but in q. It follows the flow
    for as long as no input weight passes through zero. x: (N,); y: (N,).
    Raises ValueError as `closed_speeds` does, for a time or a number of steps that is not positive, and where a
    breakpoint leaves all bounds.
    """
    if steps < 1:
        raise ValueError(f"steps: expected a positive whole number, got {steps}")
    length = float(positive("time", time)) / steps
    path = [spline]
    for _ in range(steps):
        here, bias = _speeds_here(path[-1], q, x, y)
        there, other = _speeds_here(_moved(path[-1], here, bias, length), q, x, y)
        mean = Speeds(*((one + two) / 2 for one, two in zip(here, there, strict=True)))
        path.append(_moved(path[-1], mean, (bias + other) / 2, length))
    return path


def _speeds_here(spline: Spline, q, x, y) -> tuple[Speeds, Tensor]:
    network = to_network(spline, torch.sqrt(squared_weight(spline, q)))
    residuals = network(x) - y
    return closed_speeds(spline, q, moments(network, x, y)), -residuals.sum(-1)


def _moved(spline: Spline, by: Speeds, bias: Tensor, length: float) -> Spline:
    breakpoints = spline.breakpoints + length * by.breakpoints
    delta_slopes = spline.delta_slopes + length * by.delta_slopes
    return Spline(breakpoints, delta_slopes, spline.orientations, spline.b0 + length * bias)
