"""What an instructor takes away: tables for learning systems, and pages for students and for the instructor."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lecturelib.homework.grading.course import Course
from lecturelib.homework.grading.records import write
from lecturelib.homework.grading.results import clean
from lecturelib.homework.lab.lab import Lab
from lecturelib.homework.reporting import pages
from lecturelib.homework.reporting.rows import Row, read_rows

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = (
    "Identifier",
    "Full name",
    "Email address",
    "Status",
    "Grade",
    "Maximum grade",
    "Grade can be changed",
    "Last modified (submission)",
    "Last modified (grade)",
    "Feedback comments",
)
"""Columns of Canvas's gradebook and of Moodle's offline grading worksheet, by which they know their own files."""


def report(course: Course, folder: Path, *, roster: Path | None = None) -> list[Path]:
    """Write all tables and pages into a folder, on the labs of which something was handed in; their paths.

    roster: the gradebook as Canvas exports it; its students and their columns then stand in the table for Canvas.
    """
    rows = [row for row in read_rows(course) if not course.only or row.record.lab in course.only]
    there = {row.lab.name for row in rows if row.lab is not None}
    labs = [lab for lab in course.labs if lab.name in there]
    written = [_write(folder / "grades.csv", general(rows))]
    known = [row for row in rows if row.lab is not None]
    of_canvas = [row for row in known if row.record.student.system != "moodle"]
    if of_canvas or roster:
        written.append(_write(folder / "canvas.csv", canvas(of_canvas, labs, _roster(roster))))
    for lab in labs:
        of_lab = [row for row in known if row.lab.name == lab.name]
        if of_moodle := [row for row in of_lab if row.record.student.system == "moodle"]:
            written.append(_write(folder / f"moodle-{lab.name}.csv", moodle(of_moodle)))
        for row in of_lab:
            path = folder / "feedback" / lab.name / f"{row.record.student.key}.html"
            write(path, pages.feedback(row))
            written.append(path)
    for row in rows:
        if not row.record.lab:
            path = folder / "feedback" / "unknown" / f"{row.record.student.key}.html"
            write(path, pages.unread(row))
            written.append(path)
    write(folder / "overview.html", pages.overview(rows, labs))
    return [*written, folder / "overview.html"]


def general(rows: Iterable[Row]) -> list[list[str]]:
    """One line for each submission, with everything that a spreadsheet may need."""
    head = ["student", "name", "number", "lab", "points", "most", "penalty", "status", "waiting", "reasons", "seconds"]
    lines = [head]
    for row in rows:
        result, student = row.record.result, row.record.student
        points, most, penalty = ("", "", "")
        if row.total is not None and row.lab is not None:
            points, most, penalty = (f"{number:g}" for number in (row.total.points, row.lab.points, row.total.penalty))
        waiting = " ".join(row.total.waiting) if row.total else ""
        of_student = [student.key, student.name, student.number, result.lab]
        of_result = [result.status, waiting, "; ".join(result.reasons), f"{result.seconds:.1f}"]
        lines.append([*of_student, points, most, penalty, *of_result])
    return lines


def canvas(rows: Sequence[Row], labs: Sequence[Lab], roster: Sequence[Mapping[str, str]] = ()) -> list[list[str]]:
    """The table that Canvas imports: a column for each lab; a grade that is not final is left empty."""
    titles = {lab.name: _column(lab, roster) for lab in labs}
    grades = {(row.record.student.key, row.lab.name): row for row in rows if row.lab}
    students = {row.record.student.key: row.record.student for row in rows}
    by_number = {student.number: key for key, student in students.items() if student.number}
    lines = [[*CANVAS, *titles.values()], ["    Points Possible", "", "", "", "", *(f"{lab.points:g}" for lab in labs)]]
    listed = [
        ({name: one.get(name, "") for name in CANVAS}, by_number.get(one.get("ID", "").strip())) for one in roster
    ]
    if not roster:
        listed = [({"Student": one.name, "ID": one.number}, key) for key, one in students.items()]
    for person, key in listed:
        points = [_final(grades.get((key, name))) for name in titles]
        lines.append([*(person.get(name, "") for name in CANVAS), *points])
    return lines


def moodle(rows: Iterable[Row]) -> list[list[str]]:
    """Moodle's offline grading worksheet for one lab; a grade that is not final is left empty."""
    lines = [list(MOODLE)]
    for row in rows:
        student, comment = row.record.student, "; ".join([row.record.result.status, *row.record.result.reasons])
        most = f"{row.lab.points:g}" if row.lab else ""
        start = [f"Participant {student.number}", student.name, "", "Submitted for grading", _final(row), most]
        lines.append([*start, "Yes", "-", "-", comment])
    return lines


def _final(row: Row | None) -> str:
    return f"{row.total.points:g}" if row is not None and row.ready and row.total else ""


def _column(lab: Lab, roster: Sequence[Mapping[str, str]]) -> str:
    """The lab's column in Canvas: as its export has it, `Title (12345)`, else the title, for which Canvas will ask."""
    there = [name for name in (roster[0] if roster else ()) if re.fullmatch(rf"{re.escape(lab.title)} \(\d+\)", name)]
    return there[0] if there else lab.title


def _roster(path: Path | None) -> list[dict[str, str]]:
    if path is None:
        return []
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [{key: value or "" for key, value in row.items() if key} for row in csv.DictReader(file)]
    if not rows or not {"Student", "ID"} <= set(rows[0]):
        raise ValueError(f"{path}: expected a gradebook as Canvas exports it, with columns Student and ID")
    return [row for row in rows if "Points Possible" not in row["Student"] and row["ID"].strip()]


def _write(path: Path, lines: Iterable[Sequence[str]]) -> Path:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[_safe(cell) for cell in line] for line in lines])
    write(path, text.getvalue())
    return path


def _safe(cell: str) -> str:
    """Text that no spreadsheet takes for a formula, in one line, without signs that cannot be seen."""
    plain = clean(re.sub(r"\s", " ", cell), keep="")
    number = re.fullmatch(r"-?[0-9.]+", plain) is not None
    return (
        "'" + plain
        if plain.lstrip().startswith(("=", "+", "-", "@")) and not number and len(plain.strip()) > 1
        else plain
    )
