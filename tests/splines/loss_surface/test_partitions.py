"""Partitions in which no breakpoint has company: counted by hand, limits, fits, errors."""

import math

import pytest
import torch

from lecturelib.splines import alone, loneliness
from lecturelib.splines.loss_surface import partitions as parts


def test_partitions_by_hand():
    assert (parts.count_partitions(2, 2), parts.count_lonely(2, 2)) == (6, 3)
    assert parts.lonely_chance(2, 2) == 0.5
    assert parts.lonely_chance_spaced(2, 2) == pytest.approx(2 / 3)
    assert parts.lonely_chance_spaced(2, 3) == pytest.approx(2 / 9)
    assert parts.lonely_chance_spaced(2, 4) == 0.0
    assert parts.alone_share(3, 1) == 1.0
    assert parts.alone_share(1, 2) == pytest.approx(1 / 3)
    assert alone([0.5, 2.0], [0.0, 0.1, 1.0, 3.0]).tolist() == [False, False, True, True]
    assert parts.crowding(parts.he_density, 2.0) == pytest.approx(math.pi / 2 * (1 / 2 + 2 / 3))
    assert parts.crowding(parts.pytorch_density, 1.0) == pytest.approx(2.0)
    assert parts.alone_share_limit(6.0, parts.pytorch_density, 1.0) == pytest.approx((6 / 8) ** 2)


def test_equal_densities_give_one_limit():
    assert parts.lonely_chance(10_000 * 2, 100) == pytest.approx(parts.lonely_limit(2.0), abs=0.01)
    assert parts.lonely_chance_spaced(10_000 * 2, 100) == pytest.approx(parts.lonely_limit(2.0, 0.5), abs=0.01)
    assert parts.alone_share(3_000_000, 1_000_000) == pytest.approx((3 / 4) ** 2, abs=1e-5)


def test_densities_are_densities():
    x = torch.linspace(-2000, 2000, 4_000_001, dtype=torch.float64)
    for density in (parts.he_density, parts.pytorch_density):
        assert float(torch.trapezoid(density(x), x)) == pytest.approx(1, abs=1e-3)


def test_a_lonely_fit():
    spline = parts.fit_lonely([3.5, 0.5, 1.5, -4.0, 1.7], [0.0, 1.0, 3.0], [1.0, 2.0, 0.0])
    assert spline([0.0, 1.0, 3.0]).tolist() == pytest.approx([1.0, 2.0, 0.0])
    assert spline.delta_slopes[[0, 3, 4]].tolist() == [0.0, 0.0, 0.0]


def test_loneliness_is_a_function_of_the_seed():
    assert loneliness(seed=1, scheme="he", ratio=2, reach=1.0) == loneliness(seed=1, scheme="he", ratio=2, reach=1.0)
    few = [loneliness(seed=k, scheme="uniform_breakpoints", ratio=6, reach=1.0, points=3) for k in range(20)]
    assert {one["lonely"] for one in few} == {0.0, 1.0}
    assert all((one["share"] == 1) == (one["lonely"] == 1) for one in few)
    shares = [loneliness(seed=k, scheme="uniform_breakpoints", ratio=4, reach=5.0)["share"] for k in range(40)]
    assert sum(shares) / 40 == pytest.approx(parts.alone_share(200, 50), abs=0.05)


def test_bad_arguments_of_partitions_are_named():
    for bad in (0, 2.5, True):
        with pytest.raises(ValueError, match="^width: expected a positive whole number"):
            parts.count_lonely(bad, 2)
    with pytest.raises(ValueError, match="^breakpoints: expected a lonely partition"):
        parts.fit_lonely([0.5], [0.0, 1.0, 2.0], [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="^x: expected distinct data, sorted"):
        parts.fit_lonely([0.5], [1.0, 0.0], [0.0, 0.0])
    with pytest.raises(ValueError, match="^x: expected distinct data, sorted"):
        parts.fit_lonely([0.5], [0.0, 0.0], [0.0, 0.0])
