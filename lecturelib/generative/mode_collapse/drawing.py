"""Figures of the chapter `generative/mode_collapse`: lines of equal height of a game, and stored runs over seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from matplotlib.axes import Axes
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.display import Shown
from lecturelib.generative.mode_collapse.games import Game

NAMES = {"simultaneous": "simultaneous", "follow_the_ridge": "ridge", "sgd": "plain", "rmsprop": "RMSprop"}


def levels(axes: Axes, game: Game, span: float) -> None:
    """Lines of equal f for x and y from −span to span, dashed where f < 0."""
    line = torch.linspace(-span, span, 121, dtype=torch.float64)
    x, y = torch.meshgrid(line, line, indexing="xy")
    values = game.value(torch.stack([x, y], -1))
    axes.contour(x, y, values, 12, colors=figures.MUTED, linewidths=0.5, alpha=0.8)
    axes.set(xlim=(-span, span), ylim=(-span, span))


def grouped(stored: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Stored results by run, in words; with `sharpness`, slope between modes over that within, where both are known."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in stored:
        both = zip(one["between"], one["inside"], one["none"], strict=True)
        sharpness = [a / b if a and b and 0.005 <= none <= 0.995 else None for a, b, none in both]
        name = f"{NAMES[one['method']]}, {NAMES[one['optimizer']]}"
        found.setdefault(name, []).append({**one, "sharpness": sharpness})
    return found


def spread_over(seeds: list[dict[str, Any]], what: str, share: float = 1.0) -> tuple[list[int], Tensor, Tensor, Tensor]:
    """Steps, the median over seeds and the ends of the middle `share` of them; NaN where fewer than half know it."""
    rows = [[float("nan") if value is None else value for value in one[what]] for one in seeds]
    values = torch.tensor(rows, dtype=torch.float64)
    few = values.isnan().double().mean(0) > 0.5
    cuts = torch.tensor([(1 - share) / 2, 0.5, (1 + share) / 2], dtype=torch.float64)
    low, middle, high = values.nanquantile(cuts, 0).masked_fill(few, torch.nan)
    return seeds[0]["at"], low, middle, high


def end_table(runs: Mapping[str, list[dict[str, Any]]]) -> Shown:
    """The last record of each run: medians over seeds, with the least and the largest."""
    heads = ["run", "modes hit", "covered well", "at no mode", "largest slope"]
    rows = []
    for name, seeds in runs.items():
        cells = [name]
        for what, form in (("hit", "g"), ("well", "g"), ("none", ".2f"), ("steepest", ".3g")):
            _, low, middle, high = (float(one[-1]) for one in spread_over(seeds, what))
            cells.append(f"{middle:{form}} ({low:{form}} to {high:{form}})")
        rows.append(cells)
    lines = [heads, ["---"] * len(heads), *rows]
    return Shown.markdown("\n".join(f"| {' | '.join(row)} |" for row in lines))
