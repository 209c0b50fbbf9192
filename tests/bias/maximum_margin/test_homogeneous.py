"""Flows of homogeneous models: chains of weights, networks, and convolutions beside the flow of their filters."""

import numpy as np
import pytest
import torch
from scipy.special import expi

from lecturelib.bias import convolution_flow, hard_margin, homogeneous_flow
from lecturelib.bias.maximum_margin.experiments import _by_hand, rademacher_bound, rings, rings_run, sphere_run
from lecturelib.bias.maximum_margin.homogeneous import two_layers


def test_a_chain_of_two_weights_in_closed_form():
    times = [1.0, 1e3, 1e12]
    path = homogeneous_flow(lambda theta: theta.prod()[None], [1.0, 1.0], times)
    torch.testing.assert_close(path[:, 0], path[:, 1])
    m = (path[:, 0] ** 2).numpy()  # Ei(m) − Ei(1) = 2 t
    np.testing.assert_allclose(expi(m) - expi(1.0), 2 * np.array(times), rtol=1e-3)


def test_layers_grow_alike_and_the_smooth_margin_never_falls():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(6, 3, generator=generator, dtype=torch.float64)
    y = torch.sign(x[:, 0])
    margins, start = two_layers(x, y, 5), 0.5 * torch.randn(20, generator=generator, dtype=torch.float64)
    path = homogeneous_flow(margins, start, [0.0] + [10.0**k for k in range(0, 13)], tolerance=1e-5)
    difference = path[:, :15].square().sum(1) - 2 * path[:, 15:].square().sum(1)
    torch.testing.assert_close(difference, difference[:1].expand_as(difference), rtol=1e-2, atol=1e-2)
    log_loss = torch.stack([torch.logsumexp(-margins(theta), 0) for theta in path])
    smooth = (-log_loss / path.norm(dim=1) ** 3)[log_loss < 0]
    assert len(smooth) > 5
    assert bool((smooth.diff() > -1e-4).all())


def test_the_experiment_on_rings_repeats_itself():
    one = rings_run(seed=0, width=8, until=3)
    assert one == rings_run(seed=0, width=8, until=3)
    assert len(one["smooth"]) == len(one["margin"])
    assert all(a <= b for a, b in zip(one["smooth"], one["margin"], strict=True))
    assert 0 <= one["angle"][-1] < one["angle"][0] <= 180


def test_the_field_written_out_is_that_of_autograd():
    x, y = rings(0)
    margins, start = two_layers(x, y, 4), 0.5 * torch.randn(16, generator=torch.Generator().manual_seed(5)).double()
    place = start.clone().requires_grad_()
    m = margins(place)
    (wanted,) = torch.autograd.grad(torch.exp(0.7 - m).detach() @ m, place)
    np.testing.assert_allclose(_by_hand(x.numpy(), y.numpy(), 4)(0.7, start.numpy()), wanted, rtol=1e-12, atol=1e-12)


def test_a_bound_is_kept_by_the_run_on_the_sphere():
    run = sphere_run(seed=0, size=30, dimension=5)
    assert run["left_out"] <= min(run["support"], run["bound"])


def test_the_margin_bound_by_hand():
    m = torch.full((10_000,), 0.5, dtype=torch.float64)
    by_hand = 4 / (0.5 * 100) + np.sqrt(np.log(np.log2(4)) / 1e4) + np.sqrt(np.log(40) / 2e4)
    assert rademacher_bound(m, 1.0, 1.0) == pytest.approx(by_hand)
    assert rademacher_bound(-m, 1.0, 1.0) == np.inf


def test_one_layer_of_convolution_is_the_support_vector_machine():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(3, 8, generator=generator, dtype=torch.float64)
    y = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
    (beta,) = convolution_flow(x, y, [600.0], depth=1, tolerance=1e-4)
    assert float(beta @ hard_margin(x, y).direction / beta.norm()) > 0.9999


def test_two_layers_follow_the_flow_of_their_filters():
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(3, 6, generator=generator, dtype=torch.float64)
    y = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
    phases = torch.angle(torch.fft.fft(y @ x))
    first = torch.fft.ifft(0.5 * torch.exp(1j * phases), norm="ortho").real
    second = torch.fft.ifft(0.5 * torch.ones(6, dtype=torch.complex128), norm="ortho").real
    shifts = torch.stack([torch.arange(6).roll(k) for k in range(6)])

    def margins(theta):
        one, other = theta[:6], theta[6:]
        return y * (x @ (one @ other[shifts] / 6**0.5))

    theta = homogeneous_flow(margins, torch.cat([first, second]), [20.0], tolerance=1e-7)[0]
    wanted = theta[:6] @ theta[6:][shifts] / 6**0.5
    found = convolution_flow(x, y, [np.log(21.0)], depth=2, scale=0.5, tolerance=1e-7)[0]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_what_is_refused():
    with pytest.raises(ValueError, match="margins: expected a function of the parameters"):
        homogeneous_flow(lambda theta: 1.0, [1.0], [1.0])
    with pytest.raises(ValueError, match="times: expected increasing numbers"):
        homogeneous_flow(lambda theta: theta, [1.0], [2.0, 1.0])
    with pytest.raises(ValueError, match="log_times: expected increasing numbers"):
        convolution_flow([[1.0, 0.5]], [1], [2.0, 1.0], depth=2)
    with pytest.raises(ValueError, match="x: expected data whose mean of y x has all frequencies"):
        convolution_flow([[1.0, 1.0]], [1], [1.0], depth=2)


def test_a_start_whose_loss_overflows_is_refused_at_once():
    with pytest.raises(ValueError, match="finite slope"):
        homogeneous_flow(lambda theta: theta.prod()[None], [-30.0, 30.0], [1.0])
