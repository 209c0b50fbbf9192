"""The three browsers by themselves: what is planted in a page is noticed in each, and each does as it is told."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.site.books import ROOT
from tests.site.browsers import firefox as firefoxes
from tests.site.browsers import programs
from tests.site.browsers import webkit as webkits
from tests.site.browsers.window import BrowserError
from tests.site.page_checks import Visit
from tests.site.serving import serve

GOOD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Good</title><link rel="icon" href="data:,">
</head><body style="margin: 0"><p><input type="range" aria-label="a number"></p><button>press</button>
<p id="said"></p><p style="height: 3000px"></p><h2 id="place">A place</h2><p style="height: 3000px"></p>
<script>document.querySelector("button").onclick = () => { said.textContent = "pressed"; };</script></body></html>"""
BAD = """<!doctype html><html lang="en"><head><title>Bad</title><link rel="icon" href="data:,"></head><body>
<img src="nowhere.png" alt="missing"><img src="http://elsewhere.invalid/picture.png" alt="of another host">
<script>console.error("a planted error"); console.warn("a planted warning"); missing();</script>
<script>Promise.reject(new Error("a planted promise"));</script></body></html>"""


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The folder of two pages, and the address under which they are served."""
    folder = tmp_path_factory.mktemp("two pages") / "a folder"
    folder.mkdir()
    (folder / "good.html").write_text(GOOD, encoding="utf-8")
    (folder / "bad.html").write_text(BAD, encoding="utf-8")
    with serve(folder, hearing=True) as address:
        yield folder, address


@pytest.fixture
def page(any_browser):
    with any_browser.new_context() as context, context.new_page() as page:
        yield page


def test_what_goes_wrong_in_a_page_is_noticed(page, planted):
    _, address = planted
    visit = Visit(page, address)
    visit.listen()
    page.goto(f"{address}/bad.html")
    page.wait_for_function("document.readyState === 'complete'")
    page.wait_for_timeout(500)
    page.evaluate("1")
    found = visit.problems
    assert any("a planted error" in problem for problem in found["console"]), found
    assert any("a planted warning" in problem for problem in found["console"]), found
    assert any("missing" in problem for problem in found["errors"]), found
    assert any("a planted promise" in problem for problem in found["errors"]), found
    assert any("nowhere.png" in problem for problem in found["requests"]), found
    assert any("elsewhere.invalid" in problem for problem in found["hosts"] + found["requests"]), found


def test_a_page_without_problems_has_none(page, planted):
    _, address = planted
    visit = Visit(page, address)
    visit.listen()
    page.goto(f"{address}/good.html")
    assert page.evaluate("document.title") == "Good"
    assert not any(visit.problems.values()), visit.problems


@pytest.mark.parametrize("place", ["server", "file"])
def test_keys_and_clicks_reach_the_page_from_a_server_and_from_a_folder(page, planted, place):
    folder, address = planted
    page.goto(f"{address}/good.html" if place == "server" else (folder / "good.html").as_uri())
    page.evaluate("document.querySelector('input').focus()")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('input').value === '51'")
    x, y, width, height = page.evaluate(
        "(name) => { const { x, y, width, height } = document.querySelector(name).getBoundingClientRect();"
        " return [x, y, width, height]; }",
        "button",
    )
    page.mouse.click(x + width / 2, y + height / 2)
    page.wait_for_function("(words) => said.textContent === words", arg="pressed")


def test_a_window_takes_a_size_and_goes_back(page, planted):
    _, address = planted
    page.goto(f"{address}/good.html")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert page.evaluate("() => [innerWidth, innerHeight]") == [1280, 900]
    page.goto(f"{address}/good.html#place")
    page.wait_for_function("Math.abs(place.getBoundingClientRect().top) < 1")
    page.go_back()
    page.wait_for_function("location.hash === '' && scrollY === 0")


def test_a_script_that_fails_says_so(page, planted):
    page.goto(f"{planted[1]}/good.html")
    with pytest.raises(Exception, match="nothingOfThisName"):
        page.evaluate("() => nothingOfThisName()")
    assert page.evaluate("Promise.resolve({ one: [1, null] })") == {"one": [1, None]}


@pytest.mark.parametrize("driven", ["firefox", "webkit"])
def test_who_waits_in_vain_learns_where_and_for_what(request, planted, driven):
    with request.getfixturevalue(driven).new_context() as context, context.new_page() as page:
        page.goto(f"{planted[1]}/good.html")
        with pytest.raises(BrowserError, match=f"(?i){driven}.*good.html.*0.1 s.*undefined"):
            page.wait_for_function("window.never === 1 && undefined", timeout=100)
        with pytest.raises(ValueError, match="key: expected"):
            page.keyboard.press("Nosuchkey")


STARTED = {"firefox-esr": firefoxes.started, "webkit2gtk-driver xvfb": webkits.started}


@pytest.mark.parametrize("package", STARTED)
@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_browser_is_named_with_its_package_and_fails_where_it_must_not_be_missing(
    monkeypatch, package, ci, outcome
):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=f"apt-get install {package}"), STARTED[package]():
        pass


def test_a_program_that_ends_too_soon_is_named_with_what_it_said(tmp_path):
    log = tmp_path / "said"
    with programs.home() as (_, environment):
        command = ["/bin/sh", "-c", "echo no display; exit 3"]
        with (
            programs.running(command, environment, log) as process,
            pytest.raises(RuntimeError, match=r"(?s)for a window.*/bin/sh ended with status 3.*no display"),
        ):
            programs.wait(lambda: None, "a window", process, log)


def gone(process: str) -> bool:
    """Has it ended? The system may keep its number for a moment, but no command."""
    command = Path(f"/proc/{process}/cmdline")
    return not command.exists() or not command.read_bytes()


PARENT = ["/bin/sh", "-c", "sleep 600 & echo $!; wait"]


def test_what_a_program_started_ends_with_it(tmp_path):
    log = tmp_path / "said"
    with programs.home() as (folder, environment), programs.running(PARENT, environment, log) as process:
        child = programs.wait(lambda: log.read_text().strip(), "a child", process, log)
        programs.wait(lambda: not gone(child), "its command", process, log)  # the shell forks before `sleep` has a name
        assert " " in folder.name
        assert environment["HOME"] == str(folder)
    assert gone(child)
    assert not folder.exists()


KILLED = """
import os, pathlib, signal, sys
from tests.site.browsers import programs
log = pathlib.Path(sys.argv[1])
with programs.running(["/bin/sh", "-c", "sleep 600 & echo $!; wait"], dict(os.environ), log) as process:
    programs.wait(lambda: log.read_text().strip(), "a child", process, log)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_browsers_end_where_the_tests_are_killed(tmp_path):
    log = tmp_path / "said"
    done = subprocess.run([sys.executable, "-c", KILLED, log], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    child = log.read_text().strip()
    deadline = time.monotonic() + programs.END
    while not gone(child) and time.monotonic() < deadline:
        time.sleep(programs.STEP)
    assert gone(child)
