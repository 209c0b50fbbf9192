"""Networks, and laws of random neurons, on which statements about tangent kernels are checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor
from torch.func import jacrev

from lecturelib.core.problems import normal, sizes
from lecturelib.kernels.tangent_kernel.wide_networks import WideNetwork


@dataclass(frozen=True)
class Plain:
    """z_ℓ = s_ℓ W_ℓ h_ℓ + t_ℓ b_ℓ, h_{ℓ+1} = φ(z_ℓ), with all W_ℓ and b_ℓ in a row, factors (s_ℓ, t_ℓ), and any φ."""

    shape: tuple[int, ...]
    parameters: Tensor
    factors: tuple[tuple[float, float], ...]
    bend: Callable[[Tensor], Tensor]

    def layers(self, x: Tensor, parameters: Tensor | None = None) -> list[tuple[Tensor, Tensor]]:
        """(h_ℓ, z_ℓ) of every layer at x (N, d); the last z is the output (N, 1)."""
        rest, found = self.parameters if parameters is None else parameters, []
        for (m, n), (s, t) in zip(pairwise(self.shape), self.factors, strict=True):
            weights, biases, rest = rest[: m * n].reshape(n, m), rest[m * n : m * n + n], rest[m * n + n :]
            found.append((x, s * x @ weights.T + t * biases))
            x = self.bend(found[-1][1])
        return found

    def __call__(self, x: Tensor, parameters: Tensor | None = None) -> Tensor:
        return self.layers(x, parameters)[-1][1][:, 0]

    def jacobian(self, x: Tensor) -> Tensor:
        """∂f(x_n) by all parameters, (N, P), by torch.func alone."""
        return jacrev(lambda parameters: self(x, parameters))(self.parameters)


def plain(generator: Generator, shape: tuple[int, ...], bend: Callable[[Tensor], Tensor] = torch.tanh) -> Plain:
    """A network of this shape with parameters of size one, and factors that differ from layer to layer."""
    count = sum((m + 1) * n for m, n in pairwise(shape))
    factors = [(float(sizes(generator, 1)) / math.sqrt(m), float(sizes(generator, 1))) for m, _ in pairwise(shape)]
    return Plain(shape, normal(generator, count), tuple(factors), bend)


def networks(generator: Generator, smooth: bool = False) -> Iterator[Plain]:
    """Networks without a hidden layer and with one to three."""
    bends = (torch.tanh, torch.sin if smooth else torch.relu, torch.erf, torch.nn.functional.silu)
    for shape, bend in zip(((3, 1), (3, 6, 1), (3, 4, 7, 1), (3, 4, 2, 5, 1)), bends, strict=True):
        yield plain(generator, shape, bend)


class Law(NamedTuple):
    """Neurons that a finite law draws: input weights (A, d), biases, output weights and probabilities (A,)."""

    w: Tensor
    b: Tensor
    v: Tensor
    p: Tensor

    def neurons(self, options: dict, x: Tensor) -> tuple[Tensor, Tensor]:
        """z of every neuron at x (N, d), (A, N), and Σ₁, their covariance were they normal, (N, N)."""
        s, t = options["weight_scale"], options["bias_scale"]
        return s / math.sqrt(x.shape[1]) * self.w @ x.T + t * self.b[:, None], s**2 / x.shape[1] * x @ x.T + t**2


def few_neurons(generator: Generator, dimension: int) -> Law:
    """Five random input weights and biases with four output weights each, whose moments to order 7 are normal."""
    root = math.sqrt(6) * torch.tensor([1, -1], dtype=torch.float64)
    v, p = (3 + root).sqrt(), (3 - root) / 12
    w, b = normal(generator, 5, dimension), normal(generator, 5)
    v, p = torch.cat([v, -v]), torch.cat([p, p])
    return Law(w.repeat_interleave(4, 0), b.repeat_interleave(4), v.repeat(5), p.repeat(5) / 5)


def standard_normal(directions: Tensor, radii: int = 64, angles: int = 24) -> tuple[Tensor, Tensor]:
    """Points g (A, k) and weights p (A,) with Σ p f(⟨g, u⟩, …) = E f for a standard normal g.

    directions: u (n, k), all in one plane. Gauss's rules in polar coordinates of this plane, in pieces that end where a
    ⟨g, u⟩ is 0: exact to rounding for functions that are smooth but for kinks there.
    """
    basis = torch.linalg.qr(directions.T).Q[:, :2]
    turns = torch.atan2(*(directions @ basis).T.flip(0))
    ends = torch.cat([turns + math.pi / 2, turns - math.pi / 2]).remainder(2 * math.pi).sort().values
    spans = torch.cat([ends[1:], ends[:1] + 2 * math.pi]) - ends
    nodes, shares = map(torch.from_numpy, np.polynomial.legendre.leggauss(angles))
    psi = (ends[:, None] + spans[:, None] * (1 + nodes) / 2).flatten()
    half_squares, weights = map(torch.from_numpy, np.polynomial.laguerre.laggauss(radii))
    unit = torch.stack([torch.cos(psi), torch.sin(psi)], 1) @ basis.T
    points = (2 * half_squares).sqrt()[:, None, None] * unit
    return points.flatten(0, 1), torch.outer(weights, (spans[:, None] * shares).flatten() / (4 * math.pi)).flatten()


def with_signs(g: Tensor, p: Tensor) -> Law:
    """Neurons with input weights and bias from the rows of g (A, d + 1), and output weights 1 and −1: (2A,)."""
    v = torch.ones(len(p), dtype=p.dtype)
    return Law(g[:, :-1].repeat(2, 1), g[:, -1].repeat(2), torch.cat([v, -v]), p.repeat(2) / 2)


def all_networks(law: Law, width: int, options: dict) -> tuple[WideNetwork, Tensor]:
    """Every network of this width that the law can draw, one hidden layer, as an ensemble (A^m,); probabilities."""
    drawn = torch.cartesian_prod(*[torch.arange(len(law.p))] * width).reshape(-1, width)
    w, b, v, p = (part[drawn] for part in law)
    return WideNetwork((w, v[:, None]), (b, torch.zeros_like(p[:, :1])), **options), p.prod(1)
