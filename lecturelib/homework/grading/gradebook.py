"""nbgrader's gradebook (SQLite), filled from results through its own API: formgrade and its other tools can open it.

Points of test cells are automatic, those of written tasks are given by hand. What a person has given, here or in
nbgrader's formgrader, stays when a submission is graded again; where the answer is another one now, that is said.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry

from lecturelib.homework.grading import marks
from lecturelib.homework.grading.penalties import Rule
from lecturelib.homework.grading.records import Record, changed
from lecturelib.homework.grading.results import NO_VERDICT
from lecturelib.homework.lab.lab import Lab


@dataclass(frozen=True)
class Score:
    """Points of one graded cell: `given` is None where a person has still to give them; `by_hand`: one did.

    outdated: they were given by hand for another answer than the one that is there now.
    """

    cell: str
    most: float
    given: float | None
    by_hand: bool
    outdated: bool = False


@dataclass(frozen=True)
class Total:
    """All points of a submission, before and after what lateness costs."""

    scores: tuple[Score, ...]
    penalty: float

    @property
    def waiting(self) -> tuple[str, ...]:
        """Cells that wait for points by hand."""
        return tuple(score.cell for score in self.scores if score.given is None)

    @property
    def outdated(self) -> tuple[str, ...]:
        """Cells whose answer has changed since points were given by hand."""
        return tuple(score.cell for score in self.scores if score.outdated)

    @property
    def points(self) -> float:
        """What counts."""
        return round(sum(score.given or 0.0 for score in self.scores) - self.penalty, 2)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Gradebook]:
    """The gradebook in a file, which is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _path_with_environment():
        book = Gradebook(f"sqlite:///{path}")
    try:
        marks.prepare(book)
        yield book
    finally:
        book.close()


@contextlib.contextmanager
def _path_with_environment() -> Iterator[None]:
    """A new gradebook starts the program `alembic` by name: that of this environment, active or not."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + before
    try:
        yield
    finally:
        os.environ["PATH"] = before


def fill(
    path: Path, labs: Sequence[Lab], found: Iterable[Record], rule: Rule, due: Mapping[str, datetime]
) -> list[Record]:
    """Bring the gradebook up to date with labs and results; these again, as `flagged` gives them."""
    known = {lab.name: lab for lab in labs}
    with opened(path) as book:
        for lab in labs:
            _assignment(book, lab, due.get(lab.name))
        return [_filled(book, known.get(record.lab), record, rule) for record in found]


def _filled(book: Gradebook, lab: Lab | None, record: Record, rule: Rule) -> Record:
    if lab is None:
        return record
    _submission(book, lab, record, rule)
    return flagged(record, total(book, lab, record.student.key))


def penalise(path: Path, found: Iterable[Record], rule: Rule) -> None:
    """Work out again what lateness costs, of the points that the gradebook holds."""
    with opened(path) as book:
        for record in found:
            with contextlib.suppress(MissingEntry):  # of no lab, or not in the gradebook yet
                for notebook in book.find_submission(record.lab, record.student.key).notebooks:
                    _penalise(notebook, record, rule)
        book.db.commit()


def give(path: Path, lab: Lab, student: str, cell: str, points: float, rule: Rule, record: Record) -> None:
    """Points by hand for one graded cell of a student. Raises ValueError where cell or points cannot be."""
    graded = {one.name: one for one in _graded(lab)}
    if cell not in graded:
        raise ValueError(f"cell: expected one of {', '.join(graded)}, got {cell!r}")
    if not (math.isfinite(points) and 0 <= points <= graded[cell].points):
        raise ValueError(f"points: expected 0 to {graded[cell].points:g} for {cell}, got {points:g}")
    with opened(path) as book:
        grade = book.find_grade(cell, lab.name, lab.name, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        marks.given(book, lab.name, student, cell, points, marks.digest(record, graded[cell].task))
        book.db.commit()
        _submission(book, lab, record, rule)


def total(book: Gradebook, lab: Lab, student: str) -> Total:
    """All points of a student for a lab. Raises nbgrader's MissingEntry where there is no submission."""
    submission = book.find_submission(lab.name, student)
    held = {grade.name: grade for notebook in submission.notebooks for grade in notebook.grades}
    scores = []
    for cell in _graded(lab):
        grade = held[cell.name]
        by_hand = grade.manual_score is not None
        asked = bool(grade.needs_manual_grade)
        given = None if asked and not by_hand else grade.score
        scores.append(Score(cell.name, cell.points, given, by_hand, asked and by_hand))
    return Total(tuple(scores), sum(notebook.late_submission_penalty or 0.0 for notebook in submission.notebooks))


