"""A student's notebook in a real JupyterLab: it opens, nothing raw is seen, and every cell runs."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import nbformat
import pytest

from lecturelib.homework.lab import release, source
from tests.site.books import ROOT
from tests.site.lab import PATIENCE, run_first_cell, running

LABS = sorted(path.stem for path in (ROOT / "labs").glob("*.md") if path.name != "README.md")
RAW = re.compile(r":::|\{(?:prf:ref|eq|numref|cite|doc|glue\S*|math)\}|```\{|^\(\S+\)=$|\\R\b", re.M)
EXPECTED = {"AssertionError", "NotImplementedError"}


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    with running(tmp_path_factory.mktemp("handed-out")) as jupyter:
        yield jupyter


def lay_out(site: Path, jupyter, name: str, *, solved: bool) -> Path:
    """The student's folder as the zip file of the page gives it, with the solutions filled in where asked for."""
    folder = jupyter.folder / ("solved" if solved else "unsolved")
    shutil.unpack_archive(site / "_sources" / "labs" / f"{name}.zip", folder)
    path = folder / name / f"{name}.ipynb"
    if solved:
        lab = source.read(ROOT / "labs" / f"{name}.md")
        nbformat.write(release.filled_in(lab, release.read_notebook(path), {}), path)
    return path


def run_all(browser, jupyter, path: Path) -> tuple[list, str]:
    """Run the cells one after the other, as a student does, and save: the cells with outputs, and all text seen."""
    count = len(json.loads(path.read_text(encoding="utf-8"))["cells"])
    with browser.new_context(viewport={"width": 1300, "height": 1200}) as context, context.new_page() as page:
        page.set_default_timeout(1000 * PATIENCE)
        page.goto(f"{jupyter.address}/lab/tree/{path.relative_to(jupyter.folder).as_posix()}?reset")
        run_first_cell(page)  # the kernel answers from here on
        idle = page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        page.locator(".jp-Notebook .jp-Cell").first.click()
        page.keyboard.press("Escape")
        seen = set()
        for _ in range(count):
            seen.update(page.locator(".jp-MarkdownOutput").all_inner_texts())
            page.keyboard.press("Shift+Enter")
            page.wait_for_timeout(50)
            page.wait_for_function("!document.querySelector('.jp-Notebook [data-status=busy]')")
            idle.wait_for()
        page.keyboard.press("Control+s")
        cells = _saved(path)
    return cells, "\n".join(seen)


def _saved(path: Path) -> list:
    """The cells of the file, once every code cell in it has been run."""
    end = time.monotonic() + PATIENCE
    while (left := _not_run(path)) != []:
        assert time.monotonic() < end, left or f"{path} stays half-written"
        time.sleep(0.2)
    # running the last cell adds an empty one
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.source]


def _not_run(path: Path) -> list | None:
    """The code that the file has without a number; None while JupyterLab writes, which it does in place."""
    try:
        cells = nbformat.read(path, as_version=4).cells
    except nbformat.reader.NotJSONError:
        return None
    return [cell.source for cell in cells if cell.cell_type == "code" and cell.source and not cell.execution_count]


def errors(cell) -> list[str]:
    return [output.ename for output in cell.get("outputs", []) if output.output_type == "error"]


def lines(cells) -> list[str]:
    """The progress lines, in order."""
    texts = "".join(output.text for cell in cells for output in cell.get("outputs", []) if "text" in output)
    return [line for line in texts.splitlines() if line.startswith("Progress: ")]


@pytest.mark.parametrize("name", LABS)
def test_unsolved_notebook_runs_and_its_tests_say_what_is_to_be_done(browser, site, jupyter, name):
    cells, seen = run_all(browser, jupyter, lay_out(site, jupyter, name, solved=False))
    lab = source.read(ROOT / "labs" / f"{name}.md")
    assert lab.title in seen
    assert not RAW.search(seen)
    tests = [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code"]
    assert len(tests) == sum(len(task.tests) for task in lab.tasks)
    for cell in cells:
        if cell in tests:
            assert set(errors(cell)) <= EXPECTED, cell.source
            assert errors(cell), cell.source
        else:  # given code may run what is still to be written
            assert set(errors(cell)) <= {"NotImplementedError"}, cell.source
    coded = sum(task.kind == "code" for task in lab.tasks)
    assert len(lines(cells)) == len(tests)
    assert lines(cells)[-1].startswith(f"Progress: 0 of {coded} tested tasks pass.")


@pytest.mark.parametrize("name", LABS[:1])  # that solutions pass is looked at without a browser in all labs
def test_solved_notebook_passes(browser, site, jupyter, name):
    cells, _ = run_all(browser, jupyter, lay_out(site, jupyter, name, solved=True))
    assert not [(cell.source, errors(cell)) for cell in cells if errors(cell)]
    last = lines(cells)[-1]
    coded = last.split(" of ")[1].split(" ")[0]
    assert last.startswith(f"Progress: {coded} of {coded} tested tasks pass.")
    assert "✗" not in last
    assert "○" not in last


def test_there_are_labs():
    assert len(LABS) >= 2
