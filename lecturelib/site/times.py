"""How long the execution of pages took, and which of them take longer than the book can bear."""

from __future__ import annotations

import json
from pathlib import Path

BUDGET = 25.0
"""Seconds of one core that a chapter may take, so that a book of thirty is built in ten minutes on two cores."""
TIMES = Path("_build", "times.json")
"""Page → seconds of processors that its last execution took, in the folder of a book."""


def read_times(book: Path) -> dict[str, float]:
    """Page → seconds of processors of its last execution; empty where none was executed."""
    path = book / TIMES
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_times(book: Path, times: dict[str, float]) -> None:
    """Store the times of those pages that the book still has."""
    there = {page: seconds for page, seconds in sorted(times.items()) if (book / f"{page}.md").exists()}
    (book / TIMES).write_text(json.dumps(there, indent=1), encoding="utf-8")


def over_budget(book: Path) -> str:
    """A line that names the pages which took more than `BUDGET`, longest first; nothing where none did."""
    times = sorted(read_times(book).items(), key=lambda item: -item[1])
    slow = ", ".join(f"{page} {seconds:.0f} s" for page, seconds in times if seconds > BUDGET)
    return f"Over the budget of {BUDGET:.0f} s on one core: {slow}" if slow else ""
