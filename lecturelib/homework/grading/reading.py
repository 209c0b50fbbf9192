"""A notebook that was handed in, read with suspicion: its cells, or why it has none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST = 64 << 20
MOST_CODE = 2 << 20
MOST_CELLS = 1000


class Invalid(ValueError):
    """A file that cannot be graded; the message says why, for the student."""


@dataclass(frozen=True)
class Cell:
    """A cell of a submission; `name` is its grade_id, empty where it has none."""

    index: int
    is_code: bool
    source: str
    name: str
    points: float | None


def read(path: Path) -> dict[str, Any]:
    """The content of a notebook's file. Raises Invalid where it is none."""
    if path.stat().st_size > LARGEST:
        raise Invalid(
            f"the file has {path.stat().st_size >> 20} MiB: expected at most {LARGEST >> 20}; clear its outputs"
        )
    return parse(path.read_bytes())


def parse(data: bytes) -> dict[str, Any]:
    """As `read`, of the bytes of a file."""
    if not data.strip():
        raise Invalid("the file is empty")
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the file is not a notebook: {str(error)[:200]}") from None
    if not isinstance(notebook, dict):
        raise Invalid("the file is not a notebook: expected an object with cells")
    return notebook


def slim(notebook: Mapping[str, Any]) -> bytes:
    """The notebook as a file again, with nothing but what grading looks at. Raises Invalid where it is none."""
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    kept = {key: metadata[key] for key in ("language_info", "kernelspec") if key in metadata}
    few = []
    for cell in cells(notebook):
        marks = {} if not cell.name and cell.points is None else {"grade_id": cell.name, "points": cell.points}
        kind = "code" if cell.is_code else "markdown"
        few.append({"cell_type": kind, "source": cell.source, "metadata": {"nbgrader": marks} if marks else {}})
    return json.dumps({"metadata": kept, "cells": few}).encode()


def cells(notebook: Mapping[str, Any]) -> list[Cell]:
    """The cells of a notebook's content. Raises Invalid where they are not what cells are."""
    found = notebook.get("cells")
    if found is None and isinstance(notebook.get("worksheets"), list):
        found = [cell for sheet in notebook["worksheets"] if isinstance(sheet, dict) for cell in sheet.get("cells", [])]
    if not isinstance(found, list):
        raise Invalid("the file is not a notebook: it has no list of cells")
    if len(found) > MOST_CELLS:
        raise Invalid(f"the notebook has {len(found)} cells: expected at most {MOST_CELLS}")
    read = [_cell(index, cell) for index, cell in enumerate(found)]
    if not read:
        raise Invalid("the notebook has no cells")
    if sum(len(cell.source) for cell in read) > MOST_CODE:
        raise Invalid(f"the cells have more than {MOST_CODE >> 20} MiB of text")
    return read


def _cell(index: int, cell: Any) -> Cell:
    if not isinstance(cell, dict):
        raise Invalid(f"cell {index + 1} is not a cell")
    source = cell.get("source", cell.get("input", ""))
    source = "".join(map(str, source)) if isinstance(source, list) else source
    if not isinstance(source, str):
        raise Invalid(f"cell {index + 1} has no text")
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    marks = marks if isinstance(marks, dict) else {}
    name, points = marks.get("grade_id"), marks.get("points")
    return Cell(
        index=index,
        is_code=cell.get("cell_type") == "code",
        source=source,
        name=name if isinstance(name, str) else "",
        points=float(points) if isinstance(points, (int, float)) and abs(points) < 1e9 else None,
    )
