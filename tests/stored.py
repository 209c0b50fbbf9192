"""Numbers that are stored for the tests of the browser's modules, against those that the library gives now."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest


def flat(value: Any) -> list:
    """All that stands in a nest of lists and dictionaries, in order; names of a dictionary too."""
    if isinstance(value, dict):
        return [one for name, part in sorted(value.items()) for one in [name, *flat(part)]]
    if isinstance(value, list | tuple):
        return [one for part in value for one in flat(part)]
    return [value]


def assert_stored(path: Path, cases: Iterable[dict], *, within: float, absolute: float | None = None) -> None:
    """Every case in the file is that of the library, number by number within this share, or this difference."""
    for number, (stored, now) in enumerate(zip(json.loads(path.read_text(encoding="utf-8")), cases, strict=True)):
        pairs = list(zip(flat(stored), flat(now), strict=True))
        words = [pair for pair in pairs if isinstance(pair[0], str | None)]
        assert not [pair for pair in words if pair[0] != pair[1]], f"case {number}"
        numbers = [pair for pair in pairs if not isinstance(pair[0], str | None)]
        first, second = ([pair[side] for pair in numbers] for side in (0, 1))
        difference = within if absolute is None else absolute
        assert first == pytest.approx(second, rel=within, abs=difference, nan_ok=True), f"case {number}"
