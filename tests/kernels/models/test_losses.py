"""Losses: values by hand, large outputs, errors."""

import math

import pytest
import torch

from lecturelib.kernels.models import losses

Z = torch.tensor([[0.0, math.log(3.0)], [2000.0, 0.0]], dtype=torch.float64)
ONE = torch.tensor([[1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)


def test_softmax_by_hand_and_without_overflow():
    assert losses.softmax(Z).tolist() == [[pytest.approx(0.25), pytest.approx(0.75)], [1.0, 0.0]]


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
    y = losses.softmax(noise)
    for function in (losses.cross_entropy, losses.cross_entropy_gradient, losses.summed_binary_entropy):
        torch.testing.assert_close(function(z, y)[1, 2], function(z[1, 2], y[1, 2]))


def test_logistic_by_hand_and_without_overflow():
    f, y = [0.0, -5000.0, 5000.0], [1.0, 1.0, 1.0]
    assert losses.logistic(f, y).tolist() == [pytest.approx(math.log(2)), 5000.0, 0.0]
    assert losses.logistic_slope(f, y).tolist() == [-0.5, -1.0, 0.0]
    assert losses.logistic_slope([0.3], [-1.0]).item() == pytest.approx(1 / (1 + math.exp(-0.3)))


def test_squared_by_hand():
    assert losses.squared([3.0], [1.0]).item() == 4
    assert losses.squared_slope([3.0], [1.0]).item() == 4
    assert losses.squared_slope([0.0], [1.0]).item() == -2


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("y", lambda: losses.squared([1.0], [1.0, 2.0])),
        ("y", lambda: losses.logistic([1.0], [0.0])),
        ("y", lambda: losses.logistic([1.0, 2.0], [1.0, 0.5])),
        ("y", lambda: losses.cross_entropy(Z, 2 * ONE)),
        ("y", lambda: losses.cross_entropy_gradient(Z, ONE[0])),
        ("f", lambda: losses.squared([math.inf], [1.0])),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        call()
