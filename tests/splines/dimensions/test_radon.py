"""Coefficients of wide networks: bells whose answer is known, every activation, and where none exists."""

import math

import pytest
import torch

from lecturelib.splines import (
    BreakPlanes,
    Coefficients,
    coefficients_of,
    dual_radon,
    infinite_network,
    radon_norm,
    sphere,
)


def bell(width, centre=0.0):
    return lambda x: torch.exp(-(x - centre).square().sum(-1) / (2 * width**2))


def places(dimension):
    return 0.8 * torch.randn(6, dimension, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize(("dimension", "area"), [(1, 2), (2, 2 * math.pi), (3, 4 * math.pi)])
def test_the_sphere_has_its_area_and_second_moments(dimension, area):
    xi, weights = sphere(dimension, 18)
    assert float(weights.sum()) == pytest.approx(area, rel=1e-14)
    torch.testing.assert_close((weights[:, None] * xi).T @ xi, area / dimension * torch.eye(dimension).double())
    assert float(torch.cdist(xi, -xi).min(1).values.max()) < 1e-7


@pytest.mark.parametrize(
    ("dimension", "options", "tolerance"),
    [(1, {"radius": 8.0, "offsets": 161}, 1e-7), (2, {"radius": 8.0, "offsets": 129, "directions": 40}, 1e-5),
     (3, {"radius": 6.0, "offsets": 49, "directions": 98}, 5e-3)],
)  # fmt: skip
def test_the_dual_transform_of_relu_coefficients_is_the_laplacian(dimension, options, tolerance):
    found = coefficients_of(bell(1.0, 0.2), "relu", dimension=dimension, **options)
    x = places(dimension)
    square = (x - 0.2).square().sum(1)
    expected = (square - dimension) * torch.exp(-square / 2)
    assert float((dual_radon(found, x) - expected).abs().max()) < tolerance


def test_on_the_line_coefficients_are_half_the_second_derivative():
    found = coefficients_of(bell(1.0), "relu", dimension=1, radius=8.0, offsets=161)
    gamma = found.offsets
    expected = 0.5 * (gamma**2 - 1) * torch.exp(-(gamma**2) / 2)
    torch.testing.assert_close(found.values, expected.expand(2, -1), atol=1e-10, rtol=0)
    # ∫ |f″| / 2 from both sides: 4 e^{−1/2}
    assert radon_norm(found) == pytest.approx(4 * math.exp(-0.5), rel=2e-3)


def test_in_the_middle_of_the_plane():
    # D = 2: a(0) = −(1/4π) (1/2π) ∫ |ϑ|³ 2π e^{−ϑ²/2} dϑ = −1/(4π) · 4
    found = coefficients_of(bell(1.0), "relu", dimension=2, radius=8.0, offsets=129, directions=4)
    assert float(found.values[0, 64]) == pytest.approx(-1 / math.pi, rel=1e-3)


@pytest.mark.parametrize(("activation", "parity"), [("step", -1), ("relu", 1), (3.0, -1), (4.0, 1)])
def test_every_power_is_a_network_and_has_its_parity(activation, parity):
    f, x = bell(1.0, 0.2), places(1)
    found = coefficients_of(f, activation, dimension=1, radius=9.0, offsets=721)
    assert float((infinite_network(found, x, activation) - f(x)).abs().max()) < (2e-2 if activation == "step" else 1e-4)
    torch.testing.assert_close(found.values[1].flip(0), parity * found.values[0], atol=1e-9, rtol=0)


def test_broken_powers_and_finite_networks():
    f, x = bell(1.0, 0.2), places(1)
    found = coefficients_of(f, 1.5, dimension=1, radius=9.0, offsets=721)
    assert float((infinite_network(found, x, 1.5) - f(x)).abs().max()) < 3e-3
    relu = coefficients_of(f, 2.0, dimension=1, radius=9.0, offsets=721)
    torch.testing.assert_close(relu.planes()(x), infinite_network(relu, x))


def test_units_that_saturate():
    wide, x = bell(1.5, 0.2), places(1)
    for activation, f in (("saturating", wide), ("sigmoid", bell(2.0))):
        found = coefficients_of(f, activation, dimension=1, radius=20.0, offsets=401)
        assert float((infinite_network(found, x, activation) - f(x)).abs().max()) < 1e-3
    with pytest.raises(ValueError, match="^function: expected a transform that is 0 at"):
        coefficients_of(bell(0.4), "saturating", dimension=1, radius=9.0, offsets=401)
    with pytest.raises(ValueError, match="^function: expected one whose transform falls"):
        coefficients_of(bell(0.4), "sigmoid", dimension=1, radius=9.0, offsets=401)
    # narrower units are blind at higher frequencies only
    found = coefficients_of(bell(0.4), "saturating", dimension=1, radius=9.0, offsets=721, width=0.25)
    assert float((infinite_network(found, x, "saturating", width=0.25) - bell(0.4)(x)).abs().max()) < 1e-3


def test_the_norm_counts_what_both_faces_have_together():
    plane = BreakPlanes([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]], [2.0, -2.0, 2.0], [3.0, -1.0, 0.5], 0.0)
    assert radon_norm(plane) == 2.5
    odd = Coefficients([[1.0], [-1.0]], [1.0, 1.0], [-1.0, 0.0, 1.0], [[1.0, 2, 3], [-3.0, -2, -1]])
    assert radon_norm(odd) == 0
    with pytest.raises(ValueError, match="^function: expected with every direction"):
        radon_norm(Coefficients([[1.0]], [1.0], [-1.0, 0.0, 1.0], [[1.0, 2, 3]]))


def test_bad_functions_and_grids_are_named():
    with pytest.raises(ValueError, match="^function: expected a tensor of shape"):
        coefficients_of(lambda x: x, "relu", dimension=1, radius=3.0)
    with pytest.raises(ValueError, match="^function: failed"):
        coefficients_of(lambda x: x @ x, "relu", dimension=1, radius=3.0)
    with pytest.raises(ValueError, match="^offsets: expected at least 16"):
        coefficients_of(bell(1.0), dimension=1, radius=3.0, offsets=9)
    with pytest.raises(ValueError, match="^offsets: expected two or more numbers, increasing"):
        Coefficients([[1.0]], [1.0], [0.0, 1.0, 3.0], [[1.0, 1, 1]])
    with pytest.raises(ValueError, match="^coefficients: expected at least 8 offsets"):
        dual_radon(Coefficients([[1.0]], [1.0], [0.0, 1.0], [[1.0, 1]]), [[0.5]])
