"""Wells and small networks: what is found by hand from the same functions."""

import math

import pytest
import torch

from lecturelib.bias.discretization import networks, wells
from lecturelib.core.experiments import load


def test_the_slope_is_that_of_the_wells():
    w = torch.linspace(-3, 3, 41, dtype=torch.float64)[:, None].requires_grad_()
    (slope,) = torch.autograd.grad(wells.wells(w).sum(), w)
    torch.testing.assert_close(wells.slope(w.detach()), slope)


def test_wells_have_their_curvatures():
    for place, curvature in (wells.SHARP, wells.FLAT):
        at = torch.tensor([place], dtype=torch.float64)
        assert abs(float(wells.slope(at))) < 1e-12
        assert float(torch.func.jacrev(wells.slope)(at)) == pytest.approx(curvature, rel=1e-9)


def test_small_steps_keep_the_basins_of_the_flow():
    # starts −3, −2.9, …, 3: those up to −0.7 are left of the border
    assert wells.shares(0.02, time=10, starts=61, seed=0) == pytest.approx(24 / 61)


def test_steps_beyond_two_over_the_curvature_leave_the_sharp_well():
    assert wells.shares(0.09, time=20, starts=61, seed=0) < 1 / 61 + 1e-9


def test_output_loss_and_sharpness_by_hand():
    x, y, start = networks.data(0)
    w, b, v, c = (part.tolist() for part in networks.unpack(start))
    value = sum(v[k] * math.tanh(w[k] * float(x[3]) + b[k]) for k in range(networks.WIDTH)) + c[0]
    assert float(networks.outputs(start, x)[3]) == pytest.approx(value, rel=1e-12)
    hessian = torch.autograd.functional.hessian(lambda p: networks.loss(p, x, y), start)
    found = networks.sharpness(start[None], x[None], y[None])
    assert float(found) == pytest.approx(float(torch.linalg.eigvalsh(hessian)[-1]), rel=1e-9)


def test_descent_is_descent_and_batches_of_all_data_are_too():
    x, y, w = networks.data(0)
    for _ in range(3):
        w = w.detach().requires_grad_()
        (slope,) = torch.autograd.grad(networks.loss(w, x, y), w)
        w = (w - 0.1 * slope).detach()
    found = networks.descend([0.1] * 3, seeds=range(1))
    assert found["loss"][0] == pytest.approx(float(networks.loss(w, x, y)), rel=1e-12)
    assert networks.descend([0.1], seeds=range(1), after=[0.1] * 2)["loss"] == pytest.approx(found["loss"], rel=1e-12)


def test_a_penalty_changes_the_first_step_as_the_modified_field_does():
    from lecturelib.bias import gradient_field, modified_loss

    x, y, w = networks.data(1)
    moved = w + 0.01 * gradient_field(modified_loss(lambda p: networks.loss(p, x, y), 0.4))(w)
    found = networks.descend([0.01], seeds=range(1, 2), penalty=0.4)
    assert found["loss"][0] == pytest.approx(float(networks.loss(moved, x, y)), rel=1e-12)


def test_a_stored_run_can_be_repeated():
    rows, _ = load(networks.STORED)
    row = next(one for one in rows if one["arm"] == "full" and one["rate"] == 0.5)
    again = networks.descend([0.5] * round(networks.TIME / 0.5), seeds=range(2))
    assert again["sharpness"] == pytest.approx(row["sharpness"][:2], rel=0.02)
    assert [(one["arm"], one["rate"]) for one in rows] == list(networks.arms())
