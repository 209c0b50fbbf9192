"""Lazy or feature training, measured: ensembles over starts, widths and scales s = α √m, each trained to the end.

Run the full settings, and store them: python -m lecturelib.kernels.lazy_or_feature.phases (about 40 minutes on a core
of its own).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import torch
from scipy.stats import beta
from torch import Generator, Tensor
from torch.linalg import matrix_norm

from lecturelib.core.arguments import Count, Reals, Seed, checked
from lecturelib.core.digits import shuffled_digits
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.core.kinds import Number
from lecturelib.kernels.lazy_or_feature.scaled import Flow, train_scaled
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.wide_networks import WideNetwork, draw_wide

DIMENSION, TRAIN, PROBES, DEPTH, STARTS = 10, 128, 64, 3, 3
WIDTHS = (8, 16, 32, 64, 128, 256)
SCALES = tuple(10 ** (k / 2) for k in range(-6, 7))  # of α √m
DATA = Path("chapters/kernels/data")


class Task(NamedTuple):
    """Training and test data: x (N, d) on the sphere of radius √d, labels y (N,), each 1 or −1."""

    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor


def digits(generator: Generator, train: int = TRAIN) -> Task:
    """The 1,797 handwritten digits of scikit-learn in random order, `train` of them to learn, the others to test.

    y is 1 for 0 to 4, −1 for 5 to 9. Images are centred and projected to the first ten principal components of those to
    learn, then put on the sphere.
    """
    pixels, classes = shuffled_digits(generator)
    images, y = 16 * pixels.flatten(1), torch.where(classes < 5, 1.0, -1.0).to(pixels)
    centre = images[:train].mean(0)
    axes = torch.linalg.svd(images[:train] - centre, full_matrices=False).Vh[:DIMENSION]
    return _split(_on_sphere((images - centre) @ axes.T), y, train)


def stripe(generator: Generator, train: int = TRAIN) -> Task:
    """Uniform points of the sphere in ten dimensions, 2,000 to test; y is 1 where |x₁| is below its median, else −1.

    Nine of ten directions do not matter. Paccolat et al. 2021.
    """
    x = _on_sphere(torch.randn(train + 2000, DIMENSION, generator=generator, dtype=torch.float64))
    median = DIMENSION * float(beta.ppf(0.5, 0.5, (DIMENSION - 1) / 2))  # of x₁²
    return _split(x, torch.where(x[:, 0].square() < median, 1.0, -1.0).to(x), train)


TASKS = {"digits": digits, "stripe": stripe}


def _on_sphere(x: Tensor) -> Tensor:
    return math.sqrt(x.shape[1]) * x / x.norm(dim=1, keepdim=True)


def _split(x: Tensor, y: Tensor, train: int) -> Task:
    if not DIMENSION < train < len(x):
        raise ValueError(f"train: expected more than {DIMENSION} and less than {len(x):,} data, got {train}")
    return Task(x[:train], y[:train], x[train:], y[train:])


Several = Annotated[int, Number("an integer, at least 2, as spreads are measured", least=2, whole=True)]


@checked
def phase(
    *, seed: Seed, width: Count, task: Literal["digits", "stripe"] = "digits", depth: Count = DEPTH,
    scales: Reals = SCALES, ensemble: Several = STARTS, train: Count = TRAIN,
) -> dict[str, list | float]:  # fmt: skip
    """Experiment: an ensemble of starts for every scale s = α √width, all in one batch, on data drawn by the seed.

    task: "digits" or "stripe"; depth: hidden layers of `width`, softplus without biases.
    Lists with a number for each scale, means over the starts: error, share of wrong signs on test data; together, the
    same for the mean output of the starts; half and time, when the loss was halved and training ended; change,
    ‖ΔK‖ / ‖K‖ on 64 test points; first, hidden, last, ‖ΔW‖ / ‖W‖ of the first, the second and the last matrix;
    spread, variance over starts of F, mean over test points, and size, mean of F² there; ended, the share of
    networks that fit all data. One number: kernel, variance over starts of K₀, relative to its mean squared.
    """
    data = TASKS[task](generator_for(seed, task), train)
    options = {"generator": generator_for(seed, "phases", width, depth), "activation": "softplus", "weight_scale": 1.0}
    start = draw_wide((DIMENSION, *[width] * depth, 1), ensemble=(ensemble,), **options)
    alpha = torch.tensor(scales, dtype=torch.float64)[:, None] / math.sqrt(width)
    found = measure(train_scaled(start, data.x, data.y, alpha=alpha), data)
    kernels = empirical_kernel(start, data.test_x[:PROBES])
    spread = float(kernels.var(0).sum() / kernels.mean(0).square().sum())
    return {**{name: [_short(v) for v in values.tolist()] for name, values in found.items()}, "kernel": _short(spread)}


def measure(flow: Flow, data: Task) -> dict[str, Tensor]:
    """What `phase` returns for each scale, from trained networks (scales, starts)."""
    before, after = flow.final.start, flow.final.now
    outputs = flow.final(data.test_x)  # (S, R, M)
    kernels = [empirical_kernel(network, data.test_x[:PROBES]) for network in (before, after)]
    results = {
        "error": (outputs * data.test_y <= 0).double().mean(-1),
        "half": flow.half_times,
        "time": flow.times,
        "change": matrix_norm(kernels[1] - kernels[0]) / matrix_norm(kernels[0]),
        **{name: moved(before, after, layer) for name, layer in (("first", 0), ("hidden", 1), ("last", -1))},
        "size": outputs.square().mean(-1),
        "ended": flow.stopped.double(),
    }
    return {
        **{name: values.mean(1) for name, values in results.items()},
        "together": (outputs.mean(1) * data.test_y <= 0).double().mean(-1),
        "spread": outputs.var(1).mean(-1),
    }


def moved(before: WideNetwork, after: WideNetwork, layer: int) -> Tensor:
    """‖ΔW‖ / ‖W‖ of one layer's matrix, (...)."""
    return matrix_norm(after.weights[layer] - before.weights[layer]) / matrix_norm(before.weights[layer])


def _short(value: float) -> float:
    return float(f"{value:.4g}")


RUNS = {
    "phases": {"width": WIDTHS},
    "phases_stripe": {
        "width": WIDTHS[1:5], "task": ["stripe"], "scales": [SCALES[3:11]], "ensemble": [2], "train": [64],
    },
    "phases_depth": {
        "depth": [1, 2, 3], "width": [32, 128], "scales": [SCALES[:5:2]], "ensemble": [2], "train": [64],
    },
}  # fmt: skip
"""Name of a file in chapters/kernels/data → settings of its runs, ten seeds each."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the full settings; what is interrupted carries on where it stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", default=list(RUNS), help=f"of {', '.join(RUNS)}")
    parser.add_argument("--store", default="_build/phases.jsonl", help="where single runs are kept")
    options = parser.parse_args(arguments)
    for name in options.runs:
        results = sweep(phase, settings(**RUNS[name]), seeds=range(10), store=options.store, progress=True)
        command = f"python -m lecturelib.kernels.lazy_or_feature.phases {name}"
        save(DATA / f"{name}.json", results, Provenance.here(command, range(10)))


if __name__ == "__main__":
    main()
