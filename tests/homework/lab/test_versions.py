"""The page, the student's notebook and the instructor's, of a small lab in a small book that is really built."""

import json
import re
import shutil
import zipfile

import nbformat
import pytest
from nbgrader.utils import compute_checksum

from lecturelib.homework.__main__ import main
from lecturelib.homework.isolation import sandbox
from lecturelib.homework.lab import packing, shelf, source, versions
from tests.homework.labs import LAB
from tests.site.books import built

KEPT_BACK = ("rise = q", "origin", "counts from", "divided by zero", "run of zero", "14.0", "BEGIN", "run over rise")


@pytest.fixture(scope="module")
def lab(small_book):
    return source.read(small_book / "labs" / "lines.md")


@pytest.fixture(scope="module")
def student(small_book, lab):
    return nbformat.read(shelf.student_notebook(small_book, lab), as_version=4)


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def test_notebook_is_valid(student):
    nbformat.validate(student)
    assert (student.nbformat, student.nbformat_minor) == (4, 5)
    assert student.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in student.cells}) == len(student.cells)
    assert all(cell.outputs == [] for cell in student.cells if cell.cell_type == "code")


def test_cells_stand_in_the_order_of_the_source(student):
    headings = [cell.source.splitlines()[0] for cell in student.cells]
    assert "CC BY 4.0" in headings.pop(0)  # where the notebook comes from
    assert headings == [
        "# Lines",
        "# Looks for lecturelib, the library of this book, and says what to do where it is missing.",
        "import numpy as np",
        "## Slope",
        "def slope(p, q):",
        "# Task slope: 2 points",
        "## Prediction",
        "guess = None",
        "# Task guess: 1 point",
        "## In words",
        "Why has an upright line no slope?",
        "That is all.",
    ]


def test_first_cell_makes_ready(student):
    first = next(cell for cell in student.cells if cell.cell_type == "code").source
    assert "This notebook needs lecturelib" in first
    assert 'progress.follow({"slope": 1, "guess": 1, "explain": 0})' in first


def test_solutions_are_cleared_and_nothing_else(student):
    assert cell_of(student, "slope").source == (
        'def slope(p, q):\n    """The slope of the line through the points p and q, each (x, y)."""\n'
        '    # Your solution here\n    raise NotImplementedError("Task slope is still to be written")'
    )
    assert cell_of(student, "guess").source == "guess = None\n# Your solution here"
    assert cell_of(student, "explain").source == "Why has an upright line no slope?\n\n*Your answer here.*"
    assert cell_of(student, "slope-1").source.startswith("# Task slope: 2 points\nassert np.isclose(slope((0.0, 0.0)")
    text = "\n".join(cell.source for cell in student.cells)
    assert not [piece for piece in KEPT_BACK if piece in text]


def test_metadata_is_that_of_nbgrader(student):
    test, solution, answer = (cell_of(student, name) for name in ("slope-1", "slope", "explain"))
    assert test.metadata.editable is False
    assert "editable" not in solution.metadata
    assert answer.metadata.nbgrader.points == 4
    for cell in (test, solution, answer):
        assert cell.metadata.deletable is False
        assert cell.metadata.nbgrader.checksum == compute_checksum(cell)
        assert cell.metadata.nbgrader.schema_version == 3
    assert not [cell for cell in student.cells if "lab" in cell.metadata]


def test_page_shows_the_lab_without_solutions(small_book):
    page = (small_book / "_build" / "html" / "labs" / "lines.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page)
    assert "Why has an upright line no slope?" in text
    assert "7 points" in text
    assert not [piece for piece in KEPT_BACK if piece in text]
    for end in ("ipynb", "zip"):
        assert f'href="../_sources/labs/lines.{end}" download' in page
    assert '<div class="lab-answer docutils container">' in page


def test_nowhere_in_the_build_is_a_solution(small_book):
    made = [path for path in (small_book / "_build").rglob("*") if path.is_file() and "assets" not in path.parts]
    assert len(made) > 50
    assert not [path for path in made if b"rise = q[1]" in path.read_bytes()]


def test_source_in_the_site_is_that_of_the_page(small_book, lab):
    there = (small_book / "_build" / "html" / "_sources" / "labs" / "lines.md").read_text(encoding="utf-8")
    assert there == versions.page(lab)
    assert "rise = q[1]" in LAB
    assert "rise = q[1]" not in there


def test_second_build_gives_the_same_bytes(small_book, tmp_path):
    made = small_book / "_build" / "html" / "_sources" / "labs"
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    assert set(before) == {"lines.md", "lines.ipynb", "lines.zip"}
    again = tmp_path / "again"
    shutil.copytree(small_book, again, symlinks=True, ignore=shutil.ignore_patterns("html", ".doctrees", "built"))
    assert {path.name: path.read_bytes() for path in (built(again) / "_sources" / "labs").iterdir()} == before


def test_instructors_notebook_has_everything(lab, student):
    notebook = versions.instructor(lab, student)
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells)
    for cell in lab.cells:
        if cell.kind in ("solution", "test", "rubric", "wrong", "right"):
            assert cell.source in text
    assert "Its run is zero, and nothing can be divided by zero." in text
    assert "**A wrong answer: run over rise.**" in text
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) == len([cell for cell in student.cells if cell.cell_type == "code"])
    namespace = {}
    for cell in code:
        exec(cell, namespace)
    assert namespace["guess"] == 7.0


