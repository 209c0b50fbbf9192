"""The explorer of descent on a surface: its steps, the flow, and the flows that follow the steps better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lecturelib.bias.discretization.paths import euler_path, field_flow
from lecturelib.bias.discretization.surfaces import SURFACES, Surface
from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting
from lecturelib.core.display import number
from lecturelib.core.explorers import Explorer

LEVELS = (0.02, 0.1, 0.3, 0.8, 2, 5, 12)
FIRST = SURFACES["valley"]
LOOKS = (("flow", figures.MUTED, "-"), ("modified flow", figures.ORANGE, "--"), ("of order 2", figures.GREEN, ":"))


def contours(axes: Axes, surface: Surface) -> None:
    """Lines of equal loss."""
    a, b = (torch.linspace(*ends, 121, dtype=torch.float64) for ends in (surface.x, surface.y))
    heights = surface(torch.stack(torch.meshgrid(a, b, indexing="xy"), -1))
    axes.contour(a, b, heights, levels=LEVELS, colors=figures.FAINT, linewidths=0.9)
    axes.set(xlabel="weight $a$", ylabel="weight $b$", xlim=surface.x, ylim=surface.y)


class DescentExplorer(Explorer):
    """Drag the start of a descent on a surface and choose its step (chapter *Discretization*)."""

    module = "bias/discretization/browser/face.js"
    title = "Steps and flows"
    hint = "Move the learning rate h: which of the three lines do the dots follow? Drag the ringed start elsewhere."
    settings: ClassVar[tuple[Setting, ...]] = (
        Number("h", "learning rate h", 0.02, 0.6, value=0.2, log=True),
        Choice("surface", "surface", {name: one.words for name, one in SURFACES.items()}, "valley"),
        Number("a", "start a", -2.0, 3.4, value=FIRST.start[0], step=0.05),
        Number("b", "start b", -1.6, 2.6, value=FIRST.start[1], step=0.05),
    )
    presets: ClassVar[Mapping] = {
        "small": ("Small steps", {"h": 0.05}),
        "large": ("Large steps", {"h": 0.4}),
        "bend": ("A bent valley", {"surface": "bend", "a": -1.2, "b": 0.4, "h": 0.3}),
        "zigzag": ("Too large for a flow", {"surface": "bowl", "a": 2.6, "b": 1.2, "h": 0.4}),
        "basins": ("Two basins", {"surface": "saddle", "a": -1.7, "b": 1.0, "h": 0.5}),
    }
    heights = (700, 900)

    def __init__(self, name: str, **beginning: Any) -> None:
        surfaces = {
            key: {"terms": one.terms, "x": one.x, "y": one.y, "start": one.start, "time": one.time}
            for key, one in SURFACES.items()
        }
        super().__init__(name, givens={"surfaces": surfaces}, **beginning)

    @property
    def surface(self) -> Surface:
        """The surface that is chosen."""
        return SURFACES[self.state["surface"]]

    @property
    def steps(self) -> int:
        """How many steps of about h fill the time."""
        return max(1, round(self.surface.time / self.state["h"]))

    def paths(self) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Descent, (steps + 1, 2), and the flows of order 0, 1 and 2, (101, 2) each, to the same time."""
        surface, (low, high) = self.surface, zip(self.surface.x, self.surface.y, strict=True)
        start = torch.tensor([self.state["a"], self.state["b"]], dtype=torch.float64)
        start = start.clamp(torch.tensor(low, dtype=torch.float64), torch.tensor(high, dtype=torch.float64))
        rate, times = surface.time / self.steps, torch.linspace(0, surface.time, 101, dtype=torch.float64)
        fields = [lambda w, order=order: surface.speed(w, rate, order) for order in (0, 1, 2)]
        descent = euler_path(fields[0], start, learning_rate=rate, steps=self.steps)
        return descent, [field_flow(one, start, times=times, tolerance=1e-9) for one in fields]

    def draw(self) -> tuple[Figure, str]:
        """The surface with descent and the three flows."""
        descent, flows = self.paths()
        figure, axes = figures.new(height=3.8)
        contours(axes, self.surface)
        for (label, color, style), path in zip(LOOKS, flows, strict=True):
            axes.plot(*path.T, style, color=color, label=label)
        axes.plot(*descent.T, "o-", color=figures.BLUE, markersize=4, linewidth=0.8, label="gradient descent")
        axes.legend(loc="upper right")
        off = [number(float((path[-1] - descent[-1]).norm())) for path in flows]
        alt = f"Contour lines of a surface, and {self.steps} steps of descent, which end {off[0]} from the flow, "
        return figure, alt + f"{off[1]} from the modified flow and {off[2]} from that of order 2."
