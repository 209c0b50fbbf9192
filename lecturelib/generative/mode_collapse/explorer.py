"""The explorer of small games: where a pair goes, by how it moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.controls import Choice, Number, Setting
from lecturelib.core.explorers import Explorer
from lecturelib.generative.mode_collapse.drawing import levels
from lecturelib.generative.mode_collapse.games import small_game

SPAN, STEPS = 8.0, 400
GAMES = {
    "left": "A: −3x² − y² + 4xy",
    "loved": "B: 3x² + y² + 4xy",
    "turning": "xy",
    "hill": "game C, the hills",
}
METHODS = {
    "simultaneous": "simultaneous",
    "alternating": "alternating",
    "extragradient": "extragradient",
    "optimistic": "optimistic",
    "consensus": "consensus",
    "follow_the_ridge": "Follow-the-Ridge",
}


class SmallGamesExplorer(Explorer):
    """A pair of numbers plays 400 steps from a start that can be dragged.

    Settings: the game, the method, the rate, how many times as fast y is (ratio), the damping of Follow-the-Ridge, and
    the start (x, y).
    """

    module = "generative/mode_collapse/browser/face.js"
    title = "Small games"
    hint = "Drag the green start. Which games and methods lead to (0, 0)? Where does the ratio matter?"
    settings: ClassVar[tuple[Setting, ...]] = (
        Choice("game", "game", GAMES, "left"),
        Choice("method", "method", METHODS, "simultaneous"),
        Number("rate", "rate η", 0.001, 1.0, 0.05, log=True),
        Number("ratio", "y is faster by τ", 0.1, 30.0, 1.0, log=True),
        Number("damping", "damping λ of the ridge", 0.0, 20.0, 0.0),
        Number("x", "start, x", -SPAN, SPAN, 0.5, hidden=True),
        Number("y", "start, y", -SPAN, SPAN, 0.2, hidden=True),
    )
    presets: ClassVar[Mapping] = {
        "scales": ("A, with y 4 times as fast", {"game": "left", "method": "simultaneous", "ratio": 4.0, "x": 5.0}),
        "ridge": ("A, following the ridge", {"game": "left", "method": "follow_the_ridge", "x": 5.0}),
        "wrong": ("The wrong point of B", {"game": "loved", "method": "simultaneous", "x": 3.0, "y": -1.0}),
        "turn": ("Turning", {"game": "turning", "method": "extragradient", "rate": 0.2, "x": 5.0}),
        "hill": ("Game C", {"game": "hill", "method": "simultaneous", "rate": 0.1, "x": 7.0, "y": 5.0}),
    }
    heights = (690, 900)

    def __init__(self, name: str = "games", **beginning: Any) -> None:
        super().__init__(name, givens={"span": SPAN, "steps": STEPS}, **beginning)

    def path(self, steps: int = STEPS) -> Tensor:
        """Where the pair goes, (steps + 1, 2), by the library."""
        now = self.state
        return small_game(now["game"]).play(
            [now["x"], now["y"]], method=now["method"], learning_rate=now["rate"], steps=steps, ratio=now["ratio"],
            damping=now["damping"],
        )  # fmt: skip

    def draw(self) -> tuple[Figure, str]:
        """Lines of equal f and the path."""
        path = self.path(100)
        inside = path[path.abs().amax(1) <= SPAN]
        figure, axes = figures.new(height=3.4)
        levels(axes, small_game(self.state["game"]), SPAN)
        axes.plot(*inside.T, color=figures.BLUE)
        axes.plot(*path[0], "o", color=figures.GREEN)
        axes.plot(0, 0, "o", color=figures.ORANGE, fillstyle="none")
        axes.set(xlabel="$x$", ylabel="$y$")
        last = ", ".join(f"{one:.3g}" for one in inside[-1].tolist())
        told = f"{METHODS[self.state['method']]} steps from ({self.state['x']:g}, {self.state['y']:g})"
        return figure, f"A game of two numbers. {told}; the last point seen is ({last})."
