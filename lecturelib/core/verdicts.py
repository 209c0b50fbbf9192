"""Verdicts that one build computes once: chapters and the page *What was checked* show the same ones.

A build names in its environment a folder and, for each part of the book, the key under which results of its chapters
are kept. Elsewhere, as in tests and notebooks, every verdict is computed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

STORE = "LECTURELIB_VERDICTS"
"""Environment variable: {"folder": path, "keys": {part: key}} as JSON."""


def kept(module: str, label: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The figures of the claim `label` of a module, from the store of the build, or computed and stored there."""
    path = _place(module, label)
    if path is None:
        return compute()
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    figures = compute()
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(figures), encoding="utf-8")
    unfinished.replace(path)  # two pages may write at once
    return figures


def _place(module: str, label: str) -> Path | None:
    store = json.loads(os.environ.get(STORE, "{}"))
    part = [*module.split("."), "", ""][1]
    return Path(store["folder"]) / store["keys"][part] / f"{label}.json" if part in store.get("keys", {}) else None
