"""What is seen behind the outer wall, where it may be written, and the commands that build it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import lecturelib

BOOK, WORK, TEMPORARY, DATA = "/lab/book", "/lab/work", "/lab/tmp", "/lab/data"
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")
_SMALL = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/localtime",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
)


def bubblewrap(view: dict[str, str], disk: str) -> list[str]:
    """The beginning of a command that runs its rest behind bubblewrap's wall; `disk` is in bytes."""
    command = ["bwrap", "--die-with-parent", "--new-session", "--hostname", "lab"]
    command += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    rights = ["SYS_ADMIN", "SETPCAP"]
    if os.geteuid() == 0:
        rights += ["SETUID", "SETGID"]
    else:
        command += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
    command += ["--cap-drop", "ALL", *(word for right in rights for word in ("--cap-add", f"CAP_{right}"))]
    for target, source in view.items():
        for folder in reversed(Path(target).parents[:-1]):  # made by bubblewrap itself, they would be closed to others
            if not any(folder.is_relative_to(other) for other in view):
                command += ["--perms", "0755", "--dir", str(folder)]
        if os.path.islink(target) and source == target:
            command += ["--symlink", os.readlink(target), target]
        else:
            command += ["--ro-bind", source, target]
    command += ["--dev", "/dev"]
    for folder in writable(view):
        command += ["--perms", "1777", "--size", disk, "--tmpfs", folder]
    return [*command, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", TEMPORARY, "--"]


def writable(view: dict[str, str]) -> list[str]:
    """Where a submission may write; /tmp as well, unless what must be seen lies in it."""
    free = not any(target.startswith("/tmp/") for target in view)
    return [WORK, TEMPORARY, "/dev/shm", *(["/tmp"] if free else [])]


def _targets(data: Path | None) -> Iterator[tuple[str, str]]:
    for path in (*_SYSTEM, *_SMALL):
        if os.path.exists(path):
            yield path, path
    wanted = {sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.path.realpath(sys.executable))}
    wanted |= {path for path in sys.path if path.endswith(("site-packages", "dist-packages"))}
    shown: list[str] = ["/usr"]
    for path in sorted(path for path in wanted if os.path.isdir(path)):
        real = os.path.realpath(path)  # an environment may be a link to one that several share
        for one in dict.fromkeys((path, real)):
            if not any(one == other or one.startswith(other + "/") for other in shown):
                shown.append(one)
                yield one, real
    yield f"{BOOK}/lecturelib", str(Path(lecturelib.__file__).resolve().parent)
    if data is not None:
        yield DATA, str(data)


def view(data: Path | None) -> dict[str, str]:
    """What is seen behind the wall, all of it read-only: where → what."""
    return dict(_targets(data))


def namespaces(view: dict[str, str], disk: str) -> list[str]:
    """The beginning of a command that runs its rest behind a wall of namespaces alone."""
    built = {"view": view, "writable": writable(view), "disk": int(disk), "path": BOOK}
    return [sys.executable, "-m", "lecturelib.homework.isolation.namespaces", json.dumps(built)]


def environment(temporary: str, *, real: bool) -> dict[str, str]:
    """The environment behind the wall: nothing of the instructor's, and one thread for each process."""
    threads = ("OMP", "MKL", "OPENBLAS", "NUMBA", "NUMEXPR", "VECLIB_MAXIMUM")
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": temporary,
        "USER": "student",
        "LANG": "C.UTF-8",
        "TMPDIR": temporary,
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{temporary}/matplotlib",
        "IPYTHONDIR": f"{temporary}/ipython",
        "JUPYTER_PLATFORM_DIRS": "1",
        "NUMBA_CACHE_DIR": f"{temporary}/numba",
        "PYTHONPATH": str(Path(lecturelib.__file__).resolve().parents[1]) if real else BOOK,
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "TQDM_DISABLE": "1",
        "PIP_NO_INDEX": "1",  # nothing can be fetched: say so at once
        **{f"{name}_NUM_THREADS": "1" for name in threads},
    }
