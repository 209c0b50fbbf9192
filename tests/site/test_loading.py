"""How a page is loaded: scripts do not hold it up, and a long one is laid out section by section."""

from __future__ import annotations

import re
from pathlib import Path

import pydata_sphinx_theme
import pytest
from sphinx.errors import ExtensionError

from lecturelib.site.loading import AT_ONCE, LONG, MEASURING, spare
from tests.site.books import built, write_book
from tests.site.page_checks import NARROW, TYPESET
from tests.site.serving import serve

SECTIONS = 12
TEXT = "\n\n".join(f"Some words, ${'+'.join(f'x_{{{n}}}^2' for n in range(20))}$, and others." for _ in range(3))
LONG_PAGE = "# Long\n\n" + "\n\n".join(
    f"## Part {n}\n\n{TEXT}\n\n### More {n}\n\n```python\nx = {n}\n```" for n in range(SECTIONS)
)
STAGES = "document.documentElement.classList.contains('in-stages')"
# Stops the clock of the page: no moment is idle, until `release` is called.
HOLD = """{
  const held = [];
  window.requestIdleCallback = (act) => { held.push(act); return held.length; };
  window.held = held;
  window.release = () => { while (held.length) held.shift()(); };
}"""
RELEASE = f"""async () => {{
  for (let left = 500; {STAGES} && left; left -= 1) {{
    release();
    await new Promise((done) => setTimeout(done, 20));
  }}
}}"""
# Notes down which part of the last sections was asked for its place or size, which would lay the section out.
ASKED = """{
  window.asked = [];
  const note = (part, name) => {
    if (part.closest?.("#part-10 > *, #part-11 > *")) asked.push(`${name} of ${part.nodeName}`);
  };
  const wrap = (owner, name, key) => {
    const given = Object.getOwnPropertyDescriptor(owner, name);
    const asking = function (...words) { note(this, name); return given[key].apply(this, words); };
    Object.defineProperty(owner, name, { ...given, [key]: asking });
  };
  for (const name of ["scrollWidth", "scrollHeight", "clientWidth"]) wrap(Element.prototype, name, "get");
  for (const name of ["offsetWidth", "offsetHeight", "offsetTop"]) wrap(HTMLElement.prototype, name, "get");
  for (const name of ["getBoundingClientRect", "getClientRects"]) wrap(Element.prototype, name, "value");
}"""
WAITING = """() => [...document.querySelectorAll("article section[id]")]
  .filter((section) => getComputedStyle(section).contentVisibility === "auto").length"""
PLACES = "() => [...document.querySelectorAll('article h2')].map((one) => one.getBoundingClientRect().top)"
PLACE = "id => document.querySelector(`#${id} h2`).getBoundingClientRect().top"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    return built(write_book(tmp_path_factory.mktemp("loading"), {"long": LONG_PAGE, "short": "# Short\n\n## Part\n"}))


@pytest.fixture(scope="module")
def address(site):
    with serve(site) as address:
        yield address


@pytest.fixture
def page(browser):
    """A page whose sections wait until they are released."""
    with browser.new_context(viewport=NARROW) as context, context.new_page() as page:
        page.add_init_script(HOLD)
        yield page


def test_the_page_is_long(site):
    assert len((site / "long.html").read_text(encoding="utf-8")) > LONG
    assert "in-stages" not in (site / "short.html").read_text(encoding="utf-8")


def test_scripts_do_not_stop_the_page(site):
    for page in ("long", "short"):
        head = (site / f"{page}.html").read_text(encoding="utf-8").split("</head>")[0]
        scripts = re.findall(r"<script[^>]*\bsrc=[^>]*>", head)
        stopping = [script for script in scripts if not re.search(r"\b(defer|async|type)=", script)]
        assert all(any(name in script for name in AT_ONCE) for script in stopping), stopping
        assert len(scripts) > 3


@pytest.mark.parametrize("name", MEASURING)
def test_no_script_of_the_theme_measures_the_page_while_it_is_loaded(site, name):
    theme = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static" / "scripts"
    given = (theme / name).read_text(encoding="utf-8")
    spared = (site / "_static" / "scripts" / name).read_text(encoding="utf-8")
    assert spare(given, name) in spared
    with pytest.raises(ExtensionError, match=f"{name}: expected one place that measures the page, found 0"):
        spare(spared, name)


def test_no_script_asks_where_something_is_that_waits(page, address):
    page.add_init_script(ASKED)
    page.goto(f"{address}/long.html", wait_until="networkidle")
    assert page.evaluate(STAGES)
    assert page.evaluate("asked") == []
    page.evaluate("document.querySelector('#part-11 p').offsetWidth")
    assert page.evaluate("asked") == ["offsetWidth of P"]


def test_sections_wait_and_are_laid_out_one_after_the_other(page, address):
    page.goto(f"{address}/long.html")
    assert page.evaluate(WAITING) == 2 * SECTIONS
    page.wait_for_function("held.length")
    page.evaluate("release()")
    page.wait_for_function(f"({WAITING})() === {2 * SECTIONS - 1}")
    page.evaluate(RELEASE)
    assert page.evaluate(WAITING) == 0
    page.evaluate(TYPESET)


def test_the_page_is_the_same_in_the_end(page, address, browser):
    page.goto(f"{address}/long.html")
    top = page.evaluate(PLACE, "part-0")
    page.evaluate(RELEASE)
    assert page.evaluate(PLACE, "part-0") == top
    places = page.evaluate(PLACES)
    with browser.new_context(viewport=NARROW) as context, context.new_page() as other:
        other.goto(f"{address}/long.html#part-0")
        assert not other.evaluate(STAGES)
        other.evaluate(TYPESET)
        whole = other.evaluate(PLACES)
    between = [[place - found[0] for place in found] for found in (places, whole)]
    assert between[0] == pytest.approx(between[1], abs=2)


def test_an_address_within_a_page_is_right_at_once(page, address):
    page.goto(f"{address}/long.html#part-9")
    assert not page.evaluate(STAGES)
    page.wait_for_function(f"0 <= ({PLACE})('part-9') && ({PLACE})('part-9') < 120")
    page.evaluate(TYPESET)
    assert 0 <= page.evaluate(PLACE, "part-9") < 120


def test_a_link_within_a_page_leads_to_its_place(page, address):
    page.goto(f"{address}/long.html")
    assert page.evaluate(STAGES)
    page.evaluate("document.querySelector(\"a[href='#part-9']\").click()")
    page.wait_for_function(f"0 <= ({PLACE})('part-9') && ({PLACE})('part-9') < 120")
    assert not page.evaluate(STAGES)


def test_who_reloads_or_goes_back_is_where_they_were(page, address):
    page.goto(f"{address}/long.html")
    page.evaluate(RELEASE)
    page.evaluate("scrollTo({ top: 3000, behavior: 'instant' })")
    page.wait_for_function("scrollY === 3000")
    page.reload()
    assert not page.evaluate(STAGES)
    page.wait_for_function("Math.abs(scrollY - 3000) < 5")


def test_paper_has_the_whole_page(page, address):
    page.goto(f"{address}/long.html")
    page.emulate_media(media="print")
    assert page.evaluate(WAITING) == 0
