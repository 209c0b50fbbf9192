"""Folders as learning systems export them: whose is what, of which lab, and what is refused."""

import io
import os
import stat
import zipfile
from datetime import UTC, datetime

import pytest

from lecturelib.homework.grading import matching, reading
from lecturelib.homework.grading.submissions import collect
from lecturelib.homework.lab import source
from tests.homework import handed_in
from tests.homework.handed_in import notebook, text
from tests.homework.labs import LAB

LINES = handed_in.lab()
CURVES = source.reads(
    LAB.replace("slope", "bend").replace("guess", "hunch").replace("explain", "why").replace("# Lines", "# Curves"),
    "curves.md",
)
LABS = [LINES, CURVES]


def put(folder, path, content=None):
    """A file in the folder; a right notebook of the lab on lines unless said otherwise."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text(notebook()) if content is None else content)
    return target


def zipped(members) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("path", "key", "number", "system"),
    [
        ("lovelaceada_12345_678_lines.ipynb", "lovelaceada-12345", "12345", "canvas"),
        ("lovelaceada_LATE_12345_678_lines-1.ipynb", "lovelaceada-12345", "12345", "canvas"),
        ("Ada Lovelace_123_assignsubmission_file_/lines.ipynb", "ada-lovelace-123", "123", "moodle"),
        ("Ada Lovelace_123_assignsubmission_file/Untitled7.ipynb", "ada-lovelace-123", "123", "moodle"),
        ("Ada Lovelace_123_assignsubmission_file_lines.ipynb", "ada-lovelace-123", "123", "moodle"),
        ("export of monday/Zoë Müller_9_assignsubmission_file_/a.ipynb", "zoë-müller-9", "9", "moodle"),
        ("submitted/ada/lines/lines.ipynb", "ada", "", ""),
        ("ada/lines.ipynb", "ada", "", ""),
        ("ada_lines.ipynb", "ada", "", ""),
        ("lines - ada.ipynb", "ada", "", ""),
    ],
)
def test_students_are_told_from_paths(tmp_path, path, key, number, system):
    put(tmp_path, path)
    (found,) = collect(tmp_path, LABS)
    assert (found.student.key, found.student.number, found.student.system) == (key, number, system)
    assert (found.lab, found.problem) == ("lines", "")
    assert found.late == ("LATE" in path)


def test_folders_around_those_of_students_are_passed_over(tmp_path):
    for name in ("ada", "emmy"):
        put(tmp_path, f"course/submitted/{name}/lines.ipynb")
    assert [one.student.key for one in collect(tmp_path, LABS)] == ["ada", "emmy"]


def test_labs_are_told_by_content(tmp_path):
    put(tmp_path, "ada/homework.ipynb", text(notebook(CURVES)))
    bare = notebook(CURVES)
    for cell in bare.cells:
        cell.metadata = {}
    put(tmp_path, "emmy/lines.ipynb", text(bare))
    put(tmp_path, "sofia/lines.ipynb", '{"cells": [{"cell_type": "code", "source": "print(1)"}]}')
    put(tmp_path, "tired/curves.ipynb", "")
    put(tmp_path, "tired/other.ipynb", "{")
    found = {one.student.key + " " + one.lab: one for one in collect(tmp_path, LABS)}
    assert found["ada curves"].problem == found["emmy curves"].problem == ""
    assert found["sofia lines"].problem == "this is not a notebook of lines"
    assert found["tired curves"].problem == "the file is empty"
    assert found["tired "].problem.startswith("the file is not a notebook")
    assert len(found) == 5


def test_the_last_of_several_counts(tmp_path):
    put(tmp_path, "ada_1_20_lines-1.ipynb", text(notebook(guess="guess = 1.0")))
    put(tmp_path, "ada_1_9_lines.ipynb", text(notebook(guess="guess = 2.0")))
    put(tmp_path, "ada_1_30_lines-2.ipynb", "broken")
    (found,) = collect(tmp_path, LABS)
    assert found.path == "ada_1_20_lines-1.ipynb"
    assert "3 notebooks were handed in; the last counts" in found.notes[0]
    old, new = put(tmp_path, "emmy/old.ipynb"), put(tmp_path, "emmy/new.ipynb")
    os.utime(old, (2e9, 2e9))
    os.utime(new, (1e9, 1e9))
    assert collect(tmp_path, LABS)[-1].path == "emmy/old.ipynb"
    assert collect(tmp_path, LABS)[-1].time == datetime.fromtimestamp(2e9, UTC)


def test_names_that_differ_only_in_signs_stay_apart(tmp_path):
    for name in ("a b", "a-b", "a+b", "A B"):
        put(tmp_path, f"{name}/lines.ipynb")
    keys = [one.student.key for one in collect(tmp_path, LABS)]
    assert len(set(keys)) == 4
    assert all(key == os.path.basename(key) and not key.startswith(".") for key in keys)


def test_names_of_any_kind_become_names_of_files(tmp_path):
    names = ["ö" * 120, "ö" * 119 + "a", "\x1b[31mred", "a\u202eb", ".hidden", "..", "-", "x" * 200, "😀" * 60]
    for name in names:
        put(tmp_path / "in", f"{name}_1_assignsubmission_file_/lines.ipynb" if name == ".." else f"{name}/lines.ipynb")
    os.mkdir(os.fsencode(tmp_path / "in") + b"/\xff\xfe")
    put(tmp_path / "in", os.fsdecode(b"\xff\xfe/lines.ipynb"))
    found = collect(tmp_path / "in", LABS)
    assert len({one.student.key for one in found}) == len(names) + 1
    for one in found:
        (tmp_path / "out" / f"{one.student.key}.json").parent.mkdir(exist_ok=True)
        (tmp_path / "out" / f"{one.student.key}.json").write_text(one.student.name + one.path)
        assert one.student.key.isprintable()
        assert one.student.name.isprintable()
    assert len(os.listdir(tmp_path / "out")) == len(names) + 1


def test_what_would_take_long_to_compare_is_refused(tmp_path):
    many = notebook()
    many.cells *= 200
    put(tmp_path, "ada/lines.ipynb", text(many))
    long = notebook()
    for cell in long.cells:
        cell.metadata = {}
    for number in range(500):
        long.cells.append(
            type(cell)(cell_type="code", source="\n".join("ab"[number % 2] * 3 for _ in range(60)), metadata={})
        )
    put(tmp_path, "emmy/lines.ipynb", text(long))
    ada, emmy = collect(tmp_path, LABS)
    assert "expected at most 1000" in ada.problem
    assert emmy.problem == ""


def test_zips_are_opened_in_memory(tmp_path):
    inner = zipped({"work/lines.ipynb": text(notebook())})
    members = {
        "Ada_1_assignsubmission_file_/lines.ipynb": text(notebook()),
        "Emmy_2_assignsubmission_file_/all.zip": inner,
    }
    (tmp_path / "export.zip").write_bytes(zipped(members | {"__MACOSX/._lines.ipynb": "x", "readme.txt": "x"}))
    found = collect(tmp_path, LABS)
    assert [one.student.key for one in found] == ["ada-1", "emmy-2"]
    assert not any(one.problem for one in found)
    assert os.listdir(tmp_path) == ["export.zip"]
    assert [one.student for one in collect(tmp_path / "export.zip", LABS)] == [one.student for one in found]


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("/etc/lines.ipynb", "an absolute path"),
        ("C:/lines.ipynb", "an absolute path"),
        ("\\\\server\\lines.ipynb", "an absolute path"),
        ("../lines.ipynb", "a parent folder"),
        ("a/../../lines.ipynb", "a parent folder"),
        ("a\\..\\lines.ipynb", "a parent folder"),
    ],
)
def test_zips_with_paths_that_lead_out_are_refused(tmp_path, name, word):
    (tmp_path / "ada_1_2_lines.zip").write_bytes(zipped({"good.ipynb": text(notebook()), name: text(notebook())}))
    (found,) = collect(tmp_path, LABS)
    assert (found.student.key, found.content) == ("ada-1", b"")
    assert word in found.problem
    assert os.listdir(tmp_path) == ["ada_1_2_lines.zip"]


def test_zips_with_links_bombs_and_rubbish_are_refused(tmp_path, monkeypatch):
    link = zipfile.ZipInfo("lines.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "ada_1_2_lines.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    (tmp_path / "emmy_2_2_lines.zip").write_bytes(b"PK rubbish")
    deep = {"lines.ipynb": text(notebook())}
    for _ in range(5):
        deep = {"more.zip": zipped(deep)}
    (tmp_path / "mary_3_2_lines.zip").write_bytes(zipped(deep))
    inside = {f"{n}/lines.ipynb": bytes(1 << 19) for n in range(9)}
    (tmp_path / "zoe_5_2_lines.zip").write_bytes(zipped({"all.zip": zipped(inside)}))
    monkeypatch.setattr("lecturelib.homework.grading.unpacking.LARGEST", 1 << 20)
    monkeypatch.setattr("lecturelib.homework.grading.unpacking.MOST_OF_ONE", 3 << 20)
    (tmp_path / "sofia_4_2_lines.zip").write_bytes(zipped({"lines.ipynb": bytes(1 << 22)}))
    problems = {one.student.key: one.problem for one in collect(tmp_path, LABS)}
    assert "holds a link" in problems["ada-1"]
    assert "cannot be read" in problems["emmy-2"]
    assert "zips within zips" in problems["mary-3"]
    assert "more than 1 MiB when unpacked" in problems["sofia-4"]
    assert "more than can be unpacked" in problems["zoe-5"] or "not a notebook" in problems["zoe-5"]


def test_links_out_of_the_folder_are_refused(tmp_path):
    outside = put(tmp_path, "outside/ada.ipynb")
    inside = tmp_path / "inside"
    put(inside, "emmy_2_2_lines.ipynb")
    (inside / "ada_1_2_lines.ipynb").symlink_to(outside)
    (inside / "mary").symlink_to(tmp_path / "outside")
    (inside / "sofia_4_2_lines.ipynb").symlink_to(inside / "emmy_2_2_lines.ipynb")
    (inside / "loop").symlink_to(inside)
    found = {one.student.key: one for one in collect(inside, LABS)}
    assert set(found) == {"ada-1", "emmy-2", "mary", "sofia-4"}
    for key in ("ada-1", "mary"):
        assert "leads out of the folder" in found[key].problem
        assert found[key].content == b""
    assert found["sofia-4"].problem == ""


def test_who_handed_in_something_else_is_listed(tmp_path):
    put(tmp_path, "ada_1_2_lines.ipynb")
    put(tmp_path, "ada_1_3_picture.png", "x")
    put(tmp_path, "emmy_2_4_lines.pdf", "%PDF")
    put(tmp_path, "mary_3_5_lines.txt", "Dear instructor, my computer is broken.")
    put(tmp_path, "sofia_4_6_lines.ipynb.json")
    put(tmp_path, "Zoe_5_assignsubmission_file_/lines", text(notebook(CURVES)))
    put(tmp_path, "Nina_6_assignsubmission_onlinetext_/onlinetext.html", "<p>Hello</p>")
    (tmp_path / "lise_7_8_lines.zip").write_bytes(zipped({}))
    (tmp_path / "hedy_8_9_lines.zip").write_bytes(zipped({"a/notes.docx": "x"}))
    put(tmp_path, "readme.txt", "{")
    found = {one.student.name: one for one in collect(tmp_path, LABS)}
    assert {name: one.problem for name, one in found.items() if one.problem} == {
        "emmy": "emmy_2_4_lines.pdf is no notebook: expected a file that ends with .ipynb",
        "mary": "mary_3_5_lines.txt is no notebook: expected a file that ends with .ipynb",
        "Nina": "onlinetext.html is no notebook: expected a file that ends with .ipynb",
        "lise": "lise_7_8_lines.zip is no notebook: expected a file that ends with .ipynb",
        "hedy": "notes.docx is no notebook: expected a file that ends with .ipynb",
    }
    assert {name: one.lab for name, one in found.items() if not one.problem} == {
        "ada": "lines",
        "sofia": "lines",
        "Zoe": "curves",
    }


def test_what_is_of_no_lab_is_of_the_only_one_that_is_possible(tmp_path):
    put(tmp_path, "emmy_2_4_answers.pdf", "%PDF")
    put(tmp_path, "mary_3_5_answers.ipynb", "{")
    (tmp_path / "zoe_5_2_all.zip").write_bytes(zipped({"../x.ipynb": text(notebook())}))

    def told(*only):
        return {one.student.name: one.lab for one in collect(tmp_path, LABS, only)}

    assert told() == dict.fromkeys(("emmy", "mary", "zoe"), "")
    assert told("curves") == dict.fromkeys(("emmy", "mary", "zoe"), "curves")
    assert told("curves", "lines")["emmy"] == ""
    put(tmp_path, "ada_1_2_x.ipynb")
    put(tmp_path, "ada_1_9_y.ipynb", "{")  # she needs no second line in the tables
    assert told() == dict.fromkeys(("ada", "emmy", "mary", "zoe"), "lines")
    ada = collect(tmp_path, LABS)[0]
    assert (ada.problem, ada.path) == ("", "ada_1_2_x.ipynb")
    assert "the last counts" in ada.notes[0]
    put(tmp_path, "lise_7_8_z.ipynb", text(notebook(CURVES)))
    assert told()["emmy"] == ""


def test_large_outputs_are_left_aside(tmp_path):
    large = notebook(guess="guess = 7.0  # mine")
    cell = handed_in.cell(large, "guess")
    cell.outputs = [{"output_type": "stream", "name": "stdout", "text": "x" * (50 << 20)}]
    cell.attachments = {"picture.png": {"image/png": "A" * 100}}
    put(tmp_path, "ada/lines.ipynb", text(large))
    (found,) = collect(tmp_path, LABS)
    assert found.problem == ""
    assert len(found.content) < 20_000
    before, after = (matching.match(LINES, content) for content in (large, reading.parse(found.content)))
    assert before == after


def test_an_answer_in_a_copy_of_a_test_cell_is_run():
    copied = notebook(guess="guess = None")
    test = handed_in.cell(copied, "slope-1")
    for code, run in ((test.source, False), (test.source + "\nguess = 7.0", True)):
        copied.cells.append(type(test)(cell_type="code", source=code, metadata={}))
        ran = [cell.source for cell in matching.match(LINES, copied).to_run]
        assert (code in ran) == run


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(NotADirectoryError, match="there is no folder"):
        collect(tmp_path / "missing", LABS)
    assert collect(tmp_path, LABS) == []
