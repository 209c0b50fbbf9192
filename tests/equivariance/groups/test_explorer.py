"""The explorer of layers, as Python has it; its numerics are tested beside the browser's modules."""

import pytest
import torch

from lecturelib.equivariance import LayerExplorer, cyclic, dihedral
from lecturelib.equivariance.groups.explorer import in_order
from tests.equivariance.groups.browser.make_layers import STORED, cases
from tests.stored import assert_stored


def test_the_stored_numbers_are_those_of_the_library():
    assert_stored(STORED, cases(), within=1e-9)


@pytest.mark.parametrize(
    ("preset", "count", "commutes"),
    [("any", 4, False), ("ring", 4, True), ("sets", 2, True), ("graphs", 15, True), ("pixels", 21, True),
     ("forces", 1, True), ("none", 0, True)],
)  # fmt: skip
def test_presets_show_what_they_say(preset, count, commutes):
    explorer = LayerExplorer()
    explorer.use(preset)
    found = explorer.outputs()
    assert found["dimension"] == len(found["basis"]) == count
    assert (found["error"] < 1e-9) == commutes


@pytest.mark.parametrize(("name", "group"), [("C4", cyclic(4)), ("D4", dihedral(4))])
def test_turns_of_a_square_by_its_corners_are_those_of_the_plane(name, group):
    explorer = LayerExplorer(group=name, inputs="vectors", outputs="pixels")
    for mine, known in zip(explorer.actions(), (group.vectors(), group.images(3)), strict=True):
        both = [{tuple(one.flatten().round().int().tolist()) for one in action.elements} for action in (mine, known)]
        assert both[0] == both[1]


def test_the_map_of_any_matrix_is_its_mean_over_the_group():
    explorer = LayerExplorer(group="S4", inputs="pairs", outputs="vectors", averaged=1)
    inside, outside = explorer.actions()
    any_ = LayerExplorer(inputs="pairs", averaged=0).givens["weights"]
    any_ = torch.tensor(any_, dtype=torch.float64)[:3, :16]
    mean = (outside.elements @ any_ @ inside.elements.mT).mean(0)
    assert torch.allclose(explorer.outputs()["W"], mean, atol=1e-12)


def test_an_ordered_basis_spans_the_same_and_begins_with_the_first_weight():
    turned = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(0)).double())[0][:3]
    found = in_order(turned.reshape(3, 2, 3)).flatten(1)
    assert torch.allclose(found @ found.T, torch.eye(3).double(), atol=1e-12)
    assert torch.allclose(found.T @ found, turned.T @ turned, atol=1e-12)
    assert found[0, 0] > 0
    assert torch.allclose(found[1:, 0], torch.zeros(2).double(), atol=1e-12)
