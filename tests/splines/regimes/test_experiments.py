"""Experiments on regimes: what they return against what is found by hand from the same runs, and the regimes in it."""

import math

import pytest
import torch

from lecturelib.core.experiments import generator_for
from lecturelib.splines import Network, descend, initialize, kernel_flow, rescale, stable_rate, to_spline
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


def test_a_gap_from_the_default_start_by_hand():
    x, y = experiments.gap_data("sharp")
    found = experiments.default_gap(seed=3, kind="sharp", width=15, steps=400)
    start = initialize(15, "pytorch", generator=generator_for(3, "default gap", 15))
    run = descend(start, x, y, steps=400, learning_rate=3e-5)
    for name, network in (("start", start), ("measured", run.final)):
        spline = to_spline(network)
        assert found[name] == pytest.approx(float(spline.delta_slopes[spline.breakpoints.abs() <= 0.5].square().sum()))
    assert found["loss"] == pytest.approx(float(run.losses[-1] / run.losses[0]))
    assert found["loss"] < 1


def distance(one, other):
    return float((one - other).square().mean().sqrt())


def between(x):
    return torch.linspace(float(x.min()), float(x.max()), 401, dtype=torch.float64)


def test_training_is_momentum_at_the_stable_rate():
    x, y = experiments.scattered(generator_for(4, "scattered"), 5)
    start = initialize(10, "he", generator=generator_for(0))
    expected = descend(start, x, y, steps=50, learning_rate=stable_rate(start, x, y), optimizer="momentum").final
    assert experiments.train(start, x, y, 50).final == expected


def test_a_sweep_of_scales_by_hand():
    found = experiments.scale_sweep(seed=2, start="He", width=12, steps=300, alphas=(0.5, 3.0), zigzag=True)
    x, y = experiments.scattered(generator_for(2, "scattered"), zigzag=True)
    starts = experiments.at_scales("He", (0.5, 3.0), 12, generator_for(2, "start", "He", 12))
    run, z = experiments.train(starts, x, y, 300), between(x)
    polygon, cubic = fits.linear_interpolant(x, y)(z), fits.natural_cubic(x, y)(z)
    unit = distance(polygon, cubic)
    for k in range(2):
        curve = run.final[k](z)
        assert found["to_linear"][k] == pytest.approx(distance(curve, polygon) / unit)
        assert found["to_cubic"][k] == pytest.approx(distance(curve, cubic) / unit)
        assert found["to_kernel"][k] == pytest.approx(distance(curve, kernel_flow(starts[1], x, y)(z)) / unit)
        assert found["loss"][k] == pytest.approx(float((run.final[k](x) - y).square().sum() / y.square().sum()))


def test_how_far_things_moved_by_hand():
    found = experiments.moved(seed=3, alpha=2.0, width=15, steps=200)
    x, y = experiments.scattered(generator_for(3, "scattered"), 5)
    start = rescale(initialize(15, "uniform_breakpoints", generator=generator_for(3, "moved")), 2.0)
    end = experiments.train(start, x, y, 200).final
    before, after = to_spline(start), to_spline(end)
    assert found["breakpoints"] == pytest.approx(float((after.breakpoints - before.breakpoints).abs().median()))
    assert found["delta_slopes"] == pytest.approx(float((after.delta_slopes - before.delta_slopes).abs().median()))
    assert found["v"] == pytest.approx(float((end.v - start.v).abs().median() / start.v.square().mean().sqrt()))
    assert found["b0"] == pytest.approx(abs(float(end.b0)))


def test_gaps_of_the_kernel_limit_by_hand():
    found = experiments.natural_gap(seed=1, half_width=1.5, width=60)
    x, y = experiments.scattered(generator_for(1, "scattered"))
    z = between(x)
    cubic = fits.natural_cubic(x, y)(z)
    unit = distance(fits.linear_interpolant(x, y)(z), cubic)
    drawn = initialize(60, "flat", interval=(-1.5, 1.5), generator=generator_for(1, "drawn", 60, 1.5))
    assert found["first"] == pytest.approx(float(fits.first_gap(x, y)(z).square().mean().sqrt()) / 1.5 / unit)
    assert found["random"] == pytest.approx(distance(kernel_flow(drawn, x, y)(z), cubic) / unit)
    assert found["limit"] == pytest.approx(distance(fits.cubic_limit(x, y, 1.5)(z), cubic) / unit)


