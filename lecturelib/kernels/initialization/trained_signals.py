"""What training does to the sizes of signals: the weights stop being independent."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from lecturelib.core.digits import all_digits
from lecturelib.core.experiments import generator_for
from lecturelib.kernels.initialization.variances import Variances, forward_moments

WIDTHS, CLASSES, DATA = (64,) * 7, 10, 300


def digits() -> tuple[Tensor, Tensor]:
    """The first 300 handwritten digits of 8 × 8 pixels, standardized as a whole: x (300, 64), class y (300,)."""
    images, y = (part[:DATA] for part in all_digits())
    x = 16 * images.flatten(1)
    return (x - x.mean()) / x.std(), y


def _layers(matrices: list[Tensor], biases: list[Tensor], x: Tensor) -> list[Tensor]:
    h = [x]
    for matrix, bias in zip(matrices, biases, strict=True):
        h.append(torch.relu(h[-1] @ matrix + bias))
    return h


def size_ratios(*, seed: int, steps: int = 120, learning_rate: float = 2e-3) -> dict[str, list[float]]:
    """Experiment: mean square of h_ℓ over data, divided by its mean over random signs of the same weights, ℓ = 0, …, L.

    The divisor is exact: `forward_moments` with the squares of the weights as variances. start, trained: before and
    after Adam on the cross entropy with full batches, from He's start; loss: before the last step.
    """
    x, y = digits()
    generator = generator_for(seed, "start")
    draws = [torch.randn(pair, generator=generator, dtype=x.dtype) for pair in pairwise((*WIDTHS, CLASSES))]
    matrices = [draw * (2 / len(draw)) ** 0.5 for draw in draws[:-1]]
    biases, output = [x.new_zeros(width) for width in WIDTHS[1:]], draws[-1] / WIDTHS[-1] ** 0.5

    def ratios() -> list[float]:
        squares = [tuple(part.detach().square() for part in kind) for kind in (matrices, biases)]
        # the recursion is linear in x², so the mean of x² over data gives the mean over data
        predicted = forward_moments(Variances(*squares, x.new_ones(WIDTHS[-1])), x.square().mean(0).sqrt())
        found = _layers(matrices, biases, x)
        return [float(h.detach().square().sum(1).mean() / q.sum()) for h, q in zip(found, predicted, strict=True)]

    start = ratios()
    optimizer = torch.optim.Adam([part.requires_grad_() for part in (*matrices, *biases, output)], lr=learning_rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(_layers(matrices, biases, x)[-1] @ output, y)
        loss.backward()
        optimizer.step()
    return {"start": start, "trained": ratios(), "loss": [float(loss.detach())]}
