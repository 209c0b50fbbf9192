"""Separable data for the checks of `bias/maximum_margin`, whose widest margin is known before they are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.problems import normal, uniform

SHAPES = ((2, 3, 2), (6, 2, 2), (7, 3, 2), (9, 3, 3), (5, 7, 4))
"""Data, dimensions, support vectors. There may be more dimensions than data."""


def built(generator: Generator, n: int, d: int, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """(z, ŵ, α): k support vectors around a random axis, and n − k data whose margin is 1.2 or more times as large.

    The support vectors have margin γ on the axis, and what they have beside it adds up to 0 with the weights α.
    """
    axis, *beside = torch.linalg.qr(normal(generator, d, d))[0].T
    alpha = uniform(generator, k, low=0.3, high=1.0)
    around = 2 * normal(generator, n, d - 1) @ torch.stack(beside)
    around[k - 1] = -alpha[:-1] @ around[: k - 1] / alpha[-1]
    gamma = float(uniform(generator, 1, low=0.3, high=1.5))
    along = torch.ones(n, dtype=torch.float64)
    along[k:] = uniform(generator, n - k, low=1.2, high=3.0)
    z = gamma * along[:, None] * axis + around
    return z, axis / gamma, torch.cat([alpha / alpha.sum() / gamma**2, torch.zeros(n - k, dtype=torch.float64)])


def known(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(z, ŵ, α) of all shapes."""
    return (built(generator, *shape) for shape in SHAPES)


def within_one(generator: Generator) -> Iterator[tuple[Tensor, float]]:
    """(z, γ) with ‖z_i‖ ≤ 1 of all shapes, and such that are all the same: one unit vector, and a shorter one."""
    for z, w, _ in known(generator):
        size = float(z.norm(dim=1).max())
        yield z / size, 1 / (size * float(w.norm()))
    for length in (1.0, 0.4):
        one = normal(generator, 3)
        yield (length * one / one.norm()).repeat(5, 1), length


def at_times(generator: Generator) -> Iterator[tuple[Tensor, float, float]]:
    """(z, γ, t) with ‖z_i‖ ≤ 1 and times from 1/100 to 10¹⁰⁰."""
    for z, gamma in within_one(generator):
        for low, high in ((-2, 1), (1, 4), (4, 100)):
            yield z, gamma, math.exp(math.log(10) * float(uniform(generator, 1, low=low, high=high)))
    # many on one side pull first, and one nearly opposite holds the margin small
    yield torch.tensor([[1.0, 0.0]] * 199 + [[math.cos(2.9), math.sin(2.9)]]).double(), math.cos(1.45), 2.0


def enumerated(z: Tensor) -> np.ndarray:
    """ŵ by brute force: of all sets of at most d data, the least w with margin 1 on the set and no less elsewhere."""
    data, best = z.numpy(), None
    for size in range(1, min(data.shape) + 1):
        for chosen in combinations(range(len(data)), size):
            rows = data[list(chosen)]
            w = np.linalg.lstsq(rows, np.ones(size), rcond=None)[0]
            if (data @ w > 1 - 1e-9).all() and (best is None or w @ w < best @ best):
                best = w
    assert best is not None, "the data are not separable"
    return best
