"""A small lab with everything a lab can have, for tests to take as it is or to break in one place.

It is the one that the guide for instructors shows.
"""

from __future__ import annotations

from pathlib import Path

LAB = (Path(__file__).resolve().parents[2] / "chapters" / "appendix" / "small_lab.txt").read_text(encoding="utf-8")


def broken(old: str, new: str, count: int = 1) -> str:
    """The lab with one passage replaced; a passage that is not there is a mistake of the test."""
    assert LAB.count(old) >= 1, old
    return LAB.replace(old, new, count)
