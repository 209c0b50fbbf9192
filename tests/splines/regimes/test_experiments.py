"""Experiments on regimes: what they return, and the regimes in it."""

import pytest
import torch

from lecturelib.splines.regimes import experiments
from lecturelib.splines.regimes import interpolants as fits

X = torch.tensor([-0.9, -0.2, 0.1, 0.8], dtype=torch.float64)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


def test_scattered_points_stay_apart_and_may_take_turns():
    x, y = experiments.scattered(torch.Generator().manual_seed(1))
    other, turns = experiments.scattered(torch.Generator().manual_seed(1), zigzag=True)
    assert x.tolist() == other.tolist()
    assert y.abs().tolist() == turns.abs().tolist()
    assert turns.sign().tolist() == [1, -1] * 4
    assert float(torch.diff(x).min()) > 0.5 * 2 / 7
    assert float(x.abs().max()) <= 1


def test_scale_sweep_tells_the_regimes_apart():
    result = experiments.scale_sweep(seed=0, start="uniform, flat", width=60, steps=4000, alphas=(0.5, 100.0))
    assert result["to_kernel"][1] < 1e-2 < result["to_kernel"][0]
    assert result["to_linear"][0] + result["to_cubic"][0] > 1 - 1e-9  # in units of the distance of the two
    assert result["to_cubic"][0] - result["to_linear"][0] < 1 + 1e-9
    assert result["to_linear"][0] < result["to_cubic"][0]
    assert result["to_cubic"][1] < result["to_linear"][1]
    assert max(result["loss"]) < 1e-3


def test_at_scales_is_one_function():
    generator = torch.Generator().manual_seed(0)
    networks = experiments.at_scales("He", (0.1, 10.0), 30, generator)
    torch.testing.assert_close(networks(X)[0], networks(X)[1])
    assert float(networks.w[1, 0] / networks.w[0, 0]) == pytest.approx(100.0)
    flat = experiments.at_scales("He, flat", (0.1, 10.0), 30, torch.Generator().manual_seed(0))
    assert flat(X).abs().max() == 0
    torch.testing.assert_close(flat.w, networks.w)


def test_experiments_of_the_limits():
    far = experiments.natural_gap(seed=0, half_width=50.0, width=4000)
    assert far["limit"] == pytest.approx(far["first"], rel=0.1)
    assert far["limit"] < 1e-3 < far["random"]
    assert far["grid"] < 0.1
    near = experiments.natural_gap(seed=0, half_width=1.5, width=2000)
    assert near["grid"] == pytest.approx(near["limit"], rel=0.05)
    x, y = experiments.scattered(experiments.generator_for(0, "scattered"))
    z = torch.linspace(float(x.min()), float(x.max()), 401, dtype=torch.float64)
    curves = fits.cubic_limit(x, y, 1.5)(z), fits.natural_cubic(x, y)(z), fits.linear_interpolant(x, y)(z)
    sizes = [(curves[1] - other).square().mean().sqrt() for other in (curves[0], curves[2])]
    assert near["limit"] == pytest.approx(float(sizes[0] / sizes[1]))
    lazy, busy = (experiments.moved(seed=0, alpha=alpha, steps=2000) for alpha in (30.0, 0.03))
    assert lazy["breakpoints"] < 1e-4
    assert lazy["b0"] < 1e-3
    assert lazy["delta_slopes"] > 1e-2
    assert busy["breakpoints"] > 1e-2
    assert busy["v"] < 1e-2
    found = experiments.by_adam(seed=0, alpha=100.0, width=200, steps=8000)
    assert found["momentum"] < 1e-2 < found["adam"]
    assert found["momentum_loss"] < 1e-3


def test_gap_and_spiky_experiments():
    x, y = experiments.gap_data("sharp")
    assert x.numel() == 20
    assert not bool(((x > -0.5) & (x < 0.5)).any())
    assert y[9:11].tolist() == [-1.0, 1.0]
    assert experiments.gap_data("smooth")[1][9:11].tolist() == [-0.75, 0.75]
    gap = experiments.gap_roughness(seed=0, kind="smooth", width=40, scale=2.0, steps=500)
    once = experiments.gap_roughness(seed=0, kind="smooth", width=40, scale=1.0, steps=1)
    assert gap["start"] == pytest.approx(16 * once["start"])
    spiky = experiments.spiky_test(seed=0, target="arctan", width=60, steps=4000)
    assert spiky["spiky"] > 3 * spiky["standard"]
    assert spiky["spiky"] < 0.1


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: experiments.at_scales("glorot", (1.0,), 3, torch.Generator()), "^start: expected one of"),
        (lambda: experiments.gap_data("round"), "^kind: expected one of"),
        (lambda: experiments.spiky_test(seed=0, target="cosine", width=3, steps=1), "^target: expected one of"),
    ],
)
def test_bad_arguments_of_experiments_are_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
