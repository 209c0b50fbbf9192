"""What a lab must keep to, apart from what only running it can tell. Each rule that is broken is one line of text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lecturelib.homework.lab.lab import MARKS, Lab, LabCell, Task, split
from lecturelib.homework.lab.names import defined, needed

NAME = re.compile(r"[A-Za-z][\w-]*")
STRAY = re.compile(r"\b(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)\b")
TITLE = re.compile(r"# +(\S.*)")


def title(cells: list[LabCell]) -> str:
    """The first line of the lab, without its sign; nothing where the lab begins otherwise."""
    match = TITLE.match(cells[0].source) if cells and cells[0].kind == "prose" else None
    return match[1].strip() if match else ""


def of_front_matter(lab: Lab, front: dict[str, Any]) -> Iterator[str]:
    """Breaches in the front matter, and of what the lab must have as a whole."""
    if "jupytext" not in front or "kernelspec" not in front:
        yield "the front matter needs `jupytext` and `kernelspec`, as a chapter's does"
    if not isinstance(front.get("lab"), dict):
        yield "the front matter needs `lab:` with `minutes:`"
    elif not isinstance(lab.minutes, int) or isinstance(lab.minutes, bool) or lab.minutes <= 0:
        yield f"lab.minutes: expected a whole number above 0, got {lab.minutes!r}"
    home = lab.path.parent.resolve()
    for data in lab.data:
        file = (home / data).resolve()
        if data.is_absolute() or not file.is_relative_to(home):
            yield f"lab.data: {data} does not lie below the folder of the lab"
        elif not file.is_file():
            yield f"lab.data: there is no file {data}"
    if not lab.title:
        yield "the lab must begin with a heading `# Title`"
    if not lab.tasks:
        yield "there is no task: no cell has nbgrader's metadata"


def of_metadata(cell_type: str, metadata: dict[str, Any]) -> list[str]:
    """Breaches within the metadata of one cell; where there are some, its kind cannot be told."""
    marks, ours, problems = metadata.get("nbgrader"), metadata.get("lab", {}), []
    tags = set(metadata.get("tags", [])) & {"setup", "rubric", "wrong", "right"}
    if cell_type == "raw":
        problems.append("raw cells have no place in a lab")
    if not isinstance(ours, dict):
        return [*problems, f"metadata lab: expected names with values, got {ours!r}"]
    if len(tags) + (marks is not None) > 1:
        problems.append(f"it is several things at once: {', '.join(sorted(tags))}{' and nbgrader' * bool(marks)}")
    for tag in tags:
        if (tag == "rubric") != (cell_type == "markdown"):
            problems.append(f"the tag {tag} does not belong on a {cell_type} cell")
        if tag != "setup" and not isinstance(ours.get("task"), str):
            problems.append("lab.task: expected the name of the task that it belongs to")
    if unknown := set(ours) - {"task", "takes", "because"}:
        problems.append(f"metadata lab: unknown {', '.join(sorted(unknown))}; known are task, takes, because")
    return problems if marks is None else problems + _of_marks(cell_type, marks, ours)


def _of_marks(cell_type: str, marks: Any, ours: dict[str, Any]) -> list[str]:
    """Breaches in nbgrader's metadata, and in ours on the same cell."""
    if not isinstance(marks, dict):
        return [f"metadata nbgrader: expected names with values, got {marks!r}"]
    problems = []
    if not NAME.fullmatch(str(marks.get("grade_id"))):
        problems.append("nbgrader.grade_id: expected a name of letters, digits, - and _")
    graded = bool(marks.get("grade", cell_type == "markdown"))
    points = marks.get("points")
    if graded and (isinstance(points, bool) or not isinstance(points, int | float) or points <= 0):
        problems.append(f"nbgrader.points: expected a number above 0, got {points!r}")
    if cell_type == "code" and graded:
        if marks.get("solution"):
            problems.append("a code cell is either a solution or a test, not both")
        if not isinstance(ours.get("task"), str):
            problems.append("lab.task: expected the name of the task that it tests")
        takes = ours.get("takes")
        if not isinstance(takes, list) or not all(isinstance(name, str) and name.isidentifier() for name in takes):
            problems.append("lab.takes: expected a list of the names that it uses of the student's notebook")
    return problems


