"""The first page: something alive on the first screen, which learns what is drawn, and ways into the book."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup

from tests.site.explorer_page import Seen

PAGE = "chapters/welcome.html"
SCREENS = [{"width": 1300, "height": 800}, {"width": 390, "height": 844}]


@pytest.fixture
def opened(browser, server):
    """Opens the page; errors there fail the test."""
    contexts, errors = [], []

    def open_page(query: str = "", **options) -> Seen:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{server}/{PAGE}{query}")
        return Seen(page, "spaces")

    yield open_page
    for context in contexts:
        context.close()
    assert not errors


def loss(seen: Seen) -> float:
    """What it says the loss is."""
    return float(re.search(r"loss ([\d.e-]+\d)", seen.words)[1])


@pytest.mark.parametrize("screen", SCREENS)
def test_what_is_alive_is_on_the_first_screen(opened, screen):
    seen = opened(viewport=screen)
    for part in (seen.root.locator(".explorer-chart").first, seen.button("Pause").or_(seen.button("Learn"))):
        box = part.bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= screen["height"]


def test_it_learns_by_itself_and_rests_when_it_has(opened):
    seen = opened()
    seen.button("Learn").wait_for()
    assert loss(seen) < 1e-6


def test_it_can_be_paused_and_goes_on_with_a_point_that_is_moved(opened):
    seen = opened("?spaces.width=500")
    seen.button("Pause").click()
    rested = seen.words
    seen.page.wait_for_timeout(300)
    assert seen.words == rested
    point = seen.root.get_by_role("slider", name="Point 3 of 5")
    point.focus()
    for _ in range(20):
        seen.page.keyboard.press("ArrowUp")
    seen.button("Learn").wait_for()
    assert loss(seen) < 1e-6
    assert "spaces.points=" in seen.asked()


def test_points_come_by_touch_and_go_by_key(opened):
    seen = opened(viewport=SCREENS[1], has_touch=True)
    ground = seen.root.locator(".u-over").first
    size = ground.bounding_box()
    ground.tap(position={"x": 0.97 * size["width"], "y": 0.1 * size["height"]})
    point = seen.root.get_by_role("slider", name="Point 6 of 6")
    point.press("Delete")
    seen.root.get_by_role("slider", name="Point 5 of 5").wait_for()


def test_less_motion_means_that_nothing_moves_unasked(opened):
    seen = opened(reduced_motion="reduce")
    seen.page.wait_for_timeout(500)
    assert seen.words.startswith("Step 0:")
    seen.button("Learn").click()
    seen.page.wait_for_function("!document.querySelector('.explorer-words').textContent.startsWith('Step 0:')")


def test_it_says_what_it_shows(opened):
    seen = opened(reduced_motion="reduce")
    function, weights = (chart.get_attribute("aria-label") for chart in seen.root.get_by_role("img").all())
    assert "5 data, and a line that misses them by" in function
    assert "40 dots, one for each neuron" in weights


def test_it_leads_into_the_book_as_the_contents_do(site, server):
    page = BeautifulSoup((site / PAGE).read_text(encoding="utf-8"), "html.parser")
    start = page.find(id="where-to-start")
    ways = [link["href"].split("#")[0] for link in start.find_all("a", href=re.compile(r"^[a-z].*\.html"))]
    listed = [link["href"] for link in page.select("nav.bd-links a.reference")]
    assert ways[0] == listed[0], "both begin with the same page"
    assert set(ways) <= set(listed)
    parts = {way.split("/")[0] for way in listed if way.split("/")[0] in ("kernels", "splines")}
    assert {way.split("/")[0] for way in ways} >= parts, "every part has a way into it"
    assert {"CC BY 4.0", "MIT licence"} <= {link.get_text() for link in page.find(id="read-run-cite").find_all("a")}
