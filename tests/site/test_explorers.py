"""Explorers on a page of a small book, with no kernel: what they answer to, and what they say."""

from __future__ import annotations

import nbformat
import pytest

from tests.site.link_checks import broken
from tests.site.page_checks import AXE, NARROW, SETTLED, Visit, look_at_modes, looking, switch_to_dark
from tests.site.serving import serve
from tests.site.weight import frame_rate

WORDS = ".explorer-words"
DATUM = "The breakpoint stands on the datum at"


@pytest.fixture(scope="module")
def address(explorer_book):
    with serve(explorer_book) as address:
        yield address


class Opened:
    """A page, and the explorer in it that a test uses."""

    def __init__(self, page, address: str) -> None:
        self.visit = Visit(page, address)
        self.visit.listen()
        self.page = page
        self.address = address

    def go(self, query: str = "") -> Opened:
        self.page.goto(f"{self.address}/one.html{query}")
        self.box.locator(".explorer-live").wait_for()
        return self

    @property
    def box(self):
        return self.page.locator("#explorer-slice")

    @property
    def beta(self):
        return self.box.get_by_role("slider", name="breakpoint β")

    def says(self, text: str) -> None:
        """Wait until the explorer says this."""
        self.box.locator(WORDS, has_text=text).wait_for()

    def query(self, expected: str) -> None:
        """Wait until the address has this query."""
        self.page.wait_for_function("(wanted) => location.search === wanted", arg=expected)


@pytest.fixture
def opened(browser, address):
    with looking(browser) as context, context.new_page() as page:
        page.set_viewport_size({"width": 1280, "height": 1000})
        found = Opened(page, address)
        yield found
        assert not any(found.visit.problems.values()), found.visit.problems


def special(browser, address, **options):
    """A page in a browser of another kind."""
    context = browser.new_context(**options)
    return context, Opened(context.new_page(), address)


def test_let_go_the_breakpoint_flows_downhill_to_the_datum_that_holds_it(opened):
    opened.go()
    opened.box.get_by_role("button", name="Caught by a datum").click()
    loss = "box => parseFloat(box.textContent.match(/loss is ([0-9.]+)/)[1])"
    before = opened.box.locator(WORDS).evaluate(loss)
    opened.box.get_by_role("button", name="Let go").click()
    print(f"{frame_rate(opened.page, 0.5):.0f} frames a second while the breakpoint flows")
    opened.says(f"{DATUM} −1.2, an attractor")
    assert opened.box.locator(WORDS).evaluate(loss) < before
    opened.box.get_by_role("button", name="Let go").wait_for()


def test_a_breakpoint_that_rolls_stops_where_it_is_put(opened):
    opened.go()
    link = opened.page.get_by_role("link", name="preset")
    preset = opened.box.get_by_role("button", name="Caught by a datum")
    for act, beta in ((preset.click, "-0.5"), (link.click, "3.2"), (lambda: opened.beta.fill("-2.2"), "-2.2")):
        opened.box.get_by_role("button", name="Noise").click()
        opened.box.get_by_role("button", name="Let go").click()
        opened.box.get_by_role("button", name="Hold").wait_for()
        opened.page.wait_for_function("document.querySelector('#explorer-slice input[type=range]').value !== '0.9'")
        act()
        opened.box.get_by_role("button", name="Let go").wait_for()
        opened.page.wait_for_timeout(250)
        assert opened.beta.input_value() == beta
    # where it was let go is where the preset puts it, so that nothing differs
    preset.click()
    opened.box.get_by_role("button", name="Let go").click()
    preset.click()
    opened.box.get_by_role("button", name="Let go").wait_for()


def test_where_it_started_is_where_the_present_run_did(opened):
    opened.go("?slice.beta=0.5")
    release = opened.box.get_by_role("button", name="Let go")

    def started(beta: str) -> None:
        text = opened.box.get_by_role("img").first.get_attribute("aria-label")
        assert f"It started with the bend at {beta}." in text

    started("0.5")
    opened.box.get_by_role("button", name="Caught by a datum").click()
    started("−0.5")
    release.click()
    opened.box.get_by_role("button", name="Hold").click()
    release.click()
    opened.says(f"{DATUM} −1.2, an attractor")
    started("−0.5")
    opened.beta.fill("1.5")
    started("−0.5")
    release.click()
    started("1.5")
    opened.page.get_by_role("link", name="preset").click()
    started("3.2")


def test_the_setting_is_kept_in_the_address(opened):
    opened.go("?slice.beta=1.2&slice.facing=left")
    opened.says(f"{DATUM} 1.2")
    opened.beta.focus()
    opened.page.keyboard.press("ArrowRight")
    opened.query("?slice.beta=1.21&slice.facing=left")
    opened.page.reload()
    opened.says("The breakpoint stands at 1.21")
    opened.box.get_by_role("button", name="Reset").click()
    opened.query("")
    opened.says("The breakpoint stands at 0.3 ")


