"""The explorer as Python has it; its numerics are tested beside the browser's modules."""

import torch

from lecturelib.generative import PushExplorer
from tests.generative.flows.browser.make_pushes import STORED, cases
from tests.stored import assert_stored


def test_the_stored_numbers_are_those_of_the_library():
    assert_stored(STORED, cases(), within=1e-11)


def test_the_flows_carry_normal_points_to_their_targets():
    z = torch.randn(400, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for target, far in (("gaussians", 0.85), ("board", 0.5)):
        points, _ = PushExplorer(target=target).places(z, 0.5)
        assert float((points.norm(dim=-1) > 2).double().mean()) > far
    assert float((z.norm(dim=-1) > 2).double().mean()) < 0.2


def test_the_still_picture_says_where_the_point_is():
    explorer = PushExplorer(time=0.0, x=1.0, y=0.5)
    assert "One point is at (1, 0.5), where ln p is -2.46" in explorer.still().alt
