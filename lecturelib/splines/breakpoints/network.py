r"""Shallow ReLU networks of one input, seen as continuous piecewise linear functions.

A network of width H computes f(x) = Σ_i v_i (w_i x + b_i)₊ + b₀. Neuron i bends the line at its **breakpoint**
β_i = −b_i / w_i, is active to the right of it where its **orientation** s_i = sign w_i is +1 and to the left where it
is −1, and has slope μ_i = w_i v_i, its **delta-slope**, on its active side (Sahs et al. 2022, section 2.1).

Every array has shape (..., H): leading dimensions are an ensemble of networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, one_dimensional, positive, same_shape


def _read(state, first: str, *others: str) -> None:
    """Validate the fields of `Network` or `Spline` and store them as tensors of one dtype."""
    reference = as_tensor(first, getattr(state, first))
    if reference.ndim == 0:
        raise ValueError(f"{first}: expected shape (..., H), got a single number")
    tensors = {name: as_tensor(name, getattr(state, name), dtype=reference.dtype) for name in others}
    b0 = as_tensor("b0", state.b0, dtype=reference.dtype)
    same_shape(tuple(reference.shape), first, **tensors)
    same_shape(tuple(reference.shape[:-1]), f"{first} without its last dimension", b0=b0)
    for name, tensor in {first: reference, **tensors, "b0": b0}.items():
        object.__setattr__(state, name, tensor)


@dataclass(frozen=True, eq=False)
class Network:
    """A shallow ReLU network f(x) = Σ_i v_i (w_i x + b_i)₊ + b₀ (Sahs et al. 2022, equation 1).

    w, b, v: input weights, biases and output weights, shape (..., H); b0: output bias, shape (...).
    Raises ValueError where shapes differ or a number is not finite.
    """

    w: Tensor
    b: Tensor
    v: Tensor
    b0: Tensor

    def __post_init__(self) -> None:
        _read(self, "w", "b", "v")

    def __call__(self, x) -> Tensor:
        """Values at x of shape (N,): shape (..., N)."""
        x = one_dimensional("x", x, dtype=self.w.dtype)
        active = torch.relu(self.w[..., None] * x + self.b[..., None])  # (..., H, N)
        return (self.v[..., None, :] @ active).squeeze(-2) + self.b0[..., None]


@dataclass(frozen=True, eq=False)
class Spline:
    """The same function by where it bends: f(x) = Σ_i μ_i (x − β_i) [s_i (x − β_i) > 0] + b₀.

    breakpoints β, delta_slopes μ and orientations s (each +1 or −1): shape (..., H); b0: shape (...).
    Raises ValueError where shapes differ, a number is not finite or an orientation is not ±1.
    """

    breakpoints: Tensor
    delta_slopes: Tensor
    orientations: Tensor
    b0: Tensor

    def __post_init__(self) -> None:
        _read(self, "breakpoints", "delta_slopes", "orientations")
        if not bool((self.orientations.abs() == 1).all()):
            raise ValueError("orientations: expected each to be +1 (active to the right) or -1 (active to the left)")

    def __call__(self, x) -> Tensor:
        """Values at x of shape (N,): shape (..., N)."""
        x = one_dimensional("x", x, dtype=self.breakpoints.dtype)
        distance = x - self.breakpoints[..., None]  # (..., H, N)
        active = distance * (self.orientations[..., None] * distance > 0)
        return (self.delta_slopes[..., None, :] @ active).squeeze(-2) + self.b0[..., None]

    @property
    def slope_jumps(self) -> Tensor:
        """Change of slope across each breakpoint from left to right, s_i μ_i = |w_i| v_i: shape (..., H)."""
        return self.orientations * self.delta_slopes


def to_spline(network: Network) -> Spline:
    """Breakpoints β = −b/w, delta-slopes μ = w v and orientations s = sign w of a network.

    Raises ValueError where some w is 0, or so small that b/w overflows: such a neuron has no breakpoint.
    """
    breakpoints = -network.b / network.w
    if not bool(torch.isfinite(breakpoints).all()):
        raise ValueError("w: expected non-zero input weights, since a neuron with w = 0 has no breakpoint")
    return Spline(breakpoints, network.w * network.v, torch.sign(network.w), network.b0)


def to_network(spline: Spline, scale=1.0) -> Network:
    """A network that computes the spline, with |w_i| = scale_i: w = s·scale, b = −w β, v = μ / w.

    scale: positive, a number or anything that broadcasts to shape (..., H). Raises ValueError otherwise.
    """
    scale = positive("scale", scale, dtype=spline.breakpoints.dtype)
    w = spline.orientations * _per_neuron("scale", scale, spline.breakpoints)
    return Network(w, -w * spline.breakpoints, spline.delta_slopes / w, spline.b0)


def rescale(network: Network, alpha) -> Network:
    """Move along the orbit of the scaling symmetry: (w, b, v) ↦ (α w, α b, v / α); the function stays.

    alpha: positive, a number or anything that broadcasts to shape (..., H). Raises ValueError otherwise.
    """
    alpha = _per_neuron("alpha", positive("alpha", alpha, dtype=network.w.dtype), network.w)
    return Network(alpha * network.w, alpha * network.b, network.v / alpha, network.b0)


def _per_neuron(name: str, factor: Tensor, like: Tensor) -> Tensor:
    try:
        return factor.expand(like.shape)
    except RuntimeError:
        shapes = f"{tuple(like.shape)}, got {tuple(factor.shape)}"
        raise ValueError(f"{name}: expected a number or a shape that broadcasts to {shapes}") from None


def balance(network: Network) -> Network:
    """The point of each neuron's orbit with the least norm, where v² = w² + b².

    Rescaling by α gives α²(w² + b²) + v²/α², least at α = (|v| / √(w² + b²))^{1/2}.
    Raises ValueError for a neuron with v = 0 or w = b = 0: its orbit comes as near to 0 as one likes.
    """
    inner = torch.hypot(network.w, network.b)
    if not bool(((inner > 0) & (network.v != 0)).all()):
        raise ValueError("network: expected v ≠ 0 and (w, b) ≠ 0, since else no point of the orbit has least norm")
    return rescale(network, torch.sqrt(network.v.abs() / inner))


class Pieces(NamedTuple):
    """The straight pieces of a function, from left to right: f(x) = slope_p x + intercept_p between two knots.

    knots: sorted, shape (..., H); slopes, intercepts: shape (..., H + 1).
    Piece p lies between knots p − 1 and p; where breakpoints coincide, the pieces between them have no length.
    """

    knots: Tensor
    slopes: Tensor
    intercepts: Tensor

    def __call__(self, x) -> Tensor:
        """Values at x of shape (N,): shape (..., N)."""
        x = one_dimensional("x", x, dtype=self.knots.dtype)
        x = x.expand(*self.knots.shape[:-1], -1).contiguous()  # (..., N)
        piece = torch.searchsorted(self.knots.contiguous(), x)
        return self.slopes.gather(-1, piece) * x + self.intercepts.gather(-1, piece)


def pieces(function: Network | Spline) -> Pieces:
    """Knots, slopes and intercepts from left to right, in O(H log H) (Sahs et al. 2022, equation 2).

    To the left of all knots just the neurons with s = −1 are active; knot i then adds its slope jump s_i μ_i, and takes
    s_i μ_i β_i from the intercept so that the function stays continuous.
    """
    spline = to_spline(function) if isinstance(function, Network) else function
    left = spline.delta_slopes * (spline.orientations < 0)
    knots, order = torch.sort(spline.breakpoints, dim=-1, stable=True)
    jumps = spline.slope_jumps.gather(-1, order)
    slopes = _running(left.sum(-1), jumps)
    intercepts = _running(spline.b0 - (left * spline.breakpoints).sum(-1), -jumps * knots)
    return Pieces(knots, slopes, intercepts)


def _running(start: Tensor, steps: Tensor) -> Tensor:
    """start, start + steps_1, start + steps_1 + steps_2, …: shape (..., H + 1) from (...) and (..., H)."""
    return torch.cat([start[..., None], start[..., None] + torch.cumsum(steps, dim=-1)], dim=-1)


class Spikes(NamedTuple):
    """A second derivative f″ = Σ_k weight_k δ(x − position_k): positions distinct and sorted, shape (K,)."""

    positions: Tensor
    weights: Tensor


def spikes(function: Network | Spline, *, tolerance: float = 0.0) -> Spikes:
    """The second derivative of one network: its slope jumps s_i μ_i, gathered where breakpoints coincide.

    Breakpoints no more than `tolerance` apart count as one; weights that are 0 to within rounding are dropped.
    What is left says everything about the function but its affine part. Raises ValueError for an ensemble.
    """
    spline = to_spline(function) if isinstance(function, Network) else function
    if spline.breakpoints.ndim != 1:
        raise ValueError(f"function: expected one network, shape (H,), got {tuple(spline.breakpoints.shape)}")
    knots, order = torch.sort(spline.breakpoints, stable=True)
    jumps = spline.slope_jumps[order]
    new = torch.ones_like(knots, dtype=torch.bool)
    new[1:] = knots[1:] - knots[:-1] > tolerance
    group = torch.cumsum(new, 0) - 1
    size = int(new.sum())
    weights = torch.zeros(size, dtype=knots.dtype).index_add(0, group, jumps)
    total = torch.zeros(size, dtype=knots.dtype).index_add(0, group, jumps.abs())
    keep = weights.abs() > 8 * torch.finfo(knots.dtype).eps * total
    return Spikes(knots[new][keep], weights[keep])


def signature(function: Network | Spline, tolerance: float = 1e-9) -> Tensor:
    """Numbers that are the same for two networks exactly if they compute the same function: shape (2 + 2 K,).

    Slope and intercept of the leftmost piece, then positions and weights of the K spikes of the second derivative.
    """
    _, slopes, intercepts = pieces(function)
    return torch.cat([slopes[:1], intercepts[:1], *spikes(function, tolerance=tolerance)])


def same_function(one: Network | Spline, other: Network | Spline, *, tolerance: float = 1e-9) -> bool:
    """Do two networks compute the same function on the whole line?

    They do if, and only if, their second derivatives have the same spikes and their leftmost pieces the same slope and
    intercept. Compared to within `tolerance`, relative to the largest number of either, or to 1.
    """
    mine, yours = signature(one, tolerance), signature(other, tolerance)
    if mine.shape != yours.shape:
        return False
    scale = float(torch.maximum(mine.abs(), yours.abs()).max().clamp(min=1.0))
    return bool((mine - yours).abs().max() <= tolerance * scale)


def flip(spline: Spline, neurons) -> Spline:
    """Turn the orientation of `neurons` (indices) and keep every slope jump: s ↦ −s, μ ↦ −μ.

    Each turned neuron takes μ_i (x − β_i) from the function. The constants go into b₀, so that the function stays
    if, and only if, the delta-slopes of the turned neurons sum to 0; else it tilts by that sum.
    """
    sign = torch.ones_like(spline.orientations)
    sign[..., neurons] = -1
    turned = spline.delta_slopes * (sign < 0)
    b0 = spline.b0 - (turned * spline.breakpoints).sum(-1)
    return Spline(spline.breakpoints, sign * spline.delta_slopes, sign * spline.orientations, b0)
