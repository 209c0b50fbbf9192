r"""Shallow ReLU networks of several inputs by the planes on which they bend.

f(x) = Σ_i v_i (⟨w_i, x⟩ + b_i)₊ + b₀ bends on the planes ⟨ξ_i, x⟩ = γ_i with unit **directions** ξ_i = w_i/‖w_i‖ and
**offsets** γ_i = −b_i/‖w_i‖. Across plane i the slope along ξ_i changes by the **slope jump** κ_i = v_i ‖w_i‖. With
one input that is |w_i| v_i = s_i μ_i, the slope jump of `Spline`, and not its delta-slope.
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn

from lecturelib.core.arguments import Array, Matrix, NonNegative, PositiveArray, broadcast, checked
from lecturelib.core.records import Record

Points = Annotated[Matrix, "N? D"]


class BreakPlanes(Record):
    """f(x) = Σ_i κ_i (⟨ξ_i, x⟩ − γ_i)₊ + b₀ for x in R^D.

    directions ξ: shape (..., H, D), of length 1; offsets γ and slope_jumps κ: shape (..., H); b0: shape (...).
    Raises ValueError where a direction has another length.

    >>> fold = BreakPlanes(directions=[[0.6, 0.8]], offsets=[1.0], slope_jumps=[2.0], b0=0.5)
    >>> fold([[0.0, 0.0], [3.0, 4.0]]).tolist()
    [0.5, 8.5]
    """

    directions: Annotated[Array, "... H? D"]
    offsets: Annotated[Array, "... H?"]
    slope_jumps: Annotated[Array, "... H?"]
    b0: Annotated[Array, "..."]

    def __post_init__(self) -> None:
        length = torch.linalg.vector_norm(self.directions, dim=-1)
        if not bool(((length - 1).abs() <= 16 * torch.finfo(length.dtype).eps).all()):
            raise ValueError("directions: expected vectors of length 1")

    @checked
    def __call__(self, x: Points) -> Tensor:
        """Values at x of shape (N, D): shape (..., N)."""
        hinges = torch.relu(self.directions @ x.T - self.offsets[..., None])  # (..., H, N)
        return (self.slope_jumps[..., None, :] @ hinges).squeeze(-2) + self.b0[..., None]

    @staticmethod
    @checked
    def from_weights(
        w: Annotated[Array, "... H? D"], b: Annotated[Array, "... H?"], v: Annotated[Array, "... H?"],
        b0: Annotated[Array, "..."] = 0.0,
    ) -> BreakPlanes:  # fmt: skip
        """The planes of Σ_i v_i (⟨w_i, x⟩ + b_i)₊ + b₀.

        Raises ValueError where some w_i is 0, or so small that b/‖w‖ overflows: such a neuron bends nowhere.

        >>> BreakPlanes.from_weights(w=[[3.0, 4.0]], b=[-10.0], v=[2.0], b0=0.0).offsets.tolist()
        [2.0]
        """
        largest = w.abs().amax(-1, keepdim=True)
        length = largest[..., 0] * torch.linalg.vector_norm(w / largest, dim=-1)
        offsets, jumps = -b / length, v * length
        if not bool((torch.isfinite(offsets) & torch.isfinite(jumps)).all()):
            raise ValueError("w: expected non-zero input weights, since a neuron with w = 0 has no break plane")
        directions = w / largest
        directions = directions / torch.linalg.vector_norm(directions, dim=-1, keepdim=True)
        return BreakPlanes(directions, offsets, jumps, b0.expand(offsets.shape[:-1]))

    @checked
    def to_weights(self, scale: PositiveArray = 1.0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weights w (..., H, D), b, v (..., H) and b₀ of a network with ‖w_i‖ = scale_i.

        >>> BreakPlanes([[1.0, 0.0]], [2.0], [3.0], 0.0).to_weights(2.0)[1].tolist()
        [-4.0]
        """
        scale = broadcast("scale", scale, self.offsets.shape)
        return self.directions * scale[..., None], -self.offsets * scale, self.slope_jumps / scale, self.b0

    @staticmethod
    @checked
    def from_module(module: nn.Module) -> BreakPlanes:
        """The planes of `nn.Sequential(nn.Linear(D, H), nn.ReLU(), nn.Linear(H, 1))`, copied.

        A layer without bias has bias 0. Raises ValueError for any other module, and where some w_i is 0.

        >>> BreakPlanes.from_module(nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1))).directions.shape
        torch.Size([5, 3])
        """
        kinds, state = [type(one) for one in module.children()], module.state_dict()
        hooked = any(one._forward_hooks or one._forward_pre_hooks for one in module.modules())
        fits = type(module) is nn.Sequential and not hooked and kinds == [nn.Linear, nn.ReLU, nn.Linear]
        w, v = state.get("0.weight"), state.get("2.weight")
        if not (fits and w is not None and v is not None and v.shape == (1, len(w))):
            raise ValueError(f"module: expected nn.Sequential of Linear(D, H), ReLU() and Linear(H, 1), got {module}")
        b, b0 = state.get("0.bias", torch.zeros_like(w[:, 0])), state.get("2.bias", v.new_zeros(1))
        return BreakPlanes.from_weights(w, b, v[0], b0[0]).clone()

    @checked
    def to_module(self, scale: PositiveArray = 1.0) -> nn.Sequential:
        """The module that computes a single network, with ‖w_i‖ = scale_i, for shape (N, D): shape (N, 1).

        Raises ValueError for an ensemble.

        >>> module = BreakPlanes([[1.0, 0.0]], [2.0], [3.0], 0.5).to_module(2.0)
        >>> module(torch.tensor([[3.0, 7.0]], dtype=torch.float64)).item()
        3.5
        """
        if self.shape:
            raise ValueError(f"planes: expected a single network, got an ensemble of shape {self.shape}")
        w, b, v, b0 = self.detach().clone().to_weights(scale)
        inputs, width = self.directions.shape[-1], len(b)
        module = nn.Sequential(nn.Linear(inputs, width, device="meta"), nn.ReLU(), nn.Linear(width, 1, device="meta"))
        parts = zip(module.state_dict(), (w, b, v[None], b0[None]), strict=True)
        module.load_state_dict(dict(parts), assign=True)
        return module

    @checked
    def merged(self, tolerance: NonNegative = 1e-12) -> BreakPlanes:
        """One entry for each plane, with the jumps of all neurons on it added up, whichever way they face.

        Each neuron that is turned round takes the line κ(⟨ξ, x⟩ − γ) from the function, so what is left is the
        function up to an affine one. Planes whose jumps cancel stay, with jump 0. Raises ValueError for an ensemble.

        >>> BreakPlanes([[1.0, 0.0], [-1.0, 0.0]], [2.0, -2.0], [3.0, -1.0], 0.0).merged(1e-9).slope_jumps.tolist()
        [2.0]
        """
        if self.shape:
            raise ValueError(f"planes: expected a single network, got an ensemble of shape {self.shape}")
        both = torch.cat([self.directions, self.offsets[:, None]], -1)
        both = both * torch.sign(both.gather(-1, _first(both.abs() > tolerance)[:, None]))  # of ξ: it has length 1
        near = torch.cdist(both, both, compute_mode="donot_use_mm_for_euclid_dist") <= tolerance
        kept, place = torch.unique(_first(near), return_inverse=True)
        jumps = self.slope_jumps.new_zeros(len(kept)).index_add(0, place, self.slope_jumps)
        return BreakPlanes(both[kept, :-1], both[kept, -1], jumps, self.b0)


def _first(found: Tensor) -> Tensor:
    """Place of the first True of each row: (..., K) → (...). `argmax` may give any."""
    place = torch.arange(found.shape[-1], device=found.device)
    return torch.where(found, place, found.shape[-1] - 1).amin(-1)
