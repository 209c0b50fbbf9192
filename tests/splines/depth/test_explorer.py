"""The explorer of a deep network, as Python has it; its numerics are tested beside the browser's modules."""

import json

import pytest
import torch

from lecturelib.splines import DepthExplorer
from tests.splines.depth.browser.make_runs import STORED, cases


def test_the_stored_numbers_are_those_of_the_library():
    for stored, now in zip(json.loads(STORED.read_text()), cases(), strict=True):
        assert stored.keys() == now.keys()
        for name, value in now.items():
            if name == "found":
                assert [one[1:] for one in stored[name]] == [one[1:] for one in value]
                value, stored[name] = ([one[0] for one in each] for each in (value, stored[name]))
            approx = value if isinstance(value, str) else pytest.approx(value, rel=1e-9, abs=1e-12)
            assert stored[name] == approx, name


def test_the_still_picture_tells_of_the_lanes():
    explorer = DepthExplorer(layers=2, width=3)
    assert "2 layers after 20,000 steps" in explorer.still().alt
    x, y, run = explorer.train()
    assert run.layout.sizes == (1, 3, 3, 1)
    assert len(x) == len(y) == 40


def test_what_the_browser_shows_comes_back():
    explorer = DepthExplorer()
    with pytest.raises(RuntimeError):
        explorer.network  # noqa: B018
    explorer.found = {"sizes": [1, 1, 1], "theta": [1, 2, 3, 4], "steps": 0, "loss": 1.0}
    layout, theta = explorer.network
    assert layout.count == 4
    assert theta.dtype == torch.float64
