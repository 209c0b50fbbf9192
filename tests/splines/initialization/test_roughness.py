"""Measures of flatness: by hand, their exact moments, their experiments."""

import math

import pytest
import torch

from lecturelib.core.experiments import generator_for
from lecturelib.splines import (
    GaussianWeights,
    Network,
    UniformWeights,
    flatness,
    initialize,
    roughness,
    roughness_moments,
    roughness_tail,
    sharpest_bend,
    sharpest_bend_mean,
    tail_bound,
    to_spline,
    total_bend,
    weight_law,
)

HAND = Network([[1.0, -2.0], [1.0, 1.0]], [[0.0, 1.0], [0.0, 0.0]], [[3.0, 2.0], [0.0, 0.5]], [0.0, 0.0])
SCHEMES = ("he", "glorot", "pytorch")


def test_measures_worked_by_hand():
    for form in (HAND, to_spline(HAND)):
        assert roughness(form).tolist() == [25.0, 0.25]
        assert total_bend(form).tolist() == [7.0, 0.5]
        assert sharpest_bend(form).tolist() == [4.0, 0.5]
    many = Network(*(torch.stack([part] * 3) for part in (HAND.w, HAND.b, HAND.v, HAND.b0)))  # (3, 2, 2)
    for measure, values in ((roughness, [25.0, 0.25]), (total_bend, [7.0, 0.5]), (sharpest_bend, [4.0, 0.5])):
        assert measure(many).tolist() == [values] * 3
    single = Network(*(part.float() for part in (HAND.w, HAND.b, HAND.v, HAND.b0)))
    assert roughness(single).dtype == total_bend(single).dtype == sharpest_bend(single).dtype == torch.float32


@pytest.mark.parametrize(
    ("scheme", "mean", "variance"),
    [("he", 4, 128 / 7), ("glorot", 28 / 64, 128 * 7 / 8**4), ("pytorch", 1 / 9, 56 / (2025 * 7))],
)
def test_moments_of_the_roughness(scheme, mean, variance):
    assert roughness_moments(weight_law(7, scheme), 7) == pytest.approx((mean, variance))
    drawn = roughness(initialize(7, scheme, generator=torch.Generator().manual_seed(2), ensemble=40_000))
    assert float(drawn.mean()) == pytest.approx(mean, abs=4 * math.sqrt(variance / 40_000))
    assert float(drawn.var()) == pytest.approx(variance, rel=0.2)


def test_the_bound_and_the_sharpest_bend():
    assert tail_bound(4.0, 128 / 8).item() == 0.5
    assert tail_bound(torch.tensor([[1.0], [2.0]]), [1.0, 4.0, 9.0]).shape == (2, 3)
    # one neuron: E max = E |μ|; uniform weights, two neurons: ∫ 1 − (t − t ln t)² dt over [0, 1] = 1 − 17/27
    assert sharpest_bend_mean(GaussianWeights(2.0, 1.0, 0.5), 1) == pytest.approx(2 / math.pi, rel=1e-5)
    assert sharpest_bend_mean(UniformWeights(1.0, 1.0, 1.0), 2) == pytest.approx(10 / 27, rel=1e-5)
    assert sharpest_bend_mean(UniformWeights(3.0, 1.0, 0.5), 2) == pytest.approx(15 / 27, rel=1e-5)
    with pytest.raises(ValueError, match="^distance: expected positive"):
        tail_bound(0.0, 1.0)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_experiment_measures_what_initialize_draws(scheme):
    found = flatness(seed=1, scheme=scheme, width=30, ensemble=50)
    generator = generator_for(1, "flatness", scheme, 30)
    size = to_spline(initialize(30, scheme, generator=generator, ensemble=(50,))).delta_slopes.abs()
    assert found["roughness"] == pytest.approx(float(size.square().sum()) / 50)
    assert found["total"] == pytest.approx(float(size.sum()) / 50)
    assert found["sharpest"] == pytest.approx(float(size.max(-1).values.sum()) / 50)
    many = flatness(seed=1, scheme=scheme, width=30, ensemble=4000)
    for name in ("roughness", "total", "sharpest"):
        assert many[name] == pytest.approx(many[f"{name}_predicted"], rel=0.05)
    law = weight_law(30, scheme)
    assert many["roughness_predicted"] == pytest.approx(30 * law.moment(2))
    assert many["total_predicted"] == pytest.approx(30 * law.moment(1))
    assert many["sharpest_predicted"] == sharpest_bend_mean(law, 30)


def test_tails_are_counted_and_stay_below_the_bound():
    found = roughness_tail(seed=0, scheme="he", width=10, distances=[1.0, 2.0, 4.0])
    assert found["bound"] == pytest.approx([1 / 2, 1 / 5, 1 / 17])
    assert all(0 < f < b for f, b in zip(found["frequency"], found["bound"], strict=True))
    drawn = roughness(initialize(10, "he", generator=generator_for(0, "tail", "he", 10), ensemble=(20_000,)))
    for distance, share in zip((1.0, 2.0, 4.0), found["frequency"], strict=True):
        assert share == int((drawn >= 4 + distance * math.sqrt(12.8)).sum()) / 20_000


def test_bad_arguments_are_named():
    with pytest.raises(TypeError, match="^law: expected a RandomWeights"):
        roughness_moments("he", 3)
    with pytest.raises(ValueError, match="^width: expected"):
        roughness_moments(weight_law(5, "he"), -1)
    with pytest.raises(TypeError, match="^function: expected"):
        roughness([1.0])
