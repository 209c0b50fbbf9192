"""Densities and energies: at points known by hand, their masses, and that training finds them."""

import math

import pytest
import torch

from lecturelib.generative import random_continuous_flow, random_planar_flow
from lecturelib.generative.flows.targets import TARGETS, energies, entropy, log_masses, square_grid
from lecturelib.generative.flows.training import bound, fit_energies, fit_likelihood


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_samples_have_the_entropy(name):
    target = TARGETS[name]
    values = target.log_density(target.draw(40_000, draw()))
    assert bool(values.isfinite().all())
    assert float(-values.mean()) == pytest.approx(target.entropy, abs=5 * float(values.std()) / 200 + 1e-9)
    cells = square_grid(6.0, 300)
    assert float(target.log_density(cells).exp().sum()) * (12 / 300) ** 2 == pytest.approx(1, abs=1e-3)


def test_entropies_by_hand():
    assert TARGETS["checkerboard"].entropy == math.log(32)
    # eight Gaussians that hardly overlap: ln 8 + ln(2πe σ²), a little less as they do
    apart = math.log(8) + math.log(2 * math.pi * math.e / 8)
    assert apart - 0.02 < TARGETS["eight Gaussians"].entropy < apart
    assert entropy(lambda x: torch.full(x.shape[:1], -math.log(144)).double()) == pytest.approx(math.log(144))


def test_energies_by_hand():
    found = energies(torch.tensor([[2.0, 0.0], [1.0, 1.0], [-1.0, -1.0]], dtype=torch.float64))
    assert float(found[0, 0]) == pytest.approx(-math.log(1 + math.exp(-0.5 * (4 / 0.6) ** 2)))
    assert found[1, 1:].tolist() == pytest.approx([0.0, 0.0], abs=1e-12)  # on the curve y = sin(πx/2)
    assert float(found[2, 1]) == pytest.approx(-math.log(1 + math.exp(-0.5 * (3 / 0.35) ** 2)), abs=1e-12)
    assert float(found[3, 1]) == pytest.approx(-math.log(1 + math.exp(-0.5 * (1.5 / 0.35) ** 2)))
    outside = energies(torch.tensor([[0.0, 4.8]], dtype=torch.float64)) - energies(torch.tensor([[0.0, 4.0]]).double())
    assert float(outside[1]) == pytest.approx(0.5 * ((4.8 / 0.4) ** 2 - 10**2) + 2)  # the wall: two deviations deep


def test_masses_do_not_depend_on_the_grid():
    torch.testing.assert_close(log_masses(7.0, 700), log_masses(6.5, 900), rtol=1e-5, atol=0)


def test_training_finds_a_narrow_normal():
    start = random_continuous_flow([2, 8], generator=draw())
    narrow = {"draw": lambda count, generator: 0.5 * torch.randn(count, 2, generator=generator, dtype=torch.float64)}
    options = {"iterations": 100, "batch": 128, "rate": 3e-2, "steps": 3, "record_every": 10}
    _, losses = fit_likelihood(start, narrow["draw"], generator=draw(1), **options)
    floor = math.log(2 * math.pi * math.e / 4)
    assert len(losses) == 10
    assert losses[0] - floor > 0.25
    assert -0.1 < losses[-1] - floor < 0.1


def test_training_comes_near_to_energies():
    start = random_planar_flow(4, generator=draw(), ensemble=(4, 2))
    masses = log_masses(7.0, 500).reshape(4, 1, 1)
    before = (bound(start, energies, 4000, draw(1)) + masses).mean(-1)
    flow = fit_energies(start, energies, iterations=150, batch=64, rate=3e-2, generator=draw(2))
    after = (bound(flow, energies, 4000, draw(1)) + masses).mean(-1)
    assert bool((after < 0.7 * before).all())
    assert float(after.min()) > 0  # a divergence
