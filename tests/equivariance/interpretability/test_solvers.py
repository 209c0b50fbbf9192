"""Spectral solvers against solutions that are known, and the stored table."""

import math

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.equivariance.interpretability import solvers
from lecturelib.equivariance.interpretability.table import ROWS, SEEDS, STORED, errors, monomials, times, with_noise


def test_a_soliton_travels():
    x, k = solvers._ring(-20, 20, 256)
    t = torch.linspace(0, 2, 3, dtype=torch.float64)
    wave = lambda t: 0.5 / torch.cosh((x - t) / 2) ** 2  # noqa: E731
    found = solvers.evolve(wave(0)[None], 1j * k**3, solvers._advected(k, 6), t, 50)
    assert float((found[0, :, -1] - wave(2)).abs().max()) < 1e-6


def test_order_four():
    """u' = −u − u² has a solution in closed form."""
    exact = 1 / (2 * math.e - 1)
    t = torch.tensor([0.0, 1.0], dtype=torch.float64)
    ends = []
    for steps in (16, 32, 64):
        nonlinear = lambda waves: -torch.fft.fft(torch.fft.ifft(waves).real.square())  # noqa: E731
        found = solvers.evolve(torch.ones(1, 4).double(), -torch.ones(4, dtype=torch.complex128), nonlinear, t, steps)
        ends.append(abs(float(found[0, 0, -1]) - exact))
    assert 12 < ends[0] / ends[1] < 20
    assert 12 < ends[1] / ends[2] < 20


def test_the_particle_on_a_spring_keeps_its_mass():
    flow = solvers.schroedinger()
    mass = flow.u[0].abs().square().sum(0)
    torch.testing.assert_close(mass, mass[0].expand(len(mass)), rtol=1e-6, atol=0)


def test_a_flow_on_a_torus_has_no_divergence():
    flow = solvers.vorticity(count=32)
    u, v = flow.u[1:, ..., 5]
    k = torch.fft.fftfreq(32, dtype=torch.float64) * 32
    wave = 1j * (k[:, None] * torch.fft.fft2(u) + k * torch.fft.fft2(v))
    curl = torch.fft.ifft2(1j * (k[:, None] * torch.fft.fft2(v) - k * torch.fft.fft2(u))).real
    wave[16], wave[:, 16] = 0, 0  # the fastest wave has no derivative on a grid
    assert float(wave.abs().max()) < 1e-9
    torch.testing.assert_close(curl, flow.u[0, ..., 5], rtol=0, atol=1e-2)


def test_noise_has_the_size_that_was_asked_for():
    u = torch.stack([torch.linspace(-1, 1, 5000), 10 * torch.linspace(-1, 1, 5000)]).double()
    off = with_noise(u, 0.1, torch.Generator().manual_seed(0)) - u
    torch.testing.assert_close(off.std(1) / u.std(1), torch.full((2,), 0.1).double(), rtol=0.05, atol=0)
    off = with_noise(u * (1 + 2j), 0.1, torch.Generator().manual_seed(0)) - u * (1 + 2j)
    assert float(off.imag.std(1)[0] / off.real.std(1)[0]) == pytest.approx(2, rel=0.05)


def test_dictionaries_of_several_fields():
    assert len(monomials(["u", "v"], 3)) == 10
    assert set(monomials(["u", "v"], 2)) == {"1", "u", "v", "u^2", "u v", "v^2"}
    assert times(["1", "u"], ["1", "u_x"]) == ["1", "u", "u_x", "u u_x"]
    for row in ROWS.values():
        assert all(set(truth) <= set(row.library) for truth in row.truth)
        assert len(set(row.library)) == len(row.library)


def test_the_stored_table():
    results, origin = load(STORED)
    assert origin.seeds == list(SEEDS)
    for name, row in ROWS.items():
        exact = errors(results, name, False)
        assert exact.shape == (1, sum(map(len, row.truth)))
        assert float(exact.max()) < 1.5
        assert len(errors(results, name, True)) == len(SEEDS)
        fields = next(one["fields"] for one in results if one["row"] == name and not one["noisy"])
        for field, truth in zip(fields, row.truth, strict=True):
            assert set(field["terms"]) == set(truth)
    assert 30 < float(errors(results, "KS", True).mean()) < 70
