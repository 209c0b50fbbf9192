"""Reading labs: everything a lab can have, and every mistake told with its file, line and cell."""

from pathlib import Path

import pytest

from lecturelib.homework.lab.lab import LabError, split
from lecturelib.homework.lab.names import defined, needed
from lecturelib.homework.lab.source import find, read, reads
from tests.homework.labs import LAB, broken

PATH = Path("labs/lines.md")


def test_everything_is_read(tmp_path):
    (tmp_path / "lines.md").write_text(LAB, encoding="utf-8")
    lab = read(tmp_path / "lines.md")
    assert (lab.name, lab.title, lab.minutes, lab.data, lab.points) == ("lines", "Lines", 20, (), 7)
    slope, guess, explain = lab.tasks
    assert [(task.name, task.kind, task.points) for task in lab.tasks] == [
        ("slope", "code", 2),
        ("guess", "code", 1),
        ("explain", "written", 4),
    ]
    assert [cell.because for cell in slope.wrong] == ["run over rise", "takes the first point to be the origin"]
    assert [cell.because for cell in slope.right] == ["counts from the other point"]
    assert slope.tests[0].takes == ("slope",)
    assert guess.tests[0].name == "guess-1"
    assert explain.rubric == "Two points for the run of zero, two for the division."
    assert lab.task("guess") is guess
    with pytest.raises(KeyError, match="lines has no task gess; it has slope, guess, explain|no task 'gess'"):
        lab.task("gess")


def test_kinds_stand_in_order():
    kinds = " ".join(cell.kind for cell in reads(LAB, PATH).cells)
    assert kinds == (
        "prose setup prose solution test wrong wrong right prose solution test wrong wrong right prose written "
        "rubric prose"
    )


def test_metadata_of_nbgrader_is_complete():
    task = reads(LAB, PATH).task("slope")
    base = {"schema_version": 3, "cell_type": "code", "task": False}
    assert task.solution.metadata["nbgrader"] == base | {
        "grade_id": "slope", "grade": False, "solution": True, "locked": False,
    }  # fmt: skip
    assert task.tests[0].metadata["nbgrader"] == base | {
        "grade_id": "slope-1", "grade": True, "solution": False, "locked": True, "points": 2,
    }  # fmt: skip


def test_lines_are_those_of_the_file():
    lines = LAB.splitlines()
    assert lines[reads(LAB, PATH).cells[1].line - 1].startswith("```{code-cell}")
    for cell in reads(LAB, PATH).cells:
        assert cell.source.splitlines()[0] in lines[cell.line - 1 : cell.line + 6]


def test_what_students_see_and_what_not():
    lab = reads(LAB, PATH)
    seen, kept_back = split(lab.task("slope").solution, "...")
    assert seen.splitlines()[-1] == "    ..."
    assert kept_back == ["    rise = q[1] - p[1]\n    return rise / (q[0] - p[0])"]
    seen, kept_back = split(lab.task("slope").tests[0])
    assert "origin" not in seen
    assert len(kept_back) == 1
    assert split(lab.cells[0]) == (lab.cells[0].source, [])