def test_command_writes_folder_and_archive(small_book, lab, capsys):
    assert main(["--book", str(small_book), "student", "lines"]) == 0
    said = capsys.readouterr().out
    folder = small_book / "_build" / "homework" / "student"
    assert str(folder / "lines.zip") in said
    notebook = (folder / "lines" / "lines.ipynb").read_bytes()
    assert notebook == shelf.student_notebook(small_book, lab).read_bytes()
    with zipfile.ZipFile(folder / "lines.zip") as packed:
        assert packed.namelist() == ["lines/lines.ipynb"]
        assert packed.read("lines/lines.ipynb") == notebook
    opened = (small_book / "_build" / "homework" / "instructor" / "lines" / "lines.ipynb").read_text(encoding="utf-8")
    assert "rise = q[1]" in json.loads(opened)["cells"][5]["source"][3]


PLANTED = {
    "labs/lines.html": ("<p>rise <b>=</b> q[1] - p[1]</p>", "solution slope"),
    "_sources/labs/lines.md": ("Two points for the run of zero", "rubric of task explain"),
    "_downloads/1/lines.ipynb": (json.dumps({"source": ["guess = ", "14.0"]}), "wrong of task guess"),
    "root.html": ("the points need not begin at the origin", "test slope-1"),
    "labs/other.txt": ("counts from the other point", "right of task slope"),
}


def test_leak_anywhere_in_the_site_is_refused(small_book, tmp_path, capsys):
    there = small_book / "_build" / "html"
    shutil.copytree(there, tmp_path / "_build" / "html", ignore=shutil.ignore_patterns("assets", "_static"))
    shutil.copytree(small_book / "labs", tmp_path / "labs")
    page = tmp_path / "_build" / "html" / "_sources" / "labs" / "lines.md"
    assert main(["--book", str(tmp_path), "student"]) == 0
    capsys.readouterr()
    for name, (text, _) in PLANTED.items():
        path = tmp_path / "_build" / "html" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        # a page that is not that of the source is refused before anything is looked for
        path = path.with_suffix(".txt") if path == page else path
        path.write_text(before + text, encoding="utf-8")
    index = tmp_path / "_build" / "html" / "search" / "index.js"
    known, more = (rf"[\\\"{word}\\\"," for word in ("upright", "nothing"))
    text = index.read_text(encoding="utf-8")
    assert known in text
    entry = text[text.index(known) :].split("]", 1)[0]
    index.write_text(text.replace(entry, f"{entry.replace(known, more)}],{entry}", 1), encoding="utf-8")
    assert main(["--book", str(tmp_path), "student"]) == 1
    told = capsys.readouterr().err.splitlines()
    for name, (_, cell) in PLANTED.items():
        place = f"students can find this in html/{name.replace('lines.md', 'lines.txt')}: "
        assert [line for line in told if place in line and f"({cell})" in line], (name, told)
    assert [line for line in told if line.endswith("html/search/index.js: nothing")]
    assert told[-1] == f"Not released: {len(told) - 1} reasons above."
    assert not (tmp_path / "_build" / "homework" / "student" / "lines").exists()
    assert not (tmp_path / "_build" / "homework" / "student" / "lines.zip").exists()


def test_release_runs_the_lab_as_it_is_graded(small_book, capsys):
    try:
        sandbox.wall()
    except sandbox.NoIsolation:
        options = ["--unsafe"]
    else:
        options = []
    assert main(["--book", str(small_book), "release", "lines", *options]) == 0
    assert "lines: " in capsys.readouterr().out


def test_old_site_is_refused(small_book, lab, tmp_path, capsys):
    (tmp_path / "labs").mkdir()
    (tmp_path / "_build").symlink_to(small_book / "_build")
    (tmp_path / "labs" / "lines.md").write_text(LAB.replace("A line has", "Every line has"), encoding="utf-8")
    (tmp_path / "labs" / "other.md").write_text(LAB, encoding="utf-8")
    assert main(["--book", str(tmp_path), "student", "lines"]) == 1
    assert "lines has changed since the site was built: run make book" in capsys.readouterr().err
    assert main(["--book", str(tmp_path), "student", "other"]) == 1
    assert "other is not in the built site: add labs/other to _toc.yml and run make book" in capsys.readouterr().err
    assert main(["--book", str(tmp_path), "student", "none"]) == 1
    assert "there is no lab none; in" in capsys.readouterr().err


def test_task_with_two_test_cells_counts_them():
    test = LAB[LAB.index("```{code-cell} ipython3\n---\nnbgrader: {grade_id: slope-1") :]
    test = test[: test.index("```\n\n") + 5]
    text = LAB.replace(test, test + test.replace("slope-1", "slope-2").replace("points: 2", "points: 0.5"))
    lab = source.reads(text, "labs/lines.md")
    cells = lab.task("slope").tests
    headings = [versions.heading(lab, cell) for cell in cells]
    assert headings == ["# Task slope (1 of 2): 2 points", "# Task slope (2 of 2): 0.5 points"]
    assert lab.points == 7.5


def test_what_students_do_not_get_is_no_cell_of_theirs(lab):
    with pytest.raises(ValueError, match=r"lines: cell 6 \(wrong of task slope\) is in no version for students"):
        versions.student_cell(lab, lab.task("slope").wrong[0])


def test_archive_keeps_paths_and_bytes():
    files = {"a.ipynb": b"{}", "data/x.csv": b"1,2\n"}
    assert packing.zipped(files, "a") == packing.zipped(dict(reversed(files.items())), "a")