def flagged(record: Record, total: Total | None) -> Record:
    """The record, for a person to look at where points were given by hand for another answer than the one there is."""
    cells = total.outdated if total else ()
    if not cells:
        return record
    review = "needs review" if record.result.status in ("ok", "late") else ""
    return changed(record, status=review, reasons=[f"{cell}: answer changed since it was marked" for cell in cells])


def _graded(lab: Lab) -> list:
    return [cell for cell in lab.cells if cell.kind in ("test", "written")]


def _assignment(book: Gradebook, lab: Lab, due: datetime | None) -> None:
    """The lab as an assignment with one notebook. Where its graded cells changed it is made anew with all marks."""
    naive = due.astimezone(UTC).replace(tzinfo=None) if due else None
    book.update_or_create_assignment(lab.name, **({"duedate": naive} if naive else {}))
    book.update_or_create_notebook(lab.name, lab.name)
    held = {cell.name for cell in book.find_notebook(lab.name, lab.name).grade_cells}
    kept = _marks(book, lab.name) if held and held != {cell.name for cell in _graded(lab)} else {}
    if kept:
        book.remove_assignment(lab.name)
        book.add_assignment(lab.name, **({"duedate": naive} if naive else {}))
        book.add_notebook(lab.name, lab.name)
    for cell in lab.cells:
        if not cell.name:
            continue
        locked, kind = cell.kind == "test", "code" if cell.is_code else "markdown"
        if cell.kind in ("test", "written"):
            book.update_or_create_grade_cell(cell.name, lab.name, lab.name, max_score=cell.points, cell_type=kind)
        if cell.kind in ("solution", "written"):
            book.update_or_create_solution_cell(cell.name, lab.name, lab.name)
        book.update_or_create_source_cell(
            cell.name, lab.name, lab.name, source=cell.source, cell_type=kind, locked=locked
        )
    for student, of_student in kept.items():
        with book.db.no_autoflush:
            book.add_submission(lab.name, student)
        _set_marks(book, lab.name, student, of_student)


def _marks(book: Gradebook, lab: str) -> dict[str, dict[str, tuple]]:
    """Student → cell → points by hand, extra ones, and whether a person is asked for them."""
    kept = {}
    for submission in book.assignment_submissions(lab):
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        kept[submission.student.id] = {
            grade.name: (grade.manual_score, grade.extra_credit, grade.needs_manual_grade) for grade in grades
        }
    return kept


def _set_marks(book: Gradebook, lab: str, student: str, kept: Mapping[str, tuple]) -> None:
    for name, (by_hand, extra, asked) in kept.items():
        with contextlib.suppress(MissingEntry):  # a cell that the lab has no more
            grade = book.find_grade(name, lab, lab, student)
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = by_hand, extra, asked
    book.db.commit()


def _submission(book: Gradebook, lab: Lab, record: Record, rule: Rule) -> None:
    """The automatic points of one submission, and what lateness costs; points by hand are left alone."""
    student = record.student
    book.update_or_create_student(student.key, last_name=student.name[:128], lms_user_id=student.number or None)
    handed_in = record.handed_in.astimezone(UTC).replace(tzinfo=None) if record.handed_in else None
    more = {"timestamp": handed_in} if handed_in else {}
    with book.db.no_autoflush:
        submission = book.update_or_create_submission(lab.name, student.key, **more)
    tests = {test.name: test for test in record.result.tests}
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            task = tests[grade.name].task if grade.name in tests else grade.name
            outdated = marks.outdated(book, lab.name, student.key, grade, marks.digest(record, task))
            if grade.name in tests:
                test = tests[grade.name]
                unknown = test.detail == NO_VERDICT
                grade.auto_score = None if unknown else test.points if test.passed else 0.0
                grade.needs_manual_grade = unknown and grade.manual_score is None
            else:
                empty = _nothing(record, grade.name)
                grade.auto_score = 0.0 if empty else None
                grade.needs_manual_grade = not empty and grade.manual_score is None
            grade.needs_manual_grade |= outdated
        _penalise(notebook, record, rule)
    book.db.commit()


def _penalise(notebook: Any, record: Record, rule: Rule) -> None:
    points = 0.0
    for grade in notebook.grades:
        given = grade.manual_score if grade.manual_score is not None else grade.auto_score
        points += (given or 0.0) + (grade.extra_credit or 0.0)
    notebook.late_submission_penalty = rule.penalty(points, record.late)


def _nothing(record: Record, task: str) -> bool:
    """Whether no words answer a task, for certain: that waits for nobody."""
    result = record.result
    return result.status == "invalid" or not (result.written.get(task, "").strip() or task in result.unfound)
