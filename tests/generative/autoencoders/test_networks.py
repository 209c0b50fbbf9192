"""Autoencoders and variational ones: by hand, what training reaches in a case that is known exactly, ensembles."""

import math

import pytest
import torch

from lecturelib.generative import VAE, Autoencoder, fit_linear_vae, principal_components, train_autoencoder, train_vae


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def data():
    return normal(0, 200, 3) * torch.tensor([2.0, 0.8, 0.2]) @ torch.linalg.qr(normal(1, 3, 3)).Q


def test_two_layers_by_hand():
    one = Autoencoder(([[2.0], [1.0]], [[3.0], [-1.0]]), ([[0.5], [0.25]],))
    x = torch.tensor([[0.1], [-0.4]], dtype=torch.float64)
    code = 3 * torch.tanh(2 * x + 1) - 1
    torch.testing.assert_close(one.encode(x), code)
    torch.testing.assert_close(one(x), 0.5 * code + 0.25)
    assert one.latents == 1


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="^encoder: expected layers"):
        Autoencoder(([[2.0], [1.0]], [[3.0], [1.0], [-1.0]]), ([[0.5], [0.25]],))
    with pytest.raises(ValueError, match="^decoder: expected 1 columns, got 2"):
        Autoencoder(([[2.0], [1.0]],), ([[0.5, 1.0], [0.25, 1.0]],))
    with pytest.raises(ValueError, match="^encoder: expected 2 columns, got 1"):
        VAE(([[2.0], [1.0]],), ([[0.5], [0.25]],), 1.0)
    with pytest.raises(ValueError, match="^x: expected 1 columns, got 2"):
        Autoencoder(([[2.0], [1.0]],), ([[0.5], [0.25]],)).encode([[1.0, 2.0]])


def test_without_hidden_layers_the_autoencoder_finds_the_principal_components(data):
    found = train_autoencoder(data, latents=2, hidden=(), steps=1500, rate=0.03, batch=200, generator=seeded())
    least = float(principal_components(data, 2).variances[2:].sum())
    assert float((data - found(data)).square().sum(-1).mean()) == pytest.approx(least, rel=0.1)


def test_without_hidden_layers_the_vae_reaches_the_exact_optimum(data):
    vae = train_vae(data, latents=1, hidden=(), steps=4000, rate=0.05, batch=200, generator=seeded(), ensemble=2)
    exact = fit_linear_vae(data, 1)
    bound = vae.elbo(data, generator=seeded(1), draws=200).mean(-1)
    best = float(exact.log_evidence(data).mean())
    assert bool((bound < best + 0.01).all())
    assert bool((bound > best - 0.02).all())
    assert vae.noise.tolist() == pytest.approx([float(exact.noise)] * 2, rel=0.02)
    lengths = torch.stack([one.norm() for one in vae.decoder[0][:, :1]])
    assert lengths.tolist() == pytest.approx([float(exact.weights.norm())] * 2, rel=0.02)


def test_the_bound_by_hand():
    # q(z | x) = N(x/2, 1), p(x | z) = N(2 z, ½): E |x − 2 z|² = 4, KL = x²/8
    vae = VAE(([[0.5, 0.0], [0.0, 0.0]],), ([[2.0], [0.0]],), 0.5)
    x = torch.tensor([[1.0], [3.0]], dtype=torch.float64)
    exact = -0.5 * (math.log(math.pi) + 4 / 0.5) - x[:, 0].square() / 8
    found = vae.elbo(x.repeat(20_000, 1), generator=seeded(), draws=2).reshape(-1, 2).mean(0)
    torch.testing.assert_close(found, exact, atol=0.15, rtol=0)


def test_members_of_an_ensemble_and_fixed_noise(data):
    vae = train_vae(
        data, latents=2, hidden=(5,), steps=3, generator=seeded(), ensemble=(2, 3), noise=0.3, learn_noise=False
    )
    assert vae.shape == (2, 3)
    assert vae.noise.flatten().tolist() == pytest.approx([0.3] * 6)
    assert vae.elbo(data, generator=seeded()).shape == (2, 3, 200)
    mean, _ = vae.encode(data)
    torch.testing.assert_close(vae[1, 2].encode(data)[0], mean[1, 2])
    again = train_vae(
        data, latents=2, hidden=(5,), steps=3, generator=seeded(), ensemble=(2, 3), noise=0.3, learn_noise=False
    )
    assert again == vae
    assert train_vae(data.float(), latents=1, hidden=(4,), steps=1, generator=seeded()).dtype == torch.float32
