"""Residual networks as steps of Euler, and gradients of deep networks."""

import math

import pytest
import torch

from lecturelib.generative import residual_network_as_euler
from lecturelib.generative.flows.residual import gradient_sizes


def test_compound_interest():
    states = residual_network_as_euler(lambda h, t: h, [[1.0], [2.0]], depth=4)
    assert states.shape == (5, 2, 1)
    assert states[:, 0, 0].tolist() == pytest.approx([1.25**k for k in range(5)])
    torch.testing.assert_close(states[:, 1], 2 * states[:, 0])


def test_time_is_given_and_the_limit_is_the_flow():
    # ḣ = t h from 1: e^{t²/2}
    errors = [
        abs(float(residual_network_as_euler(lambda h, t: t * h, [[1.0]], depth=k, time=2.0)[-1]) - math.e**2)
        for k in (200, 400)
    ]
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.05)


def test_fields_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="^field: expected a function"):
        residual_network_as_euler(lambda h, t: h[0], [[1.0, 2.0]], depth=1)
    with pytest.raises(ValueError, match="^field: expected finite"):
        residual_network_as_euler(lambda h, t: h / 0, [[1.0, 2.0]], depth=1)


@pytest.mark.parametrize("step", [None, 0.2])
def test_gradients_of_one_layer_by_hand(step):
    draw = torch.Generator().manual_seed(0)
    h = torch.randn(3, generator=draw, dtype=torch.float64)
    matrix = torch.randn(3, 3, generator=draw, dtype=torch.float64) * 2 / math.sqrt(3)
    v = torch.randn(3, generator=draw, dtype=torch.float64)
    v = v / v.norm()
    back = (matrix.T * (1 - torch.tanh(matrix @ h) ** 2)) @ v
    expected = back if step is None else v + step * back
    found = gradient_sizes(1, step=step, gain=2.0, width=3, generator=torch.Generator().manual_seed(0))
    assert found.tolist() == pytest.approx([float(expected.norm()), 1.0])
