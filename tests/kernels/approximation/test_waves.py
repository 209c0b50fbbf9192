"""Waves, their norms, drawn networks, and the bound on fixed bases."""

import math

import numpy as np
import pytest
import torch

from lecturelib.kernels import RidgeNetwork, Waves, barron_norm, fixed_basis_error, maurey, neuron_mass


def drawn(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


WAVES = Waves([1.0, -0.7], [[1.0, 2.0, 0.0], [3.0, -1.0, 1.0]], [0.3, 2.0])
POINTS = 2 * torch.rand(60, 3, generator=drawn(), dtype=torch.float64) - 1


def test_values_and_norms_by_hand():
    f = Waves([2.0, -1.0], [[3.0, -4.0], [0.0, math.pi]], [0.0, math.pi / 2])
    assert f([[0.0, 0.5]]).tolist() == pytest.approx([2 * math.cos(-2) + math.sin(math.pi / 2)])
    assert barron_norm(f) == pytest.approx(14 + math.pi)
    assert barron_norm(f, order=2) == pytest.approx(98 + math.pi**2)


@pytest.mark.parametrize(("activation", "order"), [("step", 1), ("relu", 2)])
def test_the_mass_is_the_integral(activation, order):
    b = (np.arange(200000) + 0.5) / 200000
    total = 0.0
    for amplitude, frequency, phase in zip(WAVES.amplitudes, WAVES.frequencies, WAVES.phases, strict=True):
        u = float(frequency.abs().sum())
        for side in (1, -1):
            slope = np.sin if order == 1 else np.cos
            total += abs(float(amplitude)) * u**order * np.abs(slope(side * u * b + float(phase))).mean()
    assert neuron_mass(WAVES, activation) == pytest.approx(total, rel=1e-6)
    assert neuron_mass(WAVES, activation) <= 2 * barron_norm(WAVES, order=order)


@pytest.mark.parametrize("activation", ["step", "relu"])
def test_the_mean_of_networks_is_the_function(activation):
    outputs = maurey(WAVES, 40, drawn(1), activation=activation, ensemble=(3000,))(POINTS)
    score = (outputs.mean(0) - WAVES(POINTS)) / (outputs.std(0) / math.sqrt(3000))
    assert float(score.abs().max()) < 4.5


def test_the_mean_square_error_is_known_exactly():
    sizes = WAVES.frequencies.abs().sum(1)
    ends = WAVES.amplitudes @ (torch.cos(WAVES.phases + sizes) + torch.cos(WAVES.phases - sizes)) / 2
    for width in (5, 50):
        errors = (maurey(WAVES, width, drawn(2), ensemble=(4000,))(POINTS) - WAVES(POINTS)).square().mean(-1)
        expected = (neuron_mass(WAVES) ** 2 / 4 - float((WAVES(POINTS) - ends).square().mean())) / width
        assert float(errors.mean()) == pytest.approx(expected, abs=4.5 * float(errors.std()) / math.sqrt(4000))


@pytest.mark.parametrize("activation", ["step", "relu"])
def test_drawn_neurons_lie_where_the_statement_has_them(activation):
    network = maurey(WAVES, 500, drawn(3), activation=activation, ensemble=(2,))
    assert network.directions.abs().sum(-1).flatten().tolist() == pytest.approx([1.0] * 1000)
    assert bool(((network.offsets >= 0) & (network.offsets <= 1)).all())
    mass = neuron_mass(WAVES, activation)
    assert network.weights.abs().flatten().tolist() == pytest.approx([mass / 500] * 1000)
    assert network.constant.shape == (2,)
    assert network.slope.shape == (2, 3)


def test_constants_need_no_neurons():
    f = Waves([2.0], [[0.0, 0.0]], [0.0])
    network = maurey(f, 3, drawn())
    assert network.weights.tolist() == [0, 0, 0]
    assert network([[0.2, -0.9]]).tolist() == [2]


def test_networks_by_hand():
    network = RidgeNetwork([[1.0, 0.0], [0.0, -1.0]], [0.5, 0.0], [2.0, 3.0], 1.0, [1.0, 0.0], "relu")
    assert network([[0.75, -0.5]]).tolist() == [1 + 0.75 + 2 * 0.25 + 3 * 0.5]


def test_single_precision_is_kept():
    f = WAVES.to(torch.float32)
    network = maurey(f, 6, drawn())
    assert network.dtype == torch.float32
    assert network(POINTS.float()).dtype == torch.float32


def test_fixed_bases_by_hand():
    # one function beside cos and sin of πx, which have the norm 1/(√2 π) where C = 1: one half of a square is missed
    assert fixed_basis_error(1, 1) == pytest.approx(math.sqrt(1 / 2) / (math.sqrt(2) * math.pi))
    # two functions: the shells of lengths 1 and 2, 4 vectors with squares 1 + 1 + 4 + 4
    assert fixed_basis_error(2, 1) == pytest.approx(math.sqrt(2 / 10) / (math.sqrt(2) * math.pi))
    assert fixed_basis_error(3, 3, norm=2) == pytest.approx(2 * math.sqrt(3 / 6) / (math.sqrt(2) * math.pi))


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_fixed_bases_by_listing_all_vectors(dimension):
    line = torch.arange(-9, 10)
    lengths = torch.cartesian_prod(*[line] * dimension).reshape(-1, dimension).abs().sum(1)
    lengths = lengths[(lengths > 0) & (lengths <= 9)].sort().values.double()
    n = torch.arange(1, len(lengths) + 1)
    best = ((n - 7) / lengths.square().cumsum(0)).max()
    assert fixed_basis_error(7, dimension) == pytest.approx(float(best.sqrt()) / (math.sqrt(2) * math.pi))


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_the_curse_has_its_exponent(dimension):
    small, large = (fixed_basis_error(width, dimension) for width in (20_000, 160_000))
    assert math.log(large / small) / math.log(8) == pytest.approx(-1 / dimension, rel=0.02)
    assert small > 1 / (4 * math.pi * dimension) * 20_000 ** (-1 / dimension)
