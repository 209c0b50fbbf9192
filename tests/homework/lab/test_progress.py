"""The line that says which tasks pass, in a real IPython shell."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from lecturelib.homework.lab import progress

TESTS = {"slope": 2, "guess": 1, "explain": 0}


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a cell in a shell that follows the tasks, and gives what was printed last."""
    shell = InteractiveShell()
    monkeypatch.setattr(progress, "get_ipython", lambda: shell)
    progress.follow(TESTS)

    def cell(source: str) -> str:
        shell.run_cell(source)
        return "".join(line for line in capsys.readouterr().out.splitlines() if line.startswith("Progress"))

    yield cell
    InteractiveShell.clear_instance()


def test_line_follows_the_tests(run):
    assert run("x = 1") == ""
    first = "# Task slope (1 of 2): 2 points\n"
    expected = "Progress: 0 of 2 tested tasks pass.  {} slope  {} guess  (marked by hand: explain)"
    assert run(first + "raise NotImplementedError") == expected.format("○", "○")
    assert run(first + "assert x == 2") == expected.format("✗", "○")
    assert run(first + "assert x == 1") == expected.format("○", "○")  # one of its two
    passes = run("# Task slope (2 of 2): 1 point\nassert x")
    assert passes == expected.format("✓", "○").replace("0 of 2", "1 of 2")
    assert run("# Task guess: 1 point\nassert True") == expected.format("✓", "✓").replace("0 of 2", "2 of 2")
    assert "✗ slope" in run(first + "syntax error")
    assert run("# Task other: 1 point\nassert x") == ""
    assert run("# Task explain: 4 points\nassert x") == ""


def test_following_again_begins_anew_and_prints_one_line(run):
    run("# Task guess: 1 point\nassert True")
    progress.follow(TESTS)
    line = run("# Task slope (1 of 2): 2 points\nassert True")
    assert line == "Progress: 0 of 2 tested tasks pass.  ○ slope  ○ guess  (marked by hand: explain)"


def test_outside_a_notebook_it_does_nothing(monkeypatch):
    monkeypatch.setattr(progress, "get_ipython", lambda: None)
    progress.follow(TESTS)
