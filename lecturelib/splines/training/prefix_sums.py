r"""Outputs and gradients of shallow ReLU networks on sorted data in O(H + N), in torch, on any device.

The tables and the rows are those of `lecturelib.splines.training.steps`: row g < N + 1 means active on the sorted
points g, …, N − 1, row N + 1 + g active on points 0, …, g − 1. Shapes are (M, H) for parameters and (M, N) for what
lives on the data: M networks at once.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Vector, broadcast, checked
from lecturelib.splines.breakpoints.network import Network

Networks = Annotated[Network, "... H"]
Inputs = Annotated[Vector, "N"]
Targets = Annotated[Array, "* N"]


class Data(NamedTuple):
    """Points sorted from left to right: x (N,), walls = (−∞, x, +∞) (N + 2,), y (M, N)."""

    x: Tensor
    walls: Tensor
    y: Tensor


class Parameters(NamedTuple):
    """w, b, v of shape (M, H) and b0 of shape (M,), or anything that is added to them: a gradient, a direction."""

    w: Tensor
    b: Tensor
    v: Tensor
    b0: Tensor


def prepare(network: Network, x: Tensor, y: Tensor) -> tuple[Parameters, Data]:
    """Flatten the ensemble to (M, H), sort the data; all in float64 on the network's device, without gradients.

    Arguments have been checked: x (N,), y (N,) or (..., N) that broadcasts to the ensemble.
    """
    network = network.detach().to(torch.float64)
    x, order = torch.sort(x.detach().double(), stable=True)
    y = broadcast("y", y.detach().double(), (*network.shape, len(x)))[..., order].reshape(-1, len(x))
    end = x.new_tensor([math.inf])
    w, b, v = (part.reshape(-1, network.w.shape[-1]) for part in (network.w, network.b, network.v))
    return Parameters(w, b, v, network.b0.reshape(-1)), Data(x, torch.cat([-end, x, end]), y)


def find_rows(w: Tensor, b: Tensor, data: Data) -> Tensor:
    """Row of every neuron: shape (M, H).

    The breakpoint −b/w is rounded, so it only says where to look; the row is the one at whose gap the sign of the
    computed w x + b changes. The few that disagree, and w = 0, are settled by bisection of just that sign.
    """
    right, breakpoints = w > 0, -b / w
    # A neuron is silent on its breakpoint: points at β lie before the gap where w > 0, behind it where w < 0.
    last_before = torch.where(right, breakpoints, torch.nextafter(breakpoints, breakpoints.new_tensor(-math.inf)))
    gaps = torch.searchsorted(data.x, last_before.contiguous(), right=True)
    before, behind = w * data.walls[gaps] > -b, w * data.walls[gaps + 1] > -b
    settled = (before != right) & (behind == right)
    if not bool(settled.all()):
        gaps = torch.where(settled, gaps, _bisect(w, b, data))
    return gaps + (data.x.numel() + 1) * ~right


def _bisect(w: Tensor, b: Tensor, data: Data) -> Tensor:
    """Number of points n at which active(n) differs from (w > 0), by bisection of the computed sign."""
    size, right = data.x.numel(), w > 0
    low, high = torch.zeros_like(w, dtype=torch.long), torch.full_like(w, size, dtype=torch.long)
    for _ in range(size.bit_length()):
        middle = (low + high) // 2
        behind = (w * data.walls[middle + 1] > -b) == right
        high, low = torch.where(behind, middle, high), torch.where(behind, low, middle + 1)
    return low


def by_facing(rows: Tensor, amount: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Σ of `amount` over the neurons that face right, and left, and are active at each point: (M, N) from (M, H)."""
    table = amount.new_zeros(amount.shape[0], 2 * size + 2).scatter_add_(1, rows, amount)
    return table[:, :size].cumsum(1), table[:, size + 2 :].flip(1).cumsum(1).flip(1)


def at_points(rows: Tensor, amount: Tensor, size: int) -> Tensor:
    """Σ of `amount` over the neurons active at each point: shape (M, N) from (M, H)."""
    right, left = by_facing(rows, amount, size)
    return right + left


def from_both_ends(amount: Tensor) -> tuple[Tensor, Tensor]:
    """Σ of `amount` over the points g, …, N − 1, and over 0, …, g − 1, for g = 0, …, N: (..., N + 1) from (..., N)."""
    none = torch.zeros_like(amount[..., :1])
    beyond = torch.cat([amount.flip(-1).cumsum(-1).flip(-1), none], dim=-1)
    return beyond, torch.cat([none, amount.cumsum(-1)], dim=-1)


