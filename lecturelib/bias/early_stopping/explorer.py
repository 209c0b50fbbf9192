"""The explorer of two paths: gradient flow that is stopped, and ridge, on a parabola of two weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.controls import Number, Setting
from lecturelib.core.explorers import Explorer
from lecturelib.core.least_squares import flow_path, ridge_path

ANGLE = 30.0
"""Of the steep direction to the first axis, in degrees."""
LIMITS = {"x": (-2.0, 4.0), "y": (-1.8, 3.3)}


class StoppingExplorer(Explorer):
    """From a start to the minimum of a parabola by gradient flow, and by ridge around the start with λ = 1/t.

    Settings: the curvatures of both modes, the time, and the places of the start (x, y) and of the minimum (mx, my).
    """

    module = "bias/early_stopping/browser/face.js"
    title = "Two paths"
    hint = "Move the time. Where are stopping and ridge farthest apart? Then drag the green start and the minimum."
    settings: ClassVar[tuple[Setting, ...]] = (
        Number("time", "time t = 1/λ", 0.01, 100.0, 1.0, log=True),
        Number("steep", "curvature of the steep mode", 0.1, 20.0, 4.0, log=True),
        Number("flat", "curvature of the flat mode", 0.01, 20.0, 0.25, log=True),
        Number("x", "start, w₁", *LIMITS["x"], 0.0, hidden=True),
        Number("y", "start, w₂", *LIMITS["y"], 0.0, hidden=True),
        Number("mx", "minimum, w₁", *LIMITS["x"], 1.5, hidden=True),
        Number("my", "minimum, w₂", *LIMITS["y"], 2.0, hidden=True),
    )
    presets: ClassVar[Mapping] = {
        "round": ("Equal curvatures", {"steep": 1.0, "flat": 1.0}),
        "long": ("A long valley", {"steep": 20.0, "flat": 0.05, "time": 1.0}),
        "early": ("Early: both nearly agree", {"time": 0.05}),
        "apart": ("Farthest apart along a mode", {"steep": 1.79, "flat": 0.02, "time": 1.0}),
    }
    heights = (700, 960)

    def __init__(self, name: str = "stopping", **beginning: Any) -> None:
        givens = {"angle": ANGLE, "limits": {key: list(ends) for key, ends in LIMITS.items()}}
        super().__init__(name, givens=givens, **beginning)

    @property
    def system(self) -> tuple[Tensor, Tensor, Tensor]:
        """A, b and the start of ½ ‖A w − b‖² with these curvatures and this minimum."""
        turn = math.radians(ANGLE)
        modes = torch.tensor([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]], dtype=torch.float64)
        a = torch.tensor([self.state["steep"], self.state["flat"]], dtype=torch.float64).sqrt()[:, None] * modes
        goal, start = (torch.tensor([self.state[one] for one in names], dtype=torch.float64)
                       for names in (("mx", "my"), ("x", "y")))  # fmt: skip
        return a, a @ goal, start

    def places(self, times: Any) -> tuple[Tensor, Tensor]:
        """Where the flow is at times t > 0, and ridge with λ = 1/t: two of shape (T, 2)."""
        times = torch.as_tensor(times, dtype=torch.float64)
        return flow_path(*self.system, times=times), ridge_path(*self.system, penalties=1 / times)

    def draw(self) -> tuple[Figure, str]:
        """Both paths, and where they are now."""
        flow, ridge = self.places(torch.logspace(-3, 5, 161))
        now = [path[0] for path in self.places([self.state["time"]])]
        figure, axes = figures.new(height=3.4)
        axes.plot(*flow.T, color=figures.BLUE, label="gradient flow")
        axes.plot(*ridge.T, "--", color=figures.ORANGE, label=r"ridge, $\lambda = 1/t$")
        for place, color, mark in zip(now, (figures.BLUE, figures.ORANGE), "os", strict=True):
            axes.plot(*place[:, None], mark, color=color)
        axes.set(xlabel="$w_1$", ylabel="$w_2$", aspect="equal")
        axes.legend()
        told = [", ".join(f"{one:.3g}" for one in place.tolist()) for place in now]
        at = f"At t = {self.state['time']:g} the flow is at ({told[0]}), ridge at ({told[1]})."
        return figure, f"Two paths to the minimum. {at}"
