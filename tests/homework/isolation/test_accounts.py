"""An ordinary account without walls: the kernel counts all that its user runs, and no submission pays for that."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from lecturelib.homework.isolation import rlimits, sandbox
from tests.homework.handed_in import USUAL, WHOLE
from tests.site.books import ROOT

BEGIN = f"""
import json, os, resource, subprocess, sys, threading, time
import psutil
from lecturelib.homework.grading.run import run_submission
from lecturelib.homework.isolation import rlimits, sandbox
from tests.homework import handed_in

def none():
    raise sandbox.NoIsolation("there are no walls here")

def run(**answers):
    result = run_submission(handed_in.lab(), handed_in.notebook(**answers), handed_in.USUAL, unsafe=True)
    return result.points, result.status, *result.reasons

def mine():
    return [one for one in psutil.process_iter(["uids", "cmdline", "num_threads"])
            if one.info["uids"] and one.info["uids"].real == os.getuid()]

before = {{one.pid for one in mine()}}

def left():  # a process that has ended and that nobody has buried has no words
    return [words for one in mine() if one.pid not in before and (words := " ".join(one.info["cmdline"] or []))
            and ("zygote" in words or "of a submission" in words)]

sandbox.wall = none
others = [subprocess.Popen(["sleep", "300"]) for _ in range({USUAL.processes + 40})]
try:
"""
END = """
    print(json.dumps(found))
finally:
    for one in others:
        one.kill()
        one.wait()
"""


def as_somebody(*words):
    """A command as somebody who is not root runs it. Root keeps the right to read, where Python itself may lie."""
    if os.geteuid() != 0:
        return list(words)
    one = sandbox._spare_uid()
    rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return ["setpriv", f"--reuid={one}", f"--regid={one}", "--clear-groups", *rights, *words]


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Runs Python code as somebody who is not root."""
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root needs setpriv to become somebody else")
    home = tmp_path_factory.mktemp("home")
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(code):
        return subprocess.run(
            as_somebody(sys.executable, "-c", code), capture_output=True, text=True, env=environment, cwd=home
        )

    if (tried := run("import os; assert os.getuid() != 0")).returncode:
        pytest.skip(f"root cannot become somebody else here: {tried.stderr}")
    return run


@pytest.fixture
def beside_others(python):
    """What `found` is after code of somebody who runs more other processes than a submission may have."""

    def run(code):
        done = python(BEGIN + "".join(f"    {line}\n" for line in code.strip().splitlines()) + END)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


MANY = """
import subprocess, sys
start = [sys.executable, "-c", "import time; time.sleep(600)", "of a submission"]
all = [subprocess.Popen(start, start_new_session=True) for _ in range(40)]
guess = 7.0
"""


def test_a_submission_has_room_beside_all_that_the_user_runs(beside_others):
    there, counted, kept, said, runs, left = beside_others(f"""
usual = resource.getrlimit(resource.RLIMIT_NPROC)
there = sum(one.info["num_threads"] for one in mine())
found = [there, rlimits.counted(), resource.getrlimit(resource.RLIMIT_NPROC) == usual]
resource.setrlimit(resource.RLIMIT_NPROC, (there + {USUAL.processes}, usual[1]))
try:
    found.append(run())
except sandbox.SandboxError as error:
    found.append(str(error))
resource.setrlimit(resource.RLIMIT_NPROC, usual)
found.append([run(), run(guess="import os; os._exit(1)"), run(guess={MANY!r})])
found.append(left())
""")
    assert USUAL.processes + 40 < there
    assert there - 16 < counted < there + 32  # in steps of 16; others of the user may come and go
    assert kept
    assert said.startswith(
        f"this account may have {there + USUAL.processes} processes and threads at a time, and about "
    )
    assert f"too many for a submission to start {USUAL.processes} of its own" in said
    assert [one[:2] for one in runs] == [[WHOLE, "ok"], [2, "crashed"], [WHOLE, "ok"]]
    assert left == []


@pytest.mark.parametrize("fork", ["os.fork()", "os.fork() or os.setsid()"], ids=["one group", "groups of their own"])
def test_nothing_is_left_of_a_submission_that_forks_without_end(beside_others, fork):
    cell = f"import os\nwhile True:\n    {fork}"
    (points, status, why, *_), left = beside_others(f"found = [run(guess={cell!r}), left()]")
    assert (points, status) == (2, "crashed")
    assert why.endswith(f"stopped for starting more than {USUAL.processes} processes; it was left out")
    assert left == []


def test_what_the_user_starts_meanwhile_ends_no_submission(beside_others, tmp_path):
    tmp_path.chmod(0o777)
    begun, more, number = str(tmp_path / "begun"), str(tmp_path / "more"), 2 * rlimits.MEANWHILE
    cell = f"""
import os, time
open({begun!r}, "w").close()
while not os.path.exists({more!r}):
    time.sleep(0.1)
guess = 7.0
"""
    (points, status, *_), there = beside_others(f"""
def start_more():
    while not os.path.exists({begun!r}):
        time.sleep(0.1)
    others.extend(subprocess.Popen(["sleep", "300"]) for _ in range({number}))
    open({more!r}, "w").close()

threading.Thread(target=start_more).start()
found = [run(guess={cell!r}), len(others)]
""")
    assert there == USUAL.processes + 40 + number
    assert (points, status) == (WHOLE, "ok")


def test_files_under_way_keep_no_test_from_being_run(beside_others):
    cell = """
import array, resource, socket
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
pairs, number = [], 0
try:
    while True:
        pairs.append(socket.socketpair())
        pairs[-1][0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0] * 200))])
        number += 200
except OSError:
    guess = 7.0 if number > 500 else None
"""
    ((points, status, *_),) = beside_others(f"found = [run(guess={cell!r})]")
    assert (points, status) == (WHOLE, "ok")
