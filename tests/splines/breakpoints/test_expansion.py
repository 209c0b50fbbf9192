"""Wide networks as expansions: exact cases and errors; what is random is checked by the claims of the chapter."""

import math

import pytest
import torch

from lecturelib.splines import curvature_density, from_curvature, sample, sampling_error, sine, spread


def generator():
    return torch.Generator().manual_seed(3)


def one(beta):
    return torch.ones_like(beta)


def test_shape_and_the_affine_part():
    networks = from_curvature(lambda b: 0 * b, -1, 1, value=2.0, slope=3.0, shape=(4, 9), generator=generator())
    assert networks.breakpoints.shape == (4, 10)
    torch.testing.assert_close(networks([-1.0, 0.0, 1.0]), torch.tensor([[2.0, 5.0, 8.0]] * 4, dtype=torch.float64))
    assert bool(((networks.breakpoints >= -1) & (networks.breakpoints <= 1)).all())


def test_one_neuron_is_enough():
    network = from_curvature(lambda b: 2 + 0 * b, 0, 3, value=0, slope=0, shape=(1,), generator=generator())
    assert network.slope_jumps.tolist() == [0.0, 6.0]  # c / (H p) = 2 · 3


def test_the_same_generator_gives_the_same_network():
    draw = [from_curvature(one, 0, 1, value=0, slope=0, shape=(5,), generator=generator())([1.0]) for _ in range(2)]
    assert torch.equal(*draw)


def test_derivatives_of_the_sine():
    x = torch.linspace(0, 3, 7, dtype=torch.float64, requires_grad=True)
    target = sine(1.7)
    (first,) = torch.autograd.grad(target.value(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    torch.testing.assert_close(target.slope(x), first)
    torch.testing.assert_close(target.curvature(x), second)


def test_a_sample_starts_as_the_target_does():
    networks = sample(sine(1.7), 0.4, 3.0, shape=(5, 50), generator=generator())
    assert networks([0.4]).flatten().tolist() == pytest.approx([math.sin(1.7 * 0.4)] * 5)
    assert float(networks.delta_slopes[0, 0]) == pytest.approx(1.7 * math.cos(1.7 * 0.4))


def test_the_sampling_error_is_the_predicted_one():
    runs = [sampling_error(seed=seed, width=200) for seed in range(60)]
    assert len({run["predicted"] for run in runs}) == 1
    mean_square = sum(run["measured"] ** 2 for run in runs) / 60
    # the mean of 60 squares of nearly normal errors scatters by about a fifth
    assert mean_square**0.5 / runs[0]["predicted"] == pytest.approx(1, abs=0.3)
    assert sampling_error(seed=1, width=200) == runs[1]
    # a variance over H: at four times the width half the error
    assert sampling_error(seed=1, width=800)["predicted"] == pytest.approx(runs[1]["predicted"] / 2)


def test_spread_of_a_parabola_by_hand():
    # c = 1 on [0, 1] at x = 1: ∫ (1 − β)² = 1/3, (∫ (1 − β))² = 1/4, so the variance of one hinge is 1/12
    found = spread(one, 0.0, 1.0, width=3, x=[0.0, 1.0])
    assert found.tolist() == pytest.approx([0.0, (1 / 36) ** 0.5], abs=1e-12)
    # twice the length: L ∫ (2 − β)² − (∫ (2 − β))² = 2 · 8/3 − 4 = 4/3
    assert float(spread(one, 0.0, 2.0, width=1, x=[2.0])) == pytest.approx((4 / 3) ** 0.5)


def test_density_integrates_to_the_mean_squared_jump():
    x = torch.tan(torch.linspace(-1.57, 1.57, 200_001, dtype=torch.float64))
    density = curvature_density(x, w_scale=2.0, b_scale=0.5, v_scale=3.0)
    # over the whole line E (w v)² = σ_w² σ_v²
    assert float(torch.trapezoid(density, x)) == pytest.approx(36.0, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("low", lambda: from_curvature(one, 1, 1, value=0, slope=0, shape=(5,), generator=generator())),
        ("shape", lambda: from_curvature(one, 0, 1, value=0, slope=0, shape=(0,), generator=generator())),
        ("shape", lambda: from_curvature(one, 0, 1, value=0, slope=0, shape=(0, 5), generator=generator())),
        ("shape", lambda: from_curvature(one, 0, 1, value=0, slope=0, shape=(), generator=generator())),
        ("low", lambda: spread(one, float("nan"), 1, width=5, x=[0.5])),
        ("x", lambda: spread(one, 0, 1, width=5, x=[0.5, 1.5])),
        ("x", lambda: spread(one, 0, 1, width=5, x=[-0.5, 0.5])),
        ("width", lambda: spread(one, 0, 1, width=0, x=[0.5])),
        ("w_scale", lambda: curvature_density([0.0], w_scale=0, b_scale=1, v_scale=1)),
        ("v_scale", lambda: curvature_density([0.0], w_scale=1, b_scale=1, v_scale=-1)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        call()
