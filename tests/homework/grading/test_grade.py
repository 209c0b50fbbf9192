"""Grading of a class: nobody's submission matters for anybody else's, and a stop loses nothing."""

import contextlib
import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from lecturelib.homework.__main__ import main
from lecturelib.homework.grading import grade, gradebook
from lecturelib.homework.grading.course import Chosen, Course
from lecturelib.homework.grading.penalties import Rule
from lecturelib.homework.grading.run import run_submission
from lecturelib.homework.isolation import sandbox
from lecturelib.homework.isolation.limits import Limits
from lecturelib.homework.reporting import report
from lecturelib.homework.reporting.rows import read_rows
from tests.homework import handed_in
from tests.homework.grading.test_submissions import zipped
from tests.homework.handed_in import USUAL, WHOLE, notebook, text
from tests.homework.labs import LAB

ANSWERS = [
    {},
    {"slope": "def slope(p, q):\n    return q[1] / q[0]", "guess": "guess = 7.0"},
    {"slope": "raise ValueError", "guess": "guess = 7.0"},
    {"guess": "guess = 14.0", "explain": "The run is zero."},
    {"slope": "def slope(p, q):\n    raise NotImplementedError('Task slope is still to be written')", "guess": ""},
]
PLANTED = {
    "loop": "while True:\n    pass",
    "deaf": "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True:\n    pass",
    "bomb": "import os\nwhile True:\n    os.fork()",
    "memory": "x = bytearray(6 << 30)",
    "line": "print('x' * 10**8)",
    "exit": "import os\nos._exit(1)",
    "killer": "import os, signal\nos.kill(os.getppid(), 9)\nos.kill(0, 9)",
    "hog": "import os\nfor _ in range(30):\n    if os.fork() == 0:\n        while 1:\n            0\nwhile 1:\n    0",
    "background": "import subprocess\nsubprocess.Popen(['sleep', '600'], start_new_session=True)",
}


@pytest.fixture(scope="session")
def empty_book(tmp_path_factory):
    """A new gradebook, made once: nbgrader takes seconds for that."""
    path = tmp_path_factory.mktemp("gradebook") / "gradebook.db"
    with gradebook.opened(path):
        return path.read_bytes()


@pytest.fixture
def course(tmp_path, empty_book):
    """A course with the small lab, whose source is a file, and a gradebook in which nothing stands."""
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs" / "lines.md").write_text(LAB)
    (tmp_path / "grades").mkdir()
    (tmp_path / "grades" / "gradebook.db").write_bytes(empty_book)
    (tmp_path / "submissions").mkdir()
    return Course(tmp_path / "grades", [handed_in.lab(tmp_path / "labs" / "lines.md")], limits=USUAL)


@pytest.fixture
def submissions(course):
    return course.folder.parent / "submissions"


def hand_in(folder, number, answers, name="student", late=""):
    path = folder / f"{name}{number:02}{late}_{100 + number}_{200 + number}_lines.ipynb"
    path.write_text(text(notebook(**answers)))
    return path


def points(course, key):
    with gradebook.opened(course.folder / "gradebook.db") as book:
        return gradebook.total(book, course.labs[0], key)


def test_a_class_of_sixty(course, submissions):
    handed_in.isolation()
    course = Course(
        **vars(course) | {"limits": Limits(cell_seconds=3, notebook_seconds=8, call_seconds=3, memory=1 << 30)}
    )
    for number in range(50):
        hand_in(submissions, number, ANSWERS[number % len(ANSWERS)])
    for number, code in enumerate(PLANTED.values(), 50):
        hand_in(submissions, number, {"guess": code}, "planted")
    (submissions / "planted59_159_259_lines.ipynb").write_text("{")
    done = grade.grade(course, submissions, progress=False)
    assert (len(done.records), done.graded) == (60, 60)
    records = {record.student.key: record.result for record in done.records}
    alone = [run_submission(course.labs[0], notebook(**answers), course.limits) for answers in ANSWERS]
    assert [result.points for result in alone] == [3, 1, 1, 2, 0]
    for number in range(50):
        result, own = records[f"student{number:02}-{100 + number}"], alone[number % len(ANSWERS)]
        assert (result.tests, result.status, result.reasons) == (own.tests, own.status, own.reasons)
    planted = {record.result.status: 0 for record in done.records}
    for number, name in enumerate([*PLANTED, "broken"], 50):
        result = records[f"planted{number}-{100 + number}"]
        planted[result.status] += 1
        assert result.points in {"broken": (0,), "hog": (0, 2)}.get(name, (2,)), name
        assert result.reasons
        assert len(result.output) < USUAL.output + 100
    assert planted["timeout"] == 3
    assert planted["invalid"] == 1
    assert planted["crashed"] >= 2


