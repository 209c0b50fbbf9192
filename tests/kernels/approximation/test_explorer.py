"""The explorer of hinges for a curve, as Python has it; its numerics are tested beside the browser's modules."""

import json

import pytest

from lecturelib.kernels import HingesExplorer
from tests.kernels.approximation.browser.make_hinges import STORED, cases


def test_the_stored_numbers_are_those_of_the_library():
    for stored, now in zip(json.loads(STORED.read_text()), cases(), strict=True):
        assert stored.keys() == now.keys()
        for name in ("ends", "jumps", "bounds"):
            assert stored[name] == pytest.approx(now[name], rel=1e-9, abs=1e-9), name


def test_presets_show_what_they_say():
    explorer, counts = HingesExplorer(), {}
    for name in explorer.presets:
        explorer.use(name)
        counts[name] = len(explorer.network().knots)
    assert counts["placed"] < counts["equal"] < counts["slope"]
    assert 2.5 < counts["fine"] / counts["placed"] < 3.8  # √10, and what is rounded up


def test_the_still_picture_says_how_many_and_how_near():
    still = HingesExplorer(curve="parabola", known="curvature", tolerance=0.0625).still()
    assert "4 hinges, guaranteed error 0.0625, largest error 0.0625, tolerance 0.0625" in still.alt
