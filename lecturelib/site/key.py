"""The key under which results of executed chapters are kept.

A stored result is as good as everything it was computed from: the chapter itself, which the cache looks at, and the
library, the pinned versions and the data, which it does not. They make up this key. A part of the book looks only into
its own part of the library and into core, so each part has a key of its own: when one part of the library changes, only
its chapters run again, and pages outside the parts, which look everywhere, also for the words of statements and for
what benchmarks found.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from lecturelib.core.statements import heading, sources

LIBRARY = "lecturelib/**/*.py"
SHARED = {"core", "site", "homework"}
"""Rooms of the library that are not parts of the book."""
PINS = "requirements.txt"
DATA = ("chapters/**/data/**/*", "lecturelib/**/data/**/*", "benchmarks/results/*")
"""What chapters read. Labs are not run in the book, so that their data do not count."""
NOT_COMPUTING = ("lecturelib/site/", "lecturelib/homework/")
"""Code that lays out pages or grades labs, but computes nothing in pages."""
NOT_SOURCES = {"_build", "node_modules", "notebooks", "tests"}
"""Folders beside the sources of a book; what pages load from node_modules is laid out by code that counts."""


def parts(root: Path) -> list[str]:
    """The parts of the book that have a library, by name."""
    rooms = (path for path in (root / "lecturelib").glob("*") if (path / "__init__.py").exists())
    return sorted(path.name for path in rooms if path.name not in SHARED)


def part_of(root: Path, page: str) -> str | None:
    """The part to which a page belongs, as chapters/<part>/<page>; None for pages that may look everywhere."""
    folders = page.split("/")
    return folders[1] if len(folders) > 2 and folders[0] == "chapters" and folders[1] in parts(root) else None


def files(root: Path, part: str | None = None) -> Iterator[Path]:
    """What the results of the chapters of a part, or of all, depend on besides the chapters, in a fixed order."""
    found = {path for pattern in (LIBRARY, PINS, *DATA) for path in root.glob(pattern) if path.is_file()}
    other = list(NOT_COMPUTING)
    if part is not None:
        other += [f"{top}/{name}/" for top in ("lecturelib", "chapters") for name in parts(root) if name != part]
        other.append("benchmarks/")
    return (path for path in sorted(found) if not path.relative_to(root).as_posix().startswith(tuple(other)))


def execution_key(root: Path, part: str | None = None) -> str:
    """A short hash of the names and contents of `files(root, part)` and of the Python version.

    Without a part it is one of the statements in chapters, too, and of the titles of their pages.
    """
    chapters = root / "chapters"
    words = "" if part else repr([(page, heading(page, chapters), one[0]) for page, one in sources(chapters)])
    return _hash(files(root, part), root, words)


def layout_key() -> str:
    """A short hash of what lays out pages, explorers and labs: when it changes, all pages are written again."""
    library = Path(__file__).resolve().parents[1]
    rooms = (path for room in ("site", "homework") for path in (library / room).rglob("*"))
    ours = (path for path in rooms if path.is_file() and path.suffix != ".pyc")
    return _hash(sorted({*ours, *library.rglob("browser/*")}), library)


def book_key(root: Path) -> str:
    """A short hash of everything in the folder of a book that its site could depend on, and of what lays it out."""
    tops = (path for path in sorted(root.iterdir()) if not path.name.startswith(".") and path.name not in NOT_SOURCES)
    found = (file for top in tops for file in sorted([top] if top.is_file() else top.rglob("*")))
    kept = (file for file in found if file.is_file() and file.suffix != ".pyc")
    return f"{_hash(kept, root)}-{layout_key()}"


def _hash(paths: Iterable[Path], root: Path, words: str = "") -> str:
    digest = hashlib.sha256(f"{sys.version}{words}".encode())
    for path in paths:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
