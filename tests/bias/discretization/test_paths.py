"""Paths: steps, flows, epochs and schedules against what is known by hand."""

import math
from itertools import permutations

import pytest
import torch

from lecturelib.bias import euler_path, field_flow, gradient_field, schedule_penalty, shuffle_mean


def turning(w):
    return torch.stack([w[..., 1], -w[..., 0]], dim=-1)


def test_steps_by_hand():
    path = euler_path(turning, [1.0, 0.0], learning_rate=0.5, steps=2)
    assert path.tolist() == [[1.0, 0.0], [1.0, -0.5], [0.75, -1.0]]
    assert euler_path(turning, [1.0, 0.0], learning_rate=0.5, steps=0).tolist() == [[1.0, 0.0]]


def test_a_flow_that_is_known():
    times = [0.0, 0.5, 0.5, 3.0]
    path = field_flow(turning, [1.0, 0.0], times=times, tolerance=1e-12)
    expected = torch.tensor([[math.cos(t), -math.sin(t)] for t in times], dtype=torch.float64)
    torch.testing.assert_close(path, expected, rtol=0, atol=1e-10)


def test_ensembles_and_precisions():
    start = torch.ones(3, 4, 2)
    assert euler_path(turning, start, learning_rate=0.1, steps=5).shape == (6, 3, 4, 2)
    flow = field_flow(turning, start, times=[1.0])
    assert flow.shape == (1, 3, 4, 2)
    assert flow.dtype == torch.float32
    assert torch.equal(field_flow(turning, start, times=[0.0, 0.0]), torch.ones(2, 3, 4, 2))


def test_an_epoch_is_the_mean_over_its_orders():
    losses = [lambda w: torch.cos(w).sum(-1), lambda w: (w**2).sum(-1), lambda w: (w**3).sum(-1)]
    slopes = [lambda w: -torch.sin(w), lambda w: 2 * w, lambda w: 3 * w**2]
    start, ends = torch.tensor([[0.7, -0.2]], dtype=torch.float64), []
    for order in permutations(slopes):
        w = start
        for slope in order:
            w = w - 0.1 * slope(w)
        ends.append(w)
    torch.testing.assert_close(shuffle_mean(losses, start, learning_rate=0.1), torch.stack(ends).mean(0))


def test_one_batch_is_one_step():
    def loss(w):
        return (w**4).sum(-1)

    one = euler_path(gradient_field(loss), [1.5], learning_rate=0.01, steps=1)[-1]
    torch.testing.assert_close(shuffle_mean([loss], [1.5], learning_rate=0.01), one)


def test_a_schedule_by_hand():
    # λ = 2 and rates ¼, ½: the second step lands on the minimum, so that nothing is penalized
    assert float(schedule_penalty(2.0, [0.25, 0.5])) == 0.0
    assert float(schedule_penalty(1.0, [0.5])) == pytest.approx(1.0)
    assert float(schedule_penalty(3.0, [0.5])) == pytest.approx(3 * -0.5 / 1.5)  # beyond the minimum


def test_a_schedule_of_small_eigenvalues_is_one_over_the_sum():
    rates = [0.5, 0.1, 0.02]
    values = torch.tensor([0.0, 1e-12, 1e-6], dtype=torch.float64)
    off = schedule_penalty(values, rates) * sum(rates) - 1
    assert off.abs().max() < 1e-6
    # α = 1/Σh − λ/2 (1 + Σh²/(Σh)²) + …, by the series of the logarithm
    slope = (float(schedule_penalty(1e-6, rates)) - 1 / sum(rates)) / 1e-6
    assert slope == pytest.approx(-0.5 * (1 + sum(h * h for h in rates) / sum(rates) ** 2), rel=1e-4)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: euler_path(lambda w: w**3, [10.0], learning_rate=1.0, steps=50),
            "learning_rate: .* 1 overflows at step 6",
        ),
        (lambda: field_flow(lambda w: w**2, [1.0], times=[2.0]), "field: expected one whose solution exists until 2"),
        (lambda: field_flow(turning, [1.0, 0.0], times=[1.0, 0.5]), "times: expected increasing"),
        (lambda: field_flow(lambda w: w.sum(-1), [1.0, 0.0], times=[1.0]), "field: expected a function that gives"),
        (lambda: euler_path(lambda w: w.sum(-1), [1.0, 0.0], learning_rate=1, steps=1), "field: expected a function"),
        (lambda: shuffle_mean([torch.sum] * 9, [1.0], learning_rate=0.1), "losses: expected at most 8"),
        (lambda: schedule_penalty([1.0, 4.0], [0.1, 0.5]), "learning_rates: expected h λ below 2"),
        (lambda: schedule_penalty([1.0], []), "learning_rates: expected shape"),
    ],
)
def test_errors(call, said):
    with pytest.raises(ValueError, match=said):
        call()