def test_runs_by_adam_by_hand():
    found = experiments.by_adam(seed=2, alpha=3.0, width=20, steps=100)
    x, y = experiments.scattered(generator_for(2, "scattered"))
    start = experiments.at_scales("uniform, flat", (3.0,), 20, generator_for(2, "start", "uniform, flat", 20))
    runs = {
        "adam": descend(start, x, y, steps=100, learning_rate=0.1 / (3.0 * 20), optimizer="adam").final,
        "momentum": experiments.train(start, x, y, 100).final,
    }
    z = between(x)
    unit = distance(fits.linear_interpolant(x, y)(z), fits.natural_cubic(x, y)(z))
    for name, end in runs.items():
        assert found[name] == pytest.approx(distance(end(z), kernel_flow(start, x, y)(z)) / unit)
        assert found[f"{name}_loss"] == pytest.approx(float((end(x) - y).square().sum() / y.square().sum()))


def test_roughness_in_the_gap_by_hand():
    found = experiments.gap_roughness(seed=2, kind="sharp", width=30, scale=1.5, steps=100)
    x, y = experiments.gap_data("sharp")
    he = initialize(30, "he", generator=generator_for(2, "gap", 30))
    start = Network(1.5 * he.w, 1.5 * he.b, 1.5 * he.v, 0.0)
    end = experiments.train(start, x, y, 100).final
    for name, network in {"start": start, "measured": end, "predicted": kernel_flow(start, x, y)}.items():
        spline = to_spline(network)
        inside = spline.breakpoints.abs() <= 0.5
        assert found[name] == pytest.approx(float(spline.delta_slopes[inside].square().sum()))
    assert found["loss"] == pytest.approx(0.5 * float((end(x) - y).square().sum()))
    assert x[10:].tolist() == pytest.approx([0.5 + 0.5 * k / 9 for k in range(10)])


def test_even_and_spiky_starts_by_hand():
    x, starts, run = experiments.spiky_run(seed=1, target="sawtooth", width=16, steps=50, size=12)
    torch.testing.assert_close(starts.v[1], 4 * starts.v[0])
    assert starts.w[0].tolist() == starts.w[1].tolist()
    assert float(to_spline(starts).breakpoints.abs().max()) < 3
    cells = (x + 3) / 0.5 - torch.arange(12)  # each point lies in a cell of its own, not near its ends
    assert 0.1 <= float(cells.min()) <= 0.3 < 0.7 < float(cells.max()) <= 0.9
    found = experiments.spiky_test(seed=1, target="sawtooth", width=16, steps=50, size=12)
    z = torch.linspace(float(x.min()), float(x.max()), 601, dtype=torch.float64)
    for k, name in enumerate(("standard", "spiky")):
        off = [(run.final[k](at) - (at - torch.round(at))).square().mean() for at in (z, x)]
        assert [found[name], found[f"{name}_fit"]] == pytest.approx([float(part) for part in off])


def test_targets_of_spiky_starts_by_hand():
    at = torch.tensor([0.7, -1.2], dtype=torch.float64)
    expected = {
        "sine": [math.sin(0.7 * math.pi), math.sin(-1.2 * math.pi)],
        "arctan": [math.atan(0.7), math.atan(-1.2)],
        "sawtooth": [-0.3, -0.2],
        "cubic": [0.343 / 3, -1.728 / 3],
        "quadratic": [0.245, 0.72],
        "exp": [math.exp(0.7), math.exp(-1.2)],
    }
    assert experiments.TARGETS.keys() == expected.keys()
    for name, values in expected.items():
        assert experiments.TARGETS[name](at).tolist() == pytest.approx(values)


def test_what_the_stored_runs_are():
    assert pytest.approx([10 ** (k / 2) for k in range(-4, 7)]) == experiments.ALPHAS
    assert {name: len(over) * len(seeds) for name, (_, over, seeds) in experiments.LONG.items()} == {
        "scale": 30, "width": 144, "variance": 144, "spiky": 120
    }  # fmt: skip
    assert {setting["steps"] for _, over, _ in experiments.LONG.values() for setting in over} == {100_000}


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
