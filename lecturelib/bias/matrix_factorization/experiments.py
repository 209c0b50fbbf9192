"""Stored experiments on matrix completion, as functions of a seed.

Run them all, and store them: python -m lecturelib.bias.matrix_factorization.experiments (about ten minutes on a core).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lecturelib.bias.matrix_factorization.completion import complete
from lecturelib.bias.matrix_factorization.nuclear import effective_rank, nuclear_completion
from lecturelib.bias.matrix_factorization.planted import low_rank_matrix, matrix_with_spectrum, observe
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep

DATA = Path("chapters/bias/data")


def table_run(*, seed: int, entries: int, depth: int, scale: float) -> dict[str, float]:
    """A cell of Arora et al. 2019: 100 × 100, rank 5, mean squared error 1e-6 on the observed entries.

    depth 0 is the least nuclear norm, with a slack of 1e-3 as there. error: mean squared, over all entries;
    rank: effective; matrices and places are those of the seed, whatever the other settings.
    """
    draw = generator_for(seed, "matrix", entries)
    matrix = low_rank_matrix((100, 100), 5, generator=draw)
    seen = observe(matrix, entries, generator=draw)
    if depth == 0:
        found = nuclear_completion(*seen, (100, 100), slack=1e-3, tolerance=1e-4).matrix
        return measured(found, matrix)
    options: dict[str, Any] = {"generator": generator_for(seed, "start", depth), "tolerance": 1e-6}
    flow = complete(*seen, (100, 100), depth=depth, scale=scale, **options)
    return {**measured(flow.matrix, matrix), "time": short(flow.stopped)}


def threshold_run(*, seed: int, entries: int, rank: int, size: int = 40) -> dict[str, float]:
    """Errors of three completions of one matrix of low rank: least nuclear norm, and flows of depths 2 and 3."""
    draw = generator_for(seed, "threshold", rank)
    matrix = low_rank_matrix((size, size), rank, generator=draw)
    return compared(matrix, entries, seed)


def spectrum_run(*, seed: int, power: float, entries: int = 800, size: int = 40) -> dict[str, float]:
    """The same for a matrix of full rank whose singular values are r^{−power}, scaled to mean square 1."""
    spectrum = torch.arange(1, size + 1, dtype=torch.float64) ** -power
    spectrum *= size / spectrum.norm()
    matrix = matrix_with_spectrum(spectrum, generator=generator_for(seed, "spectrum", power))
    return compared(matrix, entries, seed)


def compared(matrix: Tensor, entries: int, seed: int) -> dict[str, float]:
    """Mean squared errors at the unobserved entries, relative to those of putting 0 there."""
    seen = observe(matrix, entries, generator=generator_for(seed, "places", entries))
    shape = tuple(matrix.shape)
    hidden = torch.ones(shape, dtype=torch.bool)
    hidden[seen.rows, seen.columns] = False
    found = {"nuclear": nuclear_completion(*seen, shape, tolerance=1e-4).matrix}
    for depth in (2, 3):
        options: dict[str, Any] = {"generator": generator_for(seed, "start", depth), "tolerance": 1e-5}
        found[f"depth{depth}"] = complete(*seen, shape, depth=depth, scale=1e-4, **options).matrix
    size = matrix[hidden].square().mean()
    return {name: short((one - matrix)[hidden].square().mean() / size) for name, one in found.items()}


def measured(found: Tensor, matrix: Tensor) -> dict[str, float]:
    return {"error": short((found - matrix).square().mean()), "rank": short(effective_rank(found))}


def short(value: Tensor) -> float:
    return float(f"{float(value):.4g}")


TABLE = [
    *settings(entries=[2000, 5000], depth=[0], scale=[0.0]),
    *settings(entries=[2000, 5000], depth=[2, 3, 4], scale=[1e-3, 1e-4, 1e-5, 1e-6]),
]
RUNS = {
    "completion": (table_run, TABLE, range(10)),
    "threshold": (threshold_run, settings(entries=list(range(200, 1001, 100)), rank=[2]), range(5)),
    "spectra": (spectrum_run, settings(power=[0.0, 0.5, 1.0, 1.5, 2.0, 3.0]), range(5)),
}
"""Name of a file in chapters/bias/data → function, settings, seeds."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the experiments; what is interrupted carries on where it stopped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", default=list(RUNS), help=f"of {', '.join(RUNS)}")
    parser.add_argument("--store", default="_build/completion", help="folder where single runs are kept")
    options = parser.parse_args(arguments)
    for name in options.runs:
        run, over, seeds = RUNS[name]
        results = sweep(run, over, seeds=seeds, store=Path(options.store, f"{name}.jsonl"))
        command = f"python -m {__spec__.name} {name}"
        save(DATA / f"{name}.json", results, Provenance.here(command, seeds))


if __name__ == "__main__":
    main()
