"""The explorer of the loss along a slice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting
from lecturelib.core.experiments import generator_for
from lecturelib.core.explorers import Explorer
from lecturelib.splines.breakpoints.drawing import mark_breakpoints
from lecturelib.splines.breakpoints.network import Spline
from lecturelib.splines.loss_surface.slices import TYPES, LossSlice, slice_loss

REACH = (-3.4, 3.6)
COLORS = (figures.MUTED, figures.ORANGE, figures.GREEN, figures.PINK)
LOOKS = dict(zip(TYPES, zip("o^vs", COLORS, strict=True), strict=True))


def scenes() -> dict[str, dict[str, Any]]:
    """Data (x, y) and the network without the neuron that moves: eleven data on a cosine, noise, and a bent network."""
    # the decimals that a slider or an address gives meet these data exactly
    x = torch.tensor([round(0.6 * place, 1) for place in range(-5, 6)], dtype=torch.float64)
    noise = torch.randn(11, generator=generator_for(0, "loss slice", "noise"), dtype=torch.float64)
    nothing = {"breakpoints": [], "delta_slopes": [], "orientations": [], "b0": 0.0}
    bent = {"breakpoints": [-1.5, 0.9], "delta_slopes": [1.6, -2.2], "orientations": [-1.0, 1.0], "b0": 1.0}
    cosine, wave = 3 * torch.cos(2.5 * x), 2 * torch.cos(1.1 * x) + 0.5 * noise
    found = {"cosine": (cosine, nothing), "noise": (noise, nothing), "network": (wave, bent)}
    return {name: {"x": x.tolist(), "y": y.tolist(), "rest": rest} for name, (y, rest) in found.items()}


class SliceExplorer(Explorer):
    """Slide one breakpoint through the data and watch the loss (chapter *The loss surface*)."""

    module = "splines/loss_surface/browser/face.js"
    title = "A slice of the loss"
    hint = "Drag the breakpoint through the data, then let it go and see where it comes to rest."
    settings: ClassVar[tuple[Setting, ...]] = (
        Number("beta", "breakpoint β", *REACH, value=0.3, step=0.01),
        Number("mu", "delta-slope μ", -2.0, 2.0, value=0.2, step=0.05),
        Choice("facing", "facing", {"right": "to the right", "left": "to the left"}, "right"),
        Choice("scene", "data", {"cosine": "a cosine", "noise": "noise", "network": "a network fits them"}, "cosine"),
    )
    presets: ClassVar[Mapping] = {
        "caught": ("Caught by a datum", {"beta": -0.5}),
        "repeller": ("On a repeller", {"beta": 0.0}),
        "noise": ("Noise", {"scene": "noise", "facing": "left", "mu": -0.2, "beta": 0.9}),
        "network": ("In a network", {"scene": "network", "facing": "left", "beta": 1.5}),
        "dead": ("Beyond the edge", {"beta": 3.2}),
    }
    heights = (620, 760)

    def __init__(self, name: str, **beginning: Any) -> None:
        super().__init__(name, givens={"scenes": scenes(), "reach": REACH}, **beginning)

    @property
    def _data(self) -> dict[str, Any]:
        return self.givens["scenes"][self.state["scene"]]

    @property
    def spline(self) -> Spline:
        """The network as it stands in the browser; the neuron that moves is the last."""
        rest, side = self._data["rest"], 1.0 if self.state["facing"] == "right" else -1.0
        moving = {"breakpoints": self.state["beta"], "delta_slopes": self.state["mu"], "orientations": side}
        return Spline(**{name: [*rest[name], value] for name, value in moving.items()}, b0=rest["b0"])

    @property
    def cut(self) -> LossSlice:
        """The slice of the loss on which the neuron moves."""
        return slice_loss(self.spline, self._data["x"], self._data["y"], neuron=-1)

    def draw(self) -> tuple[Figure, str]:
        """Data and network above, the slice with its knots below."""
        spline, cut, beta, data = self.spline, self.cut, self.state["beta"], self._data
        loss = float(cut([beta]))
        z = torch.linspace(*REACH, 701, dtype=torch.float64)
        figure, (top, bottom) = figures.new(2, 1, height=4.6, sharex=True)
        top.plot(data["x"], data["y"], "o", color=figures.INK, label="data")
        top.plot(z, spline(z), color=figures.BLUE, label="network")
        mark_breakpoints(top, spline)
        top.set(ylabel="$y$")
        top.legend(loc="upper left", ncols=2)
        bottom.plot(z, cut(z), color=figures.BLUE)
        for kind, (marker, color) in LOOKS.items():
            where = cut.knots[[found == kind for found in cut.types]]
            if len(where):
                bottom.plot(where, cut(where), marker, color=color, markersize=8, label=kind)
        bottom.plot([beta], [loss], "D", color=figures.BLUE, label="breakpoint")
        bottom.set(xlabel=r"breakpoint $\beta$", ylabel="loss")
        bottom.legend(ncols=2)
        kinds = ", ".join(f"{kind} at {float(knot):.1f}" for knot, kind in zip(cut.knots, cut.types, strict=True))
        alt = f"Above: {len(data['x'])} data and a network that bends at {beta:.2f}. Below: the loss along the slice, "
        return figure, alt + f"{loss:.2f} at the breakpoint, with knots: {kinds}."
