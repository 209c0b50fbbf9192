"""What the first page of the book shows: one network that learns, as a function and as a cloud of weights."""

from __future__ import annotations

from typing import ClassVar

import torch
from matplotlib.figure import Figure

from lecturelib.core import figures
from lecturelib.core.controls import Number, Points, Setting
from lecturelib.core.explorers import Explorer
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.regimes.flows import stable_rate
from lecturelib.splines.training.descend import Trajectory, descend

MARK = ((-0.9, -0.5), (-0.4, 0.5), (0.05, -0.3), (0.4, 0.8), (0.85, 0.05))
"""The corners of the line in the mark of the book."""
STEPS = 10_000
EDGE = 3.8  # a quadratic of curvature λ is stable under momentum below EDGE / λ, as in regimes/browser/measures.js


class TwoSpaces(Explorer):
    """A shallow ReLU network that learns as soon as it is seen, and goes on when its data are moved.

    Settings: the points, the width and the draw of the start. Its steps are those of gradient descent with momentum 0.9
    at a rate that is stable at the start. Raises as `Explorer` does.
    """

    module = "splines/playground/browser/spaces.js"
    title = "Two views of one network"
    hint = "Drag a point, or touch the chart to add one: the network learns it. Its weights move; its function follows."
    settings: ClassVar[tuple[Setting, ...]] = (
        Points("points", "data", MARK, most=12),
        Number("width", "number of neurons", 2, 500, 40, step=1, hidden=True),
        Number("seed", "draw", 1, 9999, 1, step=1, hidden=True),
    )
    heights = (440, 760)

    def train(self) -> Trajectory:
        """What the settings lead to after 10,000 steps, from a start that the library draws."""
        x, y = torch.tensor(self.state["points"], dtype=torch.float64).T
        generator = torch.Generator().manual_seed(int(self.state["seed"]))
        start = initialize(int(self.state["width"]), "he", generator=generator)
        rate = EDGE / 2 * float(stable_rate(start, x, y))
        return descend(start, x, y, steps=STEPS, optimizer="momentum", learning_rate=rate, record_every=STEPS)

    def draw(self) -> tuple[Figure, str]:
        """The function at the start and at the end, and the weights on their way."""
        run = self.train()
        first, last = run.networks[0], run.final
        x = torch.linspace(-1.25, 1.25, 501, dtype=torch.float64)
        figure, (left, right) = figures.new(1, 2, width=6.6, height=3.0)
        left.plot(x, first(x), color=figures.MUTED, linewidth=1, label="start")
        left.plot(x, last(x), color=figures.BLUE, label=f"step {STEPS:,}")
        left.plot(*zip(*self.state["points"], strict=True), "o", color=figures.GOLD, label="data")
        left.set(xlabel="$x$", ylabel="$f(x)$", ylim=(-1.25, 1.25), title="The function")
        left.legend(fontsize=8)
        right.plot(torch.stack([first.w, last.w]), torch.stack([first.v, last.v]), color=figures.ORANGE, linewidth=0.8)
        right.plot(last.w, last.v, "o", color=figures.ORANGE, markersize=4)
        right.set(xlabel="input weight $w$", ylabel="output weight $v$", title="The weights")
        before, after = float(run.losses[0]), float(run.losses[-1])
        count, width = len(self.state["points"]), int(self.state["width"])
        return figure, (
            f"Left: {count} data and the line that a network of {width} neurons draws before training and after "
            f"{STEPS:,} steps; the loss fell from {before:.3g} to {after:.3g}. "
            "Right: a dot for each neuron, and a thin line from where it began."
        )
