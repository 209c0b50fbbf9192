"""Laws of motion: a case worked by hand, ensembles, the limit of small steps, and errors."""

import math

import pytest
import torch

from lecturelib.splines import (
    Network,
    Spline,
    descend,
    flow,
    imbalance,
    initialize,
    moments,
    psi,
    rescale,
    speeds,
    tangent_kernel,
    to_spline,
)
from lecturelib.splines.breakpoints.checks_problems import data
from lecturelib.splines.breakpoints.checks_problems import network as generic
from lecturelib.splines.dynamics.motion import metric, scaled_speeds, squared_weight, weighted


def tensor(values) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float64)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# 3 (2x − 2)₊, bends at 1; on x = 0, 2, 3 it is 0, 6, 12, and with y = 1, 5, 10 the residuals are −1, 1, 2
ONE = Network([2.0], [-2.0], [3.0], 0.0)
X, Y = tensor([3.0, 0.0, 2.0]), tensor([10.0, 1.0, 5.0])


def test_one_neuron_worked_by_hand():
    at = moments(ONE, X, Y)
    assert (at.pull.tolist(), at.tilt.tolist()) == ([3.0], [8.0])
    # ẇ = −3·8, ḃ = −3·3, v̇ = −(2·8 − 2·3): β̇ = (b ẇ/w − ḃ)/w, μ̇ = ẇ v + w v̇
    assert speeds(ONE, at).breakpoints.tolist() == [16.5]
    assert speeds(ONE, at).delta_slopes.tolist() == [-24 * 3 + 2 * -10]
    assert metric(ONE).tolist() == [[[0.5, -1.5], [-1.5, 13.0]]]
    assert imbalance(ONE).tolist() == [-1.0]
    assert squared_weight(to_spline(ONE), imbalance(ONE)).tolist() == pytest.approx([4.0])
    found = weighted(to_spline(ONE), imbalance(ONE))
    assert (found.w.tolist(), found.b.tolist(), found.v.tolist()) == tuple(map(pytest.approx, ([2.0], [-2.0], [3.0])))
    assert scaled_speeds(ONE, at, 2.0).breakpoints.tolist() == [16.5 / 4]
    assert scaled_speeds(ONE, at, 2.0).delta_slopes.tolist() == [-9 * 8 / 4 - 4 * 4 * 5]
    # active at 2 and 3: 1 + 9 (1 + 6) + 2·4
    assert float(tangent_kernel(ONE, [2.0], [3.0])) == 72.0
    assert float(tangent_kernel(ONE, [0.0], [3.0])) == 1.0


def test_ensembles_are_their_members():
    start = initialize(7, "he", generator=generator(), ensemble=(2, 3))
    x = torch.linspace(-1, 2, 9, dtype=torch.float64)
    y = torch.stack([x, x**2, x.abs()])
    one = start[1, 2]
    at = moments(start, x, y)
    mine = moments(one, x, y[2])
    torch.testing.assert_close(at.pull[1, 2], mine.pull)
    torch.testing.assert_close(at.tilt[1, 2], mine.tilt)
    torch.testing.assert_close(speeds(start, at).breakpoints[1, 2], speeds(one, mine).breakpoints)
    torch.testing.assert_close(metric(start)[1, 2], metric(one))
    torch.testing.assert_close(tangent_kernel(start, x)[1, 2], tangent_kernel(one, x))
    residuals = start(x) - y
    torch.testing.assert_close(psi(x, residuals, [0.3]).left[1, 2], psi(x, residuals[1, 2], [0.3]).left)


