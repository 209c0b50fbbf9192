"""The tangent kernel of a shallow network: hard neurons, and errors."""

import pytest
import torch

from lecturelib.splines import Network, tangent_kernel
from lecturelib.splines.breakpoints.checks_problems import jacobian
from lecturelib.splines.dynamics.hinge_kernel import kernel_parts


def tensor(values) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float64)


# 3 (2x − 2)₊, bends at 1; on x = 0, 2, 3 it is 0, 6, 12, and with y = 1, 5, 10 the residuals are −1, 1, 2
ONE = Network([2.0], [-2.0], [3.0], 0.0)
X, Y = tensor([3.0, 0.0, 2.0]), tensor([10.0, 1.0, 5.0])


def test_kernel_with_dead_and_flat_neurons():
    w, b = tensor([0.0, 0.0, 1.0, -1.0, 2.0]), tensor([1.0, -1.0, -9.0, -9.0, 0.0])
    network = Network(w, b, torch.ones(5), 0.0)
    x = tensor([0.0, 1.0, -1.0, 1.0])
    expected = jacobian(network, x) @ jacobian(network, x).T
    torch.testing.assert_close(tangent_kernel(network, x), expected)


def test_points_of_two_kernels_lie_in_any_order():
    network = Network([1.0, -2.0], [0.5, 1.0], [3.0, 4.0], 0.0)
    x1, x2 = tensor([2.0, -1.0, 0.3]), tensor([0.4, -3.0])
    torch.testing.assert_close(tangent_kernel(network, x1, x2), jacobian(network, x1) @ jacobian(network, x2).T)
    inner, outer = kernel_parts(network, x1, x2)
    # at 2 and 0.4 the first neuron alone is active: 9 (1 + 0.8) and 2.5 · 0.9
    assert (float(inner[0, 0]), float(outer[0, 0])) == pytest.approx((16.2, 2.25))


def test_bad_arguments_of_the_kernel_are_named():
    with pytest.raises(ValueError, match="^x2: expected shape"):
        tangent_kernel(ONE, X, [[1.0]])
