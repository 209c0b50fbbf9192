"""Claims of the page behind `bias/maximum_margin`: descent, penalties, spheres, overlap, convolutions, bias."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from scipy.optimize import linprog
from torch import Generator, Tensor

from lecturelib.bias.maximum_margin.checks_problems import built, enumerated, within_one
from lecturelib.bias.maximum_margin.descent import margin_descent, regularization_path
from lecturelib.bias.maximum_margin.flow import margin_flow
from lecturelib.bias.maximum_margin.margins import hard_margin, smooth_margin
from lecturelib.core.checking import equals, is_at_most, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, uniform


def ones(z: Tensor) -> Tensor:
    return torch.ones(len(z), dtype=torch.float64)


def deficit(z: Tensor, gamma: float, w: Tensor) -> Tensor:
    """γ − γ̃(w)."""
    return (gamma - smooth_margin(w, z, ones(z))).clamp(min=0)


# Descent


def after_steps(generator: Generator) -> Iterator[tuple[Tensor, float, Tensor]]:
    """(z, γ, w_k): data of all kinds, 1 to 10⁵ steps of size 1/n or less; and one unit vector a hundred times."""
    axis = normal(generator, 2)
    for z, gamma in (*within_one(generator), ((axis / axis.norm()).repeat(100, 1), 1.0)):
        for steps in (1, 30, 100_000):
            eta = float(uniform(generator, 1, low=0.2, high=1.0)) / len(z)
            yield z, gamma, margin_descent(z, ones(z), [steps], learning_rate=eta)[0]


@claim(
    "prop-margin-descent",
    source="telgarsky2021: chapter 10; own",
    check=is_at_most(deficit, on=after_steps, tolerance=1e-6),
    wrong={
        r"1 for $\ln(\mathrm{e} n)$": lambda z, _, w: 1 / w.norm(),
        r"$\ln n$ subtracted, not added": lambda z, _, w: (1 - math.log(len(z))) / w.norm(),
    },
)
def descent(z, _, w, *, factor=1.0, power=Exponent(-1)):
    return factor * math.log(math.e * len(z)) * w.norm() ** power


# Penalties and spheres


def penalized(generator: Generator) -> Iterator[tuple[Tensor, float, Tensor]]:
    """(z, γ, w_λ) for data of all kinds, λ from 1 to 10⁻¹⁰⁰."""
    for z, gamma in within_one(generator):
        for w in regularization_path(z, ones(z), [1.0, 1e-3, 1e-100]):
            yield z, gamma, w


@claim(
    "prop-margin-path",
    source="rosset2004: theorem 2.1; own",
    check=is_at_most(deficit, on=penalized, tolerance=1e-6),
    wrong={
        r"$1/\lVert w_\lambda\rVert$": lambda z, _, w: 1 / w.norm(),
        r"$\ln n / \lVert w_\lambda \rVert^2$": {"power": -2.0},
    },
)
def path(z, _, w, *, factor=1.0, power=Exponent(-1)):
    return factor * math.log(len(z)) * w.norm() ** power


def frame(w: Tensor) -> Tensor:
    """Orthonormal vectors at right angles to w: shape (d − 1, d)."""
    full, _ = torch.linalg.qr(torch.cat([w[:, None], torch.eye(len(w), dtype=w.dtype)], 1))
    return full[:, 1:].T


def on_the_sphere(z: Tensor, w: Tensor) -> Tensor:
    """The Hessian of L in tangent coordinates of the sphere through w, by differentiating twice: (d − 1, d − 1)."""
    tangent = frame(w)

    def loss(v: Tensor) -> Tensor:
        place = w + v @ tangent  # back to the sphere, which bends as great circles do to second order
        return torch.exp(-z @ (w.norm() * place / place.norm())).sum()

    origin = torch.zeros(len(tangent), dtype=w.dtype)
    return w.norm() ** 2 * torch.autograd.functional.hessian(loss, origin)


def at_rest(generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """(z, w): stationary points of L at fixed norm, which are the minima with a penalty."""
    for shape in ((3, 2, 2), (6, 3, 2), (4, 5, 3)):
        z = built(generator, *shape)[0] / 2
        for w in regularization_path(z, ones(z), [0.5, 0.02]):
            yield z, w


@claim(
    "prop-margin-sphere",
    source="poggio: normalization; own",
    check=equals(on_the_sphere, on=at_rest),
    wrong={
        r"without the term of the sphere's own bend": {"bend": 0.0},
        r"that term with a minus sign": {"bend": -1.0},
        r"$\rho$ for $\rho^2$": {"power": 1.0},
    },
)
def sphere(z, w, *, spread=1.0, bend=1.0, power=Exponent(2), size=Exponent(1)):
    force, tangent = torch.exp(-z @ w), frame(w)
    inside = z @ tangent.T
    pull = (force @ z).norm()
    eye = torch.eye(len(tangent), dtype=w.dtype)
    return spread * w.norm() ** power * inside.T @ (force[:, None] * inside) + bend * w.norm() ** size * pull * eye


# Data that overlap


def grids(generator: Generator) -> Iterator[tuple[Tensor]]:
    """Points with whole coordinates and random labels, in which all three cases come: strict, weak, none."""
    for n in (2, 3, 4, 5, 6, 8):
        for _ in range(4):
            yield (signs(generator, n, 1) * torch.randint(-2, 3, (n, 2), generator=generator).double(),)


def stays(z: Tensor) -> dict[str, Tensor]:
    """Does the flow of the logistic loss stop growing between t = 10¹⁰⁰ and 10³⁰⁰?"""
    early, late = margin_flow(z, ones(z), [1e100, 1e300], loss="logistic")
    return {"finite": (late - early).norm() < 1e-3}


@claim(
    "prop-margin-overlap",
    source="albert1984: section 3; own",
    check=equals(stays, on=grids),
    wrong={
        r"$p_i \ge 0$, not all 0": lambda z: positive(z, least=0.0),
        "no weights get all labels right": lambda z: {"finite": ~some_right(z)},
    },
)
def overlap(z):
    return positive(z, least=1.0)


def some_right(z: Tensor) -> Tensor:
    """Do some weights get all labels right?"""
    found = linprog(np.zeros(2), A_ub=-z.numpy(), b_ub=-np.ones(len(z)), bounds=(None, None))
    return torch.tensor(found.status == 0)


def positive(z: Tensor, least: float) -> dict[str, Tensor]:
    """Are there p_i of at least so much, with Σ p_i ≥ n, and Σ p_i z_i = 0?"""
    n = len(z)
    found = linprog(
        np.zeros(n), A_ub=-np.ones((1, n)), b_ub=[-n], A_eq=z.T.numpy(), b_eq=np.zeros(2), bounds=(least, None)
    )
    return {"finite": torch.tensor(found.status == 0)}


# Linear convolutional networks


def filters(generator: Generator) -> Iterator[tuple[list[Tensor], Tensor]]:
    """(filters, gradient with respect to β): one to four real filters with the same amplitudes, and other phases."""
    for depth, size in ((1, 5), (2, 6), (3, 5), (4, 8)):
        first = torch.fft.fft(normal(generator, size), norm="ortho")
        layers = []
        for _ in range(depth):
            other = torch.fft.fft(normal(generator, size), norm="ortho")
            layers.append(torch.fft.ifft(first.abs() * torch.sgn(other), norm="ortho").real)
        yield layers, normal(generator, size)


def convolved(layers: list[Tensor]) -> Tensor:
    """One circular filter after the other, each divided by √D, written as sums over positions."""
    whole = layers[0]
    for one in layers[1:]:
        shifted = torch.stack([torch.roll(one, int(k)) for k in range(len(one))])
        whole = whole @ shifted / math.sqrt(len(one))
    return whole


def speeds(layers: list[Tensor], pull: Tensor) -> Tensor:
    """The transform of dβ/dt while each filter moves along its gradient, by autograd: (D, 2), real and imaginary."""
    places = [one.clone().requires_grad_() for one in layers]
    moves = torch.autograd.grad(convolved(places) @ pull, places)
    _, speed = torch.autograd.functional.jvp(lambda *them: convolved(list(them)), tuple(layers), tuple(moves))
    return torch.view_as_real(torch.fft.fft(speed, norm="ortho"))


@claim(
    "prop-margin-convolution",
    source="gunasekar2018: section 3; own",
    check=equals(speeds, on=filters),
    wrong={
        "as if there were one layer": lambda layers, pull: frequencies(pull, ones(pull)),
        r"$\lvert\hat\beta\rvert^{1 - 2/p}$": {"one": 1.0},
        r"without the factor $p$": lambda layers, pull: frequencies(pull, size(layers) ** (2 - 2 / len(layers))),
    },
)
def convolution(layers, pull, *, factor=1.0, one=2.0, less=2.0):
    p = len(layers)
    return factor * p * frequencies(pull, size(layers) ** (one - less / p))


def size(layers: list[Tensor]) -> Tensor:
    """|β̂_k|."""
    return torch.fft.fft(convolved(layers), norm="ortho").abs()


def frequencies(pull: Tensor, weights: Tensor) -> Tensor:
    """weights_k ĝ_k, as real and imaginary parts."""
    return torch.view_as_real(weights * torch.fft.fft(pull, norm="ortho"))


# A bias, inside or outside


def with_constant(_: Generator | None, c: float, x: Tensor, y: Tensor) -> Tensor:
    """The margin of the plane's own weights where every x has one more coordinate c."""
    longer = torch.cat([x, c * torch.ones(len(x), 1, dtype=x.dtype)], 1)
    return 1 / hard_margin(longer, y).weights[:-1].norm()


def two_classes(generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for n, d in ((4, 2), (9, 2), (7, 3)):
        y = torch.cat([torch.tensor([1.0, -1.0], dtype=torch.float64), signs(generator, n - 2)])
        x = normal(generator, n, d)
        x[:, 0] = y * (0.3 + x[:, 0].abs()) + 0.7
        yield x, y


@claim(
    "prop-margin-bias",
    source="own",
    check=tends_to(with_constant, sizes=(50.0, 100.0), on=two_classes, order=2, tolerance=1e-3),
    wrong={
        "the whole distance between the classes": {"factor": 1.0},
        r"$c = 1$": lambda x, y: with_constant(None, 1.0, x, y),
    },
)
def bias(x, y, *, factor=0.5):
    pairs = (x[y > 0][:, None] - x[y < 0]).reshape(-1, x.shape[1])
    return factor / float(np.linalg.norm(enumerated(pairs)))
