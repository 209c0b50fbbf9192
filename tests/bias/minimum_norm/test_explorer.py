"""The explorer of the line of solutions as Python has it; its numerics are tested beside the browser's modules."""

import pytest
import torch

import lecturelib.bias
from lecturelib.bias import PlaneExplorer, least_norm
from tests.bias.minimum_norm.browser.make_planes import STORED, cases
from tests.stored import assert_stored


def test_the_stored_numbers_are_those_of_the_library():
    assert_stored(STORED, cases(), within=1e-8)


def test_presets_end_where_their_words_say():
    explorer = PlaneExplorer()
    ends = {}
    for preset in explorer.spec["presets"]:
        explorer.use(preset)
        ends[preset] = explorer.path[-1]
    least = least_norm([[2.0, 1.0]], [5.0])
    torch.testing.assert_close(ends["origin"], least, atol=1e-6, rtol=0)
    kicked = least_norm([[2.0, 1.0]], [5.0], [-1.0 + 2.0, 2.0 - 2.0])
    torch.testing.assert_close(ends["kick"], kicked, atol=1e-4, rtol=0)
    assert float(ends["decay"].norm()) < float(ends["kick"].norm())
    assert ends["edge"].tolist() == pytest.approx([-1.0, 2.0])  # after an even number of hops it is back
    assert float(ends["sparse"].abs().sum()) < float(ends["wide"].abs().sum())
    assert float(ends["wide"].norm()) < float(ends["sparse"].norm())


def test_the_still_picture_says_start_and_end():
    assert "from (0, 0) to (2, 1)" in PlaneExplorer(x=0.0, y=0.0).still().alt
    assert "from (0, 0) to (2.42, 0.155)" in PlaneExplorer(model="diagonal", alpha=0.1).still().alt


def test_it_is_fetched_only_when_asked_for():
    with pytest.raises(AttributeError, match="has no attribute 'NoExplorer'"):
        lecturelib.bias.NoExplorer  # noqa: B018
