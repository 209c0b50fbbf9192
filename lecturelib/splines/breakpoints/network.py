r"""Shallow ReLU networks of one input, seen as continuous piecewise linear functions.

A network of width H computes f(x) = Σ_i v_i (w_i x + b_i)₊ + b₀. Neuron i bends the line at its **breakpoint**
β_i = −b_i / w_i, is active to the right of it where its **orientation** s_i = sign w_i is +1 and to the left where it
is −1, and has slope μ_i = w_i v_i, its **delta-slope**, on its active side (Sahs et al. 2022, section 2.1).

Every array has shape (..., H): leading dimensions are an ensemble of networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from lecturelib.core.arguments import Array, NonNegative, PositiveArray, Vector, broadcast, checked
from lecturelib.core.kinds import Number, Numbers, Several
from lecturelib.core.records import Record
from lecturelib.core.shapes import Shape

Inputs = Annotated[Vector, "N?"]
Unknown = Annotated[Any, Numbers("numbers, NaN where nothing is known", missing=True, shape=Shape("_N"))]
Indices = Annotated[Sequence[int] | int, Several("indices of neurons", Number("an integer", whole=True), alone=True)]


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
        kinds, state = [type(one) for one in module.children()], module.state_dict()
        # a subclass and a module with hooks may compute something else
        hooked = any(one._forward_hooks or one._forward_pre_hooks for one in module.modules())
        fits = type(module) is nn.Sequential and not hooked and kinds == [nn.Linear, nn.ReLU, nn.Linear]
        w, v = state.get("0.weight"), state.get("2.weight")
        if not (fits and w is not None and v is not None and w.shape == v.T.shape and w.shape[1] == 1):
            raise ValueError(f"module: expected nn.Sequential of Linear(1, H), ReLU() and Linear(H, 1), got {module}")
        b, b0 = state.get("0.bias", torch.zeros_like(w[:, 0])), state.get("2.bias", v.new_zeros(1))
        return Network(w[:, 0], b, v[0], b0[0]).clone()

    def to_module(self) -> nn.Sequential:
        """The module that computes a single network, with parameters of its own, for shape (N, 1): shape (N, 1).

        Raises ValueError for an ensemble.

        >>> module = Network([2.0], [-1.0], [3.0], 0.5).to_module()
        >>> module(torch.tensor([[1.0]], dtype=torch.float64)).item()
        3.5
        """
        if self.shape:
            raise ValueError(f"network: expected a single Network, got an ensemble of shape {self.shape}")
        own, width = self.detach().clone(), len(self.w)
        module = nn.Sequential(nn.Linear(1, width, device="meta"), nn.ReLU(), nn.Linear(width, 1, device="meta"))
        parts = zip(module.state_dict(), (own.w[:, None], own.b, own.v[None], own.b0[None]), strict=True)
        module.load_state_dict(dict(parts), assign=True)
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
        return to_network(self)(x)  # |w| = 1, so that no number is rounded on the way

    @property
    def slope_jumps(self) -> Tensor:
        """Change of slope across each breakpoint from left to right, s_i μ_i = |w_i| v_i: shape (..., H)."""
        return self.orientations * self.delta_slopes


Single = Annotated[Network | Spline, "_H?"]


@checked
def to_spline(network: Network) -> Spline:
    """Breakpoints β = −b/w, delta-slopes μ = w v and orientations s = sign w of a network, each of shape (..., H).

    Raises ValueError where some w is 0, or so small that b/w overflows: such a neuron has no breakpoint.

    >>> to_spline(Network([2.0, -1.0], [2.0, 3.0], [1.0, -2.0], 0.0)).breakpoints.tolist()
    [-1.0, 3.0]
    """
    breakpoints = -network.b / network.w
    if not bool(torch.isfinite(breakpoints).all()):
        raise ValueError("w: expected non-zero input weights, since a neuron with w = 0 has no breakpoint")
    return Spline(breakpoints, network.w * network.v, torch.sign(network.w), network.b0)


@checked
def to_network(spline: Spline, scale: PositiveArray = 1.0) -> Network:
    """A network that computes the spline, with |w_i| = scale_i: w = s·scale, b = −w β, v = μ / w.

    scale: anything that broadcasts to shape (..., H).

    >>> to_network(Spline([-1.0], [2.0], [1.0], 0.0), scale=4.0)
    Network(w=[4.0], b=[4.0], v=[0.5], b0=0.0)
    """
    w = spline.orientations * broadcast("scale", scale, spline.breakpoints.shape)
    return Network(w, -w * spline.breakpoints, spline.delta_slopes / w, spline.b0)


@checked
def rescale(network: Network, alpha: PositiveArray) -> Network:
    """Move along the orbit of the scaling symmetry: (w, b, v) ↦ (α w, α b, v / α); the function stays.

    alpha: anything that broadcasts to shape (..., H).

    >>> rescale(Network([2.0], [-1.0], [3.0], 0.5), 2)
    Network(w=[4.0], b=[-2.0], v=[1.5], b0=0.5)
    """
    alpha = broadcast("alpha", alpha, network.w.shape)
    return Network(alpha * network.w, alpha * network.b, network.v / alpha, network.b0)


@checked
def balance(network: Network) -> Network:
    """The point of each neuron's orbit with the least norm, where v² = w² + b².

    Rescaling by α gives α²(w² + b²) + v²/α², least at α = (|v| / √(w² + b²))^{1/2}.
    Raises ValueError for a neuron with v = 0 or w = b = 0: its orbit comes as near to 0 as one likes.

    >>> balance(Network([3.0], [4.0], [20.0], 0.0))
    Network(w=[6.0], b=[8.0], v=[10.0], b0=0.0)
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
        count = self.knots.shape[-1]
        if self.slopes.shape[-1] != count + 1:
            raise ValueError(f"slopes: expected {count + 1} for {count} knots, got {self.slopes.shape[-1]}")

    @checked
    def __call__(self, x: Inputs) -> Tensor:
        """Values at x of shape (N,): shape (..., N)."""
        x = x.expand(*self.knots.shape[:-1], -1).contiguous()  # (..., N)
        piece = torch.searchsorted(self.knots.contiguous(), x)
        return self.slopes.gather(-1, piece) * x + self.intercepts.gather(-1, piece)


