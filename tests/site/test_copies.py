"""Copies of notebooks to work in: refreshed while untouched, kept once changed."""

import pytest

from lecturelib.site.copies import refresh


def test_untouched_copies_follow_and_changed_ones_are_kept(tmp_path):
    source, target = tmp_path / "site", tmp_path / "mine"
    with pytest.raises(FileNotFoundError, match="build the book first"):
        refresh(source, target)
    (source / "part").mkdir(parents=True)
    for name in ("part/one.ipynb", "two.ipynb"):
        (source / name).write_text("first")
    assert refresh(source, target) == []
    (target / "two.ipynb").write_text("my own work")
    for name in ("part/one.ipynb", "two.ipynb"):
        (source / name).write_text("second")
    assert refresh(source, target) == [target / "two.ipynb"]
    assert (target / "part/one.ipynb").read_text() == "second"
    assert (target / "two.ipynb").read_text() == "my own work"
    assert refresh(source, target) == [target / "two.ipynb"]


def test_what_labs_read_comes_along_and_their_archives_stay(tmp_path):
    source, target = tmp_path / "site", tmp_path / "mine"
    (source / "labs" / "data").mkdir(parents=True)
    for name in ("labs/a.ipynb", "labs/a.md", "labs/a.zip", "labs/data/x.csv", "other.md"):
        (source / name).write_text(name)
    assert refresh(source, target) == []
    copied = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert copied == {".copied.json", "labs/a.ipynb", "labs/data/x.csv"}
