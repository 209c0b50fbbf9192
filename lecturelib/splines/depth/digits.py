"""Experiment: two classifiers of digits along random lines and along those that change the answer soonest, exactly.

`python -m lecturelib.splines.depth.digits` repeats the runs and stores them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from scipy.special import betainc
from torch import Generator, Tensor, nn
from torch.nn import functional

from lecturelib.core.arguments import Count, NonNegativeArray, Positive, Seed, checked
from lecturelib.core.digits import shuffled_digits
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.core.lines import LineBreakpoints, breakpoints_on_lines

COMMAND, STORED = "python -m lecturelib.splines.depth.digits", Path("chapters/splines/data/digit_lines.json")
SIDE, TRAIN, BATCH, STEPS, RATE, TESTED = 8, 1000, 100, 1500, 0.002, 100
REACH, SAMPLES, SEEDS = 4.0, 1000, range(5)
GRID = tuple(round(REACH * k / 20, 3) for k in range(21))
"""Distances at which breakpoints so far are noted."""
Name = Literal["dense", "convolutional"]
NETWORKS: dict[str, Callable[[], nn.Sequential]] = {
    "dense": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
        nn.Linear(64, 10),
    ),
    "convolutional": lambda: nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 10),
    ),
}  # fmt: skip


def _energies(x: Tensor) -> Tensor:
    """Squared sizes of waves of 0, 1, …, 4 periods along a side, for images (B, 64): (B, 5).

    A wave of two directions counts by the larger number of periods.
    """
    energy = torch.fft.fft2(x.reshape(-1, SIDE, SIDE)).abs().square().flatten(1)
    k = torch.minimum(torch.arange(SIDE), SIDE - torch.arange(SIDE))
    return energy @ functional.one_hot(torch.maximum(k[:, None], k).flatten()).to(energy)


def rings(x: Tensor) -> Tensor:
    """Share of the squared size of each image, (B, 64), in waves of 0, 1, …, 4 periods along a side: (B, 5)."""
    found = _energies(x)
    return found / found.sum(1, keepdim=True)


def rings_together(x: Tensor) -> Tensor:
    """The same shares of all images, (B, 64), together, some of which may be 0: (5,)."""
    found = _energies(x).sum(0)
    return found / found.sum()


@checked
def expected_crossings(distances: NonNegativeArray, reach: Positive, dimension: Count) -> float:
    """Mean number of planes that a ray of a random direction crosses within `reach`, at these distances from its start.

    >>> round(expected_crossings([0.0, 0.5, 2.0], 1.0, 3), 6)
    0.75
    """
    inside = 1 - (distances.double() / reach).square().clamp(max=1)
    return 0.5 * float(betainc((dimension - 1) / 2, 0.5, inside.numpy()).sum())


def first_change(found: LineBreakpoints, name: int) -> float:
    """The first place on a line that begins at 0 and ends at REACH at which the answer is no longer `name`, or inf."""
    ends = torch.tensor([0.0, REACH], dtype=torch.float64)
    left, right = torch.cat([ends[:1], found.positions]), torch.cat([found.positions, ends[1:]])
    slopes, leads = (part[:, [name]] - part for part in (found.slopes, found.intercepts))
    behind = left[:, None] * slopes + leads < 0  # at the left end already
    zero = torch.where(slopes < 0, -leads / slopes, math.inf)
    place = torch.where(behind, left[:, None], torch.where(zero <= right[:, None], zero, math.inf))
    place[:, name] = math.inf
    return float(place.min())


def classifier(name: Name, generator: Generator, x: Tensor, labels: Tensor) -> nn.Sequential:
    """Drawn as PyTorch draws, from `generator`, and trained with Adam on images (N, 1, 8, 8)."""
    model = NETWORKS[name]().double()
    for layer in model:
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            limit = layer.weight[0].numel() ** -0.5
            for part in layer.parameters():
                drawn = 2 * torch.rand(part.shape, generator=generator, dtype=torch.float64) - 1
                part.data.copy_(limit * drawn)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    for _ in range(STEPS):
        batch = torch.randint(len(x), (BATCH,), generator=generator)
        optimizer.zero_grad()
        functional.cross_entropy(model(x[batch]), labels[batch]).backward()
        optimizer.step()
    return model.eval()


def nearest(model: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """A short way from each image, (B, ...), to another answer: to the nearest of nine planes, ten times.

    Moosavi-Dezfooli, Fawzi and Frossard (2016), for any network.
    """
    moved, rows = torch.zeros_like(x), torch.arange(len(x))
    named = model(x).argmax(1)
    for _ in range(10):
        at = (x + moved).requires_grad_()
        said = model(at)
        grown = torch.stack(
            [torch.autograd.grad(said[:, k].sum(), at, retain_graph=True)[0].flatten(1) for k in range(10)], 1
        )
        gap = (said[rows, named][:, None] - said).detach()
        slopes = grown[rows, named][:, None] - grown
        size = slopes.norm(dim=-1)
        far = torch.where(size > 0, gap / size, math.inf)
        far[rows, named] = math.inf
        least, which = far.min(1)
        step = -(least + 1e-4)[:, None] * slopes[rows, which] / size[rows, which][:, None]
        moved = moved + (step * (said.argmax(1) == named)[:, None]).reshape(x.shape)
    return moved


def seen(model: nn.Sequential, x: Tensor, labels: Tensor, direction: Tensor, within: Tensor) -> dict[str, Any]:
    """What lies on lines from images along unit directions: breakpoints, and where the answer changes.

    change: first change of the answer for each image; so_far: mean number of breakpoints up to each distance of GRID,
    by layer; near: mean number within the distances `within`, (B,); gaps: mean number of breakpoints that share a gap
    between neighbouring ones of 1,000 samples with another, all but one in each gap counted.
    """
    found = breakpoints_on_lines(model, x, direction, low=0.0, high=REACH)
    layers = max(int(one.layers.max()) for one in found)
    so_far = torch.zeros(len(GRID), layers, dtype=torch.float64)
    shared = 0
    for one in found:
        so_far += torch.stack([(one.positions[one.layers == k + 1][:, None] <= torch.tensor(GRID)).double().sum(0)
                               for k in range(layers)], 1)  # fmt: skip
        shared += len(one.positions) - len((one.positions * (SAMPLES - 1) / REACH).floor().unique())
    near = sum(int((one.positions < far).sum()) for one, far in zip(found, within, strict=True))
    change = [first_change(one, int(label)) for one, label in zip(found, labels, strict=True)]
    return {
        "change": [round(min(one, REACH), 4) for one in change],
        "so_far": (so_far / len(found)).T.tolist(),
        "near": near / len(found),
        "gaps": shared / len(found),
    }


@checked
def digit_lines(*, seed: Seed, network: Name) -> dict[str, Any]:
    """Experiment: train a classifier on 1,000 digits, and walk from 100 others that it names rightly."""
    images, labels = shuffled_digits(generator_for(seed, "split"))
    x = images[:, None]
    model = classifier(network, generator_for(seed, "digit lines", network), x[:TRAIN], labels[:TRAIN])
    with torch.no_grad():
        right = model(x[TRAIN:]).argmax(1) == labels[TRAIN:]
    z, name = (part[TRAIN:][right][:TESTED] for part in (x, labels))
    way = nearest(model, z)
    aside = torch.randn(z.shape, generator=generator_for(seed, "aside"), dtype=torch.float64)
    length = lambda part: part.flatten(1).norm(dim=1)  # noqa: E731
    unit, aside = (part / length(part)[:, None, None, None] for part in (way, aside))
    found = {
        "right": float(right.double().mean()),
        "distance": float(length(way).median()),
        "size": float(length(z).median()),
    }
    for kind, direction in (("way", unit), ("aside", aside)):
        found |= {f"{one}_{kind}": value for one, value in seen(model, z, name, direction, length(way)).items()}
        found[f"rings_{kind}"] = rings(direction.flatten(1)).mean(0).tolist()
    found["rings_data"] = rings_together((x - x.mean(0)).flatten(1)).tolist()
    if network == "dense":
        w, b = model[1].weight.detach(), model[1].bias.detach()
        far = ((z.flatten(1) @ w.T + b) / w.norm(dim=1)).abs()
        found["expected"] = [0.0, *(sum(expected_crossings(one, r, 64) for one in far) / len(far) for r in GRID[1:])]
    return found


def main() -> None:
    results = sweep(digit_lines, settings(network=get_args(Name)), seeds=SEEDS, store="_build/digit_lines.jsonl")
    save(STORED, results, Provenance.here(COMMAND, SEEDS))


if __name__ == "__main__":
    main()
