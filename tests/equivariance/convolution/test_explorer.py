"""The explorer of a filter that slides, as Python has it; its numerics are tested beside the browser's modules."""

import json

import pytest

from lecturelib.equivariance import SlidingExplorer
from tests.equivariance.convolution.browser.make_slides import STORED, cases


def test_the_stored_numbers_are_those_of_the_library():
    for stored, now in zip(json.loads(STORED.read_text()), cases(), strict=True):
        assert stored.keys() == now.keys()
        for name in ("before", "after", "wanted", "error"):
            assert stored[name] == pytest.approx(now[name], rel=1e-11, abs=1e-11), name
        for name in ("x", "w", "options", "wrong"):
            assert stored[name] == now[name]


def test_presets_show_what_they_say():
    explorer = SlidingExplorer()
    errors = {}
    for name in explorer.presets:
        explorer.use(name)
        errors[name] = explorer.outputs()["error"]
    assert errors["ring"] == errors["even"] == 0
    assert errors["fold"] == pytest.approx(2)  # +1 has become −1
    assert errors["blur"] < errors["stride"] / 3
    assert errors["zeros"] > 0


def test_the_still_picture_says_what_is_wrong():
    assert "0 of 24 outputs differ" in SlidingExplorer().still().alt
    assert (
        "12 of 12 outputs differ; the error is 200 %"
        in SlidingExplorer(signal="zigzag", filter="one", stride=2).still().alt
    )
