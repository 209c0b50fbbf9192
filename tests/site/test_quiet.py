"""Code that teaches is shown, the rest is quiet: on a page with a cell of every kind."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag

from tests.site.books import NOTEBOOK, built, write_book

QUIET = Path(__file__).with_name("quiet.md").read_text(encoding="utf-8")
BARE = "# Bare\n\nA page with no code.\n"


@pytest.fixture(scope="module")
def quiet_site(tmp_path_factory) -> Path:
    """The folder of the site of a small book."""
    chapters = {"bare": BARE, "quiet": NOTEBOOK.replace("# A page with code", "") + QUIET}
    return built(write_book(tmp_path_factory.mktemp("quiet"), chapters))


@pytest.fixture(scope="module")
def article(quiet_site) -> Tag:
    """The page."""
    page = BeautifulSoup((quiet_site / "quiet.html").read_text(encoding="utf-8"), "html.parser")
    return page.find("article")


def code(box: Tag) -> list[str]:
    """The first line of each code cell in `box`."""
    return [cell.get_text().strip().splitlines()[0] for cell in box.select(".cell_input")]


def folds(article: Tag) -> dict[str, list[str]]:
    """Name of each link to code → the cells that it unfolds."""
    return {fold.summary.get_text(): code(fold) for fold in article.select("details.code-behind")}


def test_a_figure_has_one_link_that_unfolds_the_cells_behind_it(article):
    assert folds(article)["code of Fig. 1"] == [
        "from lecturelib.core import figures",
        "figure, panels = figures.new(1, 2)",
        "for axes in panels[1:]:",
        'figures.show(figure, label="fig-quiet", caption="Two lines.", alt="Two lines rise.")',
    ]
    # directly below what it shows
    link = article.find("details", class_="code-behind")
    assert link.find_previous_sibling(class_="cell_output").find("figure")


def test_a_figure_that_is_only_shown_needs_no_tag(article):
    assert folds(article)["code of Fig. 2"] == [
        'figures.show(figure, label="fig-again", caption="Again.", alt="Two lines rise again.")'
    ]


def test_a_table_has_a_link_too(article):
    assert len(folds(article)["code of the table above"]) == 1


def test_what_leads_to_nothing_one_can_see_is_at_the_end(article):
    assert folds(article)["code not shown above"] == ["from myst_nb import glue", "late = 1"]
    assert article.select("details.code-behind")[-1].find_next_sibling() is None


def test_output_of_magics_is_an_output(article):
    assert folds(article)["code of the output above"] == ["%matplotlib --list"]


def test_a_check_and_a_derivation_are_their_lines_alone(article):
    claims = article.select("details.claim")
    assert len(claims) == 2
    quiet, shown = (claim.find_parent(class_="cell") for claim in claims)
    assert not code(quiet)
    assert not quiet.select("details.code-behind")
    assert code(shown) == ["gap.show()"], "the author asked for it"
    derivation = article.find(id="equation-eq-quiet").find_parent(class_="cell")
    assert not code(derivation)


def test_code_that_teaches_is_shown(article):
    shown = [cell for cell in article.select(".cell_input") if not cell.find_parent("details")]
    first = [cell.get_text().strip().splitlines()[0] for cell in shown]
    assert first == [
        "teaching = [2 * height for height in heights]",
        "from lecturelib.core.display import Shown",
        "gap.show()",
        "import sympy as sp",
        'rows = ["taught"]',
        'print("printed")',
    ]


def test_cells_leave_no_bars_and_no_empty_boxes(article):
    assert not article.select("details.hide")
    assert "Show code cell" not in article.get_text()
    assert not [cell for cell in article.select(".cell") if not cell.get_text().strip() and not cell.find("svg")]


def test_every_cell_is_in_the_notebook_in_its_order(quiet_site):
    notebook = nbformat.read(quiet_site / "_sources" / "quiet.ipynb", as_version=4)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    stands = [part.split("\n", 1)[1].split("```")[0].strip() for part in QUIET.split("```{code-cell}")[1:]]
    stands = [part.split("\n", 1)[1] if part.startswith(":tags:") else part for part in stands]
    assert sources[2:] == [part.strip() for part in stands], "behind the cells that make it ready"
    text = "".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "not shown above" not in text


def test_links_to_code_are_used_by_keyboard_and_not_printed(browser, quiet_site):
    with browser.new_context(java_script_enabled=False) as context, context.new_page() as page:
        page.goto((quiet_site / "quiet.html").as_uri())
        fold = page.locator("details.code-behind").first
        assert fold.locator("summary").inner_text().startswith("code")
        assert fold.bounding_box()["height"] < 40
        source = fold.locator(".cell_input").first
        assert not source.is_visible()
        fold.locator("summary").focus()
        page.keyboard.press("Enter")
        assert source.is_visible()
        page.emulate_media(media="print")
        assert not fold.is_visible()


def test_a_page_is_printed_light_with_its_heading(browser, quiet_site):
    with browser.new_context(color_scheme="dark") as context, context.new_page() as page:
        page.goto((quiet_site / "quiet.html").as_uri())
        ink = "getComputedStyle(document.querySelector('article p')).color"
        read = page.evaluate(ink)
        heading = page.get_by_role("heading", name="Quiet code")
        page.emulate_media(media="print")
        page.wait_for_function("document.documentElement.dataset.theme === 'light'")
        assert heading.is_visible()
        assert page.evaluate(ink) != read
        assert not page.locator("details.claim .sd-summary-state-marker").first.is_visible()
        page.emulate_media(media="screen")
        page.wait_for_function(f"{ink} === {read!r}")


def test_figures_keep_their_colours_and_their_paper_where_a_system_forces_its_own(browser, quiet_site):
    def colours(forced: str) -> list[str]:
        with browser.new_context(forced_colors=forced, color_scheme="dark") as context, context.new_page() as page:
            page.goto((quiet_site / "quiet.html").as_uri())
            found = "getComputedStyle(document.querySelector('.drawing path')).fill"
            paper = "getComputedStyle(document.querySelector('.drawing')).backgroundColor"
            return [page.evaluate(found), page.evaluate(paper)]

    (ink, bare), (forced_ink, paper) = colours("none"), colours("active")
    assert ink == forced_ink
    assert bare == "rgba(0, 0, 0, 0)"
    assert paper == "rgb(20, 24, 30)"


def test_a_table_of_four_columns_is_as_wide_as_the_text(browser, quiet_site):
    with browser.new_context(viewport={"width": 1300, "height": 900}) as context, context.new_page() as page:
        page.goto((quiet_site / "quiet.html").as_uri())
        page.wait_for_selector("table.sentences")
        for selector in ("table.sentences", ".pst-scrollable-table-container:has(.sentences)"):
            box = page.locator(selector)
            assert box.evaluate("box => box.scrollWidth - box.parentElement.clientWidth") <= 1
