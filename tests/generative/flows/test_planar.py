"""Planar flows: a layer by hand, its inverse, where it is bent most; masses, samples, ensembles."""

import math

import pytest
import torch

from lecturelib.generative import PlanarFlow, log_density, push, random_planar_flow, sample
from lecturelib.generative.flows.continuous import log_normal


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def test_a_layer_by_hand():
    # wᵀu = 3, so wᵀû = −1 + ln(1 + e³) and û = wᵀû along w
    flow, s = PlanarFlow([[3.0, 1.0]], [[1.0, 0.0]], [0.5]), math.log1p(math.exp(3)) - 1
    assert flow.bent.tolist() == [[pytest.approx(s), 1.0]]
    found = push(flow, [[0.2, 0.0]])
    h = math.tanh(0.7)
    assert found.points.tolist() == [[pytest.approx(0.2 + s * h), pytest.approx(h)]]
    assert float(found.log_det[0]) == pytest.approx(math.log(1 + (1 - h * h) * s))


def test_long_w_is_corrected_by_its_square():
    # ‖w‖ = 3: with ‖w‖ in place of ‖w‖² the product would be −1 + … times 3
    flow = PlanarFlow([[-2.0, 0.0]], [[3.0, 0.0]], [0.0])
    assert float(flow.bent[0] @ flow.w[0]) == pytest.approx(math.log1p(math.exp(-6)) - 1)


@pytest.mark.parametrize("strength", [-30.0, -1.0, 0.0, 20.0])
def test_there_and_back(strength):
    flow = random_planar_flow(6, 3, generator=draw(), scale=1.0, ensemble=(2,))
    flow = PlanarFlow(flow.u + strength * flow.w, flow.w, flow.b)
    z = torch.randn(2, 40, 3, generator=draw(1), dtype=torch.float64)
    there = push(flow, z)
    again = push(flow, push(flow, there.points, inverse=True).points)
    torch.testing.assert_close(again.points, there.points, rtol=0, atol=1e-8)
    if strength > -30:  # else the map is flat at places, and points there cannot be told apart
        back = push(flow, there.points, inverse=True)
        torch.testing.assert_close(back.points, z, rtol=0, atol=1e-6)
        torch.testing.assert_close(back.log_det, -there.log_det, rtol=0, atol=1e-4)


def test_determinants_are_those_of_autograd():
    flow = random_planar_flow(5, 2, generator=draw(), scale=1.0)
    z = torch.randn(3, 2, generator=draw(1), dtype=torch.float64)
    for point, log_det in zip(z, push(flow, z).log_det, strict=True):
        slope = torch.autograd.functional.jacobian(lambda p: push(flow, p[None]).points[0], point)
        assert float(torch.linalg.slogdet(slope)[1]) == pytest.approx(float(log_det), abs=1e-12)


def test_a_density_has_mass_one_and_samples_follow_it():
    flow = random_planar_flow(3, generator=draw(3), scale=0.6)
    line = torch.linspace(-9, 9, 361, dtype=torch.float64)
    grid = torch.cartesian_prod(line, line)
    density = log_density(flow, grid).exp() * 0.0025
    assert float(density.sum()) == pytest.approx(1, abs=2e-3)
    drawn = sample(flow, 40_000, generator=draw(4))
    mean = (density[:, None] * grid).sum(0)
    assert bool(((drawn.mean(0) - mean).abs() < 0.03).all())


def test_ensembles_are_their_members():
    flow = random_planar_flow(3, generator=draw(), scale=1.0, ensemble=(2,))
    x = torch.randn(5, 2, generator=draw(1), dtype=torch.float64)
    both = log_density(flow, x)
    for k in range(2):
        torch.testing.assert_close(log_density(flow[k], x), both[k])
    assert sample(flow, 4, generator=draw()).shape == (2, 4, 2)


def test_no_strength_still_bends():
    # m(0) = ln 2 − 1: with u = 0 a layer is not the identity
    flow = PlanarFlow([[0.0, 0.0]], [[2.0, 0.0]], [0.0])
    assert float(flow.dots[0]) == pytest.approx(math.log(2) - 1)
    z = torch.zeros(1, 2, dtype=torch.float64)
    assert float(log_density(flow, z)[0]) == pytest.approx(float(log_normal(z)[0]) - math.log(math.log(2)))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="^w: expected vectors"):
        PlanarFlow([[1.0, 0.0]], [[0.0, 0.0]], [0.0])
    with pytest.raises(ValueError, match="^z: expected shape"):
        push(PlanarFlow([[1.0, 0.0]], [[1.0, 0.0]], [0.0]), [[1.0]])
