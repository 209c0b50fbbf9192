"""Claims of the chapter `equivariance/interpretability`: maps, masks, and what a fit by a dictionary can know."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import adds_up_to_zero, equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes
from lecturelib.equivariance.interpretability.equations import derivative_filter, sparse_fit
from lecturelib.equivariance.interpretability.maps import class_activation_map
from lecturelib.equivariance.interpretability.masks import even_part, masked

# Maps


def heads(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """(features, head, biases, a vector added to all rows of the head)."""
    for classes, channels, size in ((2, 1, 3), (4, 3, 2), (3, 5, 4)):
        shape = (channels, size, size + 1)
        yield tuple(normal(generator, *one) for one in (shape, (classes, channels), (classes,), (channels,)))


def as_networks_do(A: Tensor, w: Tensor, b: Tensor, a: Tensor) -> dict[str, Tensor]:
    """Scores by pooling first, and how probabilities and maps change when `a` is added to all rows, place by place."""
    score = lambda w: w @ A.flatten(1).mean(1) + b  # noqa: E731
    local = lambda w: torch.stack([(w[:, :, None, None] * A)[k].sum(0) for k in range(len(w))])  # noqa: E731
    return {
        "scores": score(w), "probabilities": torch.softmax(score(w + a), 0), "maps": local(w + a) - local(w),
    }  # fmt: skip


@claim(
    "prop-interp-map",
    source="own; zhou2016: section 2",
    check=equals(as_networks_do, on=heads),
    wrong={
        "the sum in place of the mean": lambda A, w, b, a: {
            **as_networks_do(A, w, b, a), "scores": class_activation_map(A, w).sum((1, 2)) + b,
        },
        "the bias in every place": {"bias": 0.0},
        "maps that probabilities fix": {"moved": 0.0},
    },
)  # fmt: skip
def activation(A, w, b, a, *, bias=1.0, factor=1.0, moved=1.0):
    maps = class_activation_map(A, w)
    score = factor * maps.mean((1, 2)) + bias * b
    shift = moved * class_activation_map(A, a[None]).expand(maps.shape)
    return {"scores": score, "probabilities": torch.softmax(score, 0), "maps": shift}


# Masks


def pictures(generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """(picture, mask that is not even)."""
    for shape in ((4, 4), (3, 5), (6, 4)):
        yield normal(generator, *shape), normal(generator, *shape)


def waves_by_hand(x: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Re F⁻¹(M ⊙ F x) by its sums, and the gradient of its square by autograd, split into even and odd part."""
    h, w = x.shape
    places = lambda n: torch.arange(n).to(torch.complex128)  # noqa: E731
    rows, columns = (torch.exp(-2j * math.pi / n * torch.outer(places(n), places(n))) for n in (h, w))
    wave = rows @ x.to(torch.complex128) @ columns
    mask = mask.clone().requires_grad_()
    found = (rows.conj() @ (mask * wave) @ columns.conj()).real / (h * w)
    (slope,) = torch.autograd.grad(found.square().sum(), mask)
    mirrored = torch.stack([slope[-i % h].roll(-1, 0).flip(0) for i in range(h)])
    return {"picture": found.detach(), "odd slope": (slope - mirrored) / 2}


@claim(
    "prop-interp-even",
    source="own",
    check=equals(waves_by_hand, on=pictures, floor=1e-3),
    also=(lambda x, mask: {"picture": masked(x, mask), "odd slope": torch.zeros_like(mask)},),
    wrong={
        "the whole mask": lambda x, mask: {
            "picture": torch.fft.ifft2(mask * torch.fft.fft2(x)).abs(), "odd slope": torch.zeros_like(mask),
        },
        "the odd part": {"sign": -1.0},
        "the sum of both": {"half": 1.0},
    },
)  # fmt: skip
def even_masks(x, mask, *, half=0.5, sign=1.0):
    """A convolution with the picture K whose waves are the even part of M."""
    h, w = x.shape
    opposite = mask[[-i % h for i in range(h)]][:, [-j % w for j in range(w)]]
    kernel = torch.fft.ifft2(half * (mask + sign * opposite)).real
    found = torch.zeros_like(x)
    for i in range(h):
        for j in range(w):
            found += x[i, j] * kernel.roll((i, j), (0, 1))
    return {"picture": found, "odd slope": torch.zeros_like(mask)}


