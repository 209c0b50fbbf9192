"""Ensembles of wide networks, their training, and the experiments made of them."""

import math

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.kernels import draw_wide, train_wide
from lecturelib.kernels.spectral_bias import frequencies
from lecturelib.kernels.spectral_bias.frequencies import learned, spectrum, waves
from lecturelib.kernels.tangent_kernel.wide_networks import slope, value
from lecturelib.kernels.tangent_kernel.widths import circle, distance, lazy, linear_path


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


def test_wider_is_nearer_to_the_limit_and_lazier():
    for activation in ("relu", "erf"):
        near = [distance(seed=0, width=w, depth=1, activation=activation)["distance"] for w in (16, 1024)]
        assert sum(near[1]) < 0.3 * sum(near[0])
        runs = [lazy(seed=0, width=w, activation=activation, steps=50) for w in (16, 1024)]
        for name in ("drift", "moved", "apart"):
            assert sum(runs[1][name]) < 0.3 * sum(runs[0][name]), (activation, name)


def test_the_linear_path_is_gradient_descent_on_the_linear_model():
    kernel = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
    start, y = torch.tensor([1.0, -1.0], dtype=torch.float64), torch.tensor([0.3, 0.2], dtype=torch.float64)
    f = start
    for _ in range(7):
        f = f - 0.1 * kernel @ (f - y)
    torch.testing.assert_close(linear_path(kernel, start, y, 0.1, [0, 7]), torch.stack([start, f]))


def test_waves_and_what_is_learned_of_them():
    x = torch.arange(40, dtype=torch.float64) / 40
    y = waves(x, [3, 5], [1.0, 0.5], [0.1, 2.0])
    assert float(y[0]) == pytest.approx(math.sin(0.1) + 0.5 * math.sin(2.0))
    torch.testing.assert_close(learned(y, [3, 5], [1.0, 0.5]), torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(learned(0.25 * y, [5, 4], [0.5, 1.0]), torch.tensor([0.25, 0.0], dtype=torch.float64))
    with pytest.raises(ValueError, match="frequencies: expected one amplitude"):
        waves(x, [3, 5], [1.0], [0.1, 2.0])
    with pytest.raises(ValueError, match="frequencies: expected them between"):
        learned(y, [20], [1.0])


def test_low_frequencies_come_first():
    run = spectrum(seed=1, amplitudes="equal", steps=200, every=100, width=32, layers=3, frequencies=(1, 8))
    assert run["step"] == [0, 100, 200]
    assert run["loss"][-1] < run["loss"][0]
    assert run["learned"][-1][0] > 2 * run["learned"][-1][1]
    assert len(run["outputs"]) == 1  # that after 100 steps
    assert len(run["outputs"][0]) == len(run["target"]) == 200
    error = torch.tensor(run["outputs"][0]) - torch.tensor(run["target"])
    assert float(error.square().mean()) == pytest.approx(run["loss"][1], rel=0.01)


def test_the_stored_run_has_the_published_settings():
    path = frequencies.Path(__file__).parents[3] / frequencies.STORED
    results, provenance = load(path)
    assert provenance.command.startswith("python -m lecturelib.kernels.spectral_bias.frequencies")
    for result in results:
        assert result["step"][-1] == frequencies.STEPS == 80_000
        assert len(result["outputs"]) == len(frequencies.SHOWN)
        assert len(result["learned"][-1]) == 10
