"""Every page of the site in Firefox, by the checks that it passes in Chromium (`test_pages.py`).

What axe-core looks at hardly depends on the browser, and takes longest: here it looks at every sixth page.
"""

from __future__ import annotations

import pytest

from tests.site.page_checks import CHECKS, survey


@pytest.fixture(scope="module")
def problems(firefox, server, site, pages) -> dict[str, list[str]]:
    """What is wrong with the pages: name of a check → problems. Each page is visited once."""
    return survey(firefox, server, site, pages, axe=pages[::6], colours=pages[::12])


@pytest.mark.parametrize("check", CHECKS)
def test_no_page_has_a_problem_in_firefox(problems, check):
    assert not problems[check], "in Firefox\n" + "\n".join(problems[check])
