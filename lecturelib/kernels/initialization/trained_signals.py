"""What training does to the sizes of signals: the weights stop being independent."""

from __future__ import annotations

from itertools import pairwise

import torch
from sklearn.datasets import load_digits
from torch import Tensor

from lecturelib.core.experiments import generator_for
from lecturelib.kernels.initialization.variances import Variances, forward_moments

DATA, DEPTH, WIDTH, CLASSES = 300, 6, 64, 10


def digits() -> tuple[Tensor, Tensor]:
    """The first 300 handwritten digits of 8 × 8 pixels, standardized as a whole: x (300, 64), class y (300,)."""
    images, classes = load_digits(return_X_y=True)
    x = torch.as_tensor(images[:DATA], dtype=torch.float64)
    return (x - x.mean()) / x.std(), torch.as_tensor(classes[:DATA])


def _start(seed: int) -> list[Tensor]:
    generator = generator_for(seed, "start")
    widths = [64] + [WIDTH] * DEPTH
    parts = []
    for before, after in pairwise(widths):
        parts.append(torch.randn(before, after, generator=generator, dtype=torch.float64) * (2 / before) ** 0.5)
        parts.append(torch.zeros(after, dtype=torch.float64))
    parts.append(torch.randn(WIDTH, CLASSES, generator=generator, dtype=torch.float64) / WIDTH**0.5)
    return parts


def _layers(parts: list[Tensor], x: Tensor) -> list[Tensor]:
    h = [x]
    for matrix, bias in zip(parts[:-1:2], parts[1::2], strict=True):
        h.append(torch.relu(h[-1] @ matrix + bias))
    return h


def size_ratios(*, seed: int, steps: int = 120, rate: float = 2e-3) -> dict[str, list[float]]:
    """Experiment: mean square of h_ℓ over data, divided by its mean over random signs of the same weights, ℓ = 0, …, L.

    The divisor is exact: `forward_moments` with the squares of the weights as variances. start, trained: before and
    after Adam on the cross entropy with full batches; loss: of the trained network.
    """
    x, y = digits()
    parts = [part.requires_grad_() for part in _start(seed)]
    start = _ratios(parts, x)
    optimizer = torch.optim.Adam(parts, lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(_layers(parts, x)[-1] @ parts[-1], y)
        loss.backward()
        optimizer.step()
    return {"start": start, "trained": _ratios(parts, x), "loss": [float(loss.detach())]}


def _ratios(parts: list[Tensor], x: Tensor) -> list[float]:
    fixed = [part.detach() for part in parts]
    squares = [part.square() for part in fixed]
    variances = Variances(tuple(squares[:-1:2]), tuple(squares[1::2]), torch.ones(WIDTH, dtype=torch.float64))
    # the recursion is linear in x², so the mean of x² over data gives the mean over data
    predicted = forward_moments(variances, x.square().mean(0).sqrt())
    found = _layers(fixed, x)
    return [float(h.square().sum(1).mean() / q.sum()) for h, q in zip(found, predicted, strict=True)]
