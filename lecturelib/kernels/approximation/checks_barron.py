"""Claims of the chapter `kernels/approximation`: waves as integrals over neurons, sampling, and fixed bases."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, has_mean, is_at_least, is_at_most
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform
from lecturelib.kernels.approximation.checks_problems import integer_vectors, slow_wave, spaces, waves
from lecturelib.kernels.approximation.waves import Waves, fixed_basis_error, maurey

# The integral over neurons


def length(vectors: Tensor, norm: float) -> Tensor:
    """(Σ_i |ω_i|^p)^(1/p), (K, d) → (K,), for the p of a formula that is changed, too."""
    norm = max(norm, 0.1)
    return (vectors.abs() ** norm).sum(1) ** (1 / norm)


def on_the_cube(generator: Generator) -> Iterator[tuple[Waves, Tensor]]:
    for dimension, number in ((1, 1), (2, 3), (5, 4)):
        f, points = waves(generator, dimension, number), uniform(generator, 12, dimension, low=-1.0, high=1.0)
        yield f, torch.cat([points, torch.sign(f.frequencies)])  # and the corners where |z| = 1


@claim(
    "thm-approx-integral",
    source="own; barron1993: section IV; klusowski2018: section 2",
    check=equals(
        lambda f, x: {"steps": f(x), "hinges": f(x), "largest": torch.ones_like(f.phases)},
        on=on_the_cube, tolerance=1e-9, floor=1.0,
    ),
    wrong={
        "the left half with the wrong sign": {"left": 1.0},
        r"$\lVert \omega \rVert_2$, so that $\lvert z \rvert$ passes 1": {"norm": 2.0},
        "without the tangent": {"tangent": 0.0},
    },
)  # fmt: skip
def integral(f, x, *, left=-1.0, norm=Exponent(1.0), tangent=1.0):
    """The integrals over b by Gauss's rule on [0, 1], cut where the neuron switches on; the largest |w_k·x|."""
    nodes, weights = gauss(60)
    size = length(f.frequencies, norm)
    z = x @ (f.frequencies / size[:, None]).T  # (N, K)

    def slope(order: int, at: Tensor) -> Tensor:
        return f.amplitudes * size**order * torch.cos(size * at + f.phases + order * math.pi / 2)

    steps, hinges = f(torch.zeros_like(x)), f(torch.zeros_like(x)) + tangent * (z * slope(1, 0 * z)).sum(-1)
    for side in (1.0, -1.0):
        reach = (side * z).clamp(0, 1)
        for node, weight in zip(nodes, weights, strict=True):
            b = reach * node
            steps = steps + (reach * weight * (1.0 if side > 0 else left) * slope(1, side * b)).sum(-1)
            hinges = hinges + (reach * weight * (side * z - b) * slope(2, side * b)).sum(-1)
    return {"steps": steps, "hinges": hinges, "largest": z[-len(f.phases) :].diagonal()}


def gauss(count: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights of Gauss's rule on [0, 1], from the eigenvalues of Legendre's recurrence."""
    k = torch.arange(1, count, dtype=torch.float64)
    side = k / (4 * k**2 - 1).sqrt()
    values, vectors = torch.linalg.eigh(torch.diag(side, 1) + torch.diag(side, -1))
    return (values + 1) / 2, vectors[0] ** 2


# Sampling


def mixtures(generator: Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    """(functions on points (J, n), their probabilities (J,), m)."""
    for count, points, width in ((4, 30, 3), (20, 50, 10), (200, 40, 25)):
        functions = normal(generator, count, points) + normal(generator, points)
        yield functions, torch.softmax(normal(generator, count), 0), width


def squared_errors(generator: Generator, functions: Tensor, chances: Tensor, width: int) -> Tensor:
    draws = 8000
    drawn = torch.multinomial(chances, draws * width, replacement=True, generator=generator)
    counts = torch.zeros(draws, len(chances), dtype=torch.float64)
    rows = torch.arange(draws).repeat_interleave(width)
    counts.index_put_((rows, drawn), torch.ones(len(drawn), dtype=torch.float64), accumulate=True)
    return ((counts / width - chances) @ functions).square().mean(-1)


@claim(
    "thm-approx-maurey",
    source="barron1993: lemma 1",
    check=has_mean(squared_errors, on=mixtures),
    wrong={
        r"$1/\sqrt m$ for the square": {"power": -0.5},
        r"without $\lVert f \rVert^2$": {"off": 0.0},
        r"$1/m^2$": {"power": -2.0},
    },
)
def sampled(functions, chances, width, *, power=Exponent(-1.0), off=1.0):
    f = chances @ functions
    return (chances @ functions.square().mean(1) - off * f.square().mean()) * width**power


def networks(generator: Generator) -> Iterator[tuple[Waves, int, float]]:
    """(f, m, root mean square error over points and 500 drawn networks)."""
    for f, width in (
        (slow_wave(generator, 5), 20),
        (slow_wave(generator, 1), 8),
        (waves(generator, 3, 4), 16),
        (waves(generator, 12, 2), 40),
    ):
        x = uniform(generator, 150, f.frequencies.shape[1], low=-1.0, high=1.0)
        drawn = maurey(f, width, generator, ensemble=(500,))
        yield f, width, float((drawn(x) - f(x)).square().mean().sqrt())


@claim(
    "cor-approx-barron",
    source="own; barron1993: theorem 1",
    check=is_at_most(lambda f, width, error: error, on=networks),
    wrong={
        r"the Euclidean norm of $\omega$": {"norm": 2.0},
        r"$1/m$": {"power": -1.0},
        r"$\frac12 C_f/\sqrt m$": {"factor": 0.5},
    },
)
def rate(f, width, error, *, factor=1.0, norm=Exponent(1.0), power=Exponent(-0.5)):
    size = length(f.frequencies, norm)
    return factor * float(f.amplitudes.abs() @ size) * width**power


# Fixed bases


@claim(
    "thm-approx-fixed",
    source="own; barron1993: theorem 6",
    check=is_at_least(lambda width, dimension, norm, error: error, on=spaces),
    also=(lambda width, dimension, norm, error: fixed_basis_error(width, dimension, norm=norm),),
    wrong={
        "functions of any size, not waves": {"half": 1.0},
        "fewer functions than there are": {"less": 0.9},
        r"$\omega = k$ in place of $\pi k$": {"turn": 0.0},
    },
)
def fixed(width, dimension, norm, error, *, half=0.5, turn=Exponent(-1.0), less=1.0, power=Exponent(2.0)):
    """The best of all n, where all vectors of the same length count together or one by one."""
    lengths = integer_vectors(dimension, 24 if dimension == 1 else 6).abs().sum(1)
    n = torch.arange(1, len(lengths) + 1, dtype=torch.float64)
    share = ((n - less * width) / (lengths**power).cumsum(0)).max()
    return norm * math.pi**turn * float(share * half) ** 0.5
