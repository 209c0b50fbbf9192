"""Whose a notebook is and of which lab: from the names that learning systems give, and from what it contains."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from lecturelib.homework.grading import matching, reading, unpacking
from lecturelib.homework.grading.results import clean
from lecturelib.homework.grading.run import BELONGS
from lecturelib.homework.lab.lab import Lab

LONGEST = 80
"""Bytes of a name that go into the key: it becomes the name of a file."""
_CANVAS = re.compile(r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<number>\d+)_(?P<upload>\d+)_(?P<file>.+)")
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_\w*?(?:file|onlinetext)_?(?P<file>.*)")


@dataclass(frozen=True)
class Student:
    """Somebody who handed in. `key` is made for file names and the gradebook; `number` is the learning system's own."""

    key: str
    name: str
    number: str = ""
    system: str = ""  # canvas, moodle, or empty


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one lab: the content of a notebook, or the problem with it.

    late: marked so by the learning system; time: when the file was last changed; notes: what is worth knowing.
    """

    student: Student
    lab: str
    path: str
    content: bytes = b""
    problem: str = ""
    late: bool = False
    time: datetime | None = None
    notes: tuple[str, ...] = ()
    upload: int = field(default=0, compare=False)

    @property
    def digest(self) -> str:
        """A name for what was handed in."""
        return hashlib.sha256(self.content + self.problem.encode()).hexdigest()


def collect(folder: Path, labs: Sequence[Lab], only: Sequence[str] = ()) -> list[Submission]:
    """What was handed in, one submission for each student and lab, in the order of students.

    Of several notebooks of one student for one lab the last counts: that of the latest upload, then the newest file.
    Where no lab can be recognised it is the only one that is possible: of those in `only`, else of those in the folder.
    """
    found = [_slim(one) for one in unpacking.notebooks(folder)]
    others = [one for one in found if one.other]
    found = [one for one in found if not one.other]
    shared = _shared_folders([one.parts for one in found], labs)
    several: dict[tuple[str, str], list[Submission]] = {}
    for one in found:
        submission = _submission(one, one.parts[shared:], labs)
        several.setdefault((submission.student.key, submission.lab), []).append(submission)
    have = {student for student, _ in several}
    for one in others:
        student, *_ = _student(one.parts, "")
        if student.system and student.key not in have:  # who handed in something, but no notebook
            problem = f"{clean(one.parts[-1], keep='')[:100]} is no notebook: expected a file that ends with .ipynb"
            alone = unpacking.Found(one.parts, problem=problem, time=one.time)
            submission = _submission(alone, one.parts, labs)
            several.setdefault((student.key, submission.lab), []).append(submission)
    _to_the_only_lab(several, only)
    return [_last(several[key]) for key in sorted(several)]


def _to_the_only_lab(several: dict[tuple[str, str], list[Submission]], only: Sequence[str]) -> None:
    """Put what is of no lab to what the student handed in for the only one that is possible, if one is."""
    possible = set(only) or {lab for _, lab in several if lab}
    if len(possible) != 1:
        return
    (lab,) = possible
    for student, _ in [key for key in several if not key[1]]:
        group = [replace(one, lab=lab) for one in several.pop((student, ""))]
        several.setdefault((student, lab), []).extend(group)


def _slim(found: unpacking.Found) -> unpacking.Found:
    """The notebook without outputs and pictures, which may be large; a file that has the name of another kind but is
    a notebook counts as one."""
    if not found.content:
        return found
    try:
        return replace(found, content=reading.slim(reading.parse(found.content)), other=False)
    except reading.Invalid as error:
        return replace(found, content=b"" if found.other else found.content, problem=str(error))


def _submission(found: unpacking.Found, parts: tuple[str, ...], labs: Sequence[Lab]) -> Submission:
    problem, content = found.problem, None
    if not problem:
        try:
            content = reading.parse(found.content)
            reading.cells(content)
        except reading.Invalid as error:
            content, problem = None, str(error)
    lab, sure = _lab(content, parts, labs)
    if not problem and not sure:
        problem = f"this is not a notebook of {lab or 'these labs'}"
    student, late, upload, known = _student(parts, lab)
    notes = () if known else ("the student was told by the name of the file alone",)
    return Submission(
        student=student,
        lab=lab,
        path=clean("/".join(found.parts), keep=""),
        content=found.content,
        problem=problem,
        late=late,
        time=found.time,
        notes=notes,
        upload=upload,
    )


def _lab(content: dict[str, Any] | None, parts: Sequence[str], labs: Sequence[Lab]) -> tuple[str, bool]:
    """The lab that the content is of, and whether that is sure; else the one that the path names, or the only one."""
    if content is not None:
        scores = {lab.name: matching.match(lab, content).score for lab in labs}
        best = max(scores, key=lambda name: scores[name])
        if scores[best] >= BELONGS:
            return best, True
    named = [lab.name for lab in labs if any(_plain(lab.name) in _plain(part) for part in parts)]
    if len(named) == 1:
        return named[0], False
    return (labs[0].name, False) if len(labs) == 1 else ("", False)


def _student(parts: tuple[str, ...], lab: str) -> tuple[Student, bool, int, bool]:
    """Who handed in, whether marked as late, the number of the upload, and whether the path really says who."""
    for part in parts:
        if found := _MOODLE.fullmatch(part):
            return _named(found["name"], found["number"], "moodle"), False, 0, True
        if found := _CANVAS.fullmatch(part):
            student = _named(found["name"], found["number"], "canvas")
            return student, bool(found["late"]), int(found["upload"]), True
    folders = [part for part in parts[:-1] if _plain(part) not in (_plain(lab) or "-", "submitted")]
    if folders:
        return _named(re.sub(r"\.zip$", "", folders[0])), False, 0, True
    stem = re.sub(r"\.(ipynb|zip)$", "", parts[-1])
    name = re.sub(re.escape(lab), "", stem, flags=re.IGNORECASE).strip(" -_.") if lab else stem
    return _named(name or stem), False, 0, bool(name) and not name.lower().startswith("untitled")


def _named(name: str, number: str = "", system: str = "") -> Student:
    short = hashlib.sha256(f"{name}/{number}".encode(errors="replace")).hexdigest()[:6]
    name = clean(name, keep="")
    words = re.sub(r"[^\w.-]+", "-", name).strip("-.").lower() or "nobody"
    cut = words.encode()[:LONGEST].decode(errors="ignore")
    if number and len(number) <= 20 and cut == words:
        return Student(f"{words}-{number}", name, number, system)
    # names that differ only in signs, or far behind, must not fall together
    tidy = not number and cut == words == name.lower()
    return Student(words if tidy else f"{cut}-{short}", name, number[:20], system)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower())


def _shared_folders(paths: list[tuple[str, ...]], labs: Sequence[Lab]) -> int:
    """How many folders stand around those of students: none, unless all paths share them and then part in folders."""
    level = 0
    while len(paths) > 1 and all(len(path) > level + 1 for path in paths):
        names = {path[level] for path in paths}
        if len(names) > 1:
            return 0 if {_plain(name) for name in names} <= {_plain(lab.name) for lab in labs} else level
        level += 1
    return 0


def _last(several: Iterable[Submission]) -> Submission:
    """The last of them; what is readable goes before what is not, and what went before is noted."""
    order = sorted(
        several, key=lambda one: (not one.problem, one.upload, one.time.timestamp() if one.time else 0.0, one.path)
    )
    last = order[-1]
    if len(order) == 1:
        return last
    others = ", ".join(one.path for one in order[:-1])
    notes = (*last.notes, f"{len(order)} notebooks were handed in; the last counts, not {others}")
    return Submission(**{**vars(last), "notes": notes})
