"""The explorer as Python has it; its numerics in the browser are tested beside the browser's modules."""

import json

import pytest
import torch

from lecturelib.bias import DescentExplorer, gradient_field, modified_field
from lecturelib.bias.discretization.surfaces import SURFACES
from tests.bias.discretization.browser.make_paths import STORED, cases


def test_the_stored_paths_are_those_of_the_library():
    for stored, now in zip(json.loads(STORED.read_text()), json.loads(json.dumps(cases())), strict=True):
        assert stored.keys() == now.keys()
        for name, value in now.items():
            torch.testing.assert_close(torch.tensor(stored[name]), torch.tensor(value), rtol=1e-9, atol=1e-9)


def test_the_polynomials_are_what_their_words_say():
    a, b = torch.randn(2, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    said = {
        "valley": (a * b - 1) ** 2 / 2,
        "bowl": a**2 / 2 + 2 * b**2,
        "bend": (b - a**2) ** 2 / 2 + (a - 1) ** 2 / 4,
        "saddle": (a**2 - 1) ** 2 / 4 + (b - a / 2) ** 2 / 2,
    }
    assert said.keys() == SURFACES.keys()
    for name, expected in said.items():
        torch.testing.assert_close(SURFACES[name](torch.stack([a, b], -1)), expected)


@pytest.mark.parametrize("name", SURFACES)
def test_speeds_in_closed_form_are_those_of_the_library(name):
    surface, at = SURFACES[name], torch.tensor([0.7, -1.3], dtype=torch.float64)
    field = gradient_field(surface)
    for order, expected in enumerate((field, modified_field(field, 0.3), modified_field(field, 0.3, 2))):
        torch.testing.assert_close(surface.speed(at, 0.3, order), expected(at), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("surface", SURFACES)
def test_each_flow_is_nearer_than_the_one_before(surface):
    one = SURFACES[surface]
    descent, flows = DescentExplorer("steps", surface=surface, a=one.start[0], b=one.start[1], h=0.02).paths()
    off = [float((path[-1] - descent[-1]).norm()) for path in flows]
    assert off[0] > 4 * off[1] > 16 * off[2] > 0


def test_presets_are_what_they_say():
    explorer = DescentExplorer("steps")
    for preset in explorer.presets:
        explorer.use(preset)
        descent, _ = explorer.paths()
        assert bool(torch.isfinite(descent).all())
    explorer.use("zigzag")
    assert bool((explorer.paths()[0][:, 1].sign().diff() != 0).any())  # it jumps over the floor of the bowl
    explorer.use("basins")
    descent, flows = explorer.paths()
    assert float(descent[-1, 0]) * float(flows[0][-1, 0]) < 0  # another basin than the flow's


def test_the_still_picture_says_how_far_the_ends_are():
    assert "10 steps of descent" in DescentExplorer("steps", h=0.2).still().alt
