"""What stops a build, and what makes a chapter run again."""

from __future__ import annotations

import functools
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from jupyter_book.config import get_final_config

from lecturelib.core.statements import heading
from lecturelib.site.key import execution_key
from lecturelib.site.times import read_times
from tests.site.books import NOTEBOOK, SETTINGS, build, built, cell, command, write_book
from tests.site.link_checks import read
from tests.site.processes import gone

SLOWEST_CELL = 60  # seconds; a chapter has as long in all
STATED = """
:::{prf:theorem} Planted
:label: thm-planted

Some words.
:::
"""


def test_failing_cells_stop_the_build_and_are_all_named_while_what_went_well_is_kept(tmp_path):
    book, runs = tmp_path / "book", tmp_path / "runs"
    noting = "with open({!r}, 'a') as runs:\n    runs.write('{} ')\n"
    chapters = {"chapter": "1 / 0  # a planted mistake", "other": "nowhere", "good": "print('fine')"}
    pages = {name: NOTEBOOK + cell(noting.format(str(runs), name)) + cell(code) for name, code in chapters.items()}
    done = build(write_book(book, pages))
    assert done.returncode != 0
    assert sorted(runs.read_text().split()) == ["chapter", "good", "other"], "each is executed once"
    for page, error in {"chapter": "ZeroDivisionError", "other": "NameError"}.items():
        assert re.search(
            rf"{page}.md: WARNING: Executing notebook failed: CellExecutionError\n(.*\n)+?{error}", done.stdout
        )
    assert re.search(r"^good.md: Executed notebook in [\d.]+ seconds$", done.stdout, re.M)
    assert set(read_times(book)) == {"good"}
    # a second build finds them again, and does not take the pages for ones that were read before
    assert build(book).returncode != 0
    assert sorted(runs.read_text().split()) == ["chapter", "chapter", "good", "other", "other"]


def test_a_build_that_is_stopped_keeps_what_was_executed_and_leaves_nothing_running(tmp_path):
    book, runs = tmp_path / "book", tmp_path / "runs"
    note = f"import os\nwith open({str(runs)!r}, 'a') as runs:\n    print(os.getpid(), file=runs)\n"
    slow = f"{note}import time\ntime.sleep(600)"
    write_book(book, {"chapters/one/quick": NOTEBOOK + cell(note), "slow": NOTEBOOK + cell(slow)})
    (book / "lecturelib" / "one").mkdir(parents=True)
    (book / "lecturelib" / "one" / "__init__.py").touch()
    # tests may themselves run in the background, where Ctrl-C is not heard
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(**command(book), start_new_session=True, preexec_fn=heard) as process:
        while not runs.exists() or len(runs.read_text().split()) < 2:  # the second page runs, the first is done
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate()
    assert process.returncode == 130
    assert told.endswith("Stopped. What was executed is kept.\n")
    assert "chapters/one/quick.md: Executed notebook in" in told
    kernels = [int(number) for number in runs.read_text().split()]
    assert all(gone(kernel) for kernel in kernels)
    change(book / "slow.md", "time.sleep(600)", "time.sleep(0)")
    built(book)
    assert len(runs.read_text().split()) == 3, "only the page that was not finished is executed again"


def test_a_build_ends_with_whoever_started_it_and_a_second_one_beside_it_does_not_begin(tmp_path):
    book, runs = tmp_path / "book", tmp_path / "runs"
    note = f"import os\nwith open({str(runs)!r}, 'w') as runs:\n    runs.write(str(os.getpid()))\n"
    slow = f"{note}import time\ntime.sleep(600)"
    write_book(book, {"slow": NOTEBOOK + cell(slow)})
    with subprocess.Popen(**command(book), start_new_session=True) as process:
        while not runs.exists() or not runs.read_text():
            assert process.poll() is None
            time.sleep(0.1)
        second = build(book)
        assert second.returncode == 75
        assert second.stdout == f"Another build is at work in {book / '_build'}. Wait until it is done, or stop it.\n"
        process.kill()
    assert gone(int(runs.read_text()))
    change(book / "slow.md", "time.sleep(600)", "time.sleep(0)")
    for _ in range(30):  # what was killed from afar takes a moment to let go
        if (done := build(book)).returncode != 75:
            break
        time.sleep(1)
    assert done.returncode == 0, done.stdout[-4000:]


