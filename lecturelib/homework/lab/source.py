"""Reads a lab from its source, a MyST notebook, and says precisely what breaks the format.

The format is described in the book's appendix for instructors; `lecturelib.homework.lab.rules` holds it to account.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jupytext.myst import MystMetadataParsingError, myst_to_notebook

from lecturelib.homework.lab import rules
from lecturelib.homework.lab.lab import KINDS, Lab, LabCell, LabError, Task

__all__ = ["Lab", "LabCell", "LabError", "Task", "find", "read", "reads"]

TAGGED = ("setup", "rubric", "wrong", "right")


def read(path: str | Path) -> Lab:
    """The lab whose source is the file `path`. Raises LabError, one line for each mistake, with file and cell."""
    path = Path(path)
    return reads(path.read_text(encoding="utf-8"), path)


def reads(text: str, path: str | Path) -> Lab:
    """As `read`, for a text that is not, or not yet, the content of the file `path`."""
    path = Path(path)
    try:
        notebook = myst_to_notebook(text, add_source_map=True)
    except MystMetadataParsingError as error:
        raise LabError(f"{path}: {error}") from None
    lines = notebook.metadata.pop("source_map")  # of code counted from 1, of Markdown from 0
    problems: list[str] = []
    cells = []
    for index, (found, line) in enumerate(zip(notebook.cells, lines, strict=True)):
        line += found.cell_type == "markdown"
        cell, wrong = _cell(index, line, found)
        cells.append(cell)
        problems += [f"{path}:{line}: {cell}: {problem}" for problem in wrong]
    if problems:  # what follows relies on kinds and names
        raise LabError("\n".join(problems))
    front = notebook.metadata.get("lab")
    front = front if isinstance(front, dict) else {}
    lab = Lab(
        path=path,
        name=path.stem,
        title=rules.title(cells),
        minutes=front.get("minutes", 0),
        data=tuple(Path(str(name)) for name in front.get("data") or ()),
        cells=tuple(cells),
        tasks=tuple(_tasks(cells)),
    )
    problems = [f"{path}: {problem}" for problem in rules.of_front_matter(lab, notebook.metadata)]
    problems += [f"{path}:{cell.line}: {cell}: {problem}" for cell, problem in rules.of_cells(lab)]
    if problems:
        raise LabError("\n".join(problems))
    return lab


def find(names: Iterable[str], folder: Path) -> list[Lab]:
    """The labs of these names, or by these paths; all labs of `folder` where there are no names.

    Raises FileNotFoundError naming the labs that there are, LabError as `read` does.
    """
    there = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    paths = []
    for name in names:
        path = next((path for path in there if path.stem == name), Path(name))
        if not path.is_file():
            raise FileNotFoundError(f"there is no lab {name}; in {folder} are: {', '.join(p.stem for p in there)}")
        paths.append(path)
    return [read(path) for path in paths or there]


def _cell(index: int, line: int, found: Any) -> tuple[LabCell, list[str]]:
    """A cell of the source as a cell of the lab, and what is wrong with its metadata."""
    metadata = dict(found.metadata)
    marks, ours = metadata.get("nbgrader"), metadata.get("lab", {})
    problems = rules.of_metadata(found.cell_type, metadata)
    if problems:
        return LabCell(index, line, found.cell_type, found.source, metadata), problems
    kind = _kind(found.cell_type, metadata)
    name = ""
    if marks is not None:
        metadata["nbgrader"] = marks = _filled_in(dict(marks), found.cell_type)
        name = marks["grade_id"]
    cell = LabCell(
        index=index,
        line=line,
        kind=kind,
        source=found.source,
        metadata=metadata,
        name=name,
        task=ours.get("task", name),
        takes=tuple(ours.get("takes", ())),
        points=float((marks or {}).get("points", 0)),
        because=str(ours.get("because", "")),
    )
    return cell, []


def _kind(cell_type: str, metadata: dict[str, Any]) -> str:
    marks = metadata.get("nbgrader")
    tag = next((tag for tag in TAGGED if tag in metadata.get("tags", [])), None)
    if marks is not None:
        kind = "written" if cell_type == "markdown" else "test" if marks.get("grade") else "solution"
    else:
        kind = tag or ("prose" if cell_type == "markdown" else "given")
    assert kind in KINDS
    return kind


def _filled_in(marks: dict[str, Any], cell_type: str) -> dict[str, Any]:
    """nbgrader's metadata, complete: a source may leave out what follows from the rest."""
    written = cell_type == "markdown"
    grade = bool(marks.get("grade", written))
    solution = bool(marks.get("solution", written or not grade))
    locked = bool(marks.get("locked", grade and not solution))
    filled = {"schema_version": 3, "cell_type": cell_type, "grade_id": marks["grade_id"]}
    filled |= {"grade": grade, "solution": solution, "locked": locked, "task": False}
    return filled | ({"points": marks["points"]} if grade else {})


def _tasks(cells: list[LabCell]) -> list[Task]:
    """The tasks in the order of their solution cells."""
    tasks = []
    for cell in cells:
        if cell.kind not in ("solution", "written"):
            continue
        mine = [other for other in cells if other.task == cell.name and other is not cell]
        of = {kind: tuple(other for other in mine if other.kind == kind) for kind in KINDS}
        code = cell.kind == "solution"
        tasks.append(
            Task(
                name=cell.name,
                kind="code" if code else "written",
                points=sum(test.points for test in of["test"]) if code else cell.points,
                solution=cell,
                tests=of["test"],
                wrong=of["wrong"],
                right=of["right"],
                rubric="\n\n".join(other.source for other in of["rubric"]),
            )
        )
    return tasks
