"""The four runs at the end of the slides: a grid of nine Gaussians, two networks of 128 neurons, with seeds.

Run: python -m lecturelib.generative.mode_collapse.runs [--steps 400000] [--seeds 10] [--store FILE]

The slides' length is 400,000 steps, and 2,400,000 for simultaneous steps with RMSprop (run 2) by its title; `--only`
takes runs by number. Ten seeds of all take about an hour on a core.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lecturelib.core.experiments import Provenance, generator_for, save, sweep
from lecturelib.core.statements import CHAPTERS
from lecturelib.generative.adversarial.mixtures import GaussianGrid, covered_modes
from lecturelib.generative.adversarial.training import train_gan
from lecturelib.generative.mode_collapse.bridges import lipschitz_bound, slopes

STORED = CHAPTERS / "generative/data/collapse.json"
LONG = STORED.with_name("collapse_long.json")  # --steps 2400000 --only 2
RUNS = [
    {"method": method, "optimizer": optimizer}
    for optimizer in ("sgd", "rmsprop")
    for method in ("simultaneous", "follow_the_ridge")
]
SHOWN = 300  # samples kept of the last record


def measured(samples: Tensor, steep: Tensor, near: Tensor) -> dict[str, Any]:
    """Slopes at latent points, (S,): medians where samples are near a mode and where they are not, and the largest."""

    def middle(which: Tensor) -> float | None:
        return float(steep[which].median()) if bool(which.any()) else None

    return {"inside": middle(near), "between": middle(~near), "steepest": float(steep.max())}


def slide_run(
    *, method: str, optimizer: str, steps: int, records: int, seed: int, width: int = 128, batch: int = 128,
    rate: float = 1e-3, decay: float = 0.999, damping: float = 1.0, latent_scale: float = 0.1, points: int = 5000,
    samples: int = 2000, device: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """One run with one seed: modes hit and covered well, share of samples at none, slopes, at `records` steps.

    The sample of `points` data is drawn once. Settings as the slides' titles have them, where they can be read.
    """
    grid = GaussianGrid(3)
    data = grid.sample(points, generator=generator_for(seed, "data"))
    run = train_gan(
        data, g_sizes=width, d_sizes=width, latent=2, method=method, optimizer=optimizer, learning_rate=rate,
        decay=decay if optimizer == "rmsprop" else None, damping=damping, steps=steps, batch=batch,
        latent_scale=latent_scale, samples=samples, generator=generator_for(seed, "play"), device=device,
        record_every=max(1, steps // records), dtype=torch.float32,
    )  # fmt: skip
    made = run.samples[:, 0].double().nan_to_num(1e9, 1e9, -1e9).clamp(-1e9, 1e9).cpu()
    covered = covered_modes(made, grid)
    reach = torch.cdist(made, grid.means).amin(-1)
    steep = slopes(run.g, run.g_parameters[:, 0], run.latents[0]).double().cpu()
    rows = [measured(*row) for row in zip(made, steep, reach <= 0.3, strict=True)]
    return {
        "at": run.steps, "hit": covered.hit.tolist(), "well": covered.well.tolist(),
        "none": [round(one, 4) for one in covered.none.tolist()],
        "bound": [float(f"{one:.4g}") for one in lipschitz_bound(run.g, run.g_parameters[:, 0]).tolist()],
        **{name: [row[name] and float(f"{row[name]:.4g}") for row in rows] for name in rows[0]},
        "broken": round(float(run.broken[0]), 4),
        "samples": [[round(one, 2) for one in place] for place in made[-1, :SHOWN].tolist()],
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400_000)
    parser.add_argument("--records", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", type=int, nargs="*", default=range(len(RUNS)))
    parser.add_argument("--device")
    parser.add_argument("--store", type=Path, default=STORED)
    parser.add_argument("--kept", type=Path, help="a file for single runs, so that what is interrupted carries on")
    given = parser.parse_args(arguments)
    common = {"steps": given.steps, "records": given.records}
    common |= {"device": given.device} if given.device else {}
    seeds = range(given.seeds)
    found = sweep(slide_run, [{**RUNS[one], **common} for one in given.only], seeds=seeds, store=given.kept)
    command = "python -m lecturelib.generative.mode_collapse.runs"
    command += f" --steps {given.steps} --records {given.records} --seeds {given.seeds}"
    if list(given.only) != list(range(len(RUNS))):
        command += f" --only {' '.join(map(str, given.only))}"
    save(given.store, found, Provenance.here(command, seeds))


if __name__ == "__main__":
    main()
