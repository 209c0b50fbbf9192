"""A notebook that someone else has run, opened in JupyterLab, which does not trust it."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from lecturelib.core import figures
from lecturelib.site.notebooks import METADATA
from tests.site import lab

NAMES = {"fig-line": "Fig. 6.1"}


@pytest.fixture(scope="module")
def passed_on(tmp_path_factory):
    """JupyterLab in a folder with a notebook that holds a figure and was not run here; the address of the notebook."""
    folder = tmp_path_factory.mktemp("passed on")
    drawing, axes = figures.new()
    axes.plot([0, 1], [1, 2])
    picture = figures.show(drawing, caption="It *rises*: $y$.", alt="A line from 1 to 2.", label="fig-line")
    shown = [
        new_output("display_data", data=data, metadata=metadata)
        for data, metadata in figures.outputs(picture.book, NAMES)
    ]
    notebook = new_notebook(cells=[new_code_cell("figures.show(…)", outputs=shown)], metadata=METADATA)
    nbformat.write(notebook, folder / "passed_on.ipynb")
    with lab.running(folder) as running:
        yield f"{running.address}/lab/tree/passed_on.ipynb"


def test_figures_are_seen_with_their_captions(browser, passed_on):
    with browser.new_context() as context, context.new_page() as page:
        page.set_default_timeout(1000 * lab.PATIENCE)
        page.goto(passed_on)
        image = page.locator(".jp-OutputArea-output img")
        image.wait_for()
        assert image.evaluate("image => image.naturalWidth") > 800
        assert image.bounding_box()["width"] == pytest.approx(538, abs=2)
        caption = page.locator(".jp-RenderedMarkdown", has_text="Fig. 6.1.")
        assert caption.locator("strong").inner_text() == "Fig. 6.1."
        assert caption.locator("em").inner_text() == "rises"
        caption.locator("summary").click()
        assert caption.get_by_text("A line from 1 to 2.").is_visible()
