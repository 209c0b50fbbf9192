"""Drawings of pages, without digits that no eye can see: matplotlib writes a millionth of a point."""

from __future__ import annotations

import re

PLACES = 2
"""Decimals of a coordinate that are kept. A point is four thirds of a pixel."""
COORDINATES = re.compile(r'(\s(?:d|x|y|x1|x2|y1|y2|cx|cy|points)=")([^"]*)"')
TRANSLATION = re.compile(r"translate\([^)]*\)")
NUMBER = re.compile(r"-?\d+\.\d{3,}(?!\d*e)")
BETWEEN = re.compile(r">\s+<")


def light(svg: str) -> str:
    """The same drawing in fewer characters."""
    svg = COORDINATES.sub(lambda found: f'{found[1]}{_short(" ".join(found[2].split()))}"', svg)
    svg = TRANSLATION.sub(lambda found: _short(found[0]), svg)
    return BETWEEN.sub(lambda found: ">\n<" if "\n" in found[0] else found[0], svg)


def _short(text: str) -> str:
    return NUMBER.sub(_rounded, text)


def _rounded(found: re.Match) -> str:
    text = f"{float(found[0]):.{PLACES}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
