"""Arguments that check themselves: annotations say what a function takes, and `checked` holds callers to it.

    @checked
    def ridge(x: Annotated[Matrix, "N d"], y: Annotated[Vector, "N"], penalty: Positive) -> Tensor: ...

Lists, NumPy arrays and tensors may come for arrays; the body sees tensors of one precision on one device. Errors begin
with the name of the argument, then say what was expected and what came: TypeError for a wrong type, ValueError for a
wrong value. A static checker sees the plain types.

Shapes name dimensions (see `lecturelib.core.shapes.Shape`); one name has one size in all arguments of a call.
A new kind is one line: `Slope = Annotated[float, Number("a slope between 0 and 1", above=0, below=1)]`.
"""

from __future__ import annotations

import collections.abc
import functools
import inspect
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import is_dataclass, replace
from typing import Annotated, Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from lecturelib.core import kinds
from lecturelib.core.kinds import Kind, Number, Numbers, Pending, Several
from lecturelib.core.shapes import Placed, Shape, Sizes, placed

# Numbers: Python's and NumPy's, and tensors and arrays of dimension 0. What the body sees is an int or a float.
Count = Annotated[int, Number("an integer, at least 1", least=1, whole=True)]
Natural = Annotated[int, Number("an integer, at least 0", least=0, whole=True)]
Seed = Annotated[int, Number("a seed, an integer of at least 0", least=0, whole=True)]
Integer = Annotated[int, Number("an integer", whole=True)]
Real = Annotated[float, Number("a finite number")]
Positive = Annotated[float, Number("a positive number", above=0)]
NonNegative = Annotated[float, Number("a number, at least 0", least=0)]
Share = Annotated[float, Number("a number from 0 to 1", least=0, most=1)]
RealOrInfinite = Annotated[float, Number("a number or infinity", infinite=True)]
PositiveOrInfinite = Annotated[float, Number("a positive number or infinity", above=0, infinite=True)]
NonNegativeOrInfinite = Annotated[float, Number("a number, at least 0, or infinity", least=0, infinite=True)]

# Arrays: lists, tuples, NumPy arrays, tensors. What the body sees is a tensor.
Array = Annotated[Any, Numbers("real numbers")]
PositiveArray = Annotated[Any, Numbers("positive numbers", above=0)]
NonNegativeArray = Annotated[Any, Numbers("numbers, at least 0", least=0)]
Vector = Annotated[Any, Numbers("real numbers", shape=Shape("_N"))]
PositiveVector = Annotated[Any, Numbers("positive numbers", above=0, shape=Shape("_N"))]
Matrix = Annotated[Any, Numbers("real numbers", shape=Shape("_N _d"))]
Square = Annotated[Any, Numbers("real numbers", shape=Shape("N N"))]
Times = Annotated[Any, Numbers("times, at least 0", least=0, shape=Shape("_T"))]
Counts = Annotated[Any, Numbers("integers, at least 0", least=0, whole=True, shape=Shape("_T"))]

# A few numbers: lists, tuples, ranges, vectors. What the body sees is a tuple.
_COUNT = Number("an integer, at least 1", least=1, whole=True)
Ensemble = Annotated[Any, Several("the shape of an ensemble, integers of at least 1", _COUNT, alone=True)]
Widths = Annotated[Sequence[int], Several("two or more sizes, integers of at least 1", _COUNT, fewest=2)]
Interval = Annotated[
    Sequence[float], Several("two increasing numbers", Number("a finite number"), count=2, increasing=True)
]
Reals = Annotated[Sequence[float], Several("finite numbers, at least one", Number("a finite number"), fewest=1)]
Naturals = Annotated[
    Sequence[int],
    Several("integers of at least 0, one or more", Number("an integer, at least 0", least=0, whole=True), fewest=1),
]

