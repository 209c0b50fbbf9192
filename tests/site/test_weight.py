"""No page is heavy: bytes and requests on a cold cache, compressed, and what moves while a page is loaded.

What each page costs is printed. To see it: pytest -rP.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from PIL import Image

from lecturelib.site.serving import serve
from tests.site.page_checks import NARROW, WIDE
from tests.site.weight import BYTES, REQUESTS, SHIFT, Cost, cost, explorers

TRIES = 3
"""How often a page is loaded at most; one that moves by itself does so each time."""


@pytest.fixture(scope="module")
def compressed(site) -> Iterator[str]:
    """The address of the site, served as hosts of sites do."""
    with serve(site) as address:
        yield address


@pytest.fixture(scope="module", params=["wide", "narrow"])
def costs(request, browser, compressed, site, pages) -> dict[str, tuple[str, Cost]]:
    """Page → whether it has explorers, and what it costs: on a phone, where more of a page is out of place, all."""
    size, some = (WIDE, pages[::4]) if request.param == "wide" else (NARROW, pages)
    found = {}
    for page in some:
        names = explorers(site / page)
        kind = "with explorers" if names else "without explorers"
        seen = [cost(browser, f"{compressed}/{page}", names, size)]
        while seen[-1].shift >= SHIFT and len(seen) < TRIES:  # on a busy machine a font may come late once
            seen.append(cost(browser, f"{compressed}/{page}", names, size))
        found[page] = kind, seen[-1]
        print(f"{page:42} {found[page][1]}")
    return found


def test_pages_are_light(costs):
    assert {kind for kind, _ in costs.values()} == set(BYTES)
    heavy = [f"{page}: {cost}" for page, (kind, cost) in costs.items() if cost.total > BYTES[kind]]
    assert not heavy, "\n".join(heavy)


def test_pages_ask_for_few_files(costs):
    many = [f"{page}: {list(cost.sizes)}" for page, (kind, cost) in costs.items() if len(cost.sizes) > REQUESTS[kind]]
    assert not many, "\n".join(many)


def test_no_page_loads_an_engine_for_formulas_or_all_icons(costs):
    loaded = {url for _, cost in costs.values() for url in cost.sizes}
    assert not [url for url in loaded if "mathjax" in url.lower() or "/vendor/fontawesome/" in url]


def test_pages_stay_where_they_are_while_they_are_loaded(costs):
    moved = [f"{page}: {cost}" for page, (_, cost) in costs.items() if cost.shift >= SHIFT]
    assert not moved, "\n".join(moved)


def planted(browser, folder, body: str) -> Cost:
    """What a page with this body costs."""
    (folder / "page.html").write_text(f"<!doctype html><title>A page</title><body>{body}", encoding="utf-8")
    with serve(folder) as address:
        return cost(browser, f"{address}/page.html", [], WIDE)


def test_what_a_page_loads_is_weighed_as_it_is_sent(browser, tmp_path):
    (tmp_path / "long.js").write_text("// the same again\n" * 10_000, encoding="utf-8")
    # a picture that can be read, since a browser gives up one that cannot
    dense = tmp_path / "dense.png"
    Image.frombytes("L", (101, 101), random.Random(0).randbytes(101**2)).save(dense)
    found = planted(browser, tmp_path, '<script src="long.js"></script><img src="dense.png" width="9" height="9">')
    sizes = {url.rsplit("/", 1)[-1]: size for url, size in found.sizes.items()}
    assert 100 < sizes["long.js"] < 5_000
    assert dense.stat().st_size <= sizes["dense.png"] < dense.stat().st_size + 1_000


@pytest.mark.parametrize(("late", "moves"), [("", False), ("<div style='height: 500px'></div>", True)])
def test_what_comes_late_moves_the_page(browser, tmp_path, late, moves):
    script = f'<script>setTimeout(() => document.body.insertAdjacentHTML("afterbegin", `{late}`), 200)</script>'
    found = planted(browser, tmp_path, f"<p style='height: 300px'>Words.</p>{script}")
    assert (found.shift >= SHIFT) == moves
