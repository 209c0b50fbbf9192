"""Principal components and the linear model: by hand, against scikit-learn, and against each other."""

import pytest
import torch
from sklearn.decomposition import PCA

from lecturelib.generative import LinearVAE, fit_linear_vae, principal_components


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def data():
    return normal(0, 60, 5) * torch.tensor([3.0, 2.0, 1.0, 0.5, 0.2]) @ normal(1, 5, 5) + normal(2, 5)


def test_components_as_scikit_learn_has_them(data):
    found, theirs = principal_components(data, 2), PCA(5).fit(data.numpy())
    torch.testing.assert_close(found.variances, torch.tensor(theirs.explained_variance_) * 59 / 60)
    torch.testing.assert_close((found.directions @ torch.tensor(theirs.components_[:2]).T).abs(), torch.eye(2).double())
    left = (data - found.decode(found.encode(data))).square().sum(-1).mean()
    assert float(left) == pytest.approx(float(found.variances[2:].sum()))
    few = principal_components(data[:2], 1)  # fewer data than dimensions
    assert few.variances[1:].tolist() == pytest.approx([0, 0, 0, 0])
    with pytest.raises(ValueError, match="^count: expected at most 5"):
        principal_components(data, 6)


def test_likelihood_of_the_fit_as_scikit_learn_has_it(data):
    model = fit_linear_vae(data, 2)
    # of the largest likelihood: no other weights, mean or noise nearby do better
    best = float(model.log_evidence(data).mean())
    for seed in range(20):
        near = LinearVAE(
            model.weights + 0.05 * normal(seed, 5, 2), model.mean + 0.01 * normal(seed + 50, 5), 1.02 * model.noise
        )
        assert float(near.log_evidence(data).mean()) < best
    exact = torch.distributions.MultivariateNormal(model.mean, model.covariance).log_prob(data)
    torch.testing.assert_close(model.log_evidence(data), exact)


def test_the_bound_touches_where_the_axes_are_the_components(data):
    model = fit_linear_vae(data, 3)
    torch.testing.assert_close(model.elbo(data, *model.encoder()), model.log_evidence(data))
    assert float(model.gap()) == pytest.approx(0, abs=1e-12)
    # turned, the same density has a posterior that is no longer diagonal
    turn = torch.linalg.qr(normal(3, 3, 3)).Q
    turned = LinearVAE(model.weights @ turn, model.mean, model.noise)
    torch.testing.assert_close(turned.covariance, model.covariance)
    gap = turned.log_evidence(data) - turned.elbo(data, *turned.encoder())
    torch.testing.assert_close(gap, turned.gap().expand(60))
    assert float(turned.gap()) > 0.1
    worse = turned.elbo(data, turned.encoder()[0], 1.3 * turned.encoder()[1])
    assert bool((worse < turned.elbo(data, *turned.encoder())).all())


def test_posterior_and_samples_belong_to_one_joint_law():
    model = LinearVAE([[1.0, 0.0], [0.5, 0.3], [0.0, 0.4]], [1.0, 0.0, -1.0], 0.2)
    x = model.sample(100_000, generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(x.mean(0), model.mean, atol=0.02, rtol=0)
    torch.testing.assert_close(torch.cov(x.T), model.covariance, atol=0.03, rtol=0)
    mean, spread = model.posterior(x)
    torch.testing.assert_close(torch.cov(mean.T) + spread, torch.eye(2).double(), atol=0.02, rtol=0)  # adds up to p(z)


def test_a_latent_below_the_noise_is_not_used(data):
    variances = principal_components(data, 1).variances
    model = fit_linear_vae(data, 4, noise=float(0.5 * (variances[1] + variances[2])))
    assert (model.weights.norm(dim=0) > 0).tolist() == [True, True, False, False]
    mean, wide = model.encoder()
    assert mean[2:].abs().max() == 0
    assert wide[2:].tolist() == [1, 1]


def test_what_has_no_fit_is_refused(data):
    with pytest.raises(ValueError, match="^latents: expected fewer than 5"):
        fit_linear_vae(data, 5)
    with pytest.raises(ValueError, match="^x: expected data that fill more than 2"):
        fit_linear_vae(normal(0, 9, 2) @ normal(1, 2, 5), 2)
