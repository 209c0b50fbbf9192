"""Breakpoints where one wants them, and the experiments that train from there."""

import json
import math
from pathlib import Path

import pytest
import torch

from lecturelib.core.experiments import generator_for
from lecturelib.splines import Network, compare_starts, initialize, move_the_bump, place_breakpoints, to_spline
from lecturelib.splines.initialization import placement
from lecturelib.splines.initialization.placement import TARGETS, compare, learn, pair

PARTS = ("w", "b", "v", "b0")


def generator():
    return torch.Generator().manual_seed(3)


def by_autograd(network, x, y, steps, rate=3e-5):
    """Gradient descent on ½ Σ (f(x_n) − y_n)² by automatic differentiation, for an ensemble."""
    parts = [getattr(network, name).clone().requires_grad_() for name in PARTS]
    for _ in range(steps):
        w, b, v, b0 = parts
        values = (v[..., None] * torch.relu(w[..., None] * x + b[..., None])).sum(-2) + b0[..., None]
        found = torch.autograd.grad(((values - y) ** 2).sum() / 2, parts)
        parts = [(part - rate * step).detach().requires_grad_() for part, step in zip(parts, found, strict=True)]
    return Network(*(part.detach() for part in parts))


def line(half_width, points):
    return torch.linspace(-half_width, half_width, points, dtype=torch.float64)


def test_placing_keeps_everything_but_the_biases():
    network = Network([2.0, -1.0], [0.0, 5.0], [1.0, 3.0], 0.5)
    placed = place_breakpoints(network, [4.0, -2.0])
    assert placed.b.tolist() == [-8.0, -2.0]
    assert to_spline(placed).breakpoints.tolist() == [4.0, -2.0]
    for name in ("w", "v", "b0"):
        assert torch.equal(getattr(placed, name), getattr(network, name))
    with pytest.raises(ValueError, match="expected shape"):
        place_breakpoints(network, [1.0])


def test_a_pair_differs_in_its_biases_alone():
    both = pair(7.0, ensemble=300, generator=generator())
    assert both.w.shape == (2, 300, 40)
    for name in ("w", "v", "b0"):
        assert torch.equal(getattr(both, name)[0], getattr(both, name)[1])
    drawn = initialize(40, "pytorch", generator=generator(), ensemble=300)
    for name in PARTS:
        assert torch.equal(getattr(both, name)[0], getattr(drawn, name))
    standard, uniform = to_spline(both).breakpoints
    # shares inside ±1 are 1/2 and 1/7; 12,000 neurons, standard errors 0.0046 and 0.0032
    assert float((standard.abs() < 1).double().mean()) == pytest.approx(0.5, abs=0.02)
    assert float((uniform.abs() < 1).double().mean()) == pytest.approx(1 / 7, abs=0.015)
    assert 6.9 < float(uniform.abs().max()) <= 7
    assert float(uniform.mean()) == pytest.approx(0, abs=0.2)
    assert pair(7.0, ensemble=(2, 3), width=5, generator=generator()).v.shape == (2, 2, 3, 5)


def test_learning_is_gradient_descent_on_a_hundred_points_and_errors_are_means_over_the_range():
    start = pair(6.0, ensemble=2, generator=generator())
    found, errors = learn(start, TARGETS["quadratic"], 6.0, 4)
    x, fine = line(6.0, 100), line(6.0, 1001)
    expected = by_autograd(start, x, x**2 / 2, 4)
    for name in PARTS:
        torch.testing.assert_close(getattr(found, name), getattr(expected, name))
    torch.testing.assert_close(errors, (expected(fine) - fine**2 / 2).square().mean(-1))
    assert errors.shape == (2, 2)


