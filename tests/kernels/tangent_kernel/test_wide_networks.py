"""Ensembles of wide networks and their training, against each member by autograd; errors."""

import math

import pytest
import torch

from lecturelib.kernels import draw_wide, train_wide
from lecturelib.kernels.tangent_kernel.wide_networks import slope, value
from lecturelib.kernels.tangent_kernel.widths import circle


def networks(*, seed=0, **options):
    return draw_wide((2, 7, 5, 1), generator=torch.Generator().manual_seed(seed), bias_scale=0.3, **options)


def by_autograd(network, x, y, *, rate, steps):
    """The same descent for one network, by torch."""
    parts = [part.clone().requires_grad_() for part in (*network.weights, *network.biases)]
    layers = len(network.weights)
    for _ in range(steps + 1):
        h = x
        for k in range(layers):
            z = network.factor(k) * h @ parts[k].T + network.bias_scale * parts[layers + k]
            h = value(network.activation, z)
        loss = 0.5 * (z[:, 0] - y).square().sum()
        slopes = torch.autograd.grad(loss, parts)
        final = z[:, 0].detach()
        parts = [(part - rate * one).detach().requires_grad_() for part, one in zip(parts, slopes, strict=True)]
    return final


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_an_ensemble_descends_as_each_member_by_autograd(activation):
    ensemble, (x, y) = networks(activation=activation, ensemble=(3,)), circle(6)
    run = train_wide(ensemble, x, y, rate=0.02, steps=30, record=[30, 0])
    assert run.steps == [0, 30]
    assert run.outputs.shape == (2, 3, 6)
    for k in range(3):
        alone = type(ensemble)(
            tuple(part[k] for part in ensemble.weights),
            tuple(part[k] for part in ensemble.biases),
            *(activation, ensemble.weight_scale, ensemble.bias_scale),
        )
        torch.testing.assert_close(run.outputs[1, k], by_autograd(alone, x, y, rate=0.02, steps=30))
        torch.testing.assert_close(
            train_wide(alone, x, y, rate=0.02, steps=30, record=[30]).outputs[0], run.outputs[1, k]
        )
    torch.testing.assert_close(run.final(x), run.outputs[1])


def test_slopes_are_those_of_autograd():
    for activation in ("relu", "erf", "softplus"):
        z = torch.linspace(-3, 3, 12, dtype=torch.float64, requires_grad=True)
        (expected,) = torch.autograd.grad(value(activation, z).sum(), z)
        torch.testing.assert_close(slope(activation, z.detach()), expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": [0.0]}, "y: expected shape"),
        ({"x": [0.0]}, "x: expected shape"),
        ({"x": [[0.0]] * 6}, "x: expected 2 columns"),
        ({"watch": [[0.0]]}, "watch: expected 2 columns"),
        ({"steps": 1.5}, "steps: expected a whole number"),
        ({"rate": -1.0}, "rate: expected positive"),
        ({"rate": 1e160}, "rate: expected a stable one, 1e.160 diverged"),
        ({"record": [31]}, "record: expected steps from 0 to 30"),
        ({"record": []}, "record: expected steps"),
    ],
)
def test_errors_of_training(change, message):
    x, y = circle(6)
    arguments = {"x": x, "y": y, "rate": 0.01, "steps": 30, "record": range(31), **change}
    with pytest.raises(ValueError, match=message):
        train_wide(networks(activation="relu"), arguments.pop("x"), arguments.pop("y"), **arguments)


@pytest.mark.parametrize(
    ("sizes", "activation", "message"),
    [
        ((2,), "relu", "sizes: expected"),
        ((2, 0, 1), "relu", "sizes: expected"),
        ((2, 3, 2), "relu", "sizes: expected"),
        ((2, 3, 1), "tanh", "activation: expected one of relu, erf"),
    ],
)
def test_errors_of_drawing(sizes, activation, message):
    with pytest.raises(ValueError, match=message):
        draw_wide(sizes, generator=torch.Generator(), activation=activation)


@pytest.mark.parametrize("name", ["weight_scale", "bias_scale"])
@pytest.mark.parametrize("scale", [-1.0, math.nan, math.inf])
def test_scales_are_not_negative(name, scale):
    with pytest.raises(ValueError, match=f"{name}: expected a finite number, at least 0"):
        draw_wide((2, 3, 1), generator=torch.Generator(), **{name: scale})