# The rest. Annotate with `torch.Generator` for one that has to be given, and with classes, `Literal["a", "b"]`,
# `Callable[...]`, `T | None`, `tuple[T, ...]` as usual; `bool`, `int`, `float` and `str` are checked as well.
Precision = Annotated[torch.dtype, kinds.Floating()]
Device = Annotated[torch.device | str, kinds.Device()]

_PLAIN: dict[Any, Kind] = {
    bool: kinds.Flag(),
    int: Number("an integer", whole=True),
    float: Number("a finite number"),
    str: kinds.Instance("a text", (str,)),
    None: kinds.Instance("None", (type(None),)),
    type(None): kinds.Instance("None", (type(None),)),
}

T = TypeVar("T", bound=Callable[..., Any])


def kind_of(annotation: Any) -> Kind:
    """The kind that an annotation stands for; what it does not know takes anything."""
    if typing.get_origin(annotation) is Annotated:
        base, *notes = typing.get_args(annotation)
        kind = next((note for note in reversed(notes) if isinstance(note, Kind)), None) or kind_of(base)
        shape = next((note for note in reversed(notes) if isinstance(note, str)), None)
        return kind if shape is None else _shaped(kind, Shape(shape))
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return kinds.Instance(_with_article(annotation.__name__), (annotation,))
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return _either([kind_of(one) for one in inside])
    if origin is typing.Literal:
        return kinds.Choice(f"one of {', '.join(map(repr, inside))}", inside)
    if annotation in (Callable, typing.Callable) or origin is collections.abc.Callable:
        return kinds.Function()
    if origin is tuple and inside and inside[-1] is not ...:
        parts = tuple(map(kind_of, inside))
        return kinds.Each(f"a tuple of {' and '.join(part.says for part in parts)}", parts)
    if origin in (tuple, list, collections.abc.Sequence):
        of = kind_of(inside[0])
        return Several(f"a list or tuple, each member {of.says}", of)
    if isinstance(origin, type):
        return kinds.Instance(_with_article(origin.__name__), (origin,))
    return Kind()


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def _either(options: list[Kind]) -> Kind:
    """One kind for a union; its classes, such as `Network | Spline`, become one kind."""
    instances = [one for one in options if type(one) is kinds.Instance and one.says != "None"]
    if len(instances) > 1:
        classes = tuple(cls for one in instances for cls in one.classes)
        merged = kinds.Instance(" or ".join(one.says for one in instances), classes)
        options = [merged, *(one for one in options if one not in instances)]
    # what is tested by type alone comes first, numbers and arrays, which take more, last
    options = sorted(options, key=lambda one: (one.says != "None", isinstance(one, (Number, Numbers, Several))))
    says = ", or ".join(one.says for one in sorted(options, key=lambda one: one.says == "None"))
    return options[0] if len(options) == 1 else kinds.Either(says, tuple(options))


def _shaped(kind: Kind, shape: Shape) -> Kind:
    if isinstance(kind, (Numbers, kinds.Instance)):
        return replace(kind, shape=shape)
    if isinstance(kind, Several):
        return replace(kind, of=_shaped(kind.of, shape))
    if isinstance(kind, kinds.Either):
        return replace(kind, kinds=tuple(_shaped(one, shape) for one in kind.kinds))
    return kind


