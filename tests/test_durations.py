"""The order of files of tests, and what is said of the time they take."""

import subprocess
import sys

from tests.durations import Clock, order, store, stored
from tests.site.books import ROOT


def test_one_file_builds_the_site_and_then_the_longest_come_first():
    files = ["a", "pages", "b", "new", "links", "c", "places"]
    seconds = {"a": 1.0, "b": 30.0, "c": 7.0, "pages": 5.0, "links": 2.0, "places": 9.0, "removed": 99.0}
    looking = {"links": 1, "pages": 20, "places": 3}
    assert order(files, looking, seconds) == ["pages", "new", "b", "c", "a", "places", "links"]
    assert order(files, {}, {}) == files


def test_what_a_file_took_is_summed_named_and_stored(tmp_path):
    clock = Clock()
    for test, duration in (("one.py::a", 1.25), ("two.py::b[x::y]", 4.0), ("one.py::a", 0.5), ("one.py::c", 1.0)):
        clock.add(test, duration)
    assert clock.summary() == "Longest files: two.py 4 s, one.py 3 s"
    assert stored(tmp_path / "durations.json") == {}
    store(clock.seconds, tmp_path / "durations.json")
    assert stored(tmp_path / "durations.json") == {"one.py": 2.8, "two.py": 4.0}


def test_what_failed_is_told_before_the_end(tmp_path):
    test = "import os\ndef test_wrong(): assert 1 == 2, 'planted'\ndef test_cut_off(): os._exit(3)\n"
    (tmp_path / "test_planted.py").write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "--rootdir", tmp_path, tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 3
    assert "test_wrong (call) failed after 0 s" in done.stdout
    assert "AssertionError: planted" in done.stdout
