"""Figures: one style, safe for colour-blind readers, legible in light and in dark mode.

`new` makes axes in the book's style; `show` turns the figure into an image that scales without loss and whose colours
follow the page. A figure without a caption and a text alternative cannot be shown.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from lecturelib.core import display
from lecturelib.core.display import BUILDING, FIGURE_MIME

# Okabe and Ito's palette, whose colours stay apart for colour-blind readers; darkened where a light page needs
# contrast, lightened where a dark page does. Light value, dark value.
PALETTE = {
    "ink": ("#1f2328", "#e6e6e6"),
    "muted": ("#63696f", "#a3a9af"),
    "faint": ("#d3d7db", "#4b5157"),
    "paper": ("#fffffe", "#14181e"),
    "blue": ("#0072b2", "#56b4e9"),
    "orange": ("#c25400", "#f0933c"),
    "green": ("#007f5f", "#35c49a"),
    "pink": ("#a94f86", "#e59ac8"),
    "gold": ("#8f7200", "#e8cf4f"),
}
INK, MUTED, FAINT, PAPER, BLUE, ORANGE, GREEN, PINK, GOLD = (light for light, _ in PALETTE.values())
CYCLE = (BLUE, ORANGE, GREEN, PINK, GOLD, INK)

STYLE = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.facecolor": PAPER,
    "legend.edgecolor": FAINT,
    "legend.framealpha": 0.85,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": FAINT,
    "axes.grid": True,
    "grid.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": mpl.cycler(color=CYCLE),
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10,
    "legend.fontsize": 9,
    "mathtext.fontset": "cm",
    "svg.fonttype": "path",
    "svg.hashsalt": "lecturelib",
}

DOTS = 150  # per inch, of the image in a notebook: more than the 96 of a screen, and still light
WIDTH, HEIGHT = 5.6, 3.2  # inches, narrow enough that the text stays legible on a phone


def new(rows: int = 1, columns: int = 1, *, width: float = WIDTH, height: float | None = None, **options):
    """A figure and its axes, like `plt.subplots`, in the book's style, which matplotlib then keeps.

    width, height: inches; the height of a row is 3.2 unless given. Other options go to `Figure.subplots`.
    """
    # matplotlib asks for the style whenever something is drawn, so a context around the axes alone would not do
    mpl.rcParams.update(STYLE)
    height = height if height is not None else HEIGHT * rows
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


Output = tuple[dict[str, Any], dict[str, Any]]
"""One output of a cell: type → data, type → metadata."""


@dataclass(frozen=True)
class Picture:
    """A figure ready to be shown: an SVG, a caption and alternative text, and the label it is referred to by.

    The page of the book has the SVG. A notebook has an image of dots, which is seen everywhere: programs that do not
    trust a notebook take drawings out of it.
    """

    svg: str
    caption: str
    alt: str
    label: str
    figure: Figure = field(repr=False, compare=False)

    @cached_property
    def png(self) -> bytes:
        """The figure on its own paper, so that it is legible whatever the page behind it, with DOTS per inch."""
        drawn, small = io.BytesIO(), io.BytesIO()
        with mpl.rc_context({**STYLE, "savefig.facecolor": PAPER}):
            self.figure.savefig(drawn, format="png", dpi=DOTS)
        # a palette of 256 colours is enough for any figure of the book, and takes a third of the bytes
        colors = Image.open(drawn).convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        colors.save(small, "png", optimize=True)
        return small.getvalue()

    @property
    def book(self) -> dict[str, Any]:
        """What the builder makes the figure of a page of, and of its notebook."""
        width, height = (round(inches * 96) for inches in self.figure.get_size_inches())
        words = {"caption": self.caption, "alt": self.alt, "label": self.label}
        return {**words, "svg": self.svg, "png": base64.b64encode(self.png).decode(), "size": [width, height]}

    @property
    def image(self) -> Output:
        """The figure as an output of a cell in a notebook."""
        return outputs(self.book)[0]

    def _ipython_display_(self) -> None:
        # a notebook needs two outputs, and only IPython's own function makes more than one
        from IPython.display import display as put

        if os.environ.get(BUILDING):
            put({FIGURE_MIME: json.dumps(self.book), "text/plain": repr(self)}, raw=True)
            return
        for data, metadata in outputs(self.book):
            put(data, metadata=metadata, raw=True)

    def __repr__(self) -> str:
        return f"Figure {self.label}: {self.alt}"


def outputs(book: Mapping[str, Any], names: Mapping[str, str] | None = None) -> list[Output]:
    """A figure, given as `Picture.book`, in a notebook: the image, and its caption with the words of what it shows.

    `names`: label → what the book calls it, instead of what `display.name_labels` was told.
    """
    width, height = book["size"]
    image = {"image/png": book["png"], "text/plain": f"Figure: {book['alt']}"}
    size = {"image/png": {"width": width, "height": height, "alt": book["alt"]}}
    reference = f"{{numref}}`{book['label']}`"
    name = display.plain(reference, names)
    bold = f"**{name}.** " if name != book["label"] else ""
    # the programs that show images in notebooks read no alternative text
    alt = html.escape(book["alt"], quote=False).replace("$", r"\$")
    caption = f"{bold}{display.plain(book['caption'], names)}\n\n"
    caption += f"<details><summary>What the figure shows, in words</summary>\n\n{alt}\n\n</details>"
    return [(image, size), ({"text/markdown": caption, "text/plain": caption}, {})]


def show(figure: Figure, *, caption: str, alt: str, label: str) -> Picture:
    """The figure with its caption (what to look at), alt (what it shows to someone who cannot see it) and label.

    Raises ValueError where one of the three is missing, or where the alternative text only repeats the caption.
    """
    for name, text in (("caption", caption), ("alt", alt)):
        if not text.strip():
            raise ValueError(f"{name}: a figure needs one, got an empty text")
    if alt.strip() == caption.strip():
        raise ValueError("alt: expected what the figure shows to someone who cannot see it, got the caption again")
    if not re.fullmatch(r"fig-[a-z0-9-]+", label):
        raise ValueError(f"label: expected fig- and then lower-case letters, digits and dashes, got {label!r}")
    buffer = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return Picture(_for_the_page(buffer.getvalue(), alt, label), caption.strip(), alt.strip(), label, figure)


def _for_the_page(svg: str, alt: str, label: str) -> str:
    """The <svg> element alone: named for screen readers, with ids of its own, its colours taken from the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.S)
    # Several figures stand in one page; their ids must not meet.
    prefix = f"f{hashlib.sha256(label.encode()).hexdigest()[:6]}-"
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{prefix}", svg)
    for name, (light, _) in PALETTE.items():
        svg = re.sub(light, f"var(--figure-{name}, {light})", svg, flags=re.I)
    attributes = f'role="img" aria-label="{html.escape(alt.strip())}"'
    # the figure fills a narrow column and never grows beyond its drawn size
    width = float(re.search(r'width="([\d.]+)pt"', svg).group(1)) * 4 / 3
    svg = re.sub(r'(<svg[^>]*?) width="[\d.]+pt"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[\d.]+pt"', r"\1", svg, count=1)
    look = f"--drawn: {width:.0f}px; width: 100%; max-width: var(--drawn); height: auto"
    look += "; stroke-linejoin: round; stroke-linecap: butt"
    return svg.replace("<svg", f'<svg {attributes} style="{look}"', 1)


def style_sheet() -> str:
    """The palette as CSS variables, for a light page and for a dark one."""

    def variables(mode: int) -> str:
        return " ".join(f"--figure-{name}: {colors[mode]};" for name, colors in PALETTE.items())

    return f"html {{ {variables(0)} }}\nhtml[data-theme=dark] {{ {variables(1)} }}\n"
