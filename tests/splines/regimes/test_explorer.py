"""The explorer of two scales as Python has it; its numerics in the browser are tested beside the browser's modules."""

import pytest
import torch

from lecturelib.core.experiments import generator_for
from lecturelib.splines import ScalesExplorer, to_spline
from lecturelib.splines.regimes.experiments import at_scales, between, scattered


def test_its_points_are_those_of_the_chapter():
    x, y = ScalesExplorer().data
    expected = scattered(generator_for(0, "scattered"))
    torch.testing.assert_close(x, expected[0], atol=6e-4, rtol=0)
    torch.testing.assert_close(y, expected[1], atol=6e-4, rtol=0)


def test_both_networks_begin_as_one_function():
    run = ScalesExplorer(left=0.2, right=50, width=30).train()
    start = to_spline(run.networks[0])
    torch.testing.assert_close(start.breakpoints[0], start.breakpoints[1])
    assert start.delta_slopes.abs().max() == 0
    expected = at_scales("uniform, flat", (0.2, 50.0), 30, generator_for(1, "scales explorer"))
    torch.testing.assert_close(run.networks[0].w, expected.w)


def test_the_presets_are_what_they_say():
    explorer = ScalesExplorer()
    explorer.use("turns")
    x, y = explorer.data
    assert y.sign().diff().abs().tolist() == [2.0] * 7
    z, polygon, _, apart = between(x, y)
    left, right = apart(explorer.train().final(z), polygon)
    assert left < 0.1 < right
    explorer.use("narrow")
    assert explorer.state["width"] == 40


def test_the_still_picture_tells_how_far_both_end():
    explorer = ScalesExplorer(width=100)
    x, y = explorer.data
    z, polygon, _, apart = between(x, y)
    left, right = apart(explorer.train().final(z), polygon)
    assert f"at 0.1 it is {left:.2f} from the polygon" in explorer.still().alt
    assert f"at 10 it is {right:.2f} from the polygon" in explorer.still().alt


def test_a_scale_has_to_be_positive():
    with pytest.raises(ValueError, match="left"):
        ScalesExplorer(left=0.0)
