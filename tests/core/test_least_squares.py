"""Descent on least squares: by hand, full batches of every kind, errors."""

import math

import pytest
import torch

from lecturelib.core.least_squares import batch_factor, least_norm, ridge_path
from lecturelib.kernels import LeastSquares, descent_path, expected_path, flow_path, largest_rate, stochastic_descent
from lecturelib.kernels.models.sgd_experiment import cubic_fit

ONE = LeastSquares([[1.0], [3.0]], [2.0, 2.0])  # L = ½ ((w − 2)² + (3w − 2)²), best 0.8, H = 10
TWO = LeastSquares(torch.eye(2), [1.0, 2.0])  # one datum for each weight
PAIR = ([[1.0], [3.0]], [2.0, 2.0])  # a and b
HOW = {"learning_rate": 0.1, "steps": 1, "batch": 1}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_one_feature_by_hand():
    assert float(ONE.hessian) == pytest.approx(10)
    assert float(ONE.best) == pytest.approx(0.8)
    assert float(ONE.loss([0.0])) == pytest.approx(4)
    assert float(ONE.gradient([0.0])) == pytest.approx(-8)
    assert largest_rate(ONE.a) == pytest.approx(0.2)
    # the distance to 0.8 is halved by each step of 0.05
    path = descent_path(ONE.a, ONE.b, [0.0], learning_rate=0.05, steps=[0, 1, 2])
    assert path[:, 0].tolist() == pytest.approx([0, 0.4, 0.6])
    path = flow_path(ONE.a, ONE.b, [0], times=[0.0, 0.1])
    assert path[:, 0].tolist() == pytest.approx([0, 0.8 * (1 - torch.e**-1)])
    w = torch.tensor([[0.3], [-2.0]], dtype=torch.float64)
    torch.testing.assert_close(ONE.loss(w), 0.5 * (w @ ONE.a.T - ONE.b).square().sum(-1))


def wide(seed=0, rank=4, **shapes):
    """A (6, 9) of this rank, b (6,), start (9,), of singular values from 3 to 0.3."""
    generator = seeded(seed)
    u, v = (torch.linalg.qr(torch.randn(n, rank, generator=generator, dtype=torch.float64)).Q for n in (6, 9))
    a = u * torch.logspace(math.log10(3), math.log10(0.3), rank, dtype=torch.float64) @ v.T
    return a, *(torch.randn(n, generator=generator, dtype=torch.float64) for n in (6, 9))


def walked(a, b, start, rate, steps):
    for _ in range(steps):
        start = start - rate * a.T @ (a @ start - b)
    return start


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 1.0, 1.05])
def test_closed_paths_take_the_steps_of_descent(share):
    a, b, start = wide()
    rate = share * largest_rate(a)
    found = descent_path(a, b, start, learning_rate=rate, steps=[7, 0, 1, 50])
    expected = torch.stack([walked(a, b, start, rate, steps) for steps in (7, 0, 1, 50)])
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_after_a_billion_steps_descent_is_where_the_projection_is():
    a, b, start = wide()
    found = descent_path(a, b, start, learning_rate=0.9 * largest_rate(a), steps=[10**9])[0]
    inverse = torch.linalg.pinv(a)
    torch.testing.assert_close(found, inverse @ b + start - inverse @ (a @ start))
    torch.testing.assert_close(found, least_norm(a, b, start))
    torch.testing.assert_close(least_norm(a, b), inverse @ b)
    # on the edge of stability the steepest mode jumps to and fro, for ever
    late, next_one = descent_path(a, b, start, learning_rate=largest_rate(a), steps=[10**9, 10**9 + 1])
    steepest = torch.linalg.svd(a).Vh[0]
    torch.testing.assert_close((late + next_one) / 2, found)
    torch.testing.assert_close((late - next_one).abs(), 2 * (steepest @ (start - found)).abs() * steepest.abs())


