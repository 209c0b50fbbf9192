"""Expected risks: by hand, at their limits, against draws; what cannot be is refused."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from lecturelib.bias import best_ridge, risk_curve, sampled_risk
from lecturelib.bias.complexity.risk import wishart_spectrum


def test_by_hand():
    # 10 data, 4 of 8 features, signal 2: τ = 1 + 0.25, and 4 / (10 − 5) of it is added
    found = risk_curve(10, [4], 0.5, total=8, signal=2.0)
    assert [float(part[0]) for part in found] == pytest.approx([0.0, 1.25 * 4 / 5, 1.0, 0.25])
    assert float(found.total[0]) == pytest.approx(2.25)
    # 2 data, all 8 features: 6/8 of the signal is not seen, and noise is spread over 8 − 3 directions
    found = risk_curve(2, [8], 0.5, signal=2.0)
    assert [float(part[0]) for part in found] == pytest.approx([1.5, 0.25 * 2 / 5, 0.0, 0.25])


def test_without_noise_all_features_are_enough():
    assert risk_curve(5, [3], 0.0).total.tolist() == [0.0]
    assert risk_curve(3, [3], 0.0).total.tolist() == [0.0]
    assert risk_curve(3, [2], 0.0, total=3).total.tolist() == [math.inf]
    assert risk_curve(3, [0], 0.5, 1.0, total=3).total.tolist() == [1.25]


def test_one_feature_with_a_ridge_is_an_integral_over_chi_squared():
    def part(g):
        return integrate.quad(lambda s: g(s) * stats.chi2(6).pdf(s), 0, math.inf)[0]

    found = risk_curve(6, [1], 0.7, 2.5, total=4)
    tau = 0.75 + 0.49
    assert float(found.bias[0]) == pytest.approx(part(lambda s: (2.5 / (s + 2.5)) ** 2) / 4, rel=1e-8)
    assert float(found.variance[0]) == pytest.approx(tau * part(lambda s: s / (s + 2.5) ** 2), rel=1e-8)


@pytest.mark.parametrize(("n", "p"), [(100, 40), (120, 120), (300, 7), (400, 399)])
def test_the_spectrum_has_its_count_and_its_moments(n, p):
    s, weights = wishart_spectrum(n, p, 1e-3)
    assert weights.sum() == pytest.approx(p, rel=1e-10)
    assert weights @ s == pytest.approx(n * p, rel=1e-10)
    assert weights @ s**2 == pytest.approx(n * p * (n + p + 1), rel=1e-10)
    if n > p + 1:
        assert weights @ (1 / s) == pytest.approx(p / (n - p - 1), rel=1e-8)


def test_a_tiny_ridge_is_none_and_a_huge_one_predicts_zero():
    p = [2, 9, 30]
    none, tiny = (risk_curve(15, p, 0.4, ridge, total=30).total for ridge in (0.0, 1e-9))
    assert tiny.tolist() == pytest.approx(none.tolist(), rel=1e-6)
    assert risk_curve(15, p, 0.4, 1e9, total=30).total.tolist() == pytest.approx([1.16] * 3, rel=1e-6)


def test_means_of_draws_are_expected_risks():
    for ridge in (0.0, 0.8):
        draws = sampled_risk(6, 15, 0.5, ridge, draws=3000, generator=torch.Generator().manual_seed(1))
        for p in (2, 3, 11, 15) if ridge == 0 else (3, 6, 15):
            column = draws[:, p - 1]
            expected = float(risk_curve(6, [p], 0.5, ridge, total=15).total[0])
            assert abs(float(column.mean()) - expected) < 5 * float(column.std()) / 3000**0.5


def test_the_best_ridge_is_the_best_of_many():
    best = float(best_ridge([8], 0.6, total=20)[0])
    tried = [float(risk_curve(11, [8], 0.6, best * factor, total=20).total[0]) for factor in np.exp([-0.3, 0, 0.3])]
    assert tried[1] < min(tried[0], tried[2])
    assert best_ridge([3], 0.5, signal=0.0).tolist() == [math.inf]
    assert best_ridge([3], 0.0).tolist() == [0.0]


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="features: expected at most 5, the number of all features, got 6"):
        risk_curve(3, [6], 0.1, total=5)
    with pytest.raises(ValueError, match="ridge: expected a number, at least 0"):
        risk_curve(3, [2], 0.1, -1.0)
    with pytest.raises(ValueError, match="features"):
        risk_curve(3, [-1], 0.1)
