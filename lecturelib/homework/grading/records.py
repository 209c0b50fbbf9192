"""Results on disk: one file for each submission, written whole or not at all, so that a stop loses nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import lecturelib
from lecturelib.homework.grading.results import CellResult, Result
from lecturelib.homework.grading.run import files
from lecturelib.homework.grading.submissions import Student, Submission
from lecturelib.homework.isolation.limits import Limits
from lecturelib.homework.lab.lab import Lab


@dataclass(frozen=True)
class Record:
    """What is known of one submission. `key` says of what: lab, submission, grader; `late` is after the due time.

    marked: the learning system says that it was late; saved: when the file was last changed.
    """

    key: str
    student: Student
    path: str
    result: Result
    handed_in: datetime | None = None
    late: timedelta = timedelta(0)
    marked: bool = False
    saved: datetime | None = None

    @property
    def lab(self) -> str:
        """The name of the lab."""
        return self.result.lab


def key(lab: Lab, submission: Submission, limits: Limits) -> str:
    """Names a submission together with all that its result depends on: what was graded, and what grades it."""
    parts = [lab.path.read_bytes() if lab.path.is_file() else repr(lab).encode()]
    parts += [content for _, content in sorted(files(lab).items())]
    parts += [submission.digest.encode(), repr(submission.notes).encode(), repr(limits).encode(), _grader()]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@cache
def _grader() -> bytes:
    """All of the library: labs and submissions use it, and it grades them."""
    root = Path(lecturelib.__file__).parent
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        whole.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.digest()


class Shelf:
    """The folder of results, and how they are read and written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, lab: str, student: str) -> Path:
        """Where the result of a student for a lab lies."""
        return self.folder / "results" / (lab or "unknown") / f"{student}.json"

    def save(self, record: Record) -> None:
        """Write a record whole: another process sees the old file or the new one, also after a crash."""
        write(self.path(record.lab, record.student.key), json.dumps(_to_json(record), indent=1))

    def find(self, lab: str, student: str) -> Record | None:
        """The record of a student for a lab, None where there is none that can be read."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            return _from_json(json.loads(self.path(lab, student).read_text(encoding="utf-8")))
        return None

    def forget(self, lab: str, student: str) -> None:
        """Remove a result, so that it is worked out anew."""
        self.path(lab, student).unlink(missing_ok=True)

    def all(self) -> list[Record]:
        """Every record, in the order of labs and students."""
        paths = sorted((self.folder / "results").glob("*/*.json"))
        return [record for path in paths if (record := self.find(path.parent.name, path.stem))]


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o600)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def changed(record: Record, *, status: str = "", reasons: Iterable[str] = ()) -> Record:
    """The record with another status where one is given, and more reasons."""
    more = tuple(reason for reason in reasons if reason not in record.result.reasons)
    result = replace(record.result, status=status or record.result.status, reasons=record.result.reasons + more)
    return replace(record, result=result)


def _to_json(record: Record) -> dict[str, Any]:
    times = {
        name: time and time.isoformat() for name, time in (("handed_in", record.handed_in), ("saved", record.saved))
    }
    return asdict(record) | times | {"late": record.late.total_seconds()}


def _from_json(found: dict[str, Any]) -> Record:
    result = found["result"]
    tests = tuple(CellResult(**test) for test in result["tests"])
    tuples = {name: tuple(result.get(name, ())) for name in ("reasons", "errors", "unfound")}
    # older files do not say whether it was marked as late; it was if it was late and nobody knew when it came
    marked = found.get("marked", bool(found["late"] and not found["handed_in"]))
    return Record(
        key=found["key"],
        student=Student(**found["student"]),
        path=found["path"],
        result=Result(**{**result, "tests": tests, **tuples}),
        handed_in=_time(found["handed_in"]),
        late=timedelta(seconds=found["late"]),
        marked=marked,
        saved=_time(found.get("saved")),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
