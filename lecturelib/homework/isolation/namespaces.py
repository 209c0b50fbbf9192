"""The outer wall without bubblewrap: the same view of the machine, built with the kernel's namespaces alone.

Run as a program: its first argument is JSON with `view` (where → what, all read-only), `writable` (folders), `disk`
(bytes) and `path` (for imports); the rest is the program to start behind the wall.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from lecturelib.homework.isolation import kernel

_DEVICES = ("null", "zero", "full", "random", "urandom")


def main(view: dict[str, str], writable: list[str], disk: int, path: str, program: list[str]) -> None:
    """Leave the machine's namespaces, build the view, and become `program`. Raises OSError where that is forbidden."""
    kernel.die_with_parent()
    uid, gid = os.getuid(), os.getgid()
    flags = kernel.NEWNS | kernel.NEWPID | kernel.NEWIPC | kernel.NEWNET | kernel.NEWUTS
    kernel.unshare(flags if uid == 0 else flags | kernel.NEWUSER)
    if uid != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    if child := os.fork():
        signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGKILL))
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
    kernel.die_with_parent()
    _build("/tmp", view, writable, disk)
    os.chdir(writable[0])
    os.environ["PYTHONPATH"] = path
    os.execv(program[0], program)


def _build(root: str, view: dict[str, str], writable: list[str], disk: int) -> None:
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    quiet = kernel.MS_NOSUID | kernel.MS_NODEV
    # The old root goes out of sight below: the view is built on a folder that nothing of it lies in
    links = {target: os.readlink(target) for target in view if view[target] == target and os.path.islink(target)}
    sources = {target: os.open(source, os.O_PATH) for target, source in view.items() if target not in links}
    devices = {f"/dev/{name}": os.open(f"/dev/{name}", os.O_PATH) for name in _DEVICES}
    kernel.mount("tmpfs", root, "tmpfs", quiet, "size=1m,mode=0755")
    for target, descriptor in (sources | devices).items():
        _bind(descriptor, root + target, read_only=target in sources)
        os.close(descriptor)
    for target, where in links.items():
        os.symlink(where, root + target)
    for folder in writable:
        os.makedirs(root + folder, exist_ok=True)
        kernel.mount("tmpfs", root + folder, "tmpfs", quiet, f"size={disk},mode=1777")
    kernel.pivot_root(root)
    kernel.mount("none", "/", flags=kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | quiet)


def _bind(descriptor: int, target: str, *, read_only: bool) -> None:
    source = f"/proc/self/fd/{descriptor}"
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        open(target, "w").close()
    kernel.mount(source, target, flags=kernel.MS_BIND | kernel.MS_REC)
    if read_only:
        held = os.statvfs(target).f_flag & (kernel.MS_NOSUID | kernel.MS_NODEV | 8 | 1024 | 2048)
        again = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID
        kernel.mount("none", target, flags=again | held)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    main(**given, program=sys.argv[2:])
