"""Grading of one submission: its cells run behind a wall, then the lab's tests behind another, on what they defined.

Nothing that the student's process says decides a mark. The tests' verdicts come from the tester, a process that the
student's code cannot reach; what the student's process tells of its cells only words the reasons.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import select
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

from lecturelib.homework.grading import matching, reading
from lecturelib.homework.grading.matching import Submitted
from lecturelib.homework.grading.reading import Invalid
from lecturelib.homework.grading.results import CellResult, Cells, Result, clean, ending, refused, status, tell
from lecturelib.homework.isolation import sandbox
from lecturelib.homework.isolation.limits import Limits
from lecturelib.homework.isolation.sandbox import Pipe, Sandbox, SandboxError, Wall
from lecturelib.homework.lab.lab import Lab

RETRIES = 2
"""How many cells that end the process are left out before the rest is given up."""
ATTEMPTS = 2
"""How many times the time of a notebook all attempts at its cells may take together."""
MOST_TOLD = 4 << 20
"""Bytes that the student's process may tell about its cells."""
BELONGS = 0.3
"""From which score on a notebook is taken to be of a lab."""


def run_submission(
    lab: Lab, notebook: Mapping[str, Any] | Path, limits: Limits | None = None, *, unsafe=False
) -> Result:
    """Grade one notebook, given as its content or its file. For many of one lab a `Bench` is quicker.

    Raises sandbox.NoIsolation where the machine offers none, unless `unsafe`.
    """
    with Bench(lab, limits, unsafe=unsafe) as bench:
        return bench.run(notebook)


class Bench:
    """Two warm sandboxes for one lab, for the students' notebooks and for the tests; a context manager."""

    def __init__(
        self,
        lab: Lab,
        limits: Limits | None = None,
        *,
        unsafe: bool = False,
        data: Mapping[str, bytes] | None = None,
    ) -> None:
        """`data`: path → content of the lab's files, for machines that do not have them; read here where it is None."""
        self.lab, self.limits = lab, limits or Limits()
        self.wall = _wall(unsafe)
        self._data = Path(tempfile.mkdtemp(prefix="lab-data-"))
        self._data.chmod(0o755)
        self._open: dict[str, Sandbox] = {}
        for path, content in (files(lab) if data is None else data).items():
            (self._data / path).parent.mkdir(parents=True, exist_ok=True)
            (self._data / path).write_bytes(content)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the sandboxes down."""
        for role in list(self._open):
            self._drop(role)
        shutil.rmtree(self._data, ignore_errors=True)

    def run(self, notebook: Mapping[str, Any] | bytes | Path) -> Result:
        """Grade one notebook, given as its content, its bytes or its file. Whatever it does, there is a result."""
        began = time.monotonic()
        try:
            content = reading.read(notebook) if isinstance(notebook, Path) else notebook
            content = reading.parse(content) if isinstance(content, bytes) else content
            submitted = matching.match(self.lab, content)
        except (Invalid, OSError) as error:
            return refused(self.lab, str(error))
        if submitted.score < BELONGS:
            return refused(self.lab, f"this is not a notebook of {self.lab.name}")
        skipped: dict[int, str] = {}
        until = began + ATTEMPTS * self.limits.notebook_seconds
        while True:
            with self._student(submitted, skipped, until) as (cells, control, output):
                if cells.ready:
                    verdicts = self._verdicts(control)
            if cells.ready or cells.at is None or len(skipped) > RETRIES or time.monotonic() > until:
                break
            skipped[cells.at] = cells.why
        if not cells.ready:
            verdicts = {test.name: {"kind": "died", "message": cells.why} for test in self._tests()}
        return self._result(submitted, cells, skipped, verdicts, output, began)

    @contextlib.contextmanager
    def _student(
        self, submitted: Submitted, skipped: Mapping[int, str], until: float
    ) -> Iterator[tuple[Cells, socket.socket, _Drain]]:
        """Run the cells; while the block lasts the process is there and answers on the socket."""
        todo = [{"index": cell.index, "source": cell.source} for cell in submitted.to_run if cell.index not in skipped]
        box = self._sandbox("student")
        ours, theirs = socket.socketpair()
        with Pipe() as out, Pipe() as told, ours:
            with theirs:
                box.give({"cells": todo}, (out.end, told.end, theirs.fileno()))
            out.close_end(), told.close_end()
            output = _Drain(out.start, self.limits.output)
            until = min(until, time.monotonic() + self.limits.notebook_seconds)
            cells = self._follow(box, told.start, until, {cell["index"] for cell in todo})
            yield cells, ours, output
            ours.close()
            code = self._finish(box, "student", 2)
            if not cells.ready and not cells.why:
                cells.why = ending(code)
            output.join()

    def _follow(self, box: Sandbox, told: int, until: float, known: Container[int]) -> Cells:
        """Read what the student's process tells, and watch what it uses, until it is ready, ends, or is ended."""
        cells, rest, look, heard = Cells(), b"", 0.0, 0
        while not cells.ready:
            now = time.monotonic()
            if now > until:
                cells.why = f"stopped after {self.limits.notebook_seconds:g} seconds"
            elif now > look:  # also while it keeps talking
                cells.why, look = _excess(box, self.limits), now + 0.25
            elif select.select([told], [], [], 0.25)[0]:
                part = os.read(told, 1 << 16)
                *lines, rest = (rest + part).split(b"\n")
                heard += len(part)
                for line in lines:
                    tell(cells, line, known)
                if not part or heard > MOST_TOLD:
                    return cells
            if cells.why:
                self._drop("student")
                return cells
        return cells

    def _verdicts(self, control: socket.socket) -> dict[str, dict]:
        """What the tester says of each test cell; where it fails itself there is none."""
        box = self._sandbox("tester")
        verdicts: dict[str, dict] = {}
        with Pipe() as out, Pipe() as lines:
            box.give({}, (out.end, lines.end, control.fileno()))
            out.close_end(), lines.close_end()
            output = _Drain(out.start, self.limits.output)
            until = time.monotonic() + self.limits.notebook_seconds + self.limits.test_seconds + 30
            rest = b""
            while time.monotonic() < until:
                if not select.select([lines.start], [], [], 0.5)[0]:
                    student = self._open.get("student")
                    if student and _excess(student, self.limits):
                        self._drop("student")  # each test that still asks it is told that it has gone
                    continue
                part = os.read(lines.start, 1 << 16)
                if not part:
                    break
                *whole, rest = (rest + part).split(b"\n")
                verdicts |= {found.pop("test", ""): found for found in map(json.loads, whole)}
                if "" in verdicts:
                    break
            self._finish(box, "tester", 5)
            output.join()
        return verdicts

    def _finish(self, box: Sandbox, role: str, seconds: float) -> int | None:
        """Wait for the job's end; where it does not come, or a wall serves once only, the wall is torn down."""
        code = None
        if self._open.get(role) is box:
            with contextlib.suppress(SandboxError):
                code = box.wait(seconds)
            if code is None or not self.wall.inner:
                self._drop(role)
        return code

    def _sandbox(self, role: str) -> Sandbox:
        if role in self._open and self._open[role].process.poll() is not None:
            self._drop(role)
        if role not in self._open:
            setup = [cell.source for cell in self.lab.cells if cell.kind == "setup"]
            more = {"setup": setup, "tests": [_test(test) for test in self._tests()]} if role == "tester" else {}
            imports = imported(setup)
            self._open[role] = Sandbox(self.wall, role, self.limits, imports=imports, data=self._data, **more)
        return self._open[role]

    def _drop(self, role: str) -> None:
        if box := self._open.pop(role, None):
            box.close()

    def _tests(self) -> list:
        return [cell for cell in self.lab.cells if cell.kind == "test"]

    def _result(self, submitted: Submitted, cells: Cells, skipped, verdicts, output: _Drain, began: float) -> Result:
        lost = {
            "kind": "broken",
            "message": "the test gave no result: a person will look at it",
            "detail": "no verdict",
        }
        tests = []
        for cell in self._tests():
            found = verdicts.get(cell.name, lost)
            told = {key: found[key] for key in ("message", "hidden", "detail") if key in found}
            told["message"] = clean(told["message"])
            tests.append(
                CellResult(cell.name, cell.task, cell.points, found["kind"] == "passed", found["kind"], **told)
            )
        word, reasons = status(submitted, cells, skipped, tests)
        errors = tuple(f"cell {index + 1}: {error}" for index, error in sorted(cells.errors.items()))
        return Result(
            lab=self.lab.name,
            tests=tuple(tests),
            status=word,
            reasons=reasons,
            seconds=round(time.monotonic() - began, 3),
            errors=errors,
            written=submitted.written,
            output=output.text(),
            unfound=submitted.unfound,
            digests=submitted.digests,
        )


