r"""Laws of motion: gradient flow of the weights, seen in breakpoints and delta-slopes.

For the loss ½ Σ_n ε_n² with residuals ε_n = f(x_n) − y_n, all that neuron i learns from the data is its **pull**
P_i = Σ ε_n and its **tilt** T_i = Σ ε_n x_n, both over the points on which it is active (r₁ and r_x in Sahs et al.
2022, section 2.5). Arrays have shape (..., H): leading dimensions are an ensemble.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Positive, PositiveArray, Vector, broadcast, checked
from lecturelib.splines.breakpoints.network import Network, Spline, to_network, to_spline
from lecturelib.splines.training.prefix_sums import Inputs, Networks, Targets, find_rows, outputs, over_points, prepare

PerNeuron = Annotated[Array, "... H"]


class ResidualMoments(NamedTuple):
    """Pull Σ ε_n and tilt Σ ε_n x_n over the points on which each neuron is active: shape (..., H)."""

    pull: Tensor
    tilt: Tensor


class Speeds(NamedTuple):
    """Time derivatives of breakpoints and delta-slopes: shape (..., H)."""

    breakpoints: Tensor
    delta_slopes: Tensor


@checked
def moments(network: Networks, x: Inputs, y: Targets) -> ResidualMoments:
    """Pull Σ ε_n and tilt Σ ε_n x_n of every neuron, in O((H + N) log N): shapes (..., H).

    x: (N,) in any order; y: (N,) or what broadcasts to (..., N).

    >>> moments(Network([2.0], [-2.0], [3.0], 0.0), x=[3.0, 0.0, 2.0], y=[10.0, 1.0, 5.0]).tilt.tolist()
    [8.0]
    """
    parameters, data = prepare(network, x, y)
    rows = find_rows(parameters.w, parameters.b, data)
    residuals = outputs(parameters, rows, data) - data.y
    found = (over_points(rows, amount) for amount in (residuals, residuals * data.x))
    return ResidualMoments(*(amount.to(network.dtype).reshape(network.w.shape) for amount in found))


@checked
def speeds(network: Network, at: ResidualMoments) -> Speeds:
    """How gradient flow of (w, b, v) moves the spline: shapes (..., H) (Sahs et al. 2022, theorem 6).

    β̇ = (v/w)(P + β T), μ̇ = −(v² + w²) T − w b P, with P, T from `moments`. A ValueError says where some w is 0.

    >>> one = Network([2.0], [-2.0], [3.0], 0.0)
    >>> speeds(one, moments(one, [3.0, 0.0, 2.0], [10.0, 1.0, 5.0])).breakpoints.tolist()
    [16.5]
    """
    return scaled_speeds(network, at, 1.0)


@checked
def metric(network: Network) -> Tensor:
    """J Jᵀ for the derivative J of (β, μ) by (w, b, v), one 2 × 2 matrix for each neuron: shape (..., H, 2, 2).

    Gradient flow of the weights moves the spline by −J Jᵀ times the gradient with respect to (β, μ).
    """
    beta, w, v = to_spline(network).breakpoints, network.w, network.v
    side = -beta * v / w
    return torch.stack([(1 + beta**2) / w**2, side, side, v**2 + w**2], dim=-1).unflatten(-1, (2, 2))


@checked
def imbalance(network: Network) -> Tensor:
    """q = w² + b² − v² of every neuron, which gradient flow conserves: shape (..., H).

    >>> imbalance(Network([2.0], [-2.0], [3.0], 0.0)).tolist()
    [-1.0]
    """
    return network.w**2 + network.b**2 - network.v**2


@checked
def squared_weight(spline: Annotated[Spline, "... H"], q: PerNeuron) -> Tensor:
    """w² of the neurons with this breakpoint, delta-slope and imbalance q: shape (..., H).

    The positive root of (1 + β²) w⁴ − q w² − μ² = 0. Raises ValueError where no w ≠ 0 fits, which is where
    μ = 0 and q ≤ 0.
    """
    beta, mu = spline.breakpoints, spline.delta_slopes
    root = torch.sqrt(q**2 + 4 * (1 + beta**2) * mu**2)
    # of two equal forms, the one without a difference of nearly equal numbers
    square = torch.where(q > 0, (q + root) / (2 * (1 + beta**2)), 2 * mu**2 / (root - q))
    if not bool((square > 0).all()):
        raise ValueError("q: expected q > 0 where a delta-slope is 0, else the input weight is 0 too")
    return square


def weighted(spline: Spline, q: Tensor) -> Network:
    """The network with this spline and these imbalances q, (..., H). Raises ValueError as `squared_weight` does."""
    return to_network(spline, torch.sqrt(squared_weight(spline, q)))


@checked
def scaled_speeds(network: Network, at: ResidualMoments, alpha: PositiveArray) -> Speeds:
    """Speeds after `rescale(network, alpha)`, from the weights before, with the powers of α written out: (..., H) each.

    β̇ = α⁻² (v/w)(P + β T), μ̇ = −α⁻² v² T − α² w² (T − β P).
    """
    alpha = broadcast("alpha", alpha, network.w.shape)
    beta, w, v = to_spline(network).breakpoints, network.w, network.v
    moved = alpha**-2 * (v / w) * (at.pull + beta * at.tilt)
    return Speeds(moved, -(alpha**-2) * v**2 * at.tilt - alpha**2 * w**2 * (at.tilt - beta * at.pull))


@checked
def flow(
    spline: Annotated[Spline, "H"], q: Annotated[Vector, "H"], x: Inputs, y: Inputs, *, time: Positive, steps: Count
) -> list[Spline]:
    """Gradient flow computed in spline space: the spline at `steps` + 1 equal times from 0 to `time`.

    Integrates the laws, and ḃ₀ = −Σ ε, by Heun's method, with the weights that `weighted` finds from q. It follows the
    flow for as long as no input weight passes through zero. q: (H,); x, y: (N,). Errors as those of `squared_weight`.

    >>> one = Network([2.0], [-2.0], [3.0], 0.0)
    >>> len(flow(to_spline(one), imbalance(one), [3.0, 0.0, 2.0], [10.0, 1.0, 5.0], time=0.01, steps=5))
    6
    """
    length, path = time / steps, [spline]
    for _ in range(steps):
        here = _speeds_here(path[-1], q, x, y)
        there = _speeds_here(_moved(path[-1], here, length), q, x, y)
        path.append(_moved(path[-1], [(one + two) / 2 for one, two in zip(here, there, strict=True)], length))
    return path


def _speeds_here(spline: Spline, q: Tensor, x: Tensor, y: Tensor) -> Sequence[Tensor]:
    """Of breakpoints, delta-slopes and b₀."""
    network = weighted(spline, q)
    return *speeds(network, moments(network, x, y)), -(network(x) - y).sum(-1)


def _moved(spline: Spline, by: Sequence[Tensor], length: float) -> Spline:
    parts = (spline.breakpoints, spline.delta_slopes, spline.b0)
    beta, mu, b0 = (part + length * speed for part, speed in zip(parts, by, strict=True))
    return Spline(beta, mu, spline.orientations, b0)
