"""An explorer: filters that learn two kinds of digits, upright or in all positions, from several starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Setting, Switch
from lecturelib.core.digits import all_digits
from lecturelib.core.explorers import Explorer
from lecturelib.equivariance.augmentation.drawing import tiles
from lecturelib.equivariance.augmentation.symmetry import asymmetry, augmented_loss, symmetrize
from lecturelib.equivariance.groups.actions import Action, Group, cyclic, dihedral

CLASSES, EACH, FILTERS = (4, 9), 12, 8
RATE, STILL = 0.6, 300
"""Learning rate, and steps of the still picture."""
GROUPS: dict[str, Group] = {"mirror": Group([[[1.0, 0.0], [0.0, -1.0]]]), "C4": cyclic(4), "D4": dihedral(4)}


def pictures() -> tuple[Tensor, Tensor]:
    """Twelve digits of each kind, 64 pixels from 0 to 1, and −1 or +1: (24, 64), (24,)."""
    images, labels = all_digits()
    chosen = [images[labels == one][:EACH].flatten(1) for one in CLASSES]
    signs = torch.tensor([-1.0, 1.0], dtype=torch.float64).repeat_interleave(EACH)
    return torch.cat(chosen), signs


def seeds() -> Tensor:
    """Random filters (8, 64), of which all starts are made, with three decimals."""
    draw = torch.randn(FILTERS, 64, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    return (0.25 * draw * 1000).round() / 1000


class FiltersExplorer(Explorer):
    """Filters of 8 × 8 pixels, trained live on 24 digits by descent on the logistic loss, with or without moved copies.

    Settings: the group, whether the data are augmented by it, how many filters (one linear, or eight with tanh), and
    the start: random, each filter symmetric, or with all copies of each filter.
    """

    module = "equivariance/augmentation/browser/face.js"
    title = "Filters under augmentation"
    hint = "Press Play (descent on the logistic loss). Then switch augmentation on, and start over."
    settings: ClassVar[tuple[Setting, ...]] = (
        Switch("augment", "augmentation", False),
        Choice("group", "symmetry", {"mirror": "mirror", "C4": "quarter turns", "D4": "turns and mirror"}, "C4"),
        Choice("model", "model", {"one": "one filter, linear", "eight": "eight filters, tanh"}, "one"),
        Choice("start", "start", {"random": "random", "symmetric": "symmetric", "copies": "all copies"}, "random"),
    )
    presets: ClassVar[Mapping] = {
        "alone": ("One filter, no augmentation", {}),
        "one": ("One filter, augmented", {"augment": True}),
        "random": ("Eight, random", {"augment": True, "model": "eight"}),
        "symmetric": ("Eight, each symmetric", {"augment": True, "model": "eight", "start": "symmetric"}),
        "copies": ("Eight, all copies", {"augment": True, "model": "eight", "start": "copies"}),
    }
    heights = (700, 960)

    def __init__(self, name: str = "filters", **beginning: Any) -> None:
        x, y = pictures()
        # where the value of each moved pixel comes from, one list for each element, the identity first
        moves = {key: group.images(8).elements.argmax(-1).tolist() for key, group in GROUPS.items()}
        givens = {"x": (16 * x).int().tolist(), "y": y.tolist(), "filters": seeds().tolist(), "moves": moves}
        super().__init__(name, givens={**givens, "rate": RATE, "classes": CLASSES}, **beginning)

    @property
    def action(self) -> Action:
        """The group on images."""
        return GROUPS[self.state["group"]].images(8)

    def start(self) -> tuple[Tensor, Tensor]:
        """Filters (k, 64) and output weights (k,)."""
        w = seeds()[:1] if self.state["model"] == "one" else seeds()
        signs = torch.tensor([1.0, -1.0] * 4, dtype=torch.float64)[: len(w)]
        moves = self.action.elements
        if self.state["start"] == "symmetric":
            w = symmetrize(w, self.action)
        if self.state["start"] == "copies" and len(w) > 1:
            count = len(w) // len(moves)
            w = torch.einsum("ki,gij->kgj", w[:count], moves).flatten(0, 1)
            signs = signs[:count].repeat_interleave(len(moves))
        return w, signs if len(w) == 1 else 0.5 * signs

    def train(self, steps: int) -> dict[str, Tensor]:
        """Filters, output weights, and how far the filters are from symmetric, one by one and as a set."""
        x, y = pictures()
        w, v = (one.requires_grad_() for one in self.start())
        single = len(w) == 1

        def model(z: Tensor) -> Tensor:
            return (z @ w.T)[:, 0] if single else torch.tanh(z @ w.T) @ v

        def loss(f: Tensor, y: Tensor) -> Tensor:
            return functional.softplus(-y * f)

        over_all = augmented_loss(model, self.action, loss)
        for _ in range(steps):
            value = over_all(x, y) if self.state["augment"] else loss(model(x), y).mean()
            slopes = torch.autograd.grad(value, [w, v], allow_unused=True)
            with torch.no_grad():
                for one, slope in zip((w, v), slopes, strict=True):
                    one -= RATE * (slope if slope is not None else 0.0)
        w = w.detach()
        each, together = (asymmetry(w, self.action, as_set=one) for one in (False, True))
        return {"filters": w, "outputs": v.detach(), "each": each, "set": together}

    def draw(self) -> tuple[Figure, str]:
        """The filters after some steps."""
        found = self.train(STILL)
        w = found["filters"]
        columns = min(4, len(w))
        figure, axes = figures.new(len(w) // columns, columns, height=1.5 * (len(w) // columns), squeeze=False)
        tiles(axes.flat, w)
        shown = "in all positions" if self.state["augment"] else "as they are"
        told = f"each is {100 * float(found['each']):.0f} % from symmetric, the set {100 * float(found['set']):.0f} %"
        return figure, f"Filters after {STILL} steps on digits shown {shown}: {told}."
