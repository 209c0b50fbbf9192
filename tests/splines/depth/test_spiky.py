"""Deep networks from two starts: what is stored is what the experiment gives, and its numbers mean what they say."""

import math

import pytest
import torch

from lecturelib.core.experiments import generator_for
from lecturelib.core.small_networks import Layout, fit
from lecturelib.splines.depth.counting import start_deep
from lecturelib.splines.depth.spiky import LAYOUT, deep_spiky_test, fitted, roughness, sharpness
from lecturelib.splines.regimes.experiments import spiky_data


def test_sharpness_is_the_rate_at_which_plain_descent_ceases_to_be_stable():
    x, y = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    layout = Layout((1, 1))  # w x + b: the tangent kernel is x x' + 1
    theta = torch.tensor([[1.0, 0.5]], dtype=torch.float64)
    limit = 2 / sharpness(layout, theta[0], x)
    assert sharpness(layout, theta[0], x) == pytest.approx(float(torch.linalg.eigvalsh(torch.outer(x, x) + 1)[-1]))
    losses = [
        float(fit(layout, theta, x[:, None], y[:, None], steps=400, learning_rate=3 * share * limit).losses[0, -1])
        for share in (0.98, 1.02)
    ]
    assert losses[0] < 0.01 < 1 < losses[1]


def test_roughness_adds_squared_changes_of_slope_among_the_data():
    layout = Layout((1, 3, 1))  # 2 (x)₊ − (x − 1)₊ + 9 (x − 4)₊
    theta = torch.tensor([1.0, 1, 1, 0, -1, -4, 2, -1, 9, 0], dtype=torch.float64)
    assert roughness(layout, theta) == pytest.approx(4 + 1)


def test_both_starts_differ_in_output_weights_alone_and_are_trained():
    found = deep_spiky_test(seed=3, target="sine", steps=50)
    theta = start_deep(LAYOUT, "he", generator=generator_for(3, "deep spiky"))[0]
    assert found["standard_rough_start"] == pytest.approx(roughness(LAYOUT, theta))
    assert found["spiky_rough_start"] == pytest.approx(100 * found["standard_rough_start"])
    x, y = spiky_data(seed=3, target="sine")
    before = float((LAYOUT.outputs(theta, x[:, None])[:, 0] - y).square().mean())
    assert found["standard_fit"] < 0.7 * before
    alike = deep_spiky_test(seed=3, target="sine", steps=50, factor=1.0)
    assert alike["standard"] == alike["spiky"] == found["standard"]


def test_what_did_not_fit_is_told():
    row = {"seed": 0, "target": "quadratic", "standard_fit": 1e-4, "spiky_fit": math.nan}
    assert fitted(row, "standard")
    assert not fitted(row, "spiky")
    assert not fitted({**row, "standard_fit": 1.0}, "standard")
    with pytest.raises(ValueError, match="target"):
        spiky_data(seed=0, target="line")
