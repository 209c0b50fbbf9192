"""Notebooks executed side by side, each in a process of its own."""

from __future__ import annotations

import time

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from lecturelib.site.running import Outcome, Task, run
from lecturelib.site.times import BUDGET, over_budget, read_times, write_times
from tests.site.processes import gone


def task(folder, *cells: str, timeout: int = 120) -> Task:
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return Task(
        new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata=metadata), str(folder), timeout, False
    )


def outcomes(tasks: list[Task], cores: int) -> dict[int, Outcome]:
    return {position: outcome for position, outcome in run(tasks, cores) if outcome is not None}


def text(outcome: Outcome) -> str:
    return "".join(output.get("text", "") for cell in outcome.notebook.cells for output in cell.outputs)


MEETING = """
import pathlib, time
pathlib.Path("{mine}").touch()
while not pathlib.Path("{other}").exists():
    time.sleep(0.05)
print("met")
"""


def test_notebooks_run_at_the_same_time(tmp_path):
    pair = [task(tmp_path, MEETING.format(mine=mine, other=other)) for mine, other in ("ab", "ba")]
    found = outcomes(pair, 2)
    assert [text(found[position]) for position in (0, 1)] == ["met\n", "met\n"]
    assert all(outcome.cpu > 0 and outcome.seconds > 0 and not outcome.error for outcome in found.values())


def test_no_more_run_than_there_are_cores_and_the_first_ones_first(tmp_path):
    events = [(position, outcome is None) for position, outcome in run([task(tmp_path, "1")] * 3, 1)]
    assert events == [(0, True), (0, False), (1, True), (1, False), (2, True), (2, False)]


def test_each_kind_of_failure_is_told_and_stops_no_other(tmp_path):
    found = outcomes(
        [
            task(tmp_path, "1 / 0", "print('not reached')"),
            task(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
            task(tmp_path, "import time; time.sleep(600)", timeout=1),
            task(tmp_path, "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"),
            task(tmp_path, "print('fine')"),
        ],
        2,
    )
    names = ["CellExecutionError", "DeadKernelError", "CellTimeoutError", "ProcessDied", ""]
    assert [found[position].error for position in range(5)] == names
    assert "ZeroDivisionError" in found[0].trace
    assert not text(found[0])
    assert text(found[4]) == "fine\n"


def test_when_it_is_broken_off_nothing_is_left_running(tmp_path):
    noting = "import os, pathlib, time; pathlib.Path('kernel').write_text(str(os.getpid())); time.sleep(600)"
    running = run([task(tmp_path, noting)], 1)
    assert next(running) == (0, None)
    note = tmp_path / "kernel"
    while not note.exists() or not note.read_text():
        time.sleep(0.05)
    running.close()
    assert gone(int(note.read_text()))


def test_pages_over_the_budget_are_named_the_longest_first(tmp_path):
    assert read_times(tmp_path) == {}
    assert over_budget(tmp_path) == ""
    (tmp_path / "_build").mkdir()
    for page in ("one", "two", "three"):
        (tmp_path / f"{page}.md").touch()
    times = {"one": BUDGET + 1, "two": BUDGET - 1, "three": BUDGET + 7, "removed": 100.0}
    write_times(tmp_path, times)
    assert read_times(tmp_path) == {page: times[page] for page in ("one", "two", "three")}
    assert over_budget(tmp_path) == "Over the budget of 25 s on one core: three 32 s, one 26 s"


@pytest.mark.parametrize("allowed", [True, False])
def test_a_notebook_may_set_its_own_limits(tmp_path, allowed):
    own = task(tmp_path, "1 / 0", "print('on')")
    own.notebook.metadata["execution"] = {"allow_errors": allowed}
    (found,) = outcomes([own], 1).values()
    assert (text(found), found.error) == (("on\n", "") if allowed else ("", "CellExecutionError"))
