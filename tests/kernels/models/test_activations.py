"""Activations at their bends and far out, where formulas overflow."""

import math
import pickle

import pytest
import torch

from lecturelib import kernels
from lecturelib.kernels.models import activations as act

FAR = torch.tensor([-1000.0, 1000.0], dtype=torch.float64)
ALL = (act.identity, act.sigmoid, act.tanh, act.relu, act.leaky_relu(0.25), act.elu(2.0))
each = pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)


@each
def test_far_out_and_in_every_precision(one):
    assert bool(torch.isfinite(one(FAR)).all() & torch.isfinite(one.slope(FAR)).all())
    for dtype in (torch.float32, torch.float64):
        z = torch.linspace(-2, 2, 5, dtype=dtype)
        assert one(z).dtype == one.slope(z).dtype == dtype
    assert one([-1, 2]).dtype == torch.float64


@each
def test_slopes_are_those_of_autograd_beside_the_bend(one):
    z = torch.tensor([-3.0, -0.5, 0.5, 3.0], dtype=torch.float64, requires_grad=True)
    one(z).sum().backward()
    torch.testing.assert_close(one.slope(z.detach()), z.grad)


@each
def test_activations_are_pickled(one):
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != act.leaky_relu(0.3)


def test_values_by_hand():
    z = torch.tensor([-2.0, 0.0, 3.0], dtype=torch.float64)
    assert act.identity(z).tolist() == z.tolist()
    assert act.relu(z).tolist() == [0, 0, 3]
    assert act.sigmoid(z).tolist() == pytest.approx([1 / (1 + torch.e**2), 0.5, 1 / (1 + torch.e**-3)])
    assert act.tanh(z).tolist() == pytest.approx([-math.tanh(2), 0, math.tanh(3)])
    assert act.leaky_relu(0.25)(z).tolist() == [-0.5, 0, 3]
    assert act.elu(2.0)(z).tolist() == pytest.approx([2 * (torch.e**-2 - 1), 0, 3])
    assert act.relu.slope(z).tolist() == [0, 0, 1]
    assert act.leaky_relu(0.25).slope(z).tolist() == [0.25, 0.25, 1]
    assert act.elu(2.0).slope(z).tolist() == pytest.approx([2 * torch.e**-2, 2, 1])
    assert float(act.sigmoid.slope(FAR).abs().max()) == 0
    assert act.leaky_relu(0.0)(torch.tensor([-0.5, 0.5])).tolist() == [0, 0.5]


def test_defaults():
    assert act.leaky_relu() == act.leaky_relu(0.1)
    assert act.elu() == act.elu(1)


def test_what_a_user_needs_is_public():
    for name in ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "logistic", "LayeredGradient"):
        assert name in kernels.__all__
    assert kernels.relu is act.relu


def test_the_branch_of_the_elu_that_is_not_taken_does_not_overflow():
    z = FAR.clone().requires_grad_()
    act.elu()(z).sum().backward()
    assert z.grad.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("leak", lambda: act.leaky_relu(1.0)),
        ("leak", lambda: act.leaky_relu(-0.1)),
        ("alpha", lambda: act.elu(0.0)),
        ("name", lambda: act.Activation("GELU")),
        ("z", lambda: act.relu([torch.nan])),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        call()