def test_the_comparison_of_starts_trains_a_pair():
    found = compare_starts(seed=4, target="sine", half_width=10.0, ensemble=3, steps=5)
    start = pair(10.0, ensemble=3, generator=generator_for(4, "placement", "sine", 10.0))
    x, fine = line(10.0, 100), line(10.0, 1001)
    trained = by_autograd(start, x, torch.sin(x), 5)
    errors = (trained(fine) - torch.sin(fine)).square().mean(-1)
    assert found["standard"] == pytest.approx(errors[0].tolist())
    assert found["uniform"] == pytest.approx(errors[1].tolist())
    before, after = to_spline(start).breakpoints[0].flatten(), to_spline(trained).breakpoints[0].flatten()
    inside = [i for i in range(120) if -10 < before[i] < 10]
    assert found["inside"] == pytest.approx(len(inside) / 120)
    assert found["inside"] < 1
    ways = sorted(abs(float(after[i] - before[i])) for i in inside)
    assert found["moved"] == pytest.approx(ways[(len(ways) - 1) // 2])


def test_the_settings_of_table_1_and_the_defaults():
    assert (placement.WIDTH, placement.STEPS, placement.RATE, placement.DATA) == (40, 50_000, 3e-5, 100)
    assert [float(TARGETS["quadratic"](torch.tensor(x))) for x in (0.0, 1.0, 2.0)] == [0.0, 0.5, 2.0]
    many = compare_starts(seed=0, target="sine", half_width=1.0, steps=1)
    assert len(many["standard"]) == 16
    bumps = move_the_bump(seed=0, centers=[0.0], steps=1)
    assert bumps == move_the_bump(seed=0, centers=[0.0], steps=1, half_width=10.0, ensemble=12)


def test_uniform_breakpoints_help_where_the_curvature_is_far_out():
    found = compare_starts(seed=0, target="sine", half_width=10.0, ensemble=4, steps=5000)
    assert min(found["standard"]) > 2 * max(found["uniform"])
    assert 0 < found["moved"] < 1


def test_bumps_are_learned_each_by_itself_from_the_same_start():
    found = move_the_bump(seed=0, centers=[-6.0, 5.0], half_width=8.0, ensemble=3, steps=4)
    start = pair(8.0, ensemble=3, generator=generator_for(0, "bump", 8.0))
    x, fine = line(8.0, 100), line(8.0, 1001)
    for k, center in enumerate((-6.0, 5.0)):
        trained = by_autograd(start, x, torch.exp(-((x - center) ** 2) / 2), 4)
        errors = (trained(fine) - torch.exp(-((fine - center) ** 2) / 2)).square().mean(-1)
        for name, expected in zip(("standard", "uniform"), errors.tolist(), strict=True):
            assert found[name][k] == pytest.approx(expected)
    trained = move_the_bump(seed=0, centers=[0.0], ensemble=3, steps=5000)
    assert 0 < min(trained["standard"][0]) <= max(trained["standard"][0]) < 0.05  # the bump has mean square 0.089


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="^target: expected one of 'sine', 'quadratic'"):
        compare_starts(seed=0, target="cosine", half_width=1.0)
    with pytest.raises(ValueError, match="^half_width: expected a positive"):
        pair(0.0, ensemble=1, generator=generator())
    with pytest.raises(ValueError, match="^half_width: expected data at which the rate .* is stable, but training"):
        compare_starts(seed=0, target="quadratic", half_width=60.0, ensemble=2, steps=500)


def test_two_starts_are_compared_as_pairs():
    found = compare({"standard": [2.0, 4.0, 6.0], "uniform": [1.0, 2.0, 3.0]})
    assert found == (4.0, 2.0, 2.0, 1.0, 2.0, 0.0)
    other = compare({"standard": [2.0, 4.0], "uniform": [3.0, 1.0]})
    assert other.ratio == 1.5
    assert other.ratio_error == pytest.approx(1.5 * (5 / 6))  # relative differences ∓ 5/6, deviation 5/6 √2, over √2


def test_table_1_is_stored_with_its_settings():
    kept = json.loads(Path("chapters/splines/data/initialization.json").read_text())["results"]
    assert [{key: one[key] for key in ("target", "half_width", "ensemble", "seed")} for one in kept] == [
        one | {"seed": 0} for one in placement.STORED
    ]
    assert all(math.isfinite(compare(one).ratio) for one in kept)
