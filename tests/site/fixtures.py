"""The built site, a server of it, a browser, and the list of its pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.site.books import ROOT, built, write_book
from tests.site.browsers import firefox as firefoxes
from tests.site.browsers import programs
from tests.site.browsers import webkit as webkits
from tests.site.explorer_page import TWO
from tests.site.serving import serve

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# No host but the test's own server has a name or an address for this browser, so nothing works by help from outside.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the site, built from the present state of the book, by one process where tests run side by side."""
    (ROOT / "_build").mkdir(exist_ok=True)
    with FileLock(ROOT / "_build" / "tests.lock"):
        return built(ROOT)


@pytest.fixture(scope="session")
def explorer_book(tmp_path_factory) -> Path:
    """The site of a small book whose page `one` has two explorers, and whose page `plain` has none."""
    return built(write_book(tmp_path_factory.mktemp("book"), {"plain": "# Plain\n", "one": TWO}))


@pytest.fixture(scope="session")
def server(site) -> Iterator[str]:
    """The address under which the site is served."""
    with serve(site) as address:
        yield address


@pytest.fixture(scope="session")
def pages(site) -> list[str]:
    """Every page of the site, as a path relative to its folder."""
    found = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return [
        page
        for page in found
        # the one leads to the first page, the other is shown where there is none
        if page not in ("index.html", "404.html") and not page.startswith(("_static/", "assets/"))
    ]


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """A headless Chromium. Without one, browser tests are skipped; where CI=true, they fail."""
    program = programs.find(BROWSERS, "chromium")
    from playwright.sync_api import sync_playwright  # needless where there is no browser

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def firefox() -> Iterator:
    """A headless Firefox, missing as `browser` may be."""
    with firefoxes.started() as firefox:
        yield firefox


@pytest.fixture(scope="session")
def webkit() -> Iterator:
    """A WebKit on a screen of its own, missing as `browser` may be."""
    with webkits.started() as webkit:
        yield webkit


@pytest.fixture(scope="session", params=["browser", "firefox", "webkit"], ids=["chromium", "firefox", "webkit"])
def any_browser(request):
    """Each of the three browsers, one after the other."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session", params=["browser", "firefox"], ids=["chromium", "firefox"])
def surveyor(request):
    """Each of the browsers in which all checks of pages are run."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def hearing_server(site) -> Iterator[str]:
    """The address under which the site is served with pages that keep what goes wrong in them."""
    with serve(site, hearing=True) as address:
        yield address
