"""Claims of the page behind the chapter `splines/dimensions`: random planes, balance, sigmoids."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, has_mean
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform
from lecturelib.splines.dimensions.checks_problems import integral

# Random planes


def starts(generator: Generator) -> Iterator[tuple[int, float, float, float, float, float]]:
    """(D, σ_w, σ_b, σ_v, low, high): windows of offsets."""
    for inputs, low, high in ((1, -0.5, 0.7), (2, 0.3, 1.2), (5, -0.4, 0.2)):
        w, b, v = (float(one) for one in uniform(generator, 3, low=0.7, high=1.4))
        yield inputs, w, b, v, low * b / w, high * b / w


def squared_jumps(inputs: int, w: float, b: float, v: float, low: float, high: float) -> Tensor:
    """E κ² [low < γ < high] for one neuron: over the length r of w/σ_w by quadrature, over b by its distribution."""

    def values(r: Tensor) -> Tensor:
        law = torch.exp((inputs - 1) * r.log() - r**2 / 2) / (2 ** (inputs / 2 - 1) * math.gamma(inputs / 2))
        within = torch.special.ndtr(high * w * r / b) - torch.special.ndtr(low * w * r / b)
        return law * v**2 * (w * r) ** 2 * within

    return integral(values, 0.0, 12.0, 100)


@claim(
    "thm-dim-noise",
    source="own",
    check=equals(squared_jumps, on=starts, tolerance=1e-8),
    wrong={
        "the power of one dimension less": {"more": 2.0},
        "jumps and offsets independent": {"top": 1.0},
        "twice as large": {"factor": 2.0},
    },
)
def noise(inputs, w, b, v, low, high, *, factor=1.0, more=3.0, top=3.0, two=2.0):
    """∫ σ_v² σ_w³/(√(2π) σ_b) 2^{3/2} Γ((D+3)/2)/Γ(D/2) (1 + σ_w² γ²/σ_b²)^{−(D+3)/2} dγ."""
    size = factor * v**2 * w**3 / (math.sqrt(two * math.pi) * b) * 2**1.5
    size = size * math.gamma((inputs + top) / 2) / math.gamma(inputs / 2)
    return size * integral(lambda gamma: (1 + (w * gamma / b) ** 2) ** (-(inputs + more) / 2), low, high)


# Balance


def crowds(generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """(directions, jumps)."""
    for inputs in (2, 3, 6):
        xi = normal(generator, 12, inputs)
        yield xi / xi.norm(dim=1, keepdim=True), 1.0 + 0.5 * normal(generator, 12)


def growth(generator: Generator, xi: Tensor, jumps: Tensor) -> Tensor:
    """f(r u)/r for large r in random directions u; what offsets and b₀ add vanishes."""
    u = normal(generator, 100_000, xi.shape[1])
    return torch.relu((u / u.norm(dim=1, keepdim=True)) @ xi.T) @ jumps


@claim(
    "prop-dim-balance",
    source="own",
    check=has_mean(growth, on=crowds),
    wrong={
        "half of the sum": lambda xi, jumps: 0.5 * jumps.sum(),
        "the sign turned": lambda xi, jumps: -0.3 * jumps.sum(),
        "the mean over the line": {"two": 1.0},
    },
)
def balance(xi, jumps, *, two=2.0, one=1.0, power=Exponent(1.0)):
    inputs = xi.shape[1]
    share = math.gamma(inputs / 2) / (two * math.sqrt(math.pi) * math.gamma((inputs + one) / 2))
    return share * jumps.sum() ** power


# The sigmoid


def analytic(generator: Generator) -> Iterator[tuple[float, float, Tensor]]:
    """(width, centre, x)."""
    for width in (1.8, 2.5):
        yield width, float(normal(generator, 1)), 2 * normal(generator, 3)


@claim(
    "prop-dim-sigmoid",
    source="own",
    check=equals(
        lambda width, centre, x: torch.exp(-((x - centre) ** 2) / (2 * width**2)), on=analytic, tolerance=2e-7
    ),
    wrong={
        "half as far": {"reach": 0.5},
        "the other way round": {"sign": -1.0},
        "an average": {"sign": 0.5},
    },
)
def sigmoid(width, centre, x, *, reach=1.0, two=2.0, sign=1.0):
    """∫ σ(x − γ) (f(γ + iπ) − f(γ − iπ))/(2πi) dγ for a bell f."""

    def values(gamma: Tensor) -> Tensor:
        bell = lambda z: torch.exp(-((z - centre) ** 2) / (2 * width**2))  # noqa: E731
        up, down = (bell(gamma + one * reach * 1j * math.pi) for one in (1, -1))
        a = sign * ((up - down) / (two * math.pi * 1j)).real
        return torch.sigmoid(x[:, None] - gamma) * a

    pieces = [integral(values, centre + low * width, centre + (low + 2) * width, 100) for low in range(-12, 12, 2)]
    return torch.stack(pieces).sum(0)
