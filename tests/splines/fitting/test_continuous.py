"""Continuous fits: cases by hand, between their bounds, hard inputs, laws, errors."""

import math
from itertools import pairwise

import pytest
import torch

from lecturelib.splines import (
    descend_knots,
    fit_continuous,
    fit_knots,
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


def test_sixty_steps_unless_told():
    x, y = noisy(80)
    for fit, to in ((descend_knots, [-1.5, 0.1, 0.2, 0.3, 1.9]), (fit_continuous, 5)):
        assert fit(x, y, to).loss == fit(x, y, to, steps=60).loss < fit(x, y, to, steps=2).loss


def test_the_law_for_a_parabola():
    # k pieces of x²/2 on [−2, 2]: each of length 4/k has root mean square error (4/k)² / √720
    curvature = torch.ones_like
    assert smooth_error(curvature, (-2.0, 2.0), 10) == pytest.approx(0.16 / math.sqrt(720))
    assert smooth_error(lambda x: -4 * curvature(x), (0.0, 1.0), 1) == pytest.approx(4 / math.sqrt(720))
    # ∫ (x⁵)^{2/5} = 8/3 on [0, 2]
    assert smooth_error(lambda x: x**5, (0.0, 2.0), 3) == pytest.approx((8 / 3) ** 2.5 / 9 / math.sqrt(1440))


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="^knots: expected numbers between"):
        fit_knots(LINE, ROOF, [0.0])
    with pytest.raises(ValueError, match="^x: expected at least two different"):
        fit_knots([1.0, 1.0], [0.0, 1.0], [])
    with pytest.raises(ValueError, match="^x: expected at least two different"):
        fit_continuous([1.0, 1.0], [0.0, 1.0], 2)


def test_pieces_may_exceed_what_the_data_need():
    """Also where most data share one x, at which quantiles would lie."""
    x, y = [0.0, 0.0, 0.0, 0.0, 1.0, 3.0], [0.0, 0.0, 2.0, 2.0, 7.0, 1.0]
    for pieces in (2, 3, 9):
        fit = fit_continuous(x, y, pieces)
        assert fit.loss == pytest.approx(2.0)
        assert fit.lower == pytest.approx(2.0)
    assert fit_continuous(x, y, 1).loss == pytest.approx(fit_knots(x, y, []).loss)


def test_starts_are_where_the_best_pieces_meet():
    x = torch.arange(8.0, dtype=torch.float64)
    y = torch.tensor([0.0, 1, 2, 3, 9, 9.5, 10, 10.5], dtype=torch.float64)
    fit = segment(x, y, 2)  # they meet at x = 14, where they do not count
    assert crossings(fit, x).tolist() == [3.5]
    roof = segment(x, 10 - 3 * (x - 3.2).abs(), 2)
    assert crossings(roof, x).tolist() == pytest.approx([3.2])
    # lines x and 2x − 1.7 or so meet left of the middle of the first piece: at 1.7 they do not count, at 1.8 they do
    for place, found in ((1.7, 3.5), (1.8, 1.8), (5.2, 5.2), (5.3, 3.5)):
        bent = torch.where(x < 3.5, 0.0, 2 * (x - place))
        assert crossings(segment(x, bent, 2), x).tolist() == pytest.approx([found])


@pytest.mark.parametrize("size", [1e-150, 1e-30, 1.0, 1e30, 1e150])
def test_knots_come_to_rest_whatever_the_unit(size):
    """With slopes of 1e150 and more the squares of a step overflow: knots then stay, and no call hangs."""
    x, y = noisy(30)
    start = fit_knots(x, size * y, [-0.3, 0.2]).loss
    for moved in (
        descend_knots(x, size * y, [-0.3, 0.2], steps=3),
        descend_knots(size * x, y, [-0.3 * size, 0.2 * size]),
    ):
        assert math.isfinite(moved.loss)
    assert descend_knots(x, size * y, [-0.3, 0.2], steps=3).loss <= start
    if 1e-100 < size < 1e100:
        plain = descend_knots(x, y, [-0.3, 0.2], steps=3)
        assert descend_knots(x, size * y, [-0.3, 0.2], steps=3).loss == pytest.approx(size**2 * plain.loss)
        assert descend_knots(x, 0 * y, [-0.3, 0.2], steps=500).loss == 0


@pytest.mark.parametrize(("noise", "unit"), [(1.0, 1.0), (0.0, 1.0), (0.0, 1e9)])
def test_a_step_is_that_of_gauss_and_newton(noise, unit):
    """The first step, by automatic differentiation: the best values and the knots, damped by 1e-3 of the diagonal."""
    x = noisy(40)[0].sort().values
    y = unit * (torch.sin(2 * x) + noise * noisy(40, seed=1)[0])
    knots = torch.tensor([-0.9, 0.1, 0.8], dtype=torch.float64)

    def values(heights, inner):
        nodes = torch.cat([x[:1], inner, x[-1:]])
        piece = torch.searchsorted(nodes, x).clamp(1, 4)
        share = (x - nodes[piece - 1]) / (nodes[piece] - nodes[piece - 1])
        return heights[piece - 1] + share * (heights[piece] - heights[piece - 1])

    heights = fit_knots(x, y, knots)(torch.cat([x[:1], knots, x[-1:]]))
    jacobian = torch.cat(torch.autograd.functional.jacobian(values, (heights, knots)), 1)
    normal = jacobian.T @ jacobian
    damped = normal + 1e-3 * torch.diag(torch.diag(normal))
    step = -torch.linalg.solve(damped, jacobian.T @ (values(heights, knots) - y))[5:]
    gaps = 0.45 * torch.cat([x[:1], knots, x[-1:]]).diff()  # no knot goes further towards a neighbour
    moved = step.clamp(-gaps[:-1], gaps[1:])
    assert bool((moved != step).any())
    wanted = knots + moved
    if fit_knots(x, y, wanted).loss > fit_knots(x, y, knots).loss:
        wanted = knots
    assert descend_knots(x, y, knots, steps=1).spline.breakpoints[1:].tolist() == pytest.approx(wanted.tolist())


def test_precision_is_kept():
    x, y = noisy(40)
    for fit in (lambda *to: fit_knots(*to, [0.0, 0.5]), lambda *to: fit_continuous(*to, 3)):
        small, large = fit(x.float(), y.float()), fit(x.float().double(), y.float().double())
        assert small.spline.dtype == small(x.float()).dtype == torch.float32
        assert small.loss == pytest.approx(large.loss, rel=1e-6)
        torch.testing.assert_close(small(x.float()), large(x.float().double()).float(), rtol=1e-4, atol=1e-5)


def test_no_step_of_descent_makes_a_fit_worse():
    x = torch.linspace(-1, 1, 25, dtype=torch.float64)
    for seed in range(5):
        noise = torch.randn(25, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        y = torch.sign(torch.sin(5 * x)) + 0.5 * noise
        losses = [descend_knots(x, y, [-0.5, 0.0, 0.5], steps=steps).loss for steps in range(1, 12)]
        assert all(after <= before + 1e-12 for before, after in pairwise(losses))
        assert losses[-1] < losses[0]
