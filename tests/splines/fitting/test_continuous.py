"""Continuous fits: cases by hand, between their bounds, hard inputs, laws, errors."""

import math

import pytest
import torch

from lecturelib.splines import (
    bridge,
    descend_knots,
    fit_continuous,
    fit_knots,
    quadratic_loss,
    segment,
    segment_losses,
    smooth_error,
)
from lecturelib.splines.fitting.continuous import crossings

LINE = torch.arange(10, dtype=torch.float64)
ROOF = (LINE - 4.5).abs()


def half_square(residuals):
    return float(residuals.square().sum()) / 2


def noisy(size, seed=0):
    x, y = torch.randn(2, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return x, torch.sin(2 * x) + 0.3 * y


def test_continuous_fits_of_a_roof():
    best = fit_knots(LINE, ROOF, [4.5])
    assert best.loss < 1e-25
    assert best.spline.delta_slopes.tolist() == pytest.approx([-1, 2])
    moved = descend_knots(LINE, ROOF, [3.1])
    assert moved.loss < 1e-12
    assert float(moved.spline.breakpoints[1]) == pytest.approx(4.5, abs=1e-5)
    assert fit_continuous(LINE, ROOF, 2).loss < 1e-12
    flat = fit_continuous(LINE, 2 * LINE + 1, 1)
    assert flat.loss < 1e-25
    assert flat([10.0]).tolist() == pytest.approx([21])


@pytest.mark.parametrize("pieces", [2, 5, 9])
def test_continuous_fits_lie_between_their_bounds(pieces):
    x, y = noisy(80)
    fit = fit_continuous(x, y, pieces)
    losses = segment_losses(x, y, pieces)
    assert fit.lower == pytest.approx(float(losses[-1]))
    assert fit.lower <= fit.loss == pytest.approx(half_square(fit(x) - y))
    start = crossings(segment(x, y, pieces), x)
    assert descend_knots(x, y, start).loss <= fit_knots(x, y, start).loss
    half = segment(x, y, (pieces + 1) // 2)
    joined = bridge(half, x)
    assert joined.breakpoints.numel() == 2 * half.starts.numel() - 1 <= pieces
    assert half_square(joined(x) - y) == pytest.approx(half.loss)


@pytest.mark.parametrize("target", [torch.sin, torch.exp, torch.square], ids=lambda one: one.__name__)
@pytest.mark.parametrize("pieces", [3, 8, 21])
def test_without_noise_the_best_pieces_meet(target, pieces):
    x = torch.linspace(-2, 2, 300, dtype=torch.float64)
    y = target(1.5 * x)
    best = segment(x, y, pieces)
    assert fit_knots(x, y, crossings(best, x)).loss == pytest.approx(best.loss, rel=1e-9)
    assert fit_continuous(x, y, pieces).loss == pytest.approx(best.loss, rel=1e-9)


def test_data_with_a_symmetry_do_not_hold_the_knots():
    """Four points of the chapter: with the knot in the middle the loss is stationary, and largest."""
    x, y = [0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 1.0]
    assert fit_knots(x, y, [1.5]).loss == pytest.approx(1 / 10)
    assert fit_continuous(x, y, 2).loss == pytest.approx(1 / 12)


def test_knots_move_downhill():
    x = torch.linspace(-2, 2, 300, dtype=torch.float64)
    y = x**2 / 2
    start = [-1.8, -1.2, -0.6]
    moved = descend_knots(x, y, start, steps=200)
    assert segment(x, y, 4).loss <= moved.loss < 0.1 * fit_knots(x, y, start).loss


def test_the_law_for_a_parabola():
    # k pieces of x²/2 on [−2, 2]: each of length 4/k has root mean square error (4/k)² / √720
    curvature = torch.ones_like
    assert smooth_error(curvature, -2.0, 2.0, 10) == pytest.approx(0.16 / math.sqrt(720))
    many = 100_000
    expected = math.sqrt(2 * quadratic_loss(many, 10, 4 / many) / many)
    assert smooth_error(curvature, -2.0, 2.0, 10) == pytest.approx(expected, rel=1e-6)
    assert smooth_error(lambda x: 4 * torch.ones_like(x), 0.0, 1.0, 1) == pytest.approx(4 / math.sqrt(720))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="^knots: expected numbers between"):
        fit_knots(LINE, ROOF, [0.0])
    with pytest.raises(ValueError, match="^x: expected at least two different"):
        fit_knots([1.0, 1.0], [0.0, 1.0], [])
