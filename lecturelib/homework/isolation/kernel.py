"""Calls of the Linux kernel that Python does not offer: namespaces, mounts, and giving up of rights for good."""

from __future__ import annotations

import ctypes
import os
import platform
import struct

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
_SET_SECCOMP, _CAPBSET_DROP, _SET_NO_NEW_PRIVS, _CAP_AMBIENT, _SET_PDEATHSIG = 22, 24, 38, 47, 1
_SET_CHILD_SUBREAPER = 36

# (x86_64, aarch64): what a notebook has no use for. Most of it needs rights that are gone by then; it is refused all
# the same, since it leads to memory that no limit counts, to new namespaces, to other processes, or to old mistakes
# of kernels.
_REFUSED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_by_handle_at": (304, 265),
    "personality": (135, 92),
    "sched_setaffinity": (203, 122),  # each worker has a core of its own, and what it runs stays there
    "clone3": (435, 435),  # its flags stand in memory, where a filter cannot look; libraries then take clone
}
_MACHINES = {"x86_64": (0, 0xC000003E, 56), "aarch64": (1, 0xC00000B7, 220)}
_SOCKETS = {"x86_64": (41, 53), "aarch64": (198, 199)}  # socket and socketpair
_FAMILIES = (1, 2, 10, 16)
"""Unix, IPv4, IPv6 and netlink belong to the network namespace; others, such as that to a host of machines, may not."""
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by the flags for new ones. Raises OSError where the system forbids it."""
    _checked(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount a file system; the arguments are those of mount(2). Raises OSError naming the target."""
    words = [word.encode() or None for word in (source, target, kind)]
    _checked(_libc.mount(*words, ctypes.c_ulong(flags), options.encode() or None), f"mount {target}")


def pivot_root(new: str) -> None:
    """Make the mounted folder `new` the root of all paths and let go of the old one."""
    os.chdir(new)
    number = {"x86_64": 155, "aarch64": 41}[platform.machine()]
    _checked(_libc.syscall(number, b".", b"."), "pivot_root")
    _checked(_libc.umount2(b".", MNT_DETACH), "umount")
    os.chdir("/")


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent ends."""
    _checked(_libc.prctl(_SET_PDEATHSIG, 9, 0, 0, 0), "prctl")


def keep_orphans() -> None:
    """Let processes below this one whose parents have ended become its own, so that none gets out of sight."""
    if hasattr(_libc, "prctl"):  # macOS has none
        _checked(_libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def give_up_rights(uid: int | None) -> None:
    """Become user `uid` where one is given, and give up every capability for good, also that of gaining new ones."""
    for capability in range(64):
        _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)  # those that this kernel does not have fail
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    _libc.prctl(_CAP_AMBIENT, 4, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)
    _checked(_libc.capset(header, bytes(24)), "capset")
    _checked(_libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def refuse_calls() -> None:
    """Have the kernel refuse the calls named above, to this process and all that it starts, for good.

    On machines other than x86_64 and aarch64 nothing is refused: namespaces and lost rights still hold.
    """
    if platform.machine() not in _MACHINES:
        return
    filter_ = _filter(*_MACHINES[platform.machine()], _SOCKETS[platform.machine()])
    held = ctypes.create_string_buffer(filter_)
    program = struct.pack("HxxxxxxP", len(filter_) // 8, ctypes.addressof(held))
    _checked(_libc.prctl(_SET_SECCOMP, 2, program, 0, 0), "seccomp")


def _filter(column: int, architecture: int, clone: int, sockets: tuple[int, ...]) -> bytes:
    """The filter as a program for the kernel's small machine: eight bytes an instruction, jumps count forward."""

    def load(offset: int) -> bytes:
        return struct.pack("HBBI", 0x20, 0, 0, offset)

    def jump(code: int, value: int, yes: int, no: int) -> bytes:
        return struct.pack("HBBI", code, yes, no, value)

    def give(value: int) -> bytes:
        return struct.pack("HBBI", 0x06, 0, 0, value)

    equal, at_least, has_bits = 0x15, 0x35, 0x45
    not_there, not_allowed, not_supported = _ERRNO | 38, _ERRNO | 1, _ERRNO | 97
    program = [load(4), jump(equal, architecture, 1, 0), give(_KILL), load(0)]
    program += [jump(at_least, 0x40000000, 0, 1), give(not_there)]  # the second set of numbers of x86_64
    for name, numbers in _REFUSED.items():
        program += [jump(equal, numbers[column], 0, 1), give(not_there if name == "clone3" else not_allowed)]
    families = [jump(equal, family, len(_FAMILIES) - number, 0) for number, family in enumerate(_FAMILIES)]
    for number in sockets:  # the number of the call is loaded again, since the family took its place
        rest = [load(16), *families, give(not_supported), load(0)]
        program += [jump(equal, number, 0, len(rest)), *rest]
    program += [jump(equal, clone, 0, 3), load(16), jump(has_bits, NEWUSER, 0, 1), give(not_allowed)]
    return b"".join([*program, give(_ALLOW)])
