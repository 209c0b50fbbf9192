"""Filters learned from digits that are turned by quarters, from three kinds of starts, and how symmetric they are.

Run, and store: python -m lecturelib.equivariance.augmentation.filters [--device cuda]. All seeds are one batch.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.nn import functional

from lecturelib.core.digits import shuffled_digits
from lecturelib.core.experiments import Provenance, generator_for, save, settings
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
    images, y = shuffled_digits(generator_for(seed, "digits"))
    x = images.flatten(1)
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
    """V tanh(W x + b) + c for each network: (..., N, 64) → (..., N, 10)."""
    w, b, v, c = weights
    return torch.tanh(x @ w.mT + b[..., None, :]) @ v.mT + c[..., None, :]


def shown(data: str, x: Tensor, y: Tensor, moves: Tensor, draws: Sequence[Generator]) -> tuple[Tensor, Tensor]:
    """What is learned from in one step: digits (..., N, 64), all their turns, or one turn of each at random.

    draws: a generator for each of the leading dimensions.
    """
    if data == "upright":
        return x, y
    moved = torch.einsum("gij,...nj->...gni", moves, x)
    if data == "turned":
        return moved.flatten(-3, -2), y.repeat(*[1] * (y.ndim - 1), len(moves))
    turn = torch.stack([torch.randint(len(moves), (x.shape[-2],), generator=one) for one in draws]).reshape(y.shape)
    index = turn.to(x.device)[..., None, :, None].expand(*x.shape[:-2], 1, *x.shape[-2:])
    return moved.gather(-3, index).squeeze(-3), y


def measured(weights: list[Tensor], group: Action, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Asymmetry of filters, one by one and as a set, and of what a network says, and errors on other digits: (...)."""
    with torch.no_grad():
        w = weights[0]
        said = torch.stack([scores(weights, x @ g.T) for g in group.elements.to(x)])
        wrong = (said.argmax(-1) != y).double().mean(-1)
        size = (said - said.mean((0, -2), keepdim=True)).square().mean((0, -2, -1))
        return {
            "each": asymmetry(w, group), "set": asymmetry(w, group, as_set=True),
            "output": ((said - said.mean(0)).square().mean((0, -2, -1)) / size).sqrt(),
            "upright": wrong[0], "turned": wrong.mean(0),
        }  # fmt: skip


def stacked(parts: Sequence[Sequence[Tensor]], device: str = "cpu") -> list[Tensor]:
    """One tensor for each place in lists that are equally long."""
    return [torch.stack(one).detach().to(device) for one in zip(*parts, strict=True)]


def train(
    seeds: Sequence[int], kind: str, data: str, steps: int = STEPS, device: str = "cpu"
) -> Iterator[tuple[int, list[Tensor]]]:
    """Descent with momentum on the cross entropy of a network for each seed; yields the step and weights at TIMES."""
    group, draws = turns(), [generator_for(seed, "turns") for seed in seeds]
    moves = group.elements.to(device)
    x, y, *_ = stacked([digits(seed) for seed in seeds], device)
    weights = stacked([start(kind, group, generator_for(seed, kind)) for seed in seeds], device)
    weights = [one.requires_grad_() for one in weights]
    optimizer = torch.optim.SGD(weights, lr=RATE, momentum=MOMENTUM)
    for step in range(steps + 1):
        if step in TIMES:
            yield step, weights
        optimizer.zero_grad()
        inputs, labels = shown(data, x, y, moves, draws)
        loss = functional.cross_entropy(scores(weights, inputs).flatten(0, 1), labels.flatten())
        (len(seeds) * loss).backward()  # the sum over seeds of the mean over digits
        optimizer.step()


def run(
    seeds: Sequence[int], *, kind: str, data: str, steps: int = STEPS, device: str = "cpu"
) -> list[dict[str, list[float]]]:
    """Train a network for each seed; what `measured` says at TIMES."""
    *_, others, known = stacked([digits(seed) for seed in seeds], device)
    found = [measured(weights, turns(), others, known) for _, weights in train(seeds, kind, data, steps, device)]
    return [
        {name: [float(f"{float(one[name][k]):.4g}") for one in found] for name in found[0]} for k in range(len(seeds))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    device = parser.parse_args().device
    results = []
    for setting in settings(kind=STARTS, data=DATA):
        found = run(SEEDS, **setting, device=device)
        results += [{**setting, "seed": seed, **one} for seed, one in zip(SEEDS, found, strict=True)]
    save(STORED, results, Provenance.here("python -m lecturelib.equivariance.augmentation.filters", SEEDS))


if __name__ == "__main__":
    main()
