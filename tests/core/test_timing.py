"""Measurements of time: pairing, storing, and the page that shows what was stored."""

import re
from pathlib import Path

import pytest

from lecturelib.core import timing
from lecturelib.core.experiments import load

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    {"what": "A step", "neurons": 40, "loop µs": 123.456, "ratio": 1234.5},
    {"what": "A step", "neurons": 100_000, "loop µs": 0.19876, "ratio": 9.876},
    {"what": "On a GPU", "device": "cuda", "µs": None},
]


def test_turns_are_taken_and_the_first_does_not_count():
    turns = []
    times = {"theirs": iter([99.0, 4.0, 9.0, 6.0]), "ours": iter([99.0, 2.0, 3.0, 1.0])}

    def side(name):
        return lambda: turns.append(name) or next(times[name])

    assert timing.paired(side("theirs"), side("ours"), 3) == (6.0, 2.0, 3.0)
    assert turns == ["theirs", "ours"] * 4
    with pytest.raises(ValueError, match="^repeats: expected a positive"):
        timing.paired(lambda: 1.0, lambda: 1.0, 0)


def test_what_is_stored_is_what_is_shown(tmp_path):
    timing.store("step", ROWS, "python benchmarks/step.py", folder=tmp_path)
    rows, provenance = load(tmp_path / "step.json")
    assert rows == ROWS
    assert provenance.machine.startswith(timing.machine())
    shown = timing.show_stored(folder=tmp_path).myst
    assert "| 40 | 123 | 1,234 |" in shown
    assert "| 100,000 | 0.199 | 9.88 |" in shown
    assert "| cuda | not measured: no GPU |" in shown
    assert "`python benchmarks/step.py`" in shown
    assert provenance.machine in shown
    changed = [{**ROWS[0], "ratio": 77.0}, *ROWS[1:]]
    timing.store("step", changed, "python benchmarks/step.py", folder=tmp_path)
    assert "| 40 | 123 | 77 |" in timing.show_stored(folder=tmp_path).myst


def test_rows_that_make_no_table_are_refused(tmp_path):
    with pytest.raises(ValueError, match="^rows: expected each to say"):
        timing.store("step", [{"neurons": 1}], "x", folder=tmp_path)
    with pytest.raises(ValueError, match="^rows: expected the same columns"):
        timing.store("step", [ROWS[0], {"what": "A step", "points": 1}], "x", folder=tmp_path)
    with pytest.raises(ValueError, match="^folder: expected stored"):
        timing.show_stored(folder=tmp_path)


def test_the_page_has_its_numbers_from_the_files():
    page = (ROOT / "chapters/appendix/speed.md").read_text(encoding="utf-8")
    assert "timing.show_stored()" in page
    text = page.split("---", 2)[2]
    assert not re.search(r"\d", re.sub(r"```.*?```", "", text, flags=re.S)), "a number is typed into the page"
    shown = timing.show_stored().myst
    for path in timing.RESULTS.glob("*.json"):
        rows, provenance = load(path)
        assert provenance.machine in shown
        for row in rows:
            cells = [timing.figure(value) for name, value in row.items() if name != "what"]
            assert "| " + " | ".join(cells) + " |" in shown


def test_every_measurement_has_a_stored_result():
    for path in (ROOT / "benchmarks").glob("*.py"):
        if path.stem == "on_gpu":  # of many results, where there is a GPU
            continue
        assert (timing.RESULTS / f"{path.stem}.json").exists(), f"run {path.name} and keep what it stores"


def test_numbers_read_well():
    values = (None, "gd", 3, 12_345, 12_345.6, 99.96, 0.000123456)
    expected = [timing.NO_GPU, "gd", "3", "12,345", "12,346", "100", "0.000123"]
    assert [timing.figure(value) for value in values] == expected


@pytest.mark.parametrize("dry", [True, False])
def test_the_command_of_a_benchmark_prints_and_stores_unless_it_is_dry(monkeypatch, tmp_path, capsys, dry):
    asked = []

    def rows(repeats):
        asked.append(repeats)
        return ROWS

    monkeypatch.setitem(timing.store.__kwdefaults__, "folder", tmp_path)
    monkeypatch.setattr("sys.argv", ["step.py", "--repeats", "4", *(["--dry"] if dry else [])])
    timing.command("step", rows, about="A step.", repeats=2)
    assert asked == [4]
    assert (tmp_path / "step.json").exists() == (not dry)
    assert ("stored" in capsys.readouterr().out) == (not dry)
