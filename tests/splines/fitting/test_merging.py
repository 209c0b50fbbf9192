"""Greedy merging: by hand, and within its budget."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lecturelib.splines import greedy_merge, segment, segment_losses
from lecturelib.splines.fitting.segmentation import single_points

LINE = torch.arange(10, dtype=torch.float64)
ROOF = (LINE - 4.5).abs()


def half_square(residuals):
    return float(residuals.square().sum()) / 2


def noisy(size, seed=0):
    x, y = torch.randn(2, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return x, torch.sin(2 * x) + 0.3 * y


def test_a_point_of_greedy_merging_is_all_data_at_one_place():
    x = np.array([0.0, 1.0, 1.0, 1.0, 2.5, 4.0, 4.0])
    y = np.array([3.0, 1.0, -2.0, 4.0, 0.5, 1.0, 6.0])
    starts, factors = single_points(x, y)
    assert starts.tolist() == [0, 1, 4, 5]
    rows = np.stack([np.ones(7), x - x.mean(), y - y.mean()], axis=1)
    for piece, factor in zip(np.split(rows, starts[1:]), factors, strict=True):
        np.testing.assert_allclose(factor.T @ factor, piece.T @ piece, atol=1e-12)


def test_greedy_merging_by_hand():
    fit = greedy_merge(LINE, ROOF, 5)
    assert fit.starts.numel() <= 5
    assert fit.loss < 1e-28
    assert greedy_merge([2.0, 1.0], [5.0, 3.0], 3).starts.tolist() == [0, 1]
    # which pairs of points stay apart in the first round is arbitrary, since a line fits any two; the bound is not
    assert greedy_merge(LINE, ROOF, 3).loss <= segment(LINE, ROOF, 1).loss


@pytest.mark.parametrize("pieces", [3, 4, 5, 8, 9])
def test_it_merges_as_the_words_have_it(pieces):
    x = torch.tensor([0.0, 0, 1, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12, 13, 14]).double()
    y = noisy(20, seed=3)[1]
    ends = [0, *(i for i in range(1, 20) if x[i] > x[i - 1]), 20]
    while (len(ends) - 1) // 2 > (pieces - 1) // 2:  # there are more pairs than are left apart
        pairs = range(1, len(ends) - 1, 2)
        errors = {i: segment(x[ends[i - 1] : ends[i + 1]], y[ends[i - 1] : ends[i + 1]], 1).loss for i in pairs}
        apart = sorted(errors, key=errors.get)[-((pieces - 1) // 2) :]
        ends = [end for i, end in enumerate(ends) if i not in errors or i in apart]
    assert greedy_merge(x, y, pieces).starts.tolist() == ends[:-1]


@given(st.integers(1, 60), st.integers(3, 30), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_greedy_merging_keeps_its_budget(size, pieces, seed):
    x, y = noisy(size, seed)
    fit = greedy_merge(x, y, pieces)
    count = fit.starts.numel()
    assert count <= pieces
    assert fit.loss >= float(segment_losses(x, y, count)[-1]) - 1e-12
    assert half_square(fit(x) - y) == pytest.approx(fit.loss, abs=1e-10)


def test_merging_needs_three_pieces():
    with pytest.raises(ValueError, match="^pieces: expected an integer, at least 3"):
        greedy_merge([0.0, 1.0], [0.0, 1.0], 2)
