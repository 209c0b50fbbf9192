"""Best fits of straight pieces: cases by hand, hard inputs, errors, and a peer."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lecturelib.splines import greedy_merge, quadratic_loss, segment, segment_losses

PEER = json.loads((Path(__file__).parent / "ruptures.json").read_text(encoding="utf-8"))
LINE = torch.arange(10, dtype=torch.float64)
ROOF = (LINE - 4.5).abs()


def half_square(residuals):
    return float(residuals.square().sum()) / 2


def noisy(size, seed=0):
    x, y = torch.randn(2, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return x, torch.sin(2 * x) + 0.3 * y


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


def test_bad_arguments_of_segments_are_named():
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
