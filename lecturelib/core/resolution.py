"""How small an error the check of a claim notices: found by search, and kept beside the checks of each chapter.

`make resolution` searches what is missing or was found by other code (see `lecturelib.core.__main__`). Results lie in
resolution.json in the folder of the claims, under a hash of all the code that the check depends on.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lecturelib.core.changes import ABSOLUTE, ANSWER, STEP, Number

if TYPE_CHECKING:
    from lecturelib.core.claims import Claim

SEEDS = (0, 1, 2)
SMALLEST = 1e-15
HALVINGS = 8
"""Of the range of exponents from `SMALLEST` to the bound: what is found is at most a seventh too large."""
EXACT = 1e-6
FILE = "resolution.json"


def search(claim: Claim) -> dict[str, float]:
    """Number → the smallest change that the check rejects on every seed, the larger one of both signs.

    Infinite where a change by a factor of 10 is not noticed.
    """
    found = {one.name: max(_smallest(claim, one, sign) for sign in claim.signs()) for one in claim.numbers()}
    claim.check.forget()
    return found


def _smallest(claim: Claim, one: Number, sign: int) -> float:
    def rejected(size: float) -> bool:
        return claim.rejects(one, sign * size, SEEDS)

    if one.size is not None:
        return one.size if rejected(one.size) else math.inf
    high = next((size for size in (claim.check.bound, 1.0, 10.0) if rejected(size)), None)
    if high is None:
        return math.inf
    low = math.log(SMALLEST)
    high = math.log(high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if rejected(math.exp(middle)) else (middle, high)
    return math.exp(high)


def of(claim: Claim) -> dict[str, float]:
    """The stored resolution of a claim, or a new search where none was found by the code as it is."""
    entry = stored(claim.module).get(claim.label)
    fresh = entry is not None and entry["code"] == code_hash(claim.module)
    return {name: float(size) for name, size in entry["numbers"].items()} if fresh else search(claim)


def stored(module: str) -> dict[str, dict]:
    """What resolution.json in the folder of a module has: label → {"code": hash, "numbers": {name: change}}."""
    path = place(module)
    return json.loads(path.read_text(encoding="utf-8")) if path is not None and path.exists() else {}


def place(module: str) -> Path | None:
    """Where the resolution of the claims of a module is kept; None for a module without a file in the library."""
    source = _source(module) if module.startswith("lecturelib.") else None
    return source.with_name(FILE) if source else None


def in_words(claim: Claim, found: dict[str, float]) -> str:
    """The resolution as a reader likes it: 'Would notice an error of 2 % in the mean.'"""
    kinds = {one.name: one.kind for one in claim.numbers()}
    small = [size for name, size in found.items() if kinds.get(name) not in (STEP, ANSWER)]
    if len(small) > 1 and max(small) <= EXACT:  # a list of tiny numbers tells nothing more
        found = {name: size for name, size in found.items() if kinds.get(name) in (STEP, ANSWER)}
        words = [_words("any of its numbers", None, max(small))]
    else:
        words = []
    words += [_words(name, kinds.get(name), size) for name, size in found.items()]
    return f"Would notice {'; '.join(words)}." if words else ""


def _words(name: str, kind: str | None, size: float) -> str:
    where = "" if name == "value" else f" in {name}"
    if kind == ANSWER:
        return f"one wrong answer{where}"
    if kind == STEP:
        return f"a difference of 1{where}"
    if math.isinf(size):
        return f"no error{where}"
    if size >= 1e-3:
        amount = f"{size:.2g}" if kind == ABSOLUTE else f"{100 * size:.2g} %"
    else:
        mantissa, power = f"{size:.0e}".split("e")
        amount = rf"${mantissa}\times10^{{{int(power)}}}$"
    return f"an error of {amount}{where}"


# The code that a check depends on


@cache
def code_hash(module: str) -> str:
    """A short hash of the code of a module and of all modules of the library that it imports, directly or not.

    Comments, docstrings and layout do not count.
    """
    digest = hashlib.sha256()
    for name in sorted(_closure(module)):
        digest.update(f"{name}\0{ast.dump(_bare(_source(name)))}\0".encode())
    return digest.hexdigest()[:16]


def _closure(module: str) -> set[str]:
    done, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in done:
            done.add(name)
            waiting += [other for other in _imports(_source(name)) if other not in done]
    return done


@cache
def _source(module: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:  # a name within a module
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None


@cache
def _imports(path: Path) -> frozenset[str]:
    """The modules of the library that a file names, packages only where no module below them is meant."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            below = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if _source(name) else node.module for name in below if name.startswith("lecturelib.")]
        found.update(name for name in names if name.startswith("lecturelib."))
    return frozenset(found)


def _bare(path: Path) -> ast.Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def too_coarse(claim: Claim, found: dict[str, float]) -> list[str]:
    """The numbers of a claim whose resolution misses the bound of its method."""
    whole = {one.name for one in claim.numbers() if one.size is not None}
    return [name for name, size in found.items() if size > (1.0 if name in whole else claim.check.bound)]
