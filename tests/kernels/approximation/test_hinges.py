"""Hinges with a guaranteed error."""

import math

import pytest
import torch

from lecturelib.kernels import HingeNetwork, hinge_approximation
from lecturelib.kernels.approximation.curves import CURVES, KNOWN


def test_x_squared_on_paper():
    network = hinge_approximation(lambda x: x**2, (-1, 1), 1 / 16, curvature=2)
    assert network.knots.tolist() == [-1, -0.5, 0, 0.5]
    assert network.jumps.tolist() == [-1.5, 1, 1, 1]
    assert network.constant == 1
    assert network.error == 1 / 16
    assert network([0.25, 1.0, -0.5]).tolist() == [0.125, 1, 0.25]  # the error is 1/16 in the middle of a piece


def test_a_slope_alone_is_known():
    network = hinge_approximation(lambda x: abs(x - 0.3), (0, 1), 0.125, lipschitz=1)
    assert network.knots.tolist() == [0, 0.25, 0.5, 0.75]
    # slopes −1, s, 1, 1: where the slope is that of the chord, nothing can be between
    slope = (0.2 - 0.05) / 0.25
    assert network.bounds.tolist() == pytest.approx([0, (1 - slope**2) * 0.25 / 2, 0, 0], abs=1e-12)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("known", KNOWN)
@pytest.mark.parametrize("error", [0.3, 0.01])
def test_the_error_is_kept_piece_by_piece(curve, known, error):
    network = CURVES[curve].approximate(error, known)
    ends = network.ends
    x = ends[:-1] + torch.linspace(0, 1, 101, dtype=torch.float64)[:, None] * ends.diff()
    apart = (network(x) - CURVES[curve].function(x)).abs().amax(0)
    assert bool((apart <= network.bounds + 1e-9).all())
    assert error * (1 + 1e-9) >= network.error
    assert network.end == 1


def test_as_many_as_the_statement_says():
    wave = CURVES["wave"]
    assert len(wave.approximate(0.01, "slope").knots) == math.ceil(2 * 2 * math.pi / 0.02)
    assert len(wave.approximate(0.01, "curvature").knots) == math.ceil(2 * math.sqrt(4 * math.pi**2 / 0.08))
    placed = len(wave.approximate(1e-4, "places").knots)
    assert placed == pytest.approx(math.sqrt(2) / 4 * wave.bend() / 1e-2, rel=0.05)


def test_pieces_are_as_long_as_their_curvature_allows():
    network = CURVES["exponential"].approximate(0.02, "places")
    lengths = network.ends.diff()
    assert bool((lengths.diff()[:-1] < 0).all())  # the curvature grows to the right
    assert network.bounds[:-1].tolist() == pytest.approx([0.02] * (len(lengths) - 1), rel=1e-6)


def test_straight_functions_take_one_hinge():
    network = hinge_approximation(lambda x: 2 * x + 1, (-1, 3), 1e-6, curvature=lambda low, high: 0.0)
    assert network.knots.tolist() == [-1]
    assert network.jumps.tolist() == [2]
    assert network.error == 0


def test_outputs_keep_shape_and_precision():
    network = HingeNetwork([0.0, 1.0], [1.0, -2.0], 3.0, [0.0, 0.0], 2.0)
    x = torch.tensor([[0.5, 1.5], [-1.0, 0.0]], dtype=torch.float32)
    assert network.to(torch.float32)(x).dtype == torch.float32
    assert network(x).tolist() == [[3.5, 3.5], [3, 3]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "curvature: expected either"),
        ({"lipschitz": 1, "curvature": 1}, "curvature: expected either"),
        ({"lipschitz": 0.5}, "lipschitz: expected at least 1"),
        ({"curvature": lambda low, high: -1.0}, "curvature: expected a number, at least 0"),
        ({"curvature": lambda low, high: math.inf}, "curvature: expected a number, at least 0"),
        ({"curvature": 1e30}, "error: expected one that 100,000 hinges can keep"),
        ({"curvature": lambda low, high: 1e40}, "error: expected one that 100,000 hinges can keep"),
    ],
)
def test_errors_name_the_argument(options, said):
    with pytest.raises(ValueError, match=said):
        hinge_approximation(lambda x: x, (0, 1), 0.1, **options)
    with pytest.raises(ValueError, match="function: expected finite numbers of shape"):
        hinge_approximation(lambda x: x[:1], (0, 1), 0.1, lipschitz=1)
