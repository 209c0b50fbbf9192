"""What figures of this part share."""

from __future__ import annotations

from matplotlib.axes import Axes

from lecturelib.core.figures import BLUE
from lecturelib.splines.breakpoints import Spline


def mark_breakpoints(axes: Axes, spline: Spline, *, height: float = 0.04, color: str = BLUE) -> None:
    """Mark each breakpoint of one spline by a triangle that points to the side on which its neuron is active.

    height: where the marks stand, as a fraction of the axes from the bottom.
    """
    if spline.breakpoints.ndim != 1:
        raise ValueError(f"spline: expected one spline, shape (H,), got {tuple(spline.breakpoints.shape)}")
    for side, marker in ((1, ">"), (-1, "<")):
        places = spline.breakpoints[spline.orientations == side]
        level = [height] * places.numel()
        axes.plot(places, level, marker, color=color, markersize=7, transform=axes.get_xaxis_transform(), clip_on=False)
