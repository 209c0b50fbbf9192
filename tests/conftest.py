"""One site and one browser for all tests, and the order of files for when they run side by side."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from _pytest.fixtures import FuncFixtureInfo

from tests import durations
from tests.site import fixtures
from tests.site.fixtures import (
    any_browser,
    browser,
    explorer_book,
    firefox,
    hearing_server,
    pages,
    server,
    site,
    surveyor,
    webkit,
)

__all__ = [
    "any_browser",
    "browser",
    "explorer_book",
    "firefox",
    "hearing_server",
    "pages",
    "server",
    "site",
    "surveyor",
    "webkit",
]

CLOCK = durations.Clock()
BUILDING = 1500
"""Seconds that a test may take which builds the site or waits for it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run be stored as the one that says how long files take."""
    parser.addoption("--store-durations", action="store_true", help="store how long each file of tests took")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the files that look at the built site one comes first and builds it, while others run that need none."""
    looking = Counter(file_of(item) for item in items if looks_at_the_book(item))
    files = list(dict.fromkeys(file_of(item) for item in items))
    places = {file: place for place, file in enumerate(durations.order(files, looking, durations.stored()))}
    items.sort(key=lambda item: places[file_of(item)])
    for item in items:
        if file_of(item) in looking:  # whichever of these comes first builds, and others may wait for it
            item.add_marker(pytest.mark.timeout(BUILDING))


def looks_at_the_book(item: pytest.Item) -> bool:
    """Does a test look at the site of this book? Some files have a fixture of that name for a small book of theirs."""
    found = getattr(item, "_fixtureinfo", None)
    return found is not None and any(one.func.__module__ == fixtures.__name__ for one in named(found, "site"))


def named(found: FuncFixtureInfo, name: str) -> tuple:
    """The definition of a fixture that a test gets."""
    return tuple(found.name2fixturedefs.get(name, ()))[-1:]


def file_of(item: pytest.Item) -> str:
    """The file of a test as its report names it."""
    return item.nodeid.split("::")[0]


def pytest_configure(config: pytest.Config) -> None:
    """Have failures told as they come; the process that leads others hears of theirs too."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Herald(config), "herald")


class Herald:
    """Tells at once what failed and, now and then, what takes long, since a run that is cut off has no summary."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.told = time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear of a step of a test."""
        CLOCK.add(report.nodeid, report.duration)
        late = time.monotonic() - self.told > durations.PAUSE
        if report.failed:
            self._say(f"{report.nodeid} ({report.when}) failed after {report.duration:.0f} s:\n{report.longreprtext}")
        elif late:
            self._say(CLOCK.summary())
        if late:
            self.told = time.monotonic()

    def _say(self, text: str) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter:
            reporter.write_line("")
            reporter.write_line(text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what takes long."""
    if len(CLOCK.seconds) > 1:
        terminalreporter.write_line(CLOCK.summary())
    if config.getoption("store_durations"):
        durations.store(CLOCK.seconds)
