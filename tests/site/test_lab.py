"""Explorers in a real JupyterLab: alive, and the same object in Python and in the browser."""

from __future__ import annotations

import pytest

from tests.site.lab import PATIENCE, run_first_cell, running

CELL = """from lecturelib.splines.loss_surface.explorer import SliceExplorer

explorer = SliceExplorer("loss-slice")
explorer"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with running(tmp_path_factory.mktemp("notebooks")) as lab:
        yield lab


def test_python_and_the_browser_see_the_same_explorer(lab, browser):
    errors = []
    with browser.new_context(viewport={"width": 1300, "height": 1200}) as context, context.new_page() as page:
        page.set_default_timeout(1000 * PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(lab.write("explorer.ipynb", [CELL]))
        run_first_cell(page)
        explorer = page.locator(".explorer-live")
        explorer.get_by_role("button", name="Beyond the edge").click()
        lab.becomes("explorer.state['beta']", "3.2")
        lab.becomes("explorer.found['slope']", "0")
        lab.becomes("float(explorer.spline.breakpoints[-1])", "3.2")
        # and the other way: what Python sets is seen in the browser, the rest stays
        lab.value("explorer.set_trait('state', {'beta': 0.6, 'facing': 'left'})")
        explorer.get_by_text("The breakpoint stands on the datum at 0.6").first.wait_for()
        assert explorer.get_by_role("combobox", name="facing").input_value() == "left"
        lab.becomes("abs(explorer.found['loss'] - float(explorer.cut([0.6])[0])) < 1e-12", "True")
        # the shortcuts of the notebook leave arrow keys to the slider
        slider = explorer.get_by_role("slider", name="breakpoint β")
        slider.focus()
        page.keyboard.press("ArrowRight")
        lab.becomes("explorer.state['beta']", "0.61")
        # let go, it rolls to its rest, though Python tells the browser late where it was
        explorer.get_by_role("button", name="Caught by a datum").click()
        explorer.get_by_role("button", name="Let go").click()
        lab.becomes("explorer.state['beta']", "-1.2")
    assert not errors
