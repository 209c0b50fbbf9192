"""Pictures of the whole book, drawn when it is built: its mark in the sizes that browsers ask for, and a preview.

The mark is drawn from static/mark.svg, which holds a rectangle, one line and circles.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from lecturelib.core import figures

MARK = Path(__file__).parent / "static" / "mark.svg"
ICON_SIZES = (16, 32, 48)
TOUCH_SIZE = 180
PREVIEW = (1200, 630)
"""Pixels of the preview: what those who pass on the address of a page show beside it."""
FINER = 8  # the mark is drawn so many times larger and then reduced, which smooths it


def mark(size: int, *, square: bool = False) -> Image.Image:
    """The mark, `size` pixels wide; `square` leaves its corners to the device, as phones round them themselves."""
    svg = ElementTree.fromstring(MARK.read_text(encoding="utf-8"))
    scale = size * FINER / float(svg.get("viewBox").split()[2])
    image = Image.new("RGBA", (size * FINER, size * FINER))
    draw = ImageDraw.Draw(image)
    inherited: dict[str, str] = {}
    for element in svg.iter():
        kind = element.tag.rpartition("}")[2]
        inherited = dict(element.attrib) if kind == "g" else inherited
        look = {**inherited, **element.attrib}
        width = round(float(look.get("stroke-width", 0)) * scale)
        if kind == "rect":
            radius = 0 if square else float(look["rx"]) * scale
            draw.rounded_rectangle((0, 0, size * FINER - 1, size * FINER - 1), radius, fill=look["fill"])
        elif kind == "polyline":
            points = [tuple(scale * float(number) for number in pair.split(",")) for pair in look["points"].split()]
            draw.line(points, fill=look["stroke"], width=width, joint="curve")
            for point in (points[0], points[-1]):
                draw.circle(point, width / 2, fill=look["stroke"])
        elif kind == "circle":
            center = scale * float(look["cx"]), scale * float(look["cy"])
            # an outline of an SVG lies half outside; Pillow's lies inside
            draw.circle(
                center, scale * float(look["r"]) + width / 2, fill=look["fill"], outline=look["stroke"], width=width
            )
    return image.resize((size, size), Image.Resampling.LANCZOS)


def write_icons(site: Path) -> None:
    """favicon.ico in the folder of the site, where browsers look for it unasked, and an icon for phones in _static."""
    largest, *others = (mark(size) for size in sorted(ICON_SIZES, reverse=True))
    sizes = [(size, size) for size in ICON_SIZES]
    largest.save(site / "favicon.ico", sizes=sizes, append_images=others)
    mark(TOUCH_SIZE, square=True).convert("RGB").save(site / "_static" / "touch.png", optimize=True)


def write_preview(path: Path, title: str) -> None:
    """The title of the book above three hinges and their sum, on paper of its own colour."""
    x = np.linspace(-3, 3, 601)
    hinges = [slope * np.maximum(0, side * (x - at)) for at, slope, side in ((-1.5, 0.8, 1), (0, 1, 1), (1.2, 1.4, -1))]
    with mpl.rc_context(figures.STYLE):
        figure = Figure(figsize=(PREVIEW[0] / 100, PREVIEW[1] / 100), dpi=100, facecolor=figures.PAPER)
        axes = figure.add_axes((0.07, 0.08, 0.86, 0.52))
        axes.axis("off")
        for hinge, at, color in zip(hinges, (-1.5, 0, 1.2), (figures.ORANGE, figures.GREEN, figures.PINK), strict=True):
            axes.plot(x, hinge, "--", color=color, linewidth=3)
            axes.plot(at, 0, "o", color=color, markersize=13, clip_on=False, zorder=3)
        axes.plot(x, sum(hinges), color=figures.BLUE, linewidth=6)
        axes.set(xlim=(-3, 3), ylim=(-0.3, 6.8))
        words = re.sub(r"^(.{12,}?) (in|of|for|and) ", r"\1\n\2 ", title)
        figure.text(0.07, 0.92, words, fontsize=48, fontweight="bold", va="top", linespacing=1.25)
    FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})
