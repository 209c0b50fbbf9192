"""Labs as pages: what their first cell does, which buttons they have, and a lab that breaks the format."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from lecturelib.homework.lab import source
from lecturelib.site import extension, labs
from tests.homework.labs import LAB, broken
from tests.site.books import ROOT, build, write_book

ADDRESS = "https://example.org/someone/book"


def app(address: str = "") -> SimpleNamespace:
    options = {"repository_url": address, "repository_branch": "main"}
    return SimpleNamespace(config=SimpleNamespace(html_theme_options=options, html_baseurl="", html_title="The book"))


@pytest.fixture
def lab():
    return source.reads(LAB, "labs/lines.md")


def test_first_cell_without_an_address_says_what_to_do(lab):
    cell = labs.first_cell(app(), lab)
    assert "Run the notebook inside a copy of the book" in cell
    assert "pip" not in cell
    assert cell.endswith('progress.follow({"slope": 1, "guess": 1, "explain": 0})\n')


def test_first_cell_with_an_address_installs_what_is_missing(lab):
    cell = labs.first_cell(app(ADDRESS), lab)
    assert f'%pip install --quiet "lecturelib @ git+{ADDRESS}@main"' in cell
    assert "installs it from the book's repository where it is missing" in cell


INSTALLING = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
def pip(line):
    print("pip", line)
    sys.modules.pop("lecturelib", None)
shell.register_magic_function(pip, "line", "pip")
if "missing" in sys.argv:
    sys.modules["lecturelib"] = None  # to import it raises ModuleNotFoundError
shell.run_cell(sys.argv[1]).raise_error()
shell.run_cell("# Task guess: 1 point")
"""


@pytest.mark.parametrize("missing", [True, False])
def test_first_cell_is_run_where_the_library_is_missing_and_where_it_is_not(lab, missing):
    cell = labs.first_cell(app(ADDRESS), lab)
    command = [sys.executable, "-c", INSTALLING, cell, *(["missing"] if missing else [])]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = [
        "Installing lecturelib, the library of this book, and what it needs: this takes some minutes, once.",
        f'pip install --quiet "lecturelib @ git+{ADDRESS}@main"',
    ]
    progress = "Progress: 1 of 2 tested tasks pass.  ○ slope  ✓ guess  (marked by hand: explain)"
    assert done.stdout.splitlines() == [*(told if missing else []), progress]


def run(cell: str, folder: Path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", cell]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_missing_data_are_named(lab, tmp_path):
    cell = labs.first_cell(app(), replace(lab, data=(Path("data/x.csv"),)))
    assert "data/x.csv is missing: unpack the lab's zip file" in run(cell, tmp_path).stderr
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text("1")
    assert run(cell, tmp_path).returncode == 0


def test_data_are_fetched_from_the_published_site(lab, tmp_path):
    site = tmp_path / "there" / "raw" / "gh-pages" / "_sources" / "labs" / "data"
    site.mkdir(parents=True)
    (site / "x.csv").write_text("1,2")
    address = (tmp_path / "there").as_uri()
    cell = labs.first_cell(app(address), replace(lab, data=(Path("data/x.csv"),)))
    cell = "\n".join(line for line in cell.splitlines() if "%pip" not in line and "Installing" not in line).replace(
        "except ModuleNotFoundError:", "except ModuleNotFoundError: pass"
    )
    mine = tmp_path / "mine"
    mine.mkdir()
    done = run(cell, mine)
    assert done.returncode == 0, done.stderr
    assert (mine / "data" / "x.csv").read_text() == "1,2"


def test_lab_has_no_button_that_leads_to_its_source():
    context = {"header_buttons": [{"label": "fullscreen-button"}]}
    extension.add_launch_buttons(app(ADDRESS), "labs/lines", "page.html", context, object())
    [group, _] = context["header_buttons"]
    assert [button["text"] for button in group["buttons"]] == ["Colab"]
    assert group["buttons"][0]["url"].endswith("/gh-pages/_sources/labs/lines.ipynb")
    group["buttons"] += [{"label": "source-edit-button"}, {"label": "source-repository-button"}]
    context["sourcename"] = "labs/lines.md"
    labs.hide_source(app(ADDRESS), "labs/lines", "page.html", context, object())
    assert [button.get("label") for button in group["buttons"]] == [None, "source-repository-button"]
    assert context["sourcename"] == ""
    assert context["header_buttons"][1] == {"label": "fullscreen-button"}


def test_chapter_keeps_its_buttons():
    context = {"header_buttons": []}
    extension.add_launch_buttons(app(ADDRESS), "chapters/one", "page.html", context, object())
    [group] = context["header_buttons"]
    assert [button["text"] for button in group["buttons"]] == ["Binder", "Colab"]
    context["sourcename"] = "chapters/one.md"
    labs.hide_source(app(ADDRESS), "chapters/one", "page.html", context, object())
    assert context["sourcename"] == "chapters/one.md"


def test_lab_that_breaks_the_format_is_not_built(tmp_path):
    text = broken("takes: [guess]", "takes: [gess]")
    done = build(write_book(tmp_path / "book", {"root": "# Root\n", "labs/lines": text}))
    assert done.returncode == 1
    assert "this lab breaks the format" in done.stdout
    assert "cell 11 (test guess-1): it uses guess, which is neither in lab.takes" in done.stdout
    made = tmp_path / "book" / "_build"
    assert not [path for path in made.rglob("*.*") if path.is_file() and b"rise = q[1]" in path.read_bytes()]
