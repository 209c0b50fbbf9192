"""Checks of arguments, each with an error that names the argument and what was expected."""

from __future__ import annotations

import numpy as np
import torch


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
