"""Small changes of a formula, one number at a time: what a check has to notice.

The numbers of a formula are the keyword-only parameters with a numeric default, which are the constants that the
statement prints, and the components of what it gives: a tensor or number is one, a tuple, dataclass or dictionary has
one for each of its parts.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

import numpy as np
import torch


class Exponent(float):
    """A number of a formula that is an exponent: a change of it is measured as it is, not relative to its size."""


RELATIVE, ABSOLUTE, STEP, ANSWER = "relative", "absolute", "step", "answer"
"""How a number changes: by a factor 1 + ε; by ε; an integer by 1; one answer of yes or no is turned."""
NUMERIC = (bool, int, float, complex, np.generic, np.ndarray, torch.Tensor)


@dataclass(frozen=True)
class Number:
    """One number of a formula: where it is, and how it changes.

    name: what a reader sees; kind: `RELATIVE`, `ABSOLUTE`, `STEP` or `ANSWER`; path: the keys that lead to it in what
    the formula gives, None for a parameter of this name.
    """

    name: str
    kind: str
    path: tuple[Any, ...] | None = None

    @property
    def size(self) -> float | None:
        """The only size of a change, for numbers that are whole; None where every size is possible."""
        return 1.0 if self.kind in (STEP, ANSWER) else None

    def changed(self, formula: Any, by: float) -> Any:
        """The formula with this number changed by `by` (positive or negative)."""
        if self.path is None:
            return partial(formula, **{self.name: _moved(constants(formula)[self.name], self.kind, by)})
        if not callable(formula):
            return _replaced(formula, self.path, lambda part: _moved(part, self.kind, by))
        path, calls = self.path, []

        @wraps(formula)
        def wrong(*arguments: Any, **options: Any) -> Any:
            calls.append(1)
            if self.kind == ANSWER and len(calls) > 1:  # one answer alone is turned
                return formula(*arguments, **options)
            return _replaced(formula(*arguments, **options), path, lambda part: _moved(part, self.kind, by))

        return wrong


def constants(formula: Any) -> dict[str, Any]:
    """The keyword-only parameters of a formula that have a number as default: name → number."""
    return {
        p.name: p.default
        for p in _parameters(formula)
        if p.kind is p.KEYWORD_ONLY and isinstance(p.default, (int, float)) and not isinstance(p.default, bool)
    }


def exchanged(formula: Any, parts: Mapping[str, Any]) -> Any:
    """A formula with other constants, or a value with other parts. ValueError for names that it does not have."""
    if callable(formula):
        found = _parameters(formula)
        known = [p.name for p in found if p.kind is p.KEYWORD_ONLY]
        if any(p.kind is p.VAR_KEYWORD for p in found):
            known += parts
    else:
        known = list(_children(formula) or {})
    if unknown := [name for name in parts if name not in known]:
        raise ValueError(f"expected names of {', '.join(map(str, known)) or 'nothing'}, got {', '.join(unknown)}")
    if callable(formula):
        return partial(formula, **parts)
    for name, part in parts.items():
        formula = _replaced(formula, (name,), _always(part))
    return formula


def numbers(formula: Any, gives: Any) -> list[Number]:
    """All numbers of a formula; `gives` is what it gave for some problem (for a formula that is a value, itself).

    No two have one name. Texts and functions are no numbers.
    """
    found = [Number(name, _kind(value)) for name, value in constants(formula).items()]
    taken = {one.name for one in found}
    for path, part in components(gives):
        if not isinstance(part, NUMERIC):
            continue
        name = _name(path)
        found.append(Number(f"{name} of the result" if name in taken else name, _kind(part), path))
    return found


def components(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The parts of a value that are numbers or tensors, each with the keys that lead to it; None is no part."""
    if value is None:
        return
    children = _children(value)
    if children is None:
        yield path, value
        return
    for key, part in children.items():
        yield from components(part, (*path, key))


def _parameters(formula: Any) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(formula).parameters.values()) if callable(formula) else []
    except ValueError:  # some functions that are built in do not tell
        return []


def _children(value: Any) -> dict[Any, Any] | None:
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=True))
    if isinstance(value, (tuple, list)):
        return dict(enumerate(value))
    return None


def _always(value: Any) -> Callable[[Any], Any]:
    return lambda old: value


def _replaced(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    key, *rest = path
    children = _children(value) or {}
    children[key] = _replaced(children[key], tuple(rest), change)
    if isinstance(value, Mapping):
        return children
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(value, **{key: children[key]})
    return type(value)(*children.values()) if hasattr(value, "_fields") else type(value)(children.values())


def _kind(value: Any) -> str:
    if isinstance(value, Exponent):
        return ABSOLUTE
    tensor = torch.as_tensor(value)
    if tensor.dtype == torch.bool:
        return ANSWER
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return STEP
    return RELATIVE if tensor.any() else ABSOLUTE  # a factor would not change what is 0


def _moved(value: Any, kind: str, by: float) -> Any:
    if kind == ANSWER:
        if isinstance(value, (bool, np.bool_)):
            return not value
        turned = torch.as_tensor(value).clone().reshape(-1)
        turned[:1] = ~turned[:1]
        return turned.reshape(value.shape)
    if kind == STEP:
        return value + (1 if by > 0 else -1)
    moved = value + by if kind == ABSOLUTE else value * (1 + by)
    return Exponent(moved) if isinstance(value, Exponent) else moved


def _name(path: tuple[Any, ...]) -> str:
    names = [f"part {key + 1}" if isinstance(key, int) else str(key) for key in path]
    return ", ".join(names) or "value"
