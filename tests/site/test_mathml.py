"""Formulas for the ear: the MathML of pages is valid."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from lecturelib.site.formulas import Typesetter

PARTS = {"mfrac": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "mroot": 2, "msubsup": 3, "munderover": 3}
"""Element → how many parts it takes."""


def invalid(page: str) -> set[str]:
    """Elements of MathML with another number of parts than they take, or with an attribute that has no value."""
    formulas = [ElementTree.fromstring(formula) for formula in re.findall(r"<math[ >].*?</math>", page, re.S)]
    return {
        ElementTree.tostring(element, encoding="unicode")
        for formula in formulas
        for element in formula.iter()
        if len(element) != PARTS.get(element.tag.rpartition("}")[2], len(element)) or "" in element.attrib.values()
    }


def test_what_is_invalid_is_found():
    assert len(invalid("<p><math><msub><mi>a</mi></msub><mfrac><mi>a</mi><mi>b</mi></mfrac><mo a=''/></math>")) == 2


@pytest.mark.parametrize(
    "formula", [r"\lambda_{\max}", r"\lambda_{\max}^2", r"\frac{\max}{2}", r"\begin{aligned}a\end{aligned}"]
)
def test_where_katex_gives_a_part_too_many_it_is_mended(tmp_path, formula):
    typesetter = Typesetter(tmp_path / "kept.sqlite")
    for display in (False, True):
        html = typesetter.html(formula, display=display)
        assert "<math" in html
        assert not invalid(html)
    typesetter.close()


def test_pages(site, pages):
    wrong = {page: invalid((site / page).read_text(encoding="utf-8")) for page in pages}
    assert not {page: problems for page, problems in wrong.items() if problems}
