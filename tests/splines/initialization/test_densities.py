"""Densities of random weights: values worked by hand, integrals, distribution functions, and errors."""

import math

import pytest
import torch

from lecturelib.splines import GaussianWeights, UniformWeights, count_between, weights_of
from lecturelib.splines.breakpoints.expansion import curvature_density

# None of w, b, v and w v is 1 or 2, so that a wrong power or a wrong factor gives another number.
GAUSSIAN, UNIFORM = GaussianWeights(1.5, 2.5, 0.8), UniformWeights(1.5, 2.5, 0.8)
BOTH = pytest.mark.parametrize("weights", [GAUSSIAN, UNIFORM], ids=["gaussian", "uniform"])


def test_values_worked_by_hand():
    assert float(GAUSSIAN.scale(4.0)) == pytest.approx(3 / 6.5)  # 1.5 · 2.5 · 0.8 / √(6.25 + 36)
    assert float(GAUSSIAN.joint(4.0, -3 / 6.5)) == pytest.approx(math.exp(-1) / (10.4 * math.pi))
    assert float(GAUSSIAN.breakpoint(4.0)) == pytest.approx(3.75 / (42.25 * math.pi))
    assert float(GAUSSIAN.delta_slope(1.2)) == pytest.approx(0.4210244382 / (1.2 * math.pi))  # K₀(1)
    assert float(GAUSSIAN.breakpoint_cdf(5 / 3)) == pytest.approx(0.75)
    assert float(GAUSSIAN.delta_slope_cdf(1e9)) == pytest.approx(1)
    assert UNIFORM.reach([0.0, 1.0, 5.0, -2.5]).tolist() == pytest.approx([1.5, 1.5, 0.5, 1.0])
    assert float(UNIFORM.joint(5.0, -0.2)) == pytest.approx(0.25 / 12)
    assert float(UNIFORM.breakpoint(5.0)) == pytest.approx(1 / 60)
    assert float(UNIFORM.delta_slope(0.6)) == pytest.approx(math.log(2) / 2.4)
    assert float(UNIFORM.delta_slope(1.5)) == 0
    assert UNIFORM.breakpoint_cdf([-10 / 3, 0.0, 5 / 3, 10 / 3]).tolist() == pytest.approx([0.125, 0.5, 0.75, 0.875])
    assert UNIFORM.delta_slope_cdf([-2.0, 0.0, 1.2]).tolist() == pytest.approx([0.0, 0.5, 1.0])
    assert count_between(UNIFORM, -5 / 3, 5 / 3, width=40) == pytest.approx(20)


@BOTH
def test_the_joint_density_is_marginal_times_conditional(weights):
    beta = torch.linspace(-4, 4, 9, dtype=torch.float64)[:, None]
    mu = torch.linspace(-1.2, 1.2, 8, dtype=torch.float64)
    torch.testing.assert_close(weights.joint(beta, mu), weights.breakpoint(beta) * weights.conditional(mu, beta))


@BOTH
def test_distribution_functions_are_integrals_of_densities(weights):
    step = 1e-5
    x = torch.tensor([-4.1, -0.7, -0.2, 0.3, 0.9, 2.3], dtype=torch.float64)
    for density, cdf in (
        (weights.breakpoint, weights.breakpoint_cdf),
        (weights.delta_slope, weights.delta_slope_cdf),
        (lambda mu: weights.conditional(mu, 2.0), lambda mu: weights.conditional_cdf(mu, 2.0)),
    ):
        torch.testing.assert_close((cdf(x + step) - cdf(x - step)) / (2 * step), density(x), atol=1e-8, rtol=1e-7)
        assert float(cdf(torch.tensor(1e6, dtype=torch.float64))) == pytest.approx(1, abs=1e-5)
        assert float(cdf(torch.tensor(0.0, dtype=torch.float64))) == 0.5


@BOTH
def test_moments_are_those_of_the_density(weights):
    mu = torch.exp(torch.linspace(-20, 4, 40001, dtype=torch.float64))
    density = weights.delta_slope(mu)
    for power, stated in ((1, weights.mean_size), (2, weights.second_moment), (4, weights.fourth_moment)):
        assert 2 * float(torch.trapezoid(density * mu**power, mu)) == pytest.approx(stated, rel=1e-5)


@BOTH
def test_squared_jumps_add_up_to_the_second_moment(weights):
    x = torch.sinh(torch.linspace(-8, 8, 20001, dtype=torch.float64))
    # κ² = (w v)² has mean E μ²
    assert float(torch.trapezoid(weights.jump_density(x), x)) == pytest.approx(weights.second_moment, rel=1e-4)


def test_squared_jumps_of_gaussian_weights_are_those_of_the_first_chapter():
    x = torch.linspace(-3, 3, 7, dtype=torch.float64)
    torch.testing.assert_close(
        GAUSSIAN.jump_density(x), curvature_density(x, weight_scale=1.5, bias_scale=2.5, output_scale=0.8)
    )


def test_what_initialize_draws():
    assert weights_of("he", 8) == GaussianWeights(math.sqrt(2), math.sqrt(2), 0.5)
    assert weights_of("glorot", 7) == GaussianWeights(0.5, 0.5, 0.5)
    assert weights_of("pytorch", 16) == UniformWeights(1.0, 1.0, 0.25)


@BOTH
def test_samples_have_the_shape_and_size_asked_for(weights):
    network = weights.sample((500, 20), torch.Generator().manual_seed(0))
    assert network.w.shape == (500, 20)
    assert not bool(network.b0.any())
    ratio = 1 if weights is GAUSSIAN else 1 / math.sqrt(3)
    for name in ("w", "b", "v"):
        assert float(getattr(network, name).std()) == pytest.approx(ratio * getattr(weights, name), rel=0.05)
        assert float(getattr(network, name).mean()) == pytest.approx(0, abs=0.1)


def test_bad_arguments_are_named():
    for kind in (GaussianWeights, UniformWeights):
        with pytest.raises(ValueError, match="^b: expected positive"):
            kind(1.0, 0.0, 1.0)
    with pytest.raises(ValueError, match="^scheme: expected he, glorot or pytorch"):
        weights_of("flat", 3)
    with pytest.raises(ValueError, match="^width: expected a positive"):
        weights_of("he", 0)
    with pytest.raises(ValueError, match="^low: expected low < high"):
        count_between(UNIFORM, 1.0, 1.0, width=3)
