"""The outer wall, seen from outside: which isolation this machine offers, and how a process behind it is started.

Behind the wall a process sees Python, the environment with its packages, lecturelib, system libraries and one folder
of data, all read-only, and nothing else: no home, no labs, no submissions, no gradebook, no network, no processes but
its own. Bubblewrap builds it where it is installed, `namespaces` where the system lets us; the zygote behind it builds
an inner wall for each submission. What works is found out by doing it, on the first use.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from lecturelib.homework.isolation import view, wire
from lecturelib.homework.isolation.limits import Limits

KINDS = ("bubblewrap", "namespaces")
_FIRST_TO_GO = ("/bin/sh", "-c", '{ echo 800 > /proc/self/oom_score_adj; } 2> /dev/null; exec "$@"', "sh")
"""Where the machine runs out of memory, what runs here is ended before the grader and others."""
HOW = "install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap) and allow namespaces, or run as root"
MOST = 256 << 20
_used = itertools.count()


class NoIsolation(RuntimeError):
    """This machine cannot wall off submissions; the message says what was tried and how to get it."""


@dataclass(frozen=True)
class Wall:
    """How submissions are walled off here. `inner`: whether one outer wall can hold an inner one for each submission.

    kind: bubblewrap, namespaces or none.
    """

    kind: str
    inner: bool

    def __str__(self) -> str:
        if self.kind == "none":
            return "no isolation: submissions can read and change whatever you can"
        return (
            f"{self.kind}, {'an inner wall for each submission' if self.inner else 'started anew for each submission'}"
        )


NONE = Wall("none", False)


@functools.cache
def wall() -> Wall:
    """The best isolation that works here. Raises NoIsolation where none does, saying why."""
    said = []
    for kind, inner in itertools.product(KINDS, (True, False)):
        if problem := _problem(Wall(kind, inner)):
            said.append(f"{kind}{'' if inner else ' alone'}: {problem}")
        else:
            return Wall(kind, inner)
    raise NoIsolation(
        "submissions cannot be isolated on this machine. " + "; ".join(said) + f". To change that, {HOW}."
    )


def _problem(candidate: Wall) -> str:
    """Why this isolation does not work here; empty where it does. It is tried on a program that does little."""
    if not sys.platform.startswith("linux"):
        return f"needs Linux, this is {platform.system()}"
    if candidate.kind == "bubblewrap" and shutil.which("bwrap") is None:
        return "bwrap is not installed"
    cell = {"index": 0, "source": "import os, socket\nassert not os.path.exists('/home') and os.getppid() > 0"}
    try:
        with Sandbox(candidate, "student", Limits(notebook_seconds=20)) as sandbox, Pipe() as out, Pipe() as status:
            near, far = socket.socketpair()
            with near, far:
                sandbox.give({"cells": [cell]}, (out.end, status.end, far.fileno()))
            out.close_end(), status.close_end()
            code = sandbox.wait(20)
            told = os.read(status.start, 1 << 16)
            return "" if b"ready" in told and b'error": null' in told and code == 0 else f"a cell failed: {told!r}"
    except (OSError, SandboxError) as error:
        return " ".join(str(error).split())[:300]


class SandboxError(RuntimeError):
    """The process behind the wall could not be started, or ended."""


class Pipe:
    """A pipe whose writing end goes to another process; both ends are closed at the end of the block."""

    def __enter__(self) -> Pipe:
        self.start, self.end = os.pipe()
        self._open = {self.start, self.end}
        return self

    def close_end(self) -> None:
        """Close the writing end here, so that reading ends when the other process does."""
        if self.end in self._open:
            self._open.remove(self.end)
            os.close(self.end)

    def __exit__(self, *_: object) -> None:
        for descriptor in self._open:
            os.close(descriptor)


class Sandbox:
    """A zygote behind the outer wall. `give` it jobs one after the other; `close` leaves nothing of it.

    role: "student" or "tester"; imports: modules to import once; data: a folder that notebooks find as their own;
    setup, tests: for the tester, source of setup cells and the test cells as dicts.
    """

    def __init__(
        self, wall: Wall, role: str, limits: Limits, *, imports=(), data: Path | None = None, setup=(), tests=()
    ):
        self.wall, self.limits = wall, limits
        self.folder = Path(tempfile.mkdtemp(prefix="lab-")) if wall.kind == "none" else None
        ours, theirs = socket.socketpair()
        os.set_inheritable(theirs.fileno(), True)
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115, it lives as long as the process
        here = str(self.folder or view.WORK)
        self.process = subprocess.Popen(
            self._command(theirs.fileno(), data),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self.errors,
            pass_fds=[theirs.fileno()],
            env=view.environment(str(self.folder or view.TEMPORARY), real=wall.kind != "bubblewrap"),
            cwd=here if self.folder else "/",
            start_new_session=True,
        )
        theirs.close()
        self.sock = ours
        config = {
            "role": role,
            "inner": wall.inner,
            "confined": wall.kind != "none",
            "uid": _spare_uid() if wall.kind != "none" and os.geteuid() == 0 else None,
            "limits": asdict(limits),
            "imports": list(imports),
            "data": (str(data) if data else "/nonexistent") if wall.kind == "none" else view.DATA,
            "folder": here,
            "writable": view.writable(view.view(data)),
            "temporary": str(self.folder or view.TEMPORARY),
            "setup": list(setup),
            "tests": list(tests),
        }
        try:
            wire.send(self.sock, json.dumps(config).encode())
            answer = self._answer(120)
        except SandboxError:
            self.close()
            raise
        if "error" in answer:
            self.close()
            raise SandboxError(answer["error"])

    def give(self, job: dict, descriptors: tuple[int, ...]) -> None:
        """Start a job behind an inner wall, handing it these descriptors (the first takes what it prints).

        Raises SandboxError where the machine does not let it have what the limits promise.
        """
        try:
            wire.send(self.sock, json.dumps(job).encode(), descriptors, seconds=60)
        except wire.WireError as error:
            raise SandboxError(str(error)) from None
        answer = self._answer(60)
        if "error" in answer:
            raise SandboxError(answer["error"])

    def wait(self, seconds: float) -> int:
        """The exit status of the job, as a shell gives it. Raises SandboxError where it has none in time."""
        return int(self._answer(seconds)["status"])

    def usage(self) -> tuple[int, int]:
        """Number of processes behind the wall, and bytes of memory they hold together."""
        processes, memory = 0, 0
        with contextlib.suppress(psutil.Error):
            for one in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    memory += _held(one)
                    processes += 1
        return processes, memory

    def _answer(self, seconds: float) -> dict:
        try:
            return json.loads(wire.receive(self.sock, MOST, seconds))
        except wire.WireTimeout:
            raise SandboxError("no answer in time") from None
        except wire.WireError as error:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
            self.errors.seek(0)
            said = self.errors.read(2000).decode(errors="replace")
            raise SandboxError(f"{error} {said}".strip()) from None

    def close(self) -> None:
        """End every process behind the wall and forget its folder."""
        self.sock.close()
        if self.process.poll() is None and self.wall.kind == "none":
            _end_below(self.process.pid)
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()  # what it started dies with it: the first process of a namespace takes all others along
        self.process.wait()
        self.errors.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _command(self, descriptor: int, data: Path | None) -> list[str]:
        program = [sys.executable, "-m", "lecturelib.homework.isolation.zygote", str(descriptor)]
        if self.wall.kind == "none":
            return program
        seen, disk = view.view(data), str(self.limits.disk)
        build = view.bubblewrap if self.wall.kind == "bubblewrap" else view.namespaces
        return [*_FIRST_TO_GO, *build(seen, disk), *program]


def _end_below(pid: int, seconds: float = 10.0) -> None:
    """End all processes below one: by groups, since those that fork again and again are quicker than any list.

    The process itself is stopped, and stays until then: those whose parents have ended come to it.
    """
    until = time.monotonic() + seconds
    os.kill(pid, signal.SIGSTOP)
    while time.monotonic() < until and (below := _alive_below(pid)):
        for group in {group for one in below if (group := _group(one.pid))} - {_group(pid)}:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        for one in below:
            with contextlib.suppress(psutil.Error):
                one.kill()


def _alive_below(pid: int) -> list[psutil.Process]:
    found = []
    with contextlib.suppress(psutil.Error):
        for one in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                found += [one] if one.status() != psutil.STATUS_ZOMBIE else []
    return found


def _group(pid: int) -> int:
    """The group of a process, 0 where it has ended."""
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _held(process: psutil.Process) -> int:
    """Bytes of memory that a process holds, shared memory as well, but not the files that it reads."""
    if not sys.platform.startswith("linux"):
        return process.memory_info().rss
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0
    words = [line.split() for line in lines if line.startswith(("RssAnon:", "RssShmem:"))]
    return sum(int(number) for _, number, _ in words) << 10


def _spare_uid() -> int:
    """A user that nobody is, another for every sandbox, so that the kernel counts the processes of each apart."""
    number = (os.getpid() % 4_000_000) * 200 + next(_used) % 200
    most = 1 << 31
    with contextlib.suppress(OSError, ValueError):
        lines = Path("/proc/self/uid_map").read_text().splitlines()
        most = max(int(line.split()[0]) + int(line.split()[2]) for line in lines)
    return 1_000_000_000 + number if most > 1_900_000_000 else max(1, most - 2 - number % 2000)
