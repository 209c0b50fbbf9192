"""The explorer of filters, as Python has it; its numerics are tested beside the browser's modules."""

import pytest
import torch

from lecturelib.equivariance import FiltersExplorer
from lecturelib.equivariance.augmentation.explorer import GROUPS, pictures
from tests.equivariance.augmentation.browser.make_filters import STORED, cases
from tests.stored import assert_stored


def test_the_stored_numbers_are_those_of_the_library():
    assert_stored(STORED, cases(), within=1e-9)


def test_presets_show_what_they_say():
    explorer, off = FiltersExplorer(), {}
    for name in explorer.presets:
        explorer.use(name)
        off[name] = {key: float(value) for key, value in explorer.train(150).items() if key in ("each", "set")}
    assert off["alone"]["each"] > 0.8
    assert off["one"]["each"] < 0.5 * off["alone"]["each"]
    assert off["random"]["set"] > 0.5
    assert off["symmetric"]["each"] == pytest.approx(0, abs=1e-12)
    assert off["copies"]["set"] < 1e-12
    assert off["copies"]["each"] > 0.5


@pytest.mark.parametrize("group", GROUPS)
def test_moves_are_where_pixels_come_from(group):
    moves = FiltersExplorer().givens["moves"][group]
    assert len(moves) == GROUPS[group].order
    x = pictures()[0][3]
    for one, g in zip(moves, GROUPS[group].images(8).elements, strict=True):
        assert torch.equal(x[one], g @ x)
