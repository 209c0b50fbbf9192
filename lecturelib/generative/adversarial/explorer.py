"""The explorer of the game: a generator and a discriminator that are trained in the browser, and the modes covered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting
from lecturelib.core.explorers import Explorer
from lecturelib.generative.adversarial.mixtures import GaussianGrid, GaussianMixture
from lecturelib.generative.adversarial.training import GanRun, train_gan

HIDDEN, BATCH, SHOWN, SCALE, MOMENTUM = 32, 64, 400, 0.1, 0.5
"""Neurons of each network, points in a batch, points shown, standard deviation of a clump, first decay of Adam."""
STILL = 1000
"""Steps of the still picture."""
_SPEEDS = {"1": "1", "10": "10", "full": "as many as it can"}


class GameExplorer(Explorer):
    """A pair of networks on clumps of data in the plane, trained in turns by Adam.

    Settings: the loss of G, the clumps in a row and the distance between them, the rate, and how many steps D takes for
    each of G. `found` holds what is seen: the step, the numbers of modes hit and covered well, and V/2 + ln 2.
    """

    module = "generative/adversarial/browser/face.js"
    title = "A game of two networks"
    hint = "Press Play. How many clumps do the orange points find? Then let the discriminator take ten steps at a time."
    settings: ClassVar[tuple[Setting, ...]] = (
        Choice(
            "loss", "loss of the generator", {"non_saturating": "−ln D", "saturating": "ln(1 − D)"}, "non_saturating"
        ),
        Choice("clumps", "clumps of data", {"1": "1", "2": "4", "3": "9"}, "2"),
        Number("spacing", "distance between clumps", 0.5, 3.0, 2.0, step=0.1),
        Number("rounds", "steps of D for one of G", 1.0, 10.0, 1.0, step=1.0),
        Number("rate", "learning rate", 1e-4, 0.02, 0.002, log=True),
        Number("seed", "draw", 1.0, 9999.0, 1.0, step=1.0, hidden=True),
        Choice("speed", "steps a frame", _SPEEDS, "10", hidden=True),
    )
    presets: ClassVar[Mapping] = {
        "nine": ("Nine clumps", {"clumps": "3"}),
        "ahead": ("D ten steps ahead", {"rounds": 10.0}),
        "saturating": ("D ahead, saturating loss", {"rounds": 10.0, "loss": "saturating"}),
        "apart": ("Clumps far apart", {"spacing": 3.0, "clumps": "3"}),
    }
    heights = (720, 980)

    def __init__(self, name: str = "game", **beginning: Any) -> None:
        givens = {"hidden": HIDDEN, "batch": BATCH, "shown": SHOWN, "scale": SCALE}
        super().__init__(name, givens=givens, **beginning)

    @property
    def data(self) -> GaussianMixture:
        """The distribution of the data as it is set."""
        return GaussianGrid(int(self.state["clumps"]), spacing=self.state["spacing"], scale=SCALE)

    def train(self, steps: int) -> GanRun:
        """The same training by the library, from draws of its own."""
        state = self.state
        return train_gan(
            self.data, g_sizes=HIDDEN, d_sizes=HIDDEN, batch=BATCH, method="alternating", d_steps=int(state["rounds"]),
            optimizer="adam", momentum=MOMENTUM, learning_rate=state["rate"], loss=state["loss"], steps=steps,
            samples=SHOWN, generator=torch.Generator().manual_seed(int(state["seed"])),
        )  # fmt: skip

    def draw(self) -> tuple[Figure, str]:
        """Data, and what is generated after some steps."""
        run, data = self.train(STILL), self.data
        figure, axes = figures.new(height=3.2)
        axes.plot(
            *data.sample(SHOWN, generator=torch.Generator().manual_seed(0)).T, ".", color=figures.BLUE, label="data"
        )
        axes.plot(*run.samples[-1, 0].T, ".", color=figures.ORANGE, label="generated")
        axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
        axes.legend()
        covered = f"{int(run.well[-1, 0])} of {len(data.means)} clumps of data"
        return figure, f"Points of a generator after {STILL:,} steps of training, near {covered}."
