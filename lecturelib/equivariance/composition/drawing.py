"""Pictures of the chapter: where a narrow network says yes, and the plane as its units bend it."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes
from torch import Tensor

from lecturelib.core import figures
from lecturelib.core.small_networks import Layout
from lecturelib.equivariance.composition.classifier import Points, outputs
from lecturelib.equivariance.composition.keyhole import BEND, sizes, values

REACH, PLACES = 8.0, 801


def dots(axes: Axes, places: Tensor, labels: Tensor) -> None:
    """Points (N, 2) in the colours of their labels."""
    for label, color, mark in ((1, figures.BLUE, "."), (-1, figures.ORANGE, "x")):
        axes.plot(*places[labels == label].T, mark, color=color, markersize=2.5)


def sides(axes: Axes, theta: Tensor, depth: int, points: Points) -> None:
    """The sides on which a network two units wide puts the places of the plane, and points."""
    along = torch.linspace(-REACH, REACH, PLACES, dtype=torch.float64)
    shades = values(theta, torch.cartesian_prod(along, along), depth).reshape(PLACES, PLACES).T
    axes.contourf(along, along, shades, levels=[-1.01, 0, 1.01], colors=[figures.ORANGE, figures.BLUE], alpha=0.25)
    axes.contour(along, along, shades, levels=[0], colors=figures.BLUE, linewidths=0.8)
    dots(axes, *points)
    axes.set(xlabel="$x_1$", ylabel="$x_2$", xticks=[-5, 0, 5], yticks=[-5, 0, 5], aspect="equal")


def bent(axes: Axes, theta: Tensor, points: Points) -> None:
    """The same points as the two units of a network of one layer see them, and the line on which it changes sides."""
    seen = outputs(theta, points.x, sizes(1), BEND)[1]
    dots(axes, seen, points.y)
    axes.set(xlim=axes.get_xlim(), ylim=axes.get_ylim(), xlabel="unit 1", ylabel="unit 2", box_aspect=1)
    *_, (weights, bias) = Layout(sizes(1)).layers(theta)
    ends = torch.tensor(axes.get_xlim(), dtype=torch.float64)
    axes.plot(ends, -(weights[0, 0] * ends + bias) / weights[0, 1], color=figures.INK, linewidth=1.2)
