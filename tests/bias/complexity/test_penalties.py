"""Penalties of noise and dropout against sampled noise, other forms of a model, and powers of a weight by hand."""

import pytest
import torch

from lecturelib.bias import dropout_penalty, noise_penalty, shrink

X = torch.tensor([[1.0, -2.0], [0.5, 0.0], [0.0, 3.0]], dtype=torch.float64)
W = torch.tensor([2.0, -1.0], dtype=torch.float64)
Y = torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64)


@pytest.mark.parametrize("loss", ["squares", "logistic"])
@pytest.mark.parametrize("penalty", [noise_penalty, dropout_penalty])
def test_weights_and_the_function_they_are_agree(penalty, loss):
    by_weights = penalty(W, X, Y, 0.3, loss=loss)
    by_function = penalty(lambda x: x @ W, X, Y, 0.3, loss=loss)
    assert float(by_function) == pytest.approx(float(by_weights), rel=1e-12)


def test_by_hand():
    assert float(noise_penalty(W, X, Y, 2.0)) == 4 * 5
    # mean squares of the features are 1.25/3 and 13/3
    assert float(dropout_penalty(W, X, Y, 0.25)) == pytest.approx((4 * 1.25 + 13) / 3 / 3)
    assert float(dropout_penalty(W, X, Y, 0.0)) == 0.0


def test_sampled_noise_costs_what_is_said():
    def f(x):
        return torch.sin(x[..., 0]) + x[..., 0] * x[..., 1]

    generator = torch.Generator().manual_seed(0)
    xi = torch.randn(40_000, 3, 2, generator=generator, dtype=torch.float64)
    losses = (f(X + 0.05 * xi) - Y).square().mean(-1) + (f(X - 0.05 * xi) - Y).square().mean(-1)
    rise = losses / 2 - (f(X) - Y).square().mean()
    error = float(rise.std() / 200)
    assert abs(float(rise.mean()) - float(noise_penalty(f, X, Y, 0.05))) < 4 * error + 2e-4


def test_errors_name_what_is_wrong():
    with pytest.raises(ValueError, match="rate: expected a number below 1"):
        dropout_penalty(W, X, Y, 1.0)
    with pytest.raises(ValueError, match="y: expected labels 0 or 1"):
        noise_penalty(W, X, 2 * Y, 1.0, loss="logistic")
    with pytest.raises(ValueError, match=r"model: expected a function that gives a tensor of shape \(\)"):
        noise_penalty(lambda x: x, X, Y, 1.0)
    with pytest.raises(ValueError, match="model: expected a function of an input"):
        noise_penalty(lambda x: x[5], X, Y, 1.0)


@pytest.mark.parametrize("power", [0.3, 0.5, 0.9, 1.0, 1.5, 2.0, 3.0])
def test_no_weight_on_a_grid_is_better(power):
    u = torch.linspace(-4, 4, 33, dtype=torch.float64)
    grid = torch.linspace(-5, 5, 10_001, dtype=torch.float64)
    found = shrink(u, 0.7, power)

    def price(w, u):
        return (w - u) ** 2 / 2 + 0.7 * w.abs() ** power

    assert bool((price(found, u) <= price(grid, u[:, None]).min(1).values + 1e-12).all())
    assert bool((found * u >= 0).all())


def test_powers_by_hand():
    assert shrink([3.0, 1.0, -1.5], 1.0, 1.0).tolist() == [2.0, 0.0, -0.5]
    assert shrink([3.0], 1.0, 2.0).tolist() == [1.0]
    assert shrink([1.49, -1.51], 1.0, 0.5)[0] == 0
    assert float(shrink([1.5 + 1e-9], 1.0, 0.5)[0]) == pytest.approx(1.0, abs=1e-6)
    assert shrink([0.0, 2.0], 0.0, 0.5).tolist() == [0.0, 2.0]
