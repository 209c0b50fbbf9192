"""Measures of flatness: by hand, their exact moments, their experiments."""

import pytest
import torch

from lecturelib.splines import (
    GaussianWeights,
    Network,
    UniformWeights,
    flatness,
    roughness,
    roughness_moments,
    roughness_tail,
    sharpest_bend,
    sharpest_bend_mean,
    tail_bound,
    to_spline,
    total_bend,
    value_variance,
    weights_of,
)

HAND = Network([[1.0, -2.0], [1.0, 1.0]], [[0.0, 1.0], [0.0, 0.0]], [[3.0, 2.0], [0.0, 0.5]], [0.0, 0.0])


def test_measures_worked_by_hand():
    for form in (HAND, to_spline(HAND)):
        assert roughness(form).tolist() == [25.0, 0.25]
        assert total_bend(form).tolist() == [7.0, 0.5]
        assert sharpest_bend(form).tolist() == [4.0, 0.5]
    many = Network(*(torch.stack([part] * 3) for part in (HAND.w, HAND.b, HAND.v, HAND.b0)))  # (3, 2, 2)
    for measure, values in ((roughness, [25.0, 0.25]), (total_bend, [7.0, 0.5]), (sharpest_bend, [4.0, 0.5])):
        assert measure(many).tolist() == [values] * 3


@pytest.mark.parametrize(
    ("scheme", "mean", "variance"),
    [("he", 4, 128 / 7), ("glorot", 28 / 64, 128 * 7 / 8**4), ("pytorch", 1 / 9, 56 / (2025 * 7))],
)
def test_moments_of_the_roughness(scheme, mean, variance):
    assert roughness_moments(weights_of(scheme, 7), 7) == pytest.approx((mean, variance))


def test_the_bound_and_the_sharpest_bend():
    assert tail_bound(4.0, 128 / 8).item() == 0.5
    # one neuron: E max = E |μ|; uniform weights, two neurons: ∫ 1 − (t − t ln t)² dt over [0, 1] = 1 − 17/27
    assert sharpest_bend_mean(GaussianWeights(2.0, 1.0, 0.5), 1) == pytest.approx(0.63662, rel=1e-3)
    assert sharpest_bend_mean(UniformWeights(1.0, 1.0, 1.0), 2) == pytest.approx(10 / 27, rel=1e-3)
    with pytest.raises(ValueError, match="^distance: expected positive"):
        tail_bound(0.0, 1.0)


def test_the_variance_of_values():
    assert value_variance(weights_of("he", 5), 5, [0.0, 2.0]).tolist() == pytest.approx([2.0, 10.0])
    assert value_variance(weights_of("he", 500), 500, [2.0]).tolist() == pytest.approx([10.0])
    assert value_variance(weights_of("pytorch", 5), 5, [0.0, 3.0]).tolist() == pytest.approx([1 / 18, 10 / 18])


@pytest.mark.parametrize("scheme", ["he", "glorot", "pytorch"])
def test_the_experiment_meets_its_predictions(scheme):
    found = flatness(seed=1, scheme=scheme, width=30, networks=4000)
    assert found == flatness(seed=1, scheme=scheme, width=30, networks=4000)
    for name in ("roughness", "total", "sharpest"):
        assert found[name] == pytest.approx(found[f"{name}_predicted"], rel=0.05)
    assert found["roughness_deviation"] == pytest.approx(found["roughness_deviation_predicted"], rel=0.15)


def test_tails_stay_below_the_bound():
    found = roughness_tail(seed=0, scheme="he", width=10, distances=[1.0, 2.0, 4.0])
    assert found["bound"] == pytest.approx([1 / 2, 1 / 5, 1 / 17])
    assert all(0 < f < b for f, b in zip(found["frequency"], found["bound"], strict=True))
    assert torch.tensor(found["frequency"]).diff().max() < 0
