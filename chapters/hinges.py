"""Draws hinges.svg, the picture of the README: `python chapters/hinges.py`."""

from pathlib import Path

import torch

from lecturelib.core import figures
from lecturelib.splines import Spline
from lecturelib.splines.breakpoints.drawing import draw_hinges

three = Spline([-1.5, 0.0, 1.2], [0.8, 1.0, -1.4], [1.0, 1.0, -1.0], 0.0)
x = torch.linspace(-3, 3, 301, dtype=torch.float64)
figure, axes = figures.new(height=2.6)
draw_hinges(axes, three, x, colors=[figures.ORANGE, figures.GREEN, figures.PINK], linestyle="--")
axes.plot(x, three(x), color=figures.INK, label="their sum")
axes.set(xlabel="$x$", ylim=(-0.6, 6))
axes.legend(loc="upper center", ncols=2)
target = Path(__file__).with_suffix(".svg")
figure.savefig(target, facecolor="white", metadata={"Date": None, "Creator": None})
