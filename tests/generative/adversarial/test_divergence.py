"""Divergences and the best discriminator: by hand, by quadrature, far out."""

import math

import pytest
import torch
from scipy.integrate import quad

from lecturelib.generative import GaussianGrid, GaussianMixture, jensen_shannon, optimal_discriminator

LEFT = GaussianMixture([[-1.0], [0.5]], [0.3, 0.8], [1.0, 2.0])
RIGHT = GaussianMixture([[0.7]], [1.1], [1.0])


def test_probabilities_by_hand():
    assert jensen_shannon([0.5, 0.5, 0.0], [0.0, 0.5, 0.5]) == pytest.approx(0.5 * math.log(2))
    assert jensen_shannon([1.0, 0.0], [0.0, 1.0]) == pytest.approx(math.log(2))
    assert jensen_shannon([0.3, 0.7], [0.3, 0.7]) == 0
    assert jensen_shannon([0.0, 0.2, 0.8], [0.0, 0.2, 0.8]) == 0


def test_mixtures_by_quadrature():
    def integrand(at):
        x = torch.tensor([at], dtype=torch.float64)
        p, q = float(LEFT.density(x)), float(RIGHT.density(x))
        return 0.5 * p * math.log(2 * p / (p + q)) + 0.5 * q * math.log(2 * q / (p + q))

    expected = quad(integrand, -9, 9, limit=500, epsabs=1e-12)[0]
    assert jensen_shannon(LEFT, RIGHT) == pytest.approx(expected, abs=1e-10)
    assert jensen_shannon(RIGHT, LEFT) == pytest.approx(expected, abs=1e-10)
    assert jensen_shannon(LEFT, LEFT) == pytest.approx(0, abs=1e-15)


def test_what_lies_apart_and_what_lies_half_apart():
    grid = GaussianGrid(2)
    shifted = GaussianMixture(grid.means + 2.0, grid.scales, grid.weights)
    assert jensen_shannon(grid, shifted) == pytest.approx(math.log(2), abs=1e-12)
    half = GaussianMixture(grid.means[:2], grid.scales[:2], [1.0, 1.0])
    # as for probabilities 1/4, 1/4, 1/4, 1/4 and 1/2, 1/2, 0, 0
    assert jensen_shannon(grid, half) == pytest.approx(jensen_shannon([0.5, 0.5], [1.0, 0.0]), abs=1e-11)


def test_the_best_discriminator():
    x = torch.linspace(-3, 3, 7, dtype=torch.float64)[:, None]
    p, q = LEFT.density(x), RIGHT.density(x)
    torch.testing.assert_close(optimal_discriminator(LEFT, RIGHT, x), p / (p + q))
    near, far = (GaussianMixture([[at]], [1.0], [1.0]) for at in (0.0, 2.0))
    # where both densities are 0 in floating point: the logit is 2 − 2x
    assert float(optimal_discriminator(near, far, [[-40.0]])) == pytest.approx(1)
    assert float(optimal_discriminator(near, far, [[50.0]])) == pytest.approx(math.exp(-98), rel=1e-9)


def test_what_does_not_fit_is_refused():
    for p, q, name in ((LEFT, [1.0], "q"), (LEFT, GaussianGrid(2), "q"), ([0.5, 0.4], [0.5, 0.5], "p")):
        with pytest.raises(ValueError, match=name):
            jensen_shannon(p, q)
