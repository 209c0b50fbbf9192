r"""Where breakpoints gather: the function ψ(β, t), its zeros, and the potential whose slope it is.

A breakpoint moves with speed β̇ = (v/w) ψ_s(β), ψ_s(β) = Σ ε_n (1 + β x_n) over the points on side s of β. The sum
depends on the neuron through β and its side alone, so one curve a side serves all neurons (Sahs et al. 2022, section
2.5.2). Everything here is read off running sums over sorted data, in O((N + K) log N) for K places.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, one_dimensional


class Sides(NamedTuple):
    """What a neuron facing right, and one facing left, finds at each of K places: shape (..., K)."""

    right: Tensor
    left: Tensor


class Attractors(NamedTuple):
    """Places where breakpoints of one kind gather, sorted: shape (A,). signs: of the output weights it attracts."""

    places: Tensor
    signs: Tensor


def sums_beyond(x, amount, at) -> Sides:
    """Σ amount_n over the points to the right, x_n > β, and to the left, x_n < β, of each β in `at`.

    x: (N,) in any order; amount: (..., N); at: (K,). Raises ValueError for NaN or shapes that do not fit.
    """
    x = one_dimensional("x", x, dtype=torch.float64)
    at = one_dimensional("at", at, dtype=torch.float64)
    amount = as_tensor("amount", amount, dtype=torch.float64)
    if amount.ndim == 0 or amount.shape[-1] != x.numel():
        raise ValueError(f"amount: expected shape (..., {x.numel()}), as x has, got {tuple(amount.shape)}")
    x, order = torch.sort(x, stable=True)
    amount = amount[..., order]
    none = torch.zeros_like(amount[..., :1])
    from_left = torch.cat([none, amount.cumsum(-1)], dim=-1)
    from_right = torch.cat([amount.flip(-1).cumsum(-1).flip(-1), none], dim=-1)
    beyond = torch.searchsorted(x, at, right=True)
    return Sides(from_right[..., beyond], from_left[..., torch.searchsorted(x, at)])


def _moments(x, residuals, at) -> tuple[Tensor, Sides, Sides]:
    x = one_dimensional("x", x, dtype=torch.float64)
    at = one_dimensional("at", at, dtype=torch.float64)
    residuals = as_tensor("residuals", residuals, dtype=torch.float64)
    return at, sums_beyond(x, residuals, at), sums_beyond(x, residuals * x, at)


def psi(x, residuals, at) -> Sides:
    """ψ_s(β) = Σ ε_n (1 + β x_n) over the points on side s of β, at each β in `at`: shape (..., K).

    x: (N,); residuals ε = f − y: (..., N); at: (K,). Raises ValueError for NaN or shapes that do not fit.
    """
    at, pull, tilt = _moments(x, residuals, at)
    return Sides(pull.right + at * tilt.right, pull.left + at * tilt.left)


def potential(x, residuals, at) -> Sides:
    """h_s(β) = Σ ε_n (s (x_n − β))₊ / √(1 + β²): what a neuron of unit length at β would gain the loss: shape (..., K).

    It is ∂ℓ/∂v for w² + b² = 1, and s ψ_s = −(1 + β²)^{3/2} h_s′: breakpoints with v > 0 descend h_s, those with v < 0
    climb it. Arguments and errors as `psi`.
    """
    at, pull, tilt = _moments(x, residuals, at)
    length = torch.sqrt(1 + at**2)
    return Sides((tilt.right - at * pull.right) / length, (at * pull.left - tilt.left) / length)


def attractors(x, residuals, *, orientation: int = 1) -> Attractors:
    """All zero crossings of ψ for neurons of one orientation, with the sign of the output weights they attract.

    Between data ψ is a straight line in β, on data it jumps. Where s ψ_s falls through zero neurons with v > 0 gather
    and those with v < 0 leave; where it rises, the other way round. Stretches where ψ is zero are none.
    x, residuals: (N,). Raises ValueError for NaN, other shapes or an orientation that is not ±1.
    """
    if orientation not in (1, -1):
        raise ValueError(f"orientation: expected 1 or -1, got {orientation!r}")
    x = one_dimensional("x", x, dtype=torch.float64)
    residuals = one_dimensional("residuals", residuals, dtype=torch.float64)
    knots = torch.unique(x)
    ends = torch.cat([knots[:1] - 1, (knots[:-1] + knots[1:]) / 2, knots[-1:] + 1])  # a place in every gap
    side = 0 if orientation == 1 else 1
    pull, tilt = (sums_beyond(x, amount, ends)[side] * orientation for amount in (residuals, residuals * x))
    before, behind = pull[:-1] + knots * tilt[:-1], pull[1:] + knots * tilt[1:]
    on_data = before * behind < 0
    roots = -pull / tilt
    infinity = knots.new_tensor([torch.inf])
    inside = (roots > torch.cat([-infinity, knots])) & (roots < torch.cat([knots, infinity]))
    places = torch.cat([knots[on_data], roots[inside]])
    signs = torch.cat([torch.sign(before[on_data]), -torch.sign(tilt[inside])])
    order = torch.argsort(places)
    return Attractors(places[order], signs[order])
