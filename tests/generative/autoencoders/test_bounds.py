"""The bound and the gaps of Gaussian families: by hand, by torch's distributions, by sampling."""

import math

import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from lecturelib.generative import elbo, gaussian_gaps, gaussian_kl


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_divergence_as_torch_has_it():
    mean, variance = normal(0, 4, 3), normal(1, 4, 3).exp()
    ours = gaussian_kl(mean, variance)
    theirs = kl_divergence(
        Independent(Normal(mean, variance.sqrt()), 1), Independent(Normal(0 * mean, 1 + 0 * mean), 1)
    )
    torch.testing.assert_close(ours, theirs)
    assert float(gaussian_kl([0.0], [math.e])) == pytest.approx(0.5 * (math.e - 2))


def test_the_bound_is_exact_where_q_is_the_posterior():
    # p(z) = N(0, 1), p(x | z) = N(z, 1), x = 1: the posterior is N(½, ½), and ln p(x) that of N(0, 2)
    def joint(z):
        return (-0.5 * (z.square() + (1 - z).square()) - math.log(2 * math.pi)).sum(-1)

    def found(mean, factor):
        return float(elbo(joint, mean, factor, draws=20_000, generator=torch.Generator().manual_seed(3)))

    truth = -0.25 - 0.5 * math.log(4 * math.pi)
    assert found([0.5], [[math.sqrt(0.5)]]) == pytest.approx(truth, abs=0.02)
    assert found([0.5], [[-math.sqrt(0.5)]]) == pytest.approx(truth, abs=0.02)  # the sign of F does not matter
    # with N(1/2, 1) the gap is KL = ½ (2 − 1 − ln 2)
    assert found([0.5], [[1.0]]) == pytest.approx(truth - 0.5 * (1 - math.log(2)), abs=0.04)
    assert found([0.0], [[math.sqrt(0.5)]]) == pytest.approx(truth - 0.25, abs=0.03)


def test_gradients_pass_through_the_bound():
    mean = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    factor = torch.eye(2, dtype=torch.float64, requires_grad=True)
    goal = torch.tensor([1.0, -2.0], dtype=torch.float64)
    value = elbo(lambda z: z @ goal, mean, factor, draws=4, generator=torch.Generator().manual_seed(0))
    slopes = torch.autograd.grad(value, (mean, factor))
    torch.testing.assert_close(slopes[0], goal)
    noise = torch.randn(4, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64).mean(0)
    torch.testing.assert_close(slopes[1], torch.outer(goal, noise) + torch.eye(2).double())  # and that of ln |det F|


def test_wrong_functions_are_refused():
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(ValueError, match="^log_joint: expected one that gives shape"):
        elbo(lambda z: z, [0.0], [[1.0]], draws=3, generator=generator)
    with pytest.raises(ValueError, match="^factor: expected a matrix that has an inverse"):
        elbo(lambda z: z.sum(-1), [0.0], [[0.0]], draws=3, generator=generator)


def test_gaps_by_hand_and_in_ensembles():
    # correlation c: Λ_jj = 1/(1 − c²), det Λ = 1/(1 − c²): ½ ln 1/(1 − c²), the same for a circle
    c = 0.8
    precision = torch.linalg.inv(torch.tensor([[1.0, c], [c, 1.0]], dtype=torch.float64))
    found = gaussian_gaps(precision)
    assert float(found.diagonal) == pytest.approx(-0.5 * math.log(1 - c**2))
    assert float(found.isotropic) == pytest.approx(float(found.diagonal))
    unequal = torch.diag(torch.tensor([1.0, 4.0], dtype=torch.float64))
    both = gaussian_gaps(torch.stack([precision, unequal]))
    assert both.diagonal.tolist() == pytest.approx([-0.5 * math.log(1 - c**2), 0.0])
    assert float(both.isotropic[1]) == pytest.approx(math.log(2.5) - 0.5 * math.log(4))
    assert both.full.tolist() == [0, 0]
    q = MultivariateNormal(torch.zeros(2).double(), torch.diag(1 / precision.diagonal()))
    p = MultivariateNormal(torch.zeros(2).double(), precision_matrix=precision)
    assert float(kl_divergence(q, p)) == pytest.approx(float(found.diagonal))
    for wrong in ([[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.5], [0.0, 1.0]]):
        with pytest.raises(ValueError, match="^precision: expected symmetric positive definite"):
            gaussian_gaps(wrong)