class _Plan:
    """What `checked` found out about a function: its parameters and their kinds."""

    def __init__(self, function: Callable, owner: type | None) -> None:
        parameters = inspect.signature(function).parameters.values()
        hints = typing.get_type_hints(owner or function, include_extras=True)
        self.kinds = {one.name: kind_of(hints[one.name]) for one in parameters if one.name in hints}
        self.names = [one.name for one in parameters]
        self.first = [one.name for one in parameters if one.kind is not one.KEYWORD_ONLY]
        self.by_place = [one.name for one in parameters if one.kind is one.POSITIONAL_ONLY]
        self.defaults = {one.name: one.default for one in parameters if one.default is not one.empty}
        self.plain = [(name, kind) for name, kind in self.kinds.items() if type(kind) is not Kind]
        self.method = owner is None and self.names[:1] == ["self"]
        self.looked_at = [name for name in self.names if name != "self" or self.method]  # none yet to see in __init__
        self.shaped = {name: shape for name, kind in self.plain if (shape := _shape_of_object(kind)) is not None}

    def values(self, args: tuple, kwargs: dict) -> dict[str, Any] | None:
        """Arguments by name, in the order of the parameters, or None where Python itself would refuse the call."""
        if len(args) > len(self.first) or any(name in kwargs for name in self.first[: len(args)]):
            return None
        given = {**self.defaults, **dict(zip(self.first, args, strict=False)), **kwargs}
        if len(given) != len(self.names) or any(name in kwargs for name in self.by_place):
            return None
        try:
            return {name: given[name] for name in self.names}
        except KeyError:
            return None

    def check(self, values: dict[str, Any]) -> None:
        """Replace values by what the body is to see, or raise TypeError or ValueError."""
        pending: list[Pending] = []
        for name, kind in self.plain:
            values[name] = found = kind.read(name, values[name])
            if type(found) is Pending:
                pending.append(found)
            elif type(found) is tuple:
                pending += [one for one in found if type(one) is Pending]
        if not pending and not self.shaped:
            return
        sizes = Sizes()
        if self.method and isinstance(values["self"], Placed):
            sizes.known |= {dimension: (size, "the object") for dimension, size in values["self"].sizes.items()}
        dtype, device, owner = _home((values[name] for name in self.looked_at), pending)
        for name, _ in self.plain:
            found = values[name]
            if type(found) is Pending:
                values[name] = _settle(found, dtype, device, owner, sizes)
            elif type(found) is tuple and any(type(one) is Pending for one in found):
                values[name] = tuple(_settle(one, dtype, device, owner, sizes) for one in found)
            elif name in self.shaped and isinstance(found, Placed):
                sizes.take(name, self.shaped[name], found)


def _shape_of_object(kind: Kind) -> Shape | None:
    options = kind.kinds if isinstance(kind, kinds.Either) else (kind,)
    return next((one.shape for one in options if isinstance(one, kinds.Instance) and one.shape), None)


def _home(values: collections.abc.Iterator, pending: list[Pending]) -> tuple[torch.dtype, torch.device, str]:
    """Where arrays go: as the first library object has it, else the widest precision and the device of a tensor."""
    held = placed(values)
    if held is not None:
        assert held.dtype is not None
        assert held.device is not None
        return held.dtype, held.device, "the library object"
    own = [one.tensor.dtype for one in pending if one.own]
    dtype = torch.float64
    if own:
        dtype = own[0] if own.count(own[0]) == len(own) else functools.reduce(torch.promote_types, own)
    for one in pending:
        if one.fixed and one.tensor.ndim:
            return dtype, one.tensor.device, one.name
    return dtype, torch.device("cpu"), ""


def _settle(one: Pending, dtype: torch.dtype, device: torch.device, owner: str, sizes: Sizes) -> Tensor:
    """The tensor in that precision, on that device, with all numbers and its shape checked."""
    tensor, kind = one.tensor, one.kind
    if one.fixed and owner and tensor.ndim and tensor.device != device:
        raise ValueError(f"{one.name}: expected a tensor on {device}, as {owner} is, got one on {tensor.device}")
    wanted = torch.int64 if kind.whole else dtype
    if tensor.dtype != wanted or tensor.device != device:
        tensor = tensor.to(device=device, dtype=wanted)
    if kind.shape is not None:
        sizes.fit(one.name, kind.shape, tuple(tensor.shape))
    kind.check(one.name, tensor)
    return tensor


