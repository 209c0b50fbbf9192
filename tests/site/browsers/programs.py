"""Finding a browser, starting its processes and ending them, also where something breaks off in between."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

START = 60
"""Seconds that a browser has until it answers. It takes one to five, on a busy machine more."""
END = 10
"""Seconds that it has to end when asked to, before it is made to."""
STEP = 0.05


def find(names: Sequence[str], package: str) -> str:
    """The first of these programs that there is. Where there is none, tests are skipped; where CI=true, they fail."""
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        missing(names[0], package)
    return program


def missing(what: str, package: str) -> None:
    """Skip, or fail where CI=true, with how to get what is missing."""
    reason = f"no {what} on this machine; on Debian: apt-get install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextlib.contextmanager
def home() -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder for what a browser keeps, with a space in its name, and an environment in which it is the home.

    So nothing of a user's browser is touched, and a user without a home has one.
    """
    with tempfile.TemporaryDirectory(prefix="a browser ", ignore_cleanup_errors=True) as name:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "DBUS_", "MOZ_"))}
        dropped = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "LANGUAGE")
        kept = {key: value for key, value in kept.items() if key not in dropped}
        places = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"), name)
        yield Path(name), {**kept, **places}


# Ends its group of processes when nobody is at the other end of its input any more, as when the tests are killed.
GUARD = ("/bin/sh", "-c", "cat >/dev/null; kill -KILL 0")


@contextlib.contextmanager
def running(command: Sequence[str], environment: dict[str, str], log: Path, **options) -> Iterator[subprocess.Popen]:
    """A program, and all that it starts, until the end of the block; what it says goes into a file."""
    guard = subprocess.Popen(GUARD, stdin=subprocess.PIPE, process_group=0)
    started = [guard]
    try:
        with log.open("w") as said:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                process_group=guard.pid,  # so is what it starts
                **options,
            )
        started.insert(0, process)
        yield process
    finally:
        for sign in (signal.SIGTERM, signal.SIGKILL):
            # the guard is waited for at last: until then the number of the group is that of no other
            os.killpg(guard.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                started[0].wait(END)
        for one in started:
            one.wait()
        guard.stdin.close()


def wait(found: Callable, what: str, process: subprocess.Popen, log: Path):
    """What `found` gives once it gives something. Raises RuntimeError where it takes too long or the program ends."""
    deadline = time.monotonic() + START
    while not (result := found()):
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            how = f"ended with status {process.returncode}" if ended else f"did not do so in {START} s"
            said = log.read_text(encoding="utf-8", errors="replace")[-3000:]
            raise RuntimeError(f"waited for {what}, but {process.args[0]} {how}; it said:\n{said}")
        time.sleep(STEP)
    return result
