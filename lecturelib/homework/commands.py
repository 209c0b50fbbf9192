"""The commands that grade: `grade`, `report`, `regrade` and `points`."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lecturelib.homework.grading.course import Chosen, Course, read_times
from lecturelib.homework.grading.penalties import Rule
from lecturelib.homework.grading.records import write
from lecturelib.homework.grading.results import clean
from lecturelib.homework.isolation.limits import Limits
from lecturelib.homework.lab import source

DEFAULT = Limits()


def add(commands) -> None:
    """Add the commands to those of the package."""
    _grade(commands)
    _regrade(commands)
    _report(commands)
    _points(commands)


def _common(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--into", type=Path, metavar="DIR", help="results, gradebook, reports (default: _build/homework/grades)"
    )
    command.add_argument(
        "--lab", action="append", default=[], metavar="LAB", help="only this lab (default: all; repeatable)"
    )


def _lateness(command: argparse.ArgumentParser) -> None:
    late = command.add_argument_group("handing in late")
    late.add_argument(
        "--due", action="append", default=[], metavar="LAB=TIME", help="when a lab was due: lab=2030-12-31T23:59"
    )
    late.add_argument("--times", type=Path, metavar="CSV", help="when students handed in: columns student and time")
    late.add_argument(
        "--file-times", action="store_true", default=None, help="take the times of files where none is known"
    )
    late.add_argument("--a-day", type=float, metavar="PART", help=f"part of the points that a day costs ({Rule.a_day})")
    late.add_argument("--most", type=float, metavar="PART", help=f"part that lateness costs at most ({Rule.most})")
    late.add_argument(
        "--grace", type=float, metavar="MINUTES", help="what costs nothing (15); all of this is remembered"
    )


def _running(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "submissions", type=Path, metavar="SUBMISSIONS_DIR", help="folder as a learning system exports it"
    )
    _common(command)
    _lateness(command)
    command.add_argument("--dask", metavar="ADDRESS", help="run on a Dask cluster, tcp://host:8786")
    command.add_argument("--unsafe", action="store_true", help="run without isolation where there is none")
    limits = command.add_argument_group("limits of each submission")
    limits.add_argument("--cell-seconds", type=float, default=DEFAULT.cell_seconds)
    limits.add_argument("--notebook-seconds", type=float, default=DEFAULT.notebook_seconds)
    limits.add_argument("--memory", type=int, default=DEFAULT.memory >> 20, metavar="MIB")


def _grade(commands) -> None:
    command = commands.add_parser("grade", help="grade a folder of submissions; started again it carries on")
    _running(command)
    command.set_defaults(do=grade)


def _regrade(commands) -> None:
    command = commands.add_parser("regrade", help="grade one lab or one student anew; points by hand are kept")
    _running(command)
    command.add_argument("--student", metavar="STUDENT", help="key, name or number")
    command.set_defaults(do=regrade)


def _report(commands) -> None:
    command = commands.add_parser("report", help="write tables for learning systems, feedback and an overview")
    _common(command)
    _lateness(command)
    command.add_argument("--roster", type=Path, metavar="CSV", help="the gradebook as Canvas exports it")
    command.set_defaults(do=report)


def _points(commands) -> None:
    command = commands.add_parser("points", help="give points by hand")
    command.add_argument("student", help="key, name or number")
    command.add_argument("cell", help="a written task, or a test cell")
    command.add_argument("points", type=float)
    _common(command)
    command.set_defaults(do=points)


def grade(arguments: argparse.Namespace) -> int:
    """Grade what has no result yet, and say how long it took."""
    return _graded(arguments, None)


def _graded(arguments: argparse.Namespace, anew: Chosen | None) -> int:
    from lecturelib.homework.grading import grade as grader
    from lecturelib.homework.isolation import sandbox

    course = _course(arguments)
    try:
        wall = sandbox.wall()
    except sandbox.NoIsolation as error:
        if not arguments.unsafe:
            print(f"{error}\nTo grade without isolation all the same: --unsafe", file=sys.stderr)
            return 1
        wall = sandbox.NONE
    print(f"Isolation: {wall}")
    began = time.monotonic()
    with _executor(arguments.dask) as executor:
        done = grader.grade(course, arguments.submissions, executor=executor, anew=anew)
    for record in done.records:
        result, name = record.result, record.lab or "no lab"
        words = [name, record.student.key, f"{result.points:g}", result.status, f"{result.seconds:.1f} s"]
        print("  ".join([*words, clean(result.reasons[0], keep="")]))
    seconds = time.monotonic() - began
    print(f"{done.graded} of {len(done.records)} graded now, in {seconds:.1f} seconds; results: {course.folder}")
    if done.stale:
        print(f"Others without a result, or with an old one: {done.stale}. `grade` works them out.")
    return 0


def regrade(arguments: argparse.Namespace) -> int:
    """Grade what was chosen, and nothing else, whether it has results or not."""
    if not arguments.lab and arguments.student is None:
        print("Say what to grade anew: --lab LAB, --student STUDENT, or both.", file=sys.stderr)
        return 1
    return _graded(arguments, Chosen(tuple(arguments.lab), arguments.student))


def report(arguments: argparse.Namespace) -> int:
    """Write tables and pages, by the due times, times and rule that are said now or were said before."""
    from lecturelib.homework.grading import timing
    from lecturelib.homework.reporting import report as tables
    from lecturelib.homework.reporting.rows import read_rows

    course = _course(arguments)
    if not (course.folder / "results").is_dir():
        print(f"There are no results in {course.folder} yet: grade first.", file=sys.stderr)
        return 1
    timing.refresh(course)
    written = tables.report(course, course.folder / "report", roster=arguments.roster)
    rows = list(read_rows(course))
    waiting = sum(not row.ready for row in rows)
    print("\n".join(str(path) for path in written if path.suffix == ".csv" or path.name == "overview.html"))
    print(f"{len(rows)} submissions; {waiting} without final points, left empty in the tables for learning systems")
    return 0


def points(arguments: argparse.Namespace) -> int:
    """Give points by hand."""
    from lecturelib.homework.grading import gradebook

    course = _course(arguments)
    if len(arguments.lab) != 1:
        print("Say in which lab: --lab LAB", file=sys.stderr)
        return 1
    lab = next(lab for lab in course.labs if lab.name == arguments.lab[0])
    who = arguments.student
    found = [
        record
        for record in course.shelf.all()
        if record.lab == lab.name and who in (record.student.key, record.student.name, record.student.number)
    ]
    if len(found) != 1:
        print(f"{who}: {len(found)} submissions of {lab.name}, expected one", file=sys.stderr)
        return 1
    key = found[0].student.key
    path = course.folder / "gradebook.db"
    gradebook.give(path, lab, key, arguments.cell, arguments.points, course.rule, found[0])
    print(f"{key}, {lab.name}, {arguments.cell}: {arguments.points:g} points")
    return 0


def _course(arguments: argparse.Namespace):
    """The course: what the command line says, then what was said before, then what is usual."""
    labs = source.find([], arguments.book / "labs")
    names = {lab.name for lab in labs}
    if unknown := set(arguments.lab) - names:
        raise ValueError(f"--lab: expected one of {', '.join(sorted(names))}, got {', '.join(sorted(unknown))}")
    folder = (arguments.into or arguments.book / "_build" / "homework" / "grades").resolve()
    limits = {}
    if hasattr(arguments, "memory"):
        limits = {"cell_seconds": arguments.cell_seconds, "notebook_seconds": arguments.notebook_seconds}
        limits["memory"] = arguments.memory << 20
    said = {name: getattr(arguments, name, None) for name in ("a_day", "most", "grace", "file_times")}
    said = {name: value for name, value in said.items() if value is not None}
    said["due"] = {
        name: when.isoformat() for name, when in (_due(text, names) for text in getattr(arguments, "due", ()))
    }
    table = getattr(arguments, "times", None)
    times = read_times(table) if table else {}
    said["times"] = {name: when.isoformat() for name, when in times.items()}
    settings = _remember(folder / "settings.json", said)
    rule = {name: settings[name] for name in ("a_day", "most") if name in settings}
    if "grace" in settings:
        rule["grace"] = timedelta(minutes=settings["grace"])
    return Course(
        folder=folder,
        labs=labs,
        only=tuple(arguments.lab),
        limits=Limits(**limits),
        due={name: datetime.fromisoformat(when) for name, when in settings["due"].items()},
        times={name: datetime.fromisoformat(when) for name, when in settings["times"].items()},
        rule=Rule(**rule),
        file_times=settings.get("file_times", False),
        unsafe=getattr(arguments, "unsafe", False),
    )


def _remember(path: Path, said: dict[str, Any]) -> dict[str, Any]:
    """Add what is said to what was said before, in a file beside the results."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"due": {}, "times": {}}
    now = {**before, **said, "due": before["due"] | said["due"], "times": before["times"] | said["times"]}
    if now != before:
        Rule(**{name: now[name] for name in ("a_day", "most") if name in now})  # nothing that cannot be is remembered
        write(path, json.dumps(now, indent=1))
    return now


def _due(text: str, labs: set[str]) -> tuple[str, datetime]:
    lab, _, when = text.partition("=")
    if lab not in labs:
        raise ValueError(f"--due: expected LAB=TIME with one of {', '.join(sorted(labs))}, got {text!r}")
    try:
        return lab, datetime.fromisoformat(when).astimezone()
    except ValueError:
        raise ValueError(f"--due: expected a time like 2030-12-31T23:59, got {when!r}") from None


@contextlib.contextmanager
def _executor(address: str | None) -> Iterator[Executor | None]:
    if address is None:
        yield None
        return
    from distributed import Client

    with Client(address) as client:
        yield client.get_executor()
