"""Tables for learning systems and pages: right numbers, nothing secret, nothing that runs."""

import csv
import html
import re
from datetime import timedelta

import pytest

from lecturelib.homework.grading import gradebook
from lecturelib.homework.grading.course import Course
from lecturelib.homework.grading.records import Record
from lecturelib.homework.grading.results import CellResult, Result
from lecturelib.homework.grading.submissions import Student
from lecturelib.homework.reporting import pages, report
from tests.homework import handed_in
from tests.homework.handed_in import SECRET, WHOLE
from tests.homework.labs import LAB

HOSTILE = "</td><script>alert('x')</script><img src=x onerror=alert(1)>\x1b[31m\u202egnp.exe & \"quotes\""


def passed(name, task, points):
    return CellResult(name, task, points, True, "passed")


def record(
    student, *, slope=True, guess=True, status="ok", reasons=("all 3 cells ran without an error",), written="", **more
):
    """A record as grading makes it; detail and output hold what no page may show."""
    tests = (
        passed("slope-1", "slope", 2.0)
        if slope
        else CellResult("slope-1", "slope", 2.0, False, "assert", SECRET, True, "DETAIL assert np.isclose(slope("),
        passed("guess-1", "guess", 1.0)
        if guess
        else CellResult("guess-1", "guess", 1.0, False, "error", HOSTILE, False, "DETAIL Traceback"),
    )
    result = Result("lines", tests, status, reasons, 1.5, errors=more.pop("errors", ()), written={"explain": written})
    return Record("key", student, f"{student.key}.ipynb", result, **more)


ADA = Student("ada-11", "Ada", "11", "canvas")
EMMY = Student("emmy-12", "=cmd|' /C calc'!A0", "12", "canvas")
MARY = Student("mary-13", "Mary Öst", "13", "moodle")
NINA = Student("nina-14", HOSTILE, "14", "moodle")
RECORDS = [
    record(ADA),
    record(EMMY, slope=False, written="Because.", status="needs review", reasons=(HOSTILE,)),
    record(
        MARY, guess=False, late=timedelta(hours=30), status="late", reasons=("handed in 30.0 hours after the due time",)
    ),
    record(NINA, slope=False, guess=False, status="invalid", reasons=("the file is empty",), errors=(HOSTILE,)),
]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Everything that a report writes for a class of four."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "lines.md").write_text(LAB)
    course = Course(folder, [handed_in.lab(folder / "lines.md")])
    for one in RECORDS:
        course.shelf.save(one)
    gradebook.fill(folder / "gradebook.db", course.labs, RECORDS, course.rule, {})
    (folder / "roster.csv").write_text(
        "Student,ID,SIS User ID,SIS Login ID,Section,Lines (77),Other (78)\n"
        "    Points Possible,,,,,7,10\n"
        '"Lovelace, Ada",11,a1,ada@x.org,One,,5\n"Noether, Emmy",12,e1,emmy@x.org,One,,\n'
        '"Ill, Ida",19,i1,ida@x.org,Two,,\n'
    )
    report.report(course, folder / "with", roster=folder / "roster.csv")
    report.report(course, folder / "without")
    return folder


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_records_come_back_from_disk(written):
    assert Course(written, []).shelf.all() == RECORDS


def test_the_general_table(written):
    lines = table(written / "without" / "grades.csv")
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    assert [row["student"] for row in rows] == ["ada-11", "emmy-12", "mary-13", "nina-14"]
    assert [row["points"] for row in rows] == ["3", "1", "1.6", "0"]
    assert [row["status"] for row in rows] == ["ok", "needs review", "late", "invalid"]
    assert all(row["reasons"] for row in rows)
    assert [row["waiting"] for row in rows] == ["", "explain", "", ""]
    assert rows[2]["penalty"] == "0.4"
    assert rows[1]["name"].startswith("'=cmd")
    assert "\x1b" not in rows[1]["reasons"]
    assert "\u202e" not in rows[1]["reasons"]


def test_the_table_for_canvas(written):
    head, possible, *rows = table(written / "without" / "canvas.csv")
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Lines"]
    assert possible == ["    Points Possible", "", "", "", "", "7"]
    assert [(row[1], row[5]) for row in rows] == [("11", "3"), ("12", "")]  # Emmy's words wait for points by hand


