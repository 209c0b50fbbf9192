"""Partitions in which no breakpoint has company: counted by hand, limits, fits, errors."""

import pytest
import torch

from lecturelib.core.experiments import generator_for
from lecturelib.splines import alone, loneliness
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.loss_surface import partitions as parts


def test_partitions_by_hand():
    assert parts.lonely_chance(2, 2) == 0.5
    assert parts.lonely_chance_spaced(2, 2) == pytest.approx(2 / 3)
    assert parts.lonely_chance_spaced(2, 3) == pytest.approx(2 / 9)
    assert parts.lonely_chance_spaced(2, 4) == parts.lonely_chance_spaced(2, 6) == 0.0
    assert alone([0.5, 2.0], [0.0, 0.1, 1.0, 3.0]).tolist() == [False, False, True, True]
    assert alone([0.5], [0.5, 0.6]).tolist() == [True, True]  # a datum upon a breakpoint belongs to the left
    assert alone([], [0.5, 0.6]).tolist() == [False, False]


def test_partitions_of_an_ensemble():
    many = alone([[0.5, 2.0], [1.5, -1.0]], [0.0, 0.1, 1.0, 3.0])
    assert many.tolist() == [[False, False, True, True], [False, False, False, True]]
    assert alone([[0.5], [0.5]], [[0.0, 0.1], [0.0, 1.0]]).tolist() == [[False, False], [True, True]]
    with pytest.raises(ValueError, match="^x: expected shape"):
        alone([[0.5], [0.5]], [[0.0], [1.0], [2.0]])


def test_shares_alone_in_the_limit():
    def uniform(x):
        return torch.full_like(x, 0.25)

    assert parts.alone_share_limit(6.0, uniform, half_width=1.0) == pytest.approx((3 / 4) ** 2)  # data twice as dense
    tilted = parts.alone_share_limit(1.0, lambda x: (1 + x / 2) / 2, half_width=1.0, data=lambda x: (1 + x / 2) / 2)
    assert tilted == pytest.approx(1 / 4)


def loop(seed, scheme, ratio, half_width, points):
    """The share of data that are alone, by comparing all pairs."""
    generator = generator_for(seed, "loneliness", scheme, ratio, half_width)
    x = half_width * (2 * torch.rand(points, generator=generator, dtype=torch.float64) - 1)
    network = initialize(round(ratio * points), scheme, generator=generator, interval=(-half_width, half_width))
    beta = (-network.b / network.w).tolist()
    shared = [any(m != n and not any(min(a, b) < t < max(a, b) for t in beta) for m, b in enumerate(x.tolist()))
              for n, a in enumerate(x.tolist())]  # fmt: skip
    return 1 - sum(shared) / points


@pytest.mark.parametrize(("scheme", "half_width"), [("he", 5.0), ("uniform_breakpoints", 2.0)])
def test_loneliness_is_that_of_a_loop(scheme, half_width):
    for seed in range(3):
        setting = {"scheme": scheme, "ratio": 3.0, "half_width": half_width}
        found = loneliness(seed=seed, points=9, **setting)
        assert found["share"] == pytest.approx(loop(seed, points=9, **setting))
        assert found["lonely"] == float(found["share"] == 1)
        assert loneliness(seed=seed, **setting)["share"] == pytest.approx(loop(seed, points=50, **setting))
    few = [loneliness(seed=k, scheme="uniform_breakpoints", ratio=6, half_width=1.0, points=3) for k in range(20)]
    assert {one["lonely"] for one in few} == {0.0, 1.0}


def test_bad_arguments_of_partitions_are_named():
    for bad in (0, 2.5, True):
        with pytest.raises((ValueError, TypeError), match="^width: expected an integer"):
            parts.lonely_chance(bad, 2)
    with pytest.raises(ValueError, match="^scheme: expected one of"):
        loneliness(seed=0, scheme="none", ratio=1.0, half_width=1.0)
