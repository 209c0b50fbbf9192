"""What a lab has to stand: small labs with one mistake each are refused, each with its message and its place."""

import re
from pathlib import Path

import nbformat
import pytest

from lecturelib.homework.lab import release, source, versions
from tests.homework.benches import PlainBench
from tests.homework.labs import LAB, broken

PATH = Path("labs/lines.md")


def student(lab):
    """The student's notebook, as far as running it goes."""
    cells = [versions.student_cell(lab, cell) for cell in lab.cells if cell.kind not in release.leaks.KEPT_BACK]
    return versions.finish(nbformat.v4.new_notebook(cells=cells))


def refused(text: str, open_bench=PlainBench) -> list[str]:
    lab = source.reads(text, PATH)
    return [without_numbers(failure, text) for failure in release.check(lab, student(lab), open_bench)]


def without_numbers(failure, text: str) -> str:
    """The message without the number of its line, which must be where the cell begins."""
    told = re.search(r"lines\.md:(\d+)", str(failure))
    if told:
        assert failure.cell.source.splitlines()[0] in "\n".join(text.splitlines()[int(told[1]) - 1 :][:7])
    return re.sub(r"(lines\.md):\d+", r"\1", str(failure))


def test_lab_is_released():
    assert refused(LAB) == []


MISTAKES = {
    "solution fails": (
        "return rise / (q[0] - p[0])\n    ###", "return rise / (p[0] - q[0])\n    ###",
        ["lines, task slope, cell 5 (test slope-1) in lines.md: the solution fails: rise over run: (y2 - y1)",
         "lines, task guess, cell 11 (test guess-1) in lines.md: the solution fails: divide the rise of 14"]),
    "solution fails hidden tests": (
        "-0.5)", "0.5)",
        ["lines, task slope, cell 5 (test slope-1) in lines.md: the solution fails: the points need not begin"]),
    "unchanged version passes": (
        "guess = None\n", "guess = 7.0\n",
        ["lines, task guess, cell 11 (test guess-1) in lines.md: the unchanged student's version passes"]),
    "unchanged version fails with an error of Python": (
        'assert isinstance(guess, float), "guess is still to be set to a number"', "assert guess + 1 > 0",
        ["lines, task guess, cell 11 (test guess-1) in lines.md: on the unchanged student's version it must fail by "
         "an assert, not by: TypeError: unsupported"]),
    "wrong answer passes": (
        "guess = 14.0", "guess = 3.5 * 2",
        ["lines, task guess, cell 12 (wrong of task guess) in lines.md: this wrong answer (the rise alone) passes"]),
    "wrong answer fails without a message": (
        "guess = 14.0", "guess = float",
        []),
    "right answer fails": (
        "guess = 7.0\n```", "guess = 7\n```",
        ["lines, task guess, cell 14 (right of task guess) in lines.md: this right answer (by hand) fails guess-1: "
         "guess is still to be set"]),
    "too few wrong": (
        "tags: [wrong]\nlab: {task: guess, because: upside down}\n---\nguess = 1 / 7",
        "tags: [right]\nlab: {task: guess, because: doubled}\n---\nguess = 3.5 * 2",
        ["lines, task guess, cell 10 (solution guess) in lines.md: lists 1 wrong answer, expected at least 2"]),
    "no right": (
        "tags: [right]\nlab: {task: guess, because: by hand}\n---\nguess = 7.0",
        "tags: [wrong]\nlab: {task: guess, because: too little}\n---\nguess = 6.0",
        ["lines, task guess, cell 10 (solution guess) in lines.md: lists 0 right answers, expected at least 1"]),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_refused(mistake):
    old, new, expected = MISTAKES[mistake]
    lines = refused(broken(old, new))
    assert len(lines) == len(expected), lines
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith(start)
        assert "\n" not in line


def test_wrong_answer_must_be_told_what_is_wrong():
    text = broken('assert isinstance(guess, float), "guess is still to be set to a number"', 'assert guess, "set it"')
    [line] = refused(text.replace("guess = 14.0", "guess = 'fourteen'"))
    assert "(the rise alone) fails by no assert, so nobody is told what is wrong: " in line
    assert "Error" in line


def test_slow_solution_is_refused():
    [line] = refused(LAB, lambda lab: PlainBench(lab, seconds=121.0))
    assert line == "lines: the solution takes 121 seconds; a lab has 120"


def test_run_that_gives_no_outcome_is_a_failure():
    class Dies(PlainBench):
        def run(self, notebook):
            result = super().run(notebook)
            result.tests, result.status, result.reasons = (), "crashed", ("out of memory",)
            return result

    lines = refused(LAB, Dies)
    assert len(lines) == 4
    assert all(line.endswith("crashed: out of memory") for line in lines)


def test_answers_are_run_with_the_tests_of_their_task_alone():
    benches = []

    def opened(lab):
        benches.append(PlainBench(lab))
        return benches[-1]

    assert refused(LAB, opened) == []
    whole, slope, guess = benches
    assert [len(bench.ran) for bench in benches] == [2, 3, 3]
    assert [cell.name for cell in slope.lab.cells if cell.kind == "test"] == ["slope-1"]
    assert [cell.name for cell in guess.lab.cells if cell.kind == "test"] == ["guess-1"]
    last = slope.ran[0].cells[-1]
    assert last.metadata["nbgrader"]["grade_id"] == "slope-1"
    assert len(whole.ran[0].cells) > len(slope.ran[0].cells)
    assert "run over rise" not in whole.ran[0].cells[3].source


def test_leak_is_told_with_its_place(tmp_path):
    lab = source.reads(LAB, PATH)
    (tmp_path / "lines.html").write_text("<p>guess&nbsp;= 7.0</p>\u00a0<p>Two points for the run of zero</p>")
    files = {"html/labs/lines.html": tmp_path / "lines.html"}
    lines = [without_numbers(failure, LAB) for failure in release.of_leaks(lab, files, {})]
    told = "students can find this in html/labs/lines.html"
    assert lines == [
        f"lines, task guess, cell 14 (right of task guess) in lines.md: {told}: guess = 7.0",
        f"lines, task explain, cell 17 (rubric of task explain) in lines.md: {told}: Two points for the run of "
        "(and 1 piece more)",
    ]
