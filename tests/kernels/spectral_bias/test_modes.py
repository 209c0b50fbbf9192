"""Wide networks on the circle come out as predicted, mode by mode."""

import math
from functools import partial

import pytest
import torch

from lecturelib.kernels import decompose, infinite_kernel, predict
from lecturelib.kernels.spectral_bias.modes import DATA, fourier_rates, mode_rates, predicted, trained
from lecturelib.kernels.tangent_kernel.wide_networks import step
from lecturelib.kernels.tangent_kernel.widths import circle, start

KERNEL = partial(infinite_kernel, depth=1, weight_scale=2**0.5, bias_scale=0.5)


def tensor(*values):
    return torch.tensor(*values, dtype=torch.float64)


def test_wide_networks_come_out_as_predicted():
    theory, run = predicted("relu"), trained(seed=3, width=256, ensemble=30)
    spread = theory.covariance.diagonal(dim1=1, dim2=2).sqrt()
    chance = spread / math.sqrt(30)
    assert float(((tensor(run["mean"]) - theory.mean) / (chance + 0.02)).abs().max()) < 4
    assert float(((tensor(run["deviation"]) - spread) / (chance / math.sqrt(2) + 0.02)).abs().max()) < 4


def test_modes_of_wide_networks_fade_at_their_eigenvalues():
    """Within four standard errors, and 2 % for what a width of 1,024 is off by; the largest error is a tenth or so."""
    run = mode_rates(seed=0, width=1024)
    measured, error, theory = (tensor(run[name]) for name in ("measured", "error", "theory"))
    assert measured.shape == (DATA,)
    assert bool(((measured - theory).abs() < 4 * error + 0.02 * theory).all())
    assert float((error / theory).max()) < 0.2


def test_rates_on_the_circle():
    """Without biases: 6, and 2 (k² + 3) / (k² − 1)² for even k, in one unit; 0 for odd k from 3."""
    rates = fourier_rates("relu", 2048, 0.0)
    for k in (2, 4, 6):
        assert float(rates[k] / rates[0]) == pytest.approx(2 * (k * k + 3) / (k * k - 1) ** 2 / 6, rel=1e-4)
    assert float(rates[3:12:2].abs().max()) < 1e-14
    modes = decompose(KERNEL(circle(12)[0]))
    expected = fourier_rates("relu", 12, 0.5) * 12
    pairs = torch.cat([expected[:1], expected[1:6], expected[1:6], expected[6:]])
    torch.testing.assert_close(modes.rates, pairs.sort(descending=True).values)


def test_the_forecast_is_the_one_of_the_chapter():
    found = predicted("erf")
    kernel = partial(infinite_kernel, depth=1, activation="erf", weight_scale=2**0.5, bias_scale=0.5)
    x, y = circle(10)
    expected = predict(kernel, x, y, [0.0, 0.1, 0.4, 1.6, 6.4], test=circle(40)[0])
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_what_is_trained():
    """Five times of a loop over steps of torch, for one ensemble of two."""
    run = trained(seed=1, width=5, activation="erf", ensemble=2)
    x, y = circle(10)
    networks, places = start(1, 5, 1, "erf", 2), circle(40)[0]
    for taken in range(1281):
        if taken in (0, 20, 80, 320, 1280):
            row = (0, 20, 80, 320, 1280).index(taken)
            torch.testing.assert_close(tensor(run["mean"][row]), networks(places).mean(0))
            torch.testing.assert_close(tensor(run["deviation"][row]), networks(places).std(0))
        networks = step(networks, x, y, 0.005)
    assert len(run["mean"]) == 5


def test_rates_are_measured_where_a_mode_has_fallen_to_a_third():
    run = mode_rates(seed=1, width=30, activation="erf", ensemble=3)
    x, y = circle(10)
    modes = decompose(infinite_kernel(x, depth=1, activation="erf", weight_scale=2**0.5, bias_scale=0.5))
    torch.testing.assert_close(tensor(run["eigenvalues"]), modes.rates)
    torch.testing.assert_close(tensor(run["theory"]), -torch.log(1 - 0.005 * modes.rates) / 0.005)
    networks = start(1, 30, 1, "erf", 3)
    first = (networks(x) - y) @ modes.vectors
    for j in (0, 4):
        steps, now = round(1 / (0.005 * float(modes.rates[j]))), networks
        for _ in range(steps):
            now = step(now, x, y, 0.005)
        slope = float((first * ((now(x) - y) @ modes.vectors)).sum(0)[j] / first.square().sum(0)[j])
        assert run["measured"][j] == pytest.approx(-math.log(slope) / (steps * 0.005))


def test_defaults_are_those_of_the_chapter():
    assert trained(seed=1, width=2) == trained(seed=1, width=2, activation="relu", ensemble=40)
    rates = mode_rates(seed=1, width=30)
    assert repr(rates) == repr(mode_rates(seed=1, width=30, activation="relu", ensemble=20))  # NaN and all
