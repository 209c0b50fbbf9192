"""Inside the walls, the student's process: runs the code cells of a notebook, then answers for what they defined.

The names that tests use are served over a socket, not over standard output. Each test cell meets a fresh copy of this
process, as it stood after the last cell: what one test does to it, the next does not see. Everything that is sent from
here comes from the student, who may have changed any of this code; nothing of it decides a mark.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import re
import signal
import socket
import sys
import time
import types
import warnings
from typing import Any

from lecturelib.homework.isolation import codec, rlimits, wire
from lecturelib.homework.isolation.limits import Limits

_STILL = ("matplotlib", "pylab", "gui", "load_ext", "reload_ext", "autoreload", "pip", "conda", "mamba", "uv")
LONGEST = 600
"""Characters of an error's message that are kept."""


class CellTimeout(BaseException):
    """A cell took too long. It does not derive from Exception, so that `except Exception` does not stop it."""


def prepare(config: dict[str, Any]) -> Any:
    """An interactive shell of IPython, as a notebook has it, without history, colours and a person to ask."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "nocolor"
    settings.InteractiveShell.cache_size = 0
    # Classes belong to __main__, as in a notebook
    shell = InteractiveShell.instance(config=settings, user_module=types.ModuleType("__main__"))
    for name in _STILL:
        shell.register_magic_function(_do_nothing, "line", name)
    known = shell.run_line_magic
    shell.run_line_magic = lambda name, *rest, **more: (
        known(name, *rest, **more) if shell.find_line_magic(name) else print(f"%{name} is not known here")
    )
    return shell


def _do_nothing(line: str) -> None:
    """Magics for a person at a screen have nothing to do here."""


def run(shell: Any, job: dict[str, Any], descriptors: list[int], limits: Limits) -> None:
    """Run the cells, tell on the second descriptor how each went, then serve on the third, a socket."""
    _, status, control = descriptors
    builtins.input = shell.user_ns["input"] = _input
    sys.modules["__main__"] = shell.user_module

    def tell(**what: Any) -> None:
        os.write(status, json.dumps(what).encode() + b"\n")

    me = os.getpid()
    for cell in job["cells"]:
        tell(cell=cell["index"])
        began = time.monotonic()
        error = _run_cell(shell, cell["source"], limits)
        if os.getpid() != me:
            os._exit(0)  # a copy that the cell has made of this process ends with the cell
        tell(cell=cell["index"], error=error, seconds=round(time.monotonic() - began, 3))
    tell(ready=True)
    os.close(status)
    _serve(shell.user_ns, socket.socket(fileno=os.dup(control)), limits)


def _input(*_: Any) -> str:
    raise EOFError("input() has nobody to ask while a notebook is graded: set the value in the cell")


def _run_cell(shell: Any, source: str, limits: Limits) -> str | None:
    """Run one cell; what it raised, in a line, or None."""

    def stop(*_: Any) -> None:
        raise CellTimeout(f"stopped after {limits.cell_seconds:g} seconds")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limits.cell_seconds, 0.2)  # again and again, should one be swallowed
    try:
        with warnings.catch_warnings():
            result = shell.run_cell(source, store_history=False, silent=False)
        error = result.error_before_exec or result.error_in_exec
    except BaseException as escaped:
        error = escaped
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return None if error is None else _words(error)


def _words(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:
        text = "(an error that cannot be shown)"
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    return f"{type(error).__name__}: {text}"[:LONGEST]


def _serve(names: dict[str, Any], control: socket.socket, limits: Limits) -> None:
    """Fork a copy of this process for each test cell that opens, and end it when the test is done."""
    copies: dict[int, int] = {}
    with contextlib.suppress(OSError, ValueError):
        rlimits.allow_more()
    while True:
        try:
            message, descriptors = wire.receive_with_descriptors(control, 1000)
        except wire.WireError:
            break
        order = json.loads(message)
        if "open" in order:
            if pid := os.fork():
                copies[order["open"]] = pid
                os.close(descriptors[0])
                continue
            control.close()
            _answer(names, socket.socket(fileno=descriptors[0]), limits)
            os._exit(0)
        elif pid := copies.pop(order.get("close"), 0):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    for pid in copies.values():
        os.kill(pid, signal.SIGKILL)


def _answer(names: dict[str, Any], sock: socket.socket, limits: Limits) -> None:
    while True:
        try:
            request = codec.decode(wire.receive(sock, limits.message))
        except wire.WireError:
            return
        try:
            reply = codec.encode(_reply(names, request))
        except BaseException as error:
            data = isinstance(error, codec.CodecError)
            words = str(error)[:LONGEST] if data else _words(error)
            reply = codec.encode({"is": "data" if data else "error", "error": words, "type": _type(error)})
        if len(reply) > limits.message:
            error = f"a value of {len(reply) >> 20} MiB: expected at most {limits.message >> 20} MiB"
            reply = codec.encode({"is": "data", "error": error, "type": "CodecError"})
        try:
            wire.send(sock, reply)
        except wire.WireError:
            return


def _reply(names: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    name = request["name"]
    if name not in names:
        return {"is": "missing"}
    value = names[name]
    if "args" in request:
        return {"is": "value", "value": value(*request["args"], **request["kwargs"])}
    return {"is": "function"} if callable(value) else {"is": "value", "value": value}


def _type(error: BaseException) -> str:
    """The nearest kind of error that Python itself knows: names of a student's own classes tell nothing."""
    return next((kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"), "Exception")
