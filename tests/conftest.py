"""One site and one browser for all tests, and the order of tests for when files run side by side."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.site.fixtures import browser, pages, server, site

__all__ = ["browser", "pages", "server", "site"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the files that look at the built site the longest comes first and builds it, the others last: nobody waits."""
    looking = Counter(item.path for item in items if "site" in getattr(item, "fixturenames", ()))
    longest = max(looking, key=looking.get, default=None)
    places = {path: 0 if path == longest else 2 for path in looking}
    items.sort(key=lambda item: places.get(item.path, 1))
