"""The order of tests: what looks at the built site comes first, as it takes longest when files run side by side."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with tests of the built site first; files stay whole."""
    first = {item.path for item in items if "site" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path not in first)
