"""The explorer of spectral bias in a real JupyterLab: the network trained there is one of the library."""

from __future__ import annotations

import pytest

from tests.site.lab import PATIENCE, run_first_cell, running

CELL = """from lecturelib.kernels.spectral_bias.explorer import MOMENTS, ModesExplorer, circle

explorer = ModesExplorer(width=12, time=0, a3=1)
explorer"""

KEPT = "globals().__setitem__('start', explorer.network)"
GAP = """(lambda ours, theirs: max(float((one - other).abs().max()) for one, other in zip(
    (*ours.weights, *ours.biases), (*theirs.weights, *theirs.biases))) < 1e-9)(
    explorer.network, explorer.train(start))"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with running(tmp_path_factory.mktemp("notebooks")) as lab:
        yield lab


def test_the_trained_network_is_read_back(lab, browser):
    errors = []

    with browser.new_context(viewport={"width": 1300, "height": 1200}) as context, context.new_page() as page:
        page.set_default_timeout(1000 * PATIENCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(lab.write("modes.ipynb", [CELL]))
        run_first_cell(page)
        explorer = page.locator(".explorer-live")
        explorer.wait_for()
        lab.becomes("(bool(explorer.found) and explorer.steps)", "0")
        lab.value(KEPT)
        # Python sets the time, and the browser's network goes there by the steps of the library
        lab.value("explorer.set_trait('state', {'time': 3})")
        lab.becomes("explorer.time == MOMENTS[239]", "True")
        assert lab.value("explorer.steps > 400") == "True"
        assert lab.value(GAP) == "True"
        assert lab.value("{k: round(one, 2) for k, (one, _) in explorer.shares.items()}[2]") == "1.0"
        explorer.get_by_role("button", name="Play").click()
        lab.becomes("explorer.state['time'] > 4", "True")
        explorer.get_by_role("button", name="Pause").click()
        lab.becomes("explorer.time > 4", "True")
        assert lab.value(GAP) == "True"
        explorer.get_by_role("button", name="What a layer without biases cannot learn").click()
        lab.becomes("(explorer.network.bias_scale, explorer.network.weights[0].shape[0])", "(0.0, 12)")
        lab.becomes("abs(explorer.shares[3][1]) < 1e-9 and explorer.shares[4][0] > 0.99", "True")
    assert not errors
