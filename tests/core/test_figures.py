"""Figures: nothing is shown without words, and colours come from the page."""

import re
import xml.etree.ElementTree as ElementTree

import matplotlib as mpl
import pytest

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
