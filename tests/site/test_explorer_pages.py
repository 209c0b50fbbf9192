"""Pages of the book that hold explorers: they come to life without a kernel, and stay light.

Times and frames are printed, as they depend on the machine; weights are asserted. To see them: pytest -rP.
"""

from __future__ import annotations

import pytest

from tests.site.explorer_page import FOCUS, MOST, Seen
from tests.site.page_checks import AXE, NARROW, SERIOUS, SETTLED, TYPESET, Visit, looking
from tests.site.weight import LIMIT, explorers, reaction, transferred


@pytest.fixture(scope="module")
def alive(site, pages) -> dict[str, list[str]]:
    """Page → its explorers, for pages that have some."""
    found = {page: explorers(site / page) for page in pages}
    return {page: names for page, names in found.items() if names}


@pytest.fixture
def every(browser, server, alive):
    """Every explorer of the book, one after the other, in a browser with these options and `pace` times slower."""

    def opened(query: str = "", pace: int = 1, **options):
        for path, names in alive.items():
            for name in names:
                with browser.new_context(**options) as context, context.new_page() as page:
                    visit = Visit(page, server)
                    visit.listen()
                    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": pace})
                    page.goto(f"{server}/{path}{query}#explorer-{name}")
                    yield Seen(page, name)
                    assert not any(visit.problems.values()), (name, visit.problems)

    return opened


def test_the_book_has_explorers(alive):
    assert {"loss_surface", "breakpoints", "dynamics", "spectral_bias"} <= {path.split("/")[-1][:-5] for path in alive}


def test_the_keyboard_reaches_every_control_with_visible_focus(every):
    for seen in every():
        seen.root.locator("button").first.focus()
        outlines = [seen.page.evaluate(FOCUS)["outline"]]
        for _ in range(MOST):
            seen.page.keyboard.press("Tab")
            focus = seen.page.evaluate(FOCUS)
            if not focus["alive"]:
                break
            outlines.append(focus["outline"])
        wanted = seen.root.locator(":is(button, select, input, .explorer-handle):not(:disabled)").count()
        # the first has been focused by a script, which leaves the outline to the browser
        assert (len(outlines), set(outlines[1:])) == (wanted, {"solid"}), seen.name


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing_serious_and_a_phone_holds_it(every, mode):
    for seen in every(color_scheme=mode):
        seen.page.add_script_tag(path=AXE)
        for size in ({"width": 1300, "height": 1000}, NARROW):
            seen.page.set_viewport_size(size)
            seen.page.evaluate(SETTLED)
            found = seen.page.evaluate("name => axe.run('#explorer-' + name)", seen.name)["violations"]
            serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
            assert not serious, (seen.name, serious)
        box = seen.root.bounding_box()
        assert box["x"] >= 0, seen.name
        assert box["x"] + box["width"] <= NARROW["width"], seen.name
        assert seen.root.evaluate("root => root.scrollWidth <= root.clientWidth"), seen.name


def test_every_chart_says_what_it_shows(every):
    for seen in every():
        told = [chart.get_attribute("aria-label") for chart in seen.root.get_by_role("img").all()]
        assert len(told) >= 2, seen.name
        assert all(len(text) > 60 for text in told), (seen.name, told)


def test_the_address_of_every_preset_leads_to_what_the_preset_shows(every):
    for seen in every():
        for preset in seen.root.locator(".explorer-presets button").all():
            preset.click()
            words = seen.rested()
            seen.asked()
            seen.page.reload()
            seen.root.wait_for()
            assert seen.rested() == words, seen.name


@pytest.mark.parametrize("slow", [1, 4])
def test_an_address_leads_to_its_explorer_however_late_the_page_is_complete(every, slow):
    for seen in every(pace=slow):
        seen.page.evaluate(TYPESET)
        seen.page.evaluate(SETTLED)
        top = seen.root.bounding_box()["y"]
        assert 0 <= top < 200, (seen.name, top)


PLAYERS = {"playground": "chapters/splines/breakpoints.html", "modes": "chapters/kernels/spectral_bias.html"}
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


def test_print_shows_the_still_picture(every):
    for seen in every():
        seen.page.emulate_media(media="print")
        assert not seen.root.is_visible(), seen.name
        assert seen.page.locator(f"#explorer-{seen.name} > .explorer-still svg[role=img]").is_visible(), seen.name


def test_pages_with_explorers_are_light(browser, server, alive):
    for page, names in alive.items():
        sizes = transferred(browser, f"{server}/{page}", names)
        total = sum(sizes.values())
        ours = sum(size for url, size in sizes.items() if "/assets/explorers/" in url)
        print(f"{page}: {total / 1e6:.2f} MB compressed in {len(sizes)} requests, {ours / 1e3:.0f} kB for explorers")
        assert total <= LIMIT, sorted(sizes.items(), key=lambda pair: -pair[1])[:8]
        assert not [url for url in sizes if "/assets/widgets/" in url]


def test_how_soon_explorers_answer(browser, server, alive):
    for page, names in alive.items():
        for name in names:
            loaded, answered = reaction(browser, f"{server}/{page}", name)
            print(f"{page}, {name}: alive after {loaded:.0f} ms, answers a control in {answered:.0f} ms")


def test_explorers_run_into_no_error_and_other_pages_load_nothing_of_them(browser, server, pages, alive):
    other = next(page for page in pages if page not in alive)
    with looking(browser) as context:
        for path in [*alive, other]:
            with context.new_page() as page:
                visit = Visit(page, server)
                visit.listen()
                page.goto(f"{server}/{path}")
                for name in alive.get(path, []):
                    page.locator(f"#explorer-{name}").scroll_into_view_if_needed()
                    page.locator(f"#explorer-{name}.alive").wait_for()
                assert not any(visit.problems.values()), (path, visit.problems)
                assert any("/assets/explorers/" in url for url in visit.asked) == (path in alive)
