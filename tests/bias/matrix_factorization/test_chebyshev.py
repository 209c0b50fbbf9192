"""The stabilised method: order two, a stability region that grows with the square of its stages."""

import math

import pytest
import torch

from lecturelib.bias.matrix_factorization.chebyshev import Follower, between, spectral_radius, stages, step


def column(*numbers: float) -> torch.Tensor:
    return torch.tensor([numbers], dtype=torch.float64)


@pytest.mark.parametrize("s", [2, 3, 7, 50])
def test_the_order_is_two(s):
    """ẏ = −y², y(0) = 1, y(t) = 1/(1 + t): the error of one step falls as its third power."""
    f = lambda y: -y.square()  # noqa: E731
    errors = [abs(float(step(f, column(1.0), column(-1.0), h, s)) - 1 / (1 + h)) for h in (0.02, 0.01)]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("s", [2, 5, 20, 100])
def test_it_is_stable_as_far_as_it_says(s):
    limit = (s - 1) ** 2 / 1.54 - 1 / 1.54  # where s = 1 + √(1 + 1.54 h ρ)
    share = torch.linspace(0.01, 1, 400, dtype=torch.float64)[None]
    grown = step(lambda y: -limit * share * y, torch.ones_like(share), -limit * share, 1.0, s)
    assert float(grown.abs().max()) <= 1
    beyond = step(lambda y: -1.2 * s**2 * y, column(1.0), column(-1.2 * s**2), 1.0, s)
    assert float(beyond.abs()) > 1


def test_two_stages_by_hand():
    """The first stage is μ̃₁ = b₁ w₁; to first order in h the step is y + h f."""
    found = stages(2)
    h = 1e-6
    assert float(step(lambda y: -y, column(1.0), column(-1.0), h, 2)) == pytest.approx(1 - h + h**2 / 2, abs=1e-15)
    assert found.first > 0
    assert len(found.others) == 1


def test_the_radius_is_a_little_more_than_the_largest_eigenvalue():
    rates = column(0.1, 3.0, 7.0)
    y = column(1.0, 2.0, 3.0)
    radius, vector = spectral_radius(lambda y: -rates * y, y, -rates * y, torch.ones_like(y))
    assert 7 <= radius <= 1.2 * 7
    assert vector.abs().argmax() == 2


def test_a_stiff_flow_takes_few_steps_and_arrives():
    rates = torch.logspace(0, 5, 30, dtype=torch.float64)[None]
    calls = []

    def f(y):
        calls.append(1)
        return -rates * (y - 1)

    follower = Follower(f, torch.zeros_like(rates), accuracy=1e-4, until=3.0)
    while follower.now.time < 3.0:
        follower.advance()
    exact = 1 - torch.exp(-3 * rates)
    assert float((follower.now.y - exact).abs().max()) < 1e-3
    assert len(calls) < 3e5 / 2 / 20  # an explicit method of order two needs more than h = 2/ρ allows


def test_between_follows_a_cubic_exactly():
    curve = lambda t: column(t**3 - t)  # noqa: E731
    slope = lambda t: column(3 * t**2 - 1)  # noqa: E731
    reached = type(Follower(lambda y: -y, column(1.0), accuracy=1.0).now)
    ends = [reached(t, curve(t), slope(t)) for t in (1.0, 3.0)]
    middle = between(*ends, torch.tensor([0.25], dtype=torch.float64))
    assert float(middle) == pytest.approx(float(curve(1.5)), abs=1e-12)


def test_what_runs_away_ends_with_an_error():
    follower = Follower(lambda y: 1e3 * y**9, column(2.0), accuracy=1e-3)

    def follow():
        for _ in range(100_000):
            follower.advance()

    with pytest.raises(FloatingPointError, match="too small"):
        follow()
