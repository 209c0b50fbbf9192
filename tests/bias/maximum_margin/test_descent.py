"""Descent and the path of penalties: steps by hand, order, what is refused, and a bound that long steps break."""

import math

import numpy as np
import pytest
import torch

from lecturelib.bias import hard_margin, margin, margin_descent, margin_flow, regularization_path, smooth_margin
from lecturelib.bias.maximum_margin.checks_problems import built, within_one


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("loss", ["exponential", "logistic"])
def test_steps_are_those_of_autograd(loss, normalized):
    z, *_ = built(torch.Generator().manual_seed(0), 7, 3, 2)
    w = torch.tensor([0.1, -0.3, 0.2], dtype=torch.float64, requires_grad=True)
    start = w.detach().clone()
    for _ in range(5):
        m = z @ w
        total = torch.exp(-m).sum() if loss == "exponential" else torch.nn.functional.softplus(-m).sum()
        (slope,) = torch.autograd.grad(total.log() if normalized else total, w)
        w = (w - 0.03 * slope).detach().requires_grad_()
    found = margin_descent(z, torch.ones(7), [5, 0], learning_rate=0.03, start=start, loss=loss, normalized=normalized)
    torch.testing.assert_close(found, torch.stack([w.detach(), start]), rtol=1e-10, atol=1e-12)


def test_small_steps_follow_the_flow():
    z, *_ = built(torch.Generator().manual_seed(1), 6, 2, 2)
    found = margin_descent(z, torch.ones(6), [100_000], learning_rate=1e-4)
    torch.testing.assert_close(found, margin_flow(z, torch.ones(6), [10.0]), rtol=1e-3, atol=1e-3)


def test_normalized_steps_do_not_die_out():
    z, _ = next(within_one(torch.Generator().manual_seed(3)))
    widest = hard_margin(z, torch.ones(len(z))).margin
    counts = [100, 1000, 10_000, 100_000]
    for loss in ("exponential", "logistic"):
        far = margin_descent(z, torch.ones(len(z)), counts, learning_rate=1.0, normalized=True, loss=loss)
        gap = widest - margin(far, z, torch.ones(len(z)))
        assert float(gap[-1]) < 1e-3 * float(widest)
        assert bool((far.norm(dim=1)[1:] > 5 * far.norm(dim=1)[:-1]).all())


def test_steps_that_are_too_long_break_the_bound_and_overflow_is_said():
    n = 40
    z = torch.tensor([[1.0, 0.0]] * (n - 1) + [[-0.9, 0.4]], dtype=torch.float64)
    widest, least = float(hard_margin(z, torch.ones(n)).margin), {}
    for factor in (1, 8):
        w = margin_descent(z, torch.ones(n), [1, 2, 3], learning_rate=factor / n)
        bound = widest - math.log(math.e * n) / w.norm(dim=1)
        least[factor] = float((smooth_margin(w, z, torch.ones(n)) - bound).min())
    assert least[1] > 0 > least[8]
    with pytest.raises(
        ValueError, match=r"learning_rate: expected one .* step 4 with 0.2 does not; up to 0.05 the loss"
    ):
        margin_descent(z, torch.ones(n), [100], learning_rate=8 / n)
    for loss, stable in (("exponential", "0.25"), ("logistic", "1")):
        with pytest.raises(ValueError, match=f"up to {stable} the loss never grows"):
            margin_descent([[1.0], [-2.0]], [1, 1], [1000], learning_rate=1e305, loss=loss)


@pytest.mark.parametrize("loss", ["exponential", "logistic"])
def test_the_path_of_penalties_is_stationary(loss):
    z, *_ = built(torch.Generator().manual_seed(4), 8, 3, 3)
    penalties = [1e-2, 1.0, 1e-60]
    for penalty, w in zip(penalties, regularization_path(z, torch.ones(8), penalties, loss=loss), strict=True):
        m = (z @ w).numpy()
        force = np.exp(-m) if loss == "exponential" else 1 / (1 + np.exp(m))
        np.testing.assert_allclose(force @ z.numpy() / penalty, w, rtol=1e-8, atol=1e-8)


def test_penalties_lead_to_the_widest_margin_and_products_grow():
    z, w, alpha = built(torch.Generator().manual_seed(5), 8, 3, 2)
    (early, late) = regularization_path(z, torch.ones(8), [1e-100, 1e-300])
    assert float(margin(late, z, torch.ones(8))) == pytest.approx(1 / float(w.norm()), rel=1e-2)
    grown = ((z @ late) - (z @ early))[alpha > 0]
    assert bool((grown > 0.9 * 200 * math.log(10)).all())


def test_an_empty_list_of_penalties():
    with pytest.raises(ValueError, match="penalties: expected shape"):
        regularization_path([[1.0, 2.0]], [1], [])
