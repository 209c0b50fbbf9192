"""How long each file of tests takes: the longest come first, so that in the end no core waits for a late one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

STORED = Path(__file__).with_name("durations.json")
"""File of tests → seconds; stored by `make test OPTIONS=--store-durations` on a machine that does nothing else."""
NAMED = 12
"""How many files the summary names."""
PAUSE = 600
"""Seconds after which a run says again what has taken long so far."""


def stored(path: Path = STORED) -> dict[str, float]:
    """What is stored; empty where nothing is."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def store(seconds: Mapping[str, float], path: Path = STORED) -> None:
    """Store what a run of all tests took."""
    rounded = {file: round(value, 1) for file, value in sorted(seconds.items())}
    path.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


def order(files: list[str], looking: Mapping[str, int], seconds: Mapping[str, float]) -> list[str]:
    """The order of files; looking: how many tests of a file look at the built site, for those that do.

    The one with most of these comes first and builds the site, the others that look at it last, so that nobody waits
    for the building. Among the rest, and among those, the longest come first; a file that is new counts as long.
    """
    builds = max(looking, key=looking.get, default=None)
    group = {file: 0 if file == builds else 2 if file in looking else 1 for file in files}
    return sorted(files, key=lambda file: (group[file], -seconds.get(file, float("inf")), files.index(file)))


class Clock:
    """Adds up what the tests of each file take, wherever they run."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def add(self, test: str, duration: float) -> None:
        """Count a step of a test, which is named file::name."""
        self.seconds[test.split("::")[0]] += duration

    def summary(self) -> str:
        """The files that took longest, in a line."""
        longest = self.seconds.most_common(NAMED)
        return "Longest files: " + ", ".join(f"{file} {value:.0f} s" for file, value in longest)
