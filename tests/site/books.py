"""Building books: this one, and small ones with its settings that hold what a test plants."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
NOTEBOOK = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---

# A page with code

"""
"""The beginning of a chapter that is executed."""


def cell(code: str) -> str:
    """A code cell of a chapter."""
    return f"```{{code-cell}} ipython3\n{code}\n```\n"


def command(book: Path, *asked: str) -> dict[str, Any]:
    """How to start a process that builds a book, as `make book` does, or what is `asked` of lecturelib.site instead."""
    return {
        "args": [sys.executable, "-m", "lecturelib.site", *(asked or ("build",)), str(book)],
        "cwd": ROOT,
        "env": {**os.environ, "PYTHONPATH": str(ROOT)},
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
    }


def build(book: Path, *asked: str) -> subprocess.CompletedProcess[str]:
    """Build a book; what was printed is in `stdout`."""
    return subprocess.run(**command(book, *asked), check=False)


def built(book: Path) -> Path:
    """Build a book that is expected to build, and give the folder of its site."""
    done = build(book)
    if done.returncode:
        raise AssertionError(f"the book in {book} was not built:\n{done.stdout[-6000:]}")
    return book / "_build" / "html"


def write_book(book: Path, chapters: Mapping[str, str], changes: Mapping[str, Any] | None = None) -> Path:
    """Write a book with the settings of this one, except for `changes` to top-level settings, and these chapters.

    The first chapter is the root of the table of contents. A page named "bibliography" is added, because pages cite.
    """
    chapters = {**chapters, "bibliography": "# Bibliography\n\n```{bibliography}\n```\n"}
    for name, text in chapters.items():
        (book / name).parent.mkdir(parents=True, exist_ok=True)
        (book / f"{name}.md").write_text(text, encoding="utf-8")
    root, *others = chapters
    toc = {"format": "jb-book", "root": root, "chapters": [{"file": name} for name in others]}
    (book / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    (book / "_config.yml").write_text(yaml.safe_dump({**SETTINGS, **(changes or {})}), encoding="utf-8")
    shutil.copy(ROOT / "references.bib", book)
    icon = Path(SETTINGS["sphinx"]["config"]["html_favicon"])
    (book / icon).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / icon, book / icon)
    (book / "_build").mkdir(exist_ok=True)
    (ROOT / "_build" / "fonts").mkdir(exist_ok=True)
    for ready in ("extra", "fonts"):
        (book / "_build" / ready).unlink(missing_ok=True)
        (book / "_build" / ready).symlink_to(ROOT / "_build" / ready)
    return book
