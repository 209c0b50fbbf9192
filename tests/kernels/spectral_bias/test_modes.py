"""Wide networks on the circle come out as predicted, mode by mode."""

import math
from functools import partial

import pytest
import torch

from lecturelib.kernels import decompose, infinite_kernel
from lecturelib.kernels.spectral_bias.modes import DATA, fourier_rates, mode_rates, predicted, trained
from lecturelib.kernels.tangent_kernel.widths import circle

KERNEL = partial(infinite_kernel, depth=1, weight_scale=2**0.5, bias_scale=0.5)


def tensor(*values):
    return torch.tensor(*values, dtype=torch.float64)


def test_wide_networks_come_out_as_predicted():
    theory, run = predicted("relu"), trained(seed=3, width=256, networks=30)
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
