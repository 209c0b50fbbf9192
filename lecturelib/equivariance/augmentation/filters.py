"""Filters learned from digits that are turned by quarters, from three kinds of starts, and how symmetric they are.

Run, and store: python -m lecturelib.equivariance.augmentation.filters
"""

from __future__ import annotations

from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch import Generator, Tensor
from torch.nn import functional

from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.equivariance.augmentation.symmetry import asymmetry, symmetrize
from lecturelib.equivariance.groups.actions import Action, cyclic

STORED = Path(__file__).parents[3] / "chapters" / "equivariance" / "data" / "augmentation_filters.json"
TRAIN, STEPS, RATE, MOMENTUM, WIDTH = 400, 1000, 0.1, 0.9, 32
TIMES = (0, 1, 3, 10, 30, 100, 300, 1000)
STARTS = ("random", "symmetric", "copies")
DATA = ("upright", "turned", "one turn each")
SEEDS = range(5)


def turns() -> Action:
    """Quarter turns of images of 8 × 8 pixels."""
    return cyclic(4).images(8)


def digits(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Digits of 64 pixels from 0 to 1 and what they are: 400 to learn from and 1,397 others."""
    images, labels = load_digits(return_X_y=True)
    order = torch.randperm(len(images), generator=generator_for(seed, "digits"))
    x, y = torch.as_tensor(images / 16)[order], torch.as_tensor(labels)[order]
    return x[:TRAIN], y[:TRAIN], x[TRAIN:], y[TRAIN:]


def start(kind: str, group: Action, generator: Generator) -> list[Tensor]:
    """Weights [W (32, 64), b (32,), V (10, 32), c (10,)]: at random, each filter symmetric, or all its copies together.

    Copies stand one behind the other, w, ρ(g)ᵀw, …, and have the same output weights.
    """
    order = len(group.elements)
    free = WIDTH // order if kind == "copies" else WIDTH
    w = torch.randn(free, group.size, generator=generator, dtype=torch.float64) / group.size**0.5
    v = torch.randn(10, free, generator=generator, dtype=torch.float64) / WIDTH**0.5
    if kind == "symmetric":
        w = order**0.5 * symmetrize(w, group)  # as large as the others
    if kind == "copies":
        w = torch.einsum("ki,gij->kgj", w, group.elements).flatten(0, 1)
        v = v.repeat_interleave(order, 1)
    zeros = [torch.zeros(size, dtype=torch.float64) for size in (WIDTH, 10)]
    return [one.requires_grad_() for one in (w, zeros[0], v, zeros[1])]


def scores(weights: list[Tensor], x: Tensor) -> Tensor:
    """V tanh(W x + b) + c: (N, 64) → (N, 10)."""
    w, b, v, c = weights
    return functional.linear(torch.tanh(functional.linear(x, w, b)), v, c)


def shown(data: str, x: Tensor, y: Tensor, group: Action, draw: Generator) -> tuple[Tensor, Tensor]:
    """What is learned from in one step: the digits, all their turns, or one turn of each at random."""
    if data == "upright":
        return x, y
    moved = torch.einsum("gij,nj->gni", group.elements, x)
    if data == "turned":
        return moved.flatten(0, 1), y.repeat(len(moved))
    return moved[torch.randint(len(moved), (len(x),), generator=draw), torch.arange(len(x))], y


def measured(weights: list[Tensor], group: Action, x: Tensor, y: Tensor) -> dict[str, float]:
    """Asymmetry of the filters one by one and as a set, of what the network says, and errors on other digits."""
    with torch.no_grad():
        w = weights[0]
        said = torch.stack([scores(weights, x @ g.T) for g in group.elements])
        wrong = (said.argmax(-1) != y).double().mean(1)
        size = (said - said.mean((0, 1))).square().mean()
        return {
            "each": float(asymmetry(w, group)), "set": float(asymmetry(w, group, as_set=True)),
            "output": float(((said - said.mean(0)).square().mean() / size).sqrt()),
            "upright": float(wrong[0]), "turned": float(wrong.mean()),
        }  # fmt: skip


def train(seed: int, kind: str, data: str, steps: int = STEPS):
    """Descent with momentum on the cross entropy; yields the step and the weights at TIMES."""
    group, draw = turns(), generator_for(seed, "turns")
    x, y, *_ = digits(seed)
    weights = start(kind, group, generator_for(seed, kind))
    optimizer = torch.optim.SGD(weights, lr=RATE, momentum=MOMENTUM)
    for step in range(steps + 1):
        if step in TIMES:
            yield step, weights
        optimizer.zero_grad()
        inputs, labels = shown(data, x, y, group, draw)
        functional.cross_entropy(scores(weights, inputs), labels).backward()
        optimizer.step()


def run(*, seed: int, kind: str, data: str, steps: int = STEPS) -> dict[str, list[float]]:
    """Train one network; what `measured` says at TIMES."""
    *_, others, known = digits(seed)
    found = [measured(weights, turns(), others, known) for _, weights in train(seed, kind, data, steps)]
    return {name: [float(f"{one[name]:.4g}") for one in found] for name in found[0]}


def main() -> None:
    results = sweep(run, settings(kind=STARTS, data=DATA), seeds=SEEDS)
    save(STORED, results, Provenance.here("python -m lecturelib.equivariance.augmentation.filters", SEEDS))


if __name__ == "__main__":
    main()
