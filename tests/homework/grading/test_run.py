"""What a submission may do, by accident or on purpose, and what it gets for it."""

import copy
import json

import psutil
import pytest

from lecturelib.homework.grading import run
from lecturelib.homework.grading.results import STATUSES
from lecturelib.homework.isolation import sandbox
from tests.homework import handed_in
from tests.homework.handed_in import HASTY, USUAL, WHOLE, notebook

NEVER = "while True:\n    pass"
DEAF = "import signal\nfor number in (2, 14, 15):\n    signal.signal(number, signal.SIG_IGN)\n" + NEVER
BOMB = "import os\nwhile True:\n    os.fork()"


def verdicts(result):
    return {test.name: test.kind for test in result.tests}


def test_a_right_answer_gets_all_points(bench):
    result = bench.run(notebook())
    assert (result.points, result.status) == (WHOLE, "ok")
    assert result.errors == ()
    assert result.reasons == ("all 3 cells ran without an error, and all 2 tests passed",)


def test_reasons_say_how_many_cells_stopped_and_how_many_tests_failed(bench):
    unwritten = "def slope(p, q):\n    raise NotImplementedError('Task slope is still to be written')"
    result = bench.run(notebook(slope=unwritten))
    assert (result.points, result.status) == (0, "ok")
    assert result.reasons == ("1 of 3 cells stopped with an error, and 2 of 2 tests failed",)
    assert len(result.errors) == 1
    result = bench.run(notebook(guess="guess = 14.0", slope_1="assert True"))
    assert result.reasons[0].startswith("test cell slope-1 was edited")
    assert result.reasons[-1] == "all 3 cells ran without an error, and 1 of 2 tests failed"


def test_a_wrong_answer_gets_the_message_of_its_test(bench):
    result = bench.run(notebook(slope="def slope(p, q):\n    return q[1] / q[0]", guess="guess = 7.0"))
    assert result.points == 1
    (failed,) = [test for test in result.tests if not test.passed]
    assert (failed.kind, failed.hidden) == ("assert", True)
    assert failed.message == handed_in.SECRET


def test_written_answers_wait_for_a_person(bench):
    assert bench.run(notebook(explain="Nothing can be divided by zero.")).written["explain"].startswith("Nothing")
    assert bench.run(notebook(explain="Why has an upright line no slope?")).written["explain"].strip() == ""


