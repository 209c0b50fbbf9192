"""Pictures of the chapter: a loss over two weights with directions of descent, and filters as images."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from matplotlib.axes import Axes
from torch import Tensor

from lecturelib.core import figures

REACH, ARROW = 2.0, 0.75


def landscape(axis: Axes, loss: Callable[[Tensor], Tensor], points: Iterable[Tensor]) -> None:
    """Contours of a loss over two weights, and arrows of one length down from some points."""
    grid = torch.linspace(-REACH, REACH, 41, dtype=torch.float64)
    with torch.no_grad():
        heights = torch.tensor([[float(loss(torch.stack([a, b]))) for a in grid] for b in grid])
    axis.contour(grid, grid, heights, 11, colors=figures.MUTED, linewidths=0.7)
    for point in points:
        at = point.clone().requires_grad_()
        down = -torch.autograd.grad(loss(at), at)[0]
        tip = at.detach() + ARROW * down / down.norm()
        axis.plot(*at.detach(), "o", color=figures.BLUE, markersize=4)
        look = {"arrowstyle": "->", "color": figures.ORANGE, "linewidth": 1.6}
        axis.annotate("", xy=tip.tolist(), xytext=at.tolist(), arrowprops=look)
    axis.set(xlabel="$w_1$", xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal")


def tiles(axes: Iterable[Axes], filters: Tensor) -> None:
    """Filters of 64 weights as images, one an axis, each on its own scale from −largest to largest."""
    for axis, one in zip(axes, filters.detach(), strict=False):
        largest = float(one.abs().max())
        axis.imshow(one.reshape(8, 8), cmap="PuOr", vmin=-largest, vmax=largest)
        axis.set(xticks=[], yticks=[])