def test_each_submission_is_held_to_one_core(course, submissions):
    handed_in.isolation()
    code = """
import os
print(len(os.sched_getaffinity(0)))
try:
    os.sched_setaffinity(0, range(os.cpu_count()))
    print("FREE")
except PermissionError:
    print("HELD")
"""
    for number in range(4):
        hand_in(submissions, number, {"guess": code})
    done = grade.grade(course, submissions, progress=False)
    assert [record.result.output for record in done.records] == ["1\nHELD\n"] * 4


def test_a_grader_that_fails_gives_nobody_a_zero(course, submissions, monkeypatch):
    for number in range(3):
        hand_in(submissions, number, {"explain": "Its run is zero."} if number == 1 else {})
    works = grade.Bench.run

    def breaks(bench, content):
        if b"Its run is zero." in content:
            raise sandbox.SandboxError("the wall came down")
        return works(bench, content)

    monkeypatch.setattr(grade.Bench, "run", breaks)
    done = grade.grade(course, submissions, progress=False)
    assert [record.result.points for record in done.records] == [3, 0, 3]
    result = done.records[1].result
    assert result.status == "needs review"
    assert "no known fault of it: SandboxError: the wall came down" in result.reasons[0]
    assert points(course, "student01-101").waiting[:2] == ("slope-1", "guess-1")
    (row,) = [row for row in read_rows(course) if row.record.student.number == "101"]
    assert not row.ready
    monkeypatch.setattr(grade.Bench, "run", works)
    again = grade.grade(course, submissions, progress=False)
    assert (again.graded, again.records[1].result.points) == (1, 3)


def test_what_is_done_is_not_done_again(course, submissions):
    for number in range(4):
        hand_in(submissions, number, ANSWERS[number])
    assert grade.grade(course, submissions, progress=False).graded == 4
    files = {path: path.stat().st_mtime_ns for path in (course.folder / "results").rglob("*.json")}
    again = grade.grade(course, submissions, progress=False)
    assert again.graded == 0
    assert files == {path: path.stat().st_mtime_ns for path in (course.folder / "results").rglob("*.json")}
    hand_in(submissions, 0, {"guess": "guess = 0.0"})
    hand_in(submissions, 9, {})
    assert grade.grade(course, submissions, progress=False).graded == 2
    next(iter(files)).write_text('{"key": "cut sho')
    assert grade.grade(course, submissions, progress=False).graded == 1
    changed = Course(**vars(course) | {"limits": Limits(cell_seconds=30)})
    assert grade.grade(changed, submissions, progress=False).graded == 5


def test_killed_half_way_it_carries_on(course, submissions):
    handed_in.isolation()
    number = 10
    for one in range(number):
        hand_in(submissions, one, ANSWERS[one % len(ANSWERS)])
    command = [sys.executable, "-m", "lecturelib.homework", "--book", str(course.folder.parent)]
    command += ["grade", str(submissions)]
    command += ["--into", str(course.folder)]
    results = course.folder / "results" / "lines"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        while running.poll() is None and len(list(results.glob("*.json"))) < 2:
            time.sleep(0.01)
        started = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(signal.SIGKILL)
    there = {path: path.stat().st_mtime_ns for path in results.glob("*.json")}
    assert 2 <= len(there) < number
    assert started
    _, alive = psutil.wait_procs(started, timeout=20)
    assert not alive
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"{number - len(there)} of {number} graded now" in done.stdout
    assert there.items() <= {path: path.stat().st_mtime_ns for path in results.glob("*.json")}.items()
    found = [json.loads(path.read_text()) for path in sorted(results.glob("*.json"))]
    got = [sum(test["points"] for test in one["result"]["tests"] if test["passed"]) for one in found]
    assert got == [3, 1, 1, 2, 0] * 2
    assert points(course, "student00-100").points == 3