def linear_scores(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    for shape in ((4, 4), (3, 5)):
        yield normal(generator, *shape), even_part(normal(generator, *shape)), normal(generator, *shape)


@claim(
    "prop-interp-shares",
    source="own",
    check=equals(lambda x, mask, w: (w * masked(x, mask)).sum(), on=linear_scores),
    wrong={"without the number of pixels": {"power": 0.0}, "products of amplitudes": lambda x, mask, w: (
        mask * torch.fft.fft2(w).abs() * torch.fft.fft2(x).abs()).sum() / x.numel()},
)  # fmt: skip
def shares(x, mask, w, *, factor=1.0, power=Exponent(1.0)):
    """Σ_k M_k Re(conj(ŵ_k) x̂_k) / pixels."""
    products = torch.fft.fft2(w).conj() * torch.fft.fft2(x)
    return factor * (mask * products.real).sum() / x.numel() ** power


# Derivatives by filters


def grids(generator: Generator) -> Iterator[tuple[float, float, int]]:
    """(frequency, distance of places, width of the polynomial)."""
    for width in (1, 4, 10):
        yield float(sizes(generator)), float(sizes(generator)) / 2, width


def of_filters(k: float, h: float, width: int) -> dict[str, complex | float]:
    """What filters make of e^{ikx} at 0, over the wave; and the sum of squares, which is the variance from noise."""
    found = {}
    for order in (1, 2, 3):
        w = derivative_filter(order, h)
        at = (torch.arange(len(w)) - len(w) // 2).double() * h
        found[f"wave {order}"] = complex((w * torch.exp(1j * k * at)).sum())
        found[f"noise {order}"] = float(w.square().sum())
    line = torch.arange(-width, width + 1).double() * h
    slope = torch.linalg.lstsq(torch.stack([torch.ones_like(line), line], 1), torch.eye(len(line)).double()).solution[1]
    return {**found, "noise of a fit": float(slope.square().sum())}


@claim(
    "prop-interp-filter",
    source="own",
    check=equals(of_filters, on=grids),
    also=(lambda k, h, w: {**of_filters(k, h, w), "noise of a fit": float(
        derivative_filter(1, h, width=w, degree=1).square().sum())},),
    wrong={
        "the derivatives of the wave": lambda k, h, width: {
            **of_filters(k, h, width), "wave 1": 1j * k, "wave 2": -(k**2) + 0j, "wave 3": -1j * k**3,
        },
        "noise that only grows as 1/h": {"power": 1.0},
    },
)  # fmt: skip
def by_filter(k, h, width, *, two=2.0, first=0.5, second=6.0, third=2.5, fitted=3.0, power=Exponent(2.0)):
    s, c = math.sin(k * h), two * (1 - math.cos(k * h))
    return {
        "wave 1": 1j * s / h, "wave 2": -c / h**2 + 0j, "wave 3": -1j * s * c / h**3,
        "noise 1": first / h**power, "noise 2": second / h ** (2 * power), "noise 3": third / h ** (3 * power),
        "noise of a fit": fitted / (width * (width + 1) * (2 * width + 1) * h**power),
    }  # fmt: skip


# Fits


def systems(generator: Generator) -> Iterator[tuple[Tensor, Tensor, list[int]]]:
    """(Θ, y, the columns that are kept)."""
    for points, kept in ((12, [0, 2]), (30, [1, 3, 4]), (50, [2])):
        theta = normal(generator, points, 5) @ (torch.eye(5) + 0.3 * normal(generator, 5, 5))
        yield theta, normal(generator, points) + theta[:, kept].sum(1), kept


def by_points(theta: Tensor, y: Tensor, kept: list[int]) -> dict[str, Tensor]:
    """Least squares on all points: coefficients, and what is left."""
    w = torch.linalg.lstsq(theta[:, kept], y[:, None]).solution[:, 0]
    return {"w": w, "left": (y - theta[:, kept] @ w).square().sum()}


def in_library(theta: Tensor, y: Tensor, kept: list[int]) -> dict[str, Tensor]:
    inside = theta[:, kept]
    w = sparse_fit(inside.T @ inside, inside.T @ y, float(y.square().sum()), 1e-12)
    return {"w": w, "left": (y - inside @ w).square().sum()}


@claim(
    "thm-interp-gram",
    source="own",
    check=equals(by_points, on=systems),
    also=(in_library,),
    wrong={
        "coefficients of all columns, cut": lambda theta, y, kept: {
            "w": torch.linalg.solve(theta.T @ theta, theta.T @ y)[kept],
            "left": by_points(theta, y, kept)["left"],
        },
        "twice what is explained": {"less": 2.0},
    },
)  # fmt: skip
def gram(theta, y, kept, *, factor=1.0, less=1.0):
    G, b = theta.T @ theta, theta.T @ y
    w = factor * torch.linalg.solve(G[kept][:, kept], b[kept])
    return {"w": w, "left": y.square().sum() - less * b[kept] @ w}


def noisy_columns(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(columns, noise that is orthogonal to them and whose columns are to each other, coefficients)."""
    for terms in (1, 2, 3):
        basis = torch.linalg.qr(normal(generator, 30, 2 * terms)).Q
        theta = basis[:, :terms] @ (torch.eye(terms) + 0.4 * normal(generator, terms, terms))
        yield theta, basis[:, terms:] * sizes(generator, terms), normal(generator, terms)


def fitted(theta: Tensor, noise: Tensor, w: Tensor) -> Tensor:
    """Least squares with noise in the columns, that y does not share."""
    return torch.linalg.lstsq(theta + noise, (theta @ w)[:, None]).solution[:, 0]


@claim(
    "prop-interp-shrink",
    source="own",
    check=equals(fitted, on=noisy_columns),
    wrong={
        "noise averages out": {"factor": 0.0},
        "the deviation in place of the variance": {"power": 1.0},
        "subtracted": {"factor": -1.0},
    },
)
def shrunk(theta, noise, w, *, factor=1.0, power=Exponent(2.0), scale=1.0):
    covariance, count = theta.T @ theta / len(theta), len(theta)
    spread = (noise.square().sum(0) / count) ** (power / 2)
    return scale * torch.linalg.solve(covariance + factor * torch.diag(spread), covariance @ w)


# A wave that travels


def solitons(generator: Generator) -> Iterator[tuple[float, float, float]]:
    """(speed, x, t)."""
    for _ in range(5):
        yield tuple(float(one) for one in sizes(generator, 3))


def derivatives(f, x: float, t: float) -> tuple[Tensor, ...]:
    """u, u_t, u_x, u_xxx by autograd."""
    x, t = (torch.tensor(one, dtype=torch.float64, requires_grad=True) for one in (x, t))
    slope = lambda y, at: torch.autograd.grad(y, at, create_graph=True)[0]  # noqa: E731
    u = f(x, t)
    first = slope(u, x)
    return u, slope(u, t), first, slope(slope(first, x), x)


@claim(
    "prop-interp-soliton",
    source="own; rudy2017: on data of one travelling wave",
    check=adds_up_to_zero(on=solitons, tolerance=1e-9),
    wrong={"as fast as it is high": {"height": 1.0}, "twice as narrow": {"narrow": 1.0}},
)
def soliton(c, x, t, *, height=0.5, narrow=0.5, six=6.0, root=Exponent(0.5)):
    def wave(x, t):
        return height * c / torch.cosh(narrow * c**root * (x - c * t)) ** 2

    u, ut, ux, uxxx = derivatives(wave, x, t)
    return ut, six * u * ux, uxxx
