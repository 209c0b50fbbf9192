"""Losses: values by hand, large outputs, errors."""

import math

import pytest
import torch

from lecturelib.kernels.models import losses

Z = torch.tensor([[0.0, math.log(3.0)], [2000.0, 0.0]], dtype=torch.float64)
ONE = torch.tensor([[1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)


def test_cross_entropy_by_hand_and_without_overflow():
    assert losses.cross_entropy(Z, ONE).tolist() == [pytest.approx(math.log(4)), 0.0]
    assert losses.cross_entropy(Z, 1 - ONE).tolist() == [pytest.approx(math.log(4 / 3)), 2000.0]
    assert losses.cross_entropy_gradient(Z, ONE)[0].tolist() == pytest.approx([-0.75, 0.75])


def test_summed_binary_entropy_is_twice_the_cross_entropy_for_two_classes():
    # 1 − s_1 = s_2, so every term appears twice
    torch.testing.assert_close(losses.summed_binary_entropy(Z, ONE), 2 * losses.cross_entropy(Z, ONE))


def test_summed_binary_entropy_of_three_classes_by_hand():
    z, y = torch.zeros(1, 3, dtype=torch.float64), torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float64)
    # −ln 1/3 − 2 ln 2/3
    assert float(losses.summed_binary_entropy(z, y)) == pytest.approx(math.log(3) + 2 * math.log(1.5))


def test_batches_of_any_shape_are_their_members():
    generator = torch.Generator().manual_seed(0)
    z, noise = torch.randn(2, 2, 3, 4, generator=generator, dtype=torch.float64)
    y = torch.softmax(noise, -1)
    for function in (losses.cross_entropy, losses.cross_entropy_gradient, losses.summed_binary_entropy):
        torch.testing.assert_close(function(z, y)[1, 2], function(z[1, 2], y[1, 2]))


def test_logistic_by_hand_and_without_overflow():
    f, y = [0.0, -5000.0, 5000.0], [1.0, 1.0, 1.0]
    assert losses.logistic(f, y).tolist() == [pytest.approx(math.log(2)), 5000.0, 0.0]
    assert losses.logistic_slope(f, y).tolist() == [-0.5, -1.0, 0.0]
    assert losses.logistic_slope([0.3], [-1.0]).item() == pytest.approx(1 / (1 + math.exp(-0.3)))


def test_float32_softmaxes_are_probabilities():
    z = 3 * torch.randn(1000, 10, generator=torch.Generator().manual_seed(0))
    y = torch.softmax(z, -1)
    assert losses.cross_entropy(z, y).dtype == losses.cross_entropy_gradient(z, y).dtype == torch.float32
    assert losses.cross_entropy(z.double(), y).dtype == torch.float64


def test_slopes_are_those_of_autograd():
    z = torch.randn(5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    y = torch.softmax(z.detach().flip(0), -1)
    losses.cross_entropy(z, y).sum().backward()
    torch.testing.assert_close(losses.cross_entropy_gradient(z.detach(), y), z.grad)
    labels = torch.sign(z.detach())
    z.grad = None
    losses.logistic(z, labels).sum().backward()
    torch.testing.assert_close(losses.logistic_slope(z.detach(), labels), z.grad)


def test_probabilities_may_be_off_by_their_rounding():
    off = torch.tensor([[0.5, 0.5 + 0.9e-5], [0.5, 0.5 - 0.9e-5]], dtype=torch.float64)
    assert losses.cross_entropy(Z, off).shape == (2,)
    for sign in (1, -1):
        with pytest.raises(ValueError, match="^y: expected probabilities"):
            losses.cross_entropy(Z, off + sign * torch.tensor([[0, 2e-5], [0, 0]]))


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("y", lambda: losses.logistic([1.0], [1.0, -1.0])),
        ("y", lambda: losses.logistic([1.0], [0.0])),
        ("y", lambda: losses.logistic([1.0, 2.0], [1.0, 0.5])),
        ("y", lambda: losses.cross_entropy(Z, 2 * ONE)),
        ("y", lambda: losses.cross_entropy(Z, [[2.0, -1.0], [1.0, 0.0]])),
        ("y", lambda: losses.summed_binary_entropy(Z, 2 * ONE)),
        ("z", lambda: losses.summed_binary_entropy([1.0], [1.0])),
        ("y", lambda: losses.cross_entropy_gradient(Z, ONE[0])),
        ("f", lambda: losses.logistic([math.inf], [1.0])),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        call()
