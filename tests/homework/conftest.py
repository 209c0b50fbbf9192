"""A small book with the small lab, built once, and a bench at which submissions of that lab are run."""

from __future__ import annotations

from pathlib import Path

import pytest

from lecturelib.homework.grading.run import Bench
from tests.homework import handed_in
from tests.homework.labs import LAB
from tests.site.books import built, write_book


@pytest.fixture(scope="session")
def small_book(tmp_path_factory) -> Path:
    """The folder of a book whose only content is the lab `labs/lines.md`, built."""
    book = write_book(
        tmp_path_factory.mktemp("book"), {"root": "# Root\n\nIt has a {doc}`labs/lines`.\n", "labs/lines": LAB}
    )
    built(book)
    return book


@pytest.fixture(scope="session")
def bench():
    """A bench for the small lab; each test brings its own notebook."""
    handed_in.isolation()
    with Bench(handed_in.lab(), handed_in.USUAL) as opened:
        yield opened


@pytest.fixture(scope="session")
def hasty():
    """A bench with short limits, for notebooks with loops that never end."""
    handed_in.isolation()
    with Bench(handed_in.lab(), handed_in.HASTY) as opened:
        yield opened
