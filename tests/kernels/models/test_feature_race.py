"""The race of fixed and learned features: its task, and what a trained network can do."""

import pytest
import torch

from lecturelib.kernels.models.feature_race import neurons, race, start, task


def test_the_task_is_standardized_and_sees_one_direction():
    x, y, x_test, y_test = task(3)
    assert (x.shape, x_test.shape) == ((300, 10), (1000, 10))
    assert float(y_test.mean()) == pytest.approx(0, abs=0.15)
    assert float(y_test.std()) == pytest.approx(1, abs=0.15)
    # |uᵀx| to the power 2 is a quadratic form of rank 1
    values = (0.6028102749890869 * torch.cat([y, y_test]) + (2 / torch.pi) ** 0.5) ** 2
    i, j = torch.triu_indices(10, 10)
    inputs = torch.cat([x, x_test])
    form = torch.zeros(10, 10, dtype=torch.float64)
    form[i, j] = torch.linalg.lstsq(inputs[:, i] * inputs[:, j], values[:, None]).solution[:, 0] / 2
    eigenvalues = torch.linalg.eigvalsh(form + form.T)
    assert eigenvalues.tolist() == pytest.approx([0] * 9 + [1], abs=1e-8)


def test_learned_features_move_and_win():
    fixed, learned = (race(seed=0, width=8, learned=way, steps=200) for way in (False, True))
    assert fixed["moved"] == 0 < learned["moved"]
    assert learned["error"] < fixed["error"]


def test_features_have_a_constant():
    matrix, bias = start(0, 5)
    found = neurons(torch.zeros(2, 10, dtype=torch.float64), matrix, bias)
    assert found.shape == (2, 6)
    assert found[:, -1].tolist() == [1, 1]
    torch.testing.assert_close(found[0, :5], torch.relu(bias))
