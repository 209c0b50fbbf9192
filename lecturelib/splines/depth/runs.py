r"""Experiment: 40 units in one to five layers, before and after training: pieces, and the pull of curvature.

The tables of the slides (Patel). Their data and most settings are lost: here 50 data evenly on [−π, π], targets divided
by their largest value, PyTorch's start, and two ways to train.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from lecturelib.core.arguments import Count, Seed, checked
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.splines.breakpoints.expansion import Target
from lecturelib.splines.depth.counting import Start, count_pieces
from lecturelib.splines.depth.moving import DeepRun, Method, curvature_correlation, train_deep

Name = Literal["sine", "fast sine", "5-piece poly", "sawtooth", "arctan", "exp", "quadratic", "cubic", "chirp"]
NAMES = get_args(Name)
LAYERS = (1, 2, 4, 5)
REACH = math.pi
CURVED = ("sine", "fast sine", "cubic", "chirp")
PACES: dict[Method, tuple[int, float]] = {"gd": (60_000, 4e-4), "adam": (20_000, 1e-3)}
"""Steps and learning rate, that of gradient descent for the sum over data."""
SEEDS = range(4)


def _bent(x: Tensor) -> Tensor:
    """A line of five pieces."""
    return (
        -x
        + 2 * (x + 2).clamp(min=0)
        - 3 * (x + 0.5).clamp(min=0)
        + 3 * (x - 0.5).clamp(min=0)
        - 2 * (x - 2).clamp(min=0)
    )


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sine": torch.sin,
    "fast sine": lambda x: torch.sin(3 * x),
    "5-piece poly": _bent,
    "sawtooth": lambda x: 2 * (x / 2 - torch.floor(x / 2 + 0.5)),
    "arctan": torch.arctan,
    "exp": torch.exp,
    "quadratic": lambda x: x**2,
    "cubic": lambda x: x**3,
    "chirp": lambda x: torch.sin(x**2 / 2),
}


def data(target: Name, count: int = 50) -> tuple[Tensor, Tensor]:
    """x and y, (count,)."""
    x = torch.linspace(-REACH, REACH, count, dtype=torch.float64)
    y = FUNCTIONS[target](x)
    return x, y / y.abs().max()


def curvature(target: Name) -> Target:
    """A target with its second derivative, by differences; only that is used."""
    f, step = FUNCTIONS[target], 1e-4
    second = lambda x: (f(x + step) - 2 * f(x) + f(x - step)) / step**2  # noqa: E731
    return Target(f, lambda x: (f(x + step) - f(x - step)) / (2 * step), second)


def seen(run: DeepRun, record: int, target: Name) -> dict[str, Any]:
    """What a network has: breakpoints, in all and within the data, pieces, correlation with curvature."""
    found = run.breakpoints(record)
    inside = found.positions[found.positions.abs() < REACH]
    counts = {"breakpoints": len(found.positions), "inside": len(inside), "pieces": count_pieces(found)}
    if target in CURVED:
        try:
            counts["correlation"] = curvature_correlation(inside, curvature(target), (-REACH, REACH))
        except ValueError:
            counts["correlation"] = math.nan
    return counts


@checked
def pieces_by_depth(*, seed: Seed, target: Name, layers: Count, method: Method) -> dict[str, Any]:
    """Experiment: 40 units in so many equal layers; what they have at the start and at the end, and the last loss."""
    x, y = data(target)
    steps, rate = PACES[method]
    generator = generator_for(seed, "depth", layers)
    widths = [40 // layers] * layers
    run = train_deep(widths, x, y, steps=steps, learning_rate=rate, method=method, generator=generator)
    return {"start": seen(run, 0, target), "end": seen(run, -1, target), "loss": float(run.losses[0, -1])}


def variation(target: Name) -> float:
    """Σ (y − ȳ)², twice the loss of the best constant."""
    _, y = data(target)
    return float((y - y.mean()).square().sum())


def learned(row: Mapping[str, Any]) -> bool:
    """Whether a run has taken away half of the loss of the best constant."""
    return row["loss"] < variation(row["target"]) / 4


@checked
def five_layers(*, seed: Seed, target: Name, start: Start) -> dict[str, Any]:
    """Experiment: five layers of eight units from one of two starts, by gradient descent: before, after, last loss."""
    x, y = data(target)
    steps, rate = PACES["gd"]
    generator = generator_for(seed, "five layers", start)
    run = train_deep([8] * 5, x, y, steps=steps, learning_rate=rate, start=start, generator=generator)
    return {"before": seen(run, 0, target), "after": seen(run, -1, target), "loss": float(run.losses[0, -1])}


def main() -> None:
    """The stored runs."""
    over = settings(target=NAMES, layers=LAYERS, method=get_args(Method))
    results = sweep(pieces_by_depth, over, seeds=SEEDS, store="_build/depth_pieces.jsonl")
    here = Provenance.here("python -m lecturelib.splines.depth.runs", list(SEEDS))
    save(Path("chapters/splines/data/depth_pieces.json"), results, here)
    both_starts()


def both_starts() -> None:
    """The second of them."""
    over = settings(target=("quadratic", "exp", "sine", "fast sine"), start=get_args(Start))
    results = sweep(five_layers, over, seeds=range(10), store="_build/depth_starts.jsonl")
    here = Provenance.here("python -m lecturelib.splines.depth.runs", list(range(10)))
    save(Path("chapters/splines/data/depth_starts.json"), results, here)


if __name__ == "__main__":
    main()
