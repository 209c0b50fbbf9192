"""A sharp and a flat well: in which of them descent is after small and large steps, full batches and shuffled ones."""

from __future__ import annotations

import torch
from torch import Tensor

from lecturelib.core.experiments import generator_for

SHARP, FLAT = (-1.0, 25.0), (1.0, 1.0)
"""Minimum and curvature of the two wells."""
SOFT = 20.0
BORDER = -2 / 3
"""Where both parabolas are equally high, between the minima. To its left the flow leads to the sharp one."""


def wells(w: Tensor) -> Tensor:
    """A smooth minimum of ½ 25 (w + 1)² and ½ (w − 1)²: w (..., 1) → (...). Between wells it is below both."""
    both = torch.stack([curvature / 2 * (w[..., 0] - place) ** 2 for place, curvature in (SHARP, FLAT)])
    return -torch.logsumexp(-SOFT * both, 0) / SOFT


def slope(w: Tensor) -> Tensor:
    """The derivative of `wells`, (..., 1): those of both parabolas, weighted by how low they are."""
    both = torch.cat([curvature / 2 * (w - place) ** 2 for place, curvature in (SHARP, FLAT)], -1)
    lines = torch.cat([curvature * (w - place) for place, curvature in (SHARP, FLAT)], -1)
    return (torch.softmax(-SOFT * both, -1) * lines).sum(-1, keepdim=True)


def shares(learning_rate: float, *, pulls: tuple[float, ...] = (0.0,), time: float, starts: int, seed: int) -> float:
    """The share of descents from evenly spread starts in [−3, 3] that are in the sharp well after a time.

    pulls: one batch for each, whose loss has this slope added; their order is drawn anew in every epoch, for every
    descent on its own. They add up to 0, so that the mean loss is that of the wells.
    """
    generator = generator_for(seed, "wells", learning_rate, pulls)
    w = torch.linspace(-3, 3, starts, dtype=torch.float64)[:, None]
    own = torch.tensor(pulls, dtype=torch.float64)
    for step in range(round(time / learning_rate)):
        if step % len(pulls) == 0:
            order = torch.rand(starts, len(pulls), generator=generator).argsort(-1)
        w = w - learning_rate * (slope(w) + own[order[:, step % len(pulls)], None])
    return float((w < BORDER).double().mean())