# what is put in the place of the guess, the points that are left, the status, a word of the reasons or of the errors
NEVER_ENDING = {
    "infinite loop": (NEVER, 2, "timeout", f"stopped after {HASTY.cell_seconds:g} seconds"),
    "ignoring signals": (DEAF, 2, "timeout", f"stopped after {HASTY.notebook_seconds:g} seconds; it was left out"),
    "swallowing all": (
        "while True:\n    try:\n        while True:\n            pass\n    except Exception:\n        pass",
        2,
        "timeout",
        "2 seconds",
    ),
    "sleeping": ("import time\ntime.sleep(10**6)", 2, "timeout", f"stopped after {HASTY.cell_seconds:g} seconds"),
}
SURVIVED = {
    "fork bomb": (BOMB, 2, "crashed", "more than 48 processes"),
    "six gigabytes": ("import numpy as np\nx = np.ones(6 << 27)\nguess = 7.0", 2, "ok", "MemoryError"),
    "six gigabytes in small pieces": ("x = [bytearray(1 << 24) for _ in range(384)]", 2, "ok", "MemoryError"),
    "a line of 100 MB": ("print('x' * 10**8)\nguess = 7.0", 3, "ok", "cells ran without an error"),
    "a file of 100 MB": ("open('big', 'wb').write(bytes(10**8))\nguess = 7.0", 2, "ok", "File too large"),
    "many files": (
        "for n in range(30):\n    open(f'big{n}', 'wb').write(bytes(2 * 10**7))\nguess = 7.0",
        2,
        "ok",
        "No space left",
    ),
    "os._exit": ("import os\nos._exit(0)", 2, "crashed", "ended itself with status 0; it was left out"),
    "sys.exit": ("import sys\nsys.exit()", 2, "ok", "SystemExit"),
    "six gigabytes of shared memory": (
        "import mmap\nroom = mmap.mmap(-1, 4 << 30)\nwhile True:\n    room.write(bytes(1 << 20))",
        2,
        "crashed",
        "more than 1024 MiB of memory",
    ),
    "a segmentation fault": ("import ctypes\nctypes.string_at(0)", 2, "crashed", "signal 11"),
    "killing everybody": ("import os\nos.kill(-1, 9)", 2, "ok", "No such process"),
    "input()": ("guess = float(input('guess? '))", 2, "ok", "input() has nobody to ask"),
    "a missing import": ("import no_such_module", 2, "ok", "No module named"),
    "a syntax error": ("guess = = 7", 2, "ok", "SyntaxError"),
    "magics": (
        "%matplotlib inline\n%load_ext autoreload\n%nonsense\nguess = 7.0",
        3,
        "ok",
        "cells ran without an error",
    ),
    "a shell": (
        "!ls /\n%pip install nothing\n!pip install nothing-of-the-kind\nguess = 7.0",
        3,
        "ok",
        "cells ran without an error",
    ),
    "cells in other languages": ("%%bash\necho 3\nls /nowhere", 2, "ok", "CalledProcessError"),
    "a cell written to a file": ("%%writefile guess.py\nguess = 7.0", 2, "ok", "cells ran without an error"),
    "leaving": ("exit()", 2, "ok", "exit"),
    "the kernel shut down": ("get_ipython().kernel.do_shutdown(True)", 2, "ok", "has no attribute 'kernel'"),
    "every descriptor open": ("import os\nwhile True:\n    os.dup(0)", 2, "ok", "Too many open files"),
    "a number of five thousand digits": ("guess = 10**5000", 2, "ok", "cells ran without an error"),
    "a generator": ("guess = (n for n in [7.0])", 2, "ok", "cells ran without an error"),
    "deep recursion": ("def f(n):\n    return f(n + 1)\nf(0)", 2, "ok", "RecursionError"),
    "an error that cannot be shown": (
        "class E(Exception):\n    def __str__(self):\n        raise self\nraise E",
        2,
        "ok",
        "cannot be shown",
    ),
}


@pytest.mark.parametrize("name", NEVER_ENDING)
def test_is_stopped(hasty, name):
    code, points, status, word = NEVER_ENDING[name]
    result = hasty.run(notebook(guess=code))
    assert (result.points, result.status) == (points, status), (result.reasons, result.errors)
    assert word in result.reasons[0]


@pytest.mark.parametrize("name", SURVIVED)
def test_survives(bench, name):
    code, points, status, word = SURVIVED[name]
    result = bench.run(notebook(guess=code))
    assert (result.points, result.status) == (points, status), (result.reasons, result.errors)
    assert word in " ".join(result.reasons + result.errors)
    assert len(result.output) < USUAL.output + 100


def test_two_million_lines(bench):
    result = bench.run(notebook(guess="guess = 7.0\nprint('\\n'.join(map(str, range(2 * 10**6))))"))
    assert (result.points, result.status) == (WHOLE, "ok")
    assert result.output.startswith("0\n1\n2\n")
    assert len(result.output) < USUAL.output + 100


def test_a_loop_in_a_function_costs_only_its_own_tests(hasty):
    result = hasty.run(notebook(slope="def slope(p, q):\n    while True:\n        pass", guess="guess = 7.0"))
    assert (result.points, result.status) == (1, "timeout")
    assert verdicts(result) == {"slope-1": "timeout", "guess-1": "passed"}