def checked(target: T) -> T:
    """Check the arguments of a function, a method or the fields of a dataclass by their annotations.

    Goes below `@staticmethod` and `@property`, and above `@dataclass`. Raises TypeError where it does not.
    """
    if isinstance(target, type):
        if not is_dataclass(target):
            raise TypeError(f"{target.__name__}: expected a dataclass, with @checked above @dataclass")
        target.__init__ = _checked(target.__init__, target)  # type: ignore[method-assign]
        return target
    if not inspect.isfunction(target):
        raise TypeError(f"checked: expected a function, got {type(target).__name__}")
    return typing.cast(T, _checked(target, None))


def _checked(function: Callable, owner: type | None) -> Callable:
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if any(one.kind in variable for one in inspect.signature(function).parameters.values()):
        raise TypeError(f"{function.__qualname__}: expected parameters with names, not *args or **kwargs")

    @functools.cache  # at the first call, when all that annotations speak of exists
    def plan() -> _Plan:
        return _Plan(function, owner)

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        now = plan()
        values = now.values(args, kwargs)
        if values is None:
            return function(*args, **kwargs)  # which refuses them in Python's words
        now.check(values)
        return function(*[values.pop(name) for name in now.by_place], **values)

    wrapper.__kinds__ = lambda: plan().kinds  # type: ignore[attr-defined]
    return wrapper


def kinds_of(target: Any) -> dict[str, Kind] | None:
    """Parameter → kind of what is `checked`, in order, or None for what is not."""
    found = getattr(typing.cast(Any, target).__init__ if isinstance(target, type) else target, "__kinds__", None)
    return None if found is None else found()


def broadcast(name: str, tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The tensor expanded to a shape that only the body knows, or ValueError naming it."""
    try:
        return tensor.expand(shape)
    except RuntimeError:
        said = f"expected a number or a shape that broadcasts to {tuple(shape)}"
        raise ValueError(f"{name}: {said}, got {tuple(tensor.shape)}") from None


# Checks in the body of a function, for what annotations cannot say.


def as_tensor(name: str, value, *, dtype: torch.dtype | None = None) -> torch.Tensor:
    """Turn `value` into a floating tensor of finite numbers.

    Floating tensors and arrays keep their precision; everything else becomes float64, unless `dtype` is given.
    Raises ValueError naming `name` where a number is not finite or the value is not numeric.
    """
    keeps = isinstance(value, (torch.Tensor, np.ndarray))
    try:
        tensor = value if isinstance(value, torch.Tensor) else torch.as_tensor(np.asarray(value))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: expected real numbers, got {type(value).__name__} ({error})") from None
    if tensor.is_complex() or tensor.dtype == torch.bool:
        raise ValueError(f"{name}: expected real numbers, got {tensor.dtype}")
    if not (keeps and tensor.is_floating_point()):
        tensor = tensor.to(torch.float64)
    if dtype is not None:
        tensor = tensor.to(dtype)
    if not bool(torch.isfinite(tensor).all()):
        raise ValueError(f"{name}: expected finite numbers, found NaN or infinity")
    return tensor


def same_shape(expected: tuple[int, ...], of: str, **tensors: torch.Tensor) -> None:
    """Raise ValueError naming the first of `tensors` whose shape is not `expected`, the shape of `of`."""
    for name, tensor in tensors.items():
        if tuple(tensor.shape) != tuple(expected):
            raise ValueError(f"{name}: expected shape {tuple(expected)}, as {of} has, got {tuple(tensor.shape)}")


def positive(name: str, value, **options) -> torch.Tensor:
    """`as_tensor`, and raise ValueError where a number is not positive."""
    tensor = as_tensor(name, value, **options)
    if not bool((tensor > 0).all()):
        raise ValueError(f"{name}: expected positive numbers, found {float(tensor.min()):g}")
    return tensor


def one_dimensional(name: str, value, **options) -> torch.Tensor:
    """`as_tensor`, and raise ValueError unless the shape is (N,)."""
    tensor = as_tensor(name, value, **options)
    if tensor.ndim != 1:
        raise ValueError(f"{name}: expected shape (N,), got {tuple(tensor.shape)}")
    return tensor
