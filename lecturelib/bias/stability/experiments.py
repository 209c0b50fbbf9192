"""Experiments of the chapter `bias/stability`: fits of a polynomial network, and the edge of stability.

Run: python -m lecturelib.bias.stability.experiments
"""

from __future__ import annotations

from itertools import product

import torch
from torch import Generator, Tensor

from lecturelib.bias.stability.curvature import sharpness
from lecturelib.bias.stability.descent import descend, follow_flow
from lecturelib.bias.stability.multilayer import random_network, square_loss
from lecturelib.core.arguments import Count, checked
from lecturelib.core.experiments import Provenance, generator_for, save, sweep
from lecturelib.core.statements import CHAPTERS

RATES = (0.005, 0.01, 0.02)
"""Of descent on the loss ½ Σ over twenty points."""
TIME, RECORDS = 16.0, 80
STORED = CHAPTERS / "bias/data/edge.json"
SEEDS = range(5)


@checked
def least_norm_or_not(*, problems: Count, generator: Generator, size: Count = 5, data: Count = 3) -> Tensor:
    """Where descent on ½ Σ ((w·x_n)² − y_n)² ends from a start of size 10⁻³: its norm over the least of all fits.

    A fit has w·x_n = ±√y_n; each choice of signs has one of least norm. Shape (problems,); those that descent has not
    fitted to 10⁻³ are left out.
    """
    options = {"generator": generator, "dtype": torch.float64}
    x = torch.randn(problems, data, size, **options)
    y = 0.2 + torch.rand(problems, data, **options)

    def loss(vector: Tensor) -> Tensor:  # all problems are one, since none touches the weights of another
        return 0.5 * ((x @ vector.reshape(problems, size, 1))[..., 0].square() - y).square().sum()

    start = 1e-3 * torch.randn(problems * size, **options)
    end = descend(loss, start, learning_rate=0.01, steps=5000, record_every=5000)[-1].reshape(problems, size, 1)
    fitted = ((x @ end)[..., 0].square() - y).abs().amax(1) < 1e-3
    signs = torch.tensor(list(product((-1.0, 1.0), repeat=data)), dtype=torch.float64)
    fits = torch.linalg.pinv(x) @ (signs * y.sqrt()[:, None]).mT  # (problems, size, 2^data)
    return (end[..., 0].norm(dim=1) / fits.norm(dim=1).amin(1))[fitted]


def edge_of_stability(*, seed: int) -> dict[str, list]:
    """Sharpness and loss at equal times of gradient flow, and of descent with each of `RATES`, from one start.

    Twenty points of 4x³ − 3x on [−1, 1]; a tanh network 2-20-20-1 whose second input is 1.
    """
    x = torch.linspace(-1, 1, 20, dtype=torch.float64)
    draw = generator_for(seed, "edge of stability")
    start = random_network([2, 20, 20, 1], "tanh", generator=draw, scale=0.6)
    loss = square_loss(start, torch.stack([x, torch.ones_like(x)], 1), (4 * x**3 - 3 * x)[:, None])
    times = torch.arange(RECORDS + 1) * (TIME / RECORDS)
    paths = {"flow": follow_flow(loss, start.vector, times, tolerance=1e-6)}
    for rate in RATES:
        every = round(TIME / RECORDS / rate)
        paths[f"{rate:g}"] = descend(loss, start.vector, learning_rate=rate, steps=every * RECORDS, record_every=every)
    found: dict[str, list] = {"time": _short(times)}
    for name, path in paths.items():
        found[f"sharpness {name}"] = _short(sharpness(loss, path, tolerance=1e-4))
        found[f"loss {name}"] = _short(torch.func.vmap(loss)(path))
    return found


def _short(values: Tensor) -> list[float]:
    return [float(f"{float(value):.4g}") for value in values]


if __name__ == "__main__":
    results = sweep(edge_of_stability, [{}], seeds=SEEDS)
    save(STORED, results, Provenance.here("python -m lecturelib.bias.stability.experiments", SEEDS))
