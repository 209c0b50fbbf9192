"""Addresses of places lead there, in every browser, and Back leads to where the reader was."""

from __future__ import annotations

import pytest

from tests.site.page_checks import WIDE, press
from tests.site.places import NEAR, OFF, chosen, settle
from tests.site.weight import explorers

ABOVE = """() => {
  const link = document.querySelector("[data-chosen]");
  return link.getBoundingClientRect().top;
}"""
CHOOSE = """(selector) => {
  // of the links in the text that a reader sees, the one that is farthest from where it leads
  const far = (link) => {
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!target?.checkVisibility()) return 0;
    return Math.abs(target.getBoundingClientRect().top - link.getBoundingClientRect().top);
  };
  const links = [...document.querySelectorAll(selector)]
    .filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
    .filter((one) => !one.closest(".toggle-hidden"))
    // one near the end cannot be brought to the middle, and stands lower once the page is a little longer
    .filter((one) => one.getBoundingClientRect().top + scrollY < document.documentElement.scrollHeight - innerHeight);
  const link = links.sort((one, other) => far(other) - far(one))[0];
  if (!link || !far(link)) return null;
  link.dataset.chosen = "";
  link.scrollIntoView({ block: "center", behavior: "instant" });
  link.scrollIntoView({ block: "nearest", behavior: "instant" }); // as it is pressed, near the end of a page
  return decodeURIComponent(link.hash.slice(1));
}"""
STANDING = """() => {
  // what is alive has other paragraphs than its picture
  const lively = ".explorer, .prediction";
  const all = () => [...document.querySelectorAll("article p, article h2")];
  window.standing = () => all().filter((one) => !one.closest(lively));
}"""
IN_TEXT = "article p a[href^='#']"
TO_EXPLORERS = "article p a.explore"


@pytest.fixture(scope="module")
def ways(site, pages) -> dict[str, list[str]]:
    """Page → places to go to."""
    return chosen(site, pages)


@pytest.fixture(scope="module")
def page(any_browser):
    with any_browser.new_context() as context, context.new_page() as page:
        page.set_viewport_size(WIDE)
        yield page


def test_places_are_chosen_below_all_explorers_and_on_other_pages(ways, site, pages):
    lively = {page for page in pages if explorers(site / page)}
    assert lively < set(ways)
    assert all(len(ways[page]) > len(explorers(site / page)) for page in ways)


def test_an_address_leads_to_its_place(page, server, ways):
    wrong = []
    for path, names in ways.items():
        for name in names:
            page.goto("about:blank")
            page.goto(f"{server}/{path}#{name}")
            settle(page)
            off = page.evaluate(OFF, name)
            if abs(off) > NEAR:
                wrong.append(f"{path}#{name}: {off:+.0f} pixels from where it should be")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", [IN_TEXT, TO_EXPLORERS], ids=["to a place", "to an explorer"])
def test_a_link_leads_to_its_place_and_back(page, server, ways, site, kind):
    wrong, tried = [], 0
    for path in list(ways)[::2]:
        if kind == TO_EXPLORERS and not explorers(site / path):
            continue
        page.goto(f"{server}/{path}")
        settle(page)
        name = page.evaluate(CHOOSE, kind)
        if name is None:
            continue
        tried += 1
        settle(page)
        before = page.evaluate(ABOVE)
        press(page, "[data-chosen]")
        settle(page)
        off = page.evaluate(OFF, name)
        seen = page.evaluate(
            "(name) => { const { top, bottom } = document.getElementById(name).getBoundingClientRect();"
            " return bottom > 0 && top < innerHeight; }",
            name,
        )
        if (abs(off) > NEAR) if kind == IN_TEXT else not seen:
            wrong.append(f"{path}: the link to #{name} leads {off:+.0f} pixels from it")
        page.go_back()
        settle(page)
        if not page.evaluate("document.querySelectorAll('[data-chosen]').length"):
            wrong.append(f"{path}: Back from #{name} leads out of the page, to {page.url}")
        elif abs(moved := page.evaluate(ABOVE) - before) > NEAR:
            wrong.append(f"{path}: after Back from #{name} the link is {moved:+.0f} pixels from where it was")
    assert tried
    assert not wrong, "\n".join(wrong)


def test_back_from_another_page_leads_to_where_the_reader_was(page, server, ways, site):
    wrong = []
    for path in [path for path in ways if explorers(site / path)][::2]:
        page.goto(f"{server}/{path}")
        settle(page)
        page.evaluate(STANDING)
        page.evaluate("scrollTo({ top: 0.6 * document.documentElement.scrollHeight, behavior: 'instant' })")
        settle(page)
        # what stands below the header now, whatever the height of the page becomes
        mark = page.evaluate(
            """() => {
              const all = window.standing();
              const index = all.findIndex((one) => one.getBoundingClientRect().top > 100);
              return [index, all[index].getBoundingClientRect().top];
            }"""
        )
        page.goto(f"{server}/search.html")
        page.go_back()
        page.wait_for_function("document.readyState === 'complete'")
        settle(page)
        page.evaluate(STANDING)
        top = page.evaluate("(index) => window.standing()[index].getBoundingClientRect().top", mark[0])
        if abs(top - mark[1]) > NEAR:
            wrong.append(f"{path}: {top - mark[1]:+.0f} pixels from where the reader was")
    assert not wrong, "\n".join(wrong)
