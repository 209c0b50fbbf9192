"""A small book with the small lab, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

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