def test_slow_modes_lose_no_digits():
    # σ² = 1e-10 beside 1: after 1e6 steps of 0.5 the slow mode has gone 5e-5 of its way
    found = descent_path([[1.0, 0.0], [0.0, 1e-5]], [0.0, 1e-5], [0.0, 0.0], learning_rate=0.5, steps=[10**6])
    assert float(found[0, 1]) == pytest.approx(-math.expm1(1e6 * math.log1p(-0.5e-10)), rel=1e-14)


def test_steps_beyond_stability_are_followed_until_they_overflow():
    how = {"a": [[1.0, 2.0]], "b": [5.0], "start": [3.0, -1.0], "learning_rate": 0.6}  # each step: residual × −2
    path = descent_path(**how, steps=[1, 2, 100])
    assert (path @ torch.tensor([1.0, 2.0]).double() - 5).tolist() == pytest.approx([8, -16, -4 * 2.0**100], rel=1e-12)
    with pytest.raises(ValueError, match=r"^learning_rate: expected less than 0.4, .* or fewer steps, got 0.6"):
        descent_path(**how, steps=[1, 2000])
    # a start that fits the data exactly has nowhere to go, at any rate
    exact = descent_path([[1.0, 0.0]], [5.0], [5.0, -1.0], learning_rate=9.0, steps=[2000])
    assert exact.tolist() == [[5.0, -1.0]]


def test_flow_and_ridge_of_any_rank_by_exponentials_and_solves():
    a, b, start = wide(1)
    h, c = a.T @ a, a.T @ b
    for t in (0.0, 0.3, 20.0):
        block = torch.zeros(10, 10, dtype=torch.float64)
        block[:9, :9], block[:9, 9] = -h, c
        expected = (torch.linalg.matrix_exp(t * block) @ torch.cat([start, start.new_ones(1)]))[:9]
        torch.testing.assert_close(flow_path(a, b, start, times=[t])[0], expected)
    for penalty in (0.1, 3.0):
        expected = torch.linalg.solve(h + penalty * torch.eye(9, dtype=h.dtype), c + penalty * start)
        torch.testing.assert_close(ridge_path(a, b, start, penalties=[penalty])[0], expected)
    ends = flow_path(a, b, start, times=[1e300])[0], ridge_path(a, b, start, penalties=[0.0])[0]
    for end in ends:
        torch.testing.assert_close(end, least_norm(a, b, start))


def test_ensembles_of_targets_and_of_starts():
    a, b, start = wide(2)
    bs, starts = torch.stack([b, 2 * b, -b]), torch.stack([start, 0 * start])[:, None]
    for path, how in ((flow_path, {"times": [0.5, 1.0]}), (ridge_path, {"penalties": [0.5, 1.0]}),
                      (descent_path, {"learning_rate": 0.1, "steps": [1, 5]})):  # fmt: skip
        found = path(a, bs, starts, **how)
        assert found.shape == (2, 2, 3, 9)
        torch.testing.assert_close(found[:, 0, 1], path(a, 2 * b, start, **how))
    assert least_norm(a, bs).shape == (3, 9)
    assert least_norm(a, bs, starts).shape == (2, 3, 9)


def test_a_matrix_of_zeros_moves_nothing():
    zero = torch.zeros(2, 3)
    assert descent_path(zero, [1.0, 2.0], [1.0, 2.0, 3.0], learning_rate=9.0, steps=[5]).tolist() == [[1.0, 2.0, 3.0]]
    assert least_norm(zero, [1.0, 2.0]).tolist() == [0, 0, 0]
    assert largest_rate(zero) == math.inf
    single = torch.eye(2, dtype=torch.float32), torch.ones(2), torch.zeros(2)
    assert descent_path(*single, learning_rate=1, steps=[0, 1]).dtype == torch.float32


def test_losses_and_gradients_of_many_weights():
    w = torch.randn(2, 3, 4, generator=seeded(), dtype=torch.float64, requires_grad=True)
    problem = cubic_fit()
    problem.loss(w).sum().backward()
    torch.testing.assert_close(problem.gradient(w.detach()), w.grad)
    assert problem.loss(w)[1, 2] == problem.loss(w[1, 2])


