"""An explorer: a deep network trains in the browser, and its breakpoints move, split and vanish, layer by layer."""

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
from lecturelib.core.small_networks import Layout
from lecturelib.splines.depth.moving import DeepRun, train_deep

REACH = 1.3
STEPS = 20_000
TARGETS = {
    "sine": lambda x: torch.sin(math.pi * x),
    "fast": lambda x: torch.sin(3 * math.pi * x),
    "parabola": lambda x: 2 * x**2 - 1,
    "corner": lambda x: 2 * x.abs() - 1,
    "chirp": lambda x: torch.sin(5 * x**2),
}
"""What there is to fit on [−1, 1], as in browser/run.js."""
_TARGETS = {"sine": "a sine", "fast": "a fast sine", "parabola": "a parabola", "corner": "a corner", "chirp": "a chirp"}
_SPEEDS = {"even": "even in log time", "1": "1 step", "20": "20 steps", "200": "200 steps", "full": "full"}
_COLORS = (figures.BLUE, figures.ORANGE, figures.GREEN, figures.PINK, figures.INK, figures.GOLD)
_MARKS = "os^vDo"


class DepthExplorer(Explorer):
    """A deep ReLU network of one input learns a function on 40 data, by the steps of `train_deep`.

    Settings: target, layers, width (units of each), start, optimizer and rate. Its random starts follow the laws of
    `start_deep`, drawn by a generator of the browser's own. In JupyterLab `network` is what the browser shows.
    """

    module = "splines/depth/browser/face.js"
    title = "A deep network"
    hint = "Press Play. Filled marks bend the function, hollow ones do not. Which lanes only see marks move?"
    settings: ClassVar[tuple[Setting, ...]] = (
        Choice("target", "data", _TARGETS, "fast"),
        Number("layers", "layers", 1, 6, 5, step=1),
        Number("width", "units in each", 2, 12, 6, step=1),
        Choice("start", "start", {"pytorch": "PyTorch", "he": "He"}, "he"),
        Choice("optimizer", "optimizer", {"gd": "gradient descent", "adam": "Adam"}, "gd"),
        Number("rate", "learning rate η", 1e-5, 0.1, 5e-4, log=True),
        Number("seed", "draw", 1, 9999, 1, step=1, hidden=True),
        Choice("speed", "steps a frame", _SPEEDS, "even", hidden=True),
    )
    presets: ClassVar[Mapping] = {
        "deep": ("Five layers of six", {}),
        "shallow": ("One layer of twelve", {"layers": 1, "width": 12}),
        "pytorch": ("PyTorch's start", {"start": "pytorch"}),
        "parabola": ("A parabola", {"target": "parabola"}),
        "adam": ("Adam", {"optimizer": "adam", "rate": 0.003}),
    }
    heights = (730, 1050)

    def __init__(self, name: str = "deep", **beginning: Any) -> None:
        super().__init__(name, **beginning)

    @property
    def network(self) -> tuple[Layout, Tensor]:
        """The network that the browser shows: its layout and its numbers (P,). Raises RuntimeError before that."""
        seen = self.seen()
        return Layout(tuple(seen["sizes"])), torch.tensor(seen["theta"], dtype=torch.float64)

    def train(self) -> tuple[Tensor, Tensor, DeepRun]:
        """Data, and what the settings lead to after 20,000 steps, computed by the library."""
        state = self.state
        x = torch.linspace(-1, 1, 40, dtype=torch.float64)
        y = TARGETS[state["target"]](x)
        widths = [round(state["width"])] * round(state["layers"])
        settings = {"method": state["optimizer"], "start": state["start"], "learning_rate": state["rate"]}
        generator = torch.Generator().manual_seed(int(state["seed"]))
        return x, y, train_deep(widths, x, y, steps=STEPS, record_every=STEPS // 100, generator=generator, **settings)

    def draw(self) -> tuple[Figure, str]:
        """Data and function above, breakpoints in the lanes of their layers below."""
        x, y, run = self.train()
        z = torch.linspace(-REACH, REACH, 521, dtype=torch.float64)
        figure, (top, bottom) = figures.new(2, 1, height=5.0, sharex=True)
        values = run.layout.outputs(run.parameters[-1, 0], z[:, None])[:, 0]
        top.plot(z, values, color=figures.INK)
        top.plot(x, y, "o", color=figures.GOLD, markersize=4)
        layers = len(run.layout.sizes) - 2
        frames = [run.breakpoints(record) for record in range(len(run.steps))]
        for record, found in enumerate(frames):
            for layer in range(1, layers + 1):
                here = found.positions[(found.layers == layer) & (found.positions.abs() < REACH)]
                height = layer - 0.42 + 0.7 * record / (len(frames) - 1)
                bottom.plot(here, torch.full_like(here, height), ",", color=_COLORS[layer - 1])
        for layer in range(1, layers + 1):
            last = frames[-1]
            here = last.positions[(last.layers == layer) & (last.positions.abs() < REACH)]
            bottom.plot(here, torch.full_like(here, layer + 0.36), _MARKS[layer - 1], color=_COLORS[layer - 1])
        top.set(ylabel="$f(x)$")
        bottom.set(xlabel="$x$", ylabel="layer", ylim=(0.5, layers + 0.5), yticks=range(1, layers + 1))
        counts = [int(one.layers.numel()) for one in (frames[0], frames[-1])]
        return figure, (
            f"Above: 40 data and a network of {layers} layers after {STEPS:,} steps. Below: its breakpoints, a lane "
            f"for each layer, in which time runs upwards; on the line there were {counts[0]} first, {counts[1]} last."
        )
