"""Densities of random weights: values worked by hand, integrals, distribution functions, samples, and errors."""

import math

import numpy as np
import pytest
import torch

from lecturelib.splines import GaussianWeights, UniformWeights, count_between, to_spline, weight_law

# None of w, b, v and w v is 1 or 2, so that a wrong power or a wrong factor gives another number.
GAUSSIAN, UNIFORM = GaussianWeights(1.5, 2.5, 0.8), UniformWeights(1.5, 2.5, 0.8)
BOTH = pytest.mark.parametrize("law", [GAUSSIAN, UNIFORM], ids=["gaussian", "uniform"])


def test_values_worked_by_hand():
    assert float(GAUSSIAN.scale(4.0)) == pytest.approx(3 / 6.5)  # 1.5 · 2.5 · 0.8 / √(6.25 + 36)
    assert float(GAUSSIAN.joint(4.0, -3 / 6.5)) == pytest.approx(math.exp(-1) / (10.4 * math.pi))
    assert float(GAUSSIAN.conditional(4.0, 0.0)) == pytest.approx(6.5 / 6)
    assert float(GAUSSIAN.breakpoint(4.0)) == pytest.approx(3.75 / (42.25 * math.pi))
    assert float(GAUSSIAN.delta_slope(1.2)) == pytest.approx(0.4210244382 / (1.2 * math.pi))  # K₀(1)
    assert float(GAUSSIAN.breakpoint_cdf(5 / 3)) == pytest.approx(0.75)
    assert GAUSSIAN.delta_slope_cdf([-1e9, 0.0, 1e9]).tolist() == pytest.approx([0.0, 0.5, 1.0])
    assert UNIFORM.reach([0.0, 1.0, 5.0, -2.5]).tolist() == pytest.approx([1.5, 1.5, 0.5, 1.0])
    assert float(UNIFORM.joint(5.0, -0.2)) == pytest.approx(0.25 / 12)
    assert float(UNIFORM.conditional(5.0, -0.2)) == pytest.approx(1.25)  # a triangle of half-width 0.4, half-way down
    assert float(UNIFORM.breakpoint(5.0)) == pytest.approx(1 / 60)
    assert float(UNIFORM.delta_slope(0.6)) == pytest.approx(math.log(2) / 2.4)
    assert float(UNIFORM.delta_slope(1.5)) == 0
    assert UNIFORM.breakpoint_cdf([-10 / 3, 0.0, 5 / 3, 10 / 3]).tolist() == pytest.approx([0.125, 0.5, 0.75, 0.875])
    assert UNIFORM.delta_slope_cdf([-2.0, 0.0, 1.2]).tolist() == pytest.approx([0.0, 0.5, 1.0])


@BOTH
def test_the_joint_density_is_marginal_times_conditional(law):
    beta = torch.linspace(-4, 4, 9, dtype=torch.float64)[:, None]
    mu = torch.linspace(-1.2, 1.2, 8, dtype=torch.float64)
    torch.testing.assert_close(law.joint(beta, mu), law.breakpoint(beta) * law.conditional(beta, mu))


@BOTH
def test_distribution_functions_are_integrals_of_densities(law):
    step = 1e-5
    x = torch.tensor([-4.1, -0.7, -0.2, 0.3, 0.9, 2.3], dtype=torch.float64)
    for density, cdf in ((law.breakpoint, law.breakpoint_cdf), (law.delta_slope, law.delta_slope_cdf)):
        torch.testing.assert_close((cdf(x + step) - cdf(x - step)) / (2 * step), density(x), atol=1e-8, rtol=1e-7)
        assert float(cdf(1e6)) == pytest.approx(1, abs=1e-5)
        assert float(cdf(0.0)) == 0.5


@BOTH
def test_moments_are_those_of_the_density(law):
    mu = torch.exp(torch.linspace(-20, 4, 40001, dtype=torch.float64))
    density = law.delta_slope(mu)
    for power in (0, 1, 1.5, 2, 4):
        assert 2 * float(torch.trapezoid(density * mu**power, mu)) == pytest.approx(law.moment(power), rel=1e-5)


def test_what_initialize_draws():
    assert weight_law(8, "he") == GaussianWeights(math.sqrt(2), math.sqrt(2), 0.5)
    assert weight_law(7, "glorot") == GaussianWeights(0.5, 0.5, 0.5)
    assert weight_law(16, "pytorch") == UniformWeights(1.0, 1.0, 0.25)
    assert GaussianWeights(1, 1, 1) != UniformWeights(1, 1, 1)


def off(numbers, cdf):
    """Kolmogorov's distance times √n: above 2.2 once in 8,000 cases."""
    values = cdf(numbers.flatten().sort().values)
    ranks = torch.arange(len(values) + 1, dtype=torch.float64) / len(values)
    return float(torch.maximum((ranks[1:] - values).abs(), (ranks[:-1] - values).abs()).max()) * math.sqrt(len(values))


@BOTH
def test_samples_have_the_densities(law):
    network = law.sample(20, generator=torch.Generator().manual_seed(0), ensemble=(500, 2))
    assert network.w.shape == (500, 2, 20)
    assert network.b0.shape == (500, 2)
    assert not bool(network.b0.any())
    spline = to_spline(network)
    assert off(spline.breakpoints, law.breakpoint_cdf) < 2.2
    assert off(spline.delta_slopes, law.delta_slope_cdf) < 2.2
    power = law.moment(2) / (law.w * law.v) ** 2  # the square of E z² for numbers of scale 1
    for name in ("w", "b", "v"):
        assert float(getattr(network, name).var()) == pytest.approx(getattr(law, name) ** 2 * power**0.5, rel=0.05)
    both = law.sample(20, generator=torch.Generator().manual_seed(0), ensemble=1000)
    assert torch.equal(both.v.reshape(500, 2, 20), network.v)


def test_breakpoints_are_counted():
    assert count_between(UNIFORM, -5 / 3, 5 / 3, width=40) == pytest.approx(20)
    assert count_between(GAUSSIAN, 0, 5 / 3, width=np.int64(40)) == pytest.approx(10)


@BOTH
@pytest.mark.parametrize("name", ["breakpoint", "breakpoint_cdf", "delta_slope", "delta_slope_cdf"])
def test_precision_and_shape_are_kept(law, name):
    at = torch.tensor([[0.3], [-2.5]])
    found = getattr(law, name)(at)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), getattr(law, name)(at.double()), rtol=1e-5, atol=1e-6)
    assert law.joint(at, [0.1, 0.2, 0.3]).shape == (2, 3)
    assert law.joint(at, [0.1, 0.2, 0.3]).dtype == torch.float32
    assert law.breakpoint([[0.3], [-2.5]]).dtype == torch.float64


def test_laws_are_saved(tmp_path):
    torch.save(UNIFORM, tmp_path / "law.pt")
    assert torch.load(tmp_path / "law.pt") == UNIFORM


def test_bad_arguments_are_named():
    for kind in (GaussianWeights, UniformWeights):
        with pytest.raises(ValueError, match="^b: expected a positive number"):
            kind(1.0, 0.0, 1.0)
        with pytest.raises(ValueError, match="^mu: expected"):
            kind(1.0, 1.0, 1.0).joint([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="^scheme: expected one of 'he', 'glorot', 'pytorch'"):
        weight_law(3, "flat")
    with pytest.raises(ValueError, match="^width: expected an integer, at least 1"):
        weight_law(0, "he")
    with pytest.raises(ValueError, match="^low: expected low < high"):
        count_between(UNIFORM, 1.0, 1.0, width=3)
