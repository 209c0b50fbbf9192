"""Experiment: deep networks from a standard and from a spiky start, on the data of `regimes.experiments.spiky_run`.

`python -m lecturelib.splines.depth.spiky` repeats the run and stores it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lecturelib.core.arguments import Count, Positive, Seed, checked
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.core.small_networks import Layout, fit
from lecturelib.splines.depth.counting import breakpoints_of, start_deep
from lecturelib.splines.regimes.experiments import REACH, TARGETS, spiky_data

COMMAND = "python -m lecturelib.splines.depth.spiky"
STORED = Path("chapters/splines/data/depth_spiky.json")
LAYOUT = Layout((1, 15, 15, 15, 15, 1))
FACTOR = 10.0
"""By how much the output weights of the spiky start are larger: √100, as in the runs with one layer of 100."""
STEPS, SEEDS = 100_000, range(20)


def sharpness(layout: Layout, theta: Tensor, x: Tensor) -> float:
    """The largest eigenvalue of the tangent kernel of one network at x, (N,)."""
    slopes = torch.func.jacrev(lambda theta: layout.outputs(theta, x[:, None])[:, 0])(theta)
    return float(torch.linalg.matrix_norm(slopes, 2) ** 2)


def roughness(layout: Layout, theta: Tensor) -> float:
    """Sum of the squared changes of slope between −3 and 3."""
    return float(breakpoints_of(layout, theta, low=-REACH, high=REACH).slopes.diff(dim=0).square().sum())


@checked
def deep_spiky_test(*, seed: Seed, target: str, steps: Count = STEPS, factor: Positive = FACTOR) -> dict[str, float]:
    """Mean squared error at 601 places between the points, on the points, and roughness, for both starts.

    Both are He's start, the spiky one with output weights `factor` times as large. Trained with momentum 0.9 at the
    rate 1/λ, where λ is the largest eigenvalue of the tangent kernel of the start at hand. Raises ValueError for
    another target than those of `regimes.experiments`.
    """
    x, y = spiky_data(seed=seed, target=target)
    z = torch.linspace(float(x.min()), float(x.max()), 601, dtype=torch.float64)
    start = start_deep(LAYOUT, "he", generator=generator_for(seed, "deep spiky"))
    found = {}
    for name, scale in (("standard", 1.0), ("spiky", factor)):
        theta = start.clone()
        *_, (weights, _) = LAYOUT.layers(theta)
        weights.mul_(scale)
        rate = len(x) / sharpness(LAYOUT, theta[0], x)  # `fit` takes the mean over data
        run = fit(LAYOUT, theta, x[:, None], y[:, None], steps=steps, learning_rate=rate, optimizer="momentum")
        end = run.parameters[-1, 0]
        error = (LAYOUT.outputs(end, z[:, None])[:, 0] - TARGETS[target](z)).square().mean()
        fitted = (LAYOUT.outputs(end, x[:, None])[:, 0] - y).square().mean()
        found |= {name: float(error), f"{name}_fit": float(fitted)}
        found |= {f"{name}_rough_start": roughness(LAYOUT, theta[0])}
        found |= {f"{name}_rough": roughness(LAYOUT, end) if math.isfinite(float(fitted)) else math.nan}
    return found


def fitted(row: Mapping[str, Any], start: str) -> bool:
    """Whether a run has taken away half of what the best constant errs on the data, in squares."""
    _, y = spiky_data(seed=row["seed"], target=row["target"])
    return row[f"{start}_fit"] < 0.5 * float((y - y.mean()).square().mean())


def main() -> None:
    results = sweep(deep_spiky_test, settings(target=tuple(TARGETS)), seeds=SEEDS, store="_build/depth_spiky.jsonl")
    save(STORED, results, Provenance.here(COMMAND, SEEDS))


if __name__ == "__main__":
    main()
