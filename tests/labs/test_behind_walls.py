"""Every lab is graded as submissions are: its solution gets all points behind the walls of the real grader.

Cells that draw, and code after the last test, are left out, which take most of the time: `release` runs them.
"""

import nbformat
import pytest

from lecturelib.homework.grading.run import Bench
from lecturelib.homework.lab import release
from tests.homework import handed_in
from tests.labs.test_answers import student
from tests.labs.test_labs import LABS


@pytest.mark.parametrize("name", LABS)
def test_solution_gets_all_points_behind_the_walls(name):
    handed_in.isolation()
    lab = LABS[name]
    solved = release.filled_in(lab, student(lab), {})
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in solved.cells]
    last = names.index([cell.name for cell in lab.cells if cell.kind == "test"][-1])
    cells = [
        cell
        for place, cell in enumerate(solved.cells)
        if cell.cell_type == "markdown" or (place <= last and "figures.show(" not in cell.source)
    ]
    with Bench(lab) as bench:
        result = bench.run(nbformat.v4.new_notebook(cells=cells, metadata=solved.metadata))
    assert [(one.name, one.kind, one.message) for one in result.tests if not one.passed] == []
    assert {one.name for one in result.tests} == {test.name for task in lab.tasks for test in task.tests}
    assert result.errors == ()
    assert result.status == "ok", result.reasons
    assert result.points == sum(task.points for task in lab.tasks if task.kind == "code")
