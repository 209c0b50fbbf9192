"""Narrow networks with a keyhole: what they compute, what is stored, and that a way leads out."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from lecturelib.core.experiments import load
from lecturelib.core.statements import CHAPTERS
from lecturelib.equivariance import draw_points
from lecturelib.equivariance.composition.classifier import gradient, outputs
from lecturelib.equivariance.composition.keyhole import BEND, DEPTHS, MEMBERS, run, sizes, values


@pytest.fixture(scope="module")
def stored():
    results, _ = load(CHAPTERS / "equivariance/data/composition_keyhole.json")
    return {one["depth"]: one for one in results}


def test_one_layer_by_hand():
    theta = torch.tensor([1.0, 0.0, 0.0, 1.0, 0.5, -1.0, 1.0, 2.0, 0.1], dtype=torch.float64)
    x = torch.tensor([[-2.0, 3.0]], dtype=torch.float64)  # units: −1.5 → −0.3 and 2
    assert float(values(theta, x, 1)) == pytest.approx(np.tanh(-0.3 + 4 + 0.1))


def test_the_gradient_is_that_of_autograd():
    generator = torch.Generator().manual_seed(0)
    theta = torch.randn(3, 21, generator=generator, dtype=torch.float64, requires_grad=True)
    x, y = draw_points("circle", 20, generator=generator, members=3)
    loss = 0.5 * (outputs(theta, x, sizes(3), BEND)[-1][..., 0] - y).square().mean(-1).sum()
    (expected,) = torch.autograd.grad(loss, theta)
    assert torch.allclose(gradient(theta.detach(), x, y, sizes(3), BEND), expected)


def test_training_lowers_the_error():
    before, after = (min(run(seed=0, depth=1, steps=steps)["wrong"]) for steps in (0, 100))
    assert after < 0.7 * before


def test_stored_networks_err_as_is_said(stored):
    assert tuple(stored) == DEPTHS
    x, y = draw_points("circle", 4000, generator=torch.Generator().manual_seed(7))
    for depth, one in stored.items():
        assert len(one["wrong"]) == MEMBERS
        theta = torch.tensor(one["theta"], dtype=torch.float64)
        wrong = float(((values(theta, x, depth) >= 0) != (y > 0)).double().mean())
        assert wrong == pytest.approx(min(one["wrong"]), abs=0.006 if depth > 1 else 0.02)
    assert min(stored[1]["wrong"]) > 0.1
    assert max(min(stored[depth]["wrong"]) for depth in (4, 8)) < 0.01


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_region_of_the_disk_leads_out_of_the_window(stored, depth):
    theta = torch.tensor(stored[depth]["theta"], dtype=torch.float64)
    side = torch.linspace(-8, 8, 1601, dtype=torch.float64)
    inside = values(theta, torch.cartesian_prod(side, side), depth).reshape(1601, 1601).numpy() > 0
    pieces = ndimage.label(inside)[0]
    middle = pieces[800, 800]
    assert middle > 0
    assert middle in np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
