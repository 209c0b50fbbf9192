"""Descent, flow, minima, the map of Hartman and Grobman, rates: cases by hand, ensembles, and errors."""

import math

import pytest
import torch

from lecturelib.bias import descend, follow_flow, settle, squared_error, stationary_error, straighten
from lecturelib.bias.stability.valley import valley


def test_descent_by_hand_and_in_ensembles():
    # from (2, 1): u v − 1 = 1, gradient (1, 2)
    path = descend(valley(), [2.0, 1.0], learning_rate=0.1, steps=1)
    assert path.tolist() == [[2.0, 1.0], [1.9, 0.8]]
    starts, rates = (
        torch.tensor([[[2.0, 1.0]], [[1.0, 0.5]]], dtype=torch.float64),
        torch.tensor([[0.1], [0.2]]).double(),
    )
    many = descend(valley(0.3), starts, learning_rate=rates, steps=7, record_every=2)
    assert many.shape == (4, 2, 1, 2)
    alone = descend(valley(0.3), starts[1, 0], learning_rate=0.2, steps=6)
    torch.testing.assert_close(many[:, 1, 0], alone[::2])


def test_steps_of_descent_shrink_the_imbalance_of_the_valley():
    path = descend(valley(), [0.4, 3.2], learning_rate=0.3, steps=300)
    gap = path[:, 0].square() - path[:, 1].square()
    miss = path.prod(1) - 1
    torch.testing.assert_close(gap[1:], gap[:-1] * (1 - 0.09 * miss[:-1].square()))
    assert float(path[-1].square().sum()) <= 2 / 0.3
    assert float(miss[-1].abs()) < 1e-6


def test_an_overflow_names_the_largest_stable_rate():
    with pytest.raises(
        ValueError, match=r"learning_rate: the weights overflowed by step \d+ with 1.1; .* at the start is 1$"
    ):
        descend(lambda w: w @ w, [1.0, 0.0], learning_rate=1.1, steps=10_000)
    with pytest.raises(ValueError, match="learning_rate: expected a number or a shape"):
        descend(lambda w: w @ w, [1.0], learning_rate=[0.1, 0.1], steps=1)


def test_the_flow_keeps_the_imbalance_and_ends_on_the_line():
    path = follow_flow(valley(), [2.0, 0.0], [0.0, 0.1, 1.0, 50.0], tolerance=1e-10)
    assert (path[:, 0].square() - path[:, 1].square()).tolist() == pytest.approx([4.0] * 4)
    assert float(path[-1, 0]) == pytest.approx(math.sqrt(2 + math.sqrt(5)))
    with pytest.raises(ValueError, match="times: expected increasing ones"):
        follow_flow(valley(), [2.0, 0.0], [1.0, 0.5])


def test_minima_are_found_to_rounding():
    found = settle(valley(0.1), [2.0, 0.3])
    assert found.tolist() == pytest.approx([0.9**0.5] * 2, abs=1e-12)
    assert float(settle(valley(), [3.0, 0.1]).prod()) == pytest.approx(1.0, abs=1e-12)
    with pytest.raises(ValueError, match="start: expected one from which the gradient falls to 0"):
        settle(lambda w: (w[0] - 1).abs() + 0.3 * w[0] + w[1] ** 2, [3.0, 1.0])


def test_the_map_is_exact_where_the_flow_is_known():
    # one dimension: w' = −w − w³ has w²/(1 + w²) = c e^{−2t}, so that h is w/√(1 + w²) up to a factor
    points = torch.tensor([[0.5], [-1.0], [2.0], [1e-4]], dtype=torch.float64)
    found = straighten(lambda w: 0.5 * (w @ w) + 0.25 * (w @ w) ** 2, [0.0], points)
    expected = points / torch.sqrt(1 + points**2) * math.sqrt(1 + 1e-4)  # the identity at ρ = 0.01
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-10)


def test_the_map_at_the_minimum_and_where_it_does_not_exist():
    centre = torch.full((2,), 0.7**0.5, dtype=torch.float64)
    assert straighten(valley(0.3), centre, centre[None]).tolist() == [[0.0, 0.0]]
    with pytest.raises(ValueError, match="minimum: expected one with a positive Hessian"):
        straighten(valley(), [1.0, 1.0], [[1.1, 1.0]])
    with pytest.raises(ValueError, match="points: expected ones from which the distance"):
        straighten(valley(0.3), centre, -centre[None])


def test_rates_by_hand_and_at_rest():
    # x₁ = ½ x₀ − ½ ξ − ½ u with x₀ = 2, u = 1: mean ½, variance ¼
    assert squared_error([0.5], start=2.0, noise=1.0, drift=1.0).tolist() == [4.0, 0.5]
    long = squared_error(torch.full((2000,), 0.3), start=1.0, noise=2.0)
    assert float(long[-1]) == pytest.approx(stationary_error(0.3, noise=2.0), rel=1e-5)
    with pytest.raises(ValueError, match="rate: expected one between 0 and 2"):
        stationary_error(2.0, noise=1.0)
    with pytest.raises(ValueError, match="rates: expected rates from 0 to 1"):
        squared_error([1.5], start=1.0, noise=1.0)
