"""Where a system forces its colours on pages, marks of a chart and of its legend are still the same."""

from __future__ import annotations

PAGE, NAME = "chapters/kernels/spectral_bias.html", "modes"
FOUND = """box => {
  const chart = getComputedStyle(box.querySelector(".explorer-chart"));
  const marks = [...box.querySelectorAll(".explorer-legend .swatch")].map((mark) => getComputedStyle(mark));
  return { paper: chart.backgroundColor, marks: marks.map((mark) => mark.borderTopColor + mark.backgroundColor) };
}"""


def test_a_legend_keeps_the_colours_of_its_chart(browser, server):
    def look(forced: str) -> dict:
        with browser.new_context(forced_colors=forced) as context, context.new_page() as page:
            page.goto(f"{server}/{PAGE}#explorer-{NAME}")
            box = page.locator(f"#explorer-{NAME}.alive")
            box.wait_for()
            return box.evaluate(FOUND)

    free, forced = look("none"), look("active")
    assert len(set(free["marks"])) > 1
    assert forced["marks"] == free["marks"]
    assert forced["paper"] == "rgb(255, 255, 254)"
