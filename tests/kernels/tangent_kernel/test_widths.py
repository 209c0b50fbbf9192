"""Experiments on width: against single networks, one by one, and their laws."""

import math

import pytest
import torch

from lecturelib.kernels import empirical_kernel, infinite_kernel
from lecturelib.kernels.tangent_kernel import widths
from lecturelib.kernels.tangent_kernel.widths import circle, distance, lazy, linear_path


def test_the_circle_and_the_target():
    points, y = circle(4)
    expected = torch.tensor([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=torch.float64) * math.sqrt(2)
    torch.testing.assert_close(points, expected)
    torch.testing.assert_close(y, torch.tensor([1.0, 0.0, -1.0, 0.0], dtype=torch.float64))
    assert float(circle(8)[1][1]) == pytest.approx(math.cos(math.pi / 4) + 0.5)


def test_starts():
    networks = widths.start(3, 6, 2, "erf", 4)
    assert (networks.shape, networks.activation, networks.bias_scale) == ((4,), "erf", 0.5)
    assert networks.weight_scale == pytest.approx(math.sqrt(2))
    assert [tuple(part.shape) for part in networks.weights] == [(4, 6, 2), (4, 6, 6), (4, 1, 6)]
    assert networks != widths.start(4, 6, 2, "erf", 4)


def test_wider_is_nearer_to_the_limit_and_lazier():
    for activation in ("relu", "erf"):
        near = [distance(seed=0, width=w, depth=1, activation=activation)["distance"] for w in (16, 1024)]
        assert sum(near[1]) < 0.3 * sum(near[0])
        runs = [lazy(seed=0, width=w, activation=activation, steps=50) for w in (16, 1024)]
        for name in ("drift", "moved", "apart"):
            assert sum(runs[1][name]) < 0.3 * sum(runs[0][name]), (activation, name)
    assert len(near[0]) == len(runs[0]["moved"]) == 10


def test_the_distance_is_that_of_frobenius():
    found = distance(seed=2, width=5, depth=2, activation="erf", ensemble=3)["distance"]
    x = circle(12)[0]
    limit = infinite_kernel(x, depth=2, activation="erf", weight_scale=2**0.5, bias_scale=0.5)
    for one, network in zip(found, widths.start(2, 5, 2, "erf", 3), strict=True):
        difference = empirical_kernel(network, x) - limit
        assert one == pytest.approx(float(torch.linalg.matrix_norm(difference) / torch.linalg.matrix_norm(limit)))


def test_what_is_measured_in_training():
    """Against a loop over steps of torch for one network, to time 20 / λ."""
    x, y = circle(12)
    found = lazy(seed=1, width=7, activation="erf", ensemble=2, steps=40)
    before = widths.start(1, 7, 1, "erf", 2)[1]
    limit = infinite_kernel(x, depth=1, activation="erf", weight_scale=2**0.5, bias_scale=0.5)
    rate = 0.5 / float(torch.linalg.eigvalsh(limit)[-1])
    now = before.map(lambda part: part.clone().requires_grad_())
    kernel, line, apart = empirical_kernel(before, x), before(x), 0.0
    for step in range(41):
        if step % 4 == 0:
            apart = max(apart, float((now(x).detach() - line).abs().max()))
        slopes = torch.autograd.grad(0.5 * (now(x) - y).square().sum(), [*now.weights, *now.biases])
        line = line - rate * kernel @ (line - y)
        last, parts = now, iter(slopes)
        now = now.map(lambda part, parts=parts: (part - rate * next(parts)).detach().requires_grad_())
    changed = empirical_kernel(last.detach(), x) - kernel
    assert found["drift"][1] == pytest.approx(float(changed.norm() / kernel.norm()))
    flat = [torch.cat([part.flatten() for part in [*one.weights, *one.biases]]).detach() for one in (before, last)]
    assert found["moved"][1] == pytest.approx(float((flat[1] - flat[0]).norm() / flat[0].norm()))
    assert found["apart"][1] == pytest.approx(apart)


def test_defaults():
    assert lazy(seed=1, width=7) == lazy(seed=1, width=7, depth=1, activation="relu", ensemble=10, steps=200)
    assert distance(seed=1, width=7, depth=1) == distance(seed=1, width=7, depth=1, activation="relu", ensemble=10)


def test_the_linear_path_is_gradient_descent_on_the_linear_model():
    kernel = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    start, y = torch.tensor([1.0, -1.0], dtype=torch.float64), torch.tensor([0.3, 0.2], dtype=torch.float64)
    f = start
    for _ in range(7):
        f = f - 0.1 * kernel @ (f - y)
    torch.testing.assert_close(linear_path(kernel, start, y, 0.1, [0, 7]), torch.stack([start, f]))