def of_cells(lab: Lab) -> Iterator[tuple[LabCell, str]]:
    """Breaches in cells and tasks, each with the cell."""
    counts = Counter(cell.name for cell in lab.cells if cell.name)
    tasks = {task.name: task for task in lab.tasks}
    for cell in lab.cells:
        if counts[cell.name] > 1:
            yield cell, f"nbgrader.grade_id: {cell.name} is the name of {counts[cell.name]} cells"
        if cell.task and cell.task not in tasks:
            yield cell, f"there is no task {cell.task}; the tasks are {', '.join(tasks)}"
        yield from ((cell, problem) for problem in _of_text(cell))
    for task in lab.tasks:
        yield from _of_task(task)
    if all(_parses(cell) for cell in lab.cells):
        yield from _of_names(lab)


def _of_text(cell: LabCell) -> Iterator[str]:
    """Marks that do not match or that stand where they mean nothing, and code that is no Python."""
    try:
        seen, kept_back = split(cell)
    except ValueError as error:
        yield str(error)
        return
    # what nbgrader would refuse or, worse, leave standing
    if stray := STRAY.search(seen):
        yield f"{stray[0]} means nothing in a cell of this kind"
    if cell.kind in ("solution", "written") and not any(piece.strip() for piece in kept_back):
        yield f"it needs a solution between BEGIN {MARKS[cell.kind]} and END {MARKS[cell.kind]}"
    if cell.kind == "test" and "assert" not in seen:
        yield "it needs at least one assert that students see"
    if cell.kind == "test" and cell.source.rpartition("END HIDDEN TESTS")[2].strip() and kept_back:
        yield "hidden tests must come last in their cell"
    if cell.kind in ("wrong", "right") and not cell.because.strip():
        yield "lab.because: expected a few words on what is wrong with it, or other about it"
    if cell.is_code:
        try:
            defined(cell.source)
            for part in (seen, *kept_back) if cell.kind == "test" else ():  # they are run one after the other
                defined(part)
        except SyntaxError as error:
            yield f"line {error.lineno} of the cell is no Python: {error.msg}"


def _parses(cell: LabCell) -> bool:
    return not any(True for _ in _of_text(cell))


def _of_task(task: Task) -> Iterator[tuple[LabCell, str]]:
    if task.kind == "written":
        if not task.rubric.strip():
            yield task.solution, "a written task needs a rubric: a Markdown cell with the tag rubric and lab.task"
        for cell in (*task.tests, *task.wrong, *task.right):
            yield cell, f"task {task.name} is answered in words and has no code cells"
        return
    if task.rubric:
        yield task.solution, "only a written task has a rubric"
    if not task.tests:
        yield task.solution, f"task {task.name} has no test cell"
    for cell in task.tests:
        if cell.index < task.solution.index:
            yield cell, f"it stands before the solution of task {task.name}"


def _of_names(lab: Lab) -> Iterator[tuple[LabCell, str]]:
    """Names: a test cell runs where the student's notebook does not, and has only what it takes and what it makes."""
    setup = set().union(*(defined(cell.source) for cell in lab.cells if cell.kind == "setup"))
    given: set[str] = set()  # as a student finds it: without solutions
    for cell in lab.cells:
        if cell.kind in ("solution", "given"):
            given |= defined(split(cell, "...")[0])
        if cell.kind == "setup" and (missing := needed(cell.source) - setup):
            yield cell, f"it uses {_list(missing)}, which no setup cell defines"
        if cell.kind == "test":
            takes = set(cell.takes)
            if missing := needed(cell.source) - takes - setup:
                yield cell, f"it uses {_list(missing)}, which is neither in lab.takes nor defined by a setup cell"
            if unused := takes - needed(cell.source):
                yield cell, f"lab.takes: {_list(unused)} is not used"
            if undefined := takes - given:
                yield (
                    cell,
                    f"lab.takes: students would not find {_list(undefined)} defined: write `{min(undefined)} = None`, "
                    "or the head of the function, before BEGIN SOLUTION",
                )
    for task in lab.tasks:
        if task.kind == "written":
            continue
        wanted = {name for test in task.tests for name in test.takes} & defined(split(task.solution, "...")[0])
        for cell in (*task.wrong, *task.right):
            if missing := wanted - defined(cell.source):
                yield cell, f"it replaces the whole solution cell and must define {_list(missing)}"


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
