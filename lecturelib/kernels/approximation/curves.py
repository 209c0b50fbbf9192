"""Curves on [−1, 1] of which slopes and curvatures are known, place by place."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lecturelib.kernels.approximation.hinges import HingeNetwork, hinge_approximation

KNOWN = ("slope", "curvature", "places")


@dataclass(frozen=True)
class Curve:
    """A function on [−1, 1]; its second derivative, where the size of that may be largest inside, and max |f′|."""

    function: Callable[[Tensor], Tensor]
    second: Callable[[float], float]
    turns: tuple[float, ...]
    slope: float

    def curvature(self, low: float = -1.0, high: float = 1.0) -> float:
        """max |f″| from low to high."""
        places = (low, high, *(turn for turn in self.turns if low < turn < high))
        return max(abs(self.second(place)) for place in places)

    def approximate(self, error: float, known: str) -> HingeNetwork:
        """Hinges by one of `KNOWN`: the largest slope, the largest curvature, or the curvature everywhere."""
        if known == "slope":
            return hinge_approximation(self.function, (-1, 1), error, lipschitz=self.slope)
        bound = self.curvature() if known == "curvature" else self.curvature
        return hinge_approximation(self.function, (-1, 1), error, curvature=bound)

    def bend(self) -> float:
        """∫ √|f″|, by the midpoint rule."""
        places = ((2 * k + 1) / 4000 - 1 for k in range(4000))
        return sum(math.sqrt(abs(self.second(place))) for place in places) / 2000


CURVES = {
    "parabola": Curve(lambda x: x**2, lambda x: 2.0, (), 2.0),
    "exponential": Curve(
        lambda x: torch.exp(3 * x) / 10, lambda x: 0.9 * math.exp(3 * x), (), 0.3 * math.exp(3.0)
    ),
    "wave": Curve(
        lambda x: torch.sin(2 * math.pi * x), lambda x: -4 * math.pi**2 * math.sin(2 * math.pi * x),
        (-0.75, -0.25, 0.25, 0.75), 2 * math.pi,
    ),
    "bump": Curve(
        lambda x: 1 / (1 + 25 * x**2), lambda x: 50 * (75 * x**2 - 1) / (1 + 25 * x**2) ** 3,
        (-0.2, 0.0, 0.2), 15 * math.sqrt(3) / 8,
    ),
}  # fmt: skip
