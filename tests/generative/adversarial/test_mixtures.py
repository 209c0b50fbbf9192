"""Mixtures and covered modes: by hand, and against torch.distributions."""

import math

import pytest
import torch
from torch import distributions

from lecturelib.generative import GaussianGrid, GaussianMixture, covered_modes

MIXED = GaussianMixture([[-1.0, 0.0], [2.0, 1.0], [0.0, 3.0]], [0.5, 1.0, 0.7], [1.0, 2.0, 1.0])


def as_torch(mixture):
    """The same distribution as torch has it."""
    parts = distributions.Normal(mixture.means, mixture.scales[:, None].expand_as(mixture.means))
    return distributions.MixtureSameFamily(
        distributions.Categorical(mixture.shares), distributions.Independent(parts, 1)
    )


def test_densities_are_those_of_torch():
    x = 3 * torch.randn(4, 5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(MIXED.log_density(x), as_torch(MIXED).log_prob(x))
    torch.testing.assert_close(MIXED.density(x), as_torch(MIXED).log_prob(x).exp())
    assert float(MIXED.log_density([100.0, 0.0])) == pytest.approx(
        float(as_torch(MIXED).log_prob(torch.tensor([100.0, 0.0])))
    )


def test_entropies():
    one = GaussianMixture([[3.0]], [0.2], [7.0])
    assert one.entropy == pytest.approx(0.5 * math.log(2 * math.pi * math.e * 0.04), abs=1e-11)
    # far apart: that of one component, and ln K for which it is
    assert GaussianGrid(3).entropy == pytest.approx(math.log(9) + math.log(2 * math.pi * math.e * 0.01), abs=1e-11)
    draws = as_torch(MIXED).log_prob(MIXED.sample(200_000, generator=torch.Generator().manual_seed(1)))
    assert MIXED.entropy == pytest.approx(-float(draws.mean()), abs=5 * float(draws.std()) / 200_000**0.5)


def test_samples_have_the_moments_of_the_mixture():
    found = MIXED.sample(200_000, generator=torch.Generator().manual_seed(2))
    mean = MIXED.shares @ MIXED.means
    torch.testing.assert_close(found.mean(0), mean, atol=0.02, rtol=0)
    square = MIXED.shares @ (MIXED.scales.square()[:, None] + MIXED.means.square())
    torch.testing.assert_close(found.square().mean(0), square, atol=0.08, rtol=0)


def test_a_grid():
    grid = GaussianGrid(3, spacing=5.0, scale=0.1)
    assert {tuple(one) for one in grid.means.tolist()} == {(x, y) for x in (-5, 0, 5) for y in (-5, 0, 5)}
    assert GaussianGrid(2, spacing=1.0, dimensions=1).means.tolist() == [[-0.5], [0.5]]
    with pytest.raises(ValueError, match="side"):
        GaussianGrid(200)


def test_places_refuse_what_they_cannot_hold():
    with pytest.raises(ValueError, match="means"):
        GaussianGrid(2, dimensions=3).places()
    with pytest.raises(ValueError, match="means"):
        GaussianMixture([[0.0], [1.0]], [1e-7, 1.0], [1.0, 1.0]).places()


def test_covered_modes_by_hand():
    grid = GaussianGrid(2, spacing=4.0, scale=0.1)  # modes at ±2
    inside, beyond = [2.0, 2.29], [2.0, 2.31]
    samples = torch.tensor([inside] * 97 + [[-2.0, 2.0], beyond, [0.0, 0.0]], dtype=torch.float64)
    found = covered_modes(samples, grid, share=0.02)
    assert int(found.hit) == 2
    assert int(found.well) == 1
    assert sorted(found.counts.tolist()) == [0, 0, 1, 97]
    assert float(found.none) == pytest.approx(0.02)
    both = covered_modes(torch.stack([samples, samples + 9]), grid)
    assert both.hit.tolist() == [2, 0]
    assert both.well.tolist() == [2, 0]


def test_nearest_is_counted_in_standard_deviations():
    uneven = GaussianMixture([[0.0], [1.0]], [0.1, 1.0], [1.0, 1.0])
    assert covered_modes([[0.4]], uneven).counts.tolist() == [0, 1]