def test_what_is_wrong_in_a_page_stops_the_build_and_is_named(tmp_path):
    wrong = {
        "See {prf:ref}`thm-nowhere`.": "WARNING: .*thm-nowhere",
        "See {eq}`eq-nowhere`.": "WARNING: .*eq-nowhere",
        "See [](#nowhere).": "WARNING: .*'nowhere'",
        "See {cite}`nobody1900`.": "WARNING: .*nobody1900",
        cell("import sys\n\nprint('careful', file=sys.stderr)"): r"chapter.md:(\d+): .*stderr",
    }
    done = build(write_book(tmp_path, {"chapter": NOTEBOOK + "\n\n".join(wrong)}))
    assert done.returncode != 0
    assert not [complaint for complaint in wrong.values() if not re.search(complaint, done.stdout)], done.stdout[-4000:]


def test_text_on_stderr_alone_stops_the_build(tmp_path):
    done = build(write_book(tmp_path, {"chapter": NOTEBOOK + cell("import warnings\n\nwarnings.warn('careful')")}))
    assert done.returncode != 0
    assert "stderr" in done.stdout


def test_a_slow_cell_is_not_stopped(tmp_path):
    book = write_book(tmp_path, {"chapter": NOTEBOOK})
    command_line = {"external_toc_path": str(book / "_toc.yml"), "latex_individualpages": False}
    config, _ = get_final_config(user_yaml=book / "_config.yml", sourcedir=book, cli_config=command_line)
    assert config["nb_execution_timeout"] >= SLOWEST_CELL
    assert not config["nb_execution_allow_errors"]


@pytest.fixture
def counting(tmp_path) -> tuple[Path, Path]:
    """A book whose one chapter notes down outside the book that it was run, and that place."""
    book, runs = tmp_path / "book", tmp_path / "runs"
    code = f"with open({str(runs)!r}, 'a') as runs:\n    runs.write('x')"
    write_book(book, {"chapter": f"{NOTEBOOK}Some prose.\n\n{cell(code)}"})
    for name, text in {"lecturelib/part.py": "RATE = 1\n", "requirements.txt": "torch==2.13.0\n"}.items():
        (book / name).write_text(text, encoding="utf-8")
    (book / "chapters" / "data").mkdir(parents=True)
    (book / "chapters" / "data" / "curve.csv").write_text("1,2\n", encoding="utf-8")
    built(book)
    assert runs.read_text() == "x"
    return book, runs


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_chapter_runs_again_when_what_it_depends_on_has_changed_and_only_then(counting):
    book, runs = counting
    count = 1

    def build_after(path: str, old: str, new: str, *, runs_again: bool) -> None:
        nonlocal count
        change(book / path, old, new)
        built(book)
        count += runs_again
        assert len(runs.read_text()) == count, f"after a change of {path}"

    page, index = (book / "_build" / "html" / name for name in ("chapter.html", "search/index.js"))
    written = index.stat().st_mtime_ns
    built(book)
    assert index.stat().st_mtime_ns == written, "nothing had changed"
    page.unlink()
    (book / "_build" / "html" / "index.html").unlink()
    built(book)
    assert (book / "_build" / "html" / "index.html").exists(), "a site that is gone is built again"
    build_after("chapter.md", "Some prose.", "Other prose.", runs_again=False)
    assert "Other prose." in (book / "_build" / "html" / "chapter.html").read_text(encoding="utf-8")
    build_after("lecturelib/part.py", "1", "2", runs_again=True)
    build_after("chapter.md", "write('x')", "write('y')", runs_again=True)


@pytest.fixture
def parted(tmp_path) -> Path:
    """The files of a book of two parts on which results of its chapters may depend; nothing is built."""
    texts = {
        "lecturelib/one/__init__.py": "RATE = 1\n",
        "lecturelib/two/__init__.py": "RATE = 1\n",
        "lecturelib/core/__init__.py": "RATE = 1\n",
        "lecturelib/site/__init__.py": "RATE = 1\n",
        "chapters/one/data/curve.csv": "1,2\n",
        "chapters/two/data/curve.csv": "1,2\n",
        "chapters/two/page.md": "# A page\n\nProse.\n" + STATED,
        "benchmarks/results/speed.json": "1,2\n",
        "requirements.txt": "torch==2.13.1\n",
        "README.md": "1\n",
    }
    for place, text in texts.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("place", "old", "new", "runs_again"),
    [
        ("lecturelib/one/__init__.py", "1", "2", {"one", None}),
        ("chapters/two/data/curve.csv", "2", "3", {"two", None}),
        ("benchmarks/results/speed.json", "2", "3", {None}),
        ("lecturelib/core/__init__.py", "1", "2", {"one", "two", None}),
        ("requirements.txt", "2.13.1", "2.13.2", {"one", "two", None}),
        ("lecturelib/site/__init__.py", "1", "2", set()),
        ("README.md", "1", "2", set()),
        ("chapters/two/page.md", "Prose", "Other prose", set()),
        ("chapters/two/page.md", "Some words", "Other words", {None}),
        ("chapters/two/page.md", "# A", "# The", {None}),
    ],
)
def test_a_change_makes_those_chapters_run_again_that_can_see_it(parted, place, old, new, runs_again):
    before = {part: execution_key(parted, part) for part in ("one", "two", None)}
    change(parted / place, old, new)
    heading.cache_clear()  # as in another process
    after = {part: execution_key(parted, part) for part in before}
    assert {part for part in before if before[part] != after[part]} == runs_again


