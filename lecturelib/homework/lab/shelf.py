"""Where labs lie in a folder of the book: sources, the built site, and what is handed out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat

from lecturelib.homework.lab import packing, versions
from lecturelib.homework.lab.lab import Lab
from lecturelib.homework.lab.release import read_notebook

ROOT = Path(__file__).resolve().parents[3]


class NotBuilt(RuntimeError):
    """The site lacks what a lab needs; the message says what to do."""


def site(book: Path) -> Path:
    """The folder of the built site."""
    return book / "_build" / "html"


def handed_out(book: Path) -> Path:
    """The folder of what is made for students and instructors."""
    return book / "_build" / "homework"


def student_notebook(book: Path, lab: Lab) -> Path:
    """The student's notebook, as the site offers it. Raises NotBuilt where there is none, or an old one."""
    path = site(book) / "_sources" / "labs" / f"{lab.name}.ipynb"
    if not path.exists():
        raise NotBuilt(f"{lab.name} is not in the built site: add labs/{lab.name} to _toc.yml and run make book")
    page = path.with_suffix(".md")
    if not page.exists() or page.read_text(encoding="utf-8") != versions.page(lab):
        raise NotBuilt(f"{lab.name} has changed since the site was built: run make book")
    return path


def write(book: Path, lab: Lab) -> list[Path]:
    """Write the student's and the instructor's version of a lab, each as a folder and a zip file; their paths."""
    path = student_notebook(book, lab)
    files = packing.student_files(lab, path.read_bytes())
    written = packing.write(handed_out(book) / "student", lab.name, files)
    opened = nbformat.writes(versions.instructor(lab, read_notebook(path))) + "\n"
    files[f"{lab.name}.ipynb"] = opened.encode()
    return written + packing.write(handed_out(book) / "instructor", lab.name, files)


def take_back(book: Path, lab: Lab) -> None:
    """Remove the student's version of a lab."""
    packing.remove(handed_out(book) / "student", lab.name)


def public(book: Path) -> dict[str, Path]:
    """Name → path of every file that students can get: the site, and their versions of labs."""
    places = (site(book), handed_out(book) / "student")
    return {
        f"{place.name}/{path.relative_to(place).as_posix()}": path
        for place in places
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def said_elsewhere(book: Path) -> dict[str, str]:
    """Path → text of what students may read anyway: chapters and the library."""
    return {str(path): path.read_text(encoding="utf-8") for path in _texts(book)}


def _texts(book: Path) -> Iterator[Path]:
    yield from sorted((book / "chapters").rglob("*.md"))
    yield from sorted((ROOT / "lecturelib").rglob("*.py"))
