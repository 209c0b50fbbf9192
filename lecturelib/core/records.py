"""Records: frozen dataclasses of tensors that can be an ensemble, move between devices, and be saved.

    class Line(Record):
        slope: Annotated[Array, "..."]
        points: Annotated[Array, "... N"]

Fields are declared like the arguments of a checked function, and are checked likewise. Dimensions before the named
ones ("...") are those of an ensemble. Fields may be records themselves, tuples of tensors, texts, numbers, functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Self, dataclass_transform

import torch
from torch import Tensor

from lecturelib.core.arguments import checked, kinds_of
from lecturelib.core.kinds import Either, Instance, Kind, Numbers, Several
from lecturelib.core.shapes import Placed, Shape


def _fields(record: Any) -> list[str]:
    return [field.name for field in fields(record)]


def _shape(kind: Kind) -> Shape | None:
    """The shape that a field was declared with."""
    if isinstance(kind, Several):
        return _shape(kind.of)
    if isinstance(kind, Either):
        return next(filter(None, map(_shape, kind.kinds)), None)
    return kind.shape if isinstance(kind, (Numbers, Instance)) else None


def _tensors(value: Any) -> Iterator[Tensor]:
    """All tensors in a field, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Record):
        for name in _fields(value):
            yield from _tensors(getattr(value, name))
    elif isinstance(value, tuple):
        for one in value:
            yield from _tensors(one)


def _mapped(change: Callable[[Tensor], Tensor], value: Any) -> Any:
    """A field with every tensor changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Record):
        return value.map(change)
    return tuple(_mapped(change, one) for one in value) if type(value) is tuple else value


@dataclass_transform(frozen_default=True, eq_default=False)
class Record(Placed):
    """Base of frozen dataclasses of tensors; a subclass needs no decorator."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(frozen=True, eq=False, repr=False)(cls)
        checked(cls)
        torch.serialization.add_safe_globals([cls])  # torch.load takes it, once its module is imported

    def map(self, change: Callable[[Tensor], Tensor]) -> Self:
        """The record with `change` applied to every tensor; what comes out is not checked again."""
        return self._with({name: _mapped(change, getattr(self, name)) for name in _fields(self)})

    def _with(self, values: dict[str, Any]) -> Self:
        made = object.__new__(type(self))
        made.__dict__.update(values)
        return made

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """The record on another device or in another precision, with the arguments of `torch.Tensor.to`.

        Tensors of integers keep their type. Raises TypeError where numbers would become integers.
        """

        def moved(one: Tensor) -> Tensor:
            there = one.to(*args, **kwargs)
            if not one.is_floating_point():
                return one.to(there.device)
            if not there.is_floating_point():
                raise TypeError(f"dtype: expected a floating torch.dtype, got {there.dtype}")
            return there

        return self.map(moved)

    def detach(self) -> Self:
        """The record without gradients."""
        return self.map(Tensor.detach)

    def clone(self) -> Self:
        """The record with tensors of its own."""
        return self.map(Tensor.clone)

    @property
    def dtype(self) -> torch.dtype | None:  # type: ignore[override]
        """Precision of the first floating tensor, None where there is none."""
        return next((one.dtype for one in self._all() if one.is_floating_point()), None)

    @property
    def device(self) -> torch.device | None:  # type: ignore[override]
        """Device of the first tensor, None where there is none."""
        return next((one.device for one in self._all()), None)

    def _all(self) -> Iterator[Tensor]:
        return _tensors(self)

    @cached_property
    def sizes(self) -> dict[str, Any]:  # type: ignore[override]
        """The size of each named dimension; "..." is the shape of the ensemble."""
        found: dict[str, Any] = {}
        for name, shape in self._shapes():
            value = getattr(self, name)
            first = value[0] if isinstance(value, tuple) and value else value
            if isinstance(first, Record):
                found.setdefault("...", first.shape)  # a record within, whose ensemble is that of the whole
            elif isinstance(first, Tensor):
                trailing = shape.trailing
                split = first.ndim - len(trailing)
                if shape.leading == "...":
                    found.setdefault("...", tuple(first.shape[:split]))
                for dimension, size in zip(trailing, first.shape[split:], strict=True):
                    found.setdefault(dimension.rstrip("?"), size)
        return found

    @classmethod
    def _shapes(cls) -> list[tuple[str, Shape]]:
        return [(name, shape) for name, kind in (kinds_of(cls) or {}).items() if (shape := _shape(kind)) is not None]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the ensemble, () for a single one."""
        return self.sizes.get("...", ())

    def __getitem__(self, index: Any) -> Self:
        """Members of the ensemble, by what indexes a tensor of shape `shape`. Raises IndexError where that would."""
        if not self.shape:
            raise IndexError(f"{type(self).__name__}: this is a single one, and no ensemble to index")
        torch.empty(()).expand(self.shape)[index]  # its errors are about the ensemble alone
        values = {name: getattr(self, name) for name in _fields(self)}
        for name, shape in self._shapes():
            if shape.leading == "...":
                values[name] = _at(values[name], index, len(shape.trailing))
        return self._with(values)

    def __iter__(self) -> Iterator[Self]:
        if not self.shape:
            raise TypeError(f"{type(self).__name__}: this is a single one, and no ensemble to go through")
        return (self[i] for i in range(self.shape[0]))

    def __eq__(self, other: object) -> bool:
        """Same class, same shapes, all numbers equal, on the same device; precision may differ."""
        if type(self) is not type(other):
            return NotImplemented
        return all(_equal(getattr(self, name), getattr(other, name)) for name in _fields(self))

    def __hash__(self) -> int:
        return hash((type(self), *(tuple(one.shape) for one in self._all())))

    def __replace__(self, /, **changes: Any) -> Self:
        return replace(self, **changes)  # type: ignore[type-var]

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _fields(self)}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._told())})"

    def _told(self) -> Iterator[str]:
        for name in _fields(self):
            value = getattr(self, name)
            found = list(_tensors(value)) if isinstance(value, (Tensor, tuple)) else []
            shapes = ", ".join(str(tuple(one.shape)) for one in found[:4]) + (", ..." if len(found) > 4 else "")
            few = isinstance(value, Tensor) and value.numel() <= 8
            yield f"{name}={value.tolist() if few else f'tensor {shapes}' if found else repr(value)}"


def _at(value: Any, index: Any, trailing: int) -> Any:
    """Index the dimensions of the ensemble of a field."""
    if isinstance(value, Record):
        return value[index]
    if isinstance(value, tuple):
        return tuple(_at(one, index, trailing) for one in value)
    if value is None:
        return None
    given = index if isinstance(index, tuple) else (index,)
    if any(one is ... for one in given):  # which must not reach into what belongs to a member
        given = (*given, *[slice(None)] * trailing)
    return value[given]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        same = isinstance(other, Tensor) and one.shape == other.shape and one.device == other.device
        return same and bool((one == other).all())
    if type(one) is tuple and type(other) is tuple:
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)
