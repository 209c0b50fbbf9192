r"""Signals on a ring of N places: filters, shifts, and the linear maps that commute with shifts.

A shift by m moves what is at place i to i + m, round the ring: (T x)_i = x_{i−m}. Convolution is
(w ∗ x)_i = Σ_j w_{i−j} x_j. What frameworks call convolution is correlation, y_i = Σ_j w_j x_{i+j}
(Goodfellow, Bengio and Courville 2016, section 9.1).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Matrix, Real, Vector, Widths, checked
from lecturelib.core.kinds import Number, Several

Signal = Annotated[Array, "... N"]
Padding = Literal["ring", "zeros", "none"]
Sizes = Annotated[
    Widths,
    Several("integers, at least 1, one or more", Number("an integer, at least 1", least=1, whole=True), fewest=1),
]


@checked
def correlate(
    x: Signal, w: Annotated[Vector, "K"], *, stride: Count = 1, padding: Padding = "ring"
) -> Tensor:  # fmt: skip
    """y_i = Σ_j w_j x_{s i + j − c}, the filter laid on x at every s-th place: x (..., N), w (K,) → (..., ⌈N/s⌉).

    c = ⌊(K − 1)/2⌋ puts the middle of the filter on the place. What lies beyond the ends is the other end ("ring") or 0
    ("zeros"). With "none" the filter stays inside, c = 0, and there are ⌊(N − K)/s⌋ + 1 values.
    Raises ValueError where a filter is longer than a signal on a ring, or one that is not padded.

    >>> correlate([1.0, 2.0, 3.0, 4.0], [1.0, 0.0, -1.0])
    tensor([ 2., -2., -2.,  2.], dtype=torch.float64)
    >>> correlate([1.0, 2.0, 3.0, 4.0], [1.0, 0.0, -1.0], padding="zeros", stride=2)
    tensor([-2., -2.], dtype=torch.float64)
    """
    size, before = len(w), (len(w) - 1) // 2
    if size > x.shape[-1] and padding != "zeros":
        raise ValueError(f"w: expected at most {x.shape[-1]} numbers, as many as a signal has, got {size}")
    ends = (before, size - 1 - before)
    if padding == "zeros":
        x = torch.nn.functional.pad(x, ends)
    elif padding == "ring":
        x = torch.cat([x[..., x.shape[-1] - ends[0] :], x, x[..., : ends[1]]], -1)
    return x.unfold(-1, size, stride) @ w


@checked
def circulant(w: Annotated[Vector, "N"]) -> Tensor:
    """The matrix of the convolution with w on a ring, W_ij = w_{i−j}: (N,) → (N, N).

    >>> circulant([1.0, 2.0, 0.0])
    tensor([[1., 0., 2.],
            [2., 1., 0.],
            [0., 2., 1.]], dtype=torch.float64)
    """
    place = torch.arange(len(w), device=w.device)
    return w[(place[:, None] - place) % len(w)]


@checked
def shift_equivariant_part(matrix: Annotated[Matrix, "M N"]) -> Tensor:
    """The nearest matrix that commutes with shifts, by s = N/M places of the input and one of the output: (M, N).

    It is the mean of T^{−k} W T^{sk} over all k: entry (i, j) becomes the mean of all W_{i+k, j+sk}.
    Raises ValueError where M does not divide N.

    >>> shift_equivariant_part([[1.0, 2.0], [4.0, 3.0]])
    tensor([[2., 3.],
            [3., 2.]], dtype=torch.float64)
    """
    outputs, inputs = matrix.shape
    if inputs % outputs:
        raise ValueError(f"matrix: expected a number of columns that {outputs} rows divide, got {inputs}")
    row, column = torch.arange(outputs), torch.arange(inputs)
    steps = row * (inputs // outputs)
    # bring row i to where its shift began, take the mean, and lay it out again
    first = matrix[row[:, None], (column + steps[:, None]) % inputs].mean(0)
    return first[(column - steps[:, None]) % inputs]


@checked
def shift_signal(x: Signal, distance: Real) -> Tensor:
    """x moved to the right by a distance, also a broken one, round the ring: (..., N) → (..., N).

    Each wave of k periods, |k| ≤ N/2, turns by −2πk·distance/N. Whole distances are `torch.roll`. For even N the
    fastest wave, k = N/2, keeps its real part: cos(π·distance) times itself.

    >>> shift_signal([1.0, 2.0, 4.0], 1.0).round(decimals=4)
    tensor([4., 1., 2.], dtype=torch.float64)
    >>> shift_signal([0.0, 1.0, 0.0, -1.0], 0.5).round(decimals=4)
    tensor([-0.7071,  0.7071,  0.7071, -0.7071], dtype=torch.float64)
    """
    size = x.shape[-1]
    distance = math.fmod(distance, 2 * size)
    turns = -2 * math.pi * distance / size * torch.arange(size // 2 + 1, dtype=x.dtype, device=x.device)
    factor = torch.complex(turns.cos(), turns.sin())
    if size % 2 == 0:
        factor[-1] = math.cos(math.pi * distance)
    return torch.fft.irfft(torch.fft.rfft(x) * factor, n=size)


@checked
def low_pass(x: Signal, waves: Count) -> Tensor:
    """x without all waves of k ≥ `waves` periods, so that the band limit is kept: (..., N) → (..., N).

    With waves ≤ N/2s it can be taken at every s-th place without loss. See the sampling theorem in the chapter.

    >>> low_pass([1.0, 0.0, 0.0, 0.0], 1)
    tensor([0.2500, 0.2500, 0.2500, 0.2500], dtype=torch.float64)
    """
    spectrum = torch.fft.rfft(x)
    kept = torch.arange(spectrum.shape[-1], device=x.device) < waves
    return torch.fft.irfft(spectrum * kept, n=x.shape[-1])


@checked
def receptive_field(kernels: Sizes, strides: Sizes) -> int:
    """How many inputs one output of a stack of layers sees: 1 + Σ_ℓ (K_ℓ − 1) Π_{j<ℓ} s_j.

    kernels, strides: K_ℓ and s_ℓ of each layer, the first layer first. Raises ValueError where there are not equally
    many.

    >>> receptive_field([3, 3, 3], [1, 1, 1]), receptive_field([3, 3, 3], [2, 2, 2])
    (7, 15)
    """
    if len(kernels) != len(strides):
        raise ValueError(f"strides: expected {len(kernels)}, as many as kernels, got {len(strides)}")
    return 1 + sum((size - 1) * math.prod(strides[:layer]) for layer, size in enumerate(kernels))
