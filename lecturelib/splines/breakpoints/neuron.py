"""The explorer of one neuron, or of two: weights to drag, and with data, the loss and steps downhill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from lecturelib.core import figures
from lecturelib.core.controls import Number, Setting
from lecturelib.core.display import number
from lecturelib.core.explorers import Explorer
from lecturelib.splines.breakpoints.network import Network

REACH = (-4.0, 4.0)
"""Both axes of the picture."""
LIMITS = {"w": 4.0, "b": 8.0, "v": 4.0}
"""How large weights become. b becomes larger than the others, so that a neuron of |w| ≤ 2 can bend anywhere."""
COLORS = (figures.ORANGE, figures.GREEN)
SUBSCRIPTS = ("₁", "₂")
PAIRS = {
    "step": ("A ramp that ends", {"w": 1.0, "b": 0.0, "v": 1.0, "w2": 1.0, "b2": -1.0, "v2": -1.0}),
    "fold": ("A fold", {"w": 1.0, "b": 0.0, "v": 1.0, "w2": -1.0, "b2": 0.0, "v2": 1.0}),
    "line": ("A straight line", {"w": 1.0, "b": 0.0, "v": 1.0, "w2": -1.0, "b2": 0.0, "v2": -1.0}),
}
"""What two neurons can make together."""


def weights(neuron: int, of: int, values: Sequence[float]) -> tuple[Setting, ...]:
    """The settings w, b, v of a neuron; the second one's are called w2, b2, v2."""
    end, sign = ("", "2")[neuron], SUBSCRIPTS[neuron] if of > 1 else ""
    named = zip(LIMITS.items(), values, strict=True)
    return tuple(Number(name + end, name + sign, -most, most, value=value, step=0.05) for (name, most), value in named)


class NeuronExplorer(Explorer):
    """Drag a neuron v (w x + b)₊ by its breakpoint, or by the point where w x + b = 1 and its output is v.

    neurons: 1 or 2, which are added up; their settings are w, b, v and w2, b2, v2. data: points (x, y); they bring the
    loss ½ Σ (f(x) − y)², the setting `rate` and steps of gradient descent. presets: in place of those of the class, as
    name → (words on the button, settings). Raises ValueError for another number of neurons, and as `Explorer` does.
    """

    module = "splines/breakpoints/browser/neuron_face.js"
    title = "One neuron"
    hint = "Drag the breakpoint, or the ringed point: its height is v, and its distance from the breakpoint is 1/|w|."
    presets: ClassVar[Mapping] = {
        "left": ("Facing left", {"w": -1.0, "b": 1.0, "v": 1.0}),
        "down": ("Bent downwards", {"w": 1.0, "b": 1.0, "v": -1.5}),
        "flat": ("No breakpoint", {"w": 0.0, "b": 1.0, "v": 2.0}),
    }
    heights = (520, 660)

    def __init__(
        self,
        name: str,
        *,
        neurons: int = 1,
        data: Sequence[Sequence[float]] = (),
        presets: Mapping[str, tuple[str, Mapping[str, Any]]] | None = None,
        **beginning: Any,
    ) -> None:
        if neurons not in (1, 2):
            raise ValueError(f"neurons: expected 1 or 2, got {neurons!r}")
        self.settings = weights(0, neurons, (1.0, 0.0, 1.0))
        if neurons == 2:
            self.settings += weights(1, neurons, (1.0, -1.0, -1.0))
            self.title, self.presets = "A network of two neurons", PAIRS
            self.hint = "Drag the breakpoints and the ringed points. The blue line is the sum of the dashed ones."
            self.heights = (580, 740)
        if data:
            self.settings += (Number("rate", "learning rate η", 0.01, 1.0, value=0.1, log=True),)
            self.title, self.presets = f"{self.title} learns", {}
            self.hint = "Drag, or go downhill step by step. Dashes are residuals: from each point to the graph."
            self.heights = (620, 760)
        if presets is not None:
            self.presets = presets
        points = [[float(x), float(y)] for x, y in data]
        givens = {"count": neurons, "data": points, "reach": REACH, "limits": LIMITS}
        super().__init__(name, givens=givens, **beginning)

    @property
    def network(self) -> Network:
        """The neurons as they stand in the browser, with b₀ = 0."""
        ends = ("", "2")[: self.givens["count"]]
        return Network(*([self.state[name + end] for end in ends] for name in LIMITS), 0.0)

    @property
    def loss(self) -> float:
        """½ Σ (f(x) − y)² over the data; 0 where there are none."""
        x, y = torch.tensor(self.givens["data"], dtype=torch.float64).reshape(-1, 2).T
        return float(0.5 * (self.network(x) - y).square().sum())

    def draw(self) -> tuple[Figure, str]:
        """The function, its neurons where there are two, and the data."""
        network, data = self.network, self.givens["data"]
        parts = (network.w, network.b, network.v)
        each = [Network(*neuron, 0.0) for neuron in zip(*(part[:, None] for part in parts), strict=True)]
        bends = [float(-one.b / one.w) + 0.0 for one in each if float(one.w)]  # 0, and never -0
        x = sorted({*REACH, *(place for place in bends if REACH[0] < place < REACH[1])})
        figure, axes = figures.new()
        for k, (one, color) in enumerate(zip(each, COLORS, strict=False), 1):
            if len(each) > 1:
                axes.plot(x, one(x), "--", color=color, label=f"neuron {k}")
        axes.plot(x, network(x), color=figures.BLUE, label="their sum" if len(each) > 1 else "output of the neuron")
        axes.plot(bends, [0.0] * len(bends), "o", color=figures.BLUE, label="breakpoint")
        if data:
            axes.plot(*zip(*data, strict=True), "o", color=figures.INK, label="data")
        axes.set(xlabel="$x$", ylabel="$f(x)$", xlim=REACH, ylim=REACH)
        axes.legend(loc="upper left")
        named = [f"{name} = {value:g}" for name, value in self.state.items() if name != "rate"]
        places = " and at ".join(f"{place:.3g}" for place in bends) or "no place"
        alt = f"With {', '.join(named)}, the graph bends at {places}."
        return figure, alt + (f" The loss on {len(data)} data is {number(self.loss)}." if data else "")
