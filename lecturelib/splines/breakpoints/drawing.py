"""What figures of this part share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from matplotlib.axes import Axes
from torch import Tensor

from lecturelib.core.arguments import Real, checked
from lecturelib.core.figures import BLUE, ORANGE
from lecturelib.splines.breakpoints.network import Spline

Single = Annotated[Spline, "H?"]


@checked
def hinges(spline: Single) -> list[Spline]:
    """The hinges that one spline adds up, each a spline with one neuron and b₀ = 0."""
    parts = (spline.breakpoints, spline.delta_slopes, spline.orientations)
    return [Spline(*neuron, 0.0) for neuron in zip(*(part[:, None] for part in parts), strict=True)]


def draw_hinges(axes: Axes, spline: Spline, x: Tensor, *, colors: Iterable[str] | None = None, **style: Any) -> None:
    """Draw the hinges of one spline at x of shape (N,), with the marks of `mark_breakpoints`; style goes to `plot`."""
    parts = hinges(spline)
    for number, (one, color) in enumerate(zip(parts, colors or [ORANGE] * len(parts), strict=True), 1):
        axes.plot(x, one(x), color=color, label=f"neuron {number}", **style)
        mark_breakpoints(axes, one, color=color)


@checked
def mark_breakpoints(axes: Axes, spline: Single, *, height: Real = 0.04, color: str = BLUE) -> None:
    """Mark each breakpoint of one spline by a triangle that points to the side on which its neuron is active.

    height: where the marks stand, as a fraction of the axes from the bottom.
    """
    foot = axes.get_xaxis_transform()
    for side, marker in ((1, ">"), (-1, "<")):
        places = spline.breakpoints[spline.orientations == side]
        axes.plot(places, [height] * len(places), marker, color=color, markersize=7, transform=foot)
