"""Folders as learning systems export them: whose is what, of which lab, and what is refused."""

import io
import os
import stat
import zipfile
from datetime import UTC, datetime

import pytest

from lecturelib.homework import source
from lecturelib.homework.submissions import collect
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
    monkeypatch.setattr("lecturelib.homework.unpacking.LARGEST", 1 << 20)
    (tmp_path / "sofia_4_2_lines.zip").write_bytes(zipped({"lines.ipynb": bytes(1 << 22)}))
    problems = {one.student.key: one.problem for one in collect(tmp_path, LABS)}
    assert "holds a link" in problems["ada-1"]
    assert "cannot be read" in problems["emmy-2"]
    assert "zips within zips" in problems["mary-3"]
    assert "more than 1 MiB when unpacked" in problems["sofia-4"]


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


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(NotADirectoryError, match="there is no folder"):
        collect(tmp_path / "missing", LABS)
    assert collect(tmp_path, LABS) == []
