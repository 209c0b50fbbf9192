"""Break lines of two inputs, drawn over the function."""

from __future__ import annotations

from typing import Any

import torch
from matplotlib.axes import Axes
from torch import Tensor

from lecturelib.core import figures
from lecturelib.splines.dimensions.planes import BreakPlanes


def pairs_of(stored: list) -> BreakPlanes:
    """The network of stored weights [w, b, v, b0]."""
    return BreakPlanes.from_weights(*(torch.tensor(one, dtype=torch.float64) for one in stored))


def line_ends(planes: BreakPlanes, reach: float = 3.0) -> Tensor:
    """Two points of each line, `reach` from its foot to both sides: (H, 2, 2)."""
    along = torch.stack([-planes.directions[:, 1], planes.directions[:, 0]], 1)
    foot = planes.offsets[:, None] * planes.directions
    return torch.stack([foot - reach * along, foot + reach * along], 1)


def draw_planes(axes: Axes, planes: BreakPlanes, data: Any, limit: float = 1.2) -> None:
    """The function as shades, lines the wider the larger their jump (orange up, blue down), data as dots."""
    side = torch.linspace(-limit, limit, 49, dtype=torch.float64)
    grid = torch.cartesian_prod(side, side)
    values = planes(grid).reshape(49, 49).T
    axes.imshow(
        values.numpy(), origin="lower", extent=(-limit, limit) * 2, cmap="Greys", vmin=-1.5, vmax=2.5, alpha=0.6
    )
    most = float(planes.slope_jumps.abs().max()) or 1.0
    for (start, end), jump in zip(line_ends(planes).tolist(), planes.slope_jumps.tolist(), strict=True):
        width = 0.4 + 3.0 * abs(jump) / most
        color = figures.MUTED if jump == 0 else figures.ORANGE if jump > 0 else figures.BLUE
        axes.plot([start[0], end[0]], [start[1], end[1]], color=color, linewidth=width, alpha=0.85)
    data = torch.as_tensor(data)
    axes.plot(data[:, 0], data[:, 1], "o", color=figures.INK, markersize=2.2)
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
