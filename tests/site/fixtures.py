"""The built site, a server of it, a browser, and the list of its pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.site.books import ROOT, built
from tests.site.serving import serve

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NO_BROWSER = "no Chromium on the path; on Debian: apt-get install chromium"
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
        # the builder writes a stub there that leads to the first page
        if page != "index.html" and not page.startswith(("_static/", "assets/"))
    ]


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """A headless Chromium. Without one, browser tests are skipped; where CI=true, they fail."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    from playwright.sync_api import sync_playwright  # needless where there is no browser

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()
