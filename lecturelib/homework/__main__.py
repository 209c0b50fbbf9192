"""`python -m lecturelib.homework COMMAND`: labs, from their sources to students, and back with points."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from lecturelib.homework import commands as grading
from lecturelib.homework.grading.run import Bench
from lecturelib.homework.isolation.sandbox import NoIsolation, SandboxError
from lecturelib.homework.lab import release, shelf, source


def parser() -> argparse.ArgumentParser:
    """The command line; every command sets `do`, a function of the arguments that gives the exit status."""
    top = argparse.ArgumentParser(prog="python -m lecturelib.homework", description=__doc__.split(": ", 1)[1])
    top.add_argument("--book", type=Path, default=shelf.ROOT, help="folder of the book (default: this one)")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for add in (_student, _release, grading.add):
        add(commands)
    return top


def _labs(command: argparse.ArgumentParser) -> None:
    command.add_argument("labs", nargs="*", metavar="LAB", help="name of a lab, or path of its source (default: all)")


def _student(commands) -> None:
    command = commands.add_parser("student", help="write the student's and the instructor's version of labs")
    _labs(command)
    command.set_defaults(do=student)


def _release(commands) -> None:
    command = commands.add_parser("release", help="check labs in every way, and write their versions if they stand it")
    _labs(command)
    command.add_argument("--unsafe", action="store_true", help="run without isolation where there is none")
    command.set_defaults(do=release_labs)


def student(arguments: argparse.Namespace) -> int:
    """Write the versions of labs, and refuse those that students could read too much of."""
    failures = []
    for lab in source.find(arguments.labs, arguments.book / "labs"):
        failures += _written(arguments.book, lab)
    return _told(failures)


def release_labs(arguments: argparse.Namespace) -> int:
    """Check labs in every way; write the versions of those that stand it."""
    failures = []
    for lab in source.find(arguments.labs, arguments.book / "labs"):
        notebook = release.read_notebook(shelf.student_notebook(arguments.book, lab))
        print(f"{lab.name}: running its solution and its listed answers", flush=True)
        bench = partial(Bench, unsafe=arguments.unsafe)
        found = list(release.check(lab, notebook, bench, workers=os.cpu_count() or 1))
        failures += found or _written(arguments.book, lab)
    return _told(failures)


def _written(book: Path, lab) -> list[release.Failure]:
    """Write the versions of a lab; what students can find is taken back, and returned."""
    paths = shelf.write(book, lab)
    failures = list(release.of_leaks(lab, shelf.public(book), shelf.said_elsewhere(book)))
    if failures:
        shelf.take_back(book, lab)
    else:
        print("\n".join(f"{lab.name}: {path}" for path in paths))
    return failures


def _told(failures: list[release.Failure]) -> int:
    for failure in failures:
        print(failure, file=sys.stderr)
    if failures:
        print(f"Not released: {len(failures)} reasons above.", file=sys.stderr)
    return bool(failures)


def main(words: list[str] | None = None) -> int:
    """Read the command line and do what it asks; the exit status."""
    arguments = parser().parse_args(words)
    arguments.book = arguments.book.resolve()
    try:
        return arguments.do(arguments)
    except (ValueError, FileNotFoundError, NotADirectoryError, shelf.NotBuilt, NoIsolation, SandboxError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
