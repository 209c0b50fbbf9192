"""Weights of three widths that move or do not, while the function moves.

The browser's networks take the steps of `lecturelib.kernels.tangent_kernel.wide_networks`. Their random starts are
drawn by a generator of the browser's own.
"""

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
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.wide_networks import WideNetwork, train_wide
from lecturelib.kernels.tangent_kernel.widths import circle, start

WIDTHS, SIZE, PLACES, SHOWN, STEPS = (10, 100, 1000), 12, 120, 10, 1500


class WidthsExplorer(Explorer):
    """Networks of 10, 100 and 1000 neurons learn the same twelve numbers on the circle (chapter *The tangent kernel*).

    Settings: size of the target, activation. In JupyterLab `found` has the step, and for each network how far it is off
    the data and how far a weight has moved, as root mean squares.
    """

    module = "kernels/tangent_kernel/browser/face.js"
    title = "Three widths"
    hint = "Press Play. All three functions come to the data. Whose weights have moved? Then make the target larger."
    settings: ClassVar[tuple[Setting, ...]] = (
        Number("size", "size of the target", 0.5, 6, 1, step=0.5),
        Choice("activation", "activation", {"relu": "ReLU", "erf": "error function"}, "relu"),
        Number("seed", "draw", 1, 9999, 1, step=1, hidden=True),
    )
    presets: ClassVar[Mapping] = {
        "near": ("A small target", {"size": 1, "activation": "relu"}),
        "far": ("A large target", {"size": 4, "activation": "relu"}),
        "smooth": ("A smooth activation", {"size": 1, "activation": "erf"}),
    }
    heights = (640, 880)

    def __init__(self, name: str = "widths", **beginning: Any) -> None:
        super().__init__(name, **beginning)

    def trained(self, width: int) -> tuple[WideNetwork, WideNetwork, Tensor]:
        """A network at its start and after training, and its function around the circle before and after: (2, M)."""
        x, y = circle(SIZE)
        before = start(int(self.state["seed"]), width, 1, self.state["activation"], 1)
        rate = 1 / float(empirical_kernel(before, x).diagonal(dim1=-2, dim2=-1).sum())
        marks = {"learning_rate": rate, "steps": STEPS, "record_at": [0, STEPS], "watch": circle(PLACES)[0]}
        run = train_wide(before, x, self.state["size"] * y, **marks)
        return before, run.final, run.outputs[:, 0]

    def draw(self) -> tuple[Figure, str]:
        """The weights of ten neurons of each network before and after training, and the functions."""
        figure, panels = figures.new(2, 3, height=4.4, width=6.6, sharey="row")
        gamma, places = (torch.linspace(0, 2 * math.pi, n + 1, dtype=torch.float64)[:-1] for n in (PLACES, SIZE))
        told = []
        for (above, below), width in zip(panels.T, WIDTHS, strict=True):
            before, after, functions = self.trained(width)
            for state, color, mark in ((before, figures.MUTED, "."), (after, figures.BLUE, "o")):
                shown = state.weights[0][0, :SHOWN]
                above.plot(shown[:, 0], shown[:, 1], mark, color=color, fillstyle="none", markersize=6)
            below.plot(places, self.state["size"] * circle(SIZE)[1], "o", color=figures.ORANGE, markersize=4)
            for values, color, line in zip(functions, (figures.MUTED, figures.BLUE), ("--", "-"), strict=True):
                below.plot(gamma, values, line, color=color)
            above.set(title=f"{width:,} neurons", xlim=(-3.4, 3.4), ylim=(-3.4, 3.4), xlabel="$w_{i1}$")
            below.set(xlabel=r"angle $\gamma$")
            far = float((after.weights[0] - before.weights[0]).square().mean().sqrt())
            told.append(f"{far:.2f} with {width:,} neurons")
        panels[0, 0].set(ylabel="$w_{i2}$")
        panels[1, 0].set(ylabel="$f$")
        return figure, (
            "Input weights of ten neurons before (dots) and after training (rings), and below the functions. Root mean "
            f"squares of how far an input weight has moved: {', '.join(told)}."
        )
