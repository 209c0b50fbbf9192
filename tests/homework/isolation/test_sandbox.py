"""Walls: what they are made of, and what is said where there are none."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from lecturelib.homework.grading.run import Bench
from lecturelib.homework.isolation import kernel, sandbox, view
from lecturelib.homework.isolation.limits import Limits
from lecturelib.homework.isolation.sandbox import Sandbox, SandboxError, Wall
from tests.homework import handed_in
from tests.homework.handed_in import USUAL, WHOLE, notebook

WALLS = [Wall(kind, inner) for kind in sandbox.KINDS for inner in (True, False)]


@pytest.fixture(params=WALLS, ids=str)
def wall(request, monkeypatch):
    """Each kind of wall, where this machine can build it."""
    if problem := sandbox._problem(request.param):
        handed_in.isolation()  # at least one has to work
        pytest.skip(f"{request.param}: {problem}")
    monkeypatch.setattr(sandbox, "wall", lambda: request.param)
    return request.param


LOOK = """
import os, socket
seen = [path for path in ("/home", "/root/.bashrc", "/proc/1", "/etc/passwd", "/boot") if os.path.exists(path)]
try:
    open("/usr/written", "w")
    seen.append("wrote")
except OSError:
    pass
try:
    socket.create_connection(("127.0.0.1", 22), 2)
    seen.append("connected")
except ConnectionRefusedError:
    pass  # a network of its own, with nobody in it
except OSError:
    pass
print(seen, os.listdir("."), len(os.listdir("/proc")) < 5)
guess = 7.0
"""


def test_every_wall_holds(wall):
    with Bench(handed_in.lab(), USUAL) as bench:
        for _ in range(2):
            result = bench.run(notebook(guess="import os\nopen('left', 'w').close()\n" + LOOK))
            assert (result.points, result.output) == (WHOLE, "[] ['left'] True\n")
        assert bench.run(notebook(guess="import os\nos._exit(1)")).status == "crashed"


def test_a_wall_that_falls_is_built_again(bench):
    assert bench.run(notebook()).points == WHOLE
    for box in bench._open.values():
        box.process.kill()
        box.process.wait()
    assert bench.run(notebook()).points == WHOLE


def test_closing_ends_everything():
    handed_in.isolation()
    bench = Bench(handed_in.lab(), USUAL)
    bench.run(notebook())
    outer = [psutil.Process(box.process.pid) for box in bench._open.values()]
    processes = [one for process in outer for one in process.children(recursive=True)]
    assert processes
    bench.close()
    gone, alive = psutil.wait_procs(processes, timeout=10)
    assert len(gone) == len(processes)
    assert not alive


def test_without_bubblewrap_and_namespaces_there_is_a_reason(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert sandbox._problem(Wall("bubblewrap", True)) == "bwrap is not installed"
    monkeypatch.setattr(sandbox, "_problem", lambda wall: f"no {wall.kind}")
    sandbox.wall.cache_clear()
    try:
        with pytest.raises(sandbox.NoIsolation, match=r"bubblewrap: no bubblewrap.*apt-get install bubblewrap"):
            sandbox.wall()
    finally:
        sandbox.wall.cache_clear()


def test_a_setup_cell_that_fails_is_told():
    handed_in.isolation()
    with pytest.raises(SandboxError, match="ZeroDivisionError"):
        Sandbox(sandbox.wall(), "tester", USUAL, setup=["1 / 0"])


def test_the_view_holds_nothing_of_the_instructor(tmp_path, monkeypatch):
    seen = view.view(tmp_path)
    home = os.path.expanduser("~")
    assert home not in seen
    assert os.getcwd() not in seen
    assert seen[f"{view.BOOK}/lecturelib"].endswith("lecturelib")
    assert seen[view.DATA] == str(tmp_path)
    assert "/tmp" not in view.writable({"/tmp/python": "/tmp/python"})
    monkeypatch.setenv("WHAT_NOBODY_SHOULD_KNOW", "x")
    assert "WHAT_NOBODY_SHOULD_KNOW" not in view.environment("/tmp", real=False)


def test_an_environment_may_be_a_link(tmp_path):
    handed_in.isolation()
    (tmp_path / "other").symlink_to(sys.prefix)
    (tmp_path / "environment").symlink_to(tmp_path / "other")
    code = "from lecturelib.homework.isolation import sandbox\n"
    code += "print([sandbox._problem(sandbox.Wall(kind, True)) for kind in {}])"
    kinds = [kind for kind in sandbox.KINDS if not sandbox._problem(Wall(kind, True))]
    command = [str(tmp_path / "environment" / "bin" / "python"), "-c", code.format(kinds)]
    library = {"PYTHONPATH": str(Path(kernel.__file__).parents[3])}
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **library})
    assert done.stdout == f"{[''] * len(kinds)}\n", done.stderr


def test_what_runs_behind_a_wall_is_the_first_to_go_when_memory_runs_out(bench):
    bench.run(notebook())
    for box in bench._open.values():
        assert Path(f"/proc/{box.process.pid}/oom_score_adj").read_text() == "800\n"


@pytest.mark.parametrize("name", ["memory", "cell_seconds", "processes"])
def test_limits_are_positive(name):
    with pytest.raises(ValueError, match=name):
        Limits(**{name: 0})


def test_refused_calls_fail_and_others_do_not():
    code = """
