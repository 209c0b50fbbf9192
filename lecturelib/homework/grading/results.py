"""What became of a submission: points, a status, and reasons in words."""

from __future__ import annotations

import contextlib
import json
import unicodedata
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from lecturelib.homework.grading.matching import Submitted
from lecturelib.homework.lab.lab import Lab

NO_VERDICT = "no verdict"
"""Detail of a test that gave no result, through no fault that is known of the student."""
STATUSES = ("ok", "late", "timeout", "crashed", "invalid", "needs review")


@dataclass(frozen=True)
class CellResult:
    """What one test cell said. `points` are those it gives where it passes; `message` is for the student.

    kind: passed, assert, missing, unwritten, error, data, timeout, died, or broken (the test could not use an answer).
    hidden: it failed in the part that students do not see. detail: for the instructor, with traceback.
    """

    name: str
    task: str
    points: float
    passed: bool
    kind: str
    message: str = ""
    hidden: bool = False
    detail: str = ""


@dataclass(frozen=True)
class Result:
    """What became of a submission.

    errors: lines on cells that stopped; written: task → answer in words, empty where there is none; unfound: tasks
    whose answer in words was not found with certainty; output: the beginning of what was printed; digests: task → a
    short name for what answers it.
    """

    lab: str
    tests: tuple[CellResult, ...]
    status: str
    reasons: tuple[str, ...]
    seconds: float
    errors: tuple[str, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)
    output: str = ""
    unfound: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def points(self) -> float:
        """What its test cells give; tasks that are marked by hand come on top."""
        return sum(test.points for test in self.tests if test.passed)

    def passed(self, task: str) -> bool:
        """Whether every test cell of the task passed."""
        return all(test.passed for test in self.tests if test.task == task)


@dataclass
class Cells:
    """How the cells went: ready, or `why` they ended, at which cell; `errors`: cell → what it raised."""

    ready: bool = False
    why: str = ""
    at: int | None = None
    errors: dict[int, str] = field(default_factory=dict)


def clean(text: str, keep: str = "\n\t") -> str:
    """Text without signs that steer a terminal, turn the direction of writing, or are none."""
    return "".join(sign for sign in text if sign in keep or unicodedata.category(sign) not in ("Cc", "Cf", "Cs"))


def tell(cells: Cells, line: bytes, known: Container[int]) -> None:
    """Take in one line of the student's process on one of the cells `known`.

    A line that is not of the agreed form is passed over.
    """
    with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
        told = json.loads(line)
        if told.get("ready") is True:
            cells.ready, cells.at = True, None
        elif type(told["cell"]) is int and told["cell"] in known:
            cells.at = told["cell"]
            if told.get("error"):
                cells.errors[told["cell"]] = clean(str(told["error"])[:600])


def ending(code: int | None) -> str:
    """How a process ended, in words, from its exit status; None where that is not known."""
    if code is None:
        return "the process ended"
    if code > 128:
        return f"the process was ended by signal {code - 128}"
    return f"the process ended itself with status {code}"


def status(
    submitted: Submitted, cells: Cells, skipped: Mapping[int, str], tests: Sequence[CellResult]
) -> tuple[str, tuple[str, ...]]:
    """The status and its reasons, the gravest first."""
    crashed = [f"cell {index + 1}: {why}; it was left out" for index, why in skipped.items()]
    if not cells.ready:
        crashed.append(cells.why or "the process ended")
    crashed += [f"{test.name}: {test.message}" for test in tests if test.kind == "died" and cells.ready]
    late = "CellTimeout: "
    slow = [f"cell {at + 1}: {text[len(late) :]}" for at, text in cells.errors.items() if text.startswith(late)]
    slow += [f"{test.name}: {test.message}" for test in tests if test.kind == "timeout"]
    slow += [reason for reason in crashed if "seconds" in reason]
    crashed = [reason for reason in crashed if reason not in slow]
    doubts = list(submitted.doubts) + [f"{t.name}: {t.message}" for t in tests if t.detail == NO_VERDICT]
    told = [how_it_went(len(submitted.to_run), len({*cells.errors, *skipped}), tests)] if cells.ready else []
    reasons = tuple(crashed + slow + doubts + told + list(submitted.notes))
    word = "crashed" if crashed else "timeout" if slow else "needs review" if doubts else "ok"
    return word, reasons


def how_it_went(number: int, stopped: int, tests: Sequence[CellResult]) -> str:
    """In words, how many of a number of cells stopped with an error, and how many tests failed."""
    failed = sum(not test.passed for test in tests)
    ran = (
        f"{stopped} of {number} cells stopped with an error" if stopped else f"all {number} cells ran without an error"
    )
    return f"{ran}, and " + (f"{failed} of {len(tests)} tests failed" if failed else f"all {len(tests)} tests passed")


def failed(lab: Lab, error: BaseException) -> Result:
    """The result of what the grader itself failed at, after it tried twice: nobody gets a 0 for that."""
    what = f"{type(error).__name__}: {clean(str(error), keep='')[:300]}"
    reason = f"grading it failed, through no known fault of it: {what}"
    message = "there is no result yet: a person will look at it"
    cells = [cell for cell in lab.cells if cell.kind == "test"]
    tests = tuple(CellResult(c.name, c.task, c.points, False, "broken", message, detail=NO_VERDICT) for c in cells)
    in_words = tuple(task.name for task in lab.tasks if task.kind == "written")
    return Result(lab.name, tests, "needs review", (reason,), 0.0, unfound=in_words)


def refused(lab: Lab, reason: str) -> Result:
    """The result of what cannot be run."""
    cells = [cell for cell in lab.cells if cell.kind == "test"]
    tests = tuple(CellResult(cell.name, cell.task, cell.points, False, "missing", reason) for cell in cells)
    return Result(lab.name, tests, "invalid", (reason,), 0.0)
