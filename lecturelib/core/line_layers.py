r"""Layers of piecewise linear networks as `lecturelib.core.lines` needs them, read off modules of torch.

A row is what a layer gets or gives for one input, flattened. Layers are of two kinds: affine ones, and those that bend,
where a unit switches: ReLU and LeakyReLU where what comes in changes its sign, max pooling where another input of a
window becomes the largest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

Rows = np.ndarray


@dataclass(frozen=True)
class Dense:
    """x ↦ W x + b: weights (out, in), biases (out,)."""

    weights: np.ndarray
    biases: np.ndarray

    def apply(self, rows: Rows, points: int) -> Rows:
        """Outputs for rows of which the first `points` are inputs, and the others differences of inputs."""
        out = rows @ self.weights.T
        out[:points] += self.biases
        return out

    def reach(self, open: Rows) -> Rows:
        """Which inputs some output in `open` depends on, row by row: above 0 or 0."""
        return open @ (self.weights != 0)

    @property
    def size(self) -> int:
        """How many numbers it gives."""
        return len(self.biases)

    @property
    def dense(self) -> bool:
        """Whether all outputs depend on all inputs."""
        return bool(self.weights.all())


@dataclass(frozen=True)
class Affine:
    """An affine layer of torch without its constant, and the same with positive coefficients, on inputs of a shape."""

    act: Callable[[Tensor], Tensor]
    positive: Callable[[Tensor], Tensor]
    shape: tuple[int, ...]
    constant: np.ndarray
    dense: bool = False

    @property
    def size(self) -> int:
        """How many numbers it gives."""
        return len(self.constant)

    def apply(self, rows: Rows, points: int) -> Rows:
        """As that of `Dense`."""
        out = self._flat(self.act, torch.from_numpy(rows)).numpy()
        out[:points] += self.constant
        return out

    def _flat(self, act: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
        return act(rows.reshape(-1, *self.shape)).reshape(len(rows), -1)

    def reach(self, open: Rows) -> Rows:
        """As that of `Dense`: slopes of the layer with all coefficients made positive, so that none cancel."""
        place = torch.zeros(len(open), math.prod(self.shape), dtype=torch.float64, requires_grad=True)
        (slopes,) = torch.autograd.grad(self._flat(self.positive, place), place, torch.from_numpy(open.astype(float)))
        return slopes.numpy()


@dataclass(frozen=True)
class Bend:
    """ReLU (leak 0) or LeakyReLU."""

    leak: float


@dataclass(frozen=True)
class Largest:
    """Max pooling: windows[o] are the inputs, by their place in a row, of which output o is the largest; −1: none."""

    windows: np.ndarray
    inputs: int

    def reach(self, open: Rows, winner: Rows) -> Rows:
        """Which inputs are the largest for some output in `open`, row by row."""
        found = np.zeros((len(open), self.inputs), bool)
        np.logical_or.at(found, (np.arange(len(open))[:, None], winner), open)
        return found


Layer = Dense | Affine | Bend | Largest


def layers_of(model: Any, shape: tuple[int, ...]) -> list[Layer]:
    """The layers of a module, or of pairs (weights, biases) with a ReLU between them, for one input of that shape.

    Raises ValueError naming a module that is not piecewise linear, or of which that is not known.
    """
    if not isinstance(model, nn.Module):
        return _dense_layers(model, shape)
    found: list[Layer] = []
    for name, module in _flat(model, ""):
        layer, shape = _read(module, shape, f"model: layer {name} ({type(module).__name__})" if name else "model")
        found += [] if layer is None else [layer]
    return found


def _dense_layers(pairs: Sequence, shape: tuple[int, ...]) -> list[Layer]:
    try:
        arrays = [tuple(_double(part) for part in (weights, biases)) for weights, biases in pairs]
    except (TypeError, ValueError, AttributeError):
        raise ValueError("model: expected a module of torch, or pairs of tensors (weights, biases)") from None
    found: list[Layer] = []
    for weights, biases in arrays:
        if weights.shape != (len(biases), *shape):
            said = f"weights of shape (out, {', '.join(map(str, shape))}) and biases of shape (out,)"
            raise ValueError(f"model: expected {said}, got {weights.shape} and {biases.shape}")
        found += [Dense(weights, biases), Bend(0.0)]
        shape = biases.shape
    if not found:
        raise ValueError("model: expected at least one layer, got none")
    return found[:-1]


def _flat(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    if type(module) is nn.Sequential:
        for number, child in module.named_children():
            yield from _flat(child, f"{name}.{number}" if name else number)
    else:
        yield name, module


def _double(tensor: Tensor) -> np.ndarray:
    array = tensor.detach().cpu().numpy()
    return array if array.dtype == np.float64 else array.astype(np.float64)


def _read(module: nn.Module, shape: tuple[int, ...], place: str) -> tuple[Layer | None, tuple[int, ...]]:
    """A module as a layer, None where it changes nothing, and the shape of what it gives."""
    kind = type(module)
    if module._forward_hooks or module._forward_pre_hooks:
        raise ValueError(f"{place}: expected no hooks, which may compute something else")
    if kind in (nn.Identity, nn.ReLU, nn.LeakyReLU, nn.Flatten) or (kind is nn.Dropout and not module.training):
        return _without_numbers(module, shape, place)
    if kind is nn.Linear and isinstance(module, nn.Linear):  # no subclass, which may compute something else
        if shape != (module.in_features,):
            raise ValueError(f"{place}: expected inputs of shape ({module.in_features},), got {shape}")
        weights = _double(module.weight)
        return Dense(weights, _constant(module.bias, len(weights))), (len(weights),)
    if kind in (nn.MaxPool1d, nn.MaxPool2d):
        return _windows(module, shape, place)
    if found := _affine(module):
        given = _shape_after(found[0], shape, place)
        bias = None if kind in (nn.AvgPool1d, nn.AvgPool2d) else _shift(module)
        constant = np.repeat(_constant(bias, given[0]), math.prod(given[1:]))
        return Affine(*found, shape, constant), given
    if kind in (nn.Dropout, nn.BatchNorm1d, nn.BatchNorm2d):
        raise ValueError(f"{place}: expected the model in evaluation, model.eval(), or known means and variances")
    known = "Linear, Conv, BatchNorm, AvgPool, MaxPool, ReLU, LeakyReLU, Flatten, Dropout and Identity"
    raise ValueError(f"{place}: expected nn.Sequential of piecewise linear layers, of which {known} are known")


def _without_numbers(module: nn.Module, shape: tuple[int, ...], place: str):
    if isinstance(module, nn.Flatten):
        if (module.start_dim, module.end_dim) != (1, -1):
            raise ValueError(f"{place}: expected Flatten of all dimensions but the first")
        return None, (math.prod(shape),)
    if isinstance(module, (nn.ReLU, nn.LeakyReLU)):
        return Bend(float(getattr(module, "negative_slope", 0.0))), shape
    return None, shape


def _constant(bias: Tensor | None, size: int) -> np.ndarray:
    return np.zeros(size) if bias is None else _double(bias)


def _affine(module: Any) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]] | None:
    """What a layer does to differences of inputs, in double precision, with its coefficients and with their sizes."""
    kind = type(module)
    if kind in (nn.Conv1d, nn.Conv2d):
        weight = module.weight.detach().double()
        return (lambda x: module._conv_forward(x, weight, None)), lambda x: module._conv_forward(x, weight.abs(), None)
    if kind in (nn.AvgPool1d, nn.AvgPool2d):
        return module, module
    if kind in (nn.BatchNorm1d, nn.BatchNorm2d) and not module.training and module.running_mean is not None:
        scale, _ = _norm(module)
        along = lambda x, by: x * by.reshape(-1, *[1] * (x.ndim - 2))  # noqa: E731
        return (lambda x: along(x, scale)), lambda x: along(x, scale.abs())
    return None


def _norm(module: Any) -> tuple[Tensor, Tensor]:
    """Batch normalization in evaluation as x ↦ scale x + shift, channel by channel."""
    mean, variance = module.running_mean.double(), module.running_var.double()
    scale = 1 / torch.sqrt(variance + module.eps)
    if module.weight is not None:
        scale = scale * module.weight.detach().double()
    shift = -mean * scale
    return scale, shift if module.bias is None else shift + module.bias.detach().double()


def _shift(module: Any) -> Tensor | None:
    return _norm(module)[1] if hasattr(module, "running_mean") else module.bias


def _shape_after(act: Callable[[Tensor], Tensor], shape: tuple[int, ...], place: str) -> tuple[int, ...]:
    try:
        return tuple(act(torch.zeros(1, *shape, dtype=torch.float64)).shape[1:])
    except RuntimeError as error:
        raise ValueError(f"{place}: expected other inputs than of shape {shape} ({error})") from None


def _windows(module: Any, shape: tuple[int, ...], place: str) -> tuple[Layer, tuple[int, ...]]:
    """Which inputs each output of a max pooling looks at, found by pooling their numbers one place at a time."""
    flat = type(module) is nn.MaxPool1d
    size, stride, padding, dilation = (
        (0, one) if flat and k in (2,) else (1, one) if flat else ((one, one) if isinstance(one, int) else tuple(one))
        for k, one in enumerate((module.kernel_size, module.stride, module.padding, module.dilation))
    )
    if module.return_indices or module.ceil_mode:
        raise ValueError(f"{place}: expected neither return_indices nor ceil_mode")
    given = _shape_after(module, shape, place)
    channels, height, width = (shape[0], 1, shape[1]) if flat else shape
    numbers = torch.arange(height * width, dtype=torch.float64).reshape(1, 1, height, width) + 1  # 0 is padding
    seen = functional.unfold(numbers, size, dilation, padding, stride)[0].T.long() - 1  # (places, window)
    every = [torch.where(seen < 0, -1, seen + channel * height * width) for channel in range(channels)]
    return Largest(torch.cat(every).numpy(), math.prod(shape)), given
