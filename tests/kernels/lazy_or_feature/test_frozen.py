"""Training with a kernel that stays, and how far outputs have come when weights have moved."""

import math

import pytest
import torch

from lecturelib.core.experiments import generator_for, load
from lecturelib.kernels import draw_wide, empirical_kernel, soft_hinge_slope, train_scaled
from lecturelib.kernels.lazy_or_feature import frozen, phases

STORED = phases.Path(__file__).parents[3] / phases.DATA


def test_a_diagonal_kernel_fits_each_datum_by_itself():
    """K = 2 and 5: both labels are followed alone, the slower one is the last to be fitted."""
    found = frozen.follow_kernel([[2.0, 0.0], [0.0, 5.0]], [1.0, -1.0])
    assert float(2 * found[0]) == pytest.approx(1, abs=1e-6)
    assert float(-5 * found[1]) > 1


def test_it_is_the_flow_by_small_steps():
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(4, 6, generator=generator, dtype=torch.float64)
    kernel, y = root @ root.T, torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    a = torch.zeros(4, dtype=torch.float64)
    while float((kernel @ a * y).min()) < 1:
        a -= 1e-4 * soft_hinge_slope(kernel @ a * y) * y / 4
    torch.testing.assert_close(frozen.follow_kernel(kernel, y), a, rtol=2e-3, atol=2e-4)


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(ValueError, match="kernel: expected one whose linear model fits the data"):
        frozen.follow_kernel([[1.0, 1.0], [1.0, 1.0]], [1.0, -1.0])
    with pytest.raises(ValueError, match="y: "):
        frozen.follow_kernel([[1.0, 1.0], [1.0, 1.0]], [1.0])


def test_it_is_what_networks_with_large_alpha_do():
    data = phases.stripe(torch.Generator().manual_seed(0), 20)
    start = draw_wide((10, 12, 1), generator=torch.Generator().manual_seed(1), activation="softplus", weight_scale=1.0)
    model = frozen.follow_kernel(empirical_kernel(start, data.x), data.y)
    linear = empirical_kernel(start, data.test_x, data.x) @ model
    gaps = [(train_scaled(start, data.x, data.y, alpha=a).final(data.test_x) - linear).norm() for a in (30.0, 3e3)]
    assert float(gaps[1] / linear.norm()) < 0.02
    assert float(gaps[0]) > 5 * float(gaps[1])


def test_frozen_kernels_are_those_of_the_stored_networks():
    """With s = 1,000 the networks of `phases` err as often as their frozen kernels, draw by draw."""
    networks = load(STORED / "phases.json")[0]
    for run in (one for one in load(STORED / "phases_frozen.json")[0] if one["task"] == "digits"):
        other = next(one for one in networks if (one["width"], one["seed"]) == (run["width"], run["seed"]))
        assert run["error"] == pytest.approx(other["error"][-1], abs=0.006)
        assert run["together"] == pytest.approx(other["together"][-1], abs=0.006)


def test_stored_runs_come_out_again():
    kept = {name: load(STORED / f"{name}.json") for name in frozen.RUNS}
    for name, (_, over) in frozen.RUNS.items():
        assert len(kept[name][0]) == 10 * len(over)
        assert kept[name][1].command == "python -m lecturelib.kernels.lazy_or_feature.frozen"
    one = next(run for run in kept["phases_frozen"][0] if (run["seed"], run["width"], run["task"]) == (3, 16, "stripe"))
    again = frozen.frozen(seed=3, width=16, task="stripe", train=64, ensemble=2)
    assert again == pytest.approx({name: one[name] for name in again}, abs=0.002)
    one = next(run for run in kept["phases_growth"][0] if (run["seed"], run["width"]) == (2, 16))
    again = frozen.growth(seed=2, width=16)
    for name in again:
        assert again[name] == pytest.approx(one[name], rel=1e-3)


def test_the_mean_kernel_is_near_that_of_infinite_width(monkeypatch):
    monkeypatch.setattr(frozen, "MANY", 4)
    found = frozen.infinite(seed=0, width=32, task="stripe", train=24)["error"]
    data = phases.stripe(generator_for(0, "stripe"), 24)
    networks = frozen._networks(0, 32, phases.DEPTH, 4, "limit")
    kernel = empirical_kernel(networks, torch.cat([data.x, data.test_x]), data.x).mean(0)
    outputs = kernel[24:] @ frozen.follow_kernel(kernel[:24], data.y)
    assert found == float((outputs * data.test_y <= 0).double().mean())


def test_growth_at_first_is_that_of_the_kernel_at_the_start():
    """At a time τ s so short that K stays, f − f₀ = √m τ (1/N) Σ K₀(x, x_n) y_n; longer steps change little."""
    tau, width = 0.02, 24
    found = frozen.growth(seed=1, width=width, moments=[tau], steps=100, train=40)
    assert found["output"][0] == pytest.approx(math.sqrt(width) * tau * found["speed"], rel=0.03)
    assert found["shared"] < found["speed"]
    fine, coarse = (frozen.growth(seed=1, width=width, moments=[0.5], steps=steps, train=40) for steps in (80, 20))
    assert fine["output"] == pytest.approx(coarse["output"], rel=2e-3)
    smaller = frozen.growth(seed=1, width=width, moments=[0.5], steps=80, train=40, scale=1e-3)
    for name in ("output", "change", "last"):  # s does not enter as long as F is small
        assert smaller[name] == pytest.approx(fine[name], rel=1e-3)