def test_the_squared_weight_is_exact_where_nearly_all_cancels():
    network = Network([1e-6], [1e-6], [1e3], 0.0)
    found = squared_weight(to_spline(network), imbalance(network))
    assert float(found) == pytest.approx(1e-12, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_flow_is_where_gradient_descent_goes_as_steps_shrink(seed):
    x, y = data(generator(seed))
    network = rescale(generic(generator(seed + 10), 5), 1.5)  # away from w = 0, which no weight passes here
    path = flow(to_spline(network), imbalance(network), x, y, time=0.01, steps=400)
    gaps = []
    for steps in (500, 5_000):
        final = to_spline(descend(network, x, y, steps=steps, learning_rate=0.01 / steps).final)
        gaps.append(float((final.breakpoints - path[-1].breakpoints).abs().max()))
        assert float((final.delta_slopes - path[-1].delta_slopes).abs().max()) < 20 / steps
    assert gaps[1] < max(0.3 * gaps[0], 1e-4)
    assert len(path) == 401


def test_a_path_worked_by_hand():
    """One step of Heun's method for w = 1, b = 0, v = 1 on one datum, x = 1, y = 2: the residual is −1."""
    start = Network([1.0], [0.0], [1.0], 0.0)
    path = flow(to_spline(start), imbalance(start), [1.0], [2.0], time=0.1, steps=1)
    # at the start P = T = −1: β̇ = 1 · (−1), μ̇ = 2, ḃ₀ = 1
    beta, mu, bias = -0.1, 1.2, 0.1
    residual = mu * (1 - beta) + bias - 2
    square = (0 + math.sqrt(4 * (1 + beta**2) * mu**2)) / (2 * (1 + beta**2))  # q = 0
    moved = mu / square * residual * (1 + beta)
    bent = -(mu**2) / square * residual - square * residual * (1 - beta)
    assert float(path[1].breakpoints) == pytest.approx(0.1 * (-1 + moved) / 2)
    assert float(path[1].delta_slopes) == pytest.approx(1 + 0.1 * (2 + bent) / 2)
    assert float(path[1].b0) == pytest.approx(0.1 * (1 - residual) / 2)


def test_precision_is_kept():
    network = initialize(5, "he", generator=generator()).to(torch.float32)
    x = torch.linspace(-1, 2, 9, dtype=torch.float64)
    at = moments(network, x, x)
    assert at.pull.dtype == speeds(network, at).breakpoints.dtype == torch.float32
    assert tangent_kernel(network, x).dtype == torch.float32
    assert squared_weight(to_spline(network), imbalance(network)).dtype == torch.float32
    exact = tangent_kernel(network.to(torch.float64), x).float()
    torch.testing.assert_close(tangent_kernel(network, x), exact, rtol=1e-5, atol=1e-5)


def test_bad_arguments_are_named():
    spline = Spline([1.0], [0.0], [1.0], 0.0)
    with pytest.raises(ValueError, match="^q: expected q > 0"):
        squared_weight(Spline([1.0, 1.0], [0.5, 0.0], [1.0, 1.0], 0.0), [-1.0, -1.0])
    with pytest.raises(ValueError, match="^q: expected shape"):
        squared_weight(spline, [1.0, 1.0])
    with pytest.raises(ValueError, match="^alpha: expected a number or a shape"):
        scaled_speeds(ONE, moments(ONE, X, Y), [1.0, 2.0])
    with pytest.raises(ValueError, match="^q: expected q > 0"):
        weighted(spline, [0.0])
    with pytest.raises(ValueError, match="^alpha: expected positive"):
        scaled_speeds(ONE, moments(ONE, X, Y), 0.0)
    with pytest.raises(ValueError, match="^w: expected non-zero"):
        speeds(Network([0.0], [1.0], [1.0], 0.0), moments(ONE, X, Y))
    with pytest.raises(ValueError, match="^x: expected real numbers, all finite"):
        moments(ONE, [math.nan], [0.0])
    with pytest.raises(ValueError, match="^steps: expected an integer, at least 1"):
        flow(to_spline(ONE), imbalance(ONE), X, Y, time=1.0, steps=0)
    with pytest.raises(ValueError, match="^time: expected a positive"):
        flow(to_spline(ONE), imbalance(ONE), X, Y, time=0.0, steps=1)