def test_on_a_dask_cluster(course, submissions):
    handed_in.isolation()
    from distributed import Client, LocalCluster

    for number in range(4):
        hand_in(submissions, number, ANSWERS[number])
    options = {"processes": False, "n_workers": 1, "threads_per_worker": 2, "dashboard_address": None}
    try:
        with LocalCluster(**options) as cluster, Client(cluster) as client:
            done = grade.grade(course, submissions, executor=client.get_executor(), progress=False)
    finally:
        grade.close_benches()
    assert [record.result.points for record in done.records] == [3, 1, 1, 2]
    assert grade.grade(course, submissions, progress=False).graded == 0


def test_one_lab_or_one_student_is_graded_anew_and_nobody_else(course, submissions):
    for number in range(3):
        hand_in(submissions, number, {})
    grade.grade(course, submissions, progress=False)

    def anew(of=course, **chosen):
        done = grade.grade(of, submissions, progress=False, anew=Chosen(**chosen))
        return [record.student.number for record in done.records], done.graded, done.stale

    assert anew(student="101") == (["101"], 1, 0)
    assert anew(student="student02", labs=["lines"]) == (["102"], 1, 0)
    assert anew(labs=["lines"]) == (["100", "101", "102"], 3, 0)
    changed = Course(**vars(course) | {"limits": Limits(cell_seconds=30)})
    hand_in(submissions, 3, {})
    before = {path.stem: path.read_bytes() for path in (course.folder / "results").rglob("*.json")}
    assert anew(changed, student="student01-101") == (["101"], 1, 3)  # two are old, and one is new
    after = {path.stem: path.read_bytes() for path in (course.folder / "results").rglob("*.json")}
    assert [name for name in after if after[name] != before.get(name)] == ["student01-101"]
    for chosen in ({"student": "nobody"}, {"labs": ["curves"]}, {"student": "101", "labs": ["curves"]}):
        with pytest.raises(ValueError, match="nothing of that kind is in"):
            anew(**chosen)


def test_points_by_hand_are_kept(course, submissions):
    hand_in(submissions, 0, {"explain": "Its run is zero."})
    hand_in(submissions, 1, {"explain": "Why has an upright line no slope?\n\n*Your answer here.*"})
    done = grade.grade(course, submissions, progress=False)
    (lab,) = course.labs
    assert points(course, "student00-100").waiting == ("explain",)
    assert points(course, "student01-101").waiting == ()
    path = course.folder / "gradebook.db"
    gradebook.give(path, lab, "student00-100", "explain", 3.5, course.rule, done.records[0])
    gradebook.give(path, lab, "student00-100", "guess-1", 0.5, course.rule, done.records[0])
    assert points(course, "student00-100").points == 2 + 0.5 + 3.5
    hand_in(submissions, 0, {"explain": "Better words.", "slope": "slope = lambda p, q: 0.0"})
    assert grade.grade(course, submissions, progress=False).graded == 1
    assert points(course, "student00-100").points == 0.5 + 3.5
    for cell, number, word in (("slope", 1, "cell"), ("explain", 4.5, "points"), ("explain", float("nan"), "points")):
        with pytest.raises(ValueError, match=f"{word}: expected"):
            gradebook.give(path, lab, "student00-100", cell, number, course.rule, done.records[0])


def regraded(course, submissions, number=0, **answers):
    """The record of a student who hands in once more."""
    hand_in(submissions, number, answers)
    return grade.grade(course, submissions, progress=False).records[number]


