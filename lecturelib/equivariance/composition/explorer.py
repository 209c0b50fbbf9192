"""The explorer of a small classifier: points in the plane, features, layers and an activation to choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting, Switch
from lecturelib.core.explorers import Explorer
from lecturelib.equivariance.composition.classifier import (
    ClassifierRun,
    Points,
    draw_points,
    outputs,
    plane_features,
    start_classifier,
    train_classifier,
)

POINTS, BATCH, STILL, END, SIDE = 500, 10, 100, 6.0, 60
"""Points, half of them for training, and those of a batch; epochs, half width and places of the still picture."""
FEATURES = {
    "plain": ["x1", "x2"], "squares": ["x1²", "x2²"], "product": ["x1x2"], "waves": ["sin x1", "sin x2"],
}  # fmt: skip
_SPEEDS = {"1": "1 epoch", "5": "5 epochs", "full": "as many as it can"}
_ONLY = {"layer1": 0.0, "layer2": 0.0}


class ClassifierExplorer(Explorer):
    """A network of two inputs that learns to tell two classes of points apart.

    Settings: the points (cloud) and their noise, which features the network gets, the widths of four hidden layers
    (0: there is none), the activation and the learning rate. Batches have 10 points, and half of 500 are for training.
    """

    module = "equivariance/composition/browser/face.js"
    title = "A small classifier"
    hint = "Press Play. Then try fewer units, more layers, other features: which of these can close a ring?"
    settings: ClassVar[tuple[Setting, ...]] = (
        Choice("cloud", "points", {
            "circle": "a disk in a ring", "xor": "four quarters", "gauss": "two clouds", "spiral": "two spirals",
        }, "circle"),
        Number("layer1", "units in layer 1", 0.0, 8.0, 4.0, step=1.0),
        Number("layer2", "in layer 2", 0.0, 8.0, 2.0, step=1.0),
        Number("layer3", "in layer 3", 0.0, 8.0, 0.0, step=1.0),
        Number("layer4", "in layer 4", 0.0, 8.0, 0.0, step=1.0),
        Choice("activation", "activation", {one: one for one in ("tanh", "relu", "sigmoid", "linear")}, "tanh"),
        Switch("plain", "x₁ and x₂", True),
        Switch("squares", "x₁² and x₂²", False),
        Switch("product", "x₁x₂", False),
        Switch("waves", "sin x₁ and sin x₂", False),
        Number("rate", "learning rate", 1e-3, 1.0, 0.03, log=True),
        Number("noise", "noise", 0.0, 0.5, 0.0, step=0.05),
        Number("seed", "draw", 1.0, 9999.0, 1.0, step=1.0, hidden=True),
        Choice("speed", "steps a frame", _SPEEDS, "1", hidden=True),
    )  # fmt: skip
    presets: ClassVar[Mapping] = {
        "lecture": ("4, 2 units, tanh", {}),
        "two": ("Two units", {"layer1": 2.0, "layer2": 0.0}),
        "narrow": ("Two units, four times", {"layer1": 2.0, "layer2": 2.0, "layer3": 2.0, "layer4": 2.0}),
        "three": ("Three units", {"layer1": 3.0, "layer2": 0.0}),
        "squares": ("Squares, no units", {"plain": False, "squares": True, **_ONLY}),
        "spiral": ("Spirals", {"cloud": "spiral", "layer1": 8.0, "layer2": 8.0, "waves": True}),
    }
    heights = (730, 1260)

    def __init__(self, name: str = "classifier", **beginning: Any) -> None:
        givens = {"points": POINTS, "batch": BATCH, "features": FEATURES}
        super().__init__(name, givens=givens, **beginning)

    @property
    def names(self) -> list[str]:
        """The features that are on; x₁ and x₂ where none is."""
        chosen = [name for key, some in FEATURES.items() if self.state[key] for name in some]
        return chosen or FEATURES["plain"]

    @property
    def hidden(self) -> list[int]:
        """The widths of the hidden layers that there are."""
        widths = [round(self.state[f"layer{k}"]) for k in (1, 2, 3, 4)]
        return [width for width in widths if width]

    def train(self, epochs: int) -> tuple[ClassifierRun, Points]:
        """The same training by the library, from draws of its own, and its points."""
        generator = torch.Generator().manual_seed(int(self.state["seed"]))
        drawn = draw_points(self.state["cloud"], POINTS, generator=generator, noise=self.state["noise"], members=1)
        seen, held = (Points(drawn.x[:, part], drawn.y[:, part]) for part in (slice(250), slice(250, None)))
        run = train_classifier(
            start_classifier(len(self.names), self.hidden, members=1, generator=generator), seen, held,
            hidden=self.hidden, names=self.names, activation=self.state["activation"],
            learning_rate=self.state["rate"], batch=BATCH, epochs=epochs,
        )  # fmt: skip
        return run, seen

    def draw(self) -> tuple[Figure, str]:
        """The points, and on which side the network puts each place of the plane."""
        run, (x, y) = self.train(STILL)
        places = torch.linspace(-END, END, SIDE, dtype=torch.float64)
        plane = torch.cartesian_prod(places, places)
        sizes = (len(self.names), *self.hidden, 1)
        values = outputs(run.theta[0], plane_features(plane, self.names), sizes, self.state["activation"])[-1]
        figure, axes = figures.new(height=3.2)
        shades = values.reshape(SIDE, SIDE).T
        axes.contourf(places, places, shades, levels=[-1.01, 0, 1.01], colors=[figures.ORANGE, figures.BLUE], alpha=0.2)
        for label, color, mark in ((1, figures.BLUE, "."), (-1, figures.ORANGE, "x")):
            axes.plot(*x[0][y[0] == label].T, mark, color=color, markersize=3, label=f"{label:+d}")
        axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
        axes.legend()
        layers = ", ".join(map(str, self.hidden)) or "no"
        wrong = 100 * float(run.wrong[0, -1])
        said = f"hidden layers: {layers}; {STILL} epochs; {wrong:.2g} % of the points held back lie on the wrong side"
        return figure, f"Points of two classes, and what a small network says of the plane; {said}."
