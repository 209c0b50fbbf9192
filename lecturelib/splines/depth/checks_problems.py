"""Random deep networks for the claims of the chapter, and what is found in them by plain means."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Generator, Tensor

from lecturelib.core.small_networks import Layout

SHAPES = ((1, 4, 1), (1, 3, 4, 1), (1, 5, 3, 4, 1), (1, 3, 3, 3, 2, 1))


def drawn(generator: Generator, sizes: tuple[int, ...]) -> list[tuple[Tensor, Tensor]]:
    """(weights, biases) of all layers, normal, one weight in ten 0, so that some paths are closed."""
    found = []
    for fan, width in pairwise(sizes):
        weights = torch.randn(width, fan, generator=generator, dtype=torch.float64)
        weights = weights * (torch.rand(width, fan, generator=generator) > 0.1)
        found.append((weights, 0.7 * torch.randn(width, generator=generator, dtype=torch.float64)))
    return found


def networks(generator: Generator) -> Iterator[tuple[list[tuple[Tensor, Tensor]]]]:
    """Two networks of each of `SHAPES`."""
    for sizes in SHAPES:
        for _ in range(2):
            yield (drawn(generator, sizes),)


def flat(layers: list[tuple[Tensor, Tensor]]) -> tuple[Layout, Tensor]:
    """The network as the library's functions take it."""
    sizes = [1, *(len(biases) for _, biases in layers)]
    return Layout(tuple(sizes)), torch.cat([part.reshape(-1) for pair in layers for part in pair])


def pre_activations(layers: list[tuple[Tensor, Tensor]], x: Tensor) -> list[Tensor]:
    """z of every layer at x, (N,): each (N, n)."""
    h, found = x[:, None], []
    for weights, biases in layers:
        found.append(h @ weights.T + biases)
        h = torch.relu(found[-1])
    return found


def zeros(layers: list[tuple[Tensor, Tensor]], low: float = -4.0, high: float = 4.0) -> list[tuple]:
    """(layer, unit, place) of zeros with a change of sign, from left to right, layer by layer.

    Between neighbouring breakpoints of the layers below a pre-activation is straight, so that two values tell its zero.
    """
    found: list[tuple] = []
    for number in range(len(layers) - 1):
        grid = torch.tensor(sorted([low, high, *(one[2] for one in found)]), dtype=torch.float64)
        z = pre_activations(layers, grid)[number]
        crossed = (z[:-1].sign() * z[1:].sign() < 0).nonzero()
        piece, unit = crossed[:, 0], crossed[:, 1]
        a, b = z[piece, unit], z[piece + 1, unit]
        place = grid[piece] + (grid[piece + 1] - grid[piece]) * a / (a - b)
        found += [(number, *one) for one in zip(unit.tolist(), place.tolist(), strict=True)]
    return sorted(found, key=lambda one: one[2])
