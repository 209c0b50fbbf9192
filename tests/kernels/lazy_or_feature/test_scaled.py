"""Scaled networks trained until all data are fitted: by hand, against autograd and a solver, alone and in a batch."""

import inspect
import math

import pytest
import torch
from scipy.integrate import quad, solve_ivp

from lecturelib.kernels import chain_kernel, chain_time, draw_wide, soft_hinge, soft_hinge_slope, train_scaled
from lecturelib.kernels.tangent_kernel.wide_networks import SOFTPLUS_FACTOR, WideNetwork, layers_of, pulled


def tensor(*values):
    return torch.tensor(*values, dtype=torch.float64)


def networks(seed=0, sizes=(3, 6, 5, 1), **options):
    generator = torch.Generator().manual_seed(seed)
    return draw_wide(sizes, generator=generator, activation="softplus", weight_scale=1.0, **options)


def data(seed=0, size=6):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(size, 3, generator=generator, dtype=torch.float64)
    y = torch.ones(size, dtype=torch.float64)
    y[::2] = -1
    return x, y


def test_soft_hinge_by_hand():
    torch.testing.assert_close(
        soft_hinge([1.0, 0.0, 9.0], 20.0), tensor([math.log(2) / 20, 1.0, 0.0]), atol=1e-9, rtol=0
    )
    torch.testing.assert_close(soft_hinge_slope([1.0, -9.0, 9.0]), tensor([-0.5, -1.0, 0.0]), atol=1e-12, rtol=0)
    assert float(soft_hinge(0.9)) == pytest.approx(math.log(1 + math.exp(2)) / 20)
    assert float(soft_hinge_slope(0.9)) == pytest.approx(-1 / (1 + math.exp(-2)))
    margins = torch.linspace(-1, 3, 9, dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(soft_hinge(margins, 7.0).sum(), margins)
    torch.testing.assert_close(soft_hinge_slope(margins.detach(), 7.0), expected)


def test_the_factor_gives_mean_square_one():
    def square(z):
        return (math.log1p(math.exp(5 * z)) / 5) ** 2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    assert pytest.approx(quad(square, -12, 12, epsabs=1e-13)[0] ** -0.5, rel=1e-12) == SOFTPLUS_FACTOR


def test_a_linear_network_of_one_datum_by_hand():
    """f = w x, x = 2: K = 4, so v = F y has v̇ = 4 / (1 + e^{−20 (1 − v)}) and is 1 at (1 + (1 − e^{−20}) / 20) / 4."""
    line = WideNetwork((tensor([[0.7]]),), (tensor([0.0]),), "softplus", 1.0, 0.0)
    for alpha in (0.1, 1.0, 500.0):
        run = train_scaled(line, [[2.0]], [-1.0], alpha=alpha, tolerance=1e-5)
        assert float(run.final([[2.0]])) == pytest.approx(-1, abs=1e-2)
        assert float(run.times) == pytest.approx((1 + (1 - math.exp(-20)) / 20) / 4, rel=1e-2)
        assert float(run.half_times) == pytest.approx(0.125, rel=1e-3)
        assert float(run.final.now.weights[0]) == pytest.approx(0.7 - 0.5 / alpha, rel=1e-2)


def test_gradients_of_the_batch_are_those_of_autograd():
    ensemble, (x, _) = networks(ensemble=(2, 3), bias_scale=0.4), data()
    pulls = torch.randn(2, 3, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    leaves = [part.clone().requires_grad_() for part in (*ensemble.weights, *ensemble.biases)]
    network = WideNetwork(tuple(leaves[:3]), tuple(leaves[3:]), "softplus", 1.0, 0.4)
    expected = torch.autograd.grad((network(x) * pulls).sum(), leaves)
    weights, biases = pulled(ensemble, layers_of(ensemble, x), pulls)
    for one, other in zip((*weights, *biases), expected, strict=True):
        torch.testing.assert_close(one, other)


def test_a_batch_trains_as_each_member_alone():
    ensemble, (x, y) = networks(ensemble=(3,)), data()
    alpha = tensor([[0.05], [1.0], [300.0]])
    early, run = (train_scaled(ensemble, x, y, alpha=alpha, max_steps=most) for most in (60, 100_000))
    assert run.times.shape == run.final.alpha.shape == (3, 3)
    assert bool(run.stopped.all())
    for k in range(3):
        for j in range(3):
            one, scale = ensemble[j], float(alpha[k, 0])
            alone = train_scaled(one, x, y, alpha=scale, max_steps=60)
            assert int(alone.steps) == int(early.steps[k, j])
            torch.testing.assert_close(alone.half_times, early.half_times[k, j])
            torch.testing.assert_close(alone.final.now.weights[1], early.final.now.weights[1][k, j])
            # to the end: late steps are at the edge of stability, where rounding decides on their lengths
            alone = train_scaled(one, x, y, alpha=scale)
            torch.testing.assert_close(alone.final(x), run.final(x)[k, j], rtol=0.02, atol=0.02)
            assert abs(int(alone.steps) - int(run.steps[k, j])) < 0.1 * int(alone.steps)


def test_the_flow_is_that_of_a_solver():
    """Weights at the end of training against an integration of ẇ = −∇L by a method of order 5 with small errors."""
    network, (x, y) = networks(), data()
    shapes = [part.shape for part in network.weights]
    first = network(x)

    def speed(_, w, alpha):
        parts = torch.as_tensor(w).split([shape.numel() for shape in shapes])
        leaves = [part.reshape(shape).requires_grad_() for part, shape in zip(parts, shapes, strict=True)]
        now = WideNetwork(tuple(leaves), network.biases, "softplus", 1.0, 0.0)
        loss = soft_hinge(alpha * (now(x) - first) * y).mean() / alpha**2
        return -torch.cat([part.flatten() for part in torch.autograd.grad(loss, leaves)]).numpy()

    start = torch.cat([part.flatten() for part in network.weights]).numpy()
    for alpha in (0.1, 10.0):
        run = train_scaled(network, x, y, alpha=alpha, tolerance=1e-4)
        path = solve_ivp(speed, (0, float(run.times)), start, args=(alpha,), rtol=1e-8, atol=1e-10)
        found = torch.cat([part.flatten() for part in run.final.now.weights])
        way = (torch.as_tensor(path.y[:, -1]) - torch.as_tensor(start)).norm()
        assert float((found - torch.as_tensor(path.y[:, -1])).norm() / way) < 0.02


def by_hand(w, x, y, alpha, *, relu=False, tolerance=1e-2, most=10_000):
    """The rule of steps for one datum and f = w φ(x v) with one neuron, in plain numbers: (time, half time, steps)."""

    def evaluate(v, w):
        z = v * x
        h = max(z, 0.0) if relu else SOFTPLUS_FACTOR * math.log1p(math.exp(5 * z)) / 5
        slope = float(z > 0) if relu else SOFTPLUS_FACTOR / (1 + math.exp(-5 * z))
        margin = alpha * (w * h - first) * y
        pull = -1 / (1 + math.exp(-20 * (1 - margin))) * y / alpha
        return margin, math.log1p(math.exp(20 * (1 - margin))) / 20, (pull * w * slope * x, pull * h)

    def product(a, b):
        return a[0] * b[0] + a[1] * b[1]

    (v, w), first, time, half, steps = w, 0.0, 0.0, math.inf, 0
    first = evaluate(v, w)[0] * y / alpha
    margin, start, g = evaluate(v, w)
    loss, length = start, 0.01 * start / (alpha**2 * product(g, g))
    for _ in range(most):
        new_margin, new_loss, new = evaluate(v - length * g[0], w - length * g[1])
        change = (new[0] - g[0], new[1] - g[1])
        ratio = product(change, change) / math.sqrt(product(new, new) * product(g, g)) if product(new, new) else 1e9
        smooth = ratio <= tolerance
        short = relu and length <= 1e-3 * loss / (alpha**2 * product(g, g)) and new_loss <= 1.001 * loss
        if smooth or short:
            if loss > start / 2 >= new_loss:
                half = time + length * (loss - start / 2) / (loss - new_loss)
            v, w, time, steps = v - length * g[0], w - length * g[1], time + length, steps + 1
            margin, loss, g = new_margin, new_loss, new
        length *= 1.0 if short and not smooth else min(max(math.sqrt(0.5 * tolerance / max(ratio, 1e-300)), 0.2), 2.0)
        if margin > 1:
            break
    return time, half, steps, v, w


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("alpha", [0.02, 0.7, 30.0])
def test_steps_follow_the_rule(alpha, relu):
    """One neuron, in plain numbers: every constant of the rule counts, and the tolerance is 1 % unless given."""
    start = WideNetwork(
        (tensor([[0.8]]), tensor([[-0.6]])), (tensor([0.0]),) * 2, "relu" if relu else "softplus", 1.0, 0.0
    )
    for options in ({}, {"tolerance": 1e-3}, {"max_steps": 7}):
        run = train_scaled(start, [[1.3]], [1.0], alpha=alpha, **options)
        most = {"most": options["max_steps"]} if "max_steps" in options else options
        time, half, steps, v, w = by_hand((0.8, -0.6), 1.3, 1.0, alpha, relu=relu, **most)
        assert int(run.steps) == steps
        assert float(run.half_times) == pytest.approx(half, rel=1e-6)
        assert [float(part) for part in run.final.now.weights] == pytest.approx([v, w], rel=1e-6)
        if bool(run.stopped):
            assert float(run.times) == pytest.approx(time, rel=1e-6)


def test_most_steps_are_many():
    assert inspect.signature(train_scaled).parameters["max_steps"].default == 100_000


def test_training_stops_when_all_data_are_fitted_and_not_before():
    network, (x, y) = networks(), data()
    run = train_scaled(network, x, y, alpha=2.0)
    margins = run.final(x) * y
    assert bool(run.stopped)
    assert 1 < float(margins.min()) < 1.1
    short = train_scaled(network, x, y, alpha=2.0, max_steps=int(run.steps) // 2)
    assert not bool(short.stopped)
    assert math.isinf(float(short.times))
    assert float((short.final(x) * y).min()) < 1
    assert float(short.final(x).abs().max()) > 0.1


def test_steps_are_shorter_where_less_change_is_allowed():
    network, (x, y) = networks(), data()
    runs = [train_scaled(network, x, y, alpha=0.3, tolerance=tolerance) for tolerance in (1e-2, 1e-4)]
    assert int(runs[1].steps) > 5 * int(runs[0].steps)
    assert float(runs[0].times) == pytest.approx(float(runs[1].times), rel=0.1)


def test_kinks_do_not_hold_up_a_relu_network():
    x, y = tensor([[1.0, 1.0], [2.0, 2.0]]), tensor([1.0, 1.0])
    starts = draw_wide((2, 64, 1), generator=torch.Generator().manual_seed(0), ensemble=(8,))
    run = train_scaled(starts, x, y, alpha=1.0, max_steps=2000)
    assert bool(run.stopped.all())
    assert float((run.final(x) * y).min()) > 1
    close = train_scaled(starts, x, y, alpha=1.0, tolerance=1e-3, max_steps=20_000)
    torch.testing.assert_close(run.times, close.times, rtol=0.05, atol=0)


def test_one_network_that_cannot_learn_does_not_stop_the_others():
    dead = WideNetwork(
        (tensor([[[-1.0]], [[1.0]]]), tensor([[[1.0]], [[1.0]]])),
        (torch.zeros(2, 1, dtype=torch.float64),) * 2,
        "relu",
        1.0,
        0.0,
    )
    run = train_scaled(dead, [[1.0]], [1.0], alpha=1.0, max_steps=500)
    assert run.stopped.tolist() == [False, True]
    assert run.steps[0] == 0 < run.steps[1] < 500
    assert math.isinf(float(run.times[0]))
    assert math.isinf(float(run.half_times[0]))
    assert float(run.final([[1.0]])[0]) == 0
    both = train_scaled(networks(), [[1.0, 0.0, 0.0]] * 2, [1.0, -1.0], alpha=1.0)
    assert not bool(both.stopped)


def test_without_subtraction_the_output_itself_is_trained():
    network, (x, y) = networks(), data()
    run = train_scaled(network, x, y, alpha=50.0, centred=False)
    torch.testing.assert_close(run.final(x), 50 * run.final.now(x))
    assert float((run.final(x) * y).min()) > 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": [1.0, 0.0]}, "y: expected a label 1 or -1"),
        ({"y": [1.0]}, r"y: expected shape \(2,\), to fit x, got \(1,\)"),
        ({"y": [[1.0, -1.0]]}, "y: expected shape"),
        ({"y": [math.nan, 1.0]}, "y: expected real numbers, all finite"),
        ({"x": [[math.inf, 0.0, 0.0], [1.0, 0.0, 0.0]]}, "x: expected real numbers, all finite"),
        ({"x": [[1.0, 0.0], [0.0, 1.0]]}, r"^x: expected shape \(2, 3\), as network has"),
        ({"x": [1.0, 0.0]}, "x: expected shape"),
        ({"alpha": 0.0}, "alpha: expected positive"),
        ({"alpha": [1.0, 2.0, 3.0]}, "alpha: expected a shape that broadcasts"),
        ({"alpha": math.nan}, "alpha: expected positive numbers, all finite"),
        ({"sharpness": -1.0}, "sharpness: expected a positive number"),
        ({"tolerance": 0.0}, "tolerance: expected a positive number"),
        ({"max_steps": 0}, "max_steps: expected an integer, at least 1"),
    ],
)
def test_errors_name_the_argument(change, message):
    arguments = {"x": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], "y": [1.0, -1.0], "alpha": 1.0, **change}
    with pytest.raises(ValueError, match=message):
        train_scaled(networks(ensemble=(2,)), arguments.pop("x"), arguments.pop("y"), **arguments)


