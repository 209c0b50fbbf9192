"""Training at large and small scale: speeds by hand, the kernel flow, its limit, stable rates, errors."""

import math

import pytest
import torch

from lecturelib.splines import (
    Network,
    balance,
    descend,
    initialize,
    jacobian,
    rescale,
    tangent_kernel,
    to_network,
    to_spline,
)
from lecturelib.splines.regimes import flows
from lecturelib.splines.regimes import interpolants as fits

X = torch.tensor([-0.9, -0.2, 0.1, 0.8], dtype=torch.float64)
Y = torch.tensor([0.5, -1.0, 0.3, 0.9], dtype=torch.float64)
Z = torch.linspace(-0.9, 0.8, 35, dtype=torch.float64)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


def test_kernel_flow_ends_at_the_data_with_least_change(generator):
    start = initialize(20, "uniform_breakpoints", generator=generator, ensemble=(3,))
    end = flows.kernel_flow(start, X, Y)
    torch.testing.assert_close(end(X), Y.expand(3, 4), atol=1e-9, rtol=0)
    one = flows.kernel_flow(start[1], X, Y)
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


def test_stable_rate_of_an_ensemble(generator):
    start = initialize(9, "he", generator=generator, ensemble=(2,))
    both = flows.stable_rate(start, X, torch.stack([Y, 10 * Y]))
    one = flows.stable_rate(start[0], X, Y)
    assert float(both[0]) == pytest.approx(float(one))
    assert float(flows.stable_rate(rescale(start, 100.0), X, Y)[0]) < 1e-3 * float(one)
    sharpest = torch.linalg.eigvalsh(tangent_kernel(rescale(start, 100.0), X))[0, -1]
    assert float(flows.stable_rate(rescale(start, 100.0), X, Y)[0]) == pytest.approx(1 / float(sharpest))
    flat = rescale(initialize(9, "flat", generator=generator), 1e-6)
    rows = jacobian(balance(to_network(fits.linear_interpolant(X, Y))), X)
    ends = torch.linalg.eigvalsh(rows @ rows.T)[-1]
    assert float(flows.stable_rate(flat, X, Y)) == pytest.approx(1 / float(ends))
    assert math.isfinite(float(flows.stable_rate(flat, X, Y)))
    assert math.isfinite(float(flows.stable_rate(flat, X, 0 * Y)))


def test_infinite_width_with_gaussian_weights():
    """Many neurons with Gaussian w and b, trained in the output weights, end at the arc-cosine interpolant."""
    turns = 2 * math.pi * (torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000
    flat = Network(torch.cos(turns), torch.sin(turns), torch.zeros_like(turns), 0.0)  # all directions alike

    def kernel(x1, x2):  # Cho and Saul 2009, degree 1, for one input and a bias
        angle = (torch.atan(x1) - torch.atan(x2)).abs()
        return ((x1 - x2).abs() + (math.pi - angle) * (1 + x1 * x2)) / (2 * math.pi)

    expected = kernel(Z[:, None], X) @ torch.linalg.solve(kernel(X[:, None], X), Y)
    torch.testing.assert_close(flows.kernel_flow(flat, X, Y)(Z), expected, atol=1e-4, rtol=0)


def test_a_limit_that_rounding_decides_is_refused():
    with pytest.raises(ValueError, match="^x: expected points far enough apart beside half_width"):
        flows.limit_flow([0.0, 1.0, 2.0], [0.0, 1.0, 5.0], 1e6, [1e30])
    with pytest.raises(ValueError, match="^x: expected points far enough apart"):
        flows.limit_flow([0.0, 1e-7, 1.0], [0.0, 1.0, 0.0], 2.0, [1e30])
    flow = flows.limit_flow([0.0, 1.0, 2.0], [0.0, 1.0, 5.0], 1e3, [1e30])
    assert flow([0.0, 1.0, 2.0])[0].tolist() == pytest.approx([0.0, 1.0, 5.0], abs=1e-5)


def test_precision_is_kept(generator):
    start = initialize(20, "uniform_breakpoints", generator=generator).to(torch.float32)
    end = flows.kernel_flow(start, X, Y)
    assert end.dtype == flows.features(start, X).dtype == flows.stable_rate(start, X, Y).dtype == torch.float32
    torch.testing.assert_close(end(X), Y.float(), atol=1e-4, rtol=0)
    many = flows.kernel_flow(start, X, torch.stack([Y, 2 * Y]))  # one network, two targets
    assert many.shape == (2,)


def test_roughness():
    network = Network([1.0, -2.0, 1.0], [0.0, 1.0, -3.0], [1.0, 2.0, 3.0], 0.0)  # breakpoints 0, ½, 3; μ 1, −4, 3
    assert float(flows.roughness_between(network)) == 26.0
    assert float(flows.roughness_between(network, -0.5, 0.5)) == 17.0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: flows.kernel_flow(flows.evenly_spread(3, 1.0), X, Y, -1.0), "^time: expected"),
        (lambda: flows.evenly_spread(0, 1.0), "^places: expected an integer, at least 1"),
        (lambda: flows.evenly_spread(2, 0.0), "^half_width: expected a positive"),
        (lambda: flows.stable_rate(flows.evenly_spread(3, 1.0), X, Y[:2]), "^y: expected shape"),
        (lambda: flows.limit_flow(X, Y, 1.0, [-1.0]), "^times: expected"),
        (lambda: flows.stable_rate(flows.evenly_spread(3, 1.0), X, Y, safety=-1), "^safety: expected a positive"),
    ],
)
def test_bad_arguments_are_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
