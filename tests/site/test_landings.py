"""In every browser: addresses and links lead right below explorers that come to life, and these fit one screen."""

from __future__ import annotations

import pytest

from tests.site.one_screen import ONE_SCREEN, ROOM
from tests.site.places import NEAR, OFF, settle
from tests.site.serving import serve

SIZES = {"wide": {"width": 1300, "height": 800}, "narrow": {"width": 460, "height": 844}}
"""A phone is narrower; the window of WebKit's small browser cannot be."""


@pytest.fixture(scope="module")
def places(explorer_book):
    """Where the small book is, by a server and in a folder."""
    with serve(explorer_book) as address:
        yield {"server": address, "folder": explorer_book.as_uri()}


@pytest.fixture(params=SIZES)
def page(any_browser, request):
    with any_browser.new_context() as context, context.new_page() as page:
        page.set_viewport_size(SIZES[request.param])
        yield page


def test_addresses_lead_to_their_places(page, places):
    wrong = []
    ways = [("server", "explorer-slice"), ("folder", "a-place"), ("server", "explorer-far"), ("server", "a-place")]
    for how, name in ways:
        page.goto("about:blank")
        page.goto(f"{places[how]}/one.html#{name}")
        settle(page)
        if abs(off := page.evaluate(OFF, name)) > NEAR:
            wrong.append(f"{name}, {how}: {off:+.0f} pixels")
    assert not wrong, "\n".join(wrong)


def test_pages_do_not_glide(page, places):
    """WebKit stops to glide where something in the page changes meanwhile, and never arrives."""
    page.goto(f"{places['server']}/one.html")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_chart_and_control_fit_one_screen(page, places):
    page.goto(f"{places['server']}/one.html#explorer-slice")
    page.wait_for_function("document.querySelector('#explorer-slice.alive .explorer-words')?.textContent.trim()")
    settle(page)
    problems = page.evaluate(ONE_SCREEN, "slice") + page.evaluate(ROOM, "slice")
    assert not problems, "\n".join(problems)


def test_a_control_that_is_out_of_reach_of_the_chart_is_found(page, places):
    page.goto(f"{places['server']}/one.html#explorer-slice")
    page.wait_for_function("document.querySelector('#explorer-slice.alive .explorer-words')?.textContent.trim()")
    page.evaluate("document.querySelector('#explorer-slice .explorer-side').style.marginTop = '900px'")
    page.evaluate("document.querySelector('#explorer-slice .explorer-stage').style.position = 'static'")
    assert page.evaluate(ONE_SCREEN, "slice")
    assert page.evaluate(ROOM, "slice")