def test_widths_have_to_be_positive():
    with pytest.raises(ValueError, match="widths: expected"):
        networks(sizes=(3, 0, 1))


def test_chains_by_hand():
    """Three factors: F = 7 s at u = 2, t = s (1 − 1/2), K is 16 times as large; two: t = s ln 2 at F = 3 s."""
    for s in (0.01, 1.0, 50.0):
        assert float(chain_time(3, s, 7 * s)) == pytest.approx(s / 2)
        assert float(chain_kernel(3, s, 7 * s)) == pytest.approx(16)
        assert float(chain_time(2, s, 3 * s)) == pytest.approx(s * math.log(2))
    assert float(chain_time(4, 1e12, 0.5)) == pytest.approx(0.125)  # lazy, v / D, with all digits there
    with pytest.raises(ValueError, match="factors: expected an integer, at least 2, got 1"):
        chain_time(1, 1.0, 1.0)
    with pytest.raises(ValueError, match="scale: expected positive"):
        chain_kernel(3, 0.0, 1.0)


def test_scaled_networks_are_records_of_any_precision():
    ensemble, (x, y) = networks(ensemble=(3,)), data()
    run = train_scaled(ensemble, x, y, alpha=tensor([[0.5], [2.0]]))
    assert run.final.shape == (2, 3)
    assert run.final.start[1] == ensemble
    torch.testing.assert_close(run.final[1, 2](x), run.final(x)[1, 2])
    torch.testing.assert_close(run.final(x), run.final.alpha[..., None] * (run.final.now(x) - ensemble(x)))
    single = train_scaled(ensemble.to(torch.float32), x, y, alpha=0.5)
    assert single.final(x).dtype == single.times.dtype == torch.float32
    torch.testing.assert_close(single.times, run.times[0].float(), rtol=0.02, atol=0)
    lists = train_scaled(ensemble, x.tolist(), y.numpy(), alpha=[[0.5], [2.0]])
    assert lists.final == run.final
