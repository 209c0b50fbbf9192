"""Degrees of freedom: of ridge by its smoother, of nonlinear fits by their derivatives; dimension of data."""

import pytest
import torch

from lecturelib.bias import degrees_of_freedom, fit_polynomial, intrinsic_dimension, ridge_freedom
from lecturelib.bias.complexity.polynomials import ten_points


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_of_ridge_it_is_the_trace_of_the_smoother():
    x = torch.randn(7, 4, generator=generator(), dtype=torch.float64)
    for ridge in (0.0, 0.5, 20.0):
        smoother = x @ torch.linalg.solve(x.T @ x + ridge * torch.eye(4, dtype=x.dtype), x.T)
        assert float(ridge_freedom(x, ridge)) == pytest.approx(float(smoother.trace()))
    assert float(ridge_freedom(torch.cat([x, x], 1), 0.0)) == pytest.approx(4.0)


def test_estimates_have_the_trace_as_mean():
    matrix = torch.randn(6, 6, generator=generator(), dtype=torch.float64)
    found = degrees_of_freedom(lambda y: y @ matrix.T, [0.0] * 6, scale=0.3, draws=4000, generator=generator())
    assert abs(float(found.mean() - matrix.trace())) < 5 * float(found.std()) / 4000**0.5


def test_of_a_nonlinear_fit_it_is_the_sum_of_slopes():
    y = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    found = degrees_of_freedom(lambda t: t**3, y, scale=1e-4, draws=3, generator=generator())
    assert found.tolist() == pytest.approx([float((3 * y**2).sum())] * 3, rel=1e-6)


def test_fits_that_fail_or_have_another_shape_are_refused():
    for fit in (lambda y: y[:1], lambda y: y @ torch.ones(9), lambda y: 3.0):
        with pytest.raises(ValueError, match="fit: expected"):
            degrees_of_freedom(fit, [1.0, 2.0], scale=0.1, draws=2, generator=generator())


def test_ten_points_are_those_of_the_table():
    x, y = ten_points()
    assert float(y.mean()) == pytest.approx(0.19, abs=0.005)
    assert fit_polynomial(x, y, 3).tolist() == pytest.approx([0.31, 7.99, -25.43, 17.37], abs=0.005)
    through = fit_polynomial(x, y, 9)
    assert float((x[:, None] ** torch.arange(10) @ through - y).abs().max()) < 1e-7
    assert float(through[4]) == pytest.approx(-231639.30, abs=0.02)
    assert float(fit_polynomial(x, y, 9, 1.0).abs().max()) < 1


def test_dimension_of_a_plane_in_space():
    points = (
        torch.rand(2000, 2, generator=generator(), dtype=torch.float64)
        @ torch.randn(2, 9, generator=generator()).double()
    )
    assert float(intrinsic_dimension(points)) == pytest.approx(2.0, abs=0.2)
    both = intrinsic_dimension(torch.stack([points, 3 * points]))
    assert both[0] == pytest.approx(float(both[1]))
    with pytest.raises(ValueError, match="x: expected at least three different points"):
        intrinsic_dimension(torch.ones(5, 2))


def test_a_point_that_occurs_twice_counts_once_and_far_from_0_nothing_is_lost():
    points = torch.randn(120, 3, generator=generator()).double()
    alone = float(intrinsic_dimension(points))
    assert float(intrinsic_dimension(torch.cat([points, points[:50], points[:7]]))) == pytest.approx(alone, rel=1e-12)
    assert float(intrinsic_dimension(points + 1e6)) == pytest.approx(alone, rel=1e-6)
    assert float(intrinsic_dimension((points + 100).float())) == pytest.approx(alone, rel=0.02)
