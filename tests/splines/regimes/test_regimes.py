"""Regimes of learning and the functions they end in: cases worked by hand, ensembles, limits, errors that name."""

import math

import pytest
import torch

from lecturelib.splines import Network, balance, descend, initialize, jacobian, rescale, spikes, to_network, to_spline
from lecturelib.splines.regimes import experiments, flows
from lecturelib.splines.regimes import interpolants as fits

X = torch.tensor([-0.9, -0.2, 0.1, 0.8], dtype=torch.float64)
Y = torch.tensor([0.5, -1.0, 0.3, 0.9], dtype=torch.float64)
Z = torch.linspace(-0.9, 0.8, 35, dtype=torch.float64)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


def test_polygon_by_hand():
    spline = fits.linear_interpolant([1.0, 0.0, 3.0], [2.0, 1.0, -2.0])
    assert spline([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0]).tolist() == [0.0, 1.0, 1.5, 2.0, 0.0, -2.0, -4.0]
    assert spline.orientations.tolist() == [-1.0, 1.0, 1.0]


def test_cutting_a_corner_by_hand():
    # slopes 1, 2, 3 with corners at 0 and 1: the outer pieces y = 1 + x and y = 3 x meet at ½
    x, y = [-1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 3.0, 6.0]
    cut = fits.cut_corner(x, y, 1)
    assert cut(x).tolist() == y
    assert [part.tolist() for part in spikes(cut)] == [[0.5], [2.0]]
    with pytest.raises(ValueError, match="^n: expected corners 1 and 2 to bend the same way"):
        fits.cut_corner(x, [0.0, 0.0, 1.0, 1.5], 1)
    for n in (0, 2, 1.5):
        with pytest.raises(ValueError, match="^n: expected a whole number from 1 to 1"):
            fits.cut_corner(x, y, n)


def test_scattered_points_stay_apart_and_may_take_turns():
    x, y = experiments.scattered(torch.Generator().manual_seed(1))
    other, turns = experiments.scattered(torch.Generator().manual_seed(1), zigzag=True)
    assert x.tolist() == other.tolist()
    assert y.abs().tolist() == turns.abs().tolist()
    assert turns.sign().tolist() == [1, -1] * 4
    assert float(torch.diff(x).min()) > 0.5 * 2 / 7
    assert float(x.abs().max()) <= 1


def test_natural_cubic_by_hand():
    # through (−1, 0), (0, 1), (1, 0): 1 − 3x²/2 + |x|³/2, with end slopes ±3/2
    spline = fits.natural_cubic([0.0, -1.0, 1.0], [1.0, 0.0, 0.0])
    z = torch.tensor([-2.0, -0.5, 0.5, 3.0], dtype=torch.float64)
    assert spline(z).tolist() == pytest.approx([-1.5, 0.6875, 0.6875, -3.0])
    limit = fits.cubic_limit([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0])
    torch.testing.assert_close(limit(z), spline(z))
    assert limit.curvature([0.0, 1.0, 2.0]).tolist() == pytest.approx([-3.0, 0.0, 0.0])
    assert fits.first_gap([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0])(z).abs().max() < 1e-12  # even: no slope to pay for


def test_kernel_by_hand():
    # both points at 0: 2 ∫₀ᴮ β² = 2 B³/3; x = 1, z = −1, B = 1: neither side reaches both, so 0
    one = torch.ones((), dtype=torch.float64)
    assert float(fits.uniform_kernel(0 * one, 0 * one, 3.0)) == pytest.approx(18.0)
    assert float(fits.uniform_kernel(one, -one, 1.0)) == pytest.approx(0.0, abs=1e-15)
    assert float(fits.gaussian_kernel(one, one)) == pytest.approx(1.0)  # E (w + b)₊² = 2 / 2
    assert float(fits.gaussian_kernel(1e9 * one, -1e9 * one)) / 1e18 == pytest.approx(0.0, abs=1e-8)


def test_an_interpolant_is_the_same_in_both_forms():
    for half_width in (1.0, 4.0):
        kernel = fits.kernel_interpolant(lambda x, z, size=half_width: fits.uniform_kernel(x, z, size), X, Y)
        limit = fits.cubic_limit(X, torch.stack([Y, -2 * Y]), half_width)
        torch.testing.assert_close(limit(X)[0], Y, atol=1e-10, rtol=0)
        torch.testing.assert_close(limit(Z)[0], kernel(Z), atol=1e-9, rtol=0)
        torch.testing.assert_close(limit(Z)[1], -2 * kernel(Z), atol=1e-9, rtol=0)
        assert float(kernel.squared_norm) == pytest.approx(float(kernel.weights @ Y))


