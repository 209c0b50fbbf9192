"""When submissions came and what that costs, worked out anew as due times, times and the rule may have changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from lecturelib.homework.grading import gradebook, penalties
from lecturelib.homework.grading.course import Course
from lecturelib.homework.grading.records import Record


def refresh(course: Course) -> None:
    """Bring lateness and what it costs up to date in all results and in the gradebook; nothing is graded."""
    found = []
    for held in course.shelf.all():
        record = timed(course, held)
        if record != held:
            course.shelf.save(record)
        found.append(record)
    gradebook.penalise(course.folder / "gradebook.db", found, course.rule)


def timed(course: Course, record: Record) -> Record:
    """The record with when it was handed in, and how late that was. Known anew each time: times may be corrected."""
    times = course.times or {}
    names = (record.student.key, record.student.name, record.student.number)
    handed_in = next((times[name] for name in names if name in times), record.saved if course.file_times else None)
    late = penalties.lateness((course.due or {}).get(record.lab), handed_in, marked=record.marked)
    late = late if late > course.rule.grace else timedelta(0)
    status = record.result.status
    bare = "ok" if status == "late" else status
    reasons = tuple(reason for reason in record.result.reasons if not reason.startswith("handed in"))
    if late:
        how = "late, as the learning system says" if handed_in is None else f"{_words(late)} after the due time"
        bare = "late" if bare == "ok" else bare
        reasons = (f"handed in {how}", *reasons) if bare == "late" else (*reasons, f"handed in {how}")
    result = replace(record.result, status=bare, reasons=reasons)
    return replace(record, result=result, handed_in=handed_in, late=late)


def _words(late: timedelta) -> str:
    hours = late.total_seconds() / 3600
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"
