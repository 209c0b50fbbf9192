"""Figures: one style, safe for colour-blind readers, legible in light and in dark mode.

`new` makes axes in the book's style; `show` turns the figure into an image that scales without loss and whose colours
follow the page. A figure without a caption and a text alternative cannot be shown.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import re
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.figure import Figure

from lecturelib.core.display import Shown

FIGURE_MIME = "application/vnd.lecturelib.figure+json"
"""Output of this type becomes a numbered figure when the book is built (see `lecturelib.site.outputs`)."""

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


@dataclass(frozen=True)
class Picture:
    """A figure ready to be shown: an SVG, a caption and alternative text, and the label it is referred to by."""

    svg: str
    caption: str
    alt: str
    label: str

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        caption = Shown.markdown(self.caption).plain
        book = {"svg": self.svg, "caption": self.caption, "label": self.label}
        # A notebook has a page of its own colour behind it: the figure brings its paper along.
        page = f'<figure style="background: {PAPER}; margin: 0">{self.svg}</figure>'
        # references in other captions name the label, as a notebook has no numbers for its outputs
        words = f"<p><b>{self.label}.</b> {html.escape(caption, quote=False)}</p>"
        return {FIGURE_MIME: json.dumps(book), "text/html": page + words}

    def __repr__(self) -> str:
        return f"Figure {self.label}: {self.alt}"


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
    return Picture(_for_the_page(buffer.getvalue(), alt, label), caption.strip(), alt.strip(), label)


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
    look = f"width: 100%; max-width: {width:.0f}px; height: auto; stroke-linejoin: round; stroke-linecap: butt"
    return svg.replace("<svg", f'<svg {attributes} style="{look}"', 1)


def style_sheet() -> str:
    """The palette as CSS variables, for a light page and for a dark one."""

    def variables(mode: int) -> str:
        return " ".join(f"--figure-{name}: {colors[mode]};" for name, colors in PALETTE.items())

    return f"html {{ {variables(0)} }}\nhtml[data-theme=dark] {{ {variables(1)} }}\n"
