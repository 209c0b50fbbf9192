"""Random weights on which statements are checked, and what follows for them by integrals and by sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from lecturelib.core.problems import normal, signs, sizes, uniform
from lecturelib.splines.breakpoints.checks_problems import quadrature
from lecturelib.splines.breakpoints.network import Network

Scales = tuple[float, float, float]
EVERYWHERE = torch.tensor([1e300], dtype=torch.float64)


class Kind(NamedTuple):
    """Symmetric numbers z of scale 1: density, distribution function, E z², and where nothing is left."""

    density: Callable[[Tensor], Tensor]
    below: Callable[[Tensor], Tensor]
    square: float
    end: float


GAUSSIAN = Kind(lambda z: torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi), torch.special.ndtr, 1.0, 9.0)
UNIFORM = Kind(lambda z: (z.abs() <= 1) / 2.0, lambda z: (1 + z.clamp(-1, 1)) / 2, 1 / 3, 1.0)


def starts(width: int) -> dict[str, tuple[Kind, float, float, float]]:
    """Scheme → the kind of its weights and the scales of w, b, v, as He, Glorot and PyTorch have them for one input."""
    glorot = math.sqrt(2 / (1 + width))
    return {
        "he": (GAUSSIAN, math.sqrt(2), math.sqrt(2), math.sqrt(2 / width)),
        "glorot": (GAUSSIAN, glorot, glorot, glorot),
        "pytorch": (UNIFORM, 1.0, 1.0, 1 / math.sqrt(width)),
    }


# By integrals: what is known at given w, averaged over w


def below(kind: Kind, scales: Scales, beta: Tensor = EVERYWHERE, mu: Tensor = EVERYWHERE, power: int = 0) -> Tensor:
    """E |w|^power [−b/w ≤ β] [w v ≤ μ], (N,), for weights of these scales.

    At given w it is a product of distribution functions. Gauss's rule with 16 nodes between powers of two and kinks.
    """
    w, b, v = scales
    kinks = torch.stack(torch.broadcast_tensors(b / beta.detach().abs(), mu.detach().abs() / v), -1)
    halves = w * kind.end * (0.5 ** torch.arange(60.0, dtype=torch.float64)).expand(len(kinks), -1)
    edges = torch.cat([torch.zeros_like(kinks[:, :1]), kinks.clamp(max=w * kind.end), halves], -1).sort(-1).values
    size, shares = (part.flatten(1) for part in quadrature(edges[:, :-1], edges[:, 1:], 16))
    every = torch.cat([size, -size], -1)  # w of both signs
    left, right = kind.below(-every * beta[:, None] / b), kind.below(mu[:, None] / (every * v))
    chance = torch.where(every > 0, (1 - left) * right, left * (1 - right))
    law = every.abs() ** power * kind.density(every / w) / w
    return (shares.repeat(1, 2) * law * chance).sum(1)


def density(kind: Kind, scales: Scales, beta: Tensor = EVERYWHERE, mu: Tensor = EVERYWHERE, power: int = 0) -> Tensor:
    """The derivative of `below` by β, by μ, or by both: a density, (N,)."""
    beta, mu = (one.clone().requires_grad_(one is not EVERYWHERE) for one in (beta, mu))
    found = below(kind, scales, beta, mu, power)
    for one in (beta, mu):
        if one.requires_grad:
            (found,) = torch.autograd.grad(found.sum(), one, create_graph=True)
    return found.detach()


def neurons(generator: Generator) -> tuple[Scales, Tensor, Tensor]:
    """Scales of w, b, v, and places β and μ, (14,): the origin, both signs, kinks of uniform densities, and far out."""
    w, b, v = sizes(generator, 3).tolist()
    beta, mu = signs(generator, 2, 14) * sizes(generator, 2, 14)
    beta[:4] = torch.tensor([0.0, 1.0, -1.0, 40.0])
    mu *= 0.4 / (1 + beta.abs())
    mu[-1] = 1.5  # more than uniform weights can have
    return (w, b, v), beta * (b / w), mu * (w * v)


def largest(w: float, b: float, beta: Tensor) -> Tensor:
    """m(β) = min(a_w, a_b/|β|)."""
    return torch.minimum(torch.tensor(w, dtype=beta.dtype), b / beta.abs())


# By sums: networks whose weights have few values


class Few(NamedTuple):
    """Numbers with few values, and their probabilities: (K,) each."""

    values: Tensor
    chances: Tensor

    def moment(self, power: int) -> float:
        return float(self.chances @ self.values**power)


NOTHING = Few(torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64))


def few(generator: Generator) -> Few:
    """Any values with any probabilities."""
    chances = uniform(generator, 3, low=0.2)
    return Few(2 * normal(generator, 3), chances / chances.sum())


def symmetric(generator: Generator) -> Few:
    """Values ±a and 0, any probabilities."""
    share, (value,) = float(uniform(generator, 1, low=0.1, high=0.4)), sizes(generator, 1).tolist()
    return _three(value, share)


def _three(value: float, share: float) -> Few:
    return Few(*torch.tensor([[-value, 0.0, value], [share, 1 - 2 * share, share]], dtype=torch.float64))


def as_few(kind: Kind, scale: float) -> Few:
    """Three values with the moments of the kind up to the fifth: those of Gauss's rule for it."""
    return _three(scale * math.sqrt(3), 1 / 6) if kind is GAUSSIAN else _three(scale * math.sqrt(0.6), 5 / 18)


def all_networks(w: Few, b: Few, v: Few, width: int) -> tuple[Network, Tensor]:
    """All networks with independent weights of few values, shape (S, H), and their probabilities, (S,)."""
    rows = torch.cartesian_prod(*[torch.arange(len(one.values)) for one in (w, b, v) for _ in range(width)])
    known = list(zip((w, b, v), rows.reshape(-1, 3, width).unbind(1), strict=True))
    network = Network(*(one.values[place] for one, place in known), torch.zeros(len(rows)))
    return network, torch.stack([one.chances[place] for one, place in known]).prod(-1).prod(0)


def mean_and_variance(numbers: Tensor, chances: Tensor) -> tuple[Tensor, Tensor]:
    """Of numbers with these probabilities, along the first dimension."""
    mean = torch.tensordot(chances, numbers, 1)
    return mean, torch.tensordot(chances, (numbers - mean).square(), 1)
