"""What grading needs to know besides the submissions: labs, limits, due times, and which of it is asked for now."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from lecturelib.homework.grading.penalties import Rule
from lecturelib.homework.grading.records import Shelf
from lecturelib.homework.grading.submissions import Submission
from lecturelib.homework.isolation.limits import Limits
from lecturelib.homework.lab.lab import Lab


@dataclass(frozen=True)
class Course:
    """What grading needs to know besides the submissions.

    folder: where results and gradebook lie; labs: all that submissions may be of; only: names of those to grade, all
    where it is empty; due: lab → when it was due, with zone; times: student's key, name or
    number → when handed in, with zone; rule: what lateness costs; file_times: take the times of files where no other
    is known; unsafe: grade without isolation where the machine offers none.
    """

    folder: Path
    labs: Sequence[Lab]
    only: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    due: Mapping[str, datetime] | None = None
    times: Mapping[str, datetime] | None = None
    rule: Rule = field(default_factory=Rule)
    file_times: bool = False
    unsafe: bool = False

    @property
    def shelf(self) -> Shelf:
        """The results of the course."""
        return Shelf(self.folder)


@dataclass(frozen=True)
class Chosen:
    """Which submissions to grade anew: those of some labs, of a student, or both; what is empty does not choose.

    student: key, name or number.
    """

    labs: Sequence[str] = ()
    student: str | None = None

    def has(self, one: Submission) -> bool:
        """Whether a submission is among them."""
        names = (one.student.key, one.student.name, one.student.number)
        return (not self.labs or one.lab in self.labs) and (self.student is None or self.student in names)

    def __str__(self) -> str:
        """The choice as the command line says it."""
        words = [f"--lab {lab}" for lab in self.labs]
        return " ".join([*words, *([f"--student {self.student}"] if self.student is not None else [])])


def read_times(path: Path) -> dict[str, datetime]:
    """When students handed in, from a CSV with columns `student` and `time` (ISO 8601; local time without a zone).

    Raises ValueError naming the row.
    """
    times = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                times[row["student"].strip()] = datetime.fromisoformat(row["time"].strip()).astimezone()
            except (KeyError, ValueError, AttributeError):
                raise ValueError(f"{path}, row {number}: expected columns student and time, 2030-12-31T23:59") from None
    return times
