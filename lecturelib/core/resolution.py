"""How small an error the check of a claim notices: found by search, and kept beside the checks of each chapter.

`make resolution` searches what is missing or was found by other code (see `lecturelib.core.__main__`). Results lie in
resolution.json in the folder of the claims, under a hash of all the code that the check depends on.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from lecturelib.core.changes import ABSOLUTE, ANSWER, RELATIVE, STEP, Number
from lecturelib.core.checking import Check
from lecturelib.core.display import number
from lecturelib.core.fingerprints import code_hash, source_of

Resolution = Mapping[str, tuple[str, float]]
"""Name of a number → its kind (see `lecturelib.core.changes`), and the smallest change of it that is rejected.

The change is infinite where one by a factor of 10 is not noticed.
"""
SEEDS = (0, 1, 2)
SMALLEST = 1e-15
HALVINGS = 8
"""Of the range of exponents from `SMALLEST` to the bound: what is found is at most a seventh too large."""
FILE = "resolution.json"
WHOLE = (STEP, ANSWER)
EXACT = 1e-6


class Checked(Protocol):
    """What has a resolution: a `lecturelib.core.claims.Claim`."""

    @property
    def label(self) -> str: ...
    @property
    def module(self) -> str: ...
    @property
    def formula(self) -> Any: ...
    @property
    def check(self) -> Check: ...
    def discrepancy(self, formula: Any, seed: int) -> float: ...
    def numbers(self) -> list[Number]: ...


def rejects(claim: Checked, one: Number, by: float, seeds: Iterable[int]) -> bool:
    """Does the check reject, for every one of the seeds, the formula with one number changed by `by`?"""
    return all(claim.discrepancy(one.changed(claim.formula, by), seed) > claim.check.tolerance for seed in seeds)


def notices(claim: Checked, one: Number, size: float, seeds: Iterable[int] = SEEDS) -> bool:
    """Is a change of this size rejected: in both directions, or for a bound in the one that sharpens it?"""
    directions = (rejects(claim, one, by, seeds) for by in (size, -size))
    return all(directions) if claim.check.reach is None else any(directions)


def blind(claim: Checked, seeds: Iterable[int] = SEEDS) -> list[str]:
    """What a change as large as the bound of the method passes in: number by number, or the formula as a whole."""
    bound, seeds, found = claim.check.bound, tuple(seeds), claim.numbers()
    if bound is None:
        return []
    if not found:
        return ["the formula has no numbers"]
    changes = [(one, one.size or bound) for one in found]
    return [f"{one.name} ±{size:g}" for one, size in changes if not notices(claim, one, size, seeds)]


def search(claim: Checked) -> Resolution:
    """The resolution of a claim, found by halving."""
    found = {one.name: (one.kind, _smallest(claim, one)) for one in claim.numbers()}
    claim.check.forget()
    return found


def _smallest(claim: Checked, one: Number) -> float:
    if one.size is not None:
        return one.size if notices(claim, one, one.size) else math.inf
    sizes = (claim.check.bound or 1.0, 1.0, 10.0)
    high = next((size for size in sizes if notices(claim, one, size)), None)
    if high is None:
        return math.inf
    low, high = math.log(SMALLEST), math.log(high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if notices(claim, one, math.exp(middle)) else (middle, high)
    return math.exp(high)


def too_coarse(claim: Checked, found: Resolution) -> list[str]:
    """The numbers of a claim whose resolution misses the bound of its method."""
    bound = claim.check.bound or math.inf
    return [name for name, (kind, size) in found.items() if size > (1.0 if kind in WHOLE else bound)]


# The store


def of(claim: Checked) -> Resolution:
    """The stored resolution of a claim, or a new search where none was found by the code as it is."""
    entry = stored(claim.module).get(claim.label)
    return numbers(entry) if entry and entry["code"] == code_hash(claim.module) else search(claim)


def numbers(entry: Mapping[str, Any]) -> Resolution:
    """The resolution that an entry of the store holds."""
    return {name: (kind, float(size)) for name, (kind, size) in entry["numbers"].items()}


def stored(module: str) -> dict[str, dict]:
    """What resolution.json beside a module has: label → {"code": hash, "numbers": {name: [kind, change]}}."""
    path = place(module)
    return json.loads(path.read_text(encoding="utf-8")) if path is not None and path.exists() else {}


def place(module: str) -> Path | None:
    """Where the resolution of the claims of a module is kept; None for a module without a file in the library."""
    source = source_of(module) if module.startswith("lecturelib.") else None
    return source.with_name(FILE) if source else None


def in_words(found: Resolution, *, brief: bool = False) -> str:
    """The resolution as a reader likes it: 'an error of 2 % in the mean'; empty for a check that measures nothing.

    `brief` tells the worst relative error alone where there are several, and of whole numbers nothing where a change
    by 1 is noticed. Many tiny numbers tell no more than one, so that they are never listed.
    """
    if brief and any(kind not in WHOLE for kind, _ in found.values()):
        found = {name: (kind, size) for name, (kind, size) in found.items() if kind not in WHOLE or math.isinf(size)}
    several = {name: size for name, (kind, size) in found.items() if kind not in WHOLE and size < math.inf}
    if brief and max(several.values(), default=0) > EXACT:
        several = {name: size for name, size in several.items() if found[name][0] == RELATIVE}
    if len(several) < 2 or (not brief and max(several.values()) > EXACT):
        return "; ".join(_words(name, *pair, alone=len(found) == 1) for name, pair in found.items())
    rest = [_words(name, *pair) for name, pair in found.items() if name not in several]
    numbers = "any other of its numbers" if rest else "value" if brief else "any of its numbers"
    return "; ".join([*rest, _words(numbers, RELATIVE, max(several.values()), alone=not rest)])


def _words(name: str, kind: str, size: float, *, alone: bool = False) -> str:
    where = f" in {name}" if name != "value" else "" if alone else " in the result"
    if math.isinf(size):
        return f"no error{where}"
    if kind == ANSWER:
        return f"one wrong answer{where}"
    if kind == STEP:
        return f"a difference of 1{where}"
    percent = size >= 1e-3 and kind != ABSOLUTE
    return f"an error of {number(100 * size)}\u00a0%{where}" if percent else f"an error of {number(size)}{where}"
