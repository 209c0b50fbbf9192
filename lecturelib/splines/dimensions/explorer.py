"""An explorer: two inputs, break lines, a gap in the data; the network trains in the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting
from lecturelib.core.explorers import Explorer
from lecturelib.splines.dimensions.drawing import draw_planes
from lecturelib.splines.dimensions.gap import TARGETS, data_with_gap, flat_start, stable_rate, train_planes
from lecturelib.splines.dimensions.planes import BreakPlanes

WIDTH, COUNT, LIMIT = 30, 40, 1.2
STILL_STEPS = 300


class PlanesExplorer(Explorer):
    """Thirty neurons of two inputs that learn forty data with a gap.

    Settings: target, gap, scale of the start (alpha), steps a frame (pace), seed of data and start.
    """

    module = "splines/dimensions/browser/face.js"
    title = "Break lines and a gap"
    hint = "Press Play. Shade is strong where f is high. The larger its jump, the wider a line; at the start all are 0."
    settings: ClassVar[tuple[Setting, ...]] = (
        Choice("target", "data from", {
            "valley": "a valley", "twist": "two planes", "saddle": "a saddle", "bump": "a bump",
        }, "valley"),
        Number("gap", "gap", 0, 0.7, 0.4, step=0.05),
        Number("alpha", "scale of the start α", 0.1, 3, 0.3, log=True),
        Number("pace", "steps a frame", 1, 100, 20, step=1),
        Number("seed", "seed", 0, 20, 0, step=1),
    )  # fmt: skip
    presets: ClassVar[Mapping] = {
        "rich": ("A small start", {"alpha": 0.1}),
        "lazy": ("A large start", {"alpha": 3.0}),
        "whole": ("No gap", {"gap": 0.0}),
        "saddle": ("A saddle", {"target": "saddle", "alpha": 0.3}),
    }
    heights = (700, 980)

    def __init__(self, name: str = "lines", **beginning: Any) -> None:
        super().__init__(name, givens={"width": WIDTH, "count": COUNT, "limit": LIMIT}, **beginning)

    def trained(self, steps: int) -> tuple[BreakPlanes, torch.Tensor]:
        """A network after so many steps with these settings, from a start and data drawn in Python, and its data."""
        draw = torch.Generator().manual_seed(int(self.state["seed"]))
        x = data_with_gap(COUNT, self.state["gap"], draw)
        start = flat_start(WIDTH, self.state["alpha"], draw)
        run = train_planes(x, TARGETS[self.state["target"]](x), *start, steps=steps, rate=stable_rate(start))
        return run[-1].planes, x

    def draw(self) -> tuple[Figure, str]:
        """Lines after some steps of a run of its own."""
        planes, x = self.trained(STILL_STEPS)
        figure, axes = figures.new(height=3.4)
        draw_planes(axes, planes, x, LIMIT)
        axes.set(xlabel="$x_1$", ylabel="$x_2$")
        total = float(planes.slope_jumps.abs().sum())
        told = f"{WIDTH} break lines and {COUNT} data, none with |x₁| below {self.state['gap']:g}"
        return figure, f"{told}, after {STILL_STEPS} steps; the jumps add up to {total:.2f}."
