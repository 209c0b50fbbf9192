"""Every lab stands what it has to before it is handed out.

Its solution and the listed right answers pass; the wrong ones, and the student's version as it is, fail with a message.

The notebooks run in this process, with names kept apart as grading keeps them: tests see what setup cells define and
what they take, and all that goes to a student's function and comes from it is written and read as between processes.
Grading itself, behind its walls, is tested with the package, and with each lab's solution in `test_behind_walls.py`.
"""

import contextlib
from dataclasses import dataclass

import nbformat
import pytest

from lecturelib.homework.isolation import codec
from lecturelib.homework.lab import release, source, versions
from lecturelib.homework.lab.lab import KEPT_BACK, Lab
from tests.homework.benches import Result, outcome
from tests.labs.test_labs import LABS, PATHS


@dataclass
class Apart:
    """Runs the student's cells, passing over those that stop, then tests with setup cells and `takes` alone."""

    lab: Lab

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        pass

    def run(self, notebook) -> Result:
        names: dict = {}
        for cell in notebook.cells:
            draws = "figures.show(" in cell.source  # which takes most of the time and decides nothing
            if cell.cell_type == "code" and not draws and not cell.metadata.get("nbgrader", {}).get("grade"):
                with contextlib.suppress(NotImplementedError):
                    exec(cell.source, names)
        given: dict = {}
        for cell in self.lab.cells:
            if cell.kind == "setup":
                exec(cell.source, given)
        tests = [cell for cell in self.lab.cells if cell.kind == "test"]
        return Result(
            tuple(outcome(cell, {**given, **{name: sent(names[name]) for name in cell.takes}}) for cell in tests)
        )


def sent(value):
    """What a test gets of a name of the notebook: data that went from process to process, or a function on such."""

    def over(one):
        return codec.decode(codec.encode(one))

    if not callable(value):
        return over(value)

    def call(*args, **named):
        args, named = over([list(args), named])
        return over(value(*args, **named))

    return call


def student(lab):
    cells = [versions.student_cell(lab, cell) for cell in lab.cells if cell.kind not in KEPT_BACK]
    return versions.finish(nbformat.v4.new_notebook(cells=cells))


# answers may be tensors, and torch does not know yet how NumPy asks for copies
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")
@pytest.mark.parametrize("name", LABS)
def test_lab_can_be_released(name, monkeypatch):
    lab = LABS[name]
    monkeypatch.chdir(lab.path.parent)
    assert [str(failure) for failure in release.check(lab, student(lab), Apart)] == []


def test_a_wrong_answer_that_passes_would_be_found(monkeypatch):
    (path,) = (path for path in PATHS if path.stem == "splines_breakpoints")
    text = path.read_text(encoding="utf-8").replace("predicted_place = 0.4\n", "predicted_place = -0.21\n")
    lab = source.reads(text, path)
    monkeypatch.chdir(path.parent)
    failures = [str(failure) for failure in release.of_listed(lab, lab.task("clash"), student(lab), Apart)]
    assert len(failures) == 1
    assert "the plain mean of the two places" in failures[0]


def test_a_test_that_sends_a_function_would_be_found(monkeypatch):
    (path,) = (path for path in PATHS if path.stem == "generative_games")
    text = path.read_text(encoding="utf-8")
    now, then = "found = played(uneven, (1.0, 2.0)", "found = played(lambda x, y: (x, y), (1.0, 2.0)"
    assert text.count(now) == 1
    lab = source.reads(text.replace(now, then), path)
    part = release.alone(lab, lab.task("play"))
    monkeypatch.chdir(path.parent)
    solved = release.filled_in(lab, student(lab), {}, until="play-1")
    (failure,) = release.of_solution(part, Apart(part).run(solved))
    assert "a value of type function" in str(failure)