def test_points_by_hand_for_another_answer_are_told(course, submissions, tmp_path):
    (lab,) = course.labs
    path, key = course.folder / "gradebook.db", "student00-100"
    record = regraded(course, submissions, explain="Its run is zero.")
    gradebook.give(path, lab, key, "explain", 4, course.rule, record)
    assert regraded(course, submissions, explain="Its run is zero.", guess="guess = 0.0").result.status == "ok"
    record = regraded(course, submissions, explain="Because.")
    assert record.result.status == "needs review"
    assert record.result.reasons[-1] == "explain: answer changed since it was marked"
    assert points(course, key).points == WHOLE + 4  # they are kept, and not final without a look
    report.report(course, tmp_path / "report")
    page = (tmp_path / "report" / "overview.html").read_text(encoding="utf-8")
    assert "answer changed since it was marked" in page
    assert '<p class="message">Because.</p>' in page
    assert regraded(course, submissions, explain="Because.", guess="guess = 0.0").result.status == "needs review"
    gradebook.give(path, lab, key, "explain", 4, course.rule, record)
    assert points(course, key).outdated == ()
    assert grade.grade(course, submissions, progress=False).records[0].result.status == "ok"
    (submissions / "student00_100_200_lines.ipynb").write_text("{")
    assert grade.grade(course, submissions, progress=False).records[0].result.status == "invalid"
    assert points(course, key).outdated == ("explain",)


def test_points_by_hand_for_code_are_told_as_well(course, submissions):
    record = regraded(course, submissions, guess="guess = 6.9")
    gradebook.give(course.folder / "gradebook.db", course.labs[0], "student00-100", "guess-1", 0.5, course.rule, record)
    assert regraded(course, submissions, guess="guess = 6.9", slope="slope = None").result.status == "ok"
    record = regraded(course, submissions, guess="guess = 0.0")
    assert record.result.reasons[-1] == "guess-1: answer changed since it was marked"


def test_points_given_in_formgrader_are_for_the_answer_it_showed(course, submissions):
    path, key = course.folder / "gradebook.db", "student00-100"

    def by_formgrader(score):
        with gradebook.opened(path) as book:
            one = book.find_grade("explain", "lines", "lines", key)
            one.manual_score, one.needs_manual_grade = score, False
            book.db.commit()

    regraded(course, submissions, explain="Its run is zero.")
    by_formgrader(3.0)
    assert regraded(course, submissions, explain="Because.").result.status == "needs review"
    by_formgrader(3.0)  # once more the same, for the new answer
    assert points(course, key).outdated == ()
    assert grade.grade(course, submissions, progress=False).records[0].result.status == "ok"
    assert regraded(course, submissions, explain="Once more.").result.status == "needs review"


def test_a_gradebook_from_before_is_opened_with_its_points(course, submissions):
    path, key = course.folder / "gradebook.db", "student00-100"
    record = regraded(course, submissions, explain="Its run is zero.")
    gradebook.give(path, course.labs[0], key, "explain", 3, course.rule, record)
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.execute("DROP TABLE lecturelib_marks")
    held = next((course.folder / "results" / "lines").glob("*.json"))
    known = json.loads(held.read_text())
    del known["result"]["digests"], known["result"]["unfound"]
    held.write_text(json.dumps(known))
    assert [row.total.points for row in read_rows(course)] == [WHOLE + 3]
    assert regraded(course, submissions, explain="Because.").result.status == "ok"  # what they were for is not known
    assert regraded(course, submissions, explain="So.").result.status == "needs review"
    assert points(course, key).points == WHOLE + 3


def test_points_by_hand_survive_a_change_of_the_lab(course, submissions):
    hand_in(submissions, 0, {"explain": "Its run is zero."})
    done = grade.grade(course, submissions, progress=False)
    gradebook.give(
        course.folder / "gradebook.db", course.labs[0], "student00-100", "explain", 3.5, Rule(), done.records[0]
    )
    course.labs[0].path.write_text(
        LAB.replace("grade_id: guess-1", "grade_id: guess-2").replace("points: 1}", "points: 2}")
    )
    changed = Course(**vars(course) | {"labs": [handed_in.source.read(course.labs[0].path)]})
    assert grade.grade(changed, submissions, progress=False).graded == 1
    assert points(changed, "student00-100").points == 2 + 2 + 3.5


