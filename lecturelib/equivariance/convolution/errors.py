r"""How far a module is from commuting with shifts: in size, in the number of places that are wrong, and in pixels.

With y(x) the output, taken at every s-th place, the error of a shift by m is ‖y(T_m x) − T_{m/s} y(x)‖ / ‖y(x)‖.
Where m is no multiple of s, the output is moved by a broken distance, wave by wave.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Vector, checked
from lecturelib.core.kinds import Numbers
from lecturelib.core.records import Record
from lecturelib.core.shapes import Shape
from lecturelib.equivariance.convolution.signals import shift_signal

Shifts = Annotated[Any, Numbers("integers", whole=True, shape=Shape("S"))]
FINE = 32
"""Parts of an output's place in which `moved` is found."""
SAME = 1e-6
"""Places that differ by less than this part of the largest output count as equal."""


class ShiftError(Record):
    """Errors of S shifts for B inputs: error, wrong and moved have the shape (S, B).

    shifts: of the input, in pixels, (S,). error: relative distance from the output moved as far. wrong: how many places
    along the last dimension differ. moved: how far the output did move, in pixels of the input.

    >>> ShiftError([1.0], [[0.0, 0.5]], [[0.0, 3.0]], [[1.0, 2.0]]).missed
    tensor([[0., 1.]], dtype=torch.float64)
    """

    shifts: Annotated[Vector, "S"]
    error: Annotated[Array, "S B"]
    wrong: Annotated[Array, "S B"]
    moved: Annotated[Array, "S B"]

    @property
    def missed(self) -> Tensor:
        """|moved − shift|, in pixels of the input: (S, B)."""
        return (self.moved - self.shifts[:, None]).abs()


def _displacement(before: Tensor, after: Tensor) -> Tensor:
    """By how many places (B, C, M) has to move to lie on (B, C, M) best: (B,), from −M/2 to M/2."""
    size = before.shape[-1]
    match = (torch.fft.rfft(before).conj() * torch.fft.rfft(after)).sum(1)
    if size % 2 == 0:
        match[..., -1] = match[..., -1] / 2  # both ends of the spectrum share it
    at = torch.fft.irfft(match, n=FINE * size).argmax(-1)
    return torch.where(at > FINE * size / 2, at - FINE * size, at).to(before.dtype) / FINE


@checked
def shift_equivariance_error(
    module: Callable[[Tensor], Tensor],
    x: Array,
    *,
    shifts: Shifts,
    stride: Count = 1,
) -> ShiftError:  # fmt: skip
    """What a module makes of inputs shifted along their last dimension, round the ring, beside its output moved as far.

    module: a function, such as a torch.nn.Module, of inputs (B, ..., N) whose outputs are (B, ..., M); x: inputs,
    (B, ..., N); shifts: (S,), whole; stride: s, how many pixels of the input are one of the output. error is
    ‖y(T_m x) − T_{m/s} y(x)‖ / ‖y(x)‖, and 0 where both are 0. Only for M = N/s can it vanish for all m.
    Raises ValueError where the module fails, or gives something else.

    >>> ring = shift_equivariance_error(lambda x: x[..., ::2], [[0.0, 1.0, 4.0, 2.0]], shifts=[1, 2], stride=2)
    >>> ring.error, ring.moved
    (tensor([[0.2500],
            [0.0000]], dtype=torch.float64), tensor([[2.],
            [2.]], dtype=torch.float64))
    """
    if x.ndim < 2:
        raise ValueError(f"x: expected shape (B, ..., N), got {tuple(x.shape)}")
    outputs = []
    with torch.no_grad():
        for shift in [0, *shifts.tolist()]:
            try:
                found = module(torch.roll(x, shift, -1))
            except Exception as error:
                raise ValueError(f"module: failed on inputs of shape {tuple(x.shape)} ({error})") from error
            if not (isinstance(found, Tensor) and found.ndim > 1 and len(found) == len(x) and found.numel()):
                said = f"a tensor whose first dimension is {len(x)} and whose last is one of places"
                raise ValueError(f"module: expected {said}, got {getattr(found, 'shape', type(found).__name__)}")
            outputs.append(found.reshape(len(x), -1, found.shape[-1]).to(x.dtype))
    first = outputs[0]
    size = first.flatten(1).norm(dim=1)
    error, wrong, moved = [], [], []
    for shift, after in zip(shifts.tolist(), outputs[1:], strict=True):
        off = after - shift_signal(first, shift / stride)
        largest = torch.maximum(first.abs(), after.abs()).amax((1, 2))
        off = torch.where(off.abs() > 1e-12 * largest[:, None, None], off, 0)  # rounding of the transform
        apart = off.flatten(1).norm(dim=1)
        error.append(torch.where(apart == 0, 0, apart / torch.where(size == 0, 1, size)))
        wrong.append((off.abs() > SAME * largest[:, None, None]).any(1).sum(-1))
        moved.append(stride * _displacement(first, after))
    return ShiftError(shifts.to(x.dtype), torch.stack(error), torch.stack(wrong).to(x.dtype), torch.stack(moved))
