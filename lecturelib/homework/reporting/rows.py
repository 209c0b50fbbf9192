"""Results and points side by side: what tables and pages are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nbgrader.api import MissingEntry

from lecturelib.homework.grading import gradebook
from lecturelib.homework.grading.course import Course
from lecturelib.homework.grading.gradebook import Total
from lecturelib.homework.grading.records import Record
from lecturelib.homework.lab.lab import Lab


@dataclass(frozen=True)
class Row:
    """One submission with its points; `lab` and `total` are None where no lab was recognised in it."""

    record: Record
    lab: Lab | None
    total: Total | None

    @property
    def ready(self) -> bool:
        """Whether the points are final: nothing waits for points by hand, and it could be run at all."""
        return self.total is not None and not self.total.waiting and self.record.result.status != "invalid"


def read_rows(course: Course) -> Iterable[Row]:
    """All submissions with their points from the gradebook."""
    labs = {lab.name: lab for lab in course.labs}
    with gradebook.opened(course.folder / "gradebook.db") as book:
        for record in course.shelf.all():
            lab, total = labs.get(record.lab), None
            if lab is not None:
                try:
                    total = gradebook.total(book, lab, record.student.key)
                except (MissingEntry, KeyError):
                    lab = None  # of a lab that has changed since: grade again
            yield Row(gradebook.flagged(record, total), lab, total)