def test_an_address_may_name_a_preset_and_what_it_does_not_mean_is_said(opened):
    opened.go("?slice=dead&slice.mu=much&other.mu=1")
    opened.says("The breakpoint stands at 3.2 and the neuron sees 0 of 11 data")
    note = opened.box.get_by_text("Not understood in the address, and left out: slice.mu=much.")
    note.wait_for()
    assert opened.beta.input_value() == "3.2"
    opened.beta.fill("1.5")
    assert not note.is_visible(), "what was noted of the address holds no more"


def test_an_address_that_asks_for_too_much_is_told_what_was_taken(opened):
    opened.go("?slice.beta=1e9&slice.mu=-7")
    for text in ("slice.beta = 1e9, but the most is 3.6", "slice.mu = -7, but the least is -2"):
        opened.box.get_by_text(text).wait_for()
    assert opened.beta.input_value() == "3.6"


def test_links_in_the_prose_set_the_explorer_on_the_same_page(opened, explorer_book):
    opened.go()
    opened.page.evaluate("window.stays = true")
    opened.page.get_by_role("link", name="put it at 1.5").click()
    opened.says("The breakpoint stands at 1.5")
    assert opened.box.get_by_role("combobox", name="facing").input_value() == "left"
    opened.query("?slice.beta=1.5&slice.facing=left")
    opened.page.get_by_role("link", name="preset").click()
    opened.query("?slice.beta=3.2")
    assert opened.page.evaluate("window.stays")
    assert not broken(explorer_book, ["one.html"])


def test_back_returns_to_the_settings_before_and_to_where_the_reader_was(opened):
    opened.go("?slice.mu=0.5")
    opened.beta.fill("0.7")
    where = "document.querySelector('#a-place').getBoundingClientRect().top"
    link = opened.page.get_by_role("link", name="Back up at")
    link.evaluate("(link) => link.scrollIntoView({ block: 'center', behavior: 'instant' })")
    before = opened.page.evaluate(where)
    link.click()
    opened.says(f"{DATUM} −1.2")
    opened.query("?slice.beta=-1.2")
    opened.page.wait_for_function("document.querySelector('#explorer-slice').getBoundingClientRect().bottom > 100")
    opened.page.wait_for_timeout(800)  # it glides there
    opened.page.go_back()
    opened.says("The breakpoint stands at 0.7")
    opened.query("?slice.beta=0.7&slice.mu=0.5")
    opened.page.wait_for_function(f"Math.abs({where} - {before}) < 2")
    opened.page.go_forward()
    opened.says(f"{DATUM} −1.2")


def test_a_link_can_be_copied(opened):
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=opened.address)
    opened.go("?slice.beta=1.5")
    opened.box.get_by_role("button", name="Copy link").click()
    opened.box.get_by_role("button", name="Copied").wait_for()
    copied = opened.page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{opened.address}/one.html?slice.beta=1.5#explorer-slice"


def test_keyboard_alone_reaches_and_operates_every_control_with_visible_focus(opened):
    opened.go()
    page = opened.page
    reached = {}
    page.get_by_role("link", name="preset").focus()
    for _ in range(14):
        page.keyboard.press("Tab")
        name, outline, inside = page.evaluate(
            """() => {
              const here = document.activeElement;
              const name = here.ariaLabel ?? (here.labels?.[0]?.textContent || here.textContent);
              return [name, getComputedStyle(here).outlineStyle, here.matches("#explorer-slice .explorer-live *")];
            }"""
        )
        if inside:
            reached[name] = outline
    wanted = "button, select, input, .explorer-handle"
    assert len(reached) == opened.box.locator(".explorer-live").locator(wanted).count() == 13
    assert set(reached.values()) == {"solid"}, reached
    opened.box.get_by_role("slider", name="Breakpoint", exact=True).focus()
    page.keyboard.press("ArrowLeft")
    opened.says("The breakpoint stands at 0.23")
    opened.box.get_by_role("button", name="On a repeller").focus()
    page.keyboard.press("Enter")
    opened.says(f"{DATUM} 0, a repeller")
    opened.box.get_by_role("combobox", name="data").focus()
    page.keyboard.press("ArrowDown")
    opened.query("?slice.beta=0&slice.scene=noise")


def test_the_text_alternatives_follow_the_state(opened):
    opened.go()
    opened.beta.fill("1.2")
    opened.says(f"{DATUM} 1.2, an attractor")
    charts = opened.box.get_by_role("img")
    for chart in charts.all():
        assert "1.2" in chart.get_attribute("aria-label")
    assert "repeller at 0," in charts.last.get_attribute("aria-label")
    said = opened.box.locator("[aria-live=polite]")
    opened.box.locator("[aria-live=polite]", has_text=f"{DATUM} 1.2").wait_for(state="attached")
    assert said.count() == 1


def test_the_breakpoint_can_be_dragged_and_sticks_to_a_datum(opened):
    opened.go()
    handle = opened.box.get_by_role("slider", name="Breakpoint", exact=True)
    handle.scroll_into_view_if_needed()
    frame = handle.bounding_box()
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    opened.page.mouse.move(x, y)
    opened.page.mouse.down()
    opened.page.mouse.move(x + 100, y, steps=4)
    opened.page.mouse.up()
    assert float(opened.beta.input_value()) > 1
    opened.beta.fill("1.21")
    chart = opened.box.locator(".u-over").last
    place = chart.bounding_box()
    chart.click(position={"x": place["width"] * (0 + 3.4) / 7 + 1, "y": 20})
    opened.says(f"{DATUM} 0, a repeller")


