"""The tangent kernel of a shallow network: hard neurons, and errors."""

import pytest
import torch

from lecturelib.splines import Network, apply_kernel, tangent_kernel
from lecturelib.splines.dynamics.checks_attraction import jacobian


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
    torch.testing.assert_close(apply_kernel(network, x, x), expected @ x)


def test_bad_arguments_of_the_kernel_are_named():
    with pytest.raises(ValueError, match="^z: expected shape"):
        tangent_kernel(ONE, X, [[1.0]])
