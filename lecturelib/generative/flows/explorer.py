"""The explorer of a Gaussian that is pushed through time by a trained flow."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting
from lecturelib.core.experiments import load
from lecturelib.core.explorers import Explorer
from lecturelib.core.statements import CHAPTERS
from lecturelib.generative.flows.continuous import ContinuousFlow, log_normal
from lecturelib.generative.flows.densities import push
from lecturelib.generative.flows.experiments import stored_flow

TIME, STEPS = 0.5, 40
TARGETS = {"gaussians": "eight Gaussians", "board": "checkerboard"}


@cache
def stored() -> dict[str, list]:
    """The numbers of the two small flows, as `experiments flows_small` trained them."""
    results, _ = load(CHAPTERS / "generative/data/flows_small.json")
    return {key: next(one["numbers"] for one in results if one["target"] == name) for key, name in TARGETS.items()}


class PushExplorer(Explorer):
    """400 normal points and one that can be dragged, carried by a flow of 2 × 32 tanh units until a time t.

    Settings: the target that the flow was trained on, the time, and the start of the one point (x, y).
    """

    module = "generative/flows/browser/face.js"
    title = "A Gaussian pushed through time"
    hint = (
        "Move the time from 0 to its end. Then drag the green start across the gap between two heaps: where does it go?"
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Choice("target", "trained on", TARGETS, "gaussians"),
        Number("time", "time t", 0.0, TIME, 0.0, step=0.01),
        Number("x", "start, z₁", -3.0, 3.0, 0.8, hidden=True),
        Number("y", "start, z₂", -3.0, 3.0, 0.1, hidden=True),
    )
    presets: ClassVar[Mapping] = {
        "end": ("Eight heaps", {"time": TIME}),
        "middle": ("From the middle", {"x": 0.0, "y": 0.0, "time": TIME}),
        "board": ("Checkerboard", {"target": "board", "time": TIME}),
    }
    heights = (700, 800)

    def __init__(self, name: str = "push", **beginning: Any) -> None:
        flows = {key: {"numbers": numbers, "time": TIME} for key, numbers in stored().items()}
        super().__init__(name, givens={"flows": flows, "reach": [-4.6, 4.6], "count": 400, "steps": STEPS}, **beginning)

    @property
    def flow(self) -> ContinuousFlow:
        """The flow that is shown."""
        return stored_flow(stored()[self.state["target"]], TIME)

    def places(self, starts: Tensor, time: float) -> tuple[Tensor, Tensor]:
        """Where points (N, 2) are at a time in (0, T], and ln det of the map until then (N,)."""
        flow = self.flow
        part = ContinuousFlow(flow.weights, flow.biases, flow.rates, time)
        return tuple(push(part, starts, steps=STEPS))

    def draw(self) -> tuple[Figure, str]:
        """The points now, and the one that can be dragged."""
        start = torch.tensor([[self.state["x"], self.state["y"]]], dtype=torch.float64)
        crowd = torch.randn(400, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        time = max(self.state["time"], 1e-6)
        (one, log_det), (many, _) = self.places(start, time), self.places(crowd, time)
        figure, axes = figures.new(height=4.2, width=4.6)
        axes.plot(*many.T, ".", color=figures.BLUE, markersize=3)
        axes.plot(*start.T, "o", color=figures.GREEN)
        axes.plot(*one.T, "s", color=figures.ORANGE)
        axes.set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal", xlim=(-4.6, 4.6), ylim=(-4.6, 4.6))
        where = ", ".join(f"{value:.3g}" for value in one[0].tolist())
        density = float((log_normal(start) - log_det)[0])
        return (
            figure,
            f"400 points at t = {self.state['time']:g}. One point is at ({where}), where ln p is {density:.3g}.",
        )
