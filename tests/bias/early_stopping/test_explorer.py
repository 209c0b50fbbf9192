"""The explorer of two paths as Python has it; its numerics are tested beside the browser's modules."""

import torch

from lecturelib.bias import StoppingExplorer
from tests.bias.early_stopping.browser.make_stops import STORED, cases
from tests.stored import assert_stored


def test_the_stored_numbers_are_those_of_the_library():
    assert_stored(STORED, cases(), within=1e-11)


def test_equal_curvatures_make_one_straight_path():
    explorer = StoppingExplorer()
    explorer.use("round")
    flow, ridge = explorer.places([0.5, 2.0])
    goal = torch.tensor([1.5, 2.0], dtype=torch.float64)
    torch.testing.assert_close(flow, (1 - torch.exp(-torch.tensor([[0.5], [2.0]]).double())) * goal)
    torch.testing.assert_close(ridge, torch.tensor([[1 / 3], [2 / 3]]).double() * goal)


def test_the_still_picture_says_where_both_are():
    alt = StoppingExplorer(steep=1.0, flat=1.0, time=1.0).still().alt
    assert "At t = 1 the flow is at (0.948, 1.26), ridge at (0.75, 1)." in alt
