"""What an argument can be: each kind says so in words, and reads a value or raises an error that names the argument.

A wrong type is a TypeError, a wrong value of the right type a ValueError; both begin with the name of the argument.
`lecturelib.core.arguments` gives the kinds the names that stand in annotations.
"""

from __future__ import annotations

import math
import numbers
import operator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.shapes import Shape


def shown(value: Any) -> str:
    """A value in a few words, for errors."""
    if isinstance(value, (Tensor, np.ndarray)) and value.ndim:
        return f"{type(value).__name__} of {value.dtype} and shape {tuple(value.shape)}"
    if value is None or isinstance(value, (numbers.Number, str, Tensor, np.ndarray)):
        return text if len(text := repr(value)) <= 40 else f"{text[:37]}..."
    return type(value).__name__


@dataclass(frozen=True)
class Kind:
    """Base of all kinds: whatever comes is taken. `says`: what is expected, with an article."""

    says: str = "anything"

    def read(self, name: str, value: Any) -> Any:
        """The value as the body of the function gets it, or TypeError or ValueError naming `name`."""
        return value

    def refuse(self, error: type[Exception], name: str, found: Any) -> NoReturn:
        """Raise the error that says what was expected and what came."""
        raise error(
            f"{name}: expected {self.says}, got {found if isinstance(found, Words) else shown(found)}"
        ) from None


class Words(str):
    """A description of what came, shown without quotes."""


@dataclass(frozen=True)
class Range(Kind):
    """Numbers from `least` to `most`, or strictly between `above` and `below`; `infinite` ones only where allowed."""

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf
    below: float = math.inf
    infinite: bool = False
    whole: bool = False

    def holds(self, low: float, high: float) -> bool:
        """Do all numbers from `low` to `high` lie in the range? NaN does not."""
        if not (self.least <= low and high <= self.most):
            return False
        if not self.infinite and not -math.inf < low <= high < math.inf:
            return False
        return (low > self.above or self.above == -math.inf) and (high < self.below or self.below == math.inf)


@dataclass(frozen=True)
class Number(Range):
    """One number, which becomes an int if `whole`, else a float. A bool is no number."""

    def read(self, name: str, value: Any) -> Any:
        if type(value) is (int if self.whole else float) and self.holds(value, value):
            return value  # as nearly all are
        if isinstance(value, (Tensor, np.ndarray)) and value.ndim == 0:
            if isinstance(value, Tensor) and value.requires_grad:
                self.refuse(TypeError, name, Words("a tensor that requires a gradient, which would be lost"))
            value = value.item()
        if isinstance(value, (bool, np.bool_)) or not isinstance(
            value, numbers.Integral if self.whole else numbers.Real
        ):
            self.refuse(TypeError, name, value)
        try:
            number: Any = operator.index(value) if self.whole else float(value)  # type: ignore[arg-type]
            if not self.holds(number, number):
                self.refuse(ValueError, name, value)
        except OverflowError:
            self.refuse(ValueError, name, Words("a number too large for a float"))
        return number


@dataclass(frozen=True)
class Instance(Kind):
    """An object of one of some classes. shape: for a `Placed` object, its dimensions as in `Shape`."""

    classes: tuple[type, ...] = (object,)
    shape: Shape | None = None

    def read(self, name: str, value: Any) -> Any:
        if not isinstance(value, self.classes):
            self.refuse(TypeError, name, value)
        return value


@dataclass(frozen=True)
class Function(Kind):
    """Something to call."""

    says: str = "a function"

    def read(self, name: str, value: Any) -> Any:
        if not callable(value):
            self.refuse(TypeError, name, value)
        return value


@dataclass(frozen=True)
class Choice(Kind):
    """One of some values."""

    options: tuple = ()

    def read(self, name: str, value: Any) -> Any:
        for option in self.options:
            if value is option or (type(value) is type(option) and value == option):
                return option
        known = type(value) in {type(one) for one in self.options}
        self.refuse(ValueError if known else TypeError, name, value)


@dataclass(frozen=True)
class Device(Kind):
    """A torch.device, or what it is called."""

    says: str = "a torch device"

    def read(self, name: str, value: Any) -> torch.device:
        if not isinstance(value, (str, torch.device)):
            self.refuse(TypeError, name, value)
        try:
            return torch.device(value)
        except RuntimeError:
            self.refuse(ValueError, name, value)


@dataclass(frozen=True)
class Floating(Kind):
    """A torch.dtype of floating numbers."""

    says: str = "a floating torch.dtype"

    def read(self, name: str, value: Any) -> torch.dtype:
        if not isinstance(value, torch.dtype):
            self.refuse(TypeError, name, value)
        if not value.is_floating_point:
            self.refuse(ValueError, name, value)
        return value


@dataclass(frozen=True)
class Flag(Kind):
    """True or False."""

    says: str = "True or False"

    def read(self, name: str, value: Any) -> bool:
        if not isinstance(value, (bool, np.bool_)):
            self.refuse(TypeError, name, value)
        return bool(value)


