"""The playground in a real JupyterLab: the network trained there is a network of the library, and one can be given."""

from __future__ import annotations

import pytest

from tests.site.lab import PATIENCE, run_first_cell, running

CELL = """import torch
from lecturelib.splines import Network, descend
from lecturelib.splines.playground.explorer import Playground

start = Network([1.0, -2.0, 0.5, 1.5, -1.0], [0.1, 0.2, 0.0, -0.4, 0.5], [0.5, 1.0, -0.3, 0.8, -0.6], 0.1)
x = torch.linspace(-1, 1, 9, dtype=torch.float64)
explorer = Playground(network=start, data=(x, torch.sin(3 * x)), auto=False, rate=0.01)
explorer"""

GAP = """max(float((getattr(explorer.network, part) - getattr(
    descend(start, x, torch.sin(3 * x), steps=max(1, explorer.steps), learning_rate=0.01).final, part)).abs().max())
    for part in ("w", "b", "v", "b0")) < 1e-9"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with running(tmp_path_factory.mktemp("notebooks")) as lab:
        yield lab


def test_the_trained_network_is_read_back(lab, browser):
    errors = []
    with browser.new_context(viewport={"width": 1300, "height": 1200}) as context, context.new_page() as page:
        page.set_default_timeout(1000 * PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(lab.write("playground.ipynb", [CELL]))
        run_first_cell(page)
        explorer = page.locator(".explorer-live")
        explorer.wait_for()
        lab.becomes("explorer.steps", "0")
        lab.becomes("torch.equal(explorer.network.w, start.w) and explorer.network.b0 == 0.1", "tensor(True)")
        explorer.get_by_role("button", name="Play").click()
        explorer.locator(".explorer-time output", has_text=", ").or_(
            explorer.locator("output", has_text=",")
        ).first.wait_for()
        explorer.get_by_role("button", name="Pause").click()
        lab.becomes("explorer.steps >= 1000", "True")
        # the browser took the steps of the library
        assert lab.value(GAP) == "True"
        lab.value("explorer.set_trait('state', {'scheme': 'he', 'width': 12, 'alpha': 2})")
        lab.becomes("(explorer.steps, explorer.network.w.numel())", "(0, 12)")
        # presets begin anew, by hand and from Python, though they change no setting any more
        gap = explorer.get_by_role("button", name="Two lines with a gap")
        gap.click()
        for again in (gap.click, lambda: lab.value("explorer.use('gap')")):
            explorer.get_by_role("button", name="Step").click()
            lab.becomes("(explorer.steps, explorer.network.w.numel())", "(1, 100)")
            again()
            lab.becomes("explorer.steps", "0")
    assert not errors
