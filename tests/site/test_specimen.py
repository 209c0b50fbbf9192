"""A page with everything that a chapter may hold, and pages with widgets, under the settings of the book."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.site.books import NOTEBOOK, built, cell, write_book
from tests.site.link_checks import broken, outside
from tests.site.page_checks import CHECKS, NARROW, TYPESET, Visit, looking, survey
from tests.site.serving import serve

SPECIMEN, LEDGER, STATED = (
    Path(__file__).with_name(f"{name}.md").read_text(encoding="utf-8") for name in ("specimen", "ledger", "stated")
)
STOCK = NOTEBOOK + cell("import ipywidgets\n\nipywidgets.IntSlider(value=7, max=9, description='n')")
MODULE = """function render({ model, el }) {
  const button = document.createElement("button");
  const show = () => { button.textContent = `pressed ${model.get("times")}`; };
  button.onclick = () => { model.set("times", model.get("times") + 1); model.save_changes(); };
  model.on("change:times", show);
  show();
  el.append(button);
}
export default { render };"""
OWN = NOTEBOOK + cell(
    f'''import anywidget
import traitlets


class Counter(anywidget.AnyWidget):
    _esm = """{MODULE}"""
    times = traitlets.Int(3).tag(sync=True)


Counter()'''
)
# A stock slider does not tell a screen reader its name, so a chapter cannot hold one; that it is alive is tested below.
PAGES = [
    "specimen.html",
    "ledger.html",
    "chapters/part/stated.html",
    "own.html",
    "bibliography.html",
    "genindex.html",
    "prf-prf.html",
]


@pytest.fixture(scope="module")
def specimen(tmp_path_factory) -> Path:
    """The folder of the site of a small book."""
    book = tmp_path_factory.mktemp("a book")
    chapters = {"specimen": SPECIMEN, "ledger": LEDGER, "chapters/part/stated": STATED, "stock": STOCK, "own": OWN}
    return built(write_book(book, chapters))


@pytest.fixture(scope="module")
def address(specimen):
    with serve(specimen) as address:
        yield address


@pytest.fixture(scope="module")
def problems(browser, address, specimen) -> dict[str, list[str]]:
    return survey(browser, address, specimen, PAGES)


@pytest.fixture
def opened(browser, address):
    """Opens a page of the small book; gives the visit."""
    with looking(browser) as context, context.new_page() as page:

        def open_page(path: str) -> Visit:
            found = Visit(page, address)
            found.listen()
            page.goto(f"{address}/{path}")
            page.evaluate(TYPESET)
            return found

        yield open_page


@pytest.mark.parametrize("check", CHECKS)
def test_no_page_has_a_problem(problems, check):
    assert not problems[check], "\n".join(problems[check])


def test_links_lead_somewhere_and_nothing_is_taken_from_another_host(specimen):
    assert not broken(specimen, PAGES)
    assert not [found for page in PAGES for found in outside(specimen / page)]


def test_a_claim_is_one_line_that_unfolds(opened):
    claim = opened("specimen.html").page.locator("details.claim")
    assert claim.bounding_box()["height"] < 40
    assert not claim.locator("li").first.is_visible()
    claim.locator("summary").click()
    assert claim.locator("li").first.is_visible()


# At one moment: between two questions a page that is still being laid out may move.
BOXES = "all => all.map(one => one.getBoundingClientRect()).map(({ x, y, height }) => ({ x, y, height }))"


def test_a_chain_unfolds_by_keyboard_one_step_after_the_other(opened):
    page = opened("specimen.html").page
    steps, formulas = page.locator("details.step"), page.locator(".chain .katex-display")
    seen = "formula => formula.checkVisibility({contentVisibilityAuto: true})"
    assert [formula.evaluate(seen) for formula in formulas.all()] == [True, False, False, False, True]
    for position in range(3):
        summary = steps.nth(position).locator("> summary")
        assert summary.bounding_box()["height"] < 40
        assert summary.inner_text().endswith("what comes next?")
        summary.focus()
        page.keyboard.press("Enter")
        assert "next" not in summary.inner_text()
        shown = position + 2
        assert [formula.evaluate(seen) for formula in formulas.all()] == [True] * shown + [False] * (4 - shown) + [True]
    boxes = formulas.evaluate_all(BOXES)
    assert all(above["y"] + above["height"] <= below["y"] for above, below in pairwise(boxes))
    assert len({box["x"] for box in boxes}) == 1
    assert page.locator("#equation-eq-specimen-chain").is_visible()


def test_a_chain_is_printed_open(opened):
    page = opened("specimen.html").page
    page.emulate_media(media="print")
    boxes = page.locator(".chain .katex-display").evaluate_all(BOXES)
    assert all(above["y"] + above["height"] <= below["y"] for above, below in pairwise(boxes))
    assert not page.locator(".chain .ask").first.is_visible()


def test_the_list_of_what_was_checked(opened):
    page = opened("ledger.html").page
    lines = page.locator("details.listed")
    assert lines.count() == 4
    cells = lines.first.locator("summary .cell")
    words = [cell.inner_text() for cell in cells.all()]
    assert words[:2] == ["Theorem 3 A bar and a matrix", "exact identity"]
    assert len({cell.bounding_box()["y"] for cell in cells.all()}) == 1, "side by side"
    page.set_viewport_size(NARROW)
    below = [cell.bounding_box()["y"] for cell in cells.all()]
    assert below == sorted(set(below)), "below each other"
    lines.first.locator("summary").focus()
    page.keyboard.press("Enter")
    body = lines.first.locator(".sd-summary-content")
    assert body.locator("mtable").count() >= 3, "the matrix, the cases and the aligned lines"
    assert body.locator("li").filter(has_text="second.").is_visible()
    assert not body.locator("[id^=equation]").count(), "the formula has its number in the chapter"
    assert "off by at least" in body.inner_text()
    body.get_by_role("link", name="Theorem 3").first.click()
    assert page.url.endswith("chapters/part/stated.html#thm-stated-bar")


def test_reasons_of_a_derivation_are_small(opened):
    sizes = opened("specimen.html").page.evaluate(
        "() => ['p.derivation', 'article p'].map(p => parseFloat(getComputedStyle(document.querySelector(p)).fontSize))"
    )
    assert sizes[0] < sizes[1]


def test_a_wide_formula_scrolls_in_its_box_by_keyboard(opened):
    page = opened("specimen.html").page
    page.set_viewport_size(NARROW)
    formula = page.locator("#equation-eq-specimen > .katex-display")
    assert formula.evaluate("box => box.scrollWidth > box.clientWidth")
    formula.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")


def test_rows_of_a_table_of_sentences_stand_as_blocks_in_a_narrow_window(opened):
    page = opened("specimen.html").page
    table = page.locator("table.sentences")
    cells = table.locator("td")
    assert table.count() == 1
    assert len({cell.bounding_box()["y"] for cell in cells.all()[:3]}) == 1
    page.set_viewport_size(NARROW)
    boxes = [cell.bounding_box() for cell in cells.all()[:3]]
    assert boxes[0]["y"] < boxes[1]["y"] < boxes[2]["y"]
    assert all(box["x"] + box["width"] <= NARROW["width"] for box in boxes)
    names = [cell.evaluate("cell => getComputedStyle(cell, '::before').content") for cell in cells.all()]
    assert names[:3] == ['"where"', '"what the source says"', '"what holds"']
    assert names[5] == "none"
    # still a table for those who do not see it
    assert page.get_by_role("row").filter(has_text="page 2").get_by_role("cell").count() == 3


def test_the_code_of_a_cell_can_be_copied(opened, address):
    page = opened("specimen.html").page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    page.locator(".cell_input").last.hover()
    page.locator(".cell_input button.copybtn").last.click()
    page.wait_for_selector(".copybtn.success")
    assert page.evaluate("navigator.clipboard.readText()").strip() == "[number**2 for number in range(100)]"


def test_a_stock_widget_is_alive(opened):
    visit = opened("stock.html")
    slider = visit.page.locator(".widget-slider .noUi-handle")
    slider.wait_for()
    reading = visit.page.locator(".widget-slider .widget-readout")
    assert reading.inner_text() == "7"
    slider.focus()
    slider.press("ArrowRight")
    assert reading.inner_text() == "8"
    assert not any(visit.problems.values()), visit.problems


def test_a_widget_of_ones_own_is_alive(opened):
    visit = opened("own.html")
    button = visit.page.get_by_role("button", name="pressed 3")
    button.click()
    visit.page.get_by_role("button", name="pressed 4").wait_for()
    assert not any(visit.problems.values()), visit.problems


def test_pages_without_widgets_load_no_script_of_theirs(opened):
    assert not [url for url in opened("specimen.html").asked if "/assets/widgets/" in url]
