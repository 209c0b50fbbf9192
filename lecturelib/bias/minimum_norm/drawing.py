"""Pictures of the chapter `bias/minimum_norm`."""

from __future__ import annotations

import torch
from torch import Tensor

from lecturelib.core import figures

VIEW = torch.tensor([[-0.62, -0.17], [0.78, -0.13], [0.0, 0.98]], dtype=torch.float64)
"""Where the three unit vectors are drawn: a parallel projection."""


def draw_space(axes, a: Tensor, b: Tensor, paths: Tensor, *, reach: float = 2.0) -> None:
    """The plane a·w = b in space with paths that lead to it: a (3,), b (), paths (T, S, 3)."""
    least = a * b / (a @ a)
    first = torch.linalg.cross(a, torch.tensor([0.0, 0.0, 1.0], dtype=a.dtype))
    second = torch.linalg.cross(a, first)
    sides = [reach * side / side.norm() for side in (first, second)]
    corners = torch.stack([least + p * sides[0] + q * sides[1] for p, q in ((1, 1), (1, -1), (-1, -1), (-1, 1))]) @ VIEW
    axes.fill(*corners.T, color=figures.BLUE, alpha=0.15, linewidth=0)
    for name, end in zip("123", 2.6 * torch.eye(3, dtype=a.dtype), strict=True):
        x, y = (end @ VIEW).tolist()
        axes.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "->", "color": figures.MUTED})
        axes.text(1.08 * x, 1.08 * y, f"$w_{name}$", color=figures.INK, ha="center", va="center")
    for k, path in enumerate(paths.unbind(1)):
        flat = path @ VIEW
        axes.plot(*flat.T, color=figures.ORANGE, label=None if k else "path of descent")
        axes.plot(*flat[:1].T, "o", color=figures.ORANGE, markerfacecolor=figures.PAPER)
        axes.plot(*flat[-1:].T, "o", color=figures.ORANGE)
    axes.plot(*(least @ VIEW)[:, None], "s", color=figures.GREEN, label="least norm", zorder=4)
    axes.set(aspect="equal", xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.legend(loc="upper left")
