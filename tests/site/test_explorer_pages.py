"""Pages of the book that hold explorers: they come to life without a kernel, whoever reads and however.

Each explorer is visited once, and everything is looked at in that visit.
"""

from __future__ import annotations

import pytest

from tests.site.explorer_page import FOCUS, MOST, Seen
from tests.site.one_screen import ONE_SCREEN, ROOM
from tests.site.page_checks import AXE, COLOURS, MODE, NARROW, SERIOUS, SETTLED, TYPESET, Visit, looking
from tests.site.weight import explorers

SCREEN = {"width": 1300, "height": 800}
CONTROLS = ":is(button, select, input, .explorer-handle):not(:disabled)"
RUN_AXE = "([name, how]) => axe.run('#explorer-' + name, how)"
COLOURLESS = {"rules": {rule: {"enabled": False} for rule in COLOURS}}


@pytest.fixture(scope="module")
def alive(site, pages) -> dict[str, list[str]]:
    """Page → its explorers, for pages that have some."""
    found = {page: explorers(site / page) for page in pages}
    return {page: names for page, names in found.items() if names}


def opened(browser, server, alive, pace: int = 1, **options):
    """Every explorer of the book, one after the other, in a browser with these options and `pace` times slower."""
    for path, names in alive.items():
        for name in names:
            with browser.new_context(**options) as context, context.new_page() as page:
                visit = Visit(page, server)
                visit.listen()
                context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": pace})
                page.goto(f"{server}/{path}#explorer-{name}")
                seen = Seen(page, name)
                yield seen, visit


def keyboard(seen: Seen) -> list[str]:
    """Tab has to lead through every control, each with an outline."""
    controls = seen.root.locator(CONTROLS)
    controls.first.focus()
    outlines = [seen.page.evaluate(FOCUS)["outline"]]
    for _ in range(MOST):
        seen.page.keyboard.press("Tab")
        focus = seen.page.evaluate(FOCUS)
        if not focus["alive"]:
            break
        outlines.append(focus["outline"])
    # the first has been focused by a script, which leaves the outline to the browser
    found, wanted = (len(outlines), set(outlines[1:])), (controls.count(), {"solid"})
    return [] if found == wanted else [f"Tab reaches {found[0]} of {wanted[0]} controls, with outlines {found[1]}"]


def charts(seen: Seen) -> list[str]:
    """Every chart has to say what it shows."""
    told = [chart.get_attribute("aria-label") for chart in seen.root.get_by_role("img").all()]
    if not told:
        return ["it has no chart"]
    return [f"a chart says no more than {text!r}" for text in told if len(text) <= 40]


