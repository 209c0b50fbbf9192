"""Wide networks as expansions: exact cases and errors; what is random is checked by the claims of the chapter."""

import math

import pytest
import torch

from lecturelib.splines import Target, curvature_density, sample, sampling_error, sine, spread


def generator():
    return torch.Generator().manual_seed(3)


def one(beta):
    return torch.ones_like(beta)


def test_shape_and_the_affine_part():
    line = Target(lambda b: 5 + 3 * b, lambda b: 3 + 0 * b, lambda b: 0 * b)
    networks = sample(line, (-1, 1), width=9, ensemble=4, generator=generator())
    assert networks.breakpoints.shape == (4, 10)
    torch.testing.assert_close(networks([-1.0, 0.0, 1.0]), torch.tensor([[2.0, 5.0, 8.0]] * 4, dtype=torch.float64))
    assert bool(((networks.breakpoints >= -1) & (networks.breakpoints <= 1)).all())


def test_one_neuron_is_enough():
    parabola = Target(lambda b: b**2, lambda b: 2 * b, lambda b: 2 + 0 * b)
    network = sample(parabola, (0, 3), width=1, generator=generator())
    assert network.slope_jumps.tolist() == [0.0, 6.0]  # c / (H p) = 2 · 3


def test_the_same_generator_gives_the_same_network():
    draw = [sample(sine(1.0), (0, 1), width=5, generator=generator()) for _ in range(2)]
    assert draw[0] == draw[1]


def test_derivatives_of_the_sine():
    x = torch.linspace(0, 3, 7, dtype=torch.float64, requires_grad=True)
    target = sine(1.7)
    (first,) = torch.autograd.grad(target.value(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    torch.testing.assert_close(target.slope(x), first)
    torch.testing.assert_close(target.curvature(x), second)


def test_a_sample_starts_as_the_target_does():
    networks = sample(sine(1.7), (0.4, 3.0), width=50, ensemble=5, generator=generator())
    assert networks([0.4]).flatten().tolist() == pytest.approx([math.sin(1.7 * 0.4)] * 5)
    assert float(networks.delta_slopes[0, 0]) == pytest.approx(1.7 * math.cos(1.7 * 0.4))


def test_the_sampling_error_is_the_predicted_one():
    runs = [sampling_error(seed=seed, width=200) for seed in range(60)]
    assert len({run["predicted"] for run in runs}) == 1
    mean_square = sum(run["measured"] ** 2 for run in runs) / 60
    # the mean of 60 squares of nearly normal errors scatters by about a fifth
    assert mean_square**0.5 / runs[0]["predicted"] == pytest.approx(1, abs=0.3)
    assert sampling_error(seed=1, width=200) == runs[1]
    x = torch.linspace(0, 5, 201, dtype=torch.float64)
    variance = spread(sine(2.0).curvature, (0, 5), width=200, x=x).square().mean()
    assert runs[0]["predicted"] == pytest.approx(float(variance) ** 0.5, rel=1e-12)
    # a variance over H: at four times the width half the error
    assert sampling_error(seed=1, width=800)["predicted"] == pytest.approx(runs[1]["predicted"] / 2)


def test_spread_of_a_parabola_by_hand():
    # c = 1 on [0, 1] at x = 1: ∫ (1 − β)² = 1/3, (∫ (1 − β))² = 1/4, so the variance of one hinge is 1/12
    found = spread(one, (0.0, 1.0), width=3, x=[0.0, 1.0])
    assert found.tolist() == pytest.approx([0.0, (1 / 36) ** 0.5], abs=1e-12)
    # twice the length: L ∫ (2 − β)² − (∫ (2 − β))² = 2 · 8/3 − 4 = 4/3
    assert float(spread(one, (0.0, 2.0), width=1, x=[2.0])) == pytest.approx((4 / 3) ** 0.5)


def test_density_integrates_to_the_mean_squared_jump():
    x = torch.tan(torch.linspace(-1.57, 1.57, 200_001, dtype=torch.float64))
    density = curvature_density(x, weight_scale=2.0, bias_scale=0.5, output_scale=3.0)
    # over the whole line E (w v)² = σ_w² σ_v²
    assert float(torch.trapezoid(density, x)) == pytest.approx(36.0, rel=1e-4)


def test_the_mean_network_is_the_function_and_its_spread_is_that():
    target, x = sine(1.3), torch.linspace(-1, 2, 7, dtype=torch.float64)
    values = sample(target, (-1, 2), width=3, ensemble=20_000, generator=generator())(x)
    predicted = spread(target.curvature, (-1, 2), width=3, x=x)
    assert float(((values.mean(0) - target.value(x)).abs() - 5 * predicted / 20_000**0.5).max()) <= 1e-12
    torch.testing.assert_close(values.std(0)[1:], predicted[1:], rtol=0.03, atol=0)  # five standard errors


def test_float32_stays():
    assert spread(one, (0, 1), width=3, x=torch.tensor([0.5])).dtype == torch.float32
    assert curvature_density(torch.ones(2), weight_scale=1, bias_scale=1, output_scale=1).dtype == torch.float32


def test_x_outside_of_the_interval_is_refused():
    for x in ([0.5, 1.5], [-0.5, 0.5]):
        with pytest.raises(ValueError, match=r"^x: expected numbers in \[0, 1\]"):
            spread(one, (0, 1), width=5, x=x)
    assert spread(one, (0, 1), width=5, x=[0.0, 1.0])[0] == 0
