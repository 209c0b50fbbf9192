"""Ensembles of wide networks and their training, against each member by autograd; errors."""

import math

import pytest
import torch
from torch import nn

from lecturelib.kernels import WideNetwork, draw_wide, train_wide
from lecturelib.kernels.tangent_kernel.wide_networks import Bend, slope, value, with_parts
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
            z = network.factors[k] * h @ parts[k].T + network.bias_scale * parts[layers + k]
            h = value(network.activation, z)
        loss = 0.5 * (z[:, 0] - y).square().sum()
        slopes = torch.autograd.grad(loss, parts)
        final = z[:, 0].detach()
        parts = [(part - rate * one).detach().requires_grad_() for part, one in zip(parts, slopes, strict=True)]
    return final


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_an_ensemble_descends_as_each_member_by_autograd(activation):
    ensemble, (x, y) = networks(activation=activation, ensemble=(3,)), circle(6)
    run = train_wide(ensemble, x, y, learning_rate=0.02, steps=30, record_at=[30, 0])
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
            train_wide(alone, x, y, learning_rate=0.02, steps=30, record_at=[30]).outputs[0], run.outputs[1, k]
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
        ({"x": [[0.0]] * 6}, r"x: expected shape \(6, 2\), to fit network"),
        ({"watch": [[0.0]]}, r"watch: expected shape \(M, 2\), to fit network"),
        ({"steps": -1}, "steps: expected an integer, at least 0"),
        ({"learning_rate": -1.0}, "learning_rate: expected a positive number"),
        ({"learning_rate": 1e160}, "learning_rate: expected a stable one, 1e.160 diverged before step 1"),
        ({"learning_rate": 1e160, "record_at": [0]}, "learning_rate: expected a stable one, 1e.160 diverged within 30"),
        ({"record_at": [31]}, "record_at: expected steps from 0 to 30"),
        ({"record_at": []}, "record_at: expected integers of at least 0, one or more"),
    ],
)
def test_errors_of_training(change, message):
    x, y = circle(6)
    arguments = {"x": x, "y": y, "learning_rate": 0.01, "steps": 30, "record_at": range(31), **change}
    with pytest.raises(ValueError, match=message):
        train_wide(networks(activation="relu"), arguments.pop("x"), arguments.pop("y"), **arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"widths": (2,)}, "widths: expected two or more sizes"),
        ({"widths": (2, 3)}, r"widths: expected \(d, m_1, ..., 1\)"),
        ({"widths": (2, 0, 1)}, "widths: expected an integer, at least 1"),
        ({"activation": "tanh"}, "activation: expected one of"),
        ({"weight_scale": math.inf}, "weight_scale: expected a number, at least 0"),
        ({"bias_scale": -0.1}, "bias_scale: expected a number, at least 0"),
    ],
)
def test_errors_of_drawing(change, message):
    with pytest.raises(ValueError, match=message):
        draw_wide(**{"widths": (2, 3, 1), "generator": torch.Generator(), **change})


def test_a_record(tmp_path):
    networks = draw_wide((3, 4, 5, 1), generator=torch.Generator().manual_seed(0), ensemble=(2, 3), bias_scale=0.5)
    x = torch.ones(2, 3, dtype=torch.float64)
    assert (networks.shape, networks[1].shape, networks[1, 2].shape) == ((2, 3), (3,), ())
    torch.testing.assert_close(networks[1, 2](x), networks(x)[1, 2])
    assert networks.to(torch.float32)(x).dtype == torch.float32
    torch.save(networks, tmp_path / "networks.pt")
    assert torch.load(tmp_path / "networks.pt") == networks != networks[:, :2]
    changed = with_parts(networks, [2 * part for part in networks.weights], networks.biases)
    assert torch.equal(changed.weights[1], 2 * networks.weights[1])
    assert changed.bias_scale == 0.5


@pytest.mark.parametrize("activation", ["relu", "erf", "softplus"])
def test_modules_and_back(activation):
    options = {"activation": activation, "weight_scale": 1.3, "bias_scale": 0.5}
    network = draw_wide((3, 4, 5, 1), generator=torch.Generator().manual_seed(0), **options)
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    model = network.to_module()
    torch.testing.assert_close(model(x)[:, 0].detach(), network(x))
    back = WideNetwork.from_module(model, weight_scale=1.3, bias_scale=0.5)
    for found, expected in zip(back.weights + back.biases, network.weights + network.biases, strict=True):
        torch.testing.assert_close(found, expected)
    back.biases[0].zero_()  # is not the module's
    torch.testing.assert_close(model(x)[:, 0].detach(), network(x))
    with pytest.raises(ValueError, match="self: expected a single network"):
        draw_wide((3, 1), generator=torch.Generator(), ensemble=(2,)).to_module()


def test_modules_without_biases_and_others():
    model = nn.Sequential(nn.Linear(2, 3, bias=False), nn.ReLU(), nn.Linear(3, 1))
    found = WideNetwork.from_module(model)
    assert not found.biases[0].any()
    x = torch.ones(1, 2)
    torch.testing.assert_close(found(x), model(x)[:, 0].detach())
    assert WideNetwork.from_module(nn.Sequential(nn.Linear(2, 1))).activation == "relu"
    line = nn.Linear(2, 2)
    for parts in (
        [line, nn.ReLU()],
        [line, nn.Tanh(), line],
        [line, nn.ReLU(), line, nn.Tanh(), line],
        [line, nn.ReLU(), line, Bend("erf"), line],
        [nn.ReLU()],
    ):
        with pytest.raises(ValueError, match="module: expected linear layers, and one known activation after each"):
            WideNetwork.from_module(nn.Sequential(*parts))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": ([[1.0, 2.0]], [[1.0, 2.0]])}, "weights: expected layers that fit together"),
        ({"weights": ([[1.0], [2.0]],)}, "weights: expected layers that fit together, with one output"),
        ({"weights": ()}, "weights: expected layers that fit together"),
        ({"biases": ([1.0, 2.0],)}, "biases: expected one for each row"),
        ({"weight_scale": -1.0}, "weight_scale: expected a number, at least 0"),
        ({"weights": ([[math.nan]],)}, r"weights\[0\]: expected real numbers, all finite"),
        ({"activation": "tanh"}, "activation: expected one of 'relu', 'erf', 'softplus'"),
    ],
)
def test_networks_that_are_none(change, message):
    fields = {"weights": ([[1.0]],), "biases": ([1.0],), "activation": "relu", "weight_scale": 1.0, "bias_scale": 1.0}
    with pytest.raises(ValueError, match=message):
        WideNetwork(**(fields | change))


def test_the_softplus_has_mean_square_one():
    z = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
    found = value("softplus", z)
    assert float(torch.trapezoid(density * found.square(), z)) == pytest.approx(1, rel=1e-12)
    torch.testing.assert_close(found, float(found[2000]) / math.log(2) * torch.log1p(torch.exp(5 * z)))
    assert float(value("softplus", torch.tensor(-8.5, dtype=torch.float64))) > 0  # e^−42.5, and not cut off
