"""Descent that is kicked: by hand, in ensembles, beyond stability."""

import pytest
import torch

from lecturelib.bias import descent_path, kicked_descent, least_norm

A, B, START = [[1.0, 2.0]], [5.0], [3.0, -1.0]


def test_without_kicks_it_is_descent():
    found = kicked_descent(A, B, START, torch.zeros(3, 2).double(), learning_rate=0.1)
    torch.testing.assert_close(found, descent_path(A, B, START, learning_rate=0.1, steps=[0, 1, 2, 3]))


def test_a_kick_along_the_solutions_stays_and_one_across_is_forgotten():
    kicks = torch.zeros(2, 60, 2, dtype=torch.float64)
    kicks[0, 5], kicks[1, 5] = torch.tensor([2.0, -1.0]), torch.tensor([1.0, 2.0])
    along, across = kicked_descent(A, B, START, kicks, learning_rate=0.1)[:, -1]
    assert (along - least_norm(A, B, START)).tolist() == pytest.approx([2, -1])
    torch.testing.assert_close(across, least_norm(A, B, START))


def test_decay_by_hand():
    # slope (−4 a) and decay 0.5 w: (3, −1) + 0.1 (4, 8) − 0.05 (3, −1)
    path = kicked_descent(A, B, START, [[1.0, 0.0]], learning_rate=0.1, decay=0.5)
    assert path[1].tolist() == pytest.approx([3 + 0.4 - 0.15 + 1, -1 + 0.8 + 0.05])


def test_ensembles_and_precision():
    kicks = torch.randn(4, 3, 5, 2, generator=torch.Generator().manual_seed(0))
    single = [torch.tensor(one) for one in (A, B, START)]
    path = kicked_descent(*single, kicks, learning_rate=0.1)
    assert path.shape == (4, 3, 6, 2)
    assert path.dtype == torch.float32
    torch.testing.assert_close(path[2, 1], kicked_descent(*single, kicks[2, 1], learning_rate=0.1))


def test_weights_that_overflow_are_an_error():
    with pytest.raises(ValueError, match="^learning_rate: expected one that is stable, got 9"):
        kicked_descent(A, B, START, torch.zeros(600, 2), learning_rate=9.0)
