"""Explorers are alive in every browser, from a server and from a folder, and answer to the keyboard.

WebKit is started with the language "C", which is none that scripts know.
"""

from __future__ import annotations

import pytest

from tests.site.page_checks import WIDE, Visit
from tests.site.weight import explorers

ALIVE = "(name) => document.querySelector(`#explorer-${name}.alive .explorer-words`)?.textContent.trim()"
LATE = "(name) => document.getElementById(`explorer-${name}`).innerText.slice(0, 300)"
MOVED = ":is(input[type=range], input[type=checkbox], .explorer-handle):not(:disabled)"
CONTROLS = f"[...document.querySelectorAll(`#explorer-${{name}} {MOVED}`)]"
TELLING = f"(name) => {CONTROLS}.map((one) => one.ariaLabel ?? one.labels?.[0]?.textContent ?? one.outerHTML)"
FOCUS = f"""([name, number]) => {{
  const control = {CONTROLS}[number];
  control.focus();
  return document.activeElement === control;
}}"""
SAYS = "(name) => document.querySelector(`#explorer-${name} .explorer-words`).textContent"
OTHERWISE = f"([name, before]) => ({SAYS})(name) !== before"
MISSING = "[...document.fonts].filter((font) => font.status === 'error').map((font) => font.family)"
KEYS = ("ArrowRight", "ArrowLeft", " ")


@pytest.fixture(scope="module")
def alive(site, pages) -> list[tuple[str, str]]:
    """All explorers, with their pages."""
    return [(page, name) for page in pages for name in explorers(site / page)]


@pytest.fixture
def page(any_browser):
    with any_browser.new_context() as context, context.new_page() as page:
        page.set_viewport_size(WIDE)
        yield page


def answers(page, name: str) -> str:
    """What is wrong with how an explorer answers to the keyboard, or nothing."""
    controls = page.evaluate(TELLING, name)
    for number in range(len(controls)):
        if not page.evaluate(FOCUS, [name, number]):
            return f"the control {controls[number]!r} does not take the focus"
        for key in KEYS:
            before = page.evaluate(SAYS, name)
            page.keyboard.press(key)
            try:
                page.wait_for_function(OTHERWISE, arg=[name, before], timeout=2000)
            except Exception:
                continue
            return ""
    return f"none of the controls {controls} changes the words when it is moved by the keyboard"


def test_explorers_are_alive_in_a_folder_and_answer_to_the_keyboard(page, site, alive):
    look(page, site.as_uri(), alive, console=False)


def test_explorers_are_alive_from_a_server_and_answer_to_the_keyboard(page, hearing_server, alive):
    # every fifth: a server makes a difference to what is loaded, not to what an explorer does
    look(page, hearing_server, alive[::5], console=True)


def look(page, start: str, alive: list[tuple[str, str]], *, console: bool) -> None:
    """Go to these explorers and use them; console: whether everything that a browser complains of counts, or errors."""
    assert alive
    wrong = []
    visit = Visit(page, start)
    visit.listen()
    for path, name in alive:
        page.goto("about:blank")
        page.goto(f"{start}/{path}#explorer-{name}")
        try:
            page.wait_for_function(ALIVE, arg=name, timeout=20000)
        except Exception:
            wrong.append(f"{path}: {name} is not alive after 20 s; its box says {page.evaluate(LATE, name)!r}")
            continue
        if problem := answers(page, name):
            wrong.append(f"{path}: {name}: {problem}")
        if page.evaluate(MISSING):  # one that cannot be had is missing each time, one that was given up is not
            page.goto("about:blank")
            page.goto(f"{start}/{path}#explorer-{name}")
            page.wait_for_function(ALIVE, arg=name, timeout=20000)
            wrong += [f"{path}: the font {font} is missing" for font in page.evaluate(MISSING)]
    page.goto("about:blank")
    # Chromium calls it an error that a folder cannot load ahead of time, and loads it a moment later
    counted = [check for check in visit.problems if console or check == "errors"]
    wrong += [f"{check}: {problem}" for check in counted for problem in visit.problems[check]]
    assert not wrong, "\n".join(wrong)
