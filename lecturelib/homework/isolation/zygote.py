"""Inside the outer wall: a process that has imported what a lab needs, and forks for each submission.

Every fork stands behind a wall of its own, made anew and gone with it: its own processes, network and folder, no
rights, limits, calls of the kernel refused. So importing torch costs two seconds once and not once a submission, and
nothing of one submission, neither process nor file, is there for the next.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import shutil
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from lecturelib.homework.isolation import kernel, rlimits, wire
from lecturelib.homework.isolation.limits import Limits

ROLES = {"student": "lecturelib.homework.isolation.student_process", "tester": "lecturelib.homework.isolation.tester"}
MOST = 256 << 20


def main(descriptor: int) -> None:
    """Serve on the inherited socket until its other end is closed."""
    sock = socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)
    config = json.loads(wire.receive(sock, MOST))
    limits = Limits(**config["limits"])
    if not config["confined"]:
        kernel.keep_orphans()
    role = importlib.import_module(ROLES[config["role"]])
    _import(config["imports"])
    try:
        prepared = role.prepare(config)
    except Exception as error:
        wire.send(sock, json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
        return
    wire.send(sock, b'{"ready": true}')
    while True:
        try:
            job, descriptors = wire.receive_with_descriptors(sock, MOST)
        except wire.WireError:
            return

        try:
            now = _with_room(limits, config)
        except OSError as error:
            answer = {"error": str(error)}
        else:
            wire.send(sock, b'{"begun": true}')

            def work(job: bytes = job, descriptors: list[int] = descriptors, now: Limits = now) -> None:
                sock.close()
                role.run(prepared, json.loads(job), descriptors, now)

            answer = {"status": _behind_a_wall(work, descriptors[0], config, now)}
        for one in descriptors:
            os.close(one)
        wire.send(sock, json.dumps(answer).encode())


def _with_room(limits: Limits, config: dict[str, Any]) -> Limits:
    """Limits of processes count per user. A submission may be one that nobody is; else there is room for the others."""
    if config["uid"] is not None:
        return limits
    return replace(limits, processes=rlimits.allowance(limits.processes))


def _import(names: list[str]) -> None:
    for name in names:
        with contextlib.suppress(Exception):  # a module that is missing is the notebook's business
            importlib.import_module(name)


def _behind_a_wall(work: Any, output: int, config: dict[str, Any], limits: Limits) -> int:
    """Fork, build the inner wall, run `work` there, and wait; the exit status as a shell gives it."""
    if outer := os.fork():
        return _ended(outer)
    code = 70
    try:
        os.setpgid(0, 0)  # without namespaces, what comes can be ended at once as a group of processes
        nothing = os.open(os.devnull, os.O_RDONLY)
        for target, source in ((0, nothing), (1, output), (2, output)):
            os.dup2(source, target)
        if config["inner"]:
            kernel.unshare(kernel.NEWNS | kernel.NEWPID | kernel.NEWIPC | kernel.NEWNET | kernel.NEWUTS)
            _make_folders(config["writable"], limits)
            if first := os.fork():
                os._exit(_ended(first))
        # Here stands the first process of its own namespace: when it ends, the kernel ends all others in it.
        if config["confined"]:
            kernel.give_up_rights(config["uid"])
            kernel.refuse_calls()
        if worker := os.fork():
            os._exit(_ended(worker))
        rlimits.set_limits(limits, rlimits.MORE_FILES if config["role"] == "tester" else rlimits.OPEN_FILES)
        _fill_folder(config)
        _seed()
        work()
        code = 0
    except BaseException as error:
        with contextlib.suppress(BaseException):
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _ended(child: int) -> int:
    """Wait until that child has ended, burying others whose parents are gone; 128 + number for a signal."""
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _make_folders(writable: list[str], limits: Limits) -> None:
    """One file system in memory for everything that a submission may write, its size limited."""
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    first = writable[0]
    options = f"size={limits.disk},nr_inodes=20000,mode=0755"
    kernel.mount("tmpfs", first, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
    for number, folder in reversed(list(enumerate(writable))):
        part = f"{first}/{number}"
        os.mkdir(part)
        os.chmod(part, 0o1777)
        kernel.mount(part, folder, flags=kernel.MS_BIND)


def _fill_folder(config: dict[str, Any]) -> None:
    os.chdir(config["folder"])
    os.environ["TMPDIR"] = config["temporary"]
    data = Path(config["data"])
    for path in sorted(data.rglob("*")):
        here = path.relative_to(data)
        if path.is_dir():
            here.mkdir(exist_ok=True)
        else:
            shutil.copyfile(path, here)


def _seed() -> None:
    """The same streams of chance for every submission: a mark must not depend on who was graded before."""
    random.seed(0)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
