"""What the chapter measures."""

import math

import pytest
import torch

from lecturelib.kernels import fixed_basis_error
from lecturelib.kernels.approximation.comparisons import drawn_hinges, half_vectors, worst_errors
from lecturelib.kernels.approximation.curves import CURVES


def test_vectors_by_hand():
    assert sorted(half_vectors(1, 3)) == [(3,)]
    assert sorted(half_vectors(2, 2)) == [(0, 2), (1, -1), (1, 1), (2, 0)]
    assert len(list(half_vectors(4, 2))) == (8 + 4 * 6) / 2  # 8 with one entry ±2, 24 with two entries ±1


def test_drawn_hinges_are_right_in_the_mean():
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)
    draws = [drawn_hinges(CURVES["bump"], 50, x, torch.Generator().manual_seed(k))[1] for k in range(300)]
    outputs = torch.stack(draws)
    error = (outputs.mean(0) - CURVES["bump"].function(x)).abs() / (outputs.std(0) / math.sqrt(300) + 2e-3)
    assert float(error.max()) < 4


@pytest.mark.parametrize("dimension", [1, 3])
def test_no_fixed_basis_is_better_than_the_bound(dimension):
    found = worst_errors(dimension, 20, torch.Generator().manual_seed(dimension))
    least = fixed_basis_error(20, dimension)
    assert min(found["neurons"]) > 0.95 * least  # measured at random points
    assert 0.95 * least < found["slow"][0] < 3 * least
    assert max(found["drawn"]) < 1 / math.sqrt(20)


def test_the_slowest_waves_miss_the_next_one():
    # a constant and 6 waves, cos and sin of πx, 2πx, 3πx: cos 4πx, of size 1/(4π), is orthogonal to all
    found = worst_errors(1, 7, torch.Generator().manual_seed(0))
    assert found["slow"][0] == pytest.approx(1 / (4 * math.pi * math.sqrt(2)), rel=0.05)
