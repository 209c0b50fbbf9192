"""One build at a time in a folder, and none that goes on when whoever started it is gone."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from filelock import FileLock, Timeout

BUSY = 75
"""The exit status of a build that did not begin, since another one was at work (EX_TEMPFAIL of sysexits.h)."""
_held: list[FileLock] = []


def begin(folder: str, parent: int) -> None:
    """Called first in a process that `parent` starts to build into `folder`, which is held until it ends."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    lock = FileLock(Path(folder) / "building.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"Another build is at work in {folder}. Wait until it is done, or stop it.")
        sys.exit(BUSY)
    _held.append(lock)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGINT)
