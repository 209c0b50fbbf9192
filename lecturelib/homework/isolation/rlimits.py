"""Limits that the kernel keeps for a process. Some count per user: they are set above what the user runs already."""

from __future__ import annotations

import os
import resource

from lecturelib.homework.isolation.limits import Limits

OPEN_FILES, MORE_FILES = 256, 4096
"""How many files a process may have open, and how many one that runs no code of a student.

Of all files of a user that are under way between processes there may be no more either, or sending fails: where
students' processes and the tests are those of one user, the tests must have more than students can have under way.
"""
MEANWHILE = 100
"""How many more processes and threads a user may start while a submission runs, where they count against its limit."""
_STEP = 16
_COUNTS = (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC)


def set_limits(limits: Limits, files: int = OPEN_FILES) -> None:
    """Limits that the kernel keeps: memory and file size of a process, processes of the user, open files, no dumps."""
    spare = 4096 << 20  # what is mapped but not used: libraries, reserved addresses
    for what, amount in {
        resource.RLIMIT_DATA: limits.memory,
        resource.RLIMIT_AS: limits.memory + spare,
        resource.RLIMIT_FSIZE: limits.file,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_NOFILE: files,
        resource.RLIMIT_CORE: 0,
    }.items():
        _, hard = resource.getrlimit(what)
        amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        most = min(2 * amount, hard if hard != resource.RLIM_INFINITY else 2 * amount)
        resource.setrlimit(what, (amount, most if what in _COUNTS else amount))


def allow_more() -> None:
    """Twice the usual number of open files and processes, for what has to go on where others took all of them."""
    for what in _COUNTS:
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (hard, hard))


def allowance(processes: int) -> int:
    """The limit of a user's processes with which a submission can start so many of its own, whatever else is there.

    Raises OSError where the user may not have that many more.
    """
    most, others = _most_processes(), counted()
    if others + processes > most:
        raise OSError(
            f"this account may have {most} processes and threads at a time, and about {others} are there: too many "
            f"for a submission to start {processes} of its own. End some of them, or raise the limit (ulimit -u)"
        )
    meanwhile = MEANWHILE if others > _STEP else 0  # so few are there in a namespace of users, where nobody joins them
    return min(most, others + processes + meanwhile)


def counted() -> int:
    """How many processes and threads the kernel counts against this user's limit, rounded up to steps of 16.

    The kernel is asked, by forks under lower and higher limits: it may count what cannot be seen from here, such as
    other containers of the same user, and it counts nothing against root, or of what is outside a namespace of users.
    """
    before, most = resource.getrlimit(resource.RLIMIT_NPROC), _most_processes()
    few, many = 0, min(_STEP, most)
    try:
        while not _forks(many, before[1]) and many < most:
            few, many = many, min(2 * many, most)
        while many - few > _STEP:
            middle = (few + many) // 2
            few, many = (few, middle) if _forks(middle, before[1]) else (middle, many)
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, before)
    return many


def _most_processes() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    return 1 << 22 if soft == resource.RLIM_INFINITY else soft  # more the kernel cannot count


def _forks(limit: int, hard: int) -> bool:
    """Whether this process can fork under a limit of the user's processes."""
    resource.setrlimit(resource.RLIMIT_NPROC, (limit, hard))
    try:
        child = os.fork()
    except BlockingIOError:
        return False
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    return True
