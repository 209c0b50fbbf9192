"""Verdicts that one build computes once: chapters and the page *What was checked* show the same ones.

A build names in its environment a folder and, for each part of the book, the folder in it for as long as nothing has
changed that claims of the part depend on (see `lecturelib.site.extension`). Elsewhere, as in tests and notebooks, every
verdict is computed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

STORE = "LECTURELIB_VERDICTS"
"""Environment variable: {"folder": path, "keys": {part: name of a folder in it}} as JSON."""


def kept(module: str, label: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The figures of the claim or the derivation `label` of a module, from the store of the build, or computed and
    stored there.
    """
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
    """Where the build keeps the figures of a claim; None outside a build, and for claims of no part."""
    store = json.loads(os.environ.get(STORE, "{}"))
    library, part = [*module.split("."), ""][:2]
    known = library == "lecturelib" and part in store.get("keys", {})
    return Path(store["folder"]) / store["keys"][part] / f"{label}.json" if known else None