@pytest.mark.parametrize(
    ("body", "kind", "word"),
    [
        ("import os; os._exit(0)", "died", "the process ended"),
        ("raise ValueError('no line')", "error", "ValueError: no line"),
        ("raise SystemExit", "error", "SystemExit"),
        ("raise KeyboardInterrupt", "error", "KeyboardInterrupt"),
        ("raise NotImplementedError('Task slope is still to be written')", "unwritten", "Task slope is still"),
        ("return None", "broken", "could not be used by the test (TypeError: "),
        ("return 2.0 if p == (0.0, 0.0) else None", "broken", "could not be used by the test (TypeError)"),
        ("return object()", "data", "a value of type object"),
        ("return lambda: 1", "data", "a value of type function"),
        ("x = []; x.append(x); return x", "data", "contains itself"),
        ("return bytearray(6 << 30)", "error", "MemoryError"),
        ("import numpy; return numpy.zeros(10**7)", "data", "expected at most 64 MiB"),
        ("return float('nan')", "assert", "rise over run"),
    ],
)
def test_what_a_function_may_do(bench, body, kind, word):
    result = bench.run(notebook(slope=f"def slope(p, q):\n    {body}", guess="guess = 7.0"))
    assert result.points == 1
    assert verdicts(result)["slope-1"] == kind
    assert word in result.tests[0].message


def test_a_function_meets_every_part_of_a_test_as_the_notebook_left_it(bench):
    counting = "calls = []\ndef slope(p, q):\n    calls.append(1)\n    return {}"
    for answer, points in (("2.0 if len(calls) == 1 else -0.5", 1), ("(q[1] - p[1]) / (q[0] - p[0]) / len(calls)", 3)):
        for _ in range(2):  # answers by the order of calls are wrong; and a count that goes on would be seen here
            assert bench.run(notebook(slope=counting.format(answer), guess="guess = 7.0")).points == points


def test_chance_is_the_same_for_everybody(bench):
    code = "import random, numpy\nprint(random.random(), numpy.random.random())"
    first, second = (bench.run(notebook(guess=code)).output for _ in range(2))
    assert first == second
    assert bench.run(notebook(slope=code, guess="")).output.startswith(first)


@pytest.mark.parametrize(
    "content", ["", "  \n", "{", "[]", "{}", '{"cells": 3}', '{"cells": [3]}', '{"cells": []}', "[" * 10**6]
)
def test_what_is_no_notebook(bench, content):
    result = bench.run(content.encode())
    assert (result.points, result.status) == (0, "invalid")
    assert len(result.reasons[0]) > 10


def test_a_file_is_read(bench, tmp_path):
    path = tmp_path / "lines.ipynb"
    path.write_text(handed_in.text(notebook()))
    assert bench.run(path).points == WHOLE
    assert bench.run(tmp_path / "missing.ipynb").status == "invalid"


def test_a_notebook_of_another_lab(bench):
    other = notebook()
    for one in other.cells:
        one.metadata.pop("nbgrader", None)
        one.source = "print('something else')"
    result = bench.run(other)
    assert result.status == "invalid"
    assert "not a notebook of lines" in result.reasons[0]


def test_another_kernel(bench):
    other = notebook()
    other.metadata = {"kernelspec": {"name": "ir", "language": "R"}, "language_info": {"name": "R"}}
    result = bench.run(other)
    assert (result.points, result.status) == (WHOLE, "needs review")
    assert "written in R" in result.reasons[0]


def test_a_deleted_test_cell_is_tested_all_the_same(bench):
    for answer, points in (
        ("def slope(p, q):\n    return 0.0", 1),
        ("slope = lambda p, q: (q[1] - p[1]) / (q[0] - p[0])", 3),
    ):
        left = notebook(slope=answer, guess="guess = 7.0")
        left.cells.remove(handed_in.cell(left, "slope-1"))
        result = bench.run(left)
        assert (result.points, result.status) == (points, "ok")
        assert "slope-1 was deleted" in " ".join(result.reasons)


def test_an_edited_test_cell_changes_nothing(bench):
    result = bench.run(notebook(slope="slope = lambda p, q: 0.0", slope_1="print('passed')", guess="guess = 7.0"))
    assert (result.points, result.status) == (1, "needs review")
    assert "slope-1 was edited" in result.reasons[0]
    assert "passed" not in result.output


def test_cells_that_are_there_twice(bench):
    twice = notebook()
    twice.cells.append(copy.deepcopy(handed_in.cell(twice, "guess")))
    twice.cells[-1].source = "guess = 0.0"
    result = bench.run(twice)
    assert (result.points, result.status) == (2, "needs review")
    assert "guess is there 2 times" in result.reasons[0]


