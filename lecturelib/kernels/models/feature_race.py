"""Features drawn at random and kept, against features learned together with the weights in front of them."""

from __future__ import annotations

import torch
from torch import Tensor

from lecturelib.core.experiments import generator_for
from lecturelib.kernels.models.features import ridge_weights

INPUTS, DATA, TEST = 10, 300, 1000
PENALTY = 1e-4
"""Price of the squared weights, the same for both; chosen small beside the loss of the best constant, which is 1."""


def task(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Ten normal inputs of which one direction u matters: y = |uᵀx|, standardized.

    Training x, y, then test x, y, then u, (10,).
    """
    generator = generator_for(seed, "task")
    x = torch.randn(DATA + TEST, INPUTS, generator=generator, dtype=torch.float64)
    direction = torch.nn.functional.normalize(torch.randn(INPUTS, generator=generator, dtype=torch.float64), dim=0)
    y = ((x @ direction).abs() - (2 / torch.pi) ** 0.5) / (1 - 2 / torch.pi) ** 0.5  # mean, deviation of |ξ|, ξ normal
    return x[:DATA], y[:DATA], x[DATA:], y[DATA:], direction


def start(seed: int, width: int) -> tuple[Tensor, Tensor]:
    """Random neurons: W (10, width) with columns of length about 1, b (width,)."""
    generator = generator_for(seed, "neurons", width)
    matrix = torch.randn(INPUTS, width, generator=generator, dtype=torch.float64) / INPUTS**0.5
    return matrix, torch.randn(width, generator=generator, dtype=torch.float64)


def neurons(x: Tensor, matrix: Tensor, bias: Tensor) -> Tensor:
    """Features (Wᵀx + b)₊ and a constant: (N, width + 1)."""
    return torch.cat([torch.relu(x @ matrix + bias), torch.ones_like(x[:, :1])], dim=1)


def race(
    *, seed: int, width: int, learned: bool, fitted: bool = False, steps: int = 600, learning_rate: float = 0.03
) -> dict[str, float]:
    """Experiment: mean squared test error (1 is that of the best constant) with fixed or learned features.

    Fixed: random neurons with the best weights in front of them, by ridge regression. Learned: the same neurons, all
    weights trained by Adam on the same penalized loss, with the full batch; the best weights in front are put in at the
    end. The weights in front start at 0, or where ridge regression with the random neurons puts them (fitted).
    began: mean squared error on the data at the start; moved: how far the neurons went, relative to their start;
    turned: mean |cos| of the angle between the input weights of a neuron and u, at the end.
    """
    x, y, x_test, y_test, direction = task(seed)
    first = matrix, bias = start(seed, width)
    front = ridge_weights(neurons(x, matrix, bias), y, len(y) * PENALTY)
    if learned and not fitted:
        front = torch.zeros_like(front)
    began = (neurons(x, matrix, bias) @ front - y).square().mean()
    if learned:
        matrix, bias, _ = train_neurons(x, y, matrix, bias, front, steps=steps, learning_rate=learning_rate)
    front = ridge_weights(neurons(x, matrix, bias), y, len(y) * PENALTY)
    before, after = (torch.cat([one, other[None]]) for one, other in (first, (matrix, bias)))
    return {
        "error": float((neurons(x_test, matrix, bias) @ front - y_test).square().mean()),
        "began": float(began),
        "moved": float((after - before).norm() / before.norm()),
        "turned": float((direction @ matrix / matrix.norm(dim=0)).abs().mean()),
    }


def train_neurons(x: Tensor, y: Tensor, *start: Tensor, steps: int, learning_rate: float) -> tuple[Tensor, ...]:
    """Adam on the mean squared error plus the price of the front weights, with a rate that falls to 0; the new parts.

    x (N, d), y (N,), matrix (d, k), bias (k,), front (k + 1,), the last of them for the constant.
    """
    matrix, bias, front = parts = [part.clone().requires_grad_() for part in start]
    optimizer = torch.optim.Adam(parts)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = learning_rate * (1 - step / steps)
        optimizer.zero_grad()
        loss = (neurons(x, matrix, bias) @ front - y).square().mean() + PENALTY * front.square().sum()
        loss.backward()
        optimizer.step()
    return tuple(part.detach() for part in parts)