class _Drain:
    """Reads a descriptor to its end in a thread and keeps the beginning: nothing that prints can fill the memory."""

    def __init__(self, descriptor: int, most: int) -> None:
        self.kept, self.total, self.most = bytearray(), 0, most
        self._thread = threading.Thread(target=self._read, args=(os.dup(descriptor),), daemon=True)
        self._thread.start()

    def _read(self, descriptor: int) -> None:
        with contextlib.suppress(OSError):
            while part := os.read(descriptor, 1 << 18):
                self.total += len(part)
                self.kept += part[: self.most - len(self.kept)]
        os.close(descriptor)

    def join(self) -> None:
        self._thread.join(2)

    def text(self) -> str:
        """The beginning of what was printed, with a line that says how much was left out."""
        more = f"\n… {self.total - len(self.kept)} bytes more" if self.total > len(self.kept) else ""
        return self.kept.decode(errors="replace") + more


def files(lab: Lab) -> dict[str, bytes]:
    """The lab's data: path in the student's folder → content."""
    return {str(path): (lab.path.parent / path).read_bytes() for path in lab.data}


def imported(sources: list[str]) -> list[str]:
    """The modules that cells import, in their order; a cell that is no plain Python imports none."""
    names: dict[str, None] = {}
    for source in sources:
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Import):
                    names |= {alias.name: None for alias in node.names}
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names |= {node.module: None} | {f"{node.module}.{alias.name}": None for alias in node.names}
    return list(names)


def _wall(unsafe: bool) -> Wall:
    try:
        return sandbox.wall()
    except sandbox.NoIsolation:
        if unsafe:
            return sandbox.NONE
        raise


def _test(cell) -> dict[str, Any]:
    return {"name": cell.name, "takes": list(cell.takes), "source": cell.source}


def _excess(box: Sandbox, limits: Limits) -> str:
    processes, memory = box.usage()
    if processes >= limits.processes - 2:
        return f"stopped for starting more than {limits.processes} processes"
    if memory > limits.memory * 1.25:
        return f"stopped for using more than {limits.memory >> 20} MiB of memory"
    return ""