def test_ensembles_of_targets_are_their_members():
    many = torch.stack([Y, 2 - Y, Y.square(), Y.flip(0), Y + X, Y * X]).reshape(2, 3, 4)
    kernel = fits.kernel_interpolant(lambda x, z: fits.uniform_kernel(x, z, 2.0), X, many)
    cubic, limit = fits.natural_cubic(X, many), fits.cubic_limit(X, many, 2.0)
    for whole, one in (
        (kernel(Z), fits.kernel_interpolant(kernel.kernel, X, many[1, 2])(Z)),
        (cubic(Z), fits.natural_cubic(X, many[1, 2])(Z)),
        (limit(Z), fits.cubic_limit(X, many[1, 2], 2.0)(Z)),
    ):
        assert whole.shape == (2, 3, 35)
        torch.testing.assert_close(whole[1, 2], one)
    assert kernel.squared_norm.shape == (2, 3)


def test_price_is_the_squared_norm():
    size = 2.0
    kernel = fits.kernel_interpolant(lambda x, z: fits.uniform_kernel(x, z, size), X, Y)
    limit = fits.cubic_limit(X, Y, size)
    z = torch.linspace(-size, size, 20001, dtype=torch.float64)
    bending = torch.trapezoid(limit.curvature(z) ** 2, z)
    ends = torch.tensor([-size, size], dtype=torch.float64)
    slopes = limit.slope + (limit.weights * (ends[:, None] - X) * (ends[:, None] - X).abs()).sum(1) / 2
    paid = fits.price(bending, slopes.tolist(), limit(ends).tolist(), size)
    assert float(paid) == pytest.approx(float(kernel.squared_norm), rel=1e-6)


def test_speeds_by_hand():
    # one neuron 2 (x − ½)₊ · 3, a data point at 1 with target 1: f = 3, ε = 2, P = T = 2
    one = Network([2.0], [-1.0], [3.0], 0.0)
    found = flows.orbit_speeds(one, [1.0, 0.0], [1.0, 0.0])
    assert found.breakpoints.tolist() == [4.5]  # 3/2 (2 + ½ · 2)
    assert found.through_v.tolist() == [-4.0]  # −4 (2 − ½ · 2)
    assert found.through_w.tolist() == [-18.0]  # −9 · 2
    assert float(found.b0) == -2.0
    assert found.delta_slopes.tolist() == [-22.0]


def test_kernel_flow_ends_at_the_data_with_least_change(generator):
    start = initialize(20, "uniform_breakpoints", generator=generator, ensemble=(3,))
    end = flows.kernel_flow(start, X, Y)
    torch.testing.assert_close(end(X), Y.expand(3, 4), atol=1e-9, rtol=0)
    one = flows.kernel_flow(Network(start.w[1], start.b[1], start.v[1], start.b0[1]), X, Y)
    torch.testing.assert_close(end.v[1], one.v)
    torch.testing.assert_close(flows.kernel_flow(start, X, Y, 0.0).v, start.v)
    # any other interpolating v is further away: changes are orthogonal to what the data does not see
    phi = flows.features(start, X)
    change = end.v - start.v
    seen = (phi.mT @ torch.linalg.pinv(phi.mT) @ change[..., None]).squeeze(-1)
    torch.testing.assert_close(seen, change, atol=1e-9, rtol=0)


def test_kernel_flow_on_repeated_data_fits_their_mean(generator):
    start = initialize(6, "uniform_breakpoints", generator=generator)
    x, y = [-0.5, 0.25, 0.25], torch.tensor([1.0, 0.0, 4.0], dtype=torch.float64)
    end = flows.kernel_flow(start, x, y)
    assert end(x).tolist() == pytest.approx([1.0, 2.0, 2.0])
    expected = start.v + torch.linalg.pinv(flows.features(start, x)) @ (y - start(x))  # the best fit of least change
    torch.testing.assert_close(end.v, expected)


def test_kernel_flow_follows_small_steps(generator):
    start = rescale(initialize(20, "uniform_breakpoints", generator=generator), 100.0)
    rate = flows.stable_rate(start, X, Y, safety=0.01)
    run = descend(start, X, Y, steps=400, learning_rate=rate)
    found = to_spline(run.final).delta_slopes
    expected = to_spline(flows.kernel_flow(start, X, Y, 400 * float(rate))).delta_slopes
    torch.testing.assert_close(found, expected, atol=0.01 * float(found.abs().max()), rtol=0)
    assert run.losses[-1] < run.losses[0]
    assert run.losses[-1] > 1e-6


