"""Shapes of arrays by the names of their dimensions, and whether those of several arguments fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch


class Placed:
    """Base of library objects that hold tensors: other arguments follow their `dtype` and `device`.

    sizes: dimension → its size, where "..." has the shape of the ensemble.
    """

    dtype: torch.dtype | None
    device: torch.device | None
    sizes: dict[str, Any]


def placed(values: Iterator[Any]) -> Placed | None:
    """The first library object that holds tensors."""
    return next((value for value in values if isinstance(value, Placed) and value.dtype is not None), None)


@dataclass(frozen=True)
class Shape:
    """Dimensions of an array by name, such as "N d", "... H" or "K? 3".

    A name has one size in all arguments of a call, a number is that size, and a name that begins with "_" has any size.
    No size is 0 unless "?" follows the name. First may stand "..." for the dimensions of an ensemble, alike in all
    arguments; "[...]" for the same or none; or "*" for dimensions that broadcast with those of all other "*".
    """

    text: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(self.text.split())

    @cached_property
    def leading(self) -> str | None:
        return self.names[0] if self.names and self.names[0] in ("...", "[...]", "*") else None

    @cached_property
    def trailing(self) -> tuple[str, ...]:
        return self.names[1:] if self.leading else self.names

    def __str__(self) -> str:
        names = [name.strip("_?") for name in self.names]
        return f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"


class Sizes:
    """The sizes that the arguments of one call gave to names of dimensions, and which argument did."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[Any, str]] = {}
        self.shapes: dict[str, tuple] = {}

    def fit(self, name: str, shape: Shape, found: tuple[int, ...]) -> None:
        """Raise ValueError naming the argument where `found` is not of this shape, or does not fit earlier ones."""
        self.shapes[name] = found
        split = len(found) - len(shape.trailing)
        if split < 0 or (split and not shape.leading):
            raise ValueError(f"{name}: expected shape {shape}, got {found}")
        leading, trailing = found[:split], found[split:]
        if 0 in leading or any(
            size == 0 and not dimension.endswith("?") for dimension, size in zip(shape.trailing, trailing, strict=True)
        ):
            raise ValueError(f"{name}: expected shape {shape} with at least one number, got {found}")
        if shape.leading == "*":
            self._broadcast(name, leading, found)
        elif leading or shape.leading == "...":
            self._agree(name, shape, "...", leading, found)
        for dimension, size in zip(shape.trailing, trailing, strict=True):
            if dimension.isdecimal() and size != int(dimension):
                raise ValueError(f"{name}: expected shape {shape}, got {found}")
            if not dimension.startswith("_"):
                self._agree(name, shape, dimension.rstrip("?"), size, found)

    def _agree(self, name: str, shape: Shape, dimension: str, size: Any, found: tuple) -> None:
        """A dimension has the size it has elsewhere, or this one if nothing has it so far."""
        expected, owner = self.known.setdefault(dimension, (size, name))
        if size != expected:
            wanted = self._filled(shape)
            said = (
                ""
                if owner == name
                else f", as {owner} has"
                if self.shapes.get(owner) == wanted
                else f", to fit {owner}"
            )
            told = str(wanted).replace("'", "") if owner != name else str(shape)
            raise ValueError(f"{name}: expected shape {told}{said}, got {found}")

    def _filled(self, shape: Shape) -> tuple:
        """A shape with the sizes that are known in place of names."""
        named = [name.strip("_?") for name in shape.trailing]
        sizes = [int(name) if name.isdecimal() else self.known.get(name, (name,))[0] for name in named]
        return (*self.known.get("...", ((),))[0], *sizes) if shape.leading else tuple(sizes)

    def _broadcast(self, name: str, leading: tuple, found: tuple) -> None:
        so_far, owner = self.known.get("*", ((), name))
        try:
            self.known["*"] = tuple(torch.broadcast_shapes(so_far, leading)), name
        except RuntimeError:
            said = f"expected a shape that broadcasts with {so_far}, as {owner} has"
            raise ValueError(f"{name}: {said}, got {found}") from None

    def take(self, name: str, shape: Shape, held: Placed) -> None:
        """Note the sizes of a library object, or raise ValueError where they do not fit earlier ones."""
        leading = held.sizes.get("...", ())
        if not shape.leading and leading:
            kind = type(held).__name__
            raise ValueError(f"{name}: expected a single {kind}, got an ensemble of shape {leading}")
        known = (dimension.rstrip("?") for dimension in shape.trailing)
        sizes = tuple(held.sizes[name if name in held.sizes else name.lstrip("_")] for name in known)
        self.fit(name, shape, (*leading, *sizes))