def over_points(rows: Tensor, amount: Tensor) -> Tensor:
    """Σ of `amount` over the points at which each neuron is active: shape (M, H) from (M, N)."""
    return torch.cat(from_both_ends(amount), dim=1).gather(1, rows)


def outputs(parameters: Parameters, rows: Tensor, data: Data) -> Tensor:
    """f at the sorted points: shape (M, N)."""
    w, b, v, b0 = parameters
    slope, height = at_points(rows, w * v, data.x.numel()), at_points(rows, b * v, data.x.numel())
    return slope * data.x + (height + b0[:, None])


def pull_back(parameters: Parameters, rows: Tensor, r: Tensor, data: Data) -> Parameters:
    """Σ_n r_n ∇f(x_n) for numbers r, the gradient of the loss where they are the residuals: r of shape (M, N)."""
    w, b, v, _ = parameters
    pull, tilt = over_points(rows, r), over_points(rows, r * data.x)
    return Parameters(v * tilt, v * pull, w * tilt + b * pull, r.sum(1))


def push_forward(parameters: Parameters, rows: Tensor, direction: Parameters, data: Data) -> Tensor:
    """How f changes at the points when the parameters move in `direction`, to first order: shape (M, N)."""
    w, b, v, _ = parameters
    slope = at_points(rows, direction.w * v + w * direction.v, data.x.numel())
    height = at_points(rows, direction.b * v + b * direction.v, data.x.numel())
    return slope * data.x + (height + direction.b0[:, None])


def assess(network: Network, x: Tensor, y: Tensor) -> tuple[Parameters, Data, Tensor, Tensor, Tensor]:
    """Parameters and data as `prepare` has them, rows, residuals r and losses ½ Σ r², (M,), for checked arguments.

    Raises ValueError where a loss is infinite.
    """
    parameters, data = prepare(network, x, y)
    rows = find_rows(parameters.w, parameters.b, data)
    r = outputs(parameters, rows, data) - data.y
    loss = 0.5 * r.square().sum(1)
    if not bool(torch.isfinite(loss).all()):
        raise ValueError("network: expected a finite loss, but outputs or targets are too large")
    return parameters, data, rows, r, loss


@checked
def gradient(network: Networks, x: Inputs, y: Targets) -> tuple[Tensor, Network]:
    """Loss ½ Σ_n (f(x_n) − y_n)² and its gradient, in O((H + N) log N) and without anything of size H × N.

    x: in any order; y: (N,), or (..., N) that broadcasts to the ensemble. Returns the loss, shape (...), and the
    derivatives with respect to w, b, v and b0 in the fields of a `Network`. As in torch, (·)₊ has derivative 0 at 0.
    Raises ValueError where the loss is infinite.

    >>> loss, slopes = gradient(Network([1.0], [0.0], [1.0], 0.0), [2.0], [1.0])
    >>> loss.item(), slopes
    (0.5, Network(w=[2.0], b=[1.0], v=[2.0], b0=1.0))
    """
    parameters, data, rows, r, loss = assess(network, x, y)
    parts = zip(pull_back(parameters, rows, r, data), (network.w, network.b, network.v, network.b0), strict=True)
    slopes = Network(*(slope.to(part).view_as(part) for slope, part in parts))
    return loss.to(network.w).reshape(network.shape), slopes


def sharpness(parameters: Parameters, data: Data, *, iterations: int = 100) -> Tensor:
    """Largest eigenvalue of the Gauss-Newton matrix Σ_n ∇f(x_n) ∇f(x_n)ᵀ: shape (M,), by power iteration.

    It shares its non-zero eigenvalues with the tangent kernel of the N points, which is multiplied with a vector by
    one `pull_back` and one `push_forward`, O(H + N) together. The estimate approaches it from below.
    """
    rows = find_rows(parameters.w, parameters.b, data)
    # A growing start is orthogonal to no eigenvector by a symmetry of the data.
    u = torch.linspace(1, 2, data.x.numel(), dtype=data.x.dtype, device=data.x.device)
    u = u.expand(parameters.b0.numel(), -1)
    for _ in range(iterations):
        u = push_forward(parameters, rows, pull_back(parameters, rows, u, data), data)
        value = u.norm(dim=1)
        u = u / value[:, None]
    return value
