"""Which answer points by hand were given for: a table of our own beside those of nbgrader, in the same file.

nbgrader keeps the points and not what they were given for. A gradebook without the table is taken as if its points had
been given for the answers that are met first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nbgrader.api import Gradebook
from sqlalchemy import text

from lecturelib.homework.grading.records import Record

_COLUMNS = ("seen", "marked", "score")


@dataclass(frozen=True)
class Mark:
    """What is known of one cell of a student: digests of the answer last `seen` and `marked`, and the points."""

    seen: str = ""
    marked: str = ""
    score: float | None = None


def digest(record: Record, task: str) -> str:
    """A name for what answers the task, empty where that is not known, as after a failure of the grader."""
    return "invalid" if record.result.status == "invalid" else record.result.digests.get(task, "")


def prepare(book: Gradebook) -> None:
    """Make the table where it is missing."""
    columns = "lab TEXT, student TEXT, cell TEXT, seen TEXT, marked TEXT, score FLOAT, PRIMARY KEY (lab, student, cell)"
    book.db.execute(text(f"CREATE TABLE IF NOT EXISTS lecturelib_marks ({columns})"))
    book.db.commit()


def given(book: Gradebook, lab: str, student: str, cell: str, score: float, now: str) -> None:
    """Note that points were given for the answer `now`."""
    _save(book, (lab, student, cell), Mark(now, now, score))


def outdated(book: Gradebook, lab: str, student: str, grade: Any, now: str) -> bool:
    """Whether the points by hand in nbgrader's `grade` were given for another answer than `now`.

    Points that are new since the last time were given in nbgrader's formgrader, for the answer seen then: it shows what
    needs to be marked again, and takes the sign for that away when points are stored.
    """
    key = (lab, student, grade.name)
    held = _find(book, key) or Mark()
    if not now:
        return bool(grade.needs_manual_grade) and grade.manual_score is not None
    marked = held.marked
    again = marked != held.seen and not grade.needs_manual_grade
    if grade.manual_score is None:
        marked = ""
    elif not marked or again or grade.manual_score != held.score:
        marked = held.seen or now
    _save(book, key, Mark(now, marked, grade.manual_score))
    return marked not in ("", now)


def _find(book: Gradebook, key: tuple[str, str, str]) -> Mark | None:
    query = (
        f"SELECT {', '.join(_COLUMNS)} FROM lecturelib_marks WHERE lab = :lab AND student = :student AND cell = :cell"
    )
    row = book.db.execute(text(query), dict(zip(("lab", "student", "cell"), key, strict=True))).first()
    return Mark(*row) if row else None


def _save(book: Gradebook, key: tuple[str, str, str], mark: Mark) -> None:
    values = dict(zip(("lab", "student", "cell"), key, strict=True)) | vars(mark)
    query = "INSERT OR REPLACE INTO lecturelib_marks VALUES (:lab, :student, :cell, :seen, :marked, :score)"
    book.db.execute(text(query), values)
