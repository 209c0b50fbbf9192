"""An explorer: a group, what it moves, all linear maps that commute with that, and one of them applied."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Points, Setting, Switch
from lecturelib.core.explorers import Explorer
from lecturelib.equivariance.groups.actions import Action, Group
from lecturelib.equivariance.groups.maps import dimension, equivariant_basis

HALF = math.sqrt(3) / 2
TRIANGLE = [[-1.0, 0.0], [0.5, HALF], [0.5, -HALF]]
SQUARE = [[-1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [1.0, -1.0]]
TETRAHEDRON = [[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]]
"""Corners, whose first coordinate points down."""
GROUPS: dict[str, tuple[list[list[int]], list[list[float]]]] = {
    "C3": ([[1, 2, 0]], TRIANGLE), "C4": ([[1, 2, 3, 0]], SQUARE), "D4": ([[1, 2, 3, 0], [1, 0, 3, 2]], SQUARE),
    "S3": ([[1, 0, 2], [1, 2, 0]], TRIANGLE), "S4": ([[1, 0, 2, 3], [1, 2, 3, 0]], TETRAHEDRON),
}  # fmt: skip
"""Generators as permutations of corners, and the corners."""
KINDS = {
    "number": "one number", "vectors": "a vector", "points": "corners", "pairs": "pairs of them",
    "pixels": "3 × 3 pixels",
}  # fmt: skip
GIVEN = {
    "number": [1.0], "vectors": [-0.9, 0.5, 0.6], "points": [1.0, 0.5, -0.8, 0.2],
    "pairs": [0.9, 1.0, 0.0, -0.3, 0.0, 0.2, 0.7, 0.0, 0.0, 0.0, -0.8, 0.5, 0.4, 0.0, 0.0, 0.6],
    "pixels": [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.4, 0.0],
}  # fmt: skip
"""What is put in."""
ENDS = ("inputs", "outputs")


def weights() -> Tensor:
    """Any matrix, (16, 16), of which as much is taken as is needed."""
    draw = torch.randn(16, 16, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    return (0.7 * draw * 1000).round() / 1000


def in_order(basis: Tensor) -> Tensor:
    """An orthonormal basis (dimension, m, n) of the same maps: means of single weights, one after the other."""
    flat = basis.flatten(1)
    found = flat.new_zeros(0, flat.shape[1])
    for one in flat.T @ flat:
        left = one - found.T @ (found @ one)
        if float(left.norm()) > 1e-6:
            found = torch.cat([found, left[None] / left.norm()])
    return found.reshape(basis.shape)


class LayerExplorer(Explorer):
    """A linear map between two things that a group moves.

    Settings: the group, what is put in and what comes out, the element that moves it, how much W is averaged over the
    group (averaged), which map of the basis is chosen, whether W is that map alone, and coefficients that were changed.
    """

    module = "equivariance/groups/browser/face.js"
    title = "A layer for a group"
    hint = "Move the last slider to 1. When are the two pictures below, right, the same?"
    settings: ClassVar[tuple[Setting, ...]] = (
        Choice("group", "group", {
            "C3": "C3, turns of a triangle", "C4": "C4, turns of a square", "D4": "D4, turns and mirrors",
            "S3": "S3, all of 3 corners", "S4": "S4, all of 4 corners",
        }, "C4"),
        Choice("inputs", "put in", KINDS, "points"),
        Choice("outputs", "comes out", KINDS, "points"),
        Number("element", "element g", 1, 24, 2, step=1),
        Number("averaged", "averaged over the group", 0, 1, 0, step=0.1),
        Switch("alone", "W is the chosen map alone", False),
        Number("chosen", "map of the basis", 1, 64, 1, step=1, hidden=True),
        Points("changed", "coefficients", most=64, limit=64),
    )  # fmt: skip
    presets: ClassVar[Mapping] = {
        "any": ("Any matrix", {}),
        "ring": ("A ring of 4", {"averaged": 1}),
        "sets": ("Sets", {"group": "S4", "averaged": 1}),
        "graphs": ("Graphs", {"group": "S4", "inputs": "pairs", "outputs": "pairs", "averaged": 1}),
        "pixels": ("Pixels", {"inputs": "pixels", "outputs": "pixels", "averaged": 1}),
        "forces": ("Forces", {"group": "D4", "outputs": "vectors", "averaged": 1}),
        "none": ("No map at all", {"inputs": "number", "outputs": "vectors", "averaged": 1}),
    }
    heights = (730, 1010)

    def __init__(self, name: str = "layer", **beginning: Any) -> None:
        groups = {key: {"generators": moves, "corners": corners} for key, (moves, corners) in GROUPS.items()}
        super().__init__(name, givens={"groups": groups, "given": GIVEN, "weights": weights().tolist()}, **beginning)

    @property
    def kinds(self) -> tuple[str, str]:
        """What is put in and what comes out: numbers at corners where pixels would not stay on pixels."""
        fits = self.state["group"] in ("C4", "D4")
        return tuple("points" if one == "pixels" and not fits else one for one in map(self.state.get, ENDS))

    def actions(self) -> list[Action]:
        """How the group moves what is put in and what comes out."""
        moves, corners = GROUPS[self.state["group"]]
        group, places = Group.from_permutations(moves), torch.tensor(corners, dtype=torch.float64)
        size = float(places.square().sum()) / places.shape[1]
        matrices = [places.T @ one @ places / size for one in group.generators]
        make = {
            "number": group.trivial, "points": group.vectors, "pairs": lambda: group.tensors(2),
            "vectors": lambda: Action(group, matrices),
            "pixels": lambda: Action(group, Group([one.round() for one in matrices]).images(3).generators),
        }  # fmt: skip
        return [make[kind]() for kind in self.kinds]

    def outputs(self) -> dict[str, Any]:
        """The basis, what characters say of its size, coefficients, W, and x, g x, W x, W g x and g W x."""
        inside, outside = self.actions()
        basis = in_order(equivariant_basis(inside, outside))
        any_ = weights()[: outside.size, : inside.size]
        own = torch.einsum("kij,ij->k", basis, any_)
        coefficients = own.clone()
        for number, value in self.state["changed"]:
            if 1 <= number <= len(basis):
                coefficients[round(number) - 1] = value
        left = any_ - torch.einsum("k,kij->ij", own, basis)
        w = torch.einsum("k,kij->ij", coefficients, basis) + (1 - self.state["averaged"]) * left
        if self.state["alone"] and len(basis):
            w = basis[min(round(self.state["chosen"]), len(basis)) - 1]
        k = min(round(self.state["element"]), inside.group.order) - 1
        return {
            "basis": basis, "dimension": dimension(inside, outside), "coefficients": coefficients, "W": w,
            **applied(inside, outside, w, given(self.kinds[0], inside.size), k),
        }  # fmt: skip

    def draw(self) -> tuple[Figure, str]:
        """What is put in and what comes out, before and after the element moves it, and W."""
        found = self.outputs()
        figure, axes = figures.new(2, 3, height=3.6, width=5.6)
        shown = {"x": "x", "W x": "before", "W": "W", "g x": "moved", "W g x": "after", "g W x": "wanted"}
        same = [("x", "moved"), ("before", "after", "wanted"), ("W",)]  # scales
        largest = {name: max(float(found[one].abs().max()) for one in names) for names in same for name in names}
        for axis, (title, name) in zip(axes.flat, shown.items(), strict=True):
            picture = found[name] if name == "W" else squared(found[name])
            scale = max(largest[name], 1e-9)
            axis.imshow(picture.numpy(), cmap="PuOr_r", vmin=-scale, vmax=scale)
            axis.set(title=title, xticks=[], yticks=[])
            axis.grid(False)
        share = 100 * found["error"]
        told = (
            "W g x and g W x are the same" if share < 1e-7 else f"W g x and g W x differ by {share:.3g} % of their size"
        )
        return figure, f"{found['dimension']} maps commute with {self.state['group']}. For the map shown, {told}."


def given(kind: str, size: int) -> Tensor:
    """What is put in, (size,)."""
    found = torch.tensor(GIVEN[kind], dtype=torch.float64)
    return found.reshape(4, 4)[:3, :3].flatten() if kind == "pairs" and size == 9 else found[:size]


def applied(inside: Action, outside: Action, w: Tensor, x: Tensor, k: int) -> dict[str, Any]:
    """x and g x, W x and W g x, g W x, and how far the last two are apart, relative to the larger."""
    moved, before = inside.elements[k] @ x, w @ x
    after, wanted = w @ moved, outside.elements[k] @ before
    size = max(float(after.norm()), float(wanted.norm()), 1e-12)
    return {
        "x": x, "moved": moved, "before": before, "after": after, "wanted": wanted,
        "error": float((after - wanted).norm()) / size,
    }  # fmt: skip


def squared(values: Tensor) -> Tensor:
    """Pixels and pairs as squares, all else as a column."""
    side = math.isqrt(len(values))
    return values.reshape(side, side) if side**2 == len(values) and side > 2 else values[:, None]
