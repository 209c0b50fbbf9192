"""The explorer of the margin: points of two classes to drag, and time from 1 to 10¹²."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.bias.maximum_margin.flow import margin_flow
from lecturelib.bias.maximum_margin.margins import hard_margin, margin, smooth_margin
from lecturelib.core import figures
from lecturelib.core.controls import Number, Points, Setting
from lecturelib.core.display import number
from lecturelib.core.explorers import Explorer

HALF = 2.5
FIVE = {
    "plus": ((0.4, 0.9), (1.6, 0.3), (1.9, 1.7), (0.9, 2.1), (2.2, -0.4)),
    "minus": ((-1.2, 0.2), (-0.5, -1.4), (-1.8, -1.2), (-2.1, 0.9), (-0.6, -2.0)),
}
OVERLAP = {"plus": ((1.0, 0.5), (1.5, 1.5), (-0.5, 0.3)), "minus": ((-1.0, -0.5), (-1.5, 1.0), (0.4, 1.0))}


class MarginExplorer(Explorer):
    """Drag the points of two classes and let time run (chapter *Maximum margin*)."""

    module = "bias/maximum_margin/browser/face.js"
    title = "Towards the widest margin"
    hint = "Let time run: it goes by factors of ten. Then drag points, and see which of them hold the dashed line."
    settings: ClassVar[tuple[Setting, ...]] = (
        Number("time", "time t", 1.0, 1e12, value=1.0, log=True),
        Points("plus", "points with label +1", ((1.0, 0.0),), most=20, limit=HALF),
        Points("minus", "points with label −1", ((0.0, -2.0),), most=20, limit=HALF),
    )
    presets: ClassVar[Mapping] = {
        "two": ("Two points", {"plus": ((1.0, 0.0),), "minus": ((0.0, -2.0),)}),
        "ten": ("Ten points", FIVE),
        "narrow": ("A narrow gap", {"plus": ((1.0, 0.25), (0.3, 2.0)), "minus": ((1.5, -0.1), (-1.0, -1.5))}),
        "overlap": ("No line does it", OVERLAP),
    }
    heights = (720, 900)

    @property
    def data(self) -> tuple[Tensor, Tensor]:
        """Points x (n, 2) and labels y (n,) as they stand in the browser."""
        plus, minus = self.state["plus"], self.state["minus"]
        x = torch.tensor([*plus, *minus], dtype=torch.float64).reshape(-1, 2)
        return x, torch.tensor([1.0] * len(plus) + [-1.0] * len(minus), dtype=torch.float64)

    @property
    def weights(self) -> Tensor:
        """w at the time that is set, (2,)."""
        return margin_flow(*self.data, [self.state["time"]])[0]

    def draw(self) -> tuple[Figure, str]:
        """The plane with the line of w, and margins in time."""
        x, y = self.data
        w, times = self.weights, torch.logspace(0, 12, 121, dtype=torch.float64)
        path = margin_flow(x, y, times)
        try:
            best = hard_margin(x, y)
        except ValueError:
            best = None
        figure, (left, right) = figures.new(1, 2, height=3.2, width=7.0)
        reach = torch.tensor([-6.0, 6.0])
        left.plot(*x[y > 0].T, "o", color=figures.BLUE, label="label +1")
        left.plot(*x[y < 0].T, "s", color=figures.ORANGE, label="label −1")
        left.plot(-w[1] / w.norm() * reach, w[0] / w.norm() * reach, color=figures.INK, label="line of $w$")
        right.semilogx(times, margin(path, x, y), color=figures.BLUE, label="margin")
        right.semilogx(times, smooth_margin(path, x, y), color=figures.PINK, label="smooth margin")
        told = "no line has all points on their sides"
        if best is not None:
            direction = best.direction
            left.plot(-direction[1] * reach, direction[0] * reach, "--", color=figures.GREEN, label="widest margin")
            right.axhline(float(best.margin), linestyle="--", color=figures.GREEN, label="the widest")
            right.set_ylim(min(0.0, float(margin(path, x, y).min())), 1.15 * float(best.margin))
            told = f"the widest margin is {number(float(best.margin))}"
        right.axvline(self.state["time"], color=figures.INK, linewidth=1)
        left.set(xlabel="$x_1$", ylabel="$x_2$", xlim=(-HALF, HALF), ylim=(-HALF, HALF), aspect="equal")
        right.set(xlabel="time $t$", ylabel="margin")
        left.legend(loc="upper left", fontsize=7)
        right.legend(loc="lower right")
        here = f"At t = {self.state['time']:.3g} the margin of w is {number(float(margin(w, x, y)))}"
        counts = f"{int((y > 0).sum())} points with label +1 and {int((y < 0).sum())} with label −1"
        return figure, f"{counts} in the plane, and the line of w. {here}; {told}."