def test_colours_follow_the_switch(opened):
    opened.go()
    paint = "() => document.querySelector('#explorer-slice canvas').toDataURL()"
    opened.page.evaluate(SETTLED)
    light = opened.page.evaluate(paint)
    assert switch_to_dark(opened.page)
    opened.page.wait_for_function(f"(light) => ({paint})() !== light", arg=light)


def test_no_serious_violation_in_either_mode_and_nothing_sticks_out_of_a_phone(opened):
    opened.go()
    opened.page.add_script_tag(path=AXE)
    look_at_modes(opened.visit)
    opened.page.set_viewport_size(NARROW)
    opened.page.evaluate(SETTLED)
    opened.visit.ask("narrow", "narrow")
    opened.visit.axe("narrow")


def test_a_far_explorer_waits_until_the_reader_comes_near(opened):
    opened.go()
    far = opened.page.locator("#explorer-far")
    assert not far.locator(".explorer-live").count()
    assert far.locator("svg[role=img]").first.get_attribute("aria-label")
    far.scroll_into_view_if_needed()
    far.locator(WORDS, has_text=f"{DATUM} 0").wait_for()
    # each keeps to itself
    far.get_by_role("button", name="Beyond the edge").click()
    opened.query("?far.beta=3.2")
    assert opened.beta.input_value() == "0.3"


def test_less_motion_means_that_nothing_glides(browser, address):
    context, opened = special(browser, address, reduced_motion="reduce")
    with context:
        opened.go("?slice=caught")
        opened.box.get_by_role("button", name="Let go").click()
        assert DATUM in opened.box.locator(WORDS).inner_text()


def test_a_finger_moves_the_breakpoint(browser, address):
    context, opened = special(browser, address, has_touch=True, is_mobile=True, viewport=NARROW)
    with context:
        opened.go()
        chart = opened.box.locator(".u-over").last
        chart.scroll_into_view_if_needed()
        chart.tap(position={"x": 40, "y": 30})
        opened.says("The breakpoint stands")
        assert float(opened.beta.input_value()) < -1


@pytest.mark.parametrize("options", [{"java_script_enabled": False}, {}])
def test_print_and_pages_without_scripts_show_the_still_picture(browser, address, options):
    with browser.new_context(**options) as context, context.new_page() as page:
        page.goto(f"{address}/one.html")
        if not options:
            page.locator("#explorer-slice .explorer-live").wait_for()
            page.emulate_media(media="print")
        assert page.locator("#explorer-slice > .explorer-still svg[role=img]").is_visible()
        assert not page.locator("#explorer-slice .explorer-live").is_visible()


@pytest.mark.parametrize("width", [1300, 1000, 768, 390, 360])
def test_the_living_one_is_as_high_as_its_picture_was(opened, width):
    opened.page.set_viewport_size({"width": width, "height": 800})
    opened.page.route("**/frame.js*", lambda route: route.abort())
    opened.page.goto(f"{opened.address}/one.html")
    opened.box.get_by_role("alert").wait_for()
    opened.box.locator(".explorer-notice").evaluate("(notice) => notice.remove()")
    still = opened.box.bounding_box()
    opened.page.unroute("**/frame.js*")
    for problems in opened.visit.problems.values():
        problems.clear()
    opened.go()
    living = opened.box.bounding_box()
    assert (living["x"], living["width"], living["height"]) == (still["x"], still["width"], still["height"])


def test_the_buttons_and_the_stage_stay_above_what_scrolls_below_them(browser, address):
    context, opened = special(browser, address, viewport=NARROW)
    with context:
        opened.go()
        opened.box.get_by_role("combobox", name="data").evaluate("(one) => one.scrollIntoView({ block: 'end' })")
        opened.page.mouse.wheel(0, 400)
        opened.page.wait_for_timeout(300)
        chart = opened.box.locator(".explorer-canvas").first.bounding_box()
        middle = [chart["x"] + chart["width"] / 2, chart["y"] + 20]
        inside = "([x, y]) => document.elementFromPoint(x, y).closest('.explorer-stage') !== null"
        assert chart["y"] >= 40
        assert opened.page.evaluate(inside, middle)


def test_pages_load_what_they_need_and_no_more(opened):
    opened.go()
    assert not [url for url in opened.visit.asked if "/assets/widgets/" in url]
    before = len(opened.visit.asked)
    opened.page.goto(f"{opened.address}/plain.html")
    assert not [url for url in opened.visit.asked[before:] if "/assets/explorers/" in url]


def test_the_notebook_of_the_page_has_the_cell_and_the_words_of_the_links(explorer_book):
    notebook = nbformat.read(explorer_book / "_sources" / "one.ipynb", as_version=4)
    text = "\n".join(found.source for found in notebook.cells)
    assert "SliceExplorer('slice')" in text
    assert "A link: put it at 1.5, and a preset." in text
