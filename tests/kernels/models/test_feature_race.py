"""The race of fixed and learned features: its task, and what a trained network can do."""

import math

import pytest
import torch

from lecturelib.kernels.models.feature_race import PENALTY, neurons, race, start, task, train_neurons


def test_the_task_is_standardized_and_sees_one_direction():
    x, y, x_test, y_test, direction = task(3)
    assert (x.shape, y.shape, x_test.shape, y_test.shape) == ((300, 10), (300,), (1000, 10), (1000,))
    assert float(direction.norm()) == pytest.approx(1)
    for inputs, targets in ((x, y), (x_test, y_test)):
        size = (inputs @ direction).abs()
        torch.testing.assert_close(targets, (size - math.sqrt(2 / math.pi)) / math.sqrt(1 - 2 / math.pi))
    assert float(torch.cat([x, x_test]).std()) == pytest.approx(1, abs=0.03)
    assert float(y_test.mean()) == pytest.approx(0, abs=0.15)
    assert float(y_test.std()) == pytest.approx(1, abs=0.15)
    assert not torch.equal(task(4)[0], x)


def test_neurons_start_with_inputs_of_length_one():
    matrix, bias = start(0, 2000)
    assert float(matrix.square().sum(0).mean()) == pytest.approx(1, abs=0.05)
    assert (float(bias.mean()), float(bias.std())) == pytest.approx((0, 1), abs=0.08)


def test_features_have_a_constant():
    matrix, bias = start(0, 5)
    found = neurons(torch.eye(10, dtype=torch.float64)[:2], matrix, bias)
    assert found.shape == (2, 6)
    assert found[:, -1].tolist() == [1, 1]
    torch.testing.assert_close(found[:, :5], torch.relu(matrix[:2] + bias))


def adam(x, y, parts, steps, rate):
    """Adam as it is published, with b_1 = 0.9 and b_2 = 0.999, on the penalized loss."""
    parts = list(parts)
    first, second = ([torch.zeros_like(part) for part in parts] for _ in range(2))
    for step in range(steps):
        leaves = [part.clone().requires_grad_() for part in parts]
        matrix, bias, front = leaves
        f = torch.relu(x @ matrix + bias) @ front[:-1] + front[-1]
        gradients = torch.autograd.grad(((f - y) ** 2).mean() + 1e-4 * (front**2).sum(), leaves)
        for i, gradient in enumerate(gradients):
            first[i] = 0.9 * first[i] + 0.1 * gradient
            second[i] = 0.999 * second[i] + 0.001 * gradient**2
            mean, square = first[i] / (1 - 0.9 ** (step + 1)), second[i] / (1 - 0.999 ** (step + 1))
            parts[i] = parts[i] - rate * (1 - step / steps) * mean / (square.sqrt() + 1e-8)
    return parts


def test_training_is_adam_with_a_falling_rate():
    x, y, *_ = task(0)
    parts = (*start(0, 3), torch.tensor([1.0, -1.0, 0.5, 0.1], dtype=torch.float64))
    before = [part.clone() for part in parts]
    found = train_neurons(x, y, *parts, steps=7, learning_rate=0.05)
    for one, other in zip(found, adam(x, y, parts, 7, 0.05), strict=True):
        torch.testing.assert_close(one, other)
        assert not one.requires_grad
    assert all(torch.equal(one, other) for one, other in zip(before, parts, strict=True))


@pytest.mark.parametrize(("learned", "fitted"), [(False, False), (True, False), (True, True)])
def test_the_race_reports_what_an_independent_run_does(learned, fitted):
    x, y, x_test, y_test, direction = task(1)

    def ridge(features):
        with_price = torch.cat([features, math.sqrt(300 * PENALTY) * torch.eye(7, dtype=torch.float64)])
        return torch.linalg.lstsq(with_price, torch.cat([y, torch.zeros(7, dtype=torch.float64)])).solution

    first = matrix, bias = start(1, 6)
    front = torch.zeros(7, dtype=torch.float64) if learned and not fitted else ridge(neurons(x, *first))
    began = (neurons(x, *first) @ front - y).square().mean()
    if learned:
        matrix, bias, _ = adam(x, y, (*first, front), 20, 0.02)
    error = (neurons(x_test, matrix, bias) @ ridge(neurons(x, matrix, bias)) - y_test).square().mean()
    far = (matrix - first[0]).square().sum() + (bias - first[1]).square().sum()
    moved = (far / (first[0].square().sum() + first[1].square().sum())).sqrt()
    cosines = torch.cosine_similarity(matrix, direction[:, None], dim=0)
    found = race(seed=1, width=6, learned=learned, fitted=fitted, steps=20, learning_rate=0.02)
    expected = {
        "error": float(error),
        "began": float(began),
        "moved": float(moved),
        "turned": float(cosines.abs().mean()),
    }
    assert found == pytest.approx(expected, rel=1e-6)


def test_learned_features_turn_and_win():
    fixed, learned = (race(seed=0, width=8, learned=way) for way in (False, True))
    assert fixed["moved"] == 0 < learned["moved"]
    assert learned["error"] < fixed["error"] / 100
    assert learned["turned"] > 1.5 * fixed["turned"]
    told = race(seed=0, width=8, learned=True, fitted=False, steps=600, learning_rate=0.03)
    assert learned == pytest.approx(told, rel=1e-9)  # the defaults
    assert PENALTY == 1e-4