def axe(seen: Seen, how: dict) -> list[str]:
    """What axe-core finds in the explorer with these options, as far as it is serious."""
    found = seen.page.evaluate(RUN_AXE, [seen.name, how])["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found if one["impact"] in SERIOUS]


def one_screen(seen: Seen) -> list[str]:
    """Charts and the control that is moved have to fit one screen, and the room that the page keeps."""
    return seen.page.evaluate(ONE_SCREEN, seen.name) + seen.page.evaluate(ROOM, seen.name)


def phone(seen: Seen) -> list[str]:
    """A narrow window has to hold it."""
    box = seen.root.bounding_box()
    fits = box["x"] >= 0 and box["x"] + box["width"] <= NARROW["width"]
    return one_screen(seen) + ([] if fits else [f"a window of {NARROW['width']} pixels does not hold it: {box}"])


def printed(seen: Seen) -> list[str]:
    """On paper the still picture stands for it."""
    seen.page.emulate_media(media="print")
    still = seen.page.locator(f"#explorer-{seen.name} > .explorer-still svg[role=img]")
    problems = ["the living one is printed"] if seen.root.is_visible() else []
    return problems if still.is_visible() else [*problems, "no picture is printed"]


CHECKS = ("keyboard", "charts", "axe", "wide", "dark", "phone", "print", "errors")


@pytest.fixture(scope="module")
def problems(browser, server, alive) -> dict[str, list[str]]:
    """Name of a check → what is wrong, with the explorer. The order matters: what changes the window comes last."""
    found: dict[str, list[str]] = {check: [] for check in CHECKS}
    for number, (seen, visit) in enumerate(opened(browser, server, alive, viewport=SCREEN, color_scheme="light")):
        with_colours = number % 3 == 0  # all take them from one palette, and to look at them takes longest

        def note(check: str, wrong: list[str], name: str = seen.name) -> None:
            found[check] += [f"{name}: {problem}" for problem in wrong]

        note("wide", one_screen(seen))
        note("keyboard", keyboard(seen))
        note("charts", charts(seen))
        seen.page.add_script_tag(path=AXE)
        seen.page.evaluate(SETTLED)
        note("axe", axe(seen, {} if with_colours else COLOURLESS))
        seen.page.emulate_media(color_scheme="dark")
        seen.page.evaluate(SETTLED)
        note("dark", [] if seen.page.evaluate(MODE) == "dark" else ["the page stays light"])
        note("dark", axe(seen, {"runOnly": COLOURS}) if with_colours else [])
        seen.page.set_viewport_size(NARROW)
        seen.page.evaluate(SETTLED)
        note("phone", phone(seen))
        note("print", printed(seen))
        note("errors", [f"{kind}: {problem}" for kind, all_ in visit.problems.items() for problem in all_])
    return found


def test_the_book_has_explorers(alive):
    assert {"loss_surface", "breakpoints", "dynamics", "spectral_bias"} <= {path.split("/")[-1][:-5] for path in alive}


@pytest.mark.parametrize("check", CHECKS)
def test_no_explorer_has_a_problem(problems, check):
    assert not problems[check], "\n".join(problems[check])


def test_the_address_of_a_preset_leads_to_what_the_preset_shows(browser, server, alive):
    for seen, _ in opened(browser, server, alive):
        # the last ones are those that are farthest from how an explorer begins
        for preset in seen.root.locator(".explorer-presets button").all()[-2:]:
            preset.click()
            words = seen.rested()
            seen.asked()
            seen.page.reload()
            seen.root.wait_for()
            assert seen.rested() == words, seen.name


def test_an_address_leads_to_its_explorer_however_late_the_page_is_complete(browser, server, alive):
    some = dict(list(alive.items())[::3])  # what is late is the page; where it leads at once is in `test_places.py`
    for seen, _ in opened(browser, server, some, pace=4):
        seen.page.evaluate(TYPESET)
        seen.page.evaluate(SETTLED)
        top = seen.root.bounding_box()["y"]
        assert 0 <= top < 200, (seen.name, top)


PLAYERS = {"playground": "chapters/splines/breakpoints_more.html", "modes": "chapters/kernels/spectral_bias.html"}
COUNT = """() => {
  window.times = new Set();
  const time = document.querySelector('.explorer-time output');
  new MutationObserver(() => times.add(time.textContent)).observe(time, { childList: true, subtree: true });
}"""


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
@pytest.mark.parametrize(("name", "path"), PLAYERS.items())
def test_less_motion_means_few_pictures_a_second(browser, server, name, path, motion):
    with browser.new_context(reduced_motion=motion) as context, context.new_page() as page:
        page.clock.install()
        page.goto(f"{server}/{path}?modes.time=0&modes.width=8#explorer-{name}")
        seen = Seen(page, name)
        seen.root.scroll_into_view_if_needed()
        page.evaluate(TYPESET)
        page.clock.pause_at(page.evaluate("Date.now() + 5000"))
        page.evaluate(COUNT)
        seen.button("Play").click()
        page.clock.run_for(2000)  # by the clock of the page, however slow the machine is
        pictures = page.evaluate("times.size")
        assert pictures <= 6 if motion == "reduce" else pictures > 30


def test_pages_without_explorers_load_nothing_of_them(browser, server, pages, alive):
    other, one = next(page for page in pages if page not in alive), next(iter(alive))
    with looking(browser) as context:
        for path in (other, one):
            with context.new_page() as page:
                visit = Visit(page, server)
                visit.listen()
                page.goto(f"{server}/{path}", wait_until="networkidle")
                assert any("/assets/explorers/" in url for url in visit.asked) == (path in alive)
