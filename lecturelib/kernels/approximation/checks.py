"""Claims of the chapter `kernels/approximation`: hinges on a line, and which activations approximate everything."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, is_at_least, is_at_most, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform
from lecturelib.kernels.approximation.checks_problems import Convex, convex
from lecturelib.kernels.approximation.hinges import hinge_approximation

# A chord


def highest(slope: float, tilt: float) -> Callable[[Tensor], Tensor]:
    """From 0 at 0 up with the slope L, then down to `tilt` at 1."""
    return lambda x: torch.minimum(slope * x, tilt + slope * (1 - x))


def pieces(generator: Generator) -> Iterator[tuple[Callable[[Tensor], Tensor], float, float, float | None, float]]:
    """(f, a, b, L or None, K): extreme and ordinary functions of either kind."""
    a = float(normal(generator, 1))
    for share, h in ((0.0, 0.3), (0.4, 1.7), (-0.8, 2.5), (0.6, 0.7)):
        slope, amplitude = float(sizes(generator, 1)), float(sizes(generator, 1))
        tent = highest(slope * h, share * slope * h)
        end = a + h
        yield lambda x, tent=tent, h=h: tent((x - a) / h), a, end, slope, 0.0
        yield lambda x, s=slope: torch.sin(s * x), a, end, slope, 0.0
        yield lambda x, s=slope, c=share: s * x**2 + c * x, a, end, None, 2 * slope
        yield lambda x, s=slope, A=amplitude: -A * torch.cos(s * x), a, end, None, amplitude * slope**2


def chord_error(f: Callable[[Tensor], Tensor], a: float, b: float, slope: float | None, curvature: float) -> float:
    t = torch.linspace(0, 1, 2001, dtype=torch.float64)
    values = f(a + (b - a) * t)
    return float((values - values[0] - (values[-1] - values[0]) * t).abs().max())


def by_network(f: Callable[[Tensor], Tensor], a: float, b: float, slope: float | None, curvature: float) -> float:
    """What the library guarantees with one hinge."""
    known = {"curvature": curvature} if slope is None else {"lipschitz": slope}
    return hinge_approximation(f, (a, b), 1e9, **known).error


@claim(
    "prop-approx-chord",
    source="own; deboor2001: chapter 3",
    check=is_at_most(chord_error, on=pieces),
    also=(by_network,),
    wrong={
        r"$\frac14 L h$": {"half": 0.25},
        "the slope of the chord taken off once": {"squared": 1.0},
        r"$\frac1{12} K h^2$": {"eighth": 1 / 12},
        r"$\frac18 K h$": {"power": 1.0},
    },
)
def chord(f, a, b, slope, curvature, *, half=0.5, squared=Exponent(2.0), eighth=0.125, power=Exponent(2.0)):
    h = b - a
    if slope is None:
        return eighth * curvature * h**power
    across = f(torch.tensor([a, b], dtype=torch.float64))
    return half * slope * h * (1 - abs(float(across[1] - across[0]) / (h * slope)) ** squared)


# How many pieces


def cut(generator: Generator) -> Iterator[tuple[float, float, float, int, float]]:
    """(κ, l, r, m, the least error of m pieces)."""
    for f, low, high in convex(generator):
        least = float(f.second(torch.linspace(low, high, 1001, dtype=torch.float64)).min())
        for count in (1, 3, 4):
            yield least, low, high, count, f.best_error(low, high, count)


@claim(
    "prop-approx-needed",
    source="own",
    check=is_at_least(lambda least, low, high, count, error: error, on=cut, tolerance=1e-7),
    wrong={
        "that of chords": {"factor": 1 / 8},
        r"$1/m$": {"pieces": -1.0},
        r"half of the length": {"factor": 0.25, "length": 1.0},
    },
)
def needed(least, low, high, count, error, *, factor=1 / 16, length=Exponent(2.0), pieces=Exponent(-2.0)):
    return factor * least * (high - low) ** length * count**pieces


@claim(
    "thm-approx-count",
    source="own; deboor2001: chapter 3",
    check=tends_to(
        lambda generator, count, f, low, high: count * math.sqrt(f.best_error(low, high, int(count))),
        (6, 12), on=convex, order=2.0, tolerance=0.005,
    ),
    wrong={
        r"chords, $\sqrt2$ times as many": {"factor": 0.25 * math.sqrt(2)},
        r"$\frac14 \int f''$": {"power": 1.0},
        r"$\frac12$": {"factor": 0.5},
    },
)  # fmt: skip
def count(f: Convex, low, high, *, factor=0.25, power=Exponent(0.5)):
    x = low + (high - low) * (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    return factor * float((f.second(x) ** power).mean()) * (high - low)


# Which activations

DERIVATIVES = {
    "sine": lambda z, k: torch.sin(z + k * math.pi / 2),
    "exponential": lambda z, k: 0.5**k * torch.exp(0.5 * z),
    "square": lambda z, k: (z**2, 2 * z, torch.full_like(z, 2.0))[k] if k < 3 else torch.zeros_like(z),
    "cubic": lambda z, k: (z**3 - z, 3 * z**2 - 1, 6 * z, torch.full_like(z, 6.0))[k],
}
DEGREES = {"sine": None, "exponential": None, "square": 2, "cubic": 3}


def activations(generator: Generator) -> Iterator[tuple[str, Tensor, Tensor, tuple[int, ...], Tensor]]:
    """(σ, points, neurons (2, H, …), multi-index, (b, x))."""
    for name in DERIVATIVES:
        for dimension, index in ((1, (3,)), (2, (2, 1)), (3, (0, 1, 1))):
            points = uniform(generator, 7, dimension, low=-1.0, high=1.0)
            neurons = 4 * normal(generator, 60, dimension + 1)
            yield name, points, neurons, index, normal(generator, dimension + 1)


def by_autograd(name: str, points: Tensor, neurons: Tensor, index: tuple[int, ...], at: Tensor) -> dict:
    """The rank of 60 neurons on the points, and ∂^α σ(w·x + b) / ∂w^α at w = 0."""
    sigma = lambda z: DERIVATIVES[name](z, 0)  # noqa: E731
    outputs = sigma(points @ neurons[:, :-1].T + neurons[:, -1])
    w = torch.zeros(len(index), dtype=torch.float64, requires_grad=True)
    found = sigma(w @ at[1:] + at[0])
    for place, times in enumerate(index):
        for _ in range(times):
            (slopes,) = torch.autograd.grad(found, w, create_graph=True, allow_unused=True)
            found = slopes[place]
    values = torch.linalg.svdvals(outputs)
    return {"rank": float((values > 1e-10 * values[0]).sum()), "derivative": found.detach()}


@claim(
    "thm-approx-universal",
    source="leshno1993: theorem 1; pinkus1999: theorem 3.1",
    check=equals(by_autograd, on=activations, floor=1e-3),
    wrong={
        "a polynomial of degree $k$ for powers below $k$": {"below": 1},
        "one power for each degree, whatever $d$ is": {"across": 0.0},
        "a polynomial suffices": lambda name, points, neurons, index, at: {
            "rank": float(len(points)),
            "derivative": universal.formula(name, points, neurons, index, at)["derivative"],
        },
    },
)
def universal(name, points, neurons, index, at, *, below=0, across=1.0):
    """min(P, (d + k choose k)) for degree k; x^α σ^(|α|)(b)."""
    order, degree, dimension = sum(index), DEGREES[name], points.shape[1]
    rank = float(len(points))
    if degree is not None:
        k = degree - below
        rank = min(rank, math.prod((across * (dimension - 1) + 1 + i) / i for i in range(1, k + 1)))
    powers = math.prod(float(x) ** times for x, times in zip(at[1:], index, strict=True))
    return {"rank": rank, "derivative": powers * DERIVATIVES[name](at[0], order)}
