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

    def fit(self, name: str, shape: Shape, found: tuple[int, ...]) -> None:
        """Raise ValueError naming the argument where `found` is not of this shape, or does not fit earlier ones."""
        trailing = shape.trailing
        split = len(found) - len(trailing)
        if split < 0 or (split and not shape.leading):
            raise ValueError(f"{name}: expected shape {shape}, got {found}")
        for dimension, size in zip(trailing, found[split:], strict=True):
            self._fit_one(name, shape, dimension, size, found)
        if shape.leading:
            self._fit_leading(name, shape, found[:split], found)

    def _fit_one(self, name: str, shape: Shape, dimension: str, size: int, found: tuple) -> None:
        if size == 0 and not dimension.endswith("?"):
            raise ValueError(f"{name}: expected shape {shape} with at least one number, got {found}")
        dimension = dimension.rstrip("?")
        if dimension.isdecimal():
            if size != int(dimension):
                raise ValueError(f"{name}: expected shape {shape}, got {found}")
        elif not dimension.startswith("_"):
            expected, owner = self.known.setdefault(dimension, (size, name))
            if size != expected:
                said = f"as {owner} has" if owner != name else "as its other side has"
                raise ValueError(f"{name}: expected shape {shape} with {dimension} = {expected}, {said}, got {found}")

    def _fit_leading(self, name: str, shape: Shape, leading: tuple, found: tuple) -> None:
        if 0 in leading:
            raise ValueError(f"{name}: expected shape {shape} with at least one number, got {found}")
        if shape.leading == "*":
            so_far, owner = self.known.get("*", ((), name))
            try:
                self.known["*"] = tuple(torch.broadcast_shapes(so_far, leading)), name
            except RuntimeError:
                said = f"expected a shape that broadcasts with {so_far}, as {owner} has"
                raise ValueError(f"{name}: {said}, got {found}") from None
        elif leading or shape.leading == "...":
            expected, owner = self.known.setdefault("...", (leading, name))
            if leading != expected:
                said = f"with {expected} for the dots, as {owner} has"
                raise ValueError(f"{name}: expected shape {shape} {said}, got {found}")

    def take(self, name: str, shape: Shape, held: Placed) -> None:
        """Note the sizes of a library object, or raise ValueError where they do not fit earlier ones."""
        leading = held.sizes.get("...", ())
        if not shape.leading and leading:
            kind = type(held).__name__
            raise ValueError(f"{name}: expected a single {kind}, got an ensemble of shape {leading}")
        sizes = tuple(held.sizes[dimension] for dimension in shape.trailing)
        self.fit(name, shape, (*leading, *sizes))