def test_stripped_metadata(bench):
    stripped = notebook()
    for one in stripped.cells:
        one.metadata = {}
    result = bench.run(stripped)
    assert (result.points, result.status) == (WHOLE, "needs review")
    assert "lost their marks" in result.reasons[0]


def test_edited_points(bench):
    greedy = notebook()
    handed_in.cell(greedy, "slope-1").metadata["nbgrader"]["points"] = 100
    result = bench.run(greedy)
    assert (result.points, result.status) == (WHOLE, "needs review")
    assert "changed to 100; 2 count" in result.reasons[0]


def test_forged_metadata(bench):
    forged = notebook()
    bonus = copy.deepcopy(handed_in.cell(forged, "guess-1"))
    bonus.metadata["nbgrader"] |= {"grade_id": "bonus", "points": 1000}
    forged.cells.append(bonus)
    forged.metadata["kernelspec"] = {"name": "python3", "argv": ["sh", "-c", "touch /tmp/forged"], "language": "python"}
    result = bench.run(forged)
    assert (result.points, result.status) == (WHOLE, "ok")  # what is no cell of the lab counts for nothing
    assert {test.name for test in result.tests} == {"slope-1", "guess-1"}
    handed_in.cell(forged, "guess").metadata["nbgrader"] |= {"grade_id": "slope-1", "grade": True, "points": 2}
    result = bench.run(forged)
    assert (result.points, result.status) == (2, "needs review")  # its own cell passes for a test, and is not run
    assert "slope-1 is there 2 times" in " ".join(result.reasons)


def test_a_stopped_process_is_ended(hasty):
    result = hasty.run(notebook(guess="import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)"))
    assert (result.points, result.status) == (2, "timeout")


def test_several_endless_cells_share_the_time(hasty, monkeypatch):
    monkeypatch.setattr(run, "ATTEMPTS", 1)
    result = hasty.run(notebook(slope=DEAF, guess=DEAF))
    assert (result.points, result.status) == (0, "timeout")
    assert [reason for reason in result.reasons if "it was left out" in reason] == []


def test_nothing_of_it_is_left(bench):
    word = "left-over-of-a-submission"
    start = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', '{word}']"
    result = bench.run(
        notebook(guess=f"{start}, start_new_session=True)\nopen('/lab/tmp/left', 'w').write('x')\nguess = 7.0")
    )
    assert result.points == WHOLE
    assert not [one for one in psutil.process_iter(["cmdline"]) if word in (one.info["cmdline"] or [])]
    again = bench.run(notebook(guess="import os\nprint(os.path.exists('/lab/tmp/left'), os.listdir('.'))\nguess = 7.0"))
    assert again.output == "False []\n"


def test_data_travel_with_the_notebook(tmp_path):
    handed_in.isolation()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text("7.0\n")
    text = handed_in.LAB.replace("  minutes: 20\n", "  minutes: 20\n  data: [data/x.csv]\n")
    lab = handed_in.source.reads(text, tmp_path / "lines.md")
    with run.Bench(lab, USUAL) as bench:
        assert bench.run(notebook(guess="guess = float(open('data/x.csv').read())")).points == WHOLE
        spoiled = "guess = 7.0\nopen('data/x.csv', 'w').write('spoiled')"
        assert bench.run(notebook(guess=spoiled)).points == WHOLE
        assert bench.run(notebook(guess="guess = float(open('data/x.csv').read())")).points == WHOLE


def test_one_run_alone_and_without_walls(monkeypatch):
    def none():
        raise sandbox.NoIsolation("nothing works here")

    monkeypatch.setattr(sandbox, "wall", none)
    with pytest.raises(sandbox.NoIsolation, match="nothing works here"):
        run.run_submission(handed_in.lab(), notebook(), USUAL)
    result = run.run_submission(handed_in.lab(), notebook(guess="import os\nos._exit(1)"), USUAL, unsafe=True)
    assert (result.points, result.status) == (2, "crashed")


def test_results_are_plain_data(bench):
    result = bench.run(notebook())
    assert result.status in STATUSES
    assert json.loads(json.dumps(vars(result.tests[0])))["name"] == "slope-1"
