"""Drawings in fewer characters look the same."""

import pytest

from lecturelib.core import figures
from lecturelib.site import drawings


@pytest.mark.parametrize(
    ("written", "light"),
    [
        ('<path d="M 40.88947 225.19976 \nL -0.001 3.5 \nz\n"/>', '<path d="M 40.89 225.2 L 0 3.5 z"/>'),
        ('<use x="70.635351" y="225.19976"/>', '<use x="70.64" y="225.2"/>'),
        ('<g transform="translate(1.123456) scale(0.015625)"/>', '<g transform="translate(1.12) scale(0.015625)"/>'),
        ('<g id="x-1.23456"><b data-x="1.23456"/></g>', '<g id="x-1.23456"><b data-x="1.23456"/></g>'),
        ('<path d="M 1.23456e-05 2"/>', '<path d="M 1.23456e-05 2"/>'),
        ("<g>\n   <text>1.23456 and</text>\n</g>", "<g>\n<text>1.23456 and</text>\n</g>"),
        ("<text>a</text> <text>b</text>", "<text>a</text> <text>b</text>"),
    ],
)
def test_coordinates_lose_digits_and_nothing_else_does(written, light):
    assert drawings.light(written) == light


def test_a_figure_of_the_library_becomes_lighter():
    figure, axes = figures.new()
    axes.plot([n / 7 for n in range(200)], [(n % 13) / 3 for n in range(200)])
    svg = figures.show(figure, caption="A line.", alt="It goes up and down.", label="fig-line").svg
    assert len(drawings.light(svg)) < 0.85 * len(svg)
