"""The explorer of the valley as Python has it; its numerics in the browser are tested beside the browser's modules."""

import pytest
import torch

import lecturelib.bias
from lecturelib.bias import ValleyExplorer
from tests.bias.stability.browser.make_valleys import STORED, cases
from tests.stored import assert_stored


def test_the_stored_numbers_are_those_of_the_library():
    assert_stored(STORED, cases(), within=1e-9, absolute=1e-12)


def test_presets_do_what_they_say():
    explorer = ValleyExplorer("one")
    ends = {}
    for name in ("long", "penalty", "small", "none"):
        explorer.use(name)
        ends[name] = explorer.path
    assert float(ends["long"][-1].square().sum()) < 2 / 0.3 < 0.4**2 + 3.2**2
    assert ends["penalty"][-1].tolist() == pytest.approx([0.9**0.5] * 2, abs=1e-3)
    assert ends["small"][-1].tolist() == pytest.approx([1.0, 1.0], abs=0.01)
    assert float((ends["none"][-1] - ends["none"][-2]).norm()) > 0.01


def test_the_still_picture_says_where_descent_ends():
    alt = ValleyExplorer("one", u=1.0, v=1.0).still().alt
    assert "after 500 steps is at (1, 1), where the curvatures are 0 and 2." in alt
    assert "leaves all bounds" in ValleyExplorer("one", u=4.0, v=4.0, rate=1.0).still().alt


def test_it_is_fetched_only_when_asked_for():
    with pytest.raises(AttributeError, match="has no attribute 'NoExplorer'"):
        lecturelib.bias.NoExplorer  # noqa: B018
    assert torch.is_tensor(ValleyExplorer("two").path)