def test_late_submissions(course, submissions):
    due = datetime(2030, 1, 1, tzinfo=UTC)
    hand_in(submissions, 0, {})
    hand_in(submissions, 1, {}, late="_LATE")
    hand_in(submissions, 2, {"guess": "import os\nos._exit(0)"})
    times = {"student00": due + timedelta(hours=30), "102": due + timedelta(hours=1), "nobody": due}
    late = Course(**vars(course) | {"due": {"lines": due}, "times": times})
    done = {record.student.number: record for record in grade.grade(late, submissions, progress=False).records}
    assert [done[number].result.status for number in ("100", "101", "102")] == ["late", "late", "crashed"]
    assert done["100"].result.reasons[0] == "handed in 30.0 hours after the due time"
    assert "ended itself" in done["102"].result.reasons[0]  # what the status says comes first
    assert done["102"].result.reasons[-1] == "handed in 1.0 hours after the due time"
    assert done["101"].result.reasons[0] == "handed in late, as the learning system says"
    assert points(late, "student00-100").points == WHOLE - 0.6
    assert points(late, "student01-101").penalty == pytest.approx(0.3)
    assert points(late, "student02-102").points == 2 - 0.2
    forgiven = Course(**vars(course) | {"due": {"lines": due}, "times": {"student00": due}})
    again = grade.grade(forgiven, submissions, progress=False)
    assert again.graded == 0
    assert again.records[0].result.status == "ok"
    assert points(forgiven, "student00-100").points == WHOLE


def test_a_report_applies_what_it_is_told_of_lateness(course, submissions, capsys):
    hand_in(submissions, 0, {})
    hand_in(submissions, 1, {}, late="_LATE")
    book, into = ["--book", str(course.folder.parent)], ["--into", str(course.folder)]
    assert main([*book, "grade", str(submissions), *into, "--memory", "1024"]) == 0
    graded = {path.name: json.loads(path.read_text())["result"]["seconds"] for path in course.folder.rglob("s*0*.json")}

    def reported(*words):
        assert main([*book, "report", *into, *words]) == 0
        lines = (course.folder / "report" / "grades.csv").read_text().splitlines()
        return [(row["points"], row["penalty"], row["status"]) for row in csv.DictReader(lines)]

    late = ("2.7", "0.3", "late")
    assert reported() == [("3", "0", "ok"), late]
    (submissions / "times.csv").write_text("student,time\n100,2030-01-02T00:00\n101,2030-01-02T00:00\n")
    assert reported("--due", "lines=2030-01-01T00:00", "--times", str(submissions / "times.csv")) == [late] * 2
    assert reported("--a-day", "0.5") == [("1.5", "1.5", "late")] * 2
    assert reported("--grace", "3000") == [("3", "0", "ok")] * 2
    assert reported("--due", "lines=2030-01-02T00:00", "--grace", "0") == [("3", "0", "ok")] * 2
    assert reported("--due", "lines=2020-01-01T00:00", "--most", "0.1") == [late] * 2
    after = {path.name: json.loads(path.read_text())["result"]["seconds"] for path in course.folder.rglob("s*0*.json")}
    assert after == graded
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main([*book, "points", "100", "explain", "3", "--lab", "lines", *into, "--a-day", "1"])


