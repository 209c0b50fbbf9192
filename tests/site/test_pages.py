"""Every page of the site, as it was built: what a browser finds, where links lead.

The colours of words come from one style sheet and take longest: axe-core looks at them on every fourth page.
"""

from __future__ import annotations

import re

import pytest
import yaml

from tests.site.books import ROOT
from tests.site.link_checks import broken, outside, outside_styles
from tests.site.page_checks import CHECKS, survey


@pytest.fixture(scope="module")
def problems(browser, server, site, pages) -> dict[str, list[str]]:
    """What is wrong with the pages: name of a check → problems. Each page is visited once."""
    return survey(browser, server, site, pages, axe=pages, colours=pages[::4])


@pytest.mark.parametrize("check", CHECKS)
def test_no_page_has_a_problem(problems, check):
    assert not problems[check], "\n".join(problems[check])


def test_every_entry_of_the_contents_has_a_page(pages):
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    entries = [toc["root"], *re.findall(r"'file': '([^']+)'", str(toc))]
    assert len(entries) > 1
    assert not [entry for entry in entries if f"{entry}.html" not in pages]


def test_links_lead_somewhere(site, pages):
    problems = broken(site, [*pages, "index.html"])
    assert not problems, "\n".join(problems)


def test_nothing_is_taken_from_another_host(site, pages):
    problems = [f"{page}: {found}" for page in pages for found in outside(site / page)]
    problems += [f"{sheet}: {found}" for sheet in site.rglob("*.css") for found in outside_styles(sheet)]
    assert not problems, "\n".join(problems)
