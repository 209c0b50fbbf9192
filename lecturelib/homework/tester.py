"""Behind walls of its own, where no code of a student runs: a lab's test cells, on what the student's process answers.

It holds the lab's tests as the source has them. Functions of students are proxies that send their arguments and get
data back; a wrong, missing, malformed or late answer fails a test, and does nothing else.
"""

from __future__ import annotations

import builtins
import contextlib
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

from lecturelib.homework import codec, wire
from lecturelib.homework.limits import Limits

LONGEST = 1200
"""Characters of a message to a student."""
AGAIN = (
    "this passed, and when it was run once more it did not. "
    "Does your code depend on what was called before, on files, or on chance?"
)
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
    _, verdicts, control_descriptor = descriptors
    control = socket.socket(fileno=os.dup(control_descriptor))
    until = time.monotonic() + limits.notebook_seconds
    tests = prepared["tests"]
    rounds = [(test, False) for test in tests] + [(test, True) for test in tests if _hidden_lines(test["source"])]
    failed = set()
    for number, (test, whole) in enumerate(rounds):
        if test["name"] in failed:
            continue
        seconds = min(limits.test_seconds, until - time.monotonic())
        if seconds > 0:
            found = _run_test(prepared["names"], test, whole, number, control, limits, seconds)
        else:
            found = {"kind": "timeout", "message": "the tests before this one took all the time there is"}
        if found["kind"] != "passed":
            failed.add(test["name"])
        if whole or test["name"] in failed or not _hidden_lines(test["source"]):
            os.write(verdicts, json.dumps({"test": test["name"], **found}).encode() + b"\n")
    os.write(verdicts, b'{"done": true}\n')


def _run_test(
    names, test, whole: bool, number: int, control: socket.socket, limits: Limits, seconds: float
) -> dict[str, Any]:
    """One test cell, `whole` or what students see of it, in a copy of this process.

    It has a line of its own to a copy of the student's process.
    """
    ours, theirs = socket.socketpair()
    reader, writer = os.pipe()
    with contextlib.suppress(wire.WireError):  # where the student's process is gone, the test will say so
        wire.send(control, json.dumps({"open": number}).encode(), (theirs.fileno(),), seconds=5)
    theirs.close()
    child = os.fork()
    if not child:
        os.close(reader)
        found = {"kind": "broken", "message": "the test could not be run"}
        try:
            found = _verdict(names, test, whole, _Line(ours, limits))
        finally:
            os.write(writer, json.dumps(found).encode())
            os._exit(0)
    os.close(writer)
    ours.close()
    answer = _read(reader, time.monotonic() + seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with contextlib.suppress(wire.WireError):
        wire.send(control, json.dumps({"close": number}).encode(), seconds=5)
    if answer is None:
        return {"kind": "timeout", "message": f"the test was stopped after {seconds:.0f} seconds"}
    try:
        return json.loads(answer)
    except ValueError:
        return {"kind": "broken", "message": "the test ended without a result"}


def _read(descriptor: int, until: float) -> bytes | None:
    """Everything that comes until the end, or None where there is none in time."""
    parts = b""
    try:
        while True:
            left = until - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                return None
            part = os.read(descriptor, 1 << 16)
            if not part:
                return parts
            parts += part
    finally:
        os.close(descriptor)


class _Line:
    """The line to the student's process: asks, and believes nothing of what comes back."""

    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        self.sock, self.limits = sock, limits

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


def _verdict(names: dict[str, Any], test: dict[str, Any], whole: bool, line: _Line) -> dict[str, Any]:
    """Run the test cell, or what students see of it, and put what happened into words."""
    place, hidden_lines = f"<test {test['name']}>", _hidden_lines(test["source"])
    lines = test["source"].splitlines()
    seen = "\n".join("" if number in hidden_lines else line for number, line in enumerate(lines, 1))
    try:
        for name in test["takes"]:
            names[name] = _take(line, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(_python(test["source"] if whole else seen), place, "exec"), names)
    except BaseException as error:
        found = _words(error, whole)
        if whole and found["kind"] == "assert" and _line_of(error, place) not in hidden_lines:
            found["message"] = AGAIN  # the message of a test that is seen may hold values of the student's
        return {"hidden": whole, **found}
    return {"kind": "passed", "message": ""}


def _words(error: BaseException, hidden: bool) -> dict[str, str]:
    detail = "".join(traceback.format_exception(error))[-4000:]
    if isinstance(error, StudentError):
        kind, message = error.kind, error.secret if hidden else str(error)
    elif isinstance(error, AssertionError):
        kind, message = "assert", str(error) or "a check failed"
    else:
        kind = "broken"
        message = f"what your code gave could not be used by the test ({type(error).__name__})"
    return {"kind": kind, "message": message[:LONGEST], "detail": detail}


def _line_of(error: BaseException, place: str) -> int:
    """The last line of the test cell in the traceback, 0 where it was not reached."""
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == place]
    return lines[-1] if lines else 0


def _hidden_lines(source: str) -> set[int]:
    lines, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        inside = inside or "BEGIN HIDDEN TESTS" in line
        if inside:
            lines.add(number)
        inside = inside and "END HIDDEN TESTS" not in line
    return lines
