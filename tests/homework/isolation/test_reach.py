"""What a submission can reach: nothing of the machine, of other processes, of the network or of other submissions."""

import os
import socket
import sys
import threading

import pytest

from lecturelib.homework.grading import records
from lecturelib.homework.grading.results import Result
from lecturelib.homework.grading.run import Bench
from lecturelib.homework.grading.submissions import Student
from lecturelib.homework.isolation import sandbox
from tests.homework import handed_in
from tests.homework.handed_in import SECRET, WHOLE, notebook
from tests.homework.labs import LAB
from tests.site.books import ROOT

DONE = "\nprint('DONE')"
# A submission sees the library, so /tmp is no place to write where the book or its Python lies in it.
IN_TMP = any(str(place).startswith("/tmp/") for place in (ROOT, sys.prefix, sys.base_prefix))
FOLDERS = ("/dev/shm", ".", "/lab/tmp", "/lab/work", "~", *(() if IN_TMP else ("/tmp",)))


@pytest.fixture
def secrets(tmp_path):
    """What lies about on an instructor's machine: the lab, a gradebook, other submissions, results."""
    tmp_path.chmod(0o755)
    (tmp_path / "lines.md").write_text(LAB)
    (tmp_path / "gradebook.db").write_text(f"grades {SECRET}")
    (tmp_path / "submissions").mkdir()
    (tmp_path / "submissions" / "ada_1_2_lines.ipynb").write_text(SECRET)
    result = Result("lines", (), "ok", (SECRET,), 0.0)
    records.Shelf(tmp_path).save(records.Record("key", Student("ada", "Ada"), "ada.ipynb", result))
    for path in tmp_path.rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    return tmp_path


def looking_around(secrets):
    """A cell that reads and writes whatever it can."""
    return f"""
import os
for path in ("{secrets}", "{secrets}/lines.md", "{secrets}/gradebook.db", "{os.getcwd()}/labs", "/home",
             "/root/.ssh", "{os.path.expanduser("~")}/.bashrc", "/etc/passwd",
             "/proc/1/environ", "/proc/self/environ", "/var", "/run"):
    if os.path.exists(path):
        print("SEEN", path)
skip = ("/usr", "/lib/", "/sys", "/dev", "/etc", *[os.path.realpath(path) for path in __import__("sys").path if path])
for at, folders, files in os.walk("/"):
    folders[:] = [name for name in folders if not os.path.realpath(os.path.join(at, name)).startswith(skip)]
    for name in files:
        try:
            found = b"{SECRET}" in open(os.path.join(at, name), "rb").read(10**6)
        except OSError:
            continue
        if found:
            print("FOUND", at, name)
for path in ("{secrets}/gradebook.db", "{secrets}/results/lines/ada.json", "{secrets}/new"):
    try:
        open(path, "w").write("mine")
        print("WROTE", path)
    except OSError:
        pass
print(os.environ.get("WHAT_NOBODY_SHOULD_KNOW", "DONE"))
"""


def test_nothing_of_the_machine_is_seen(secrets):
    handed_in.isolation()
    os.environ["WHAT_NOBODY_SHOULD_KNOW"] = "LEAKED"
    try:
        with Bench(handed_in.source.reads(LAB, secrets / "lines.md"), handed_in.USUAL) as bench:
            result = bench.run(notebook(guess=looking_around(secrets)))
    finally:
        del os.environ["WHAT_NOBODY_SHOULD_KNOW"]
    assert result.output == "DONE\n"
    assert (secrets / "gradebook.db").read_text().startswith("grades")
    assert not (secrets / "new").exists()


def test_without_walls_the_same_cell_sees_and_writes(secrets, monkeypatch):
    monkeypatch.setattr(sandbox, "wall", lambda: sandbox.NONE)
    code = looking_around(secrets).replace('os.walk("/")', f'os.walk("{secrets}")')
    with Bench(handed_in.source.reads(LAB, secrets / "lines.md"), handed_in.USUAL) as bench:
        printed = bench.run(notebook(guess=code)).output
    for word in ("SEEN", "FOUND", "WROTE"):
        assert f"{word} {secrets}" in printed


