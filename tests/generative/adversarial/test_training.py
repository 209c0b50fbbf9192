"""Training: against a plain loop with autograd and dense second derivatives, compiled against in torch; records."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.func import grad, hessian, jacfwd
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from lecturelib.core import shallow_steps
from lecturelib.core.small_networks import Layout, streams
from lecturelib.generative import GaussianGrid, GaussianMixture, covered_modes, train_gan
from lecturelib.generative.adversarial.training import Source

DATA = GaussianMixture([[-1.0], [1.5]], [0.3, 0.4], [1.0, 2.0])
SMALL = {
    "g_sizes": (3,), "d_sizes": (4, 3), "latent": 2, "batch": 6, "samples": 20, "steps": 7, "latent_scale": 0.8,
    "learning_rate": 0.05, "d_learning_rate": 0.08, "activation": "tanh",
}  # fmt: skip


def seeded(seed=3):
    return torch.Generator().manual_seed(seed)


def loop(method, saturating, d_steps, optimizer, solve="squared", damping=1.0):
    """The same game by autograd: one pair, losses written down anew, optimizers of torch, H in full and inverted."""
    generator = seeded()
    g_net, d_net = Layout((2, 3, 1), "tanh"), Layout((1, 4, 3, 1), "tanh")
    g, d = (one.start(1, generator=generator)[0].requires_grad_() for one in (g_net, d_net))
    plan = SimpleNamespace(batch=6, networks=(g_net, d_net), latent_scale=0.8, method=method, d_steps=d_steps)
    source = Source(DATA, plan, streams(generator, 1)[0], np.dtype(float))
    noise, real = (torch.from_numpy(one).mT for one in source.draw(7))

    def loss_of_d(d, g, z, x):
        real, fake = d_net.outputs(d, x), d_net.outputs(d, g_net.outputs(g, z))
        return cross_entropy(real, torch.ones_like(real)) + cross_entropy(fake, torch.zeros_like(fake))

    def loss_of_g(g, d, z):
        logits = d_net.outputs(d, g_net.outputs(g, z))
        return torch.log(1 - torch.sigmoid(logits)).mean() if saturating else -torch.log(torch.sigmoid(logits)).mean()

    kind = {"sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam}[optimizer]
    move_g, move_d = kind([g], lr=0.05), kind([d], lr=0.08)
    for z, x in zip(noise, real, strict=True):
        if method == "alternating":
            for k in range(d_steps):
                d.grad = grad(loss_of_d)(d.detach(), g.detach(), z[k], x[k])
                move_d.step()
            g.grad = grad(loss_of_g)(g.detach(), d.detach(), z[-1])
            move_g.step()
            continue
        here = (d.detach().clone(), g.detach().clone(), z[0], x[0])
        g.grad, d.grad = grad(loss_of_g)(here[1], here[0], z[0]), grad(loss_of_d)(*here)
        move_g.step()
        move_d.step()
        if method == "follow_the_ridge":
            h, mixed = hessian(loss_of_d)(*here), jacfwd(grad(loss_of_d), argnums=1)(*here)
            b, eye = mixed @ (g.detach() - here[1]), torch.eye(len(h), dtype=h.dtype)
            squared = solve == "squared"
            matrix, right = (h @ h, h @ b) if squared else (h, b)
            with torch.no_grad():
                d -= torch.linalg.solve(matrix + damping * eye, right)
    return g.detach(), d.detach()


@pytest.mark.parametrize("loss", ["saturating", "non_saturating"])
@pytest.mark.parametrize(
    ("method", "d_steps", "optimizer"),
    [("simultaneous", 1, "sgd"), ("simultaneous", 1, "adam"), ("alternating", 1, "rmsprop"), ("alternating", 3, "adam"),
     ("follow_the_ridge", 1, "sgd"), ("follow_the_ridge", 1, "rmsprop")],
)  # fmt: skip
def test_it_is_what_a_plain_loop_does(method, d_steps, optimizer, loss):
    run = train_gan(
        DATA,
        method=method,
        d_steps=d_steps,
        optimizer=optimizer,
        loss=loss,
        solve_steps=200,
        generator=seeded(),
        **SMALL,
    )
    g, d = loop(method, loss == "saturating", d_steps, optimizer)
    torch.testing.assert_close(run.g_parameters[-1, 0], g, rtol=0, atol=1e-8)
    torch.testing.assert_close(run.d_parameters[-1, 0], d, rtol=0, atol=1e-8)
    assert float((run.g_parameters[-1] - run.g_parameters[0]).abs().max()) > 1e-3


def test_a_shifted_solve_with_a_shift_that_is_large_enough():
    run = train_gan(
        DATA, method="follow_the_ridge", solve="shifted", damping=5.0, solve_steps=60, generator=seeded(), **SMALL
    )
    g, d = loop("follow_the_ridge", True, 1, "sgd", solve="shifted", damping=5.0)
    torch.testing.assert_close(run.g_parameters[-1, 0], g, rtol=0, atol=1e-9)
    torch.testing.assert_close(run.d_parameters[-1, 0], d, rtol=0, atol=1e-9)
    assert run.broken.tolist() == [0.0]


def test_without_enough_shift_it_breaks_and_says_so():
    options = SMALL | {"method": "follow_the_ridge", "damping": 1e-6, "ensemble": 2}
    shifted, squared = (
        train_gan(DATA, solve=solve, solve_steps=12, generator=seeded(), **options) for solve in ("shifted", "squared")
    )
    assert float(shifted.broken.min()) > 0
    assert squared.broken.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("method", "activation", "loss", "optimizer", "solve"),
    [
        ("simultaneous", "relu", "non_saturating", "rmsprop", "squared"),
        ("follow_the_ridge", "relu", "non_saturating", "sgd", "squared"),
        ("simultaneous", "relu", "saturating", "momentum", "squared"),
        ("alternating", "relu", "non_saturating", "sgd", "squared"),
        ("follow_the_ridge", "relu", "saturating", "adam", "squared"),
        ("follow_the_ridge", "tanh", "non_saturating", "sgd", "squared"),
        ("follow_the_ridge", "relu", "saturating", "sgd", "shifted"),
    ],
)
@pytest.mark.parametrize("g_sizes", [(5, 4), (5,)])  # with one layer and ReLU by masks
def test_compiled_is_as_in_torch(method, activation, loss, optimizer, solve, g_sizes):
    found = [
        train_gan(
            GaussianGrid(2, spacing=2.0), g_sizes=g_sizes, d_sizes=6, method=method, loss=loss, optimizer=optimizer,
            d_steps=2 if method == "alternating" else 1, solve=solve, damping=0.5, solve_steps=4, steps=8, batch=9,
            ensemble=2, samples=50, learning_rate=0.02, activation=activation, record_every=5, device=device,
            generator=seeded(),
        )
        for device in (None, "cpu")
    ]  # fmt: skip
    assert found[0].steps == [0, 5, 8]
    for name in ("g_parameters", "d_parameters", "value", "g_losses", "samples", "broken"):
        torch.testing.assert_close(*(getattr(one, name) for one in found), rtol=0, atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("method", ["alternating", "follow_the_ridge"])
def test_masks_give_what_the_general_way_gives(method, dtype, monkeypatch):
    """At the width of the experiments, after a hundred steps: from there on rounding grows."""
    options = {"method": method, "steps": 100, "samples": 1, "dtype": dtype}
    by_masks = train_gan(GaussianGrid(3), generator=seeded(), **options)
    monkeypatch.setattr(shallow_steps, "MOST_ROWS", 0)
    general = train_gan(GaussianGrid(3), generator=seeded(), **options)
    moved = float((general.d_parameters[-1] - general.d_parameters[0]).abs().max())
    for name in ("g_parameters", "d_parameters"):
        gap = float((getattr(by_masks, name) - getattr(general, name)).abs().max())
        assert 0 < gap < (1e-12 if dtype == torch.float64 else 1e-4) * moved


@pytest.mark.parametrize("g_sizes", [(4,), (4, 4)])
def test_what_diverges_is_said(g_sizes):
    options = {"learning_rate": 1e30, "steps": 20, "dtype": torch.float32}
    with pytest.raises(ValueError, match="all pairs diverged"):
        train_gan(DATA, g_sizes=g_sizes, d_sizes=4, samples=5, generator=seeded(), **options)


def test_what_is_recorded_is_what_the_networks_do():
    run = train_gan(GaussianGrid(2, spacing=1.0, scale=0.3), ensemble=2, record_every=3, generator=seeded(), **SMALL)
    assert run.steps == [0, 3, 6, 7]
    made = run.g.outputs(run.g_parameters[1, 1], run.latents[1])
    torch.testing.assert_close(run.samples[1, 1], made)
    away = torch.sigmoid(run.d.outputs(run.d_parameters[1, 1], made))
    assert float(run.g_losses[1, 1]) == pytest.approx(float(torch.log(1 - away).mean()))
    covered = covered_modes(run.samples, GaussianGrid(2, spacing=1.0, scale=0.3))
    assert torch.equal(run.hit, covered.hit)
    assert torch.equal(run.well, covered.well)
    assert float(run.latents.std()) == pytest.approx(0.8, abs=0.2)


def test_a_discriminator_that_says_one_half_everywhere():
    """V is −2 ln 2 there, and with D kept still nothing pulls at G."""
    data = torch.zeros(1, 1)
    run = train_gan(data, latent=1, g_sizes=2, d_sizes=2, steps=0, samples=10, generator=seeded())
    assert run.hit is None
    logits = [run.d.outputs(run.d_parameters[0, 0], x) for x in (torch.zeros(10, 1).double(), run.samples[0, 0])]
    expected = torch.log(torch.sigmoid(logits[0])).mean() + torch.log(1 - torch.sigmoid(logits[1])).mean()
    assert float(run.value) == pytest.approx(float(expected))
    # all biases are 0 at the start, and so is the logit at 0
    assert float(torch.log(torch.sigmoid(logits[0])).mean()) == pytest.approx(-math.log(2))


def test_how_often_is_recorded_and_who_else_trains_changes_nothing():
    runs = [
        train_gan(DATA, ensemble=members, record_every=every, generator=seeded(), **SMALL)
        for members, every in ((2, None), (2, 2))
    ]
    assert torch.equal(runs[0].g_parameters[-1], runs[1].g_parameters[-1])


def test_given_points_are_all_that_is_seen():
    points = torch.tensor([[1.0], [2.0], [5.0]])
    plan = SimpleNamespace(batch=50, networks=(Layout((2, 1)),), latent_scale=1.0, method="simultaneous", d_steps=1)
    _, real = Source(points, plan, streams(seeded(), 1)[0], np.dtype(float)).draw(4)
    assert real.shape == (4, 1, 1, 50)
    assert set(np.unique(real)) == {1.0, 2.0, 5.0}


def test_draws_are_those_of_the_generators_of_numpy():
    """Whatever puts them in place: stored runs depend on it."""
    plan = SimpleNamespace(batch=50, networks=(Layout((2, 1)),), latent_scale=0.5, method="simultaneous", d_steps=1)
    noise, real = Source(DATA, plan, streams(seeded(), 1)[0], np.dtype(float)).draw(4)
    picking, scatter, inputs = streams(seeded(), 1)[0].spawn(3)
    picks = np.searchsorted([1 / 3], picking.random((4, 1, 50)), side="right")
    expected = np.array([-1.0, 1.5])[picks] + np.array([0.3, 0.4])[picks] * scatter.standard_normal((4, 1, 50))
    np.testing.assert_allclose(real[:, :, 0], expected, rtol=0, atol=1e-15)
    assert np.array_equal(noise, 0.5 * inputs.standard_normal((4, 1, 2, 50)))


def test_draws_from_a_mixture_have_its_moments():
    plan = SimpleNamespace(batch=500, networks=(Layout((2, 1)),), latent_scale=0.5, method="alternating", d_steps=2)
    noise, real = Source(DATA, plan, streams(seeded(), 1)[0], np.dtype(float)).draw(50)
    assert noise.shape == (50, 3, 2, 500)
    assert real.shape == (50, 2, 1, 500)
    assert noise.std() == pytest.approx(0.5, rel=0.02)
    assert real.mean() == pytest.approx(2 / 3, abs=0.03)
    assert real.var() == pytest.approx((0.09 + 2 * 0.16) / 3 + 2 / 9 * 2.5**2, rel=0.03)


def test_several_steps_of_d_are_for_alternating_alone():
    with pytest.raises(ValueError, match="d_steps"):
        train_gan(DATA, d_steps=2, steps=1, generator=seeded())
