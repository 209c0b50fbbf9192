"""What a lab has to stand before students get it. Each failure is one line with the lab, the task and the cell.

Submissions are run as `grade` runs them, by a bench: something that is opened for a lab, runs notebooks of it, and
says of each test cell whether it passed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import nbformat
from nbformat import NotebookNode

from lecturelib.homework.lab import leaks
from lecturelib.homework.lab.lab import Lab, LabCell, Task
from lecturelib.homework.lab.versions import count

FEWEST = {"wrong": 2, "right": 1}
"""How many wrong answers and other right ones a code task lists at least."""
SECONDS = 120
"""How long the solution of a whole lab may take on two cores."""
UNTOUCHED = ("assert", "unwritten")
"""How tests may fail on the notebook as students get it: with a message of the lab, not with an error of Python."""


class Bench(Protocol):
    """Runs notebooks of one lab."""

    def run(self, notebook: NotebookNode) -> Any:
        """The result, with `tests`, each with `name`, `passed`, `kind` and `message`, and `status` and `seconds`."""


Open = Callable[[Lab], AbstractContextManager[Bench]]


@dataclass(frozen=True)
class Failure:
    """Why a lab is not released: in one line, with its place."""

    lab: Lab
    text: str
    cell: LabCell | None = None
    task: str = ""

    def __str__(self) -> str:
        of = f"{self.lab.name}, task {self.task}" if self.task else self.lab.name
        at = f", {self.cell} in {self.lab.path.name}:{self.cell.line}" if self.cell else ""
        return f"{of}{at}: {' '.join(self.text.split())}"


def check(lab: Lab, student: NotebookNode, open_bench: Open, *, workers: int = 1) -> Iterator[Failure]:
    """Everything that running the lab tells, and whether it lists enough answers. `student` is what students get.

    The answers of `workers` tasks run at a time, each on a bench of its own.
    """
    yield from of_answers(lab)
    solved = filled_in(lab, student, {})
    with open_bench(lab) as bench:
        failures = [*of_solution(lab, bench.run(solved)), *of_untouched(lab, bench.run(student))]
    yield from failures
    broken = {failure.task for failure in failures}
    # where the solution itself fails, what else fails tells nothing
    tasks = [task for task in lab.tasks if task.kind == "code" and task.name not in broken]
    with ThreadPoolExecutor(workers) as pool:
        for found in pool.map(lambda task: list(of_listed(lab, task, student, open_bench)), tasks):
            yield from found


def of_answers(lab: Lab) -> Iterator[Failure]:
    """Code tasks that list too few answers."""
    for task in lab.tasks:
        for kind, fewest in FEWEST.items():
            listed = len(getattr(task, kind))
            if task.kind == "code" and listed < fewest:
                text = f"lists {count(listed, f'{kind} answer')}, expected at least {fewest}"
                yield Failure(lab, text, task.solution, task.name)


def of_solution(lab: Lab, result: Any) -> Iterator[Failure]:
    """Test cells that the solution does not pass, and a lab that takes too long."""
    outcomes = _by_name(result)
    for cell in _tests(lab):
        found = outcomes.get(cell.name)
        if found is None or not found.passed:
            yield Failure(lab, f"the solution fails: {_why(found, result)}", cell, cell.task)
    if result.seconds > SECONDS:
        yield Failure(lab, f"the solution takes {result.seconds:.0f} seconds; a lab has {SECONDS}")


def of_untouched(lab: Lab, result: Any) -> Iterator[Failure]:
    """Test cells that pass, or fail for a reason that students would not understand, before anything is written."""
    outcomes = _by_name(result)
    for cell in _tests(lab):
        found = outcomes.get(cell.name)
        if found is not None and found.passed:
            yield Failure(lab, "the unchanged student's version passes", cell, cell.task)
        elif found is None or found.kind not in UNTOUCHED:
            text = f"on the unchanged student's version it must fail by an assert, not by: {_why(found, result)}"
            yield Failure(lab, text, cell, cell.task)


def of_listed(lab: Lab, task: Task, student: NotebookNode, open_bench: Open) -> Iterator[Failure]:
    """Wrong answers that pass, or fail without a message, and right ones that fail."""
    part = alone(lab, task)
    with open_bench(part) as bench:
        for cell in (*task.wrong, *task.right):
            notebook = filled_in(lab, student, {task.name: cell.source}, until=task.tests[-1].name)
            result = bench.run(notebook)
            yield from _of_answer(lab, task, cell, result)


def _of_answer(lab: Lab, task: Task, cell: LabCell, result: Any) -> Iterator[Failure]:
    outcomes = _by_name(result)
    failed = [test for test in task.tests if test.name not in outcomes or not outcomes[test.name].passed]
    if cell.kind == "right" and failed:
        why = _why(outcomes.get(failed[0].name), result)
        yield Failure(lab, f"this right answer ({cell.because}) fails {failed[0].name}: {why}", cell, task.name)
    if cell.kind == "wrong" and not failed:
        yield Failure(lab, f"this wrong answer ({cell.because}) passes", cell, task.name)
    kinds = {outcomes[test.name].kind for test in failed if test.name in outcomes}
    if cell.kind == "wrong" and failed and "assert" not in kinds:
        why = _why(outcomes.get(failed[0].name), result)
        text = f"this wrong answer ({cell.because}) fails by no assert, so nobody is told what is wrong: {why}"
        yield Failure(lab, text, cell, task.name)


def of_leaks(lab: Lab, files: Mapping[str, Path], allowed: Mapping[str, str]) -> Iterator[Failure]:
    """Solutions, hidden tests, rubrics and listed answers that can be found in `files`; one line a cell and file."""
    found = leaks.find(lab, files.items(), allowed.values())
    for (_, place), group in groupby(found, key=lambda leak: (leak.secret.cell.index, leak.place)):
        first, *more = group
        cell, piece = first.secret.cell, " ".join(first.secret.text.split())[:80]
        also = f" (and {count(len(more), 'piece')} more)" if more else ""
        yield Failure(lab, f"students can find this in {place}: {piece}{also}", cell, cell.task)


# Notebooks


def filled_in(lab: Lab, student: NotebookNode, answers: Mapping[str, str], until: str = "") -> NotebookNode:
    """The student's notebook with every solution filled in, `answers` (task → source of the cell) before the lab's own.

    With `until`, the name of a test cell, it ends with that cell.
    """
    own = {task.name: task.solution.source for task in lab.tasks}
    notebook = copy.deepcopy(student)
    for index, node in enumerate(notebook.cells):
        name = node.metadata.get("nbgrader", {}).get("grade_id")
        if name in own:
            node.source = answers.get(name, own[name])
        if until and name == until:
            notebook.cells = notebook.cells[: index + 1]
            break
    return notebook


def alone(lab: Lab, task: Task) -> Lab:
    """The lab with the test cells of one task, up to the last of them."""
    last = task.tests[-1].index
    cells = [cell for cell in lab.cells if cell.index <= last and (cell.kind != "test" or cell.task == task.name)]
    return replace(lab, cells=tuple(cells), tasks=(task,))


def read_notebook(path: Path) -> NotebookNode:
    """A notebook in the form of today."""
    return nbformat.read(path, as_version=4)


def _tests(lab: Lab) -> Iterator[LabCell]:
    return (cell for task in lab.tasks for cell in task.tests)


def _by_name(result: Any) -> dict[str, Any]:
    return {outcome.name: outcome for outcome in result.tests}


def _why(outcome: Any, result: Any) -> str:
    """Why a test cell did not pass: its own message, or what became of the whole run."""
    if outcome is not None and outcome.message:
        return outcome.message
    return f"{result.status}: {'; '.join(getattr(result, 'reasons', ())) or 'without a message'}"
