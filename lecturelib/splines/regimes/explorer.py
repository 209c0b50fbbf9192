"""An explorer: one start at two scales of its weights, trained side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.controls import Number, Points, Setting
from lecturelib.core.experiments import generator_for
from lecturelib.core.explorers import Explorer
from lecturelib.splines.regimes.experiments import at_scales, between, scattered, train
from lecturelib.splines.training.descend import Trajectory

STEPS = 20_000


def _points(*, zigzag: bool = False) -> list[list[float]]:
    """The eight random points of the chapter with three decimals; zigzag: with signs that take turns."""
    x, y = scattered(generator_for(0, "scattered"), zigzag=zigzag)
    return [[round(float(a), 3), round(float(b), 3)] for a, b in zip(x, y, strict=True)]


POINTS = _points()


class ScalesExplorer(Explorer):
    """Two networks that begin as f = 0 with the same breakpoints; only the scale α of their weights differs.

    Both are trained by momentum in the browser, on points that can be moved (chapter *Regimes*).
    """

    module = "splines/regimes/browser/face.js"
    title = "One start, two scales"
    hint = "Press Play. Then move points, or change one of the scales, and guess before you press Play again."
    settings: ClassVar[tuple[Setting, ...]] = (
        Number("left", "scale α on the left", 0.01, 1000, 0.1, log=True),
        Number("right", "scale α on the right", 0.01, 1000, 10, log=True),
        Number("width", "width H", 20, 1000, 400, step=1, log=True),
        Number("seed", "draw", 1, 9999, 1, step=1, hidden=True),
        Points("points", "points", tuple(map(tuple, POINTS))),
    )
    presets: ClassVar[Mapping] = {
        "far": ("α = 0.1 and 10", {}),
        "near": ("α = 0.5 and 2", {"left": 0.5, "right": 2}),
        "turns": ("Corners that take turns", {"left": 0.4, "points": _points(zigzag=True)}),
        "narrow": ("Few neurons", {"width": 40}),
    }
    heights = (540, 960)

    def __init__(self, name: str = "scales", **beginning: Any) -> None:
        super().__init__(name, **beginning)

    @property
    def data(self) -> tuple[Tensor, Tensor]:
        """The points, x and y of shape (N,)."""
        points = torch.tensor(self.state["points"], dtype=torch.float64).reshape(-1, 2)
        return points[:, 0], points[:, 1]

    def train(self) -> Trajectory:
        """Both networks, shape (2, H), trained by the library from a start of its own draw."""
        scales = (self.state["left"], self.state["right"])
        generator = generator_for(int(self.state["seed"]), "scales explorer")
        start = at_scales("uniform, flat", scales, int(self.state["width"]), generator)
        return train(start, *self.data, STEPS)

    def draw(self) -> tuple[Figure, str]:
        """Where both end, beside the polygon and the natural cubic spline."""
        x, y = self.data
        z, polygon, cubic, apart = between(x, y)
        figure, panels = figures.new(1, 2, height=3.0, width=6.4, sharey=True)
        told = []
        curves = self.train().final(z)
        for axes, side, curve in zip(panels, ("left", "right"), curves, strict=True):
            axes.plot(z, polygon, "--", color=figures.ORANGE, linewidth=1.2, label="polygon")
            axes.plot(z, cubic, ":", color=figures.GREEN, label="cubic spline")
            axes.plot(z, curve, color=figures.BLUE, label="network")
            axes.plot(x, y, "o", color=figures.INK, markersize=4)
            axes.set(title=rf"$\alpha = {self.state[side]:g}$", xlabel="$x$")
            distances = apart(curve, polygon), apart(curve, cubic)
            told.append(
                f"at {self.state[side]:g} it is {distances[0]:.2f} from the polygon, {distances[1]:.2f} from the spline"
            )
        panels[0].legend(fontsize=7.5)
        return figure, f"Two networks through {x.numel()} points after {STEPS:,} steps, by scale: {'; '.join(told)}."
