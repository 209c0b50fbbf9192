"""An explorer: a curve, a tolerance, and the hinges that keep it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting
from lecturelib.core.explorers import Explorer
from lecturelib.kernels.approximation.curves import CURVES
from lecturelib.kernels.approximation.hinges import HingeNetwork

PLACES = 1601


class HingesExplorer(Explorer):
    """Hinges that approximate a curve on [−1, 1] by `hinge_approximation`.

    Settings: curve, tolerance, and what is known of the curve: the largest slope ("slope"), the largest curvature
    ("curvature"), or the curvature everywhere ("places").
    """

    module = "kernels/approximation/browser/face.js"
    title = "Hinges for a curve"
    hint = "Choose a curve and a tolerance. How many hinges keep it, and where are they?"
    settings: ClassVar[tuple[Setting, ...]] = (
        Number("tolerance", "tolerance", 0.002, 0.5, 0.05, log=True),
        Choice("curve", "curve", {
            "parabola": "x²", "exponential": "exp(3x)/10", "wave": "sin 2πx", "bump": "1/(1 + 25x²)",
        }, "bump"),
        Choice("known", "known", {
            "slope": "max |f′|", "curvature": "max |f″|", "places": "f″ everywhere",
        }, "curvature"),
    )  # fmt: skip
    presets: ClassVar[Mapping] = {
        "equal": ("Largest curvature", {"curve": "bump", "known": "curvature", "tolerance": 0.05}),
        "placed": ("Curvature everywhere", {"curve": "bump", "known": "places", "tolerance": 0.05}),
        "slope": ("Only the slope", {"curve": "bump", "known": "slope", "tolerance": 0.05}),
        "fine": ("A tenth of the tolerance", {"curve": "bump", "known": "places", "tolerance": 0.005}),
    }
    heights = (640, 860)

    def __init__(self, name: str = "hinges", **beginning: Any) -> None:
        super().__init__(name, **beginning)

    def network(self) -> HingeNetwork:
        """The network that is shown."""
        return CURVES[self.state["curve"]].approximate(self.state["tolerance"], self.state["known"])

    def draw(self) -> tuple[Figure, str]:
        """The curve with its band and the network, and the error below."""
        network, curve, tolerance = self.network(), CURVES[self.state["curve"]], self.state["tolerance"]
        x = torch.linspace(-1, 1, PLACES, dtype=torch.float64)
        f, g = curve.function(x), network(x)
        figure, (top, bottom) = figures.new(2, 1, height=3.8)
        top.fill_between(x, f - tolerance, f + tolerance, color=figures.GREEN, alpha=0.2, linewidth=0)
        top.plot(x, g, color=figures.BLUE, label="network")
        top.plot(network.knots, network(network.knots), "o", color=figures.ORANGE, markersize=3, label="hinges")
        top.set(ylabel="curve ± tolerance")
        top.legend()
        bottom.plot(x, g - f, color=figures.BLUE)
        for side in (-1, 1):
            bottom.axhline(side * tolerance, color=figures.GREEN)
            bottom.stairs(side * network.bounds, network.ends, baseline=None, color=figures.ORANGE, linestyle="--")
        bottom.set(xlabel="x", ylabel="error")
        seen = float((g - f).abs().max())
        told = f"{len(network.knots)} hinges, guaranteed error {network.error:.3g}, largest error {seen:.3g}"
        return figure, f"{told}, tolerance {tolerance:.3g}."
