"""Where a page stands when an address has led to a place in it, and where it should."""

from __future__ import annotations

import random
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from tests.site.link_checks import FOLLOWED, HERE, read
from tests.site.page_checks import FONTS_READY, LAID_OUT
from tests.site.weight import explorers

STILL = """async () => {
  // a busy browser draws no frame for seconds, and scrolling that glides stands still meanwhile
  const frame = () => new Promise((done) => (requestAnimationFrame(done), setTimeout(done, 5000)));
  const pause = (ms) => new Promise((done) => setTimeout(done, ms)).then(frame).then(frame);
  await FONTS;
  const html = document.documentElement;
  await (LAID_OUT)();
  const state = () => `${scrollY} ${html.scrollHeight} ${document.querySelectorAll(".alive").length}`;
  let last = "", same = 0;
  for (let waited = 0; same < 6 && waited < 300; waited += 1) {
    await pause(60);
    const now = state();
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return same >= 6;
}""".replace("FONTS", FONTS_READY).replace("LAID_OUT", LAID_OUT)
"""Wait until a page has neither moved nor grown for some frames; did it come to rest?"""
OFF = """(name) => {
  const place = document.getElementById(name);
  const html = document.documentElement;
  const pixels = (style) => parseFloat(style) || 0;
  const wanted = pixels(getComputedStyle(html).scrollPaddingTop) + pixels(getComputedStyle(place).scrollMarginTop);
  const off = place.getBoundingClientRect().top - wanted;
  // what stands near the beginning or the end of a page cannot be brought there
  const end = html.scrollHeight - innerHeight;
  return (off > 0 && end - scrollY < 2) || (off < 0 && scrollY < 2) ? 0 : off;
}"""
"""By how many pixels a place is below where the theme has places stand, which is under its header."""
NEAR = 4
"""Pixels by which it may be off."""


def linked(site: Path, pages: list[str]) -> dict[str, list[str]]:
    """Page → the places in it that some page links to, from top to bottom."""
    found: dict[str, set[str]] = {page: set() for page in pages}
    for page in pages:
        for tag, address in read(site / page).refers:
            place = urlsplit(urljoin(HERE + page, address))
            target = unquote(place.path.lstrip("/"))
            if tag in FOLLOWED and place.fragment and HERE.endswith(f"//{place.netloc}/") and target in found:
                found[target].add(unquote(place.fragment))
    return {page: _from_the_top((site / page).read_text(encoding="utf-8"), names) for page, names in found.items()}


def _from_the_top(text: str, names: set[str]) -> list[str]:
    places = {name: text.find(f'id="{name}"') for name in names}
    return sorted((name for name, place in places.items() if place >= 0), key=places.get)


def chosen(site: Path, pages: list[str]) -> dict[str, list[str]]:
    """Page → places to go to: where explorers are above a place, it can be missed, and so all these pages are there.

    Of a page with explorers these and its last place; of every fourth other page one in its lower half.
    """
    places = linked(site, pages)
    lively = {page: names for page in pages if (names := explorers(site / page))}
    still = [page for page in pages if places[page] and page not in lively]
    found = {}
    for page in [*lively, *still[::4]]:
        below = [name for name in places[page][len(places[page]) // 2 :] if not name.startswith("explorer-")]
        some = below[-1:] if page in lively else random.Random(page).sample(below, 1)
        found[page] = [f"explorer-{name}" for name in lively.get(page, [])] + some
    return found


def settle(page) -> None:
    """Wait until the page rests."""
    assert page.evaluate(STILL), f"{page.url} does not come to rest"
