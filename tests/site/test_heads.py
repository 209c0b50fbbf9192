"""What every page of the book has to say for itself, and what none may have."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.site.books import SETTINGS
from tests.site.page_checks import is_chapter

OBJECT = re.compile(r"<[\w.]+ at 0x[0-9a-f]+>|\[Text\(|<matplotlib\.")


@pytest.fixture(scope="module")
def read(site, pages) -> dict[str, BeautifulSoup]:
    """Page → what it holds."""
    return {page: BeautifulSoup(Path(site / page).read_text(encoding="utf-8"), "html.parser") for page in pages}


@pytest.fixture(scope="module")
def chapters(site, read) -> dict[str, BeautifulSoup]:
    """The pages that authors wrote."""
    return {page: text for page, text in read.items() if is_chapter(site, page)}


def test_no_id_is_used_twice_in_a_page_and_each_has_one_heading(read):
    for page, text in read.items():
        ids = Counter(element["id"] for element in text.find_all(id=True))
        assert not [name for name, count in ids.items() if count > 1], page
        assert len(text.find_all("h1")) == 1, page


def test_titles_are_the_pages_own_and_descriptions_too(read, chapters):
    titles = Counter(text.title.get_text() for text in read.values())
    assert not [title for title, count in titles.items() if count > 1]
    assert all(SETTINGS["title"] in title for title in titles)
    descriptions = {
        page: text.find("meta", attrs={"name": "description"})["content"] for page, text in chapters.items()
    }
    assert not [
        page for page, words in descriptions.items() if not 40 <= len(words) <= 200 or "$" in words or "\\" in words
    ]
    assert len(set(descriptions.values())) == len(descriptions)


def test_no_output_is_the_name_of_an_object_that_a_cell_happened_to_end_with(read):
    left = {
        page: [
            output.get_text()[:60] for output in text.select(".cell_output .output") if OBJECT.search(output.get_text())
        ]
        for page, text in read.items()
    }
    assert not {page: found for page, found in left.items() if found}


def test_no_page_has_bars_of_hidden_code_or_shows_how_it_asks_for_checks(read):
    for page, text in read.items():
        assert not text.select("details.hide"), page
        shown = [cell for cell in text.select(".cell_input") if not cell.find_parent("details")]
        assert not [cell for cell in shown if cell.get_text().strip().endswith(".show()")], page


def test_a_figure_of_a_chapter_has_at_most_one_link_to_its_code(chapters):
    links = 0
    for page, text in chapters.items():
        for cell in text.select("article .cell"):
            found = cell.select("details.code-behind")
            assert len(found) <= 1, page
            links += len(found)
    assert links > 50, "chapters draw most of their figures with hidden code"
