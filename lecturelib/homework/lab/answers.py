"""Comparing a student's numbers with the right ones, and naming the mistake that explains the difference.

Test cells of labs use `compare`. It takes whatever holds numbers (lists, NumPy arrays, torch tensors, of any
precision), so that a right answer is not rejected for its clothes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def numbers(name: str, value: Any) -> np.ndarray:
    """`value` as an array of float64. Raises AssertionError, in words for the student, where it is no real number."""
    assert value is not None, f"{name}: there is no value (None). Did you forget `return`, or to fill it in?"
    assert value is not Ellipsis, f"{name}: still to be filled in"
    try:
        found = np.asarray(_without_gradients(value))
        if found.dtype == object:
            assert not any(one is None for one in found.flat), f"{name}: some numbers are still to be filled in (None)"
            if all(hasattr(type(one), "__float__") for one in found.flat):  # fractions, numbers of sympy
                found = found.astype(np.float64)
        if found.dtype.kind == "c" and np.abs(found.imag).max(initial=0) <= 1e-9 * np.abs(found).max(initial=0):
            found = found.real  # as eigenvalues may come
        assert found.dtype.kind not in "US", f"{name}: expected numbers, got text"
        assert found.dtype.kind in "fiub", f"{name}: expected real numbers, got {type(value).__name__}"
        found = found.astype(np.float64)
    except (TypeError, ValueError):
        raise AssertionError(f"{name}: expected real numbers, got {type(value).__name__}") from None
    assert np.isfinite(found).all(), f"{name}: some numbers are NaN or infinite. Is something divided by zero?"
    return found


def _without_gradients(value: Any) -> Any:
    """The value with tensors that NumPy takes, also in lists; a set as a list."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_without_gradients(one) for one in value]
    return value.detach() if hasattr(value, "detach") else value


def number(name: str, value: Any) -> float:
    """`value` as one number, which may come in an array of its own. Raises AssertionError where it is none."""
    found = numbers(name, value)
    assert found.size == 1, f"{name}: expected one number, got {found.size}"
    return float(found.reshape(()))


def compare(
    name: str,
    found: Any,
    right: Any,
    *,
    mistakes: Mapping[str, Any] | None = None,
    tolerance: float = 1e-5,
    show: bool = False,
) -> None:
    """Raise AssertionError unless `found` is `right`, to within `tolerance` of the largest number of `right`.

    Axes of length one do not matter, unless they are one of the mistakes: numbers that each come in an array of their
    own are as good as a row.

    mistakes: from the words that the student reads to the numbers that this mistake would give. They are tried in turn;
    those which give other shapes, or in this case what is right, are passed over. After them come a wrong sign, another
    order and a constant factor. show: also print both arrays, for examples that the student may see.
    """
    right = np.asarray(right, dtype=np.float64)
    found = numbers(name, found)
    size = tolerance * (float(np.abs(right).max(initial=0.0)) or 1.0)

    def same(one: np.ndarray, other: np.ndarray) -> bool:
        return one.shape == other.shape and bool((np.abs(one - other) <= size).all())

    if same(found, right):
        return
    values = f" Expected {_written(right)}, got {_written(found)}." if show else ""
    for words, value in (mistakes or {}).items():
        value = np.asarray(value, dtype=np.float64)
        if same(found, value) and not same(value, right):
            raise AssertionError(f"{name}: {_sentence(words)}{values}")
    if found.squeeze().shape == right.squeeze().shape:
        found = found.reshape(right.shape)
        if same(found, right):
            return
    assert found.shape == right.shape, f"{name}: expected shape {right.shape}, got {found.shape}.{values}"
    assert not same(-found, right), f"{name}: the sign is the other way round.{values}"
    shuffled = right.ndim == 1 and same(np.sort(found), np.sort(right))
    assert not shuffled, f"{name}: the right numbers, in another order.{values}"
    factor = float((found * right).sum() / (right * right).sum()) if right.any() else 0.0
    scaled = right.size > 1 and factor != 0 and same(found, factor * right)
    assert not scaled, f"{name}: every number is {factor:.3g} times what it should be.{values}"
    unseen = "" if show else " in a case that is not shown. Try cases of your own, with other signs and orders"
    raise AssertionError(f"{name}: not right{unseen}.{values}")


def _sentence(words: str) -> str:
    return words if words.endswith((".", "?", "!")) else f"{words}."


def _written(numbers: np.ndarray) -> str:
    return np.array2string(numbers, precision=5, separator=", ", threshold=12)
