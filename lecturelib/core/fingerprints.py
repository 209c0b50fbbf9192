"""The code that a result depends on, as one short hash that changes with the code and with nothing else."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

_SHOWING = ("claims", "discovery", "display", "ledger", "statements", "verdicts")
SHOWING = {f"lecturelib.core.{name}" for name in _SHOWING}
"""Code that finds and shows claims; what their checks measure is elsewhere."""
ALWAYS = "lecturelib.core.resolution"
"""How the smallest change is searched, with all that it imports."""
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def code_hash(module: str) -> str:
    """A short hash of the code of a module and of all modules of the library that it imports, directly or not.

    Comments, docstrings and layout do not count, nor does the version of Python. Raises ModuleNotFoundError for a
    module without a file.
    """
    if source_of(module) is None:
        raise ModuleNotFoundError(f"module: expected one with a file, got {module!r}")
    digest = hashlib.sha256()
    for name in sorted(_closure(module)):
        digest.update(f"{name}\0{_code(_tree(source_of(name)))}\0".encode())
    return digest.hexdigest()[:16]


@cache
def source_of(module: str) -> Path | None:
    """The file of a module; None for what has none, such as a name within a module."""
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):  # no package is above it; a notebook's own module
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None


def _closure(module: str) -> set[str]:
    done, waiting = set(), [module, ALWAYS]
    while waiting:
        name = waiting.pop()
        if name not in done:
            done.add(name)
            waiting += _imports(source_of(name)) - SHOWING
    return done


@cache
def _imports(path: Path) -> frozenset[str]:
    """The modules of the library that a file names, packages only where no module below them is meant."""
    found: set[str] = set()
    for node in ast.walk(_tree(path)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if source_of(name) else node.module for name in below if name.startswith("lecturelib.")]
        found.update(name for name in names if name.startswith("lecturelib."))
    return frozenset(found)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _code(node: Any) -> Any:
    """A syntax tree as nested lists, without docstrings and without fields that only some versions of Python have."""
    if isinstance(node, list):
        return [_code(one) for one in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
        fields["body"] = fields["body"][1:]
    return [type(node).__name__, *([name, _code(value)] for name, value in fields.items() if value not in (None, []))]