@dataclass(frozen=True)
class Several(Kind):
    """A list, tuple, range or vector whose members are of kind `of`; becomes a tuple.

    count: how many, if that is fixed, else `fewest` or more. alone: one member may come without a tuple around it.
    """

    of: Kind = Kind()
    count: int | None = None
    fewest: int = 0
    alone: bool = False
    increasing: bool = False

    def read(self, name: str, value: Any) -> tuple:
        if isinstance(value, (Tensor, np.ndarray)) and value.ndim == 1:
            value = value.tolist()
        elif self.alone and not isinstance(value, (list, tuple, range)):
            value = (value,)
        if not isinstance(value, (list, tuple, range)):
            self.refuse(TypeError, name, value)
        if len(value) < self.fewest or (self.count is not None and len(value) != self.count):
            self.refuse(ValueError, name, Words(f"{len(value)} of them"))
        label = f"{name}[{{}}]" if isinstance(self.of, Numbers) else name
        try:
            found = tuple(self.of.read(label.format(place), one) for place, one in enumerate(value))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{error}, where {self.says} was expected") from None
        if self.increasing and any(not one < other for one, other in pairwise(found)):
            self.refuse(ValueError, name, Words(str(found)))
        return found


@dataclass(frozen=True)
class Each(Kind):
    """Fixed places of a tuple, each of a kind of its own."""

    kinds: tuple[Kind, ...] = ()

    def read(self, name: str, value: Any) -> tuple:
        if not isinstance(value, (list, tuple)):
            self.refuse(TypeError, name, value)
        if len(value) != len(self.kinds):
            self.refuse(ValueError, name, Words(f"{len(value)} of them"))
        return tuple(kind.read(name, one) for kind, one in zip(self.kinds, value, strict=True))


@dataclass(frozen=True)
class Either(Kind):
    """Any of several kinds, tried in order."""

    kinds: tuple[Kind, ...] = ()

    def read(self, name: str, value: Any) -> Any:
        if value is None and self.kinds[0].says == "None":
            return None  # as most are
        errors = []
        for kind in self.kinds:
            try:
                return kind.read(name, value)
            except (TypeError, ValueError) as error:
                errors.append(error)
        self.refuse(TypeError if all(isinstance(one, TypeError) for one in errors) else ValueError, name, value)


@dataclass(slots=True)
class Pending:
    """An array that waits for the precision and the device of the other arguments."""

    name: str
    kind: Numbers
    tensor: Tensor
    fixed: bool  # does it come with a device?
    own: bool  # does it come with a precision?


@dataclass(frozen=True)
class Numbers(Range):
    """An array of real numbers, which becomes a tensor: float64, unless it has a precision of its own.

    whole: of integers, which becomes int64. shape: None for any that is not empty. missing: may some be NaN?
    """

    says: str = "real numbers"
    shape: Shape | None = None
    missing: bool = False

    def check(self, name: str, tensor: Tensor) -> None:
        """Raise ValueError where a number lies outside the range."""
        if tensor.numel() == 0:
            if self.shape is None:
                raise ValueError(f"{name}: expected {self.says}, got none")
            return
        if self.missing and not tensor.is_meta:
            tensor = tensor[~torch.isnan(tensor)]
        if tensor.is_meta or not tensor.numel():
            return  # it has a shape and no numbers, or none that are known
        low, high = (end.item() for end in torch.aminmax(tensor.detach()))  # NaN where one number is
        if self.holds(low, high):
            return
        if not self.infinite and not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError(f"{name}: expected {self.says}, all finite, found NaN or infinity")
        found = high if self.holds(low, low) else low
        raise ValueError(f"{name}: expected {self.says}, found {found:g}")

    def read(self, name: str, value: Any) -> Pending:
        if isinstance(value, (list, tuple)) and value and all(isinstance(one, Tensor) for one in value):
            try:
                value = torch.stack(tuple(value))  # keeps gradients
            except (RuntimeError, TypeError) as error:
                raise ValueError(f"{name}: expected {self.says}, got tensors that do not stack ({error})") from None
        fixed = isinstance(value, Tensor)
        tensor = value if fixed else self._from_numpy(name, value)
        floating = tensor.is_floating_point()
        if self.whole if floating else tensor.dtype == torch.bool or tensor.is_complex():
            self.refuse(TypeError, name, value)
        if tensor.layout is not torch.strided:
            self.refuse(TypeError, name, Words(f"a tensor of layout {tensor.layout}"))
        own = floating and (fixed or isinstance(value, (np.ndarray, np.generic)))
        return Pending(name, self, tensor, fixed, own)

    def _from_numpy(self, name: str, value: Any) -> Tensor:
        try:
            array = np.array(value, order="C")  # not shared with the caller, who may change it
        except (ValueError, TypeError, RuntimeError) as error:  # ragged lists; tensors that have a gradient or a GPU
            wrong = ValueError if isinstance(error, ValueError) else TypeError
            raise wrong(f"{name}: expected {self.says}, got {shown(value)} ({error})") from None
        if array.dtype.kind not in "fiu":
            self.refuse(TypeError, name, value)
        if self.whole and (array.dtype.kind in "iu" or array.size == 0):
            array = array.astype(np.int64)
        elif array.dtype not in (np.float16, np.float32, np.float64) or not array.dtype.isnative:
            array = array.astype(np.float64)
        return torch.from_numpy(array)
