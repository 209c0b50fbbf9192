"""Tables of sources beside what was measured."""

import re
from pathlib import Path

import pytest
import torch

from lecturelib.core.reproductions import FOLDER, Published, mean_and_deviation, median_and_band, published

SOURCES = sorted(path.stem for path in FOLDER.glob("*.toml"))
BIBLIOGRAPHY = Path(__file__).resolve().parents[2] / "references.bib"
FILE = """
[one]
name = "Table 1"
place = "page 2"
what = "losses"
columns = ["a", "b"]
lost = "Lost: the range."
[one.rows]
sine = ["4.1 ± 2.2", "2.3"]
cubic = ["1", "2"]
"""


@pytest.fixture
def table(tmp_path):
    (tmp_path / "sahs2022.toml").write_text(FILE, encoding="utf-8")
    return published("sahs2022", tmp_path)["one"]


def test_a_table_is_shown_as_printed_with_where_and_what_is_lost(table):
    lines = table.show().myst.splitlines()
    assert lines[0] == "*Table 1*, losses. Printed in {cite}`sahs2022`, page 2. Lost: the range."
    assert lines[2:] == [
        "| | | a | b |",
        "|---|---|---|---|",
        "| sine | published | 4.1\u00a0±\u00a02.2 | 2.3 |",
        "| cubic | published | 1 | 2 |",
    ]


def test_measured_rows_stand_below_the_published_ones(table):
    lines = table.show({"sine": ["4.0 ± 1", ""]}, by="ours").myst.splitlines()
    assert lines[5:7] == ["|  | ours | 4.0\u00a0±\u00a01 | – |", "| cubic | published | 1 | 2 |"]


def test_a_cell_as_a_number(table):
    assert table.number("sine", "a") == 4.1


def test_rows_that_do_not_fit_are_refused(table):
    with pytest.raises(ValueError, match="expected rows of Table 1, got sinus"):
        table.show({"sinus": ["1", "2"]})
    with pytest.raises(ValueError, match="expected 2 cells for 'sine'"):
        table.show({"sine": ["1"]})
    with pytest.raises(ValueError, match="sahs2022, Table 1: expected 1 cells for 'sine'"):
        Published("sahs2022", "Table 1", "page 2", "losses", ["a"], {"sine": ["1", "2"]})


def test_runs_in_words():
    runs = torch.arange(1.0, 12.0, dtype=torch.float64)
    assert mean_and_deviation(runs) == "6 ± 3.3"
    assert median_and_band(runs) == "6 (2 to 10)"
    assert median_and_band(123.4 * runs) == "740 (250 to 1200)"


@pytest.mark.parametrize("source", SOURCES)
def test_every_file_is_of_a_source_and_every_table_is_shown(source):
    page = (FOLDER.parent / f"{source}.md").read_text(encoding="utf-8")
    assert re.search(rf"^@\w+\{{{source},", BIBLIOGRAPHY.read_text(encoding="utf-8"), re.M)
    tables = published(source)
    assert tables
    for name in tables:
        assert re.search(rf'"{name}"\]\.show\(', page), f"{name} of {source} is not shown"


def test_every_source_has_a_page_in_the_contents():
    contents = (FOLDER.parents[3] / "_toc.yml").read_text(encoding="utf-8")
    for page in FOLDER.parent.glob("*.md"):
        assert f"chapters/appendix/reproductions/{page.stem}\n" in contents
