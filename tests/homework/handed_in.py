"""Notebooks as students hand them in, for tests: the small lab, answered well, badly, or with bad intentions."""

from __future__ import annotations

import copy
import json
import os

import nbformat
import pytest

from lecturelib.homework.isolation import sandbox
from lecturelib.homework.isolation.limits import Limits
from lecturelib.homework.lab import source
from lecturelib.homework.lab.lab import KEPT_BACK, split
from tests.homework.labs import LAB

SIZES = {"memory": 1 << 30}
USUAL = Limits(**SIZES)
HASTY = Limits(cell_seconds=2, notebook_seconds=6, call_seconds=2, test_seconds=4, **SIZES)
"""For planted loops alone: everything else is done in a small part of it."""
SECRET = "the points need not begin at the origin"
"""A text that stands only in a hidden test of the lab."""
WHOLE = 3
"""What the code tasks of the lab give together; the written one gives four more."""


def lab(path="lines.md"):
    """The small lab, as if read from that path."""
    return source.reads(LAB, path)


def notebook(of=None, /, **answers: str) -> dict:
    """The notebook of a student who answers rightly, save for the cells named here. It is content, not a file."""
    of = of or lab()
    cells = []
    for cell in of.cells:
        if cell.kind in KEPT_BACK:
            continue
        text = cell.source if cell.kind in ("solution", "written") else split(cell)[0]
        new = nbformat.v4.new_code_cell if cell.is_code else nbformat.v4.new_markdown_cell
        text = answers.get(cell.name.replace("-", "_"), text) if cell.name else text
        cells.append(new(text, metadata=copy.deepcopy(cell.metadata)))
    return nbformat.v4.new_notebook(cells=cells)


def text(content: dict) -> str:
    """The notebook as a file has it."""
    return json.dumps(content)


def cell(content: dict, name: str) -> dict:
    """The cell of that grade_id."""
    return next(cell for cell in content.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def isolation() -> sandbox.Wall:
    """The isolation of this machine; where there is none, tests that need it fail in CI and are skipped elsewhere."""
    try:
        return sandbox.wall()
    except sandbox.NoIsolation as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