@checked
def pieces(function: Network | Spline) -> Pieces:
    """Knots, slopes and intercepts from left to right, in O(H log H) (Sahs et al. 2022, equation 2).

    To the left of all knots just the neurons with s = −1 are active; knot i then adds its slope jump s_i μ_i, and takes
    s_i μ_i β_i from the intercept so that the function stays continuous.

    >>> pieces(Spline([1.0], [2.0], [1.0], 0.5))
    Pieces(knots=[1.0], slopes=[0.0, 2.0], intercepts=[0.5, -1.5])
    """
    spline = _as_spline(function)
    left = spline.delta_slopes * (spline.orientations < 0)
    knots, order = torch.sort(spline.breakpoints, dim=-1, stable=True)
    jumps = spline.slope_jumps.gather(-1, order)
    height = spline.b0[..., None] - (left * spline.breakpoints).sum(-1, keepdim=True)
    steps = ((left.sum(-1, keepdim=True), jumps), (height, -jumps * knots))
    return Pieces(knots, *(torch.cat(each, dim=-1).cumsum(-1) for each in steps))


def _as_spline(function: Network | Spline) -> Spline:
    return to_spline(function) if isinstance(function, Network) else function


class Spikes(Record):
    """A second derivative f″ = Σ_k weight_k δ(x − position_k): positions distinct and sorted, shape (K,).

    >>> Spikes(positions=[0.5, 1.0], weights=[6.0, 2.0]).weights.sum().item()
    8.0
    """

    positions: Annotated[Array, "K?"]
    weights: Annotated[Array, "K?"]


