"""Digits that are shown upright in training and turned in the test: a plain network, one for C4, and turned data.

Run, and store: python -m lecturelib.equivariance.groups.experiments
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Generator, Tensor, nn

from lecturelib.core.digits import shuffled_digits
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.equivariance.groups.layers import GroupConvolution

STORED = Path("chapters/equivariance/data/groups_digits.json")
TRAINED, BATCH, STEPS, RATE, WIDTH = 600, 50, 400, 0.01, 6
KINDS = ("plain", "turned data", "C4")


def digits(generator: Generator) -> tuple[Tensor, Tensor]:
    """All 1,797 digits of 8 × 8 pixels from 0 to 1, (N, 1, 8, 8), in a random order, and what they are."""
    images, labels = shuffled_digits(generator)
    return images[:, None].float(), labels


def quarter_turned(images: Tensor, generator: Generator) -> Tensor:
    """Each turned by 0, 1, 2 or 3 quarters, at random."""
    quarters = torch.randint(4, (len(images),), generator=generator)
    every = torch.stack([images.rot90(k, (-2, -1)) for k in range(4)])
    return every[quarters, torch.arange(len(images))]


def normal(generator: Generator, *shape: int, inputs: int) -> nn.Parameter:
    return nn.Parameter((2 / inputs) ** 0.5 * torch.randn(shape, generator=generator))


class Plain(nn.Module):
    """Two convolutions of 3 × 3 with ReLU, pooling between them, the mean over the image, ten scores."""

    def __init__(self, width: int, generator: Generator) -> None:
        super().__init__()
        self.first = normal(generator, 2 * width, 1, 3, 3, inputs=9)
        self.second = normal(generator, 6 * width, 2 * width, 3, 3, inputs=18 * width)
        self.shifts = nn.ParameterList([torch.zeros(2 * width), torch.zeros(6 * width), torch.zeros(10)])
        self.head = normal(generator, 10, 6 * width, inputs=6 * width)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.conv2d(x, self.first, self.shifts[0], padding=1).relu()
        x = nn.functional.conv2d(nn.functional.avg_pool2d(x, 2), self.second, self.shifts[1], padding=1).relu()
        return nn.functional.linear(x.mean((-2, -1)), self.head, self.shifts[2])


class Turning(nn.Module):
    """The same with group convolutions of C4, each filter in four positions, and the largest mean of the four."""

    def __init__(self, width: int, generator: Generator) -> None:
        super().__init__()
        options = {"generator": generator, "dtype": torch.float32}
        self.first = GroupConvolution(1, width, 3, lifting=True, **options)
        self.second = GroupConvolution(width, 3 * width, 3, **options)
        self.shift = nn.Parameter(torch.zeros(10))
        self.head = normal(generator, 10, 3 * width, inputs=3 * width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).relu().flatten(1, 2)
        x = self.second(nn.functional.avg_pool2d(x, 2).unflatten(1, (-1, 4))).relu()
        return nn.functional.linear(x.mean((-2, -1)).amax(-1), self.head, self.shift)


def wrong(model: Callable[[Tensor], Tensor], x: Tensor, y: Tensor) -> float:
    """The share of images that are taken for another digit."""
    with torch.no_grad():
        return round(float((model(x).argmax(1) != y).double().mean()), 5)


def run(*, seed: int, kind: str, steps: int = STEPS) -> dict[str, float]:
    """Train on 600 upright digits, Adam; errors on the others, upright and turned, and the number of parameters."""
    x, y = digits(generator_for(seed, "digits"))
    draws = generator_for(seed, "batches")
    start = generator_for(seed, "start")
    model = Turning(WIDTH, start) if kind == "C4" else Plain(WIDTH, start)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    for _ in range(steps):
        chosen = torch.randint(TRAINED, (BATCH,), generator=draws)
        batch = quarter_turned(x[chosen], draws) if kind == "turned data" else x[chosen]
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(batch), y[chosen]).backward()
        optimizer.step()
    tests, known = x[TRAINED:], y[TRAINED:]
    turned = quarter_turned(tests, generator_for(seed, "turns"))
    parameters = sum(one.numel() for one in model.parameters())
    return {"upright": wrong(model, tests, known), "turned": wrong(model, turned, known), "parameters": parameters}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the experiment and store its results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    options = parser.parse_args(arguments)
    results = sweep(run, settings(kind=KINDS), seeds=options.seeds)
    command = "python -m lecturelib.equivariance.groups.experiments"
    save(STORED, results, Provenance.here(command, options.seeds))


if __name__ == "__main__":
    main()
