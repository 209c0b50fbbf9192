"""Best fits of straight pieces, continuous fits, moved breakpoints: cases by hand, hard inputs, errors, a peer."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lecturelib.splines import (
    Network,
    bridge,
    descend,
    descend_knots,
    fit_continuous,
    fit_knots,
    greedy_merge,
    initialize,
    quadratic_loss,
    relocate,
    segment,
    segment_losses,
    smooth_error,
)
from lecturelib.splines.fitting.continuous import crossings
from lecturelib.splines.fitting.merging import pair_up, single_points
from lecturelib.splines.fitting.race import METHODS, best_rates, race, standardize, under_batch_norm, used_pieces

PEER = json.loads((Path(__file__).parent / "ruptures.json").read_text(encoding="utf-8"))
LINE = torch.arange(10, dtype=torch.float64)
ROOF = (LINE - 4.5).abs()


def half_square(residuals):
    return float(residuals.square().sum()) / 2


def noisy(size, seed=0):
    x, y = torch.randn(2, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return x, torch.sin(2 * x) + 0.3 * y


# The dynamic program


def test_a_roof_by_hand():
    fit = segment(LINE, ROOF, 2)
    assert fit.starts.tolist() == [0, 5]
    assert fit.pieces.knots.tolist() == [4.5]
    assert fit.pieces.slopes.tolist() == pytest.approx([-1, 1])
    assert fit.pieces.intercepts.tolist() == pytest.approx([4.5, -4.5])
    assert fit.loss < 1e-28
    # one line for 0, 1, 0 has slope 0 and height 1/3: ½ (1/9 + 4/9 + 1/9)
    assert segment([0.0, 1, 2], [0.0, 1, 0], 1).loss == pytest.approx(1 / 3)
    assert segment_losses([0.0, 1, 2], [0.0, 1, 0], 4).tolist() == pytest.approx([1 / 3, 0, 0, math.inf])


def test_order_of_the_data_does_not_matter():
    x, y = noisy(40)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    one, other = segment(x, y, 5), segment(x[order], y[order], 5)
    assert one.starts.tolist() == other.starts.tolist()
    assert one.loss == other.loss == pytest.approx(half_square(one(x) - y))


def test_points_with_the_same_x_stay_together():
    fit = segment([0.0, 1, 1, 2], [0.0, 0, 2, 5], 3)
    assert fit.starts.tolist() == [0, 1, 3]
    assert fit.loss == pytest.approx(1)  # the best value at 1 is the mean, 1
    assert segment([1.0, 1, 1], [0.0, 3, 3], 1).loss == pytest.approx(3)
    assert fit([1.0]).tolist() == pytest.approx([1])
    # a line may turn about the mean of the points at x = 1
    assert segment([1.0, 1, 2], [0.0, 2, 7], 1).loss == pytest.approx(1)
    assert greedy_merge([0.0, 1, 1, 2, 3, 4, 5], [0.0, 0, 2, 5, 0, 9, 1], 3).loss >= 1


@given(st.lists(st.tuples(st.integers(-6, 6), st.integers(-9, 9)), min_size=1, max_size=9), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_losses_are_those_of_the_functions_and_never_grow(points, pieces):
    x, y = (torch.tensor(part, dtype=torch.float64) for part in zip(*points, strict=True))
    losses = segment_losses(x, y, pieces)
    possible = min(pieces, x.unique().numel())
    assert torch.isinf(losses).tolist() == [False] * possible + [True] * (pieces - possible)
    assert bool((torch.diff(losses[:possible]) <= 1e-12).all())
    fit = segment(x, y, possible)
    assert half_square(fit(x) - y) == pytest.approx(fit.loss, abs=1e-12)
    assert fit.loss == pytest.approx(float(losses[possible - 1]), abs=1e-12)


def test_small_losses_are_accurate():
    x = torch.linspace(-2, 2, 400, dtype=torch.float64)
    losses = segment_losses(x, x**2 / 2 + 1000 * x - 77, 80)
    expected = [quadratic_loss(400, k, 4 / 399) for k in range(1, 81)]
    np.testing.assert_allclose(losses.numpy()[:20], expected[:20], rtol=1e-7)
    np.testing.assert_allclose(segment_losses(x, x**2 / 2, 80).numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize(
    "case", PEER["cases"], ids=lambda case: f"{len(case['x'])}-{case['pieces']}-{case['min_size']}"
)
def test_equals_ruptures(case):
    fit = segment(case["x"], case["y"], case["pieces"], min_size=case["min_size"])
    assert fit.starts.tolist() == case["starts"]
    assert fit.loss == pytest.approx(case["loss"], rel=1e-9)


# Greedy merging


def test_a_point_of_greedy_merging_is_all_data_at_one_place():
    x = np.array([0.0, 1.0, 1.0, 1.0, 2.5, 4.0, 4.0])
    y = np.array([3.0, 1.0, -2.0, 4.0, 0.5, 1.0, 6.0])
    starts, factors = single_points(x, y)
    assert starts.tolist() == [0, 1, 4, 5]
    rows = np.stack([np.ones(7), x - x.mean(), y - y.mean()], axis=1)
    for piece, factor in zip(np.split(rows, starts[1:]), factors, strict=True):
        np.testing.assert_allclose(factor.T @ factor, piece.T @ piece, atol=1e-12)
    first, second = pair_up(factors)
    for factor, piece in ((first, rows[:4]), (second, rows[4:])):
        np.testing.assert_allclose(factor.T @ factor, piece.T @ piece, atol=1e-12)


def test_greedy_merging_by_hand():
    fit = greedy_merge(LINE, ROOF, 5)
    assert fit.starts.numel() <= 5
    assert fit.loss < 1e-28
    assert greedy_merge([2.0, 1.0], [5.0, 3.0], 3).starts.tolist() == [0, 1]
    # which pairs of points stay apart in the first round is arbitrary, since a line fits any two; the bound is not
    assert greedy_merge(LINE, ROOF, 3).loss <= segment(LINE, ROOF, 1).loss


@given(st.integers(1, 60), st.integers(3, 30), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_greedy_merging_keeps_its_budget(size, pieces, seed):
    x, y = noisy(size, seed)
    fit = greedy_merge(x, y, pieces)
    count = fit.starts.numel()
    assert count <= pieces
    assert fit.loss >= float(segment_losses(x, y, count)[-1]) - 1e-12
    assert half_square(fit(x) - y) == pytest.approx(fit.loss, abs=1e-10)


# Continuous fits


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


# Batch normalization and the race


def test_batch_norm_network_by_hand():
    network = under_batch_norm(Network([2.0, -3.0], [5.0, 7.0], [1.0, 10.0], 0.5))
    z = standardize([0.0, 2.0])
    assert z.tolist() == [-1, 1]
    assert network(z).tolist() == [10.5, 1.5]
    with pytest.raises(ValueError, match="^x: expected at least two different"):
        standardize([1.0, 1.0])


def test_batch_norm_trains_as_torch_does():
    generator = torch.Generator().manual_seed(0)
    start = initialize(6, "pytorch", generator=generator)
    x = torch.linspace(-1, 3, 30, dtype=torch.float64)
    y = torch.sin(x)
    layer = torch.nn.BatchNorm1d(6, eps=1e-30, dtype=torch.float64)
    v, b0 = start.v.clone().requires_grad_(), start.b0.clone().requires_grad_()
    optimizer = torch.optim.SGD([*layer.parameters(), v, b0], lr=1e-3)
    for _ in range(50):
        outputs = torch.relu(layer(x[:, None] * start.w + start.b)) @ v + b0
        optimizer.zero_grad()
        (0.5 * (outputs - y).square().sum()).backward()
        optimizer.step()
    mine = descend(under_batch_norm(start), standardize(x), y, steps=50, learning_rate=1e-3).final
    torch.testing.assert_close(mine.v, v.detach(), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(mine.b, layer.bias.detach(), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(mine.w, layer.weight.detach() * torch.sign(start.w), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_races(method):
    short = race(seed=0, pieces=6, method=method, rate=2.0, steps=1, points=100, members=2)
    longer = race(seed=0, pieces=6, method=method, rate=2.0, steps=400, points=100, members=2)
    assert sum(longer["losses"]) < sum(short["losses"])
    assert all(1 <= used <= 6 for used in longer["used"])
    assert longer == race(seed=0, pieces=6, method=method, rate=2.0, steps=400, points=100, members=2)


def test_the_race_reports_lost_runs_and_picks_rates():
    lost = race(seed=0, pieces=6, method="gd", rate=1e4, steps=50, points=100, members=2)
    assert lost["losses"] == [math.inf, math.inf]
    rows = [{"method": "gd", "pieces": 6, "rate": r, "losses": [x, x]} for r, x in ((1, 2.0), (2, 1.0), (3, math.inf))]
    assert best_rates(rows)[("gd", 6)]["rate"] == 2
    with pytest.raises(ValueError, match="^method: expected one of"):
        race(seed=0, pieces=6, method="lbfgs", rate=1.0, steps=1)


def test_used_pieces_by_hand():
    network = Network([1.0, 1, 1, -1, 1], [0.5, 0.6, -2.5, 1.5, 9], [1.0, 1, 1, 1, 1], 0.0)
    # breakpoints −0.5 and −0.6 share a gap, 2.5, 1.5, and −9 outside
    assert float(used_pieces(network, [-1.0, 0, 1, 2, 3])) == 4


# Errors


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="^x: expected at least one data point"):
        segment([], [], 1)
    with pytest.raises(ValueError, match="^y: expected shape"):
        segment([0.0, 1.0], [0.0], 1)
    with pytest.raises(ValueError, match="^y: expected finite"):
        segment([0.0, 1.0], [0.0, math.nan], 1)
    for pieces in (0, 1.5, True):
        with pytest.raises(ValueError, match="^pieces: expected a positive whole number"):
            segment([0.0, 1.0], [0.0, 1.0], pieces)
    with pytest.raises(ValueError, match="^pieces: expected at most as many as 2 different x allow"):
        segment([0.0, 1.0, 1.0], [0.0, 1.0, 1.0], 3)
    with pytest.raises(ValueError, match="^pieces: expected at least 3"):
        greedy_merge([0.0, 1.0], [0.0, 1.0], 2)
    with pytest.raises(ValueError, match="^knots: expected numbers between"):
        fit_knots(LINE, ROOF, [0.0])
    with pytest.raises(ValueError, match="^x: expected at least two different"):
        fit_knots([1.0, 1.0], [0.0, 1.0], [])
    with pytest.raises(ValueError, match=r"^network: expected one network, shape \(H,\)"):
        relocate(Network([[1.0]], [[1.0]], [[1.0]], [0.0]), LINE, LINE)
