"""The textbook formulas, and the same to fifty digits: by hand, one against the other, errors."""

import math

import pytest
import torch

from lecturelib.kernels import infinite_kernel
from lecturelib.kernels.tangent_kernel.moments import exact_kernel, gaussian_moments, textbook_kernel


def tensor(*values):
    return torch.tensor(*values, dtype=torch.float64)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_fifty_digits_agree_with_the_textbook_where_it_is_good(activation):
    options = {"depth": 2, "activation": activation, "weight_scale": 1.2, "bias_scale": 0.3}
    x, z = normal(2, 3), normal(2, 3, seed=1)
    books = textbook_kernel(x, z, **options)
    for n in range(2):
        tangent, covariance = exact_kernel(x[n], z[n], **options)
        assert float(tangent) == pytest.approx(float(books.slopes[n, n]), rel=1e-12)
        assert float(covariance) == pytest.approx(float(books.values[n, n]), rel=1e-12)
    opposite = exact_kernel([1.0, 0.0], [-1.0, 0.0], depth=1, activation="relu", weight_scale=1.0, bias_scale=0.0)
    assert max(abs(value) for value in opposite) < 1e-45
    with pytest.raises(ValueError, match="x2: expected shape"):
        exact_kernel([1.0, 0.0], [1.0], **options)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_the_textbook_recursion_by_hand(depth):
    """Two inputs of mean square 1 and product 0: variances 1.5² + 0.7² and covariance 0.7² in the first layer."""
    w2, b2 = 2.25, 0.49
    variance, covariance = w2 + b2, b2
    tangent = covariance
    for _ in range(depth):
        pair, own = (gaussian_moments("relu", variance, variance, one) for one in (covariance, variance))
        variance, covariance = w2 * float(own.values) + b2, w2 * float(pair.values) + b2
        tangent = covariance + w2 * float(pair.slopes) * tangent
    options = {"depth": depth, "activation": "relu", "weight_scale": 1.5, "bias_scale": 0.7}
    books = textbook_kernel([[1.0, 1.0]], [[1.0, -1.0]], **options)
    assert (float(books.values), float(books.slopes)) == pytest.approx((covariance, tangent))
    assert float(infinite_kernel([[1.0, 1.0]], [[1.0, -1.0]], **options)) == pytest.approx(tangent)


def test_moments_by_hand_and_their_errors():
    found = gaussian_moments("relu", [1.0, 1.0, 4.0], [1.0, 1.0, 1.0], [1.0, 0.0, -2.0])
    torch.testing.assert_close(found.values, tensor([0.5, 1 / (2 * math.pi), 0.0]), rtol=0, atol=1e-12)
    torch.testing.assert_close(found.slopes, tensor([0.5, 0.25, 0.0]), rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="c: expected a covariance"):
        gaussian_moments("relu", [1.0, 1.0], [1.0, 1.0], [0.0, 1.1])
    with pytest.raises(ValueError, match="b: expected a shape that broadcasts"):
        gaussian_moments("relu", [1.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0])
    with pytest.raises(ValueError, match="a: expected numbers, at least 0"):
        gaussian_moments("relu", -1.0, 1.0, 0.0)
    single = gaussian_moments("erf", torch.ones(2), torch.ones(2), torch.tensor([1.0, 0.3]))
    assert single.values.dtype == torch.float32
    torch.testing.assert_close(single.values[0].double(), tensor(2 / math.pi * math.asin(2 / 3)), rtol=1e-6, atol=0)
    torch.testing.assert_close(single.slopes[0].double(), tensor(4 / math.pi / math.sqrt(5)), rtol=1e-6, atol=0)
    with pytest.raises(ValueError, match="activation: expected one of"):
        gaussian_moments("tanh", [1.0], [1.0], [0.1])