def test_limit_flow_ends_at_the_cubic_limit():
    flow = flows.limit_flow(X, Y, 1.5, [0.0, 1.0, 1e9])
    assert flow(Z)[0].abs().max() == 0
    torch.testing.assert_close(flow(Z)[2], fits.cubic_limit(X, Y, 1.5)(Z), atol=1e-8, rtol=0)
    network = flows.kernel_flow(flows.evenly_spread(4000, 1.5), X, Y, 3.0 / 4000)
    torch.testing.assert_close(network(Z), flow(Z)[1], atol=1e-4, rtol=0)


def test_evenly_spread_by_hand():
    network = flows.evenly_spread(2, 1.0)
    spline = to_spline(network)
    assert spline.breakpoints.tolist() == [-0.5, 0.5, -0.5, 0.5]
    assert spline.orientations.tolist() == [1, 1, -1, -1]
    assert spline.delta_slopes.tolist() == [0, 0, 0, 0]


def test_tangent_gram_is_that_of_automatic_differentiation(generator):
    network = initialize(7, "he", generator=generator)
    parameters = (network.w, network.b, network.v, network.b0)
    rows = torch.autograd.functional.jacobian(lambda *p: Network(*p)(X), parameters)
    rows = torch.cat([part.reshape(4, -1) for part in rows], dim=1)
    torch.testing.assert_close(flows.tangent_gram(network, X), rows @ rows.T)


def test_stable_rate_of_an_ensemble(generator):
    start = initialize(9, "he", generator=generator, ensemble=(2,))
    both = flows.stable_rate(start, X, torch.stack([Y, 10 * Y]))
    one = flows.stable_rate(Network(start.w[0], start.b[0], start.v[0], start.b0[0]), X, Y)
    assert float(both[0]) == pytest.approx(float(one))
    assert float(flows.stable_rate(rescale(start, 100.0), X, Y)[0]) < 1e-3 * float(one)
    sharpest = torch.linalg.eigvalsh(flows.tangent_gram(rescale(start, 100.0), X))[0, -1]
    assert float(flows.stable_rate(rescale(start, 100.0), X, Y)[0]) == pytest.approx(1 / float(sharpest))
    flat = rescale(initialize(9, "flat", generator=generator), 1e-6)
    rows = jacobian(balance(to_network(fits.linear_interpolant(X, Y))), X)
    ends = torch.linalg.eigvalsh(rows @ rows.T)[-1]
    assert float(flows.stable_rate(flat, X, Y)) == pytest.approx(1 / float(ends))
    assert math.isfinite(float(flows.stable_rate(flat, X, Y)))
    assert math.isfinite(float(flows.stable_rate(flat, X, 0 * Y)))


def test_roughness():
    network = Network([1.0, -2.0, 1.0], [0.0, 1.0, -3.0], [1.0, 2.0, 3.0], 0.0)  # breakpoints 0, ½, 3; μ 1, −4, 3
    assert float(flows.roughness_between(network)) == 26.0
    assert float(flows.roughness_between(network, -0.5, 0.5)) == 17.0


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
        (lambda: fits.linear_interpolant([0.0], [1.0]), "^x: expected at least 2 distinct"),
        (lambda: fits.natural_cubic([0.0, 0.0], [1.0, 2.0]), "^x: expected at least 2 distinct"),
        (lambda: fits.natural_cubic([2.0, 0.0, 2.0], [1.0, 2.0, 3.0]), "^x: expected at least 2 distinct"),
        (lambda: fits.uniform_kernel(-X, X, 0.85), "^x: expected points between"),
        (lambda: fits.uniform_kernel(X[1:2], X[:1], 0.85), "^z: expected points between"),
        (lambda: fits.cubic_limit(X, Y[:3]), r"^y: expected shape \(\.\.\., 4\)"),
        (lambda: fits.cubic_limit(X, Y, 0.5), "^half_width: expected at least 0.9"),
        (lambda: fits.uniform_kernel(X, X, 0.5), "^x: expected points between"),
        (lambda: fits.uniform_kernel(X[1:2], X, 0.5), "^z: expected points between"),
        (lambda: fits.uniform_kernel(X, X, -1.0), "^half_width: expected positive"),
        (lambda: flows.kernel_flow(flows.evenly_spread(3, 1.0), X, Y, -1.0), "^time: expected"),
        (lambda: flows.evenly_spread(0, 1.0), "^places: expected a positive whole"),
        (lambda: flows.evenly_spread(2, 0.0), "^half_width: expected positive"),
        (lambda: flows.stable_rate(flows.evenly_spread(3, 1.0), X, Y[:2]), "^y: expected shape"),
        (lambda: experiments.at_scales("glorot", (1.0,), 3, torch.Generator()), "^start: expected one of"),
        (lambda: experiments.gap_data("round"), "^kind: expected one of"),
        (lambda: experiments.spiky_test(seed=0, target="cosine", width=3, steps=1), "^target: expected one of"),
    ],
)
def test_bad_arguments_are_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
