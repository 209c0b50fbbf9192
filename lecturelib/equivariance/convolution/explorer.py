"""An explorer: a filter slides over a signal, the signal is moved, and the output follows or does not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting
from lecturelib.core.explorers import Explorer
from lecturelib.equivariance.convolution.errors import shift_equivariance_error
from lecturelib.equivariance.convolution.signals import correlate, shift_signal

SIZE = 24
TURN = 2 * math.pi / SIZE
SIGNALS = {
    "hill": [round(math.exp(2 * (math.cos(TURN * (i - 8)) - 1)), 3) for i in range(SIZE)],
    "step": [1.0 if 6 <= i < 13 else 0.0 for i in range(SIZE)],
    "spike": [1.0 if i == 8 else 0.0 for i in range(SIZE)],
    "zigzag": [1.0 if i % 2 == 0 else -1.0 for i in range(SIZE)],
}
FILTERS = {
    "one": [0.0, 1.0, 0.0], "blur": [0.25, 0.5, 0.25], "difference": [1.0, 0.0, -1.0], "edge": [-1.0, 2.0, -1.0],
    "wide": [0.2, 0.2, 0.2, 0.2, 0.2],
}  # fmt: skip


class SlidingExplorer(Explorer):
    """A filter on a signal of 24 places.

    Settings: signal, filter, where it lies (place), how far the signal is moved (shift), stride, and what is beyond the
    ends (padding).
    """

    module = "equivariance/convolution/browser/face.js"
    title = "A filter slides"
    hint = "Move the signal, with stride 1 and with 2. When does the output follow? A touch lays the filter there."
    settings: ClassVar[tuple[Setting, ...]] = (
        Number("shift", "signal moved by", -8, 8, 1, step=1),
        Number("stride", "stride", 1, 4, 1, step=1),
        Choice("padding", "beyond the ends", {"ring": "a ring", "zeros": "zeros"}, "ring"),
        Choice("signal", "signal", {one: one for one in SIGNALS}, "step"),
        Choice("filter", "filter", {
            "one": "(0, 1, 0)", "blur": "(1, 2, 1)/4", "difference": "(1, 0, −1)", "edge": "(−1, 2, −1)",
            "wide": "mean of 5",
        }, "difference"),
        Number("place", "filter at place", 0, SIZE - 1, 6, step=1),
    )  # fmt: skip
    presets: ClassVar[Mapping] = {
        "ring": ("A ring, every place", {}),
        "stride": ("Stride 2, moved by 1", {"stride": 2, "shift": 1}),
        "even": ("Stride 2, moved by 2", {"stride": 2, "shift": 2}),
        "blur": ("Blur before the stride", {"stride": 2, "shift": 1, "filter": "blur"}),
        "fold": ("The fastest wave", {"stride": 2, "shift": 1, "filter": "one", "signal": "zigzag"}),
        "zeros": ("Zeros outside", {"padding": "zeros", "signal": "zigzag", "shift": 3, "filter": "wide", "place": 0}),
    }
    heights = (680, 960)

    def __init__(self, name: str = "sliding", **beginning: Any) -> None:
        super().__init__(name, givens={"signals": SIGNALS, "filters": FILTERS}, **beginning)

    def outputs(self) -> dict[str, Any]:
        """Before, after, the old output moved as far, and the error: tensors (M,), two numbers."""
        stride, shift = round(self.state["stride"]), round(self.state["shift"])
        x = torch.tensor(SIGNALS[self.state["signal"]], dtype=torch.float64)
        w = torch.tensor(FILTERS[self.state["filter"]], dtype=torch.float64)

        def apply(x: Tensor) -> Tensor:
            return correlate(x, w, stride=stride, padding=self.state["padding"])

        found = shift_equivariance_error(apply, x[None], shifts=[shift], stride=stride)
        before = apply(x)
        return {
            "before": before, "after": apply(torch.roll(x, shift)), "wanted": shift_signal(before, shift / stride),
            "error": float(found.error), "wrong": int(found.wrong),
        }  # fmt: skip

    def draw(self) -> tuple[Figure, str]:
        """The signal with the moved one, and below them the outputs."""
        found, stride = self.outputs(), round(self.state["stride"])
        x, place = torch.tensor(SIGNALS[self.state["signal"]]), list(range(SIZE))
        figure, (top, bottom) = figures.new(2, 1, height=3.6)
        top.bar(
            place, torch.roll(x, round(self.state["shift"])).tolist(), color=figures.GREEN, alpha=0.7, label="moved"
        )
        top.bar(place, x.tolist(), fill=False, edgecolor=figures.MUTED, label="as it was")
        top.set(ylabel="signal")
        top.legend()
        at = list(range(0, SIZE, stride))
        bottom.bar(at, found["after"].tolist(), color=figures.BLUE, alpha=0.7, label="of the moved signal")
        bottom.plot(at, found["wanted"].tolist(), "o", color=figures.ORANGE, markersize=4, label="the old one, moved")
        bottom.set(xlabel="place", ylabel="output")
        bottom.legend()
        told = f"{found['wrong']} of {len(at)} outputs differ; the error is {100 * found['error']:.3g} % of the output."
        return figure, f"A signal moved by {round(self.state['shift'])}, seen by a filter with stride {stride}: {told}"
