"""Pages of the book that hold explorers: they come to life without a kernel, and stay light.

Times and frames are printed, as they depend on the machine; weights are asserted. To see them: pytest -rP.
"""

from __future__ import annotations

import pytest

from tests.site.page_checks import Visit, looking
from tests.site.weight import LIMIT, explorers, reaction, transferred


@pytest.fixture(scope="module")
def alive(site, pages) -> dict[str, list[str]]:
    """Page → its explorers, for pages that have some."""
    found = {page: explorers(site / page) for page in pages}
    return {page: names for page, names in found.items() if names}


def test_the_book_has_explorers(alive):
    assert "chapters/splines/loss_surface.html" in alive


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