@checked
def spikes(function: Single, *, tolerance: NonNegative = 0.0) -> Spikes:
    """The second derivative of one network: its slope jumps s_i μ_i, gathered where breakpoints coincide.

    Breakpoints no more than `tolerance` apart count as one; weights that are 0 to within rounding are dropped.
    What is left, K spikes, says everything about the function but its affine part (see equation 3 of Sahs et al. 2022).

    >>> spikes(Spline([1.0, 0.0, 0.0], [2.0, 1.0, 3.0], [1.0, -1.0, 1.0], 0.0))
    Spikes(positions=[0.0, 1.0], weights=[2.0, 2.0])
    """
    spline = _as_spline(function)
    knots, order = torch.sort(spline.breakpoints, stable=True)
    jumps = spline.slope_jumps[order]
    new = torch.diff(knots, prepend=knots.new_tensor([-torch.inf])) > tolerance
    weights, total = (knots.new_zeros(len(knots)).index_add(0, new.cumsum(0) - 1, one) for one in (jumps, jumps.abs()))
    keep = weights.abs() > 8 * torch.finfo(knots.dtype).eps * total
    return Spikes(knots[new][keep[: int(new.sum())]], weights[keep])


@checked
def same_function(one: Single, other: Single, *, tolerance: NonNegative | None = None) -> bool:
    """Do two networks, of any widths, compute the same function on the whole line?

    They do if, and only if, their second derivatives have the same spikes and their leftmost pieces the same slope and
    intercept: if nothing of these is left in their difference. That is asked up to `tolerance`, relative to the largest
    of these numbers for either, or to 1. None: √ε/16, which is 1e-9 in float64 and 2e-5 in float32.

    >>> same_function(Network([2.0], [1.0], [1.0], 0.0), Network([1.0], [0.5], [2.0], 0.0))
    True
    """
    mine, yours = _as_spline(one), _as_spline(other)
    if tolerance is None:
        tolerance = max(torch.finfo(spline.b0.dtype).eps for spline in (mine, yours)) ** 0.5 / 16
    known = [(pieces(f).slopes[:1], pieces(f).intercepts[:1], *vars(spikes(f)).values()) for f in (mine, yours)]
    tolerance *= max(1.0, *(float(torch.cat(numbers).abs().max()) for numbers in known))
    beta, side = (torch.cat([getattr(f, name) for f in (mine, yours)]) for name in ("breakpoints", "orientations"))
    left = Spline(beta, torch.cat([mine.delta_slopes, -yours.delta_slopes]), side, mine.b0 - yours.b0)
    line, bends = pieces(left), spikes(left, tolerance=tolerance)
    return float(torch.cat([line.slopes[:1], line.intercepts[:1], bends.weights]).abs().max()) <= tolerance


@checked
def flip(spline: Spline, neurons: Indices) -> Spline:
    """Turn the orientation of `neurons` and keep every slope jump: s ↦ −s, μ ↦ −μ, in each network of an ensemble.

    Each turned neuron takes μ_i (x − β_i) from the function. The constants go into b₀, so that the function stays
    if, and only if, the delta-slopes of the turned neurons sum to 0; else it tilts by that sum.
    Raises ValueError where there is no such neuron.

    >>> flip(Spline([1.0], [2.0], [1.0], 0.0), 0)
    Spline(breakpoints=[1.0], delta_slopes=[-2.0], orientations=[-1.0], b0=-2.0)
    """
    width = spline.breakpoints.shape[-1]
    if not all(-width <= neuron < width for neuron in neurons):
        raise ValueError(f"neurons: expected indices of {width} neurons, got {neurons}")
    sign = torch.ones_like(spline.orientations)
    sign[..., list(neurons)] = -1
    turned = spline.delta_slopes * (sign < 0)
    b0 = spline.b0 - (turned * spline.breakpoints).sum(-1)
    return Spline(spline.breakpoints, sign * spline.delta_slopes, sign * spline.orientations, b0)
