"""What a lab is: cells, each of one kind, and tasks made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS = ("prose", "given", "setup", "solution", "test", "written", "rubric", "wrong", "right")
"""Kinds of cells. `prose` is Markdown and `given` code that students read and run, without further meaning."""
KEPT_BACK = frozenset({"rubric", "wrong", "right"})
"""Kinds of cells that no version for students holds."""
MARKS = {"solution": "SOLUTION", "written": "SOLUTION", "test": "HIDDEN TESTS"}
"""Kind of cell → what stands behind BEGIN and END in the lines around what students must not see."""
TO_WRITE = "*Your answer here.*"
"""What stands for an answer in words until there is one."""


class LabError(ValueError):
    """A lab breaks the format; the message has one line for each mistake, with file, line and cell."""


@dataclass(frozen=True)
class LabCell:
    """One cell of a lab.

    index: its place among the cells of the source, from 0; line: where it begins in the file, from 1; metadata: all
    of it, what nbgrader needs filled in. The rest is empty where it does not apply: `name` is nbgrader's grade_id,
    `task` the task that the cell belongs to, `takes` the names of the student's notebook that a test cell uses, and
    `because` says what is wrong with a wrong answer or other about a right one.
    """

    index: int
    line: int
    kind: str
    source: str
    metadata: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    task: str = ""
    takes: tuple[str, ...] = ()
    points: float = 0.0
    because: str = ""

    @property
    def is_code(self) -> bool:
        """Whether it is a code cell; all others are Markdown."""
        return self.kind not in ("prose", "written", "rubric")

    def __str__(self) -> str:
        """The cell in words, for messages."""
        of = f" {self.name}" if self.name else f" of task {self.task}" if self.task else ""
        return f"cell {self.index + 1} ({self.kind}{of})"


@dataclass(frozen=True)
class Task:
    """One task: a code task, with test cells, or one that is answered in words and marked by hand, with a rubric.

    `points` are those of all its test cells together, or of the written answer. `solution` is the cell that students
    fill in; `wrong` and `right` hold whole replacements of it. `rubric` is Markdown.
    """

    name: str
    kind: str  # "code" or "written"
    points: float
    solution: LabCell
    tests: tuple[LabCell, ...] = ()
    wrong: tuple[LabCell, ...] = ()
    right: tuple[LabCell, ...] = ()
    rubric: str = ""


@dataclass(frozen=True)
class Lab:
    """One lab. `minutes` is what a student should need; `data` are files that travel with the notebook.

    Paths of data are relative to the folder of the source, which is `path`; in the student's folder they keep them.
    """

    path: Path
    name: str
    title: str
    minutes: int
    data: tuple[Path, ...]
    cells: tuple[LabCell, ...]
    tasks: tuple[Task, ...]

    @property
    def points(self) -> float:
        """What all tasks give together."""
        return sum(task.points for task in self.tasks)

    def task(self, name: str) -> Task:
        """The task of that name. Raises KeyError where there is none."""
        return next((task for task in self.tasks if task.name == name), None) or _missing(name, self)


def _missing(name: str, lab: Lab) -> Task:
    raise KeyError(f"{lab.name} has no task {name!r}; it has {', '.join(task.name for task in lab.tasks)}")


def split(cell: LabCell, instead: str = "") -> tuple[str, list[str]]:
    """What students see of a cell, and the pieces between the marks.

    Where `instead` is given, that line stands for each piece, indented as it was. Raises ValueError where marks do
    not match.
    """
    mark = MARKS.get(cell.kind)
    if mark is None:
        return cell.source, []
    seen: list[str] = []
    kept_back: list[list[str]] = []
    inside = False
    for line in cell.source.split("\n"):
        begins, ends = f"BEGIN {mark}" in line, f"END {mark}" in line
        if begins and inside:
            raise ValueError(f"a second BEGIN {mark} stands before END {mark}")
        if ends and not inside:
            raise ValueError(f"END {mark} stands before BEGIN {mark}")
        if begins:
            kept_back.append([])
            seen += [line[: len(line) - len(line.lstrip())] + instead] if instead else []
        elif not ends:
            (kept_back[-1] if inside else seen).append(line)
        inside = begins or (inside and not ends)
    if inside:
        raise ValueError(f"BEGIN {mark} has no END {mark}")
    return "\n".join(seen), ["\n".join(piece) for piece in kept_back]