@pytest.mark.parametrize("kind", ["network", "abstract"])
def test_there_is_no_network(bench, kind):
    family = socket.AF_INET if kind == "network" else socket.AF_UNIX
    with socket.socket(family) as server:
        server.bind(("127.0.0.1", 0) if kind == "network" else "\0nobody-knows-this-name")
        server.listen()
        server.settimeout(30)
        heard = []

        def listen():
            try:
                with server.accept()[0] as line:
                    heard.append(line.recv(100))
            except OSError:
                heard.append(b"")

        listener = threading.Thread(target=listen)
        listener.start()
        address = repr(server.getsockname())
        code = f"""
import socket
there = [(socket.{family.name}, {address}), (socket.AF_INET, ("1.1.1.1", 53)), (socket.AF_INET6, ("::1", 53))]
for family, address in there:
    try:
        line = socket.socket(family)
        line.settimeout(3)
        line.connect(address)
        line.send(b"secrets")
        print("SENT", address)
    except OSError as error:
        pass
try:
    print("SENT", socket.gethostbyname("example.org"))
except OSError:
    pass
"""
        result = bench.run(notebook(guess=code + DONE))
        with socket.socket(family) as own:
            own.connect(server.getsockname())
            own.send(b"own")
        listener.join()
    assert result.output == "DONE\n"
    assert heard == [b"own"]


def test_there_is_no_way_to_the_host_of_a_virtual_machine(bench):
    code = """
import socket
for family in (38, 40, 17, 21, 29, 44):  # ciphers of the kernel, the host, packets, clusters, vehicles, devices
    for make in (socket.socket, socket.socketpair):
        try:
            make(family, socket.SOCK_STREAM if family == 40 else socket.SOCK_RAW)
            print("MADE", family)
        except OSError as error:
            print(error.errno) if error.errno != 97 else None
socket.socket(socket.AF_INET).close(), socket.socketpair()[0].close()
"""
    assert bench.run(notebook(guess=code + DONE)).output == "DONE\n"


def test_other_processes_are_out_of_reach(bench):
    code = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
seen = [pid for pid in range(1, 70000) if os.path.exists(f"/proc/{pid}")]
print("SEEN", seen) if seen else None
for pid in (1, os.getppid()):
    for request in (16, 0x4206):  # attach, seize
        if libc.ptrace(request, pid, 0, 0) == 0:
            print("TRACED", pid)
word = ctypes.create_string_buffer(8)
class Part(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
mine, theirs = Part(ctypes.addressof(word), 8), Part(ctypes.addressof(word), 8)
if libc.process_vm_readv(1, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0) >= 0:
    print("READ")
for name, *arguments in (("setuid", 0), ("setgid", 0), ("chroot", "/tmp"), ("mknod", "/tmp/d", 0o60600, 2048)):
    try:
        getattr(os, name)(*arguments)
        print("RIGHTS")
    except OSError:
        pass
for flags in (0x10000000, 0x00020000, 0x20000000, 0x40000000):
    if libc.unshare(flags) == 0:
        print("UNSHARED", hex(flags))
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0 or libc.umount2(b"/proc", 2) == 0:
    print("MOUNTED")
if libc.syscall(319, b"x", 0) >= 0:
    print("MEMORY WITHOUT LIMIT")
"""
    assert bench.run(notebook(guess=code + DONE)).output == "DONE\n"


def test_descriptors_are_the_process_s_own(bench):
    code = """
import os, stat
for descriptor in range(256):
    try:
        kind = os.fstat(descriptor).st_mode
    except OSError:
        continue
    if descriptor > 2 and stat.S_ISREG(kind) and os.path.exists("/proc/self/fd"):
        print("OPEN", descriptor)
    if descriptor > 2 and stat.S_ISDIR(kind):
        print("FOLDER", descriptor)
        print(os.listdir(descriptor))
"""
    assert bench.run(notebook(guess=code + DONE)).output == "DONE\n"


def test_one_submission_leaves_nothing_for_the_next(bench):
    leave = f"""
import os, socket, builtins, numpy, sys
numpy.isclose = builtins.print = lambda *a, **k: None
for folder in map(os.path.expanduser, {FOLDERS}):
    open(os.path.join(folder, "left"), "w").write("x")
sys.modules["left"] = os
os.environ["LEFT"] = "x"
os.setpriority(os.PRIO_PROCESS, 0, 19)
guess = 7.0
"""
    find = f"""
import os, sys, numpy
for folder in map(os.path.expanduser, {FOLDERS}):
    if "left" in os.listdir(folder):
        print("LEFT", folder)
print("left" in sys.modules, "LEFT" in os.environ, bool(numpy.isclose(1, 2)), os.getpriority(os.PRIO_PROCESS, 0))
"""
    assert bench.run(notebook(guess=leave)).points == WHOLE
    assert bench.run(notebook(guess=find)).output == "False False False 0\n"
