"""Digits in a frame, and networks that must or must not notice that they are moved."""

import pytest
import torch

from lecturelib.core.experiments import load
from lecturelib.equivariance.convolution.digits import (
    ANGLES,
    KINDS,
    SEEDS,
    SHIFTS,
    SIZE,
    STORED,
    blurred,
    framed_digits,
    rotated,
    scores,
    start,
)


def test_digits_stand_in_the_middle_of_their_frame():
    x, labels = framed_digits()
    assert x.shape == (1797, 1, SIZE, SIZE)
    assert labels.bincount().min() > 170
    assert float(x.max()) == 1
    assert float(x.sum()) == float(x[:, :, 5:13, 5:13].sum())


def test_quarter_turns_are_exact_and_others_keep_the_ink():
    x = framed_digits()[0][:5]
    assert torch.equal(rotated(rotated(x, 90), 90), rotated(x, 180))
    assert torch.equal(rotated(x, 180), x.flip(2, 3))
    near = rotated(x, 89.99)
    assert float((near - rotated(x, 90)).abs().max()) < 0.01  # the same sense of rotation
    torch.testing.assert_close(rotated(x, 30).sum((1, 2, 3)), x.sum((1, 2, 3)), rtol=0.05, atol=0)


def test_a_blur_by_hand():
    x = torch.zeros(1, 1, SIZE, SIZE)
    x[0, 0, 3, 4] = 16
    found = blurred(x)[0, 0]
    assert found[1, 2] == found[2, 2] == 2
    assert found.sum() == 4


@pytest.mark.parametrize("kind", KINDS)
def test_who_notices_a_shift(kind):
    x = framed_digits()[0][:6].float()
    weights = [one.detach() for one in start(kind, torch.Generator().manual_seed(1))]
    at_rest, by_one, by_two = (scores(kind, weights, torch.roll(x, m, -1)) for m in (0, 1, 2))
    assert at_rest.shape == (6, 10)
    assert torch.allclose(at_rest, by_two, atol=1e-5) == (kind in ("pooled", "blurred"))
    assert not torch.allclose(at_rest, by_one, atol=1e-5)
    if kind == "pooled":
        even = scores("blurred", weights, x), scores("blurred", weights, torch.roll(x, 1, -1))
        assert float((even[0] - even[1]).norm()) < 0.5 * float((at_rest - by_one).norm())


def test_the_stored_runs_are_whole_and_even_shifts_change_nothing():
    runs, origin = load(STORED)
    assert origin.seeds == list(SEEDS)
    assert [(one["kind"], one["seed"]) for one in runs] == [(kind, seed) for kind in KINDS for seed in SEEDS]
    for one in runs:
        assert len(one["rotated"]) == len(ANGLES)
        at = dict(zip(SHIFTS, one["shifted"], strict=True))
        assert at[0] == one["rotated"][0] > 0.85
        assert max(at[-3], at[3]) < 0.5 or one["kind"] in ("pooled", "blurred")
        assert (len({at[m] for m in (-4, -2, 0, 2, 4)}) == 1) == (one["kind"] in ("pooled", "blurred"))
