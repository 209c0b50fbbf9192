"""Grading of a class: how long sixty submissions of a lab take, and each of them.

Run: python benchmarks/grading.py [--lab splines_breakpoints] [--number 60]

A third of the notebooks hold the lab's solution, a third one of its wrong answers, a third another right one. They are
graded on all cores as `python -m lecturelib.homework grade` does it, gradebook included. The notebooks come from the
lab's source; there is no peer, since none grades such notebooks behind walls without containers.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import nbformat

from lecturelib.core import timing
from lecturelib.homework.grading.course import Course
from lecturelib.homework.grading.grade import Summary, grade
from lecturelib.homework.lab import source
from lecturelib.homework.lab.lab import KEPT_BACK, Lab, split

LABS = Path(__file__).resolve().parents[1] / "labs"


def notebook(lab: Lab, number: int) -> str:
    """The notebook of student `number`: the solution, or it with one cell replaced by a listed answer."""
    answers = [cell for cell in lab.cells if cell.kind == ("", "wrong", "right")[number % 3]]
    other = answers[number // 3 % len(answers)] if answers else None
    cells = []
    for cell in lab.cells:
        if cell.kind in KEPT_BACK:
            continue
        text = cell.source if cell.kind in ("solution", "written") else split(cell)[0]
        if other is not None and cell.kind == "solution" and cell.name == other.task:
            text = other.source
        new = nbformat.v4.new_code_cell if cell.is_code else nbformat.v4.new_markdown_cell
        cells.append(new(text, metadata=dict(cell.metadata)))
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


def run(lab: Lab, number: int) -> tuple[float, Summary]:
    """Seconds for a class of that size, and what came out."""
    with tempfile.TemporaryDirectory() as folder:
        submissions = Path(folder, "submissions")
        submissions.mkdir()
        for one in range(number):
            (submissions / f"student{one:02}_{one}_{one}_{lab.name}.ipynb").write_text(notebook(lab, one))
        course = Course(Path(folder, "grades"), [lab])
        begin = perf_counter()
        summary = grade(course, submissions)
        return perf_counter() - begin, summary


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--lab", default="splines_breakpoints")
    parser.add_argument("--number", type=int, default=60)
    arguments = parser.parse_args()
    (lab,) = source.find([arguments.lab], LABS)
    seconds, summary = run(lab, arguments.number)
    each = sorted(record.result.seconds for record in summary.records)
    odd = {record.result.status for record in summary.records} - {"ok"}
    assert not odd, f"expected every submission to be ok, got {odd}"
    row = {
        "what": "Grading a class behind walls, gradebook included",
        "lab": lab.name,
        "submissions": arguments.number,
        "in all, s": seconds,
        "each, s (median)": median(each),
        "each, s (shortest)": each[0],
        "each, s (longest)": each[-1],
    }
    print(row)
    if arguments.number >= 60:
        timing.store("grading", [row], f"python benchmarks/grading.py --lab {lab.name}")


if __name__ == "__main__":
    main()