MISTAKES = {
    "no minutes": ("  minutes: 20", "  minutes: soon", r"lab.minutes: expected a whole number above 0, got 'soon'"),
    "no front": ("lab:\n  minutes: 20\n", "", "the front matter needs `lab:`"),
    "no kernel": ("kernelspec:", "kernel:", "needs `jupytext` and `kernelspec`"),
    "no data": ("  minutes: 20", "  minutes: 20\n  data: [data/x.csv]", "lab.data: there is no file data/x.csv"),
    "data outside": ("  minutes: 20", "  minutes: 20\n  data: [../x.csv]", "lab.data: ../x.csv does not lie below"),
    "no title": ("# Lines\n", "## Lines\n", "must begin with a heading"),
    "no mark at the end": ("    ### END SOLUTION\n", "", r"cell 4 \(solution slope\): BEGIN SOLUTION has no END"),
    "no mark at the beginning": ("    ### BEGIN SOLUTION\n", "", "END SOLUTION stands before BEGIN SOLUTION"),
    "stray mark": (
        "A line has a slope $a$.", "### BEGIN SOLUTION\nx\n### END SOLUTION", "BEGIN SOLUTION means nothing in a cell"),
    "hidden tests in a solution": (
        "    ### BEGIN SOLUTION\n", "    # END HIDDEN TESTS\n    ### BEGIN SOLUTION\n",
        "END HIDDEN TESTS means nothing"),
    "empty solution": (
        "guess = slope((2.0, 3.0), (4.0, 17.0))\n", "\n", "needs a solution between BEGIN SOLUTION"),
    "no assert": (
        'assert isinstance(guess, float), "guess is still to be set to a number"', "guess",
        "one assert that students see"),
    "seen after hidden tests": (
        "begin at the origin\"\n### END HIDDEN TESTS\n", "begin at the origin\"\n### END HIDDEN TESTS\nassert slope\n",
        "hidden tests must come last in their cell"),
    "hidden tests within a block": (
        "### BEGIN HIDDEN TESTS\nassert np.isclose(guess, 7.0)",
        "if True:\n    ### BEGIN HIDDEN TESTS\n    assert np.isclose(guess, 7.0)",
        "of the cell is no Python"),
    "no python": ("import numpy as np", "import numpy as", "line 1 of the cell is no Python"),
    "unknown task": ("lab: {task: slope, because: run", "lab: {task: slop, because: run", "there is no task slop; the"),
    "two of a name": ("grade_id: guess-1", "grade_id: slope-1", "slope-1 is the name of 2 cells"),
    "bad name": ("grade_id: guess-1", "grade_id: 1 guess", "nbgrader.grade_id: expected a name"),
    "no points": ("grade: true, points: 2", "grade: true", "nbgrader.points: expected a number above 0, got None"),
    "no takes": (", takes: [guess]", "", "lab.takes: expected a list of the names"),
    "unknown word": ("lab: {task: guess, takes", "lab: {task: guess, gives: 1, takes", "metadata lab: unknown gives"),
    "two things": ("tags: [setup]", "tags: [setup, wrong]", "it is several things at once: setup, wrong"),
    "wrong without a task": ("lab: {task: guess, because: the rise alone}", "lab: {}", "lab.task: expected the name"),
    "no because": ("because: the rise alone", "because: ''", "lab.because: expected a few words"),
    "tag on prose": ('"tags": ["rubric"]', '"tags": ["right"]', "the tag right does not belong on a markdown cell"),
    "no rubric": ('+++ {"tags": ["rubric"], "lab": {"task": "explain"}}', "+++", "a written task needs a rubric"),
    "unknown name": ("assert np.isclose(guess, 7.0)", "assert np.isclose(guess, slope((0, 0), (1, 7)))",
                     r"cell 11 \(test guess-1\): it uses slope, which is neither in lab.takes"),
    "unused name": ("takes: [slope]", "takes: [slope, guess]", "lab.takes: guess is not used"),
    "undefined for students": (
        "guess = None\n", "", "students would not find guess defined: write `guess = None`"),
    "setup needs a student": ("import numpy as np", "print(slope)", "it uses slope, which no setup"),
    "wrong answer defines nothing": ("guess = 14.0", "gues = 14.0", "must define guess"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_told(mistake):
    old, new, message = MISTAKES[mistake]
    with pytest.raises(LabError, match=message) as caught:
        reads(broken(old, new), PATH)
    assert all(line.startswith("labs/lines.md:") for line in str(caught.value).splitlines())


def test_all_mistakes_are_told_at_once():
    with pytest.raises(LabError) as caught:
        reads(broken("points: 2", "points: 0").replace("takes: [guess]", "takes: 7"), PATH)
    first, second = str(caught.value).splitlines()
    line = LAB.splitlines().index("nbgrader: {grade_id: slope-1, grade: true, points: 2}") - 1
    assert first.startswith(f"labs/lines.md:{line}: cell 5 (code): nbgrader.points")  # the line of its fence
    assert "lab.takes" in second


def test_metadata_that_is_no_yaml():
    with pytest.raises(LabError, match="labs/lines.md: Code cell 1 at line 1. could not be read"):
        reads(broken("tags: [setup]", "tags: [setup"), PATH)


def test_test_before_its_solution():
    head, tail = LAB.split("```{code-cell} ipython3\n---\nnbgrader: {grade_id: guess, ", 1)
    solution, tail = tail.split("```\n\n", 1)
    test, tail = tail.split("```\n\n", 1)
    text = f"{head}{test}```\n\n```{{code-cell}} ipython3\n---\nnbgrader: {{grade_id: guess, {solution}```\n\n{tail}"
    with pytest.raises(LabError, match="it stands before the solution of task guess"):
        reads(text, PATH)


def test_labs_are_found_by_name_and_by_path(tmp_path):
    for name in ("a", "b", "README"):
        (tmp_path / f"{name}.md").write_text(LAB, encoding="utf-8")
    assert [lab.name for lab in find([], tmp_path)] == ["a", "b"]
    assert [lab.name for lab in find(["b"], tmp_path)] == ["b"]
    assert [lab.name for lab in find([str(tmp_path / "a.md")], tmp_path)] == ["a"]
    with pytest.raises(FileNotFoundError, match="there is no lab c; in .* are: a, b"):
        find(["c"], tmp_path)


@pytest.mark.parametrize(
    ("source", "binds", "takes"),
    [
        ("import numpy as np\nx = np.ones(n)", {"np", "x"}, {"n"}),
        ("def f(a):\n    return a + b", {"f"}, {"b"}),
        ("y = [u for u in us]", {"y"}, {"us"}),
        ("class A:\n    z = w", {"A"}, {"w"}),
        ("for i in range(3):\n    print(i)", {"i"}, set()),
        ("(lambda q: q + r)(1)", set(), {"r"}),
        ("from a import b as c", {"c"}, set()),
        ("def top(a):\n    b = a + c\n    return b", {"top"}, {"c"}),
    ],
)
def test_names(source, binds, takes):
    assert defined(source) == binds
    assert needed(source) == takes
