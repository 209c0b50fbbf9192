r"""Shallow ReLU networks of one input, seen as continuous piecewise linear functions.

A network of width H computes f(x) = Σ_i v_i (w_i x + b_i)₊ + b₀. Neuron i bends the line at its **breakpoint**
β_i = −b_i / w_i, is active to the right of it where its **orientation** s_i = sign w_i is +1 and to the left where it
is −1, and has slope μ_i = w_i v_i, its **delta-slope**, on its active side (Sahs et al. 2022, section 2.1).

Every array has shape (..., H): leading dimensions are an ensemble of networks.
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from torch import Tensor, nn

from lecturelib.core.arguments import Array, Vector, checked, positive
from lecturelib.core.kinds import Numbers
from lecturelib.core.records import Record
from lecturelib.core.shapes import Shape

Inputs = Annotated[Vector, "N?"]
Unknown = Annotated[Any, Numbers("numbers, NaN where nothing is known", missing=True, shape=Shape("_N"))]


class Network(Record):
    """A shallow ReLU network f(x) = Σ_i v_i (w_i x + b_i)₊ + b₀ (Sahs et al. 2022, equation 1).

    w, b, v: input weights, biases and output weights, shape (..., H); b0: output bias, shape (...). There is one
    output, since breakpoints and delta-slopes belong to one function; several are an ensemble with equal w and b.

    >>> hinge = Network(w=[2.0], b=[-1.0], v=[3.0], b0=0.5)
    >>> hinge([0.0, 1.0]).tolist()
    [0.5, 3.5]
    """

    w: Annotated[Array, "... H?"]
    b: Annotated[Array, "... H?"]
    v: Annotated[Array, "... H?"]
    b0: Annotated[Array, "..."]

    @checked
    def __call__(self, x: Inputs) -> Tensor:
        """Values at x of shape (N,): shape (..., N)."""
        active = torch.relu(self.w[..., None] * x + self.b[..., None])  # (..., H, N)
        return (self.v[..., None, :] @ active).squeeze(-2) + self.b0[..., None]

    @staticmethod
    @checked
    def from_module(module: nn.Module) -> Network:
        """The network that `nn.Sequential(nn.Linear(1, H), nn.ReLU(), nn.Linear(H, 1))` computes, a copy.

        A layer without bias has bias 0. Raises ValueError for any other module.

        >>> Network.from_module(nn.Sequential(nn.Linear(1, 5), nn.ReLU(), nn.Linear(5, 1))).w.shape
        torch.Size([5])
        """
        layers = list(module) if isinstance(module, nn.Sequential) else []
        if [type(layer) for layer in layers] != [nn.Linear, nn.ReLU, nn.Linear]:
            raise ValueError("module: expected nn.Sequential(nn.Linear(1, H), nn.ReLU(), nn.Linear(H, 1))")
        first, last = layers[0], layers[2]
        if first.in_features != 1 or last.out_features != 1 or first.out_features != last.in_features:
            raise ValueError(f"module: expected one input, one output and H neurons, got {first} and {last}")
        w, v = first.weight[:, 0], last.weight[0]
        b = torch.zeros_like(w) if first.bias is None else first.bias
        b0 = v.new_zeros(()) if last.bias is None else last.bias[0]
        return Network(w, b, v, b0).detach().clone()

    def to_module(self) -> nn.Sequential:
        """The module that computes a single network, with parameters of its own, for shape (N, 1): shape (N, 1).

        Raises ValueError for an ensemble.

        >>> module = Network([2.0], [-1.0], [3.0], 0.5).to_module()
        >>> module(torch.tensor([[1.0]], dtype=torch.float64)).item()
        3.5
        """
        if self.shape:
            raise ValueError(f"network: expected a single Network, got an ensemble of shape {self.shape}")
        width, options = len(self.w), {"dtype": self.dtype, "device": self.device}
        module = nn.Sequential(nn.Linear(1, width, **options), nn.ReLU(), nn.Linear(width, 1, **options))
        with torch.no_grad():
            parts = (self.w[:, None], self.b, self.v[None], self.b0[None])
            for parameter, part in zip(module.parameters(), parts, strict=True):
                parameter.copy_(part)
        return module


class Spline(Record):
    """The same function by where it bends: f(x) = Σ_i μ_i (x − β_i) [s_i (x − β_i) > 0] + b₀.

    breakpoints β, delta_slopes μ and orientations s (each +1 or −1): shape (..., H); b0: shape (...).
    Raises ValueError where an orientation is not ±1.

    >>> hinge = Spline(breakpoints=[0.5], delta_slopes=[6.0], orientations=[1.0], b0=0.5)
    >>> hinge([0.0, 1.0]).tolist()
    [0.5, 3.5]
    """

    breakpoints: Annotated[Array, "... H?"]
    delta_slopes: Annotated[Array, "... H?"]
    orientations: Annotated[Array, "... H?"]
    b0: Annotated[Array, "..."]

    def __post_init__(self) -> None:
        if not bool((self.orientations.abs() == 1).all()):
            raise ValueError("orientations: expected each to be +1 (active to the right) or -1 (active to the left)")

    @checked
    def __call__(self, x: Inputs) -> Tensor:
        """Values at x of shape (N,): shape (..., N)."""
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


class Pieces(Record):
    """The straight pieces of a function, from left to right: f(x) = slope_p x + intercept_p between two knots.

    knots: sorted, shape (..., H); slopes, intercepts: shape (..., H + 1), NaN for a piece of which nothing is known.
    Piece p lies between knots p − 1 and p; where breakpoints coincide, the pieces between them have no length.
    Raises ValueError where there are not H + 1 pieces.

    >>> Pieces(knots=[0.0], slopes=[-1.0, 1.0], intercepts=[0.0, 0.0])([-2.0, 3.0]).tolist()
    [2.0, 3.0]
    """

    knots: Annotated[Array, "... H?"]
    slopes: Annotated[Unknown, "... P"]
    intercepts: Annotated[Unknown, "... P"]

    def __post_init__(self) -> None:
        if self.slopes.shape[-1] != self.knots.shape[-1] + 1:
            count = self.knots.shape[-1] + 1
            raise ValueError(f"slopes: expected {count} for {count - 1} knots, got {self.slopes.shape[-1]}")

    @checked
    def __call__(self, x: Inputs) -> Tensor:
        """Values at x of shape (N,): shape (..., N)."""
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


class Spikes(Record):
    """A second derivative f″ = Σ_k weight_k δ(x − position_k): positions distinct and sorted, shape (K,)."""

    positions: Annotated[Array, "K?"]
    weights: Annotated[Array, "K?"]


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
    lines, bends = pieces(function), spikes(function, tolerance=tolerance)
    return torch.cat([lines.slopes[:1], lines.intercepts[:1], bends.positions, bends.weights])


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
