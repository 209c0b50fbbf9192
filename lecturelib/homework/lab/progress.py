"""A line below each test cell that says which tasks of the lab pass.

The first cell of a student's notebook calls `follow`. Nothing is sent anywhere, and nothing counts: what is handed in
is tested elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from IPython import get_ipython

TEST = re.compile(r"# Task (?P<task>[\w-]+)(?: \((?P<number>\d+) of \d+\))?: ")
"""The first line of a test cell."""
NOT_YET, FAILS, PASSES = "○", "✗", "✓"


@dataclass
class Progress:
    """What has passed so far. `tests` maps each task to its number of test cells, 0 for one marked by hand."""

    tests: Mapping[str, int]
    seen: dict[str, dict[int, str]] = field(default_factory=dict)

    def note(self, source: str, error: BaseException | None) -> bool:
        """Take note of a cell that was run; whether it was a test cell of this lab."""
        match = TEST.match(source.lstrip())
        if match is None or not self.tests.get(match["task"]):
            return False
        sign = PASSES if error is None else NOT_YET if isinstance(error, NotImplementedError) else FAILS
        self.seen.setdefault(match["task"], {})[int(match["number"] or 1)] = sign
        return True

    def sign(self, task: str) -> str:
        """How a task stands: it passes when all its test cells do, as they were last run."""
        signs = self.seen.get(task, {}).values()
        if FAILS in signs:
            return FAILS
        return PASSES if list(signs) == [PASSES] * self.tests[task] else NOT_YET

    def line(self) -> str:
        """All tasks in one line, as "Progress: 1 of 2 tested tasks pass. ✓ slope  ○ guess"."""
        tested = [task for task, number in self.tests.items() if number]
        passed = sum(self.sign(task) == PASSES for task in tested)
        signs = "  ".join(f"{self.sign(task)} {task}" for task in tested)
        by_hand = [task for task, number in self.tests.items() if not number]
        note = f"  (marked by hand: {', '.join(by_hand)})" if by_hand else ""
        return f"Progress: {passed} of {len(tested)} tested tasks pass.  {signs}{note}"


def follow(tests: Mapping[str, int]) -> None:
    """Print the line after each test cell of this notebook from now on; `tests` as in `Progress`.

    Called again, as when the first cell is run again, it begins anew. Outside IPython it does nothing.
    """
    shell = get_ipython()
    if shell is None:
        return
    progress = Progress(tests)

    def after(result: Any) -> None:
        error = result.error_in_exec or result.error_before_exec
        if progress.note(result.info.raw_cell, error):
            print(progress.line())

    for old in [hook for hook in shell.events.callbacks["post_run_cell"] if hook.__module__ == __name__]:
        shell.events.unregister("post_run_cell", old)
    shell.events.register("post_run_cell", after)
