"""The explorer of the line of solutions: two weights, one datum, a start and a kick to drag, and a diagonal network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.bias.minimum_norm.diagonal import diagonal_limit
from lecturelib.bias.minimum_norm.memory import kicked_descent
from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting
from lecturelib.core.explorers import Explorer
from lecturelib.core.least_squares import least_norm

DATUM, TARGET = (2.0, 1.0), 5.0
STEPS, WHEN = 24, 8
"""How many steps are taken, and with which of them the kick comes."""
LIMITS = {"x": (-3.0, 6.0), "y": (-3.0, 4.5), "k": (-6.0, 6.0)}
MODELS = {"plain": "w itself is trained", "diagonal": "w = u² − v², from u = v = α"}


class PlaneExplorer(Explorer):
    """Where descent on ½ (2 w₁ + w₂ − 5)² ends, from any start, with a kick on its way and weight decay.

    With the model "diagonal" the weights are w = u² − v², and the path is that of gradient flow from u = v = α.
    """

    module = "bias/minimum_norm/browser/face.js"
    title = "A line of solutions"
    hint = "Drag the blue start, then the orange point, which kicks the weights in step 8. Where does training end?"
    settings: ClassVar[tuple[Setting, ...]] = (
        Choice("model", "model", MODELS, "plain"),
        Number("rate", "learning rate η‖a‖²", 0.05, 2.2, 0.5, step=0.05),
        Number("decay", "weight decay λ/‖a‖²", 0.0, 0.3, 0.0, step=0.01),
        Number("alpha", "scale α of the diagonal network", 0.01, 3.0, 0.1, log=True),
        Number("x", "start, w₁", *LIMITS["x"], -1.0, hidden=True),
        Number("y", "start, w₂", *LIMITS["y"], 2.0, hidden=True),
        Number("kx", "kick, w₁", *LIMITS["k"], 0.0, hidden=True),
        Number("ky", "kick, w₂", *LIMITS["k"], 0.0, hidden=True),
    )
    presets: ClassVar[Mapping] = {
        "origin": ("Start at 0", {"x": 0.0, "y": 0.0}),
        "kick": ("A kick", {"kx": 2.0, "ky": -2.0}),
        "decay": ("A kick and weight decay", {"kx": 2.0, "ky": -2.0, "decay": 0.1}),
        "edge": ("At the largest rate", {"rate": 2.0}),
        "sparse": ("A diagonal network from small weights", {"model": "diagonal", "alpha": 0.05}),
        "wide": ("… and from large ones", {"model": "diagonal", "alpha": 2.0}),
    }
    heights = (720, 980)

    def __init__(self, name: str = "plane", **beginning: Any) -> None:
        limits = {key: list(ends) for key, ends in LIMITS.items()}
        givens = {"a": list(DATUM), "b": TARGET, "steps": STEPS, "when": WHEN, "limits": limits}
        super().__init__(name, givens=givens, **beginning)

    @property
    def path(self) -> Tensor:
        """The weights after every step, (STEPS + 1, 2), by the library; of a diagonal network 0 and its end, (2, 2)."""
        if self.state["model"] == "diagonal":
            end = diagonal_limit([DATUM], [TARGET], scale=self.state["alpha"])
            return torch.stack([torch.zeros_like(end), end])
        kicks = torch.zeros(STEPS, 2, dtype=torch.float64)
        kicks[WHEN - 1] = torch.tensor([self.state["kx"], self.state["ky"]])
        curvature = sum(one**2 for one in DATUM)
        how = {"learning_rate": self.state["rate"] / curvature, "decay": self.state["decay"] * curvature}
        return kicked_descent([DATUM], [TARGET], [self.state["x"], self.state["y"]], kicks, **how)

    def draw(self) -> tuple[Figure, str]:
        """The line of solutions and the path."""
        path, least = self.path, least_norm([DATUM], [TARGET])
        figure, axes = figures.new(height=3.6)
        w1 = torch.tensor([0.0, 4.2])
        axes.plot(w1, (TARGET - DATUM[0] * w1) / DATUM[1], color=figures.INK, label="solutions")
        axes.plot(*path.T, "o-", color=figures.BLUE, markersize=3, label="path of training")
        axes.plot(*least[:, None], "s", color=figures.GOLD, label="least norm")
        axes.set(xlabel="$w_1$", ylabel="$w_2$", xlim=(-3, 6), ylim=(-3, 4.5), aspect="equal")
        axes.legend(fontsize=8)
        start, end = (", ".join(f"{one + 0.0:.3g}" for one in w.tolist()) for w in (path[0], path[-1]))
        return figure, f"A straight line of solutions, and a path of weights from ({start}) to ({end})."
