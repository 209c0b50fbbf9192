"""An experiment: networks that are stopped early beside networks that are penalized for leaving their start."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor

POINTS, WIDTH, NOISE, RATE = 15, 30, 0.3, 0.03
"""Data, neurons, standard deviation of the noise in the data, learning rate."""


def outputs(weights: tuple[Tensor, ...], x: Tensor) -> Tensor:
    """(1/√H) Σ v_i tanh(w_i x + b_i): weights w, b, v (..., H), x (N,) → (..., N)."""
    w, b, v = (one[..., None, :] for one in weights)
    return (v * torch.tanh(w * x[:, None] + b)).sum(-1) / math.sqrt(w.shape[-1])


def train(start: tuple[Tensor, ...], x: Tensor, y: Tensor, penalty, steps: Sequence[int]) -> list:
    """Descent on ½ Σ (f(x_n) − y_n)² + ½ λ ‖θ − θ_0‖²: the weights after so many steps, in increasing order."""
    weights, found = start, []
    for step in range(steps[-1] + 1):
        if step in steps:
            found.append(weights)
        moving = tuple(one.detach().requires_grad_() for one in weights)
        loss = 0.5 * (outputs(moving, x) - y).square().sum()
        slopes = torch.autograd.grad(loss, moving)
        weights = tuple(
            (one - RATE * (slope + penalty * (one - first))).detach()
            for one, slope, first in zip(moving, slopes, start, strict=True)
        )
    return found


def race(times: Sequence[float], *, ensemble: int, generator: Generator) -> dict[str, Tensor]:
    """Errors of stopping at each time, of a penalty λ = 1/t around the start, and how far functions are apart: (T, S).

    The target is sin 3x on [−1, 1]; an error is the mean square on 101 places. "apart" is the root mean square between
    the two functions, beside what the stopped one has moved; "others" the same between stopped ones of two members.
    """
    x, places = torch.linspace(-1, 1, POINTS, dtype=torch.float64), torch.linspace(-1, 1, 101, dtype=torch.float64)
    draw = lambda *shape: torch.randn(shape, generator=generator, dtype=torch.float64)  # noqa: E731
    start = (2 * draw(ensemble, WIDTH), 2 * draw(ensemble, WIDTH), draw(ensemble, WIDTH))
    y = torch.sin(3 * x) + NOISE * draw(ensemble, POINTS)
    stopped = [outputs(one, places) for one in train(start, x, y, 0.0, [round(t / RATE) for t in times])]
    every = tuple(one.expand(len(times), *one.shape) for one in start)
    price = 1 / torch.tensor(times, dtype=torch.float64)[:, None, None]
    (ridge,) = train(every, x, y, price, [2 * round(times[-1] / RATE)])
    ridge, stopped, first = outputs(ridge, places), torch.stack(stopped), outputs(start, places)
    wanted, moved = torch.sin(3 * places), (stopped - first).square().mean(-1)
    return {
        "stopped": (stopped - wanted).square().mean(-1),
        "ridge": (ridge - wanted).square().mean(-1),
        "apart": ((stopped - ridge).square().mean(-1) / moved).sqrt(),
        "others": ((stopped - stopped.roll(1, 1)).square().mean(-1) / moved).sqrt(),
    }
