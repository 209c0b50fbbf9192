"""An explorer: waves of a small picture are kept or erased, and a linear classifier answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Points, Setting
from lecturelib.core.digits import all_digits
from lecturelib.core.explorers import Explorer
from lecturelib.equivariance.interpretability.masks import masked

SIDE, RIDGE = 8, 10.0
SHOWN = (0, 1, 2, 3, 4, 15, 6, 7, 8, 9)
"""Which of the digits of scikit-learn are offered, one of each kind."""


@cache
def classifier() -> tuple[list[list[int]], list[list[float]], list[float]]:
    """Pictures of 64 numbers from 0 to 16, weights (10, 64) and biases (10,) of a ridge fit to "is it this digit?"."""
    images, labels = all_digits()
    x = torch.cat([images.flatten(1), torch.ones(len(images), 1, dtype=torch.float64)], 1)
    y = torch.nn.functional.one_hot(labels).double()
    found = torch.linalg.solve(x.T @ x + RIDGE * torch.eye(65, dtype=torch.float64), x.T @ y).T
    weights = [[round(value, 4) for value in row] for row in found.tolist()]
    shown = (16 * images[list(SHOWN)]).int().flatten(1).tolist()
    return shown, [row[:-1] for row in weights], [row[-1] for row in weights]


def mask_of(radius: float, flipped: list[list[float]]) -> Tensor:
    """1 for waves within a radius, in the order of `torch.fft.fft2`, but the other way for those that are flipped."""
    k = torch.fft.fftfreq(SIDE, dtype=torch.float64) * SIDE
    mask = (torch.hypot(k[:, None], k) <= radius + 1e-9).double()
    for pair in {(round(across) % SIDE, round(down) % SIDE) for across, down in flipped}:
        for across, down in {pair, (-pair[0] % SIDE, -pair[1] % SIDE)}:
            mask[down, across] = 1 - mask[down, across]
    return mask


class WaveExplorer(Explorer):
    """A digit, the waves that it is made of, and what a linear classifier says of those that are kept."""

    module = "equivariance/interpretability/browser/face.js"
    title = "The waves of a digit"
    hint = "Touch a wave to keep or erase it, or keep only slow ones. When does the answer change?"
    settings: ClassVar[tuple[Setting, ...]] = (
        Choice("digit", "picture", {str(one): f"a {one}" for one in range(10)}, "3"),
        Number("radius", "keep waves within", 0, 6, 6, step=0.5),
        Number("across", "periods across", -4, 3, 1, step=1),
        Number("down", "periods down", -4, 3, 0, step=1),
        Points("flipped", "waves the other way", most=40, limit=8),
    )
    presets: ClassVar[Mapping] = {
        "whole": ("All waves", {}),
        "slow": ("Slow waves", {"radius": 2}),
        "few": ("Too few", {"radius": 1}),
        "eight": ("Slow waves of an 8", {"digit": "8", "radius": 2}),
    }
    heights = (720, 1010)

    def __init__(self, name: str = "waves", **beginning: Any) -> None:
        pictures, weights, biases = classifier()
        super().__init__(name, givens={"pictures": pictures, "weights": weights, "biases": biases}, **beginning)

    def outputs(self) -> dict[str, Any]:
        """The mask, the picture that is left, both (8, 8), and the scores (10,)."""
        pictures, weights, biases = classifier()
        x = torch.tensor(pictures[int(self.state["digit"])], dtype=torch.float64).reshape(SIDE, SIDE) / 16
        mask = mask_of(self.state["radius"], self.state["flipped"])
        left = masked(x, mask)
        scores = torch.tensor(weights, dtype=torch.float64) @ left.flatten() + torch.tensor(biases, dtype=torch.float64)
        return {"mask": mask, "picture": left, "scores": scores}

    def draw(self) -> tuple[Figure, str]:
        """The mask, what is left of the picture, and the scores."""
        found = self.outputs()
        figure, (first, second, third) = figures.new(1, 3, height=2.3, width=6.6)
        first.imshow(
            torch.fft.fftshift(found["mask"]).numpy(), cmap="cividis", vmin=0, vmax=1, extent=(-4.5, 3.5, 3.5, -4.5)
        )
        first.set(title="waves kept", xlabel="periods across", ylabel="periods down")
        second.imshow(found["picture"].numpy(), cmap="gray_r", vmin=0, vmax=1)
        second.set(title="what is left", xticks=[], yticks=[])
        third.bar(range(10), found["scores"].tolist(), color=figures.BLUE)
        third.set(title="scores", xlabel="digit", xticks=range(10))
        for axes in (first, second):
            axes.grid(False)
        kept, named = int(found["mask"].sum()), int(found["scores"].argmax())
        told = f"{kept} of 64 waves of a picture of a {self.state['digit']} are kept; the classifier names a {named}"
        return figure, f"{told}, with a score of {float(found['scores'].max()):.2f}."