def test_what_belongs_to_no_lab_is_listed(course, submissions):
    other = handed_in.source.reads(LAB.replace("slope", "bend").replace("guess", "hunch"), submissions / "curves.md")
    (submissions / "ada_1_2_something.ipynb").write_text("{")
    two = Course(**vars(course) | {"labs": [*course.labs, other]})
    (submissions / "curves.md").write_text("x")
    (record,) = grade.grade(two, submissions, progress=False).records
    assert (record.lab, record.result.status) == ("", "invalid")
    assert "not a notebook" in record.result.reasons[0]
    assert grade.grade(two, submissions, progress=False).graded == 0
    (submissions / "emmy_2_3_all.zip").write_bytes(zipped({"../<b>.ipynb": "{}"}))
    grade.grade(two, submissions, progress=False)
    page = next(path for path in report.report(two, course.folder / "report") if path.stem == "emmy-2").read_text()
    assert "path to a parent folder" in page
    assert "nothing in it was read" in page
    assert "&lt;b&gt;" in page
    assert "Hand in the notebook itself" in page
    hand_in(submissions, 0, {})  # now only one lab can be meant
    done = grade.grade(two, submissions, progress=False)
    assert [record.lab for record in done.records] == ["lines"] * 3
    rows = list(read_rows(two))
    assert [row.record.student.key for row in rows] == ["ada-1", "emmy-2", "student00-100"]
    pages = {path.stem: path for path in report.report(two, course.folder / "report")}
    assert "Hand in the notebook itself" in pages["emmy-2"].read_text()
    assert pages["emmy-2"].parent.name == "lines"
    assert "Hand in the notebook itself" not in pages["student00-100"].read_text()


def test_without_isolation_nothing_is_run(course, submissions, monkeypatch, capsys):
    def none():
        raise sandbox.NoIsolation("submissions cannot be isolated on this machine")

    monkeypatch.setattr(sandbox, "wall", none)
    hand_in(submissions, 0, {})
    words = ["--book", str(course.folder.parent), "grade", str(submissions), "--into", str(course.folder)]
    assert main(words) == 1
    assert "cannot be isolated" in capsys.readouterr().err
    assert not (course.folder / "results").exists()
    assert main([*words, "--unsafe"]) == 0
    assert "no isolation" in capsys.readouterr().out
    assert points(course, "student00-100").points == WHOLE


def test_the_commands(course, submissions, capsys):
    hand_in(submissions, 0, {"explain": "Words."})
    hand_in(submissions, 1, {})
    book = ["--book", str(course.folder.parent)]
    into = ["--into", str(course.folder)]
    (submissions / "times.csv").write_text("student,time\n100,2030-01-02T00:00\n")
    late = ["--due", "lines=2030-01-01T00:00", "--times", str(submissions / "times.csv"), "--a-day", "0.5"]
    assert main([*book, "grade", str(submissions), *into, *late]) == 0
    said = capsys.readouterr().out
    assert "2 of 2 graded now" in said
    assert "student00-100  3  late" in said
    assert main([*book, "points", "student00", "explain", "3", "--lab", "lines", *into]) == 0
    assert points(course, "student00-100").points == (3 + 3) / 2  # the rule was remembered
    assert main([*book, "regrade", str(submissions), "--student", "101", *into]) == 0
    assert "1 of 1 graded now" in capsys.readouterr().out
    assert main([*book, "regrade", str(submissions), "--student", "101", "--cell-seconds", "30", *into]) == 0
    assert "Others without a result, or with an old one: 1." in capsys.readouterr().out
    assert main([*book, "regrade", str(submissions), "--student", "nobody", *into]) == 1
    assert "--student nobody: nothing of that kind is in" in capsys.readouterr().err
    assert main([*book, "report", *into]) == 0
    assert "overview.html" in capsys.readouterr().out
    for wrong in (["regrade", str(submissions)], ["points", "nobody", "explain", "3", "--lab", "lines"]):
        assert main([*book, *wrong, *into]) == 1
    for wrong in (
        ["--due", "lines"],
        ["--due", "x=2030-01-01"],
        ["--lab", "x"],
        ["--times", str(submissions / "none.csv")],
    ):
        assert main([*book, "grade", str(submissions), *into, *wrong]) == 1
    assert main([*book, "grade", str(submissions / "missing"), *into]) == 1
    assert os.path.isfile(course.folder / "settings.json")
