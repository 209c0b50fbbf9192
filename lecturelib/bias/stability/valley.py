r"""The valley L(u, v) = ½ (u v − 1)² + ½ λ (u² + v²): the smallest network with a line of minima, and its explorer.

It is the loss of the network v u x on the datum (1, 1) with a penalty λ. Without it every (u, v) with u v = 1 is a
minimum, of curvatures 0 and u² + v². With 0 < λ < 1 there are two, u = v = ±√(1 − λ), of curvatures 2λ and 2 − 2λ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.bias.stability.curvature import dense
from lecturelib.bias.stability.descent import descend
from lecturelib.core import figures
from lecturelib.core.arguments import NonNegative, checked
from lecturelib.core.controls import Number, Setting
from lecturelib.core.explorers import Explorer

REACH = (-4.0, 4.0)
STEPS = 500


@checked
def valley(penalty: NonNegative = 0.0) -> Callable[[Tensor], Tensor]:
    """The function (u, v) ↦ ½ (u v − 1)² + ½ λ (u² + v²) of a vector (2,).

    >>> valley(0.5)(torch.tensor([2.0, 3.0]))
    tensor(15.7500)
    """
    return lambda w: 0.5 * (w[0] * w[1] - 1) ** 2 + 0.5 * penalty * (w @ w)


def draw_valley(axes: Axes, rate: float = 0.0, penalty: float = 0.0) -> None:
    """The plane of u and v: the line u v = 1, and the minima that hold weights for descent with this rate (0: flow)."""
    low, high = REACH
    across = torch.logspace(math.log10(1 / high), math.log10(high), 401, dtype=torch.float64)
    stable = across.square() + across.square().reciprocal() <= (2 / rate if rate else math.inf)
    for sign in (1, -1):
        axes.plot(sign * across, sign / across, "--", color=figures.MUTED if penalty else figures.GOLD,
                  label="$uv = 1$" if sign > 0 else None)  # fmt: skip
        if penalty == 0 and bool(stable.any()):
            axes.plot(sign * across[stable], sign / across[stable], color=figures.GREEN, linewidth=4,
                      label="minima that hold" if sign > 0 else None)  # fmt: skip
        elif penalty:
            size = sign * max(0.0, 1 - penalty) ** 0.5
            axes.plot([size], [size], "D", color=figures.GREEN, label="minima that hold" if sign > 0 else None)
    axes.set(xlim=(low, high), ylim=(low, high), xlabel="$u$", ylabel="$v$", aspect="equal")


class ValleyExplorer(Explorer):
    """Drag the start of descent in the valley, and choose the learning rate and the penalty."""

    module = "bias/stability/browser/face.js"
    title = "A valley of minima"
    hint = "Drag the start. Then make the steps longer, or turn on the penalty, and look where descent ends."
    settings: ClassVar[tuple[Setting, ...]] = (
        Number("u", "start u", *REACH, value=2.8, step=0.05),
        Number("v", "start v", *REACH, value=1.6, step=0.05),
        Number("rate", "learning rate η", 0.01, 1.2, value=0.05, log=True),
        Number("penalty", "penalty λ", 0.0, 1.0, value=0.0, step=0.01),
    )
    presets: ClassVar[Mapping] = {
        "long": ("Long steps", {"u": 0.4, "v": 3.2, "rate": 0.3}),
        "penalty": ("A penalty", {"penalty": 0.1, "rate": 0.1}),
        "small": ("A small start", {"u": 0.1, "v": 0.05, "rate": 0.1}),
        "none": ("Steps that rest nowhere", {"rate": 1.05, "u": 1.0, "v": 0.8}),
    }
    heights = (600, 720)

    def __init__(self, name: str, **beginning: Any) -> None:
        super().__init__(name, givens={"reach": REACH, "steps": STEPS}, **beginning)

    @property
    def path(self) -> Tensor:
        """Where descent goes from the state of the browser, (steps + 1, 2). Raises ValueError where it overflows."""
        start, rate = [self.state["u"], self.state["v"]], self.state["rate"]
        return descend(valley(self.state["penalty"]), start, learning_rate=rate, steps=STEPS)

    def draw(self) -> tuple[Figure, str]:
        """The plane of weights with the path."""
        figure, axes = figures.new(height=4.2)
        draw_valley(axes, self.state["rate"], self.state["penalty"])
        place = f"({self.state['u']:g}, {self.state['v']:g})"
        said = f"The plane of two weights with the line u v = 1. Descent starts at {place}"
        try:
            path = self.path
        except ValueError:
            axes.plot([self.state["u"]], [self.state["v"]], "o", color=figures.BLUE, label="start")
            said += " and leaves all bounds."
        else:
            axes.plot(*path.T, ".-", color=figures.BLUE, linewidth=1, label="descent")
            axes.plot(*path[-1:].T, "s", color=figures.ORANGE, label="its end")
            low, high = torch.linalg.eigvalsh(dense(valley(self.state["penalty"]), path[-1])).tolist()
            said += f" and after {STEPS} steps is at ({float(path[-1, 0]):.3g}, {float(path[-1, 1]):.3g}), "
            said += f"where the curvatures are {low if abs(low) > 1e-6 else 0:.3g} and {high:.3g}."
        axes.legend(loc="lower left")
        return figure, said
