"""Behind walls of its own, where no code of a student runs: a lab's test cells, on what the student's process answers.

It holds the lab's tests as the source has them. Functions of students are proxies that send their arguments and get
data back; a wrong, missing, malformed or late answer fails a test, and does nothing else.
"""

from __future__ import annotations

import builtins
import contextlib
import itertools
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
import types
import warnings
from collections.abc import Callable
from typing import Any

from lecturelib.homework.isolation import codec, rlimits, wire
from lecturelib.homework.isolation.limits import Limits

LONGEST = 1200
"""Characters of a message to a student."""
_KNOWN = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)}


class StudentError(Exception):
    """What the student's side did instead of giving a value; `kind` is a word that `Verdict` knows."""

    def __init__(self, kind: str, message: str, secret: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.secret = secret or message  # what is said where the test is a hidden one


_EXPECTED = (ValueError, TypeError, ZeroDivisionError, IndexError, KeyError, RuntimeError, AttributeError)
_ERRORS = {kind.__name__: type("StudentError", (StudentError, kind), {}) for kind in _EXPECTED}
"""Errors of students that a test may expect: `except ValueError` catches what a student's function raised as one."""


def prepare(config: dict[str, Any]) -> dict[str, Any]:
    """Run the lab's setup cells once; returns their names and the test cells. Every submission gets a copy."""
    module = types.ModuleType("__main__")
    names = vars(module)
    # A module of that name, so that dataclasses of setup cells find their own
    sys.modules["__main__"] = module
    if os.path.isdir(config["data"]):
        os.chdir(config["data"])
    for number, source in enumerate(config["setup"], 1):
        with warnings.catch_warnings():
            exec(compile(_python(source), f"<setup cell {number}>", "exec"), names)
    return {"names": names, "tests": config["tests"]}


def _python(source: str) -> str:
    """The cell as plain Python: a test needs no magics."""
    return "\n".join("pass" if line.startswith(("%", "!")) else line for line in source.splitlines())


def run(prepared: dict[str, Any], job: dict[str, Any], descriptors: list[int], limits: Limits) -> None:
    """Run every test cell and write one line of JSON for each on the second descriptor.

    The parts that students see come first, of all cells: only there are words of the student's side passed on, and
    as long as nothing hidden was sent to it, these cannot tell what is hidden, wherever it kept what it was sent.
    """
    rlimits.allow_more()
    _, verdicts, control_descriptor = descriptors
    control = socket.socket(fileno=os.dup(control_descriptor))
    until = time.monotonic() + limits.notebook_seconds
    trials = [_Trial(prepared["names"], test, limits) for test in prepared["tests"]]
    lines = itertools.count()
    for hidden in (False, True):
        for trial in [trial for trial in trials if not trial.over]:
            found = trial.go_on(control, next(lines), min(limits.test_seconds, until - time.monotonic()))
            if found["kind"] != "passed" or hidden or not _hidden_lines(trial.test["source"]):
                os.write(verdicts, json.dumps({"test": trial.test["name"], **found}).encode() + b"\n")
                trial.end()
    os.write(verdicts, b'{"done": true}\n')


class _Trial:
    """A test cell in a copy of this process. It runs what students see of it, waits, and runs what they do not see.

    Each part has a line of its own to a fresh copy of the student's process.
    """

    def __init__(self, names: dict[str, Any], test: dict[str, Any], limits: Limits) -> None:
        self.test, self.over = test, False
        self._orders, theirs = socket.socketpair()
        self._found, writer = os.pipe()
        self._child = os.fork()
        if not self._child:
            try:
                _try(names, test, theirs, writer, limits)
            finally:
                os._exit(0)
        theirs.close()
        os.close(writer)

    def go_on(self, control: socket.socket, number: int, seconds: float) -> dict[str, Any]:
        """The verdict on the next part."""
        if seconds <= 0:
            return {"kind": "timeout", "message": "the tests before this one took all the time there is"}
        ours, theirs = socket.socketpair()
        with contextlib.suppress(wire.WireError):  # where the student's process is gone, the test will say so
            wire.send(control, json.dumps({"open": number}).encode(), (theirs.fileno(),), seconds=5)
        with contextlib.suppress(wire.WireError):
            wire.send(self._orders, b"{}", (ours.fileno(),), seconds=5)
        ours.close(), theirs.close()
        answer = _read(self._found, time.monotonic() + seconds)
        with contextlib.suppress(wire.WireError):
            wire.send(control, json.dumps({"close": number}).encode(), seconds=5)
        if answer is None:
            return {"kind": "timeout", "message": f"the test was stopped after {seconds:.0f} seconds"}
        try:
            return json.loads(answer)
        except ValueError:
            return {"kind": "broken", "message": "the test ended without a result"}

    def end(self) -> None:
        """End the copy."""
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        os.close(self._found)
        self._orders.close()
        self.over = True


def _try(names: dict[str, Any], test: dict[str, Any], orders: socket.socket, writer: int, limits: Limits) -> None:
    """Run one part of a test for every order, as long as they pass, and write a line of JSON on each."""
    line = _Line(limits)
    for hidden in (False, True):
        _, (descriptor,) = wire.receive_with_descriptors(orders, 1000)
        line.sock = socket.socket(fileno=descriptor)
        os.write(writer, json.dumps(_verdict(names, test, hidden, line)).encode() + b"\n")


def _read(descriptor: int, until: float) -> bytes | None:
    """One line, or what comes until the end, or None where neither comes in time."""
    parts = b""
    while not parts.endswith(b"\n"):
        left = until - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return None
        part = os.read(descriptor, 1 << 16)
        if not part:
            return parts
        parts += part
    return parts


class _Line:
    """The line to the student's process: asks, and believes nothing of what comes back."""

    sock: socket.socket

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def ask(self, name: str, **more: Any) -> dict[str, Any]:
        what = f"{name}(…)" if more else name
        seconds = self.limits.call_seconds
        request = codec.encode({"name": name, **more})
        try:
            wire.send(self.sock, request, seconds=seconds)
            reply = codec.decode(wire.receive(self.sock, self.limits.message, seconds=seconds))
        except wire.WireTimeout:
            raise StudentError("timeout", f"{what} took more than {seconds:g} seconds") from None
        except wire.WireError:
            raise StudentError("died", f"the process ended while {what} was worked out") from None
        except codec.CodecError as error:
            raise StudentError("data", f"{what} gave {error}") from None
        if not isinstance(reply, dict) or reply.get("is") not in ("missing", "function", "value", "data", "error"):
            raise StudentError("data", f"{what} gave a malformed answer")
        if reply["is"] in ("data", "error"):
            _complain(reply, what)
        return reply


def _complain(reply: dict[str, Any], what: str) -> None:
    """Raise what the student's side reported. In a hidden test only the kind of error is told: its message is the
    student's, and could carry the values that the test uses."""
    words, kind = str(reply.get("error"))[:LONGEST], str(reply.get("type"))
    if reply["is"] == "data":
        raise StudentError("data", f"{what} gave {words}", f"{what} gave something that cannot be handed over")
    kind = kind if kind in _KNOWN else "Exception"
    if kind == "NotImplementedError":
        bare = f"{what} is still to be written"
        raise StudentError("unwritten", words.partition(": ")[2] or bare, bare)
    raised = _ERRORS.get(kind, StudentError)
    raise raised("error", f"{what} raised {words}", f"{what} raised {kind}, with values that you do not see")


def _take(line: _Line, name: str) -> Any:
    """A name of the student's notebook: a proxy for a function, anything else as data."""
    reply = line.ask(name)
    if reply["is"] == "missing":
        raise StudentError("missing", f"{name} is not defined: a cell above may have stopped with an error")
    return _proxy(line, name) if reply["is"] == "function" else reply.get("value")


def _proxy(line: _Line, name: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return line.ask(name, args=list(args), kwargs=kwargs).get("value")

    call.__name__ = call.__qualname__ = name
    return call


def _verdict(names: dict[str, Any], test: dict[str, Any], hidden: bool, line: _Line) -> dict[str, Any]:
    """Run the part of the test cell that students see, or the hidden one, and put what happened into words."""
    out = _hidden_lines(test["source"])
    part = [text if (number in out) == hidden else "" for number, text in enumerate(test["source"].splitlines(), 1)]
    try:
        for name in () if hidden else test["takes"]:
            names[name] = _take(line, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(_python("\n".join(part)), f"<test {test['name']}>", "exec"), names)
    except BaseException as error:
        return {"hidden": hidden, **_words(error, hidden)}
    return {"kind": "passed", "message": ""}


def _words(error: BaseException, hidden: bool) -> dict[str, str]:
    detail = "".join(traceback.format_exception(error))[-4000:]
    if isinstance(error, StudentError):
        kind, message = error.kind, error.secret if hidden else str(error)
    elif isinstance(error, AssertionError):
        kind, message = "assert", str(error) or "a check failed"
    else:
        kind = "broken"
        why = type(error).__name__ if hidden else f"{type(error).__name__}: {error}"  # which may hold what was asked
        message = f"what your code gave could not be used by the test ({why})"
    return {"kind": kind, "message": message[:LONGEST], "detail": detail}


def _hidden_lines(source: str) -> set[int]:
    lines, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        inside = inside or "BEGIN HIDDEN TESTS" in line
        if inside:
            lines.add(number)
        inside = inside and "END HIDDEN TESTS" not in line
    return lines
