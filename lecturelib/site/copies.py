"""Copies of the pages' notebooks for readers to work in; what a reader has changed is never overwritten."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

RECORD = ".copied.json"


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _wanted(path: Path) -> bool:
    return path.suffix == ".ipynb" or (path.parts[0] == "labs" and path.suffix not in (".md", ".zip"))


def refresh(source: Path, target: Path) -> list[Path]:
    """Copy every notebook below `source`, and what labs read, into `target`; returned is what a reader had changed.

    A copy is replaced only while it is still what was copied before. Raises FileNotFoundError where `source` holds
    none.
    """
    notebooks = sorted(path for path in source.rglob("*") if path.is_file() and _wanted(path.relative_to(source)))
    if not notebooks:
        raise FileNotFoundError(f"there are no notebooks in {source}: build the book first")
    record = target / RECORD
    copied = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    kept = []
    for notebook in notebooks:
        name = notebook.relative_to(source).as_posix()
        mine = target / name
        if mine.exists() and _hash(mine) not in (copied.get(name), _hash(notebook)):
            kept.append(mine)
            continue
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_bytes(notebook.read_bytes())
        copied[name] = _hash(notebook)
    record.write_text(json.dumps(copied, indent=1), encoding="utf-8")
    return kept
