"""Terms: marked where they are defined, once in the book, and listed in its index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from lecturelib.site import terms
from tests.site.books import ROOT, build, built, write_book
from tests.site.link_checks import read

PARTS = sorted(path for path in (ROOT / "chapters").glob("*/*.md") if path.parent.name != "appendix")
FIRST = """---
terms: [knot, jump]
---

# First

A {def}`breakpoint` is here.

## Of $x$

{def}`Curved lines <Éclair curve>` and {def}`2-layer networks <2-layer network>`.
"""
SECOND = """# Second

A {def}`kernel`, not a {term}`breakpoint` but a {term}`curve <Éclair curve>`.
"""
LIST = "# Index of terms\n\n```{terms}\n```\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site of a small book with an index of terms."""
    chapters = {"part/first": FIRST, "second": SECOND, "terms": LIST}
    return built(write_book(tmp_path_factory.mktemp("book"), chapters))


def test_a_term_is_shown_as_a_definition_with_an_anchor(site):
    page = (site / "part" / "first.html").read_text(encoding="utf-8")
    assert '<dfn class="term" id="term-breakpoint">breakpoint</dfn>' in page
    assert '<dfn class="term" id="term-eclair-curve">Curved lines</dfn>' in page


def test_other_pages_link_to_the_definition(site):
    links = {address for _, address in read(site / "second.html").refers}
    assert "part/first.html#term-breakpoint" in links
    assert "part/first.html#term-eclair-curve" in links


def test_the_index_lists_every_term_by_letter_with_its_place(site):
    page = (site / "terms.html").read_text(encoding="utf-8")
    items = [re.sub("<.*?>", "", item) for item in re.findall(r"<li><p>(.*?)</p></li>", page)]
    assert items == ["2-layer network, First, Of x", "breakpoint, First", "Éclair curve, First, Of x", "kernel, Second"]
    assert re.findall(r'class="rubric" id="letter-\w+">(.*?)<', page) == ["0–9", "B", "E", "K"]
    assert 'href="part/first.html#term-2-layer-network"' in page


def test_the_index_follows_a_change_elsewhere(tmp_path):
    book = write_book(tmp_path, {"second": "# Second\n\n{def}`kernel`\n", "terms": LIST})
    built(book)
    (book / "second.md").write_text("# Second\n\n{def}`feature`\n", encoding="utf-8")
    page = (built(book) / "terms.html").read_text(encoding="utf-8")
    assert "feature" in page
    assert "kernel" not in page


def test_a_term_defined_twice_and_words_that_are_no_list_stop_the_build(tmp_path):
    twice = "---\nterms: 7\n---\n\n# Twice\n\n{def}`kernel`\n"
    done = build(write_book(tmp_path, {"second": "# Second\n\n{def}`kernel`\n", "twice": twice}))
    assert done.returncode != 0
    assert re.search("WARNING: duplicate term description of kernel", done.stdout)
    assert "terms: expected a list of words" in done.stdout


def test_words_shown_again_define_nothing():
    again = terms.repeated("A {def}`knot`, {def}`the ends <end>` and {term}`knot`.")
    assert again == "A **knot**, **the ends** and {term}`knot`."


def test_every_chapter_names_its_terms():
    assert PARTS
    nameless = []
    for path in PARTS:
        text = path.read_text(encoding="utf-8")
        front = yaml.safe_load(text.split("---\n")[1]) if text.startswith("---\n") else {}
        if not (front.get("terms") or terms.ROLE.search(text)):
            nameless.append(path.relative_to(ROOT).as_posix())
    assert not nameless, "no {def} and no `terms:` in the front matter"


def test_a_term_is_defined_once_in_the_book():
    places: dict[str, list[str]] = {}
    for path in sorted((ROOT / "chapters").rglob("*.md")):
        for found in terms.ROLE.finditer(path.read_text(encoding="utf-8")):
            places.setdefault(terms.plain(found[2] or found[1]), []).append(path.stem)
    assert places
    assert not {term: found for term, found in places.items() if len(found) > 1}
