"""Drawing for the chapter `bias/stability`: a flow beside its linearization."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from lecturelib.bias.stability.conjugacy import straighten
from lecturelib.bias.stability.curvature import dense
from lecturelib.bias.stability.descent import follow_flow
from lecturelib.bias.stability.valley import valley
from lecturelib.core import figures
from lecturelib.core.arguments import Positive, checked


@checked
def draw_conjugacy(*, penalty: Positive = 0.3, reach: Positive = 0.2) -> tuple[Figure, dict[str, Any]]:
    """The flow of the valley around a minimum, and the linear flow with the same Hessian, with a grid carried by h.

    Both: the number of curves, and how far a point of the grid is moved at most.
    """
    loss = valley(penalty)
    centre = torch.full((2,), max(1 - penalty, 0.0) ** 0.5, dtype=torch.float64)
    turns = 2 * torch.pi * torch.arange(12, dtype=torch.float64) / 12
    rim = reach * torch.stack([turns.cos(), turns.sin()], 1)
    ticks, fine = torch.linspace(-0.8, 0.8, 7).double() * reach, torch.linspace(-0.8, 0.8, 25).double() * reach
    rows = torch.stack([fine.expand(7, -1), ticks[:, None].expand(-1, 25)], -1)  # (7, 25, 2)
    grid = torch.cat([rows, rows.flip(-1)])
    carried = straighten(loss, centre, torch.cat([grid.reshape(-1, 2), rim]) + centre)
    bent, starts = carried[: -len(rim)].reshape(grid.shape), carried[-len(rim) :]
    figure, (left, right) = figures.new(1, 2, height=3.5, width=7.0)
    for axes, lines in ((left, grid), (right, bent)):
        for line in lines:
            axes.plot(*line.T, color=figures.FAINT, linewidth=0.9)
        axes.plot([0], [0], "D", color=figures.GREEN)
    times = torch.linspace(0, 8, 81, dtype=torch.float64)
    values, vectors = torch.linalg.eigh(dense(loss, centre))
    for axes, ends in ((left, rim), (right, starts)):
        side = 1.25 * float(ends.abs().max())  # room for the numbers
        axes.set(xlim=(-side, side), ylim=(-side, side), aspect="equal")
    for number, (place, begin) in enumerate(zip(rim, starts, strict=True), 1):
        flow = follow_flow(loss, place + centre, times) - centre
        linear = (torch.exp(-values * times[:, None]) * (begin @ vectors)) @ vectors.T
        for axes, curve in ((left, flow), (right, linear)):
            axes.plot(*curve.T, color=figures.BLUE, linewidth=1.4)
            _number(axes, curve[0], number)
    left.set(xlabel="$u - u^*$", ylabel="$v - v^*$", title="gradient flow")
    right.set(xlabel="$U_1$", ylabel="$U_2$", title="linear flow")
    return figure, {"curves": len(rim), "moved": float((bent - grid).norm(dim=-1).max())}


def _number(axes: Any, place: Tensor, number: int) -> None:
    x, y = (1.13 * place).tolist()
    axes.text(x, y, str(number), ha="center", va="center", fontsize=8, color=figures.INK)
