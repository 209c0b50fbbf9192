"""Nothing moves by itself where an address has led below explorers; `test_weight.py` looks at pages from their top."""

from __future__ import annotations

import pytest

from tests.site.page_checks import FONTS_READY, NARROW
from tests.site.places import chosen
from tests.site.weight import explorers

WIDE = {"width": 1300, "height": 800}
MOST = 0.1
"""What counts as good (web.dev/cls); the worst window of five seconds is not looked for, everything is added up."""
WATCH = """window.shifts = [];
const named = (node) => (node?.nodeType === 1 ? node : node?.parentElement)?.outerHTML.slice(0, 80) ?? "something";
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) shifts.push([entry.value, ...entry.sources.slice(0, 2).map(({ node }) => named(node))]);
  }
}).observe({ type: "layout-shift", buffered: true });"""
QUIET = """async () => {
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  await FONTS;
  for (let seen = -1, still = 0, left = 300; still < 5 && left; left -= 1) {
    await pause(100);
    const now = shifts.length + document.querySelectorAll(".alive").length;
    still = now === seen ? still + 1 : 0;
    seen = now;
  }
  return shifts;
}""".replace("FONTS", FONTS_READY)


def shifted(context, address: str) -> list:
    """Layout shifts of a page, each with what moved, until nothing moves any more, or for half a minute."""
    with context.new_page() as page:
        page.goto(address)
        return page.evaluate(QUIET)


def too_much(address: str, shifts: list) -> list[str]:
    """What to say of a page that moves too much, or nothing."""
    total = sum(value for value, *_ in shifts)
    worst = max(shifts, default=[0])
    return [f"{address}: {total:.2f}, of which {worst[0]:.2f}: {worst[1:]}"] if total >= MOST else []


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "phone"])
def context(browser, request):
    with browser.new_context(viewport=request.param) as context:
        context.add_init_script(WATCH)
        yield context


def test_what_moves_is_found(context, tmp_path):
    text = "<p>above</p>" + "<p>below</p>" * 20
    late = "Object.assign(document.createElement('div'), { style: 'height: 300px' })"
    push = f"setTimeout(() => document.body.prepend({late}), 200)"
    (tmp_path / "page.html").write_text(f"<!doctype html><body>{text}<script>{push}</script></body>", encoding="utf-8")
    (tmp_path / "still.html").write_text(f"<!doctype html><body>{text}</body>", encoding="utf-8")
    with context.new_page() as page:
        page.goto((tmp_path / "page.html").as_uri())
        page.wait_for_timeout(500)
        assert too_much("page", page.evaluate(QUIET))
    assert not too_much("still", shifted(context, (tmp_path / "still.html").as_uri()))


def test_pages_do_not_move_below_explorers_that_come_to_life(context, server, site, pages):
    places = {page: names for page, names in chosen(site, pages).items() if explorers(site / page)}
    assert places
    addresses = [f"{page}#{names[-1]}" for page, names in places.items()]
    # one that moves by itself does so each time, and not only once when a busy machine is late with a font
    moving = [to for to in addresses if too_much(to, shifted(context, f"{server}/{to}"))]
    problems = [problem for to in moving for problem in too_much(to, shifted(context, f"{server}/{to}"))]
    assert not problems, "\n".join(problems)
