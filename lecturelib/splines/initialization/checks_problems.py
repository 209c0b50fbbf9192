"""Random weights on which statements are checked, and what follows for them by integrals and by sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.problems import signs, sizes, uniform
from lecturelib.splines.breakpoints.network import Network

Scales = tuple[float, float, float]


class Kind(NamedTuple):
    """Symmetric numbers of scale 1: density, distribution function, E |z|, E z², and where nothing is left."""

    density: Callable[[Tensor], Tensor]
    below: Callable[[Tensor], Tensor]
    size: float
    square: float
    end: float


GAUSSIAN = Kind(
    lambda z: torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi), torch.special.ndtr, math.sqrt(2 / math.pi), 1.0, 9.0
)
UNIFORM = Kind(lambda z: (z.abs() <= 1) / 2.0, lambda z: (1 + z.clamp(-1, 1)) / 2, 0.5, 1 / 3, 1.0)


def starts(width: int) -> dict[str, tuple[Kind, float, float, float]]:
    """Scheme → the kind of its weights and the scales of w, b, v, as He, Glorot and PyTorch have them for one input."""
    glorot = math.sqrt(2 / (1 + width))
    return {
        "he": (GAUSSIAN, math.sqrt(2), math.sqrt(2), math.sqrt(2 / width)),
        "glorot": (GAUSSIAN, glorot, glorot, glorot),
        "pytorch": (UNIFORM, 1.0, 1.0, 1 / math.sqrt(width)),
    }


# By integrals: what is known at given w, averaged over w


def below(kind: Kind, scales: Scales, beta: Tensor | None = None, mu: Tensor | None = None, power: int = 0) -> Tensor:
    """E |w|^power [−b/w ≤ β] [w v ≤ μ], (N,), for weights of these scales; what is None restricts nothing.

    At given w it is a product of distribution functions. Gauss's rule with 16 nodes between powers of two and kinks.
    """
    w, b, v = scales
    end = w * kind.end
    kinks = [b / beta.detach().abs()] if beta is not None else []
    kinks += [mu.detach().abs() / v] if mu is not None else []
    halves = [end * 0.5 ** torch.arange(60, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)]
    edges = [kink[:, None].clamp(max=end) for kink in kinks] + [one.expand(len(kinks[0]), -1) for one in halves]
    edges = torch.cat(edges, -1).sort(-1).values
    nodes, shares = map(torch.from_numpy, np.polynomial.legendre.leggauss(16))
    half = edges.diff(dim=-1)[..., None] / 2
    size = (edges[..., :-1, None] + half * (1 + nodes)).flatten(-2)
    total = torch.zeros((), dtype=torch.float64)
    for one in (size, -size):
        part = (half * shares).flatten(-2) * kind.density(one / w) / w * size**power
        if beta is not None:
            share = kind.below(-one * beta[:, None] / b)
            part = part * torch.where(one > 0, 1 - share, share)
        if mu is not None:
            share = kind.below(mu[:, None] / (one * v))
            part = part * torch.where(one > 0, share, 1 - share)
        total = total + part.sum(-1)
    return total


def density(kind: Kind, scales: Scales, beta: Tensor | None = None, mu: Tensor | None = None, power: int = 0) -> Tensor:
    """The derivative of `below` by β, by μ, or by both: a density, (N,)."""
    beta, mu = (None if one is None else one.clone().requires_grad_() for one in (beta, mu))
    found = below(kind, scales, beta, mu, power)
    for one in (beta, mu):
        if one is not None:
            (found,) = torch.autograd.grad(found.sum(), one, create_graph=True)
    return found.detach()


def neurons(generator: Generator) -> tuple[Scales, Tensor, Tensor]:
    """Scales of w, b, v, and places β and μ, (14,): the origin, both signs, kinks of uniform densities, and far out."""
    w, b, v = sizes(generator, 3).tolist()
    beta, mu = (signs(generator, 14) * sizes(generator, 14) for _ in range(2))
    beta[:4] = torch.tensor([0.0, b / w, -b / w, 40.0 * b / w])
    mu[:2] = torch.tensor([0.3, -0.9]) * w * v
    beta[4:], mu[2:] = beta[4:] * b / w, mu[2:] * (0.4 * w * v / (1 + (w / b * beta[2:]).abs()))
    mu[-1] = 1.5 * w * v  # more than uniform weights can have
    return (w, b, v), beta, mu


# By sums: networks whose weights have few values


class Few(NamedTuple):
    """Numbers with few values, and their probabilities: (K,) each."""

    values: Tensor
    chances: Tensor

    def moment(self, power: int) -> float:
        return float(self.chances @ self.values**power)


def few(generator: Generator, size: int = 3) -> Few:
    """Any values with any probabilities."""
    chances = uniform(generator, size, low=0.2)
    return Few(2 * torch.randn(size, generator=generator, dtype=torch.float64), chances / chances.sum())


def symmetric(generator: Generator) -> Few:
    """Values ±a, ±c and 0, any probabilities."""
    values, (inner, outer) = sizes(generator, 2), uniform(generator, 2, low=0.05, high=0.2).tolist()
    chances = torch.tensor([outer, inner, 1 - 2 * inner - 2 * outer, inner, outer], dtype=torch.float64)
    return Few(torch.cat([-values, torch.zeros(1, dtype=torch.float64), values.flip(0)]), chances)


def as_few(kind: Kind, scale: float) -> Few:
    """Three values with the moments of the kind up to the fifth: those of Gauss's rule for it."""
    node, share = (math.sqrt(3), 1 / 6) if kind is GAUSSIAN else (math.sqrt(0.6), 5 / 18)
    values = scale * torch.tensor([-node, 0.0, node], dtype=torch.float64)
    return Few(values, torch.tensor([share, 1 - 2 * share, share], dtype=torch.float64))


def all_networks(w: Few, b: Few, v: Few, width: int) -> tuple[Network, Tensor]:
    """All networks with independent weights of few values, shape (S, H), and their probabilities, (S,)."""
    rows = torch.cartesian_prod(*[torch.arange(len(one.values)) for one in (w, b, v) for _ in range(width)])
    places = rows.reshape(-1, 3, width).unbind(1)
    parts = [one.values[place] for one, place in zip((w, b, v), places, strict=True)]
    chances = torch.stack([one.chances[place] for one, place in zip((w, b, v), places, strict=True)])
    return Network(*parts, torch.zeros(len(rows), dtype=torch.float64)), chances.prod(-1).prod(0)


def mean_and_variance(numbers: Tensor, chances: Tensor) -> tuple[Tensor, Tensor]:
    """Of numbers with these probabilities, along the first dimension."""
    mean = torch.tensordot(chances, numbers, 1)
    return mean, torch.tensordot(chances, (numbers - mean).square(), 1)