import ctypes, os
from lecturelib.homework.isolation import kernel
kernel.give_up_rights(None)
kernel.refuse_calls()
libc = ctypes.CDLL(None, use_errno=True)
assert libc.unshare(0x10000000) == -1 and ctypes.get_errno() == 1
assert libc.ptrace(0, 0, 0, 0) == -1 and ctypes.get_errno() == 1
if not os.fork():
    os._exit(0)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
import threading
thread = threading.Thread(target=print)
thread.start()
thread.join()
"""
    if os.uname().machine not in kernel._MACHINES:
        pytest.skip("no numbers of calls are known for this machine")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


LOOK_AS_SOMEBODY = """
import os
from lecturelib.homework.isolation import kernel
kernel.unshare(kernel.NEWNS | kernel.NEWPID | kernel.NEWIPC | kernel.NEWNET | kernel.NEWUTS)  # the inner wall
kernel.give_up_rights(None)
kernel.refuse_calls()
print(os.getuid(), sorted(os.listdir("/proc")), os.path.exists("/etc/passwd"), os.access("/usr", os.W_OK))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("kind", sandbox.KINDS)
def test_somebody_who_is_not_root_builds_the_same_wall(monkeypatch, kind):
    python = "/usr/bin/python3"  # that of the tests may lie where only root may read
    if (kind == "bubblewrap" and shutil.which("bwrap") is None) or not os.path.exists(python):
        pytest.skip("needs bubblewrap and a Python that everybody may read")
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        library = Path(folder, "lecturelib", "homework", "isolation")
        library.mkdir(parents=True)
        for name in ("kernel.py", "namespaces.py"):
            shutil.copy(Path(kernel.__file__).parent / name, library)
        seen = {path: path for path in view._SYSTEM if os.path.exists(path)}
        seen |= {path: path for path in ("/proc/cpuinfo", "/proc/meminfo")} | {view.BOOK: folder}
        if kind == "bubblewrap":
            command, library = view.bubblewrap(seen, "1000000"), view.BOOK
        else:
            command, library = [python, *view.namespaces(seen, "1000000")[1:]], folder
        command += [python, "-c", LOOK_AS_SOMEBODY]
        somebody = {"user": 65534, "group": 65534, "extra_groups": []}
        environment = {"PYTHONPATH": library, "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, **somebody)
    number = 1000 if kind == "bubblewrap" else 0  # within the namespace of users; no rights are left there
    assert done.stdout == f"{number} ['cpuinfo', 'meminfo'] False False\n", done.stderr
