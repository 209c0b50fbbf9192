"""The stored runs: what was stored is what the functions give, in small, and the exact parts by another way."""

import torch

from lecturelib.core.experiments import load
from lecturelib.generative.autoencoders import experiments
from lecturelib.generative.autoencoders.networks import VAE


def linear_vae():
    """A VAE whose decoder is linear, so that all is known: x = W z + s ε in three dimensions."""
    weights = torch.tensor([[1.0, 0.5, 0.0], [0.0, 0.7, 0.3]], dtype=torch.float64)
    decoder = torch.cat([weights, torch.zeros(1, 3, dtype=torch.float64)])
    encoder = torch.zeros(4, 4, dtype=torch.float64)
    encoder[:3, :2] = 0.4 * weights.mT
    return VAE((encoder,), (decoder,), 0.3), weights


def test_the_sum_over_the_plane_is_the_evidence():
    vae, weights = linear_vae()
    x = torch.tensor([[0.5, -0.2, 0.1], [1.0, 1.0, 0.0]], dtype=torch.float64)
    covariance = weights.mT @ weights + 0.3 * torch.eye(3)
    exact = torch.distributions.MultivariateNormal(torch.zeros(3).double(), covariance).log_prob(x)
    torch.testing.assert_close(experiments.log_evidence(vae, x), exact, rtol=1e-6, atol=1e-6)


def test_bounds_of_families_are_those_of_the_exact_gap():
    from lecturelib.generative import gaussian_gaps

    vae, weights = linear_vae()
    x = torch.tensor([[0.5, -0.2, 0.1]], dtype=torch.float64)
    exact = gaussian_gaps(weights @ weights.mT / 0.3 + torch.eye(2))
    truth = experiments.log_evidence(vae, x)
    mean, variance = vae.encode(x)
    start = (mean, 0.5 * variance.log(), torch.zeros(1).double())
    for kind in ("isotropic", "diagonal", "full"):
        found, start = experiments.best_bound(
            vae, x, kind, start, steps=300, generator=torch.Generator().manual_seed(0)
        )
        torch.testing.assert_close(truth - found, getattr(exact, kind)[None], rtol=0, atol=2e-3)


def test_a_mixture_of_one_component_twice_is_that_component():
    vae, _ = linear_vae()
    x = torch.tensor([[0.5, -0.2, 0.1]], dtype=torch.float64)
    mean = torch.tensor([[[0.3, 0.1]]], dtype=torch.float64)
    factor = torch.tensor([[[[0.5, 0.0], [0.2, 0.4]]]], dtype=torch.float64)
    one = experiments.mixture_bound(vae, x, torch.zeros(1, 1), mean, factor)
    two = experiments.mixture_bound(vae, x, torch.tensor([[0.0, 1.0]]), mean.repeat(1, 2, 1), factor.repeat(1, 2, 1, 1))
    torch.testing.assert_close(one, two)


def test_the_first_point_of_the_race_comes_out_again(monkeypatch):
    stored, _ = load(experiments.STORED / "race.json")
    monkeypatch.setattr(experiments, "COUNTS", experiments.COUNTS[:2])
    again = experiments.race(0.4, 0)
    row = next(one for one in stored if one.get("correlation") == 0.4)
    for name in ("bayes", "logistic", "penalized"):
        torch.testing.assert_close(torch.tensor(again[name]), torch.tensor(row[name][:2]), rtol=1e-6, atol=0)
    assert again["best"] == row["best"]


def test_digits_are_split_once():
    x, names, test, more = experiments.digits()
    assert (len(x), len(test), len(names), len(more)) == (1437, 360, 1437, 360)
    assert float(x.max()) == 1
    assert float(torch.cdist(test, x).amin()) > 0
    assert sorted(set(more.tolist())) == list(range(10))


def test_the_stored_vae_is_better_than_the_linear_model():
    from lecturelib.generative import fit_linear_vae

    vae, _ = experiments.stored_plane()
    x, _, test, _ = experiments.digits()
    bound = float(vae.elbo(test, generator=torch.Generator().manual_seed(0), draws=5).mean())
    assert bound > float(fit_linear_vae(x, 2).log_evidence(test).mean()) + 5
