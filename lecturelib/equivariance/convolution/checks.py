"""Claims of the chapter `equivariance/convolution`: what commutes with shifts, and what is left of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal
from lecturelib.equivariance.convolution.errors import shift_equivariance_error
from lecturelib.equivariance.convolution.signals import (
    circulant,
    correlate,
    receptive_field,
    shift_equivariant_part,
    shift_signal,
)


def moving(size: int, by: int = 1) -> Tensor:
    """The matrix of a shift."""
    return torch.roll(torch.eye(size, dtype=torch.float64), by, 0)


# Which maps commute


def commuting(matrix: Tensor) -> dict[str, Tensor | float]:
    """The maps with W T^s = T W as a null space: its dimension, and the nearest of them to a matrix."""
    outputs, inputs = matrix.shape
    eye = torch.eye(outputs, dtype=torch.float64), torch.eye(inputs, dtype=torch.float64)
    system = torch.kron(eye[0], moving(inputs, inputs // outputs).T.contiguous())
    system = system - torch.kron(moving(outputs), eye[1])
    values, basis = torch.linalg.svd(system)[1:]
    null = basis[values < 1e-9]
    nearest = (null.T @ (null @ matrix.flatten())).reshape(matrix.shape)
    return {"dimension": float(len(null)), "nearest": nearest}


def squares(generator: Generator) -> Iterator[Tensor]:
    """Square matrices of several sizes."""
    for size in (2, 3, 5, 6):
        yield normal(generator, size, size)


def rectangles(generator: Generator) -> Iterator[Tensor]:
    """Matrices with s times as many columns as rows."""
    for outputs, stride in ((3, 2), (2, 3), (4, 2), (1, 4)):
        yield normal(generator, outputs, outputs * stride)


def diagonal_means(matrix: Tensor, sign: int) -> Tensor:
    """w with w_k the mean of all W_{i, i − k}, laid out as W_ij = w_{i−j}; sign = −1: along the other diagonals."""
    size = len(matrix)
    found = torch.zeros_like(matrix)
    for k in range(size):
        cells = [(i, (sign * (i - k)) % size) for i in range(size)]
        mean = sum(matrix[cell] for cell in cells) / size
        for cell in cells:
            found[cell] = mean
    return found


@claim(
    "thm-conv-shift",
    source="own; goodfellow2016: section 9.1",
    check=equals(commuting, on=squares),
    also=(lambda matrix: {"dimension": float(len(matrix)), "nearest": shift_equivariant_part(matrix)},),
    wrong={
        "correlation in place of convolution": lambda matrix: {
            "dimension": float(len(matrix)), "nearest": diagonal_means(matrix, -1),
        },
        "a filter of N²/2 numbers": {"power": 2.0, "factor": 0.5},
        "only multiples of the identity": lambda matrix: {
            "dimension": 1.0, "nearest": matrix.trace() / len(matrix) * torch.eye(len(matrix), dtype=torch.float64),
        },
    },
)  # fmt: skip
def only_convolutions(matrix, *, factor=1.0, power=Exponent(1.0), scale=1.0):
    return {"dimension": factor * len(matrix) ** power, "nearest": scale * diagonal_means(matrix, 1)}


@claim(
    "prop-conv-stride",
    source="own",
    check=equals(commuting, on=rectangles),
    also=(lambda matrix: {"dimension": float(matrix.shape[1]), "nearest": shift_equivariant_part(matrix)},),
    wrong={
        "as many as outputs": {"inputs": 0.0, "outputs": 1.0},
        "all that a matrix has": lambda matrix: {"dimension": float(matrix.numel()), "nearest": matrix},
    },
)
def strided(matrix, *, inputs=1.0, outputs=0.0, scale=1.0):
    """Every s-th value of a convolution: row i is row 0 moved by s i."""
    rows, columns = matrix.shape
    stride, found = columns // rows, torch.zeros_like(matrix)
    for j in range(columns):
        cells = [(i, (j + stride * i) % columns) for i in range(rows)]
        mean = sum(matrix[cell] for cell in cells) / rows
        for cell in cells:
            found[cell] = scale * mean
    return {"dimension": inputs * columns + outputs * rows, "nearest": found}


# In waves


def filtered(w: Tensor, x: Tensor) -> Tensor:
    """w ∗ x round the ring, number by number."""
    size = len(x)
    return torch.stack([sum(w[(i - j) % size] * x[j] for j in range(size)) for i in range(size)])


def pairs(generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for size in (4, 7, 12):
        yield normal(generator, size), normal(generator, size)


def transform(x: Tensor, turn: float, sign: float = -1.0) -> Tensor:
    """Σ_n e^{∓ 2πikn/N} x_n, by its sum; turn: 2."""
    place = torch.arange(len(x), dtype=torch.float64)
    angle = sign * turn * math.pi * torch.outer(place, place) / len(x)
    return torch.complex(angle.cos(), angle.sin()) @ x.to(torch.complex128)


@claim(
    "prop-conv-waves",
    source="own",
    check=equals(filtered, on=pairs),
    also=(lambda w, x: circulant(w) @ x,),
    wrong={
        "correlation: the conjugate of the filter's transform": {"sign": 1.0},
        "without 1/N": lambda w, x: len(x) * filtered(w, x),
    },
)
def waves(w, x, *, turn=2.0, factor=1.0, sign=-1.0):
    """The inverse transform of the product of both transforms."""
    product = transform(w, turn, sign) * transform(x, turn)
    return factor * transform(product, turn, 1.0).real / len(x)


# The border


def stacks(generator: Generator) -> Iterator[tuple[Tensor, tuple[Tensor, ...], int]]:
    """(x, filters, shift): one to three layers of several widths, short and long shifts to both sides."""
    for radii, shift in (((1,), 1), ((2,), -3), ((1, 1), 1), ((1, 2), 8), ((1, 1, 1), -5), ((2, 2, 1), -20)):
        yield normal(generator, 40), tuple(0.5 * normal(generator, 2 * r + 1) for r in radii), shift


def padded(x: Tensor, filters: tuple[Tensor, ...]) -> Tensor:
    """tanh of correlations, layer by layer, with zeros beyond the ends, number by number."""
    for w in filters:
        r, size = len(w) // 2, len(x)
        inside = lambda i: [(j, i + j - r) for j in range(len(w)) if 0 <= i + j - r < size]  # noqa: E731, B023
        x = torch.tanh(torch.stack([sum(w[j] * x[place] for j, place in inside(i)) for i in range(size)]))
    return x


def wrong_places(x: Tensor, filters: tuple[Tensor, ...], shift: int) -> float:
    """How many outputs of the moved signal are not the moved outputs."""
    apart = padded(torch.roll(x, shift), filters) - torch.roll(padded(x, filters), shift)
    return float((apart.abs() > 1e-10).sum())


def by_library(x: Tensor, filters: tuple[Tensor, ...], shift: int) -> float:
    """The same as `shift_equivariance_error` counts them."""

    def network(x: Tensor) -> Tensor:
        for w in filters:
            x = torch.tanh(correlate(x, w, padding="zeros"))
        return x

    return float(shift_equivariance_error(network, x[None], shifts=[shift]).wrong)


@claim(
    "prop-conv-border",
    source="own",
    check=equals(wrong_places, on=stacks),
    also=(by_library,),
    wrong={
        "of one layer only": lambda x, filters, shift: 2 * (len(filters[0]) // 2) + 1.0,
        "the border alone": {"seam": 0.0},
        "one side": {"sides": 1.0},
    },
)
def border(x, filters, shift, *, sides=2.0, seam=1.0, most=2.0):
    radius = sum(len(w) // 2 for w in filters)
    return sides * radius + seam * min(abs(shift), most * radius)


# Strides


def sampled(generator: Generator) -> Iterator[tuple[Tensor, int, int]]:
    """(x, stride, shift), with an odd number of outputs."""
    for outputs, stride in ((5, 2), (7, 2), (7, 3), (5, 4)):
        for shift in (1, stride - 1, stride, -3):
            yield normal(generator, outputs * stride), stride, shift


def interpolated(y: Tensor, distance: float) -> Tensor:
    """The wave sum through y (M,), M odd, read `distance` left of every place, by solving for its coefficients."""
    place, waves = torch.arange(len(y), dtype=torch.float64), torch.arange(len(y) // 2 + 1, dtype=torch.float64)

    def columns(at: Tensor) -> Tensor:
        angle = 2 * math.pi * torch.outer(at, waves) / len(y)
        return torch.cat([angle.cos(), angle.sin()[:, 1:]], 1)

    return columns(place - distance) @ torch.linalg.solve(columns(place), y)


def off_by(x: Tensor, stride: int, shift: int, move=interpolated) -> dict[str, Tensor]:
    """Spectrum of y(T x) − T y(x), y being every s-th value, and its squared size."""
    apart = torch.roll(x, shift)[::stride] - move(x[::stride], shift / stride)
    return {"spectrum": torch.fft.fft(apart), "size": apart.square().sum()}


@claim(
    "thm-conv-alias",
    source="own",
    check=equals(off_by, on=sampled, floor=1.0),
    also=(lambda x, stride, shift: off_by(x, stride, shift, shift_signal),),
    wrong={
        "without $1/s$": {"over": 0.0},
        "a shift by as many places to the other side": {"sign": 1.0},
        "the fast part counted once": {"twice": 1.0},
    },
)
def aliased(x, stride, shift, *, turn=2.0, sign=-1.0, one=1.0, over=Exponent(1.0), twice=2.0):
    """k from −(M − 1)/2 to (M − 1)/2: ê_k = (1/s) Σ_j (e^{−2πi j m/s} − 1) x̂_{k + jM} e^{−2πi k m/N}."""
    size, outputs = len(x), len(x) // stride
    wave = torch.fft.fft(x)
    spectrum = torch.zeros(outputs, dtype=torch.complex128)
    for k in range(-(outputs // 2), outputs // 2 + 1):
        for j in range(stride):
            turned = complex(
                math.cos(turn * math.pi * j * shift / stride), sign * math.sin(turn * math.pi * j * shift / stride)
            )
            angle = turn * math.pi * k * shift / size
            whole = complex(math.cos(angle), sign * math.sin(angle))
            spectrum[k] += whole * (turned - one) * wave[(k + j * outputs) % size] / stride**over
    k = torch.arange(size)
    fast = torch.fft.ifft(wave * (torch.minimum(k, size - k) > outputs / 2)).real
    if stride == 2:  # of other strides the sum of squares is that of the spectrum
        return {"spectrum": spectrum, "size": (shift % 2) * twice * fast.square().sum()}
    return {"spectrum": spectrum, "size": spectrum.abs().square().mean()}


# Means


def means(generator: Generator) -> Iterator[tuple[int, Tensor, int]]:
    """(N, frequencies, m), among them a mean over the whole ring, which lets no wave pass."""
    for size, count in ((12, 2), (15, 3), (64, 4), (9, 9)):
        yield size, torch.arange(1, size // 2 + 1, dtype=torch.float64), count


def passed(size: int, k: Tensor, count: int) -> dict[str, Tensor]:
    """By how much the mean over m neighbours, and (1, 2, 1)/4, multiply waves: roots of quotients of energies."""
    at = torch.arange(size, dtype=torch.float64)
    both = [part(2 * math.pi * k[:, None] * at / size) for part in (torch.cos, torch.sin)]

    def energy(w: Tensor | None) -> Tensor:
        return sum((one if w is None else correlate(one, w)).square().sum(-1) for one in both)

    filters = {
        "mean": torch.full((count,), 1 / count, dtype=torch.float64),
        "binomial": torch.tensor([0.25, 0.5, 0.25]).double(),
    }
    return {name: (energy(w) / energy(None)).sqrt() for name, w in filters.items()}


@claim(
    "prop-conv-mean",
    source="own",
    check=equals(passed, on=means, tolerance=1e-7, floor=1.0),
    wrong={
        "the sinc of the line, on a ring": lambda size, k, count: {
            "mean": torch.sinc(k * count / size).abs(), "binomial": torch.cos(torch.pi * k / size) ** 2,
        },
        "a cosine without the square": {"power": 1.0},
        "twice as wide": {"wide": 2.0},
    },
)  # fmt: skip
def kept(size, k, count, *, wide=1.0, one=1.0, half=1.0, power=Exponent(2.0)):
    angle = math.pi * k / size
    mean = (torch.sin(wide * count * angle) / (count * torch.sin(one * angle))).abs()
    return {"mean": mean, "binomial": torch.cos(half * angle).abs() ** power}


# What an output sees


def towers(generator: Generator) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """(kernels, strides)."""
    yield (3,), (1,)
    yield (3, 3, 3), (1, 1, 1)
    yield (3, 5), (2, 1)
    yield (2, 2, 2, 2), (2, 2, 2, 2)
    yield (4, 3, 2), (3, 1, 2)
    size = torch.randint(1, 5, (2, 3), generator=generator) + torch.tensor([[1], [0]])
    yield tuple(size[0].tolist()), tuple(size[1].tolist())


def sees(kernels: tuple[int, ...], strides: tuple[int, ...]) -> float:
    """From the first to the last input that the first output depends on, by autograd, the filters being positive."""
    x = torch.ones(400, dtype=torch.float64, requires_grad=True)
    y = x
    for size, stride in zip(kernels, strides, strict=True):
        y = y.unfold(-1, size, stride).sum(-1)
    (slope,) = torch.autograd.grad(y[0], x)
    return float(slope.nonzero().max() + 1)


@claim(
    "prop-conv-field",
    source="own",
    check=equals(sees, on=towers),
    also=(lambda kernels, strides: float(receptive_field(kernels, strides)),),
    wrong={
        "the sum of the filters": {"less": 0.0},
        "strides forgotten": lambda kernels, strides: 1.0 + sum(size - 1 for size in kernels),
    },
)
def field(kernels, strides, *, first=1.0, less=1.0):
    """1 + Σ_ℓ (K_ℓ − 1) Π_{j<ℓ} s_j."""
    return first + sum((size - less) * math.prod(strides[:layer]) for layer, size in enumerate(kernels))
