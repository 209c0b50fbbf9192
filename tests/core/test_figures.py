"""Figures: nothing is shown without words, and colours come from the page."""

import base64
import io
import re
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import pytest
from PIL import Image

from lecturelib.core import figures


@pytest.fixture(autouse=True)
def restore_style():
    with mpl.rc_context():
        yield


@pytest.fixture
def figure():
    drawing, axes = figures.new()
    for color in figures.CYCLE:
        axes.plot([0, 1], [1, 2], color=color, label="$f$")
    axes.legend()
    axes.text(0.5, 1.5, "words")
    return drawing


WORDS = {"caption": "Look at the line.", "alt": "A line from 1 to 2.", "label": "fig-line"}


@pytest.mark.parametrize("missing", ["caption", "alt"])
def test_a_figure_without_words_is_an_error(figure, missing):
    with pytest.raises(ValueError, match=missing):
        figures.show(figure, **{**WORDS, missing: " "})
    with pytest.raises(TypeError, match=missing):
        figures.show(figure, **{name: text for name, text in WORDS.items() if name != missing})


def test_alt_is_not_the_caption_and_labels_have_one_form(figure):
    with pytest.raises(ValueError, match="alt"):
        figures.show(figure, caption="same", alt="same", label="fig-line")
    with pytest.raises(ValueError, match="label"):
        figures.show(figure, **{**WORDS, "label": "Line 1"})


def test_every_colour_follows_the_page(figure):
    svg = figures.show(figure, **WORDS).svg
    fixed = re.sub(r"var\(--figure-\w+, #\w+\)", "", svg)
    assert not re.findall(r"#[0-9a-fA-F]{6}\b", fixed)
    assert not re.search(r"(fill|stroke): (black|white)", fixed)
    for name in figures.PALETTE:
        assert f"--figure-{name}:" in figures.style_sheet()
    assert "var(--figure-ink" in svg


def test_the_svg_is_named_for_screen_readers_and_its_ids_are_its_own(figure):
    svg = figures.show(figure, **WORDS).svg
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == WORDS["alt"]
    ids = re.findall(r'\bid="([^"]+)"', svg)
    other = re.findall(r'\bid="([^"]+)"', figures.show(figure, **{**WORDS, "label": "fig-other"}).svg)
    assert len(ids) == len(set(ids))
    assert not set(ids) & set(other)
    used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg)
    assert {a or b for a, b in used} <= set(ids)


def test_the_same_figure_is_the_same_file(figure):
    assert figures.show(figure, **WORDS).svg == figures.show(figure, **WORDS).svg


def test_a_notebook_gets_an_image_and_a_caption(figure):
    words = {**WORDS, "caption": "Bends *upwards*, as {numref}`fig-other` ({prf:ref}`thm-x`).", "alt": "Costs $5."}
    book = figures.show(figure, **words).book
    (image, size), (caption, _) = figures.outputs(book, {"fig-line": "Fig. 6.1", "fig-other": "Fig. 6.2"})
    drawn = Image.open(io.BytesIO(base64.b64decode(image["image/png"]))).convert("RGB")
    assert size["image/png"] == {"width": 538, "height": 307, "alt": "Costs $5."}
    assert drawn.width > 1.5 * 538
    # on paper of its own, so that it is legible in the dark too
    assert drawn.getpixel((1, 1)) == tuple(int(figures.PAPER[place : place + 2], 16) for place in (1, 3, 5))
    assert caption["text/markdown"].startswith("**Fig. 6.1.** Bends *upwards*, as Fig. 6.2.\n")
    assert r"Costs \$5." in caption["text/markdown"]
    (_, _), (nameless, _) = figures.outputs(book, {})
    assert nameless["text/markdown"].startswith("Bends *upwards*, as fig-other.\n")


def test_the_same_figure_is_the_same_image(figure):
    assert figures.show(figure, **WORDS).png == figures.show(figure, **WORDS).png


def contrast(one, other):
    """Contrast ratio of two colours after WCAG 2."""

    def luminance(color):
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in mpl.colors.to_rgb(color)]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("mode", "page"), [(0, "#ffffff"), (1, "#121212")])
def test_lines_and_words_stand_out_from_the_page(mode, page):
    for name, colors in figures.PALETTE.items():
        if name not in ("faint", "paper"):
            assert contrast(colors[mode], page) >= 4.5, name


@pytest.mark.parametrize(("width", "drawn"), [(2.5, 200), (6.0, 500)])
def test_a_figure_tells_how_wide_it_was_drawn(width, drawn):
    figure, _ = figures.new(width=width)
    svg = figures.show(figure, caption="A figure.", alt="Empty axes.", label="fig-width").book["svg"]
    told = int(re.search(r"--drawn: (\d+)px", svg)[1])
    assert abs(told - drawn) < 100
    assert "max-width: var(--drawn)" in svg
