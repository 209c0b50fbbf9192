"""Breakpoints where one wants them, and the experiments that train from there."""

import pytest
import torch

from lecturelib.core.experiments import generator_for
from lecturelib.splines import Network, compare_starts, descend, move_the_bump, place_breakpoints, to_spline
from lecturelib.splines.initialization.placement import (
    DATA,
    RATE,
    TARGETS,
    beside_published,
    bump,
    compare,
    grid_error,
    pair,
)


def generator():
    return torch.Generator().manual_seed(3)


def test_placing_keeps_everything_but_the_biases():
    network = Network([2.0, -1.0], [0.0, 5.0], [1.0, 3.0], 0.5)
    placed = place_breakpoints(network, [4.0, -2.0])
    assert placed.b.tolist() == [-8.0, -2.0]
    assert to_spline(placed).breakpoints.tolist() == [4.0, -2.0]
    for name in ("w", "v", "b0"):
        assert torch.equal(getattr(placed, name), getattr(network, name))
    with pytest.raises(ValueError, match="^breakpoints: expected shape"):
        place_breakpoints(network, [1.0])


def test_a_pair_differs_in_its_biases_alone():
    both = pair(7.0, networks=300, generator=generator())
    assert both.w.shape == (2, 300, 40)
    for name in ("w", "v", "b0"):
        assert torch.equal(getattr(both, name)[0], getattr(both, name)[1])
    standard, uniform = to_spline(both).breakpoints
    # shares inside ±1 are 1/2 and 1/7; 12,000 neurons, standard errors 0.0046 and 0.0032
    assert float((standard.abs() < 1).double().mean()) == pytest.approx(0.5, abs=0.02)
    assert float((uniform.abs() < 1).double().mean()) == pytest.approx(1 / 7, abs=0.015)
    assert 6.9 < float(uniform.abs().max()) <= 7
    assert float(uniform.mean()) == pytest.approx(0, abs=0.2)


def test_targets_and_errors():
    x = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
    assert TARGETS["quadratic"](x).tolist() == [0.0, 0.5, 2.0]
    assert bump(x, torch.tensor([1.0], dtype=torch.float64))[0, 1] == 1
    assert float(bump(x, torch.tensor([2.0], dtype=torch.float64))[0, 1]) == pytest.approx(0.60653, rel=1e-4)
    line = Network([1.0, -1.0], [0.0, 0.0], [1.0, -1.0], 0.0)  # f(x) = x
    assert float(grid_error(line, lambda x: x + 3, 2.0)) == pytest.approx(9)


def test_uniform_breakpoints_help_where_the_curvature_is_far_out():
    found = compare_starts(seed=0, target="sine", radius=10.0, networks=4, steps=5000)
    standard, uniform = (torch.tensor(found[name]) for name in ("standard", "uniform"))
    assert standard.shape == (4,)
    assert float(standard.min()) > 2 * float(uniform.max())
    # |β| > 10 has probability 1/20, on either side
    start = to_spline(pair(10.0, networks=4, generator=generator_for(0, "placement", "sine", 10.0))).breakpoints[0]
    assert found["inside"] == float(((start > -10) & (start < 10)).double().mean()) < 1
    assert 0 < found["moved"] < 1


def test_the_bump_is_trained_at_every_place_as_by_itself():
    many = move_the_bump(seed=0, centers=[0.0, 8.0], networks=3, steps=300)
    one = move_the_bump(seed=0, centers=[8.0], networks=3, steps=300)
    assert many["standard"][1] == pytest.approx(one["standard"][0])
    assert many["uniform"][1] == pytest.approx(one["uniform"][0])
    assert len(many["standard"]) == 2
    trained = move_the_bump(seed=0, centers=[0.0], networks=3, steps=5000)
    assert (
        0 < min(trained["standard"][0]) <= max(trained["standard"][0]) < 0.05
    )  # the bump itself has mean square 0.089


def test_errors_of_bumps_are_mean_squares_over_the_range():
    found = move_the_bump(seed=0, centers=[-6.0, 6.0], radius=8.0, networks=3, steps=2)
    start = pair(8.0, networks=3, generator=generator_for(0, "bump", 8.0))
    x = torch.linspace(-8, 8, DATA, dtype=torch.float64)
    for k, center in enumerate((-6.0, 6.0)):

        def target(x, center=center):
            return torch.exp(-((x - center) ** 2) / 2)

        trained = descend(start, x, target(x), steps=2, learning_rate=RATE).final
        for name, expected in zip(("standard", "uniform"), grid_error(trained, target, 8.0).tolist(), strict=True):
            assert found[name][k] == pytest.approx(expected)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="^target: expected one of sine, quadratic"):
        compare_starts(seed=0, target="cosine", radius=1.0)
    with pytest.raises(ValueError, match="^radius: expected a positive"):
        pair(0.0, networks=1, generator=generator())
    with pytest.raises(
        ValueError, match="^radius: expected data at which the rate .* is stable, but training diverged"
    ):
        compare_starts(seed=0, target="quadratic", radius=60.0, networks=2, steps=500)


def test_two_starts_are_compared_as_pairs():
    found = compare({"standard": [2.0, 4.0, 6.0], "uniform": [1.0, 2.0, 3.0]})
    assert found == (4.0, 2.0, 2.0, 1.0, 2.0, 0.0)
    other = compare({"standard": [2.0, 4.0], "uniform": [3.0, 1.0]})
    assert other.ratio == 1.5
    assert other.ratio_error == pytest.approx(1.5 * (5 / 6))  # relative differences ∓ 5/6, deviation 5/6 √2, over √2


def test_published_beside_measured():
    results = [{"target": "sine", "radius": 3.0, "standard": [2.0, 4.0], "uniform": [1.0, 2.0]}]
    rows = beside_published(results, [3.0]).myst.splitlines()
    assert rows[2] == "| sine | published, range lost | 4.096 ± 2.25 | 2.28 ± 0.457 | 1.80 |"
    assert rows[3] == "| | $R = 3$ | 3 ± 1 | 1.5 ± 0.7 | 2 ± 0 |"
    assert rows[4].endswith("| 0.92 |")