def test_expected_loss_after_one_single_datum_by_hand():
    # from 0 with rate 0.1: w = 0.4 or 1.2, losses ½ (2.56 + 0.64) and ½ (0.64 + 2.56)
    means, losses = expected_path(ONE, [0.0], **HOW)
    assert losses.tolist() == pytest.approx([4.0, 1.6])
    assert means[:, 0].tolist() == pytest.approx([0, 0.8])
    # drawn with replacement, two at a time: 0.4, 1.2, or twice as likely their mean 0.8
    _, losses = expected_path(ONE, [0.0], learning_rate=0.1, steps=1, batch=2, sampling="replacement")
    assert losses.tolist() == pytest.approx([4.0, (1.6 + 0.8) / 2])


@pytest.mark.parametrize("sampling", ["subset", "epoch"])
def test_the_full_batch_is_gradient_descent(sampling):
    problem, start = cubic_fit(), torch.ones(3, 4, dtype=torch.float64)
    how = {"learning_rate": 0.01, "steps": 5}
    path = stochastic_descent(problem, start, batch=24, generator=seeded(), sampling=sampling, **how)
    expected = descent_path(problem.a, problem.b, start[0], learning_rate=0.01, steps=torch.arange(6))
    torch.testing.assert_close(path, expected[:, None].expand(-1, 3, -1))
    assert path.shape == (6, 3, 4)
    one = stochastic_descent(problem, start[0], batch=24, generator=seeded(), sampling=sampling, **how)
    torch.testing.assert_close(one, expected)
    means, losses = expected_path(problem, start[0], batch=24, **how)
    torch.testing.assert_close(means, expected)
    torch.testing.assert_close(losses, problem.loss(expected))


def test_an_epoch_uses_every_datum_once():
    # after an epoch both weights have moved, whatever the order; of independent draws only half of the members
    start = torch.zeros(50, 2, dtype=torch.float64)
    how = {"learning_rate": 0.25, "steps": 4, "batch": 1}
    path = stochastic_descent(TWO, start, generator=seeded(), sampling="epoch", **how)
    assert torch.equal(path[2], torch.tensor([[0.5, 1.0]], dtype=torch.float64).expand(50, 2))
    assert torch.equal(path[4], torch.tensor([[0.75, 1.5]], dtype=torch.float64).expand(50, 2))
    orders = (path[1] != 0).double().mean(0)
    assert 0.2 < float(orders[0]) < 0.8
    path = stochastic_descent(TWO, start, generator=seeded(), **how)
    assert 0.25 < float((path[2] != 0).all(1).double().mean()) < 0.75


@pytest.mark.parametrize(("sampling", "batch"), [("subset", 2), ("replacement", 2), ("replacement", 5), ("epoch", 2)])
def test_batches_have_the_mean_and_the_spread_that_theory_gives(sampling, batch):
    problem = LeastSquares([[1.0], [2.0], [-1.0], [0.5]], [2.0, -1.0, 1.0, 3.0])
    start, how = torch.zeros(20000, 1, dtype=torch.float64), {"learning_rate": 0.1, "steps": 1, "batch": batch}
    path = stochastic_descent(problem, start, generator=seeded(), sampling=sampling, **how)[1, :, 0]
    mean, loss = expected_path(problem, [0.0], sampling=sampling.replace("epoch", "subset"), **how)
    assert float(path.mean()) == pytest.approx(float(mean[1]), abs=5 * float(path.std()) / math.sqrt(20000))
    losses = problem.loss(path[:, None])
    assert float(losses.mean()) == pytest.approx(float(loss[1]), abs=5 * float(losses.std()) / math.sqrt(20000))


def test_members_draw_their_own_batches():
    path = stochastic_descent(TWO, torch.zeros(4, 5, 2), generator=seeded(), **HOW)
    assert path.shape == (2, 4, 5, 2)
    assert len(set(path[1, :, :, 0].flatten().tolist())) == 2