CLAIM = """
import torch
from lecturelib.core.checking import equals
from lecturelib.core.claims import claim


def points(generator):
    with open({runs!r}, "a") as runs:
        runs.write("{page} ")
    return (torch.ones(2, dtype=torch.float64),)


@claim("thm-planted", source="own", check=equals(lambda x: x, on=points), wrong={{"twice": lambda x: 2 * x}})
def planted(x):
    return x


object.__setattr__(planted, "module", "lecturelib.one.checks")
planted.show()
"""


def test_pages_share_verdicts_until_something_changes_that_they_depend_on(tmp_path):
    book, runs = tmp_path / "book", tmp_path / "runs"
    pages = ("appendix/checked", "chapters/one/page", "chapters/one/page_more")
    chapters = {page: NOTEBOOK + cell(CLAIM.format(runs=str(runs), page=page)) for page in pages}
    chapters["chapters/one/page"] += STATED
    write_book(book, chapters)
    for place in ("one", "core"):
        (book / "lecturelib" / place).mkdir(parents=True)
        (book / "lecturelib" / place / "__init__.py").write_text("RATE = 1\n", encoding="utf-8")

    def ran() -> set[str]:
        runs.write_text("")
        site = built(book)
        texts = [(site / f"{page}.html").read_text(encoding="utf-8") for page in pages]
        assert all("off by 0; would notice an error of" in text for text in texts)
        assert len(list((book / "_build" / "verdicts").glob("*/*"))) == 1, "old verdicts are removed"
        return set(runs.read_text().split())

    first = ran()
    assert first
    assert "appendix/checked" not in first, "chapters come first, and the others show what they found"
    (verdict,) = (book / "_build" / "verdicts").glob("*/*")
    change(book / "appendix" / "checked.md", "planted.show()", "planted.show()  # again")
    assert ran() == set()
    change(book / "lecturelib" / "one" / "__init__.py", "1", "2")
    again = ran()
    assert again
    assert "appendix/checked" not in again
    assert not verdict.exists()


REPOSITORY = "https://github.com/someone/some-book"
PAGE = "parts/chapter"
LINKS = {
    "Binder": "https://mybinder.org/v2/gh/someone/some-book/main?urlpath=lab/tree/parts/chapter.md"
    "%3Ffactory%3DJupytext%20Notebook",
    "Colab": "https://colab.research.google.com/github/someone/some-book/blob/gh-pages/_sources/parts/chapter.ipynb",
    "the repository": REPOSITORY,
    "an edit": f"{REPOSITORY}/edit/main/parts/chapter.md",
    "an issue": f"{REPOSITORY}/issues/new?title=Issue%20on%20page%20%2Fparts/chapter.html"
    "&body=Your%20issue%20content%20here.",
}
PLACES = ("mybinder", "colab.research", "github.com", "/issues", "/edit/", "launch-buttons", "source-buttons")


@pytest.mark.parametrize("address", [REPOSITORY, ""])
def test_launch_and_source_buttons_stand_there_once_the_repository_has_an_address(tmp_path, address):
    chapters = {"first": "# First\n", PAGE: NOTEBOOK}
    changes = {"repository": {**SETTINGS["repository"], "url": address, "branch": "main"}}
    site = built(write_book(tmp_path, chapters, changes))
    links = {link for _, link in read(site / f"{PAGE}.html").refers}
    if address:
        assert not [what for what, link in LINKS.items() if link not in links], links
    else:
        pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
        assert not [(path.name, place) for path, text in pages.items() for place in PLACES if place in text]
