"""The loss slice as Python has it; its numerics in the browser are tested beside the browser's modules."""

import json

import pytest
import torch

from lecturelib.splines.loss_surface.explorer import SliceExplorer, scenes
from tests.splines.loss_surface.browser.make_slices import STORED, cases


def test_the_stored_slices_are_those_of_the_library():
    for stored, now in zip(json.loads(STORED.read_text()), cases(), strict=True):
        assert stored.keys() == now.keys()
        for name, value in now.items():
            if isinstance(value, list) and value and isinstance(value[0], float):
                torch.testing.assert_close(torch.tensor(stored[name]), torch.tensor(value), rtol=1e-12, atol=1e-12)
            else:
                assert stored[name] == value, name


@pytest.mark.parametrize("scene", scenes())
@pytest.mark.parametrize(("facing", "side"), [("left", -1.0), ("right", 1.0)])
def test_spline_and_slice_are_those_of_the_state(scene, facing, side):
    explorer = SliceExplorer("slice", scene=scene, facing=facing, mu=-0.5, beta=1.25)
    spline, data = explorer.spline, scenes()[scene]
    moving = [float(part[-1]) for part in (spline.breakpoints, spline.delta_slopes, spline.orientations)]
    assert moving == [1.25, -0.5, side]
    assert spline.breakpoints[:-1].tolist() == data["rest"]["breakpoints"]
    x, y = torch.tensor(data["x"], dtype=torch.float64), torch.tensor(data["y"], dtype=torch.float64)
    loss = 0.5 * (spline(x) - y).square().sum()
    torch.testing.assert_close(explorer.cut(torch.tensor([1.25]))[0], loss)


def test_presets_are_what_they_say():
    explorer = SliceExplorer("slice")
    types = dict(zip(explorer.cut.knots.tolist(), explorer.cut.types, strict=True))
    assert (types[-1.2], types[0.0], types[1.2], types[3.0]) == ("attractor", "repeller", "attractor", "edge")
    explorer.use("repeller")
    assert types[explorer.state["beta"]] == "repeller"
    explorer.use("dead")
    assert explorer.state["beta"] > 3.0
    for preset in ("noise", "network"):
        explorer.use(preset)
        assert "attractor" in explorer.cut.types


def test_a_larger_delta_slope_leaves_no_attractor():
    """The chapter says so of delta-slope 1: corners grow like μ, the curvature like μ²."""
    assert "attractor" not in SliceExplorer("slice", mu=1.0).cut.types


def test_data_stand_where_a_slider_can_put_the_breakpoint():
    explorer = SliceExplorer("slice", beta=0.6)
    assert explorer.state["beta"] in explorer.cut.knots.tolist()


def test_the_still_picture_says_where_the_breakpoint_is():
    picture = SliceExplorer("slice", beta=1.5).still()
    assert "bends at 1.50" in picture.alt
    assert "repeller at 0.0" in picture.alt
