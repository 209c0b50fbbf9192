"""Predictions on a page of a small book: asked before a result is seen, kept in the browser, laid beside it."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.site.books import NOTEBOOK, built, cell, write_book
from tests.site.page_checks import AXE, NARROW, SERIOUS, SETTLED, Visit, looking
from tests.site.serving import serve

ASKED = r"""from lecturelib.core import predictions

predictions.number(
    "steps", question="How large is $2^k$ for $k = 5$?", answer=32, low=0, high=100, unit="apples",
    explanation="Since $2^5 = 32$."
)"""
ORDERED = r"""from lecturelib.core import figures

figure, axes = figures.new()
axes.bar(range(4), [2**0.5, 2, 9, 100])
sizes = figures.show(figure, caption="The sizes, with $x = 3$.", alt="Four bars: 1.4, 2, 9, 100.", label="fig-sizes")
predictions.order(
    "sizes", question="Sort by size, the *smallest* first.", items=["$x^2$ at 3", "two", "a hundred", "$\\sqrt 2$"],
    answer=["$\\sqrt 2$", "two", "$x^2$ at 3", "a hundred"], explanation="They are 1.4, 2, 9, 100.",
    picture=sizes
)"""
SKETCHED = r"""predictions.curve(
    "bend", question="Sketch $(x)_+$.", x=[-2.0, 0.0, 2.0], y=[0.0, 0.0, 2.0], x_label="x", y_label="f(x)",
    low=-1, high=3, explanation="It bends at 0."
)"""
CELLS = (cell(ASKED), cell(":tags: [hide-input]\n" + ORDERED), cell(SKETCHED))
PAGE = NOTEBOOK + "\n".join(CELLS) + "\nSee {numref}`fig-sizes`.\n"
PLAIN = "# Plain\n\nNothing is asked here.\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    return built(write_book(tmp_path_factory.mktemp("book"), {"plain": PLAIN, "page": PAGE}))


@pytest.fixture(scope="module")
def address(site):
    with serve(site) as address:
        yield address


class Asked:
    """A prediction in a page."""

    def __init__(self, page, name: str) -> None:
        self.page, self.box = page, page.locator(f"#prediction-{name}")

    @property
    def result(self):
        return self.box.locator(".prediction-result")

    @property
    def verdict(self) -> str:
        return self.box.locator(".prediction-verdict").inner_text().replace("\N{MINUS SIGN}", "-")

    def button(self, name: str):
        return self.box.get_by_role("button", name=name)


@pytest.fixture
def opened(browser, address):
    """Opens the page; what goes wrong there fails the test."""
    with looking(browser) as context, context.new_page() as page:
        page.set_viewport_size({"width": 1280, "height": 900})
        visit = Visit(page, address)
        visit.listen()
        page.goto(f"{address}/page.html")
        yield lambda name: Asked(page, name)
        assert not any(visit.problems.values()), visit.problems


def test_a_number_is_asked_before_the_result_is_seen(opened):
    asked = opened("steps")
    assert not asked.result.is_visible()
    assert asked.button("This is my guess").is_disabled()
    asked.box.get_by_label("Your guess", exact=True).fill("24")
    assert asked.box.get_by_label("Your guess, by slider").input_value() == "24"
    asked.button("This is my guess").click()
    assert asked.verdict == "You said 24 apples, it is 32 apples. Your guess is 8 apples too low."
    assert asked.result.is_visible()
    assert "Since" in asked.result.inner_text()
    assert asked.result.locator("math").count()
    assert not asked.button("This is my guess").is_visible()


def test_a_guess_outside_the_limits_is_none(opened):
    asked = opened("steps")
    asked.box.get_by_label("Your guess", exact=True).fill("101")
    assert asked.button("This is my guess").is_disabled()


def test_a_guess_is_kept_until_it_is_forgotten(opened):
    asked = opened("steps")
    asked.box.get_by_label("Your guess, by slider").fill("32")
    asked.button("This is my guess").click()
    asked.page.reload()
    assert asked.verdict == "You said 32 apples, and it is 32 apples."
    asked.button("Forget my guess").click()
    assert not asked.result.is_visible()
    assert asked.page.evaluate("document.activeElement.type") == "number"
    assert asked.box.get_by_label("Your guess", exact=True).input_value() == ""
    assert asked.page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('prediction'))") == []
    asked.page.reload()
    assert not asked.result.is_visible()


def test_who_wants_no_guess_sees_the_result(opened):
    for name, seen in (("steps", "text=It is 32 apples."), ("bend", ".prediction-still svg")):
        asked = opened(name)
        asked.button("Show the result").click()
        assert asked.result.locator(seen).is_visible()
        asked.button("Guess after all").click()
        assert not asked.result.is_visible()


@pytest.mark.parametrize("kept", ['"x"', "[3]", "{", "1e9"])
def test_what_is_no_guess_any_more_is_forgotten(opened, kept):
    asked = opened("steps")
    asked.page.evaluate("kept => localStorage.setItem(`prediction ${location.pathname} steps`, kept)", kept)
    asked.page.reload()
    assert not asked.result.is_visible()
    assert asked.button("Show the result").is_visible()


def test_it_works_where_the_browser_keeps_nothing(browser, address):
    with browser.new_context() as context, context.new_page() as page:
        page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('blocked'); } })")
        page.goto(f"{address}/page.html")
        asked = Asked(page, "steps")
        asked.box.get_by_label("Your guess", exact=True).fill("24")
        asked.button("This is my guess").click()
        assert "8 apples too low" in asked.verdict
        asked.button("Forget my guess").click()
        assert not asked.result.is_visible()


def lines(asked: Asked) -> list[str]:
    """The items from top to bottom, by the words a screen reader hears."""
    names = [one.get_attribute("aria-label") for one in asked.box.get_by_role("button", name="Move up").all()]
    return [name.removeprefix("Move up: ") for name in names]


def test_items_are_moved_by_keyboard(opened):
    asked = opened("sizes")
    first = lines(asked)
    asked.button(f"Move down: {first[0]}").focus()
    asked.page.keyboard.press("Enter")
    assert lines(asked) == [first[1], first[0], *first[2:]]
    assert asked.page.evaluate("document.activeElement.ariaLabel") == f"Move down: {first[0]}"
    assert asked.box.locator(".prediction-said").inner_text() == f"{first[0]} is now 2 of 4."
    asked.page.keyboard.press("Enter")
    asked.page.keyboard.press("Enter")
    # at the end there is no further down
    assert asked.page.evaluate("document.activeElement.ariaLabel") == f"Move up: {first[0]}"
    assert lines(asked)[-1] == first[0]


def put(asked: Asked, wanted: list[str]) -> None:
    """Bring the items into an order, from the top."""
    for place, start in enumerate(wanted):
        while True:
            now = next(k for k, name in enumerate(lines(asked)) if name.startswith(start))
            if now == place:
                break
            asked.box.get_by_role("button", name="Move up").nth(now).click()


def test_items_are_dragged(opened):
    asked = opened("sizes")
    first = lines(asked)
    rows = asked.box.locator(".prediction-order > li")
    grip, last = rows.nth(0).locator(".prediction-grip").bounding_box(), rows.nth(3).bounding_box()
    asked.page.mouse.move(grip["x"] + 4, grip["y"] + 8)
    asked.page.mouse.down()
    asked.page.mouse.move(grip["x"] + 4, last["y"] + last["height"] - 2, steps=8)
    asked.page.mouse.up()
    assert lines(asked) == [*first[1:], first[0]]


def test_an_order_is_laid_beside_the_one_that_comes_out(opened):
    asked = opened("sizes")
    put(asked, [r"\sqrt 2", "a hundred", "two", "x^2"])
    asked.button("This is my guess").click()
    assert asked.verdict == "1 of 4 stands where it comes out; of 6 pairs, 2 are the other way round."
    beside = asked.box.locator(".prediction-beside").all_inner_texts()
    assert beside == ["✓ comes out here", "comes out 4th", "comes out 2nd", "comes out 3rd"]
    assert "They are 1.4, 2, 9, 100." in asked.result.inner_text()
    asked.page.reload()
    assert asked.box.locator(".prediction-beside").all_inner_texts() == beside


def test_a_curve_is_drawn_and_the_answer_laid_over_it(opened):
    asked = opened("bend")
    pad = asked.box.locator(".prediction-axes")
    pad.scroll_into_view_if_needed()
    assert asked.button("This is my guess").is_disabled()
    assert not pad.locator(".answer").count()
    frame = pad.bounding_box()
    asked.page.mouse.move(frame["x"] + 50, frame["y"] + 150)
    asked.page.mouse.down()
    asked.page.mouse.move(frame["x"] + frame["width"] - 20, frame["y"] + 150, steps=10)
    asked.page.mouse.up()
    asked.button("This is my guess").click()
    assert asked.verdict.startswith("On average your sketch is ")
    assert "It is furthest" in asked.verdict
    assert "below it, where x is 2: there f(x) is 2." in asked.verdict
    assert pad.locator(".sketch").count() == pad.locator(".answer").count() == 1
    assert "A curve of f(x) over x, from 0 at -2 to 2 at 2" in pad.get_attribute("aria-label").replace("−", "-")
    drawn = pad.locator(".sketch").get_attribute("points")
    asked.page.reload()
    pad.locator(".answer").wait_for()
    kept = pad.locator(".sketch").get_attribute("points")
    ends = [[float(part) for part in text.split()[-1].split(",")] for text in (drawn, kept)]
    assert ends[0] == pytest.approx(ends[1], abs=0.2)
    asked.button("Forget my guess").click()
    assert not pad.locator(".answer").count()


def test_a_curve_is_drawn_by_keyboard(opened):
    asked = opened("bend")
    knob = asked.box.get_by_role("slider", name="Sketch of f(x)")
    knob.focus()
    assert knob.get_attribute("aria-valuetext") == "x −2, f(x) 1"
    for _ in range(5):
        asked.page.keyboard.press("Shift+ArrowDown")
    for _ in range(3):
        asked.page.keyboard.press("Shift+ArrowRight")
    assert knob.get_attribute("aria-valuetext") == "x 0, f(x) −1"
    assert asked.button("This is my guess").is_disabled(), "half of it is not drawn"
    for _ in range(3):
        asked.page.keyboard.press("Shift+ArrowRight")
    for _ in range(10):
        asked.page.keyboard.press("Shift+ArrowUp")
    asked.button("This is my guess").click()
    assert "It is furthest, " in asked.verdict


def test_a_curve_is_drawn_by_finger(browser, address):
    options = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
    with browser.new_context(**options) as context, context.new_page() as page:
        page.goto(f"{address}/page.html")
        asked = Asked(page, "bend")
        pad = asked.box.locator(".prediction-axes")
        pad.scroll_into_view_if_needed()
        frame = pad.bounding_box()
        assert frame["x"] + frame["width"] <= NARROW["width"]
        touch = page.context.new_cdp_session(page)

        def send(kind: str, *points: tuple[float, float]) -> None:
            places = [{"x": x, "y": y} for x, y in points]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

        top, before = frame["y"], page.evaluate("scrollY")
        send("touchStart", (frame["x"] + 50, top + 60))
        for part in range(1, 11):
            send("touchMove", (frame["x"] + 50 + part * (frame["width"] - 70) / 10, top + 60 + 10 * part))
        send("touchEnd")
        assert page.evaluate("scrollY") == before, "the page does not scroll while one draws"
        asked.button("This is my guess").click()
        assert "On average" in asked.verdict


def test_without_scripts_the_results_stand_folded(browser, address):
    with browser.new_context(java_script_enabled=False) as context, context.new_page() as page:
        page.goto(f"{address}/page.html")
        for name, item in (("steps", "It is 32 apples."), ("sizes", "a hundred"), ("bend", "It bends at 0.")):
            asked = Asked(page, name)
            inside = asked.result.get_by_text(item).first
            assert not inside.is_visible()
            asked.result.locator("summary").click()
            assert inside.is_visible()
        assert Asked(page, "sizes").box.locator(".prediction-items > li").count() == 4
        assert Asked(page, "bend").box.locator(".prediction-still svg[role=img]").is_visible()


def test_print_shows_question_and_answer(opened):
    asked = opened("bend")
    asked.page.emulate_media(media="print")
    seen = "one => one.checkVisibility({ contentVisibilityAuto: true })"
    for name, text in (("steps", "It is 32 apples."), ("bend", "It bends at 0.")):
        one = opened(name)
        assert one.box.get_by_text(text).evaluate(seen)
        assert not one.box.locator(".prediction-live").first.is_visible()
    assert asked.box.locator(".prediction-still svg").is_visible()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing_serious_and_a_phone_holds_it(browser, address, mode):
    with browser.new_context(color_scheme=mode) as context, context.new_page() as page:
        page.goto(f"{address}/page.html")
        page.add_script_tag(path=AXE)
        for size in ({"width": 1300, "height": 1000}, NARROW):
            page.set_viewport_size(size)
            page.evaluate(SETTLED)
            for act in ("This is my guess", "Forget my guess"):
                opened = [one for one in page.get_by_role("button", name=act).all() if one.is_enabled()]
                found = page.evaluate("() => axe.run(document.querySelector('article'))")["violations"]
                assert not [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
                for one in opened[::-1]:
                    one.click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_works_from_a_folder(browser, site):
    with browser.new_context() as context, context.new_page() as page:
        page.goto((site / "page.html").as_uri())
        asked = Asked(page, "steps")
        asked.box.get_by_label("Your guess", exact=True).fill("90")
        asked.button("This is my guess").click()
        assert asked.verdict == (
            "You said 90 apples, it is 32 apples. Your guess is 58 apples too high, a factor of 2.8."
        )


def test_the_code_that_has_the_answer_is_not_in_the_page_but_in_the_notebook(site):
    text = (site / "page.html").read_text(encoding="utf-8")
    assert "predictions.number" not in text
    notebook = nbformat.read(site / "_sources" / "page.ipynb", as_version=4)
    sources = "\n".join(one.source for one in notebook.cells)
    assert sources.count("predictions.number(") == 1
    assert "It is 32" not in sources, "the notebook asks when it is run"
    shown = [output.data for one in notebook.cells for output in one.get("outputs", [])]
    asked = next(data["text/markdown"] for data in shown if "How large is" in data["text/markdown"])
    assert asked.index("<details><summary>Guess first") < asked.index("It is 32 apples.")
    assert not [kind for data in shown for kind in data if "lecturelib" in kind]


def test_a_figure_of_the_result_is_numbered_and_seen_with_it(opened):
    asked = opened("sizes")
    assert not asked.box.locator("figure").is_visible()
    asked.button("Show the result").click()
    assert "Fig. 1 The sizes, with" in asked.box.locator("figcaption").inner_text()
    assert asked.page.get_by_role("link", name="Fig. 1").get_attribute("href").endswith("#fig-sizes")


def test_other_pages_load_nothing_of_it(site):
    assert "assets/predictions" in (site / "page.html").read_text(encoding="utf-8")
    assert "assets/predictions" not in (site / "plain.html").read_text(encoding="utf-8")
    assert (site / "assets" / "predictions" / "predictions.js").stat().st_size < 24_000
