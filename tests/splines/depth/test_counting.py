"""Pieces of deep networks: counted, expected and at most."""

import pytest
import torch

from lecturelib.core.small_networks import Layout
from lecturelib.splines import (
    breakpoints_of,
    count_pieces,
    expected_breakpoints,
    expected_by_layer,
    most_pieces,
    start_deep,
    zigzag,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_shallow_networks_have_a_piece_more_than_units():
    layout = Layout((1, 12, 1))
    for theta in start_deep(layout, "he", members=5, generator=seeded()):
        assert count_pieces(breakpoints_of(layout, theta)) == 13


def test_pieces_that_agree_are_one():
    # (x)₊ − (x)₊, a unit that goes nowhere, and one that bends
    layout = Layout((1, 4, 1))
    theta = torch.tensor([1.0, 1, 1, -2, 0, 0, 1, 2, 3, -3, 0, 1, 0.5])
    found = breakpoints_of(layout, theta)
    assert len(found.positions) == 4
    assert count_pieces(found) == 2
    assert count_pieces(found, tolerance=10.0) == 1
    assert count_pieces(breakpoints_of(layout, theta, low=-0.5, high=0.5)) == 1
    assert count_pieces(breakpoints_of(layout, theta, low=5, high=6)) == 1


@pytest.mark.parametrize("widths", [(3,), (5,), (8,), (3, 4), (6, 3), (3, 3, 3), (4, 3, 5)])
def test_folding_networks_have_as_many_as_can_be(widths):
    assert count_pieces(breakpoints_of(*zigzag(widths))) == most_pieces(widths)


def test_a_fold_by_hand():
    layout, theta = zigzag([3])
    x = torch.tensor([-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 2.0], dtype=torch.float64)
    assert layout.outputs(theta, x[:, None])[:, 0].tolist() == [10.0, 2.0, 0.0, 1.0, 0.0, 1.0, 5.0]


def test_zeros_of_a_line_with_a_random_bias():
    # t from −1 to 1 and back, plus a bias uniform on ±√3
    assert expected_breakpoints([0, 1, 2], [-1, 1, -1], bias_scale=1.0, uniform=True) == pytest.approx(2 / 3**0.5)
    assert expected_breakpoints([0, 1], [-9, 9], bias_scale=1.0, uniform=True) == pytest.approx(1.0)
    assert expected_breakpoints([0, 1], [0, 1], bias_scale=1.0) == pytest.approx(0.3413447461)
    assert expected_breakpoints([0, 1], [2, 2], bias_scale=1.0) == 0.0
    with pytest.raises(ValueError, match="sorted"):
        expected_breakpoints([1, 0], [0, 1], bias_scale=1.0)
    with pytest.raises(ValueError, match="values"):
        expected_breakpoints([0, 1], [0, 1, 2], bias_scale=1.0)


def test_expected_numbers_by_layer_are_those_of_new_biases():
    layout = Layout((1, 3, 4, 1))
    theta = start_deep(layout, "pytorch", generator=seeded(1))[0]
    expected = expected_by_layer(layout, theta, low=-1, high=1)
    assert expected[0] == pytest.approx(float(theta[:3].abs().sum()))  # of slope w, and a bias uniform on ±1
    draws, counts = seeded(2), []
    for _ in range(2000):
        again = theta.clone()
        again[18:22] = (2 * torch.rand(4, generator=draws, dtype=torch.float64) - 1) / 3**0.5
        counts.append(int((breakpoints_of(layout, again, low=-1, high=1).layers == 2).sum()))
    mean = torch.tensor(counts, dtype=torch.float64)
    assert abs(float(mean.mean() - expected[1])) < 5 * float(mean.std()) / 2000**0.5


def test_starts_follow_their_laws():
    layout = Layout((1, 40, 40, 1))
    theta = start_deep(layout, "he", members=50, generator=seeded())
    (w1, b1), (w2, b2), _ = layout.layers(theta)
    assert float(w1.var()) == pytest.approx(2, rel=0.1)
    assert float(w2.var()) == pytest.approx(2 / 40, rel=0.02)
    assert float(torch.cat([b1, b2]).std()) == pytest.approx(0.5, rel=0.05)
    weights, biases = list(layout.layers(start_deep(layout, "pytorch", members=50, generator=seeded())))[1]
    assert float(weights.abs().max()) == pytest.approx(40**-0.5, rel=1e-3)
    assert float(biases.abs().max()) == pytest.approx(40**-0.5, rel=1e-2)


def test_other_networks_are_refused():
    with pytest.raises(ValueError, match="layout"):
        breakpoints_of(Layout((2, 1)), torch.zeros(3))
    with pytest.raises(ValueError, match="layout"):
        breakpoints_of(Layout((1, 1), "tanh"), torch.zeros(2))
    with pytest.raises(ValueError, match="theta"):
        breakpoints_of(Layout((1, 1)), torch.zeros(3))
    with pytest.raises(ValueError, match="widths"):
        zigzag([3, 2])
