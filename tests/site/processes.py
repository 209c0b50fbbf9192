"""Processes that a test has started."""

from __future__ import annotations

import os
import time


def gone(process: int) -> bool:
    """Whether a process has ended, within the minute that it may take one to see that nobody is there any more."""
    for _ in range(600):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
