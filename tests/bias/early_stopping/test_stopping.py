"""Stopped descent and its penalties, schedules, expected errors: by hand, by sampling, hard inputs."""

import math

import pytest
import torch

from lecturelib.bias import (
    StoppingRisk,
    descent_path,
    descent_penalties,
    flow_path,
    flow_penalties,
    ridge_path,
    ridge_risk,
    scheduled_path,
    stopping_risk,
)


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_penalties_by_hand():
    # c = 2, η = 0.25: each step halves the distance; after two steps ¾ are gone, as ridge with 2/(2 + q) = ¾ does
    assert descent_penalties([2.0], learning_rate=0.25, steps=[1, 2]).tolist() == [[2.0], [pytest.approx(2 / 3)]]
    # the flow halves it in the time ln 2 / c
    found = flow_penalties([2.0, 0.0], times=[math.log(2) / 2])[0].tolist()
    assert found == [pytest.approx(2), pytest.approx(2 / math.log(2))]
    # a step too far, then back on this side
    too_far = descent_penalties([4.0], learning_rate=0.375, steps=[1, 2])  # 1 − ηc = −½
    assert too_far.tolist() == [[pytest.approx(-4 / 3)], [pytest.approx(4 / 3)]]
    assert descent_penalties([0.0, 1.0], learning_rate=0.5, steps=[0]).tolist() == [[math.inf, math.inf]]
    assert flow_penalties([0.0, 1.0], times=[0.0]).tolist() == [[math.inf, math.inf]]
    assert flow_penalties([1e-12, 5.0], times=[2.0, 1e5]).tolist()[0][0] == pytest.approx(0.5)
    assert flow_penalties([5.0], times=[1e5]).tolist() == [[0.0]]


def test_small_rates_are_the_flow():
    c = torch.tensor([0.0, 0.1, 1.0, 3.0], dtype=torch.float64)
    found = descent_penalties(c, learning_rate=1e-6, steps=[10**6])
    torch.testing.assert_close(found, flow_penalties(c, times=[1.0]), rtol=1e-5, atol=0)


def test_a_schedule_takes_its_steps():
    a, b, start = normal(0, 3, 5), normal(1, 3), normal(2, 5)
    rates = torch.tensor([0.1, 0.02, 0.2, 0.05], dtype=torch.float64)
    w, path = start, [start]
    for rate in rates:
        w = w - rate * a.T @ (a @ w - b)
        path.append(w)
    torch.testing.assert_close(scheduled_path(a, b, start, rates=rates), torch.stack(path))
    same = scheduled_path(a, b, start, rates=[0.1] * 5)
    torch.testing.assert_close(same, descent_path(a, b, start, learning_rate=0.1, steps=range(6)))
    with pytest.raises(ValueError, match="^rates: expected fewer"):
        scheduled_path(a, b, start, rates=[1e10] * 50)


@pytest.mark.parametrize("shape", [(8, 3), (3, 6)])
def test_expected_errors_are_the_mean_over_noise(shape):
    a, truth, start, noise, runs = normal(3, *shape), normal(4, shape[1]), normal(5, shape[1]), 0.4, 40_000
    b = a @ truth + noise * normal(6, runs, shape[0])
    for path, risk, how in ((flow_path, stopping_risk, {"times": [0.0, 0.2, 1.5]}),
                            (ridge_path, ridge_risk, {"penalties": [0.1, 2.0]})):  # fmt: skip
        errors = (path(a, b, start, **how) - truth).square().sum(-1)
        found = risk(a, truth, start, noise=noise, **how)
        error = 5 * errors.std(1) / math.sqrt(runs) + 1e-12
        assert bool(((errors.mean(1) - found.total).abs() < error).all())
        exact = risk(a, truth, start, noise=0.0, **how)
        torch.testing.assert_close(exact.bias, found.bias)
        assert exact.variance.tolist() == [0] * len(exact.variance)


def test_risk_is_a_record():
    risk = StoppingRisk([1.0, 0.5], [0.0, 0.25])
    assert risk.total.tolist() == [1.0, 0.75]
    with pytest.raises(ValueError, match="^variance: expected shape"):
        StoppingRisk([1.0], [0.0, 1.0])


def test_never_worse_than_the_bound_and_nearly_as_bad_where_noise_rules():
    one = [[1.0]], [0.0], [0.0]
    worst = (
        stopping_risk(*one, noise=1.0, times=[1.7933]).total / ridge_risk(*one, noise=1.0, penalties=[1 / 1.7933]).total
    )
    assert float(worst[0]) == pytest.approx(1.6859, abs=1e-4)


@pytest.mark.parametrize(("noise", "size"), [(0.5, 1.0), (2.0, 0.7), (0.1, 3.0)])
def test_the_best_ridge_has_the_quotient_of_the_variances(noise, size):
    """Averaged over true weights of the variance ϱ², which are √d ϱ times each unit vector in turn."""
    draw = torch.Generator().manual_seed(3)
    a = torch.randn(6, 4, generator=draw, dtype=torch.float64)
    best = noise**2 / size**2
    penalties = best * torch.logspace(-0.3, 0.3, 121, dtype=torch.float64)
    truths = 2 * size * torch.eye(4, dtype=torch.float64)
    start = torch.zeros(4, dtype=torch.float64)
    total = sum(ridge_risk(a, truth, start, noise=noise, penalties=penalties).total for truth in truths) / 4
    assert float(penalties[total.argmin()]) == pytest.approx(best, rel=1e-9)
    stopped = sum(stopping_risk(a, truth, start, noise=noise, times=[1 / best]).total for truth in truths) / 4
    assert 1 <= float(stopped / total.min()) < 1.2147


def test_penalties_of_modes_that_have_long_arrived_keep_their_digits():
    times = [0.0, 30.0, 40.0, 300.0]
    exact = [math.inf] + [1 / math.expm1(t) for t in times[1:]]
    assert flow_penalties([1.0], times=times)[:, 0].tolist() == pytest.approx(exact, rel=1e-12)
    found = descent_penalties([20.0, 9.0], learning_rate=0.1, steps=[0, 1, 40])
    assert found[0].tolist() == [math.inf, math.inf]
    assert found[1].tolist() == pytest.approx([-10.0, 1.0])
    assert float(found[2, 1]) == pytest.approx(9 / (10**40 - 1), rel=1e-9)
