"""Stored runs are those of today's code: each experiment, at a small size, gives what it gave when it was stored.

The small runs of a part stand in `tests/<part>/test_small_runs.py`. Where a change was meant, run the experiment itself
again and store it, and then: python -m tests.small <part> [names]
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple
from unittest import mock

import torch

from tests.stored import flat

SINGLE = 1e-3
"""Relative distance allowed for runs in single precision, where another processor rounds differently."""
DOUBLE = 1e-6


class Small(NamedTuple):
    """A call with the module where the experiment lies, constants of that module while it runs, and what may differ."""

    run: Callable[[Any], Any]
    constants: Mapping[str, Any] = {}
    within: float = DOUBLE


def gist(found: Any) -> dict[str, Any]:
    """Words, how many numbers, and four means in which each of them counts, in units of their size."""
    everything = flat(found)
    words = [one for one in everything if isinstance(one, str | None)]
    numbers = torch.tensor([float(one) for one in everything if not isinstance(one, str | None)], dtype=torch.float64)
    odd, at = int((~numbers.isfinite()).sum()), torch.arange(len(numbers), dtype=torch.float64)
    numbers = numbers.nan_to_num(0.0, 0.0, 0.0)
    size = float(numbers.square().mean().sqrt())
    means = [float((numbers * one).mean()) for one in (torch.ones_like(at), torch.cos(at), torch.sin(at))]
    return {"words": "|".join(map(str, words)), "count": len(numbers), "odd": odd, "size": size, "means": means}


def now(part: str, name: str, small: Small) -> dict[str, Any]:
    """The gist of a small run; its name begins with the module, seen from the part."""
    module = importlib.import_module(f"lecturelib.{part}.{name.split(':')[0]}")
    with contextlib.ExitStack() as stack:
        for constant, value in small.constants.items():
            stack.enter_context(mock.patch.object(module, constant, value))
        return gist(small.run(module))


def apart(stored: dict, found: dict) -> float:
    """Largest difference of size and means in units of the size; infinite where anything else differs."""
    if any(stored[what] != found[what] for what in ("words", "count", "odd")):
        return math.inf
    pairs = zip([stored["size"], *stored["means"]], [found["size"], *found["means"]], strict=True)
    return max(abs(a - b) for a, b in pairs) / max(stored["size"], 1e-300)


def place(part: str) -> Path:
    """The file of a part."""
    return Path(__file__).parent / part / "small_runs.json"


def read(part: str) -> dict[str, dict]:
    """What was stored, by name; nothing where there is no file."""
    return json.loads(place(part).read_text(encoding="utf-8")) if place(part).exists() else {}


def check(part: str, name: str, small: Small) -> None:
    """Raises AssertionError where a run is no longer what was stored."""
    off = apart(read(part)[name], now(part, name, small))
    assert off <= small.within, f"{off:.1e} apart: run the experiment again, store it, and then the small runs"


def main(part: str, *chosen: str) -> None:
    """Run those whose names begin as one of `chosen`, or all, and store them."""
    cases, found = importlib.import_module(f"tests.{part}.test_small_runs").SMALL, read(part)
    for name, small in cases.items():
        if chosen and not name.startswith(chosen):
            continue
        begin = perf_counter()
        found[name] = now(part, name, small)
        print(f"{name}: {perf_counter() - begin:.1f} s", flush=True)
        lines = [f"{json.dumps(one)}: {json.dumps(found[one])}" for one in cases if one in found]
        place(part).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
