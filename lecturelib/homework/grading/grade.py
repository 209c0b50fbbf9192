"""Grading of a folder of submissions: in parallel, each on its own, and carried on where it was stopped.

Every result is a file of its own, named after what it depends on; what is there already is not graded again. The
gradebook is filled from the results at the end, by one process.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm.auto import tqdm

from lecturelib.homework.grading import gradebook, records, timing
from lecturelib.homework.grading.course import Chosen, Course
from lecturelib.homework.grading.records import Record, Shelf
from lecturelib.homework.grading.results import Result, failed, refused
from lecturelib.homework.grading.run import Bench, files
from lecturelib.homework.grading.submissions import Submission, collect
from lecturelib.homework.isolation.limits import Limits
from lecturelib.homework.isolation.sandbox import NoIsolation, SandboxError
from lecturelib.homework.lab.lab import Lab


@dataclass(frozen=True)
class Summary:
    """What a run of `grade` did: records of the submissions it was for, and how many of them were worked out now.

    stale: how many others in the folder have no result, or one that is not of this grader and this submission.
    """

    records: tuple[Record, ...]
    graded: int
    stale: int = 0


def grade(
    course: Course,
    submissions: Path,
    *,
    executor: Executor | None = None,
    progress: bool | None = None,
    anew: Chosen | None = None,
) -> Summary:
    """Grade every submission in a folder that has no result yet, then fill the gradebook.

    anew: grade these instead, and only these, whether they have results or not. executor: where to run (None: threads
    of this process, one for each core, each with sandboxes of its own; a Dask cluster gives `client.get_executor()`).

    Raises ValueError where nothing in the folder is `anew`, and sandbox.NoIsolation before anything is run.
    """
    course.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # on a shared machine, for nobody else to read
    everything = collect(submissions, course.labs, course.only)
    _forget_unknown(course.shelf, everything)
    found = [one for one in everything if not (course.only and one.lab) or one.lab in course.only]
    if anew is not None:
        found = [one for one in found if anew.has(one)]
        if not found:
            raise ValueError(f"{anew}: nothing of that kind is in {submissions}")
    labs = {lab.name: lab for lab in course.labs}
    keys = {id(one): records.key(labs[one.lab], one, course.limits) if one.lab else one.digest for one in everything}
    held = {id(one): course.shelf.find(one.lab, one.student.key) for one in everything}
    old = {at for at, key in keys.items() if held[at] is None or held[at].key != key}
    missing = [(keys[id(one)], one) for one in found if anew is not None or id(one) in old]
    done = {(one.lab, one.student.key): held[id(one)] for one in found}
    for key, one, result in _results(course, labs, missing, executor, progress):
        result = replace(result, reasons=(*result.reasons, *one.notes))
        record = Record(key, one.student, one.path, result, marked=one.late, saved=one.time)
        course.shelf.save(record)
        done[one.lab, one.student.key] = record
    known = [replace(done[one.lab, one.student.key], marked=one.late, saved=one.time) for one in found]
    whole = [timing.timed(course, record) for record in known]
    for record in whole:
        if record != done[record.lab, record.student.key]:
            course.shelf.save(record)
    flagged = gradebook.fill(course.folder / "gradebook.db", course.labs, whole, course.rule, course.due or {})
    return Summary(tuple(flagged), len(missing), len(old - {id(one) for one in found}))


def _forget_unknown(shelf: Shelf, found: Iterable[Submission]) -> None:
    """Forget results of no lab for students of whom everything is now known to be of one."""
    known = {one.student.key for one in found if one.lab}
    for student in known - {one.student.key for one in found if not one.lab}:
        shelf.forget("", student)


def _results(course: Course, labs, missing, executor: Executor | None, progress: bool | None):
    """Every submission with its result, as they come."""
    quiet = True if os.environ.get("TQDM_DISABLE") else None
    own = _pool() if executor is None else None
    runs = {}
    try:
        with tqdm(total=len(missing), unit="submission", disable=quiet if progress is None else not progress) as bar:
            for key, one in missing:
                if one.problem or not one.lab:
                    yield key, one, _refused(labs.get(one.lab), one)
                    bar.update()
                    continue
                lab = labs[one.lab]
                job = Job(lab, files(lab), one.content, course.limits, course.unsafe)
                runs[(own or executor).submit(job.run)] = key, one
            for future in as_completed(runs):
                key, one = runs[future]
                try:
                    result = future.result()
                except NoIsolation:
                    raise
                except Exception as error:  # whatever it is, the others are graded; without a key it is tried again
                    key, result = "", failed(labs[one.lab], error)
                yield key, one, result
                bar.update()
    finally:
        for future in runs:
            future.cancel()
        if own:
            own.shutdown()
            close_benches()


def _pool() -> ThreadPoolExecutor:
    """A thread for each core, bound to it with all that it starts: whoever takes all of one leaves others theirs."""
    if not hasattr(os, "sched_setaffinity"):
        return ThreadPoolExecutor(os.cpu_count() or 1)
    cores = sorted(os.sched_getaffinity(0))
    left = iter(cores)

    def bind() -> None:
        with contextlib.suppress(OSError):  # where a container forbids it
            os.sched_setaffinity(0, {next(left)})

    return ThreadPoolExecutor(len(cores), initializer=bind)


def _refused(lab: Lab | None, one: Submission) -> Result:
    """The result of what could not be run."""
    if lab is None:
        reason = one.problem or "no lab was recognised in it"
        return Result("", (), "invalid", (reason,), 0.0)
    return refused(lab, one.problem)


@dataclass(frozen=True)
class Job:
    """One submission with everything that grades it, so that it runs on any machine with the same environment."""

    lab: Lab
    data: Mapping[str, bytes]
    content: bytes
    limits: Limits
    unsafe: bool

    def run(self) -> Result:
        """Grade it at a bench of this process that is free; a bench that breaks is replaced, once."""
        for again in (True, False):
            try:
                with _bench(self) as bench:
                    return bench.run(self.content)
            except SandboxError:
                if not again:
                    raise
        raise AssertionError("one of the two runs returns or raises")


_free: list[tuple[tuple[Job, frozenset[int]], Bench]] = []
_lock = threading.Lock()


@contextlib.contextmanager
def _bench(job: Job):
    """A bench for the job's lab: one that is free, or a new one. It is given back only where nothing went wrong."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    wanted = replace(job, content=b""), frozenset(cores)
    with _lock:
        at = next((n for n, (kind, _) in enumerate(_free) if kind == wanted), None)
        bench = _free.pop(at)[1] if at is not None else None
    bench = bench or Bench(job.lab, job.limits, unsafe=job.unsafe, data=job.data)
    try:
        yield bench
    except BaseException:
        bench.close()
        raise
    with _lock:
        _free.append((wanted, bench))


def close_benches() -> None:
    """Take down the sandboxes of this process."""
    with _lock:
        benches = [bench for _, bench in _free]
        _free.clear()
    for bench in benches:
        bench.close()


atexit.register(close_benches)
