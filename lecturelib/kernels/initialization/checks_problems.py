"""Random starts of small networks, gone through one by one, so that means over the start are finite sums and exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from lecturelib.core.problems import normal, uniform
from lecturelib.kernels.initialization.variances import Variances, equal_variances

# values of an entry relative to its deviation, and their probabilities; the second law has the fourth moment 3
SIGNS = torch.tensor([[-1.0, 1.0], [1 / 2, 1 / 2]], dtype=torch.float64)
LARGE = (11 / 3) ** 0.5
FOUR = torch.tensor([[-LARGE, -0.5, 0.5, LARGE], [9 / 82, 16 / 41, 16 / 41, 9 / 82]], dtype=torch.float64)


class Starts(NamedTuple):
    """All S networks: matrices (S, k, k'), biases (S, k'), output weights (S, k), probabilities (S,).

    first: how many first layers there are; all choices of the rest follow on each.
    """

    matrices: list[Tensor]
    biases: list[Tensor]
    output: Tensor
    chance: Tensor
    first: int

    def mean(self, values: Tensor) -> Tensor:
        """Of numbers (S, ...)."""
        return torch.tensordot(self.chance, values, dims=1)

    def layers(self, x: Tensor) -> list[Tensor]:
        """h_0, …, h_L at x, (d,) or one for each network: (S, k)."""
        h = [x.expand(len(self.chance), -1)]
        for matrix, bias in zip(self.matrices, self.biases, strict=True):
            h.append(torch.relu(torch.einsum("si,sij->sj", h[-1], matrix) + bias))
        return h

    def signals(self, x: Tensor) -> list[Tensor]:
        """∂f/∂h_ℓ of every network for ℓ = 0, …, L by autograd."""
        h = self.layers(x.repeat(len(self.chance), 1).requires_grad_())
        return list(torch.autograd.grad((h[-1] * self.output).sum(), h))


def every_start(plan: Variances) -> Starts:
    """All networks of a start, with four values for each entry where few vary, and else two."""
    parts = [part for layer in zip(plan.weights, plan.biases, strict=True) for part in layer] + [plan.output]
    sizes = [part.numel() for part in parts]
    deviations = torch.cat([part.flatten() for part in parts]).sqrt()
    vary = deviations > 0
    law = FOUR if int(vary.sum()) <= 7 else SIGNS
    values, chances = (torch.cartesian_prod(*[one] * int(vary.sum())) for one in law)
    entries = values.new_zeros(len(values), len(vary))
    entries[:, vary] = values * deviations[vary]
    shaped = [one.unflatten(1, part.shape) for one, part in zip(entries.split(sizes, 1), parts, strict=True)]
    first = law.shape[1] ** int(vary[: sum(sizes[:2])].sum())
    return Starts(shaped[:-1:2], shaped[1::2], shaped[-1], chances.prod(1), first)


def plans(generator: Generator) -> Iterator[tuple[Variances, Tensor]]:
    """Starts, every entry with a variance of its own, one with 0, with biases and without, and an input."""
    for widths in ((2, 2, 2), (1, 2, 1, 2), (2, 1, 1), (2, 3, 1), (1, 2, 2)):
        weights, biases, output = (
            tuple(uniform(generator, *shape, low=0.2, high=1.2) for shape in shapes)
            for shapes in (pairwise(widths), zip(widths[1:]), zip(widths[-1:]))
        )
        if widths == (2, 1, 1):
            weights[0][0, 0] = 0
        plan = Variances(weights, biases, output[0])
        yield (without_biases(plan) if widths in ((2, 3, 1), (1, 2, 2)) else plan), normal(generator, widths[0])


def equal_plans(generator: Generator, shapes: Iterable[tuple[int, ...]]) -> Iterator[tuple[Variances, Tensor]]:
    """Starts of these widths with one variance for the weights of a layer and one for its biases, and an input."""
    for widths in shapes:
        weights, biases = uniform(generator, 2, len(widths) - 1, low=0.2, high=1.2)
        yield equal_variances(widths, weights, biases, output=0.0), normal(generator, widths[0])


def without_biases(plan: Variances) -> Variances:
    return Variances(plan.weights, tuple(0 * bias for bias in plan.biases), plan.output)