def test_the_default_is_a_subset():
    how = {"learning_rate": 0.1, "steps": 3, "batch": 2}
    one = stochastic_descent(cubic_fit(), torch.zeros(4), generator=seeded(), **how)
    assert torch.equal(
        one, stochastic_descent(cubic_fit(), torch.zeros(4), generator=seeded(), sampling="subset", **how)
    )
    one, other = (expected_path(cubic_fit(), torch.zeros(4), **how, **more)[1] for more in ({}, {"sampling": "subset"}))
    assert torch.equal(one, other)


def test_precision_is_kept_and_problems_travel():
    problem = cubic_fit().to(torch.float32)
    assert problem.dtype == problem.best.dtype == problem.hessian.dtype == torch.float32
    assert flow_path(problem.a, problem.b, torch.zeros(4), times=[1]).dtype == torch.float32
    torch.testing.assert_close(problem.best.double(), cubic_fit().best, rtol=1e-5, atol=1e-6)
    assert LeastSquares(torch.eye(2, dtype=torch.float32), [1.0, 2.0]).dtype == torch.float32
    assert cubic_fit() == cubic_fit()


def test_batch_factors():
    assert batch_factor(10, 10, "subset") == 0
    assert batch_factor(10, 1, "subset") == batch_factor(10, 1, "replacement") == 1
    assert batch_factor(5, 2, "subset") == pytest.approx(3 / 8)
    assert batch_factor(5, 2, "replacement") == 0.5
    assert batch_factor(5, 10, "replacement") == 0.1
    assert batch_factor(1, 1, "subset") == 0


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("features", lambda: LeastSquares([[1.0, 2.0], [2.0, 4.0]], [1.0, 2.0])),
        ("y", lambda: LeastSquares([[1.0], [2.0]], [1.0])),
        ("w", lambda: ONE.loss([1.0, 2.0])),
        ("batch", lambda: expected_path(ONE, [0.0], **HOW | {"batch": 3})),
        ("batch", lambda: expected_path(ONE, [0.0], **HOW | {"batch": 0})),
        ("batch", lambda: batch_factor(2, 3, "subset")),
        ("batch", lambda: stochastic_descent(ONE, [0.0], generator=seeded(), **HOW | {"batch": 3})),
        ("sampling", lambda: expected_path(ONE, [0.0], sampling="epoch", **HOW)),
        ("sampling", lambda: stochastic_descent(ONE, [0.0], generator=seeded(), sampling="all", **HOW)),
        ("learning_rate", lambda: expected_path(ONE, [0.0], **HOW | {"learning_rate": -1.0})),
        ("learning_rate", lambda: descent_path(*PAIR, [0.0], learning_rate=math.nan, steps=[1])),
        ("steps", lambda: descent_path(*PAIR, [0.0], learning_rate=0.1, steps=[-1])),
        ("learning_rate", lambda: descent_path(*PAIR, [0.0], learning_rate=0.0, steps=[1])),
        ("b", lambda: descent_path([[1.0], [3.0]], [2.0], [0.0], learning_rate=0.1, steps=[1])),
        ("penalties", lambda: ridge_path(*PAIR, [0.0], penalties=[-0.1])),
        ("start", lambda: least_norm(*PAIR, [0.0, 1.0])),
        ("times", lambda: flow_path(*PAIR, [0.0], times=[-1.0])),
        ("start", lambda: flow_path(*PAIR, [0.0, 1.0], times=[1.0])),
        ("start", lambda: stochastic_descent(ONE, [[math.inf]], generator=seeded(), **HOW)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        call()


def test_types_are_named_too():
    with pytest.raises(TypeError, match="^steps: expected"):
        descent_path(*PAIR, [0.0], learning_rate=0.1, steps=1.5)
    with pytest.raises(TypeError, match="^generator: expected"):
        stochastic_descent(ONE, [0.0], generator=None, **HOW)
