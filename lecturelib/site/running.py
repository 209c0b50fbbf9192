"""One notebook executed in a process of its own, which imports little, so that it starts soon."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import signal
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from time import perf_counter

import nbclient
from nbclient.exceptions import CellControlSignal
from nbformat import NotebookNode


@dataclass(frozen=True)
class Task:
    """A notebook, the folder in which it runs, the seconds a cell may take, and whether errors of cells are allowed."""

    notebook: NotebookNode
    folder: str
    timeout: int | None
    allow_errors: bool


@dataclass(frozen=True)
class Outcome:
    """The notebook as it was executed; seconds by the clock and of processors; what went wrong: the name of the error
    and what Python says of it.
    """

    notebook: NotebookNode
    seconds: float = 0.0
    cpu: float = 0.0
    error: str = ""
    trace: str = ""


def run(tasks: list[Task], cores: int) -> Iterator[tuple[int, Outcome | None]]:
    """Execute notebooks, `cores` at a time and the first ones first. Gives the position of a task and None where it
    begins, and again with what came of it. When the iteration is broken off, what still runs is ended.
    """
    context = multiprocessing.get_context("spawn")
    waiting, running = list(enumerate(tasks)), {}
    try:
        while waiting or running:
            while waiting and len(running) < cores:
                position, task = waiting.pop(0)
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(target=_execute, args=(theirs, task), daemon=True)
                process.start()
                theirs.close()
                running[ours] = position, process
                yield position, None
            for ready in wait(list(running)):
                position, process = running.pop(ready)
                yield position, _received(ready, tasks[position])
                process.join()
    finally:
        for ours, (_, process) in running.items():
            ours.close()
            process.terminate()
        for _, process in running.values():
            process.join(10)
            process.kill()


def _received(result: Connection, task: Task) -> Outcome:
    with result:
        try:
            return result.recv()
        except EOFError:
            return Outcome(task.notebook, error="ProcessDied", trace="The process that executed the page was ended.")


def _execute(result: Connection, task: Task) -> None:
    """Execute a notebook and send what came of it. Ended from outside, nbclient ends the kernel."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    start = perf_counter()
    error = trace = ""
    given = task.notebook.metadata.get("execution", {})
    try:
        nbclient.execute(
            task.notebook,
            cwd=task.folder,
            timeout=given.get("timeout", task.timeout),
            allow_errors=given.get("allow_errors", task.allow_errors),
            record_timing=False,
        )
    except CellControlSignal as problem:  # of a cell; it says which
        error, trace = type(problem).__name__, str(problem)
    except Exception as problem:  # of the kernel, as when it dies
        error, trace = type(problem).__name__, traceback.format_exc()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)  # of the kernel, which has ended, and all that it started
    outcome = Outcome(task.notebook, perf_counter() - start, used.ru_utime + used.ru_stime, error, trace)
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        result.send(outcome)


def _end_with_parent() -> None:
    wait([multiprocessing.parent_process().sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
