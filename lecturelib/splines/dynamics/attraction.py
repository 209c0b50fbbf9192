r"""Where breakpoints gather: the function ψ(β, t), its zeros, and the potential whose slope it is.

A breakpoint moves with speed β̇ = (v/w) ψ_s(β), ψ_s(β) = Σ ε_n (1 + β x_n) over the points on side s of β. The sum
depends on the neuron through β and its side alone, so one curve a side serves all neurons (Sahs et al. 2022, section
2.5.2). Everything here is read off running sums over sorted data, in O((N + K) log N) for K places.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Vector, checked
from lecturelib.splines.training.prefix_sums import Inputs, from_both_ends

PerDatum = Annotated[Array, "... N"]
Places = Annotated[Vector, "_K?"]


class Sides(NamedTuple):
    """What a neuron facing right, and one facing left, finds at each of K places: shape (..., K)."""

    right: Tensor
    left: Tensor


class Attractors(NamedTuple):
    """Places where breakpoints of one kind gather, sorted: shape (A,). signs: of the output weights it attracts."""

    places: Tensor
    signs: Tensor


@checked
def sums_beyond(x: Inputs, amount: PerDatum, at: Places) -> Sides:
    """Σ amount_n over the points to the right, x_n > β, and to the left, x_n < β, of each β in `at`.

    x: (N,) in any order; amount: (..., N); at: (K,). Shapes (..., K).
    """
    x, order = torch.sort(x, stable=True)
    right, left = from_both_ends(amount[..., order])
    return Sides(right[..., torch.searchsorted(x, at, right=True)], left[..., torch.searchsorted(x, at)])


@checked
def psi(x: Inputs, residuals: PerDatum, at: Places) -> Sides:
    """ψ_s(β) = Σ ε_n (1 + β x_n) over the points on side s of β, at each β in `at`: shapes (..., K).

    x: (N,); residuals ε = f − y: (..., N); at: (K,).

    >>> psi([0.0, 2.0], residuals=[1.0, -1.0], at=[1.0]).right.tolist()
    [-3.0]
    """
    pull, tilt = sums_beyond(x, residuals, at), sums_beyond(x, residuals * x, at)
    return Sides(pull.right + at * tilt.right, pull.left + at * tilt.left)


@checked
def potential(x: Inputs, residuals: PerDatum, at: Places) -> Sides:
    """h_s(β) = Σ ε_n (s (x_n − β))₊ / √(1 + β²), what a neuron of unit length at β adds to the loss: shapes (..., K).

    It is ∂ℓ/∂v for w² + b² = 1, and s ψ_s = −(1 + β²)^{3/2} h_s′: breakpoints with v > 0 descend h_s, those with v < 0
    climb it. Arguments as those of `psi`.

    >>> potential([1.0], residuals=[2.0], at=[0.0]).right.tolist()
    [2.0]
    """
    pull, tilt = sums_beyond(x, residuals, at), sums_beyond(x, residuals * x, at)
    length = torch.sqrt(1 + at**2)
    return Sides((tilt.right - at * pull.right) / length, (at * pull.left - tilt.left) / length)


@checked
def attractors(x: Inputs, residuals: Inputs, *, orientation: Literal[1, -1] = 1) -> Attractors:
    """All zero crossings of ψ for neurons of one orientation, with the sign of the output weights they attract.

    Off the data ψ is a straight line in β, on data it jumps. Where s ψ_s falls through zero neurons with v > 0 gather
    and those with v < 0 leave; where it rises, the other way round. Stretches where ψ is zero are none.
    x, residuals: (N,). Places and signs: (A,), from left to right.

    >>> attractors([2.0, 3.0], residuals=[1.0, -1.0]).signs.tolist()
    [1.0]
    """
    knots = torch.unique(x)
    ends = torch.cat([knots[:1] - 1, (knots[:-1] + knots[1:]) / 2, knots[-1:] + 1])  # a place in every gap
    side = 0 if orientation == 1 else 1
    pull, tilt = (sums_beyond(x, amount, ends)[side] * orientation for amount in (residuals, residuals * x))
    before, behind = pull[:-1] + knots * tilt[:-1], pull[1:] + knots * tilt[1:]
    on_data = before * behind < 0
    roots = -pull / tilt
    infinity = knots.new_tensor([torch.inf])
    inside = (roots > torch.cat([-infinity, knots])) & (roots < torch.cat([knots, infinity]))
    places, order = torch.sort(torch.cat([knots[on_data], roots[inside]]))
    return Attractors(places, torch.cat([torch.sign(before[on_data]), -torch.sign(tilt[inside])])[order])
