"""Makes games.json, a few steps of training as the library does them, for the tests of the browser's numerics.

Run: python -m tests.generative.adversarial.browser.make_games
"""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from lecturelib.core.small_networks import Layout, streams
from lecturelib.generative import GaussianGrid, covered_modes, train_gan
from lecturelib.generative.adversarial.training import Source

STORED = Path(__file__).with_name("games.json")
BATCH, HIDDEN, STEPS, RATE, ROUNDS = 6, 5, 4, 0.02, 2
GRID = GaussianGrid(2, spacing=2.0, scale=0.1)


def game(loss: str) -> dict:
    """Starts, draws (steps, rounds, points, 2) and ends of one pair."""
    generator = torch.Generator().manual_seed(7)
    layouts = Layout((2, HIDDEN, 2)), Layout((2, HIDDEN, 1))
    start = [one.start(1, generator=generator)[0].tolist() for one in layouts]
    plan = SimpleNamespace(batch=BATCH, networks=layouts, latent_scale=1.0, method="alternating", d_steps=ROUNDS)
    noise, real = Source(GRID, plan, streams(generator, 1)[0], np.dtype(float)).draw(STEPS)
    run = train_gan(
        GRID, g_sizes=HIDDEN, d_sizes=HIDDEN, batch=BATCH, method="alternating", d_steps=ROUNDS, optimizer="adam",
        momentum=0.5, learning_rate=RATE, loss=loss, steps=STEPS, samples=40,
        generator=torch.Generator().manual_seed(7),
    )  # fmt: skip
    covered = covered_modes(run.samples[-1, 0] * 2.0, GRID, share=0.1)
    return {
        "saturating": loss == "saturating", "batch": BATCH, "hidden": HIDDEN, "rate": RATE, "start": start,
        "noise": noise.swapaxes(-1, -2).tolist(), "real": real.swapaxes(-1, -2).tolist(),
        "end": [run.g_parameters[-1, 0].tolist(), run.d_parameters[-1, 0].tolist()],
        "samples": (2.0 * run.samples[-1, 0]).tolist(), "centres": GRID.means.tolist(),
        "counts": covered.counts.tolist(), "well": int(covered.well), "none": float(covered.none),
    }  # fmt: skip


def games() -> list[dict]:
    """Both losses."""
    return [game(loss) for loss in ("saturating", "non_saturating")]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in games()) + "\n]\n", encoding="utf-8")
