"""Descent on least squares: by hand, full batches of every kind, errors."""

import pytest
import torch

from lecturelib.kernels import LeastSquares, descend, descent_path, expected_path, flow_path, largest_rate
from lecturelib.kernels.models.descent import batch_factor
from lecturelib.kernels.models.sgd_experiment import cubic_fit

ONE = LeastSquares([[1.0], [3.0]], [2.0, 2.0])  # L = ½ ((w − 2)² + (3w − 2)²), best 0.8, H = 10


def test_one_feature_by_hand():
    assert float(ONE.hessian) == pytest.approx(10)
    assert float(ONE.best) == pytest.approx(0.8)
    assert float(ONE.loss(torch.zeros(1, dtype=torch.float64))) == pytest.approx(4)
    assert float(ONE.gradient(torch.zeros(1, dtype=torch.float64))) == pytest.approx(-8)
    assert largest_rate(ONE) == pytest.approx(0.2)
    start = torch.zeros(1, dtype=torch.float64)
    steps = torch.arange(3)
    # the distance to 0.8 is halved by each step of 0.05
    assert descent_path(ONE, start, rate=0.05, steps=steps)[:, 0].tolist() == pytest.approx([0, 0.4, 0.6])
    end = flow_path(ONE, start, times=torch.tensor([0.0, 0.1], dtype=torch.float64))
    assert end[:, 0].tolist() == pytest.approx([0, 0.8 * (1 - torch.e**-1)])


def test_expected_loss_after_one_single_datum_by_hand():
    # from 0 with rate 0.1: w = 0.4 or 1.2, losses ½ (2.56 + 0.64) and ½ (0.64 + 2.56)
    _, losses = expected_path(ONE, torch.zeros(1, dtype=torch.float64), rate=0.1, steps=1, batch=1)
    assert losses.tolist() == pytest.approx([4.0, 1.6])


@pytest.mark.parametrize("sampling", ["subset", "epoch"])
def test_the_full_batch_is_gradient_descent(sampling):
    problem, start = cubic_fit(), torch.ones(3, 4, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    path = descend(problem, start, rate=0.01, steps=5, batch=24, generator=generator, sampling=sampling)
    expected = descent_path(problem, start[0], rate=0.01, steps=torch.arange(6))
    torch.testing.assert_close(path, expected[:, None].expand(-1, 3, -1))
    assert path.shape == (6, 3, 4)


def test_an_epoch_uses_every_datum_once():
    # two features that are nonzero on one datum each: after an epoch both weights have moved, whatever the order
    problem = LeastSquares(torch.eye(2, dtype=torch.float64), [1.0, 2.0])
    start = torch.zeros(50, 2, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    path = descend(problem, start, rate=0.25, steps=2, batch=1, generator=generator, sampling="epoch")
    assert torch.equal(path[2], torch.tensor([[0.5, 1.0]], dtype=torch.float64).expand(50, 2))


def test_batch_factors():
    assert batch_factor(10, 10, "subset") == 0
    assert batch_factor(10, 1, "subset") == batch_factor(10, 1, "replacement") == 1
    assert batch_factor(5, 2, "subset") == pytest.approx(3 / 8)
    assert batch_factor(5, 2, "replacement") == 0.5
    assert batch_factor(1, 1, "subset") == 0


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("features", lambda: LeastSquares([[1.0, 2.0], [2.0, 4.0]], [1.0, 2.0])),
        ("y", lambda: LeastSquares([[1.0], [2.0]], [1.0])),
        ("batch", lambda: expected_path(ONE, torch.zeros(1), rate=0.1, steps=1, batch=3)),
        ("batch", lambda: expected_path(ONE, torch.zeros(1), rate=0.1, steps=1, batch=0)),
        ("sampling", lambda: expected_path(ONE, torch.zeros(1), rate=0.1, steps=1, batch=1, sampling="epoch")),
        ("sampling", lambda: expected_path(ONE, torch.zeros(1), rate=0.1, steps=1, batch=1, sampling="all")),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        call()