def test_labs_that_nobody_handed_in_have_no_column(written, tmp_path):
    other = handed_in.source.reads(
        LAB.replace("slope", "bend").replace("guess", "hunch").replace("# Lines", "# Curves"), "curves.md"
    )
    course = Course(written, [*(handed_in.lab(written / "lines.md"),), other])
    report.report(course, tmp_path / "all")
    assert table(tmp_path / "all" / "canvas.csv")[0][5:] == ["Lines"]
    assert "Curves" not in (tmp_path / "all" / "overview.html").read_text(encoding="utf-8")
    report.report(Course(written, course.labs, only=("curves",)), tmp_path / "curves")
    assert len(table(tmp_path / "curves" / "grades.csv")) == 1


def test_the_table_for_canvas_with_its_own_students(written):
    head, _, *rows = table(written / "with" / "canvas.csv")
    assert head[-1] == "Lines (77)"
    assert [tuple(row) for row in rows] == [
        ("Lovelace, Ada", "11", "a1", "ada@x.org", "One", "3"),
        ("Noether, Emmy", "12", "e1", "emmy@x.org", "One", ""),
        ("Ill, Ida", "19", "i1", "ida@x.org", "Two", ""),
    ]


def test_the_table_for_moodle(written):
    head, *rows = table(written / "without" / "moodle-lines.csv")
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(head)
    rows = [dict(zip(head, row, strict=True)) for row in rows]
    assert [row["Identifier"] for row in rows] == ["Participant 13", "Participant 14"]
    assert [row["Grade"] for row in rows] == ["1.6", ""]  # what could not be run is no bare 0
    assert rows[1]["Feedback comments"] == "invalid; the file is empty"


def all_pages(written):
    return sorted((written / "without").rglob("*.html"))


def test_pages_show_nothing_secret_and_run_nothing(written):
    found = all_pages(written)
    assert len(found) == 5
    for path in found:
        page = path.read_text(encoding="utf-8")
        assert "DETAIL" not in page
        assert "np.isclose" not in page
        assert "<script" not in page
        assert "<img" not in page
        assert not re.search(r"<[^>]*\son\w+=", page)
        assert not re.search(r"""(?:src|href|url)\s*[=(]""", re.sub(r"&lt;.*?&gt;", "", page))
        assert "\x1b" not in page
        assert "\u202e" not in page
        assert "default-src 'none'" in page
        assert page.count("<table") == page.count("</table>")
        assert page.count("<td") == page.count("</td>")


def test_feedback_tells_tasks_points_and_messages(written):
    folder = written / "without" / "feedback" / "lines"
    ada, emmy, mary = (
        (folder / f"{name}.html").read_text(encoding="utf-8") for name in ("ada-11", "emmy-12", "mary-13")
    )
    assert "3 of 7 points" in ada
    assert ada.count("Every test passed") == 2
    assert "There is no answer." in ada
    assert f"{SECRET}</p>" in emmy
    assert "in a test that you do not see" in emmy
    assert "1 of 7 points so far" in emmy
    assert "Waits for points by hand" in emmy
    assert html.escape("</td><script>", quote=False) in mary
    assert "−0.4" in mary
    assert "handed in 30.0 hours" in mary


def test_the_overview(written):
    page = (written / "without" / "overview.html").read_text(encoding="utf-8")
    assert "4 submissions" in page
    assert "3 submissions, 1.87 of 7 points on average." in page
    assert "Left out here: 1 that could not be run (invalid)." in page
    assert "2 of 3" in page
    assert re.search(r"To look at.*nina-14.*emmy-12.*Waiting for points by hand", page, flags=re.S)
    assert "emmy-12, lines: explain" in page
    assert re.search(r'<td class="n">1</td><td>slope-1</td>', page)  # Emmy's, not that of a file that is empty
    (spoken,) = re.findall(r'aria-label="Number of submissions by points: ([^"]*)"', page)
    bins = [int(count) for count in re.findall(r": (\d+)", spoken)]
    assert sum(bins) == 3
    assert '<td class="code path">nina-14.ipynb</td>' in page


def test_bins_hold_everybody():
    assert [one["count"] for one in pages._bins([0.0, 0.5, 5.0, 10.0, 10.0, -1.0], 10.0)] == [
        3,
        0,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        2,
    ]
    assert len(pages._bins([], 10.0)) == 10


def test_a_roster_that_is_none(written):
    with pytest.raises(ValueError, match="as Canvas exports it"):
        report._roster(written / "without" / "grades.csv")


def test_numbers_are_no_formulas():
    assert report._safe("-1.5") == "-1.5"
    assert report._safe("-") == "-"
    assert report._safe("+1+1") == "'+1+1"
    assert report._safe("@sum") == "'@sum"
    assert report._safe("a\nb\tc") == "a b c"
    assert WHOLE == 3
