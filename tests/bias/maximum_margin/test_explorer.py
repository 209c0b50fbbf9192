"""The explorer of the margin as Python has it, and the numbers that the browser's numerics are compared with."""

import math

import pytest

import lecturelib.bias
from lecturelib.bias import MarginExplorer
from tests.bias.maximum_margin.browser.make_margins import STORED, cases
from tests.stored import assert_stored


def test_the_stored_numbers_are_those_of_the_library():
    assert_stored(STORED, cases(), within=1e-6)


def test_weights_are_those_of_the_time_that_is_set():
    explorer = MarginExplorer("m", time=1e6)
    assert explorer.weights.tolist() == pytest.approx([math.log1p(1e6), 0.5 * math.log1p(4e6)], rel=1e-6)


def test_the_still_picture_says_the_margin_with_a_line_and_without():
    assert "the widest margin is 0.89" in MarginExplorer("m").still().alt
    explorer = MarginExplorer("m")
    explorer.use("overlap")
    assert "no line has all points on their sides" in explorer.still().alt


def test_it_is_fetched_only_when_asked_for():
    with pytest.raises(AttributeError, match="has no attribute 'NoExplorer'"):
        lecturelib.bias.NoExplorer  # noqa: B018
