"""Best fits of straight pieces: cases by hand, hard inputs, errors, and a peer."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lecturelib.splines import Segmentation, fit_continuous, fit_knots, greedy_merge, segment, segment_losses
from lecturelib.splines.fitting.segmentation import grow, lines_of

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
    assert segment_losses([0.0, 1, 2], [0.0, 1, 0], 4).tolist() == pytest.approx([1 / 3, 0, 0, 0])


def test_order_of_the_data_does_not_matter():
    x, y = noisy(40)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    one, other = segment(x, y, 5), segment(x[order], y[order], 5)
    assert one.starts.tolist() == other.starts.tolist()
    assert one.loss == other.loss == pytest.approx(half_square(one(x) - y))


def test_points_with_the_same_x_stay_together():
    fit = segment([0.0, 1, 1, 2], [0.0, 0, 2, 5], 3)
    assert fit.starts.tolist() == [0, 3]  # a third piece would not help
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
    assert losses.shape == (pieces,)
    assert bool((torch.diff(losses) <= 0).all())
    fit = segment(x, y, pieces)
    assert len(fit.starts) <= min(pieces, x.unique().numel())
    assert half_square(fit(x) - y) == pytest.approx(fit.loss, abs=1e-12)
    assert fit.loss == pytest.approx(float(losses[-1]), abs=1e-12)


def test_more_pieces_than_data_are_no_harm():
    x, y = [0.0, 1.0, 1.0, 5.0], [1.0, 0.0, 2.0, 1.0]  # one line leaves ½ (1 + 1)
    assert segment_losses(x, y, 6).tolist() == pytest.approx([1.0] * 6)
    assert segment(x, y, 6).loss == pytest.approx(1.0)
    noise = noisy(5)
    assert segment_losses(*noise, 7)[4:].tolist() == pytest.approx([0.0] * 3, abs=1e-28)


def test_pieces_of_a_least_size():
    x, y = noisy(9)
    x, order = x.sort()
    y = y[order]

    def cost(*ends):
        return sum(segment(x[i:j], y[i:j], 1).loss for i, j in pairwise((0, *ends, 9)))

    best = min([(3, 6), (3,), (4,), (5,), (6,)], key=lambda ends: cost(*ends))
    assert segment(x, y, 3, min_size=3).starts.tolist() == [0, *best]
    assert segment_losses(x, y, 3, min_size=3).tolist()[::2] == pytest.approx([cost(), cost(*best)])
    assert segment_losses(x, y, 9, min_size=5).tolist() == pytest.approx([cost()] * 9)


def test_a_point_more_by_hand():
    line = lines_of(np.array([0.0, 2.0]), np.array([1.0, 1.0]), np.zeros(1, np.int64))[0]
    assert line.tolist() == [2, 1, 1, 2, 0, 0]  # n, means, Σ(x − x̄)², Σ(x − x̄)(y − ȳ), what is left
    grow(line, 4.0, 4.0)
    assert line.tolist() == pytest.approx([3, 2, 2, 8, 6, 9 / (1 + 1 / 2 + 9 / 2)])


@pytest.mark.parametrize("fit", [lambda x, y: segment(x, y, 4), lambda x, y: greedy_merge(x, y, 7)])
def test_precision_is_kept(fit):
    x, y = noisy(40)
    small, large = fit(x.float(), y.float()), fit(x.float().double(), y.float().double())
    assert isinstance(small, Segmentation)
    assert small(x).dtype == small.pieces.knots.dtype == torch.float32
    assert small.starts.tolist() == large.starts.tolist()
    assert small.to(torch.float64).pieces.slopes.tolist() == pytest.approx(large.pieces.slopes.tolist(), rel=1e-5)
    assert segment_losses(x.float(), y.float(), 3).dtype == torch.float32
    # no number of this precision lies between the two in the middle
    near, jump = torch.tensor([-1.0, 0.0, 1.0, 1.0 + 2**-23, 3.0, 5.0]), torch.tensor([0.0] * 3 + [9.0] * 3)
    assert segment(near, jump, 2)(near).tolist() == jump.tolist()


def test_small_losses_are_accurate():
    x = torch.linspace(-2, 2, 400, dtype=torch.float64)
    losses = segment_losses(x, x**2 / 2 + 1000 * x - 77, 80)
    expected = []
    for k in range(1, 81):
        sizes = [400 // k + (p < 400 % k) for p in range(k)]
        expected.append((4 / 399) ** 4 * sum(n * (n**2 - 1) * (n**2 - 4) for n in sizes) / 1440)
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
    with pytest.raises(ValueError, match="^x: expected shape"):
        segment([], [], 1)
    with pytest.raises(ValueError, match="^y: expected shape"):
        segment([0.0, 1.0], [0.0], 1)
    with pytest.raises(ValueError, match="^min_size: expected at most the 2 data points, got 3"):
        segment([0.0, 1.0], [0.0, 1.0], 1, min_size=3)


@pytest.mark.parametrize(
    "fit", [lambda *to: segment(*to, 2), lambda *to: greedy_merge(*to, 3), lambda *to: fit_continuous(*to, 2),
            lambda *to: fit_knots(*to, [0.5])],
)  # fmt: skip
def test_numbers_whose_squares_overflow_are_refused(fit):
    with pytest.raises(ValueError, match="^y: expected numbers whose squares have a finite sum, found 1e\\+200"):
        fit([0.0, 1.0, 2.0], [0.0, 1e200, 1.0])
    for size in (1e160, 1e-160):
        with pytest.raises(ValueError, match="^x: expected a range between 1e-152 and 1e\\+152, got 2e"):
            fit([0.0, size, 2 * size], [0.0, 1.0, 1.0])
