"""The explorer of the risk curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from matplotlib.figure import Figure

from lecturelib.bias.complexity.risk import Risk, best_ridge, risk_curve
from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting
from lecturelib.core.explorers import Explorer

TOTAL = 60
RIDGES = (0.01, 1000.0)
HEIGHTS = (0.05, 50.0)


class RiskExplorer(Explorer):
    """The expected risk of least squares over the number of features (chapter *Complexity*)."""

    module = "bias/complexity/browser/face.js"
    title = "The risk curve"
    hint = "Drag the point along the curve through p = n, then look for a ridge that removes the peak."
    settings: ClassVar[tuple[Setting, ...]] = (
        Number("n", "data n", 2, 40, value=20, step=1),
        Number("p", "features p", 0, TOTAL, value=10, step=1),
        Number("sigma", "noise s", 0.0, 2.0, value=0.5, step=0.05),
        Choice("kind", "ridge", {"none": "none", "own": "one λ for all p", "best": "the best for each p"}, "none"),
        Number("ridge", "ridge λ", *RIDGES, value=1.0, log=True),
    )
    presets: ClassVar[Mapping] = {
        "peak": ("At the peak", {"p": 20}),
        "beyond": ("Far beyond", {"p": 60}),
        "little": ("A little ridge", {"kind": "own", "ridge": 0.1, "p": 20}),
        "best": ("The best ridge", {"kind": "best", "p": 20}),
        "quiet": ("No noise", {"sigma": 0.0, "p": 40}),
    }
    heights = (640, 830)

    def __init__(self, name: str, **beginning: Any) -> None:
        givens = {"total": TOTAL, "ridges": RIDGES, "heights": HEIGHTS}
        super().__init__(name, givens=givens, **beginning)

    @property
    def risk(self) -> Risk:
        """Parts of the risk for 0, 1, …, 60 features, with the settings as they are."""
        n, sigma, p = round(self.state["n"]), self.state["sigma"], list(range(TOTAL + 1))
        if self.state["kind"] == "best":
            each = zip(p, best_ridge(p, sigma, total=TOTAL).tolist(), strict=True)
            found = [risk_curve(n, [count], sigma, ridge, total=TOTAL) for count, ridge in each]
            return Risk(*(torch.cat(parts) for parts in zip(*found, strict=True)))
        ridge = self.state["ridge"] if self.state["kind"] == "own" else 0.0
        return risk_curve(n, p, sigma, ridge, total=TOTAL)

    def draw(self) -> tuple[Figure, str]:
        """The risk and its parts."""
        found, n, p = self.risk, round(self.state["n"]), round(self.state["p"])
        figure, axes = figures.new()
        at = range(TOTAL + 1)
        for values, color, line, label in (
            (found.total, figures.BLUE, "-", "risk"),
            (found.variance, figures.GREEN, ":", "variance"),
            (found.left_out + found.bias, figures.ORANGE, "--", "left out and bias"),
            (found.noise, figures.MUTED, "--", "noise"),
        ):
            axes.plot(at, values.where(values.isfinite(), torch.nan), line, color=color, label=label)
        axes.axvline(n, color=figures.FAINT)
        axes.plot([p], [min(float(found.total[p]), HEIGHTS[1])], "o", color=figures.BLUE)
        axes.set(xlabel="features $p$", ylabel="expected risk", yscale="log", ylim=HEIGHTS, xlim=(0, TOTAL))
        axes.legend()
        risk = float(found.total[p])
        said = f"{risk:.3g}" if risk < float("inf") else "infinite"
        return figure, f"With {n} data and {p} of {TOTAL} features the expected risk is {said}."
