"""Moments of random networks: by hand, entry by entry, schemes, limits, errors."""

import math

import pytest
import torch

from lecturelib.kernels.initialization.variances import (
    Variances,
    backward_moments,
    death_chance,
    equal_variances,
    erf_path,
    erf_variance,
    forward_moments,
    fourth_moments,
    log_step,
    mean_error,
    scheme_variances,
)

ONE = Variances(([[1.0, 2.0], [3.0, 4.0]],), ([0.5, 1.5],), [2.0, 1.0])
X = [1.0, 2.0]  # squares 1, 4


def test_one_layer_by_hand():
    first, second = forward_moments(ONE, X)
    assert first.tolist() == [1, 4]
    assert second.tolist() == [(1 + 12 + 0.5) / 2, (2 + 16 + 1.5) / 2]
    before, after = backward_moments(ONE)
    assert after.tolist() == [2, 1]
    assert before.tolist() == [(2 + 2) / 2, (6 + 4) / 2]


def test_equal_variances_by_layer():
    plan = equal_variances((3, 4, 2), [0.1, 0.2], 0.5)
    assert plan.widths == (3, 4, 2)
    assert [float(one.unique()) for one in plan.weights] == [0.1, 0.2]
    assert [tuple(one.shape) for one in plan.biases] == [(4,), (2,)]
    assert [one.tolist() for one in plan.biases] == [[0.5] * 4, [0.5] * 2]
    assert plan.output.tolist() == [0.5, 0.5]
    assert not bool(equal_variances((3, 4), 1.0).biases[0].any())
    assert equal_variances((3, 4), 1.0, output=0.0).output.tolist() == [0.0] * 4
    assert equal_variances((3, 4), 1.0, output=2.0).output.tolist() == [2.0] * 4


@pytest.mark.parametrize(
    ("scheme", "weight"), [("he", 2 / 3), ("glorot", 2 / 8), ("lecun", 1 / 3), ("he_backward", 0.4)]
)
def test_schemes_set_what_their_names_say(scheme, weight):
    assert float(scheme_variances((3, 5), scheme).weights[0][0, 0]) == pytest.approx(weight)


def test_fifty_layers_of_he_keep_both_sizes():
    widths = (7, 30, 10) + (20,) * 48
    plan = scheme_variances(widths, "he")
    sizes = [float(one.mean()) for one in forward_moments(plan, torch.ones(7))]
    assert sizes == pytest.approx([1.0] * 51)
    assert [float(one.sum()) for one in backward_moments(plan)] == pytest.approx([1.0] * 51)


def test_biases_at_the_critical_scale_add_up():
    plan = equal_variances((10,) * 21, 0.2, 0.3)
    assert float(forward_moments(plan, torch.ones(10))[-1].mean()) == pytest.approx(1 + 20 * 0.15)


def test_fluctuations_by_hand():
    plan = equal_variances((4, 4, 4), 0.5)
    moments = fourth_moments(plan, torch.ones(4))
    # each layer multiplies E ‖h‖⁴ by 1 + 5/4, and E ‖h‖² stays 4
    assert moments.tolist() == pytest.approx([16, 36, 81])
    with_biases = fourth_moments(equal_variances((4, 4), 0.5, 0.3), torch.ones(4))
    assert with_biases.tolist() == pytest.approx([16, 9 * (0.25 * 16 + 2 * 0.5 * 0.3 * 4 + 0.09)])


def test_fluctuations_grow_like_an_exponential_of_depth_over_width():
    for depth in (10, 40):
        plan = equal_variances((1000,) * (depth + 1), 2 / 1000)
        spread = fourth_moments(plan, torch.ones(1000))[-1] / 1000**2
        assert float(spread) == pytest.approx(math.exp(5 * depth / 1000), rel=1e-3)


def test_one_neuron_has_the_logarithm_of_a_square():
    mean, variance = log_step(1)  # ln(2 ξ²): ln 2 − γ − ln 2 and π²/2
    assert mean == pytest.approx(-0.5772156649015329)
    assert variance == pytest.approx(math.pi**2 / 2)


def test_wide_layers_change_little():
    mean, variance = log_step(4000)
    assert mean == pytest.approx(-2.5 / 4000, rel=0.01)
    assert variance == pytest.approx(5 / 4000, rel=0.01)


def test_death():
    assert death_chance((5, 1, 2)).tolist() == pytest.approx([0, 0.5, 1 - 0.5 * 0.75])


def test_standard_errors_by_hand():
    # E ‖h‖⁴ = 36 and E ‖h‖² = 4 after one layer: a variance of 20 for ‖h‖², of 20/16 for ‖h‖²/k
    found = mean_error(equal_variances((4, 4), 0.5), torch.ones(4), 5)
    assert found.tolist() == pytest.approx([0, 0.5])


def test_erf_networks_decay_at_the_critical_scale_and_settle_above():
    slow = erf_path((math.pi / 4) ** 0.5, 400)
    # arcsin(2q / (1 + 2q)) = 2q − 4q² + …, so that 1/q grows by a constant a layer
    assert float(slow[199] / slow[399]) == pytest.approx(2, rel=0.01)
    settled = erf_path(1.5, 200)
    assert float(settled[-1]) == pytest.approx(float(erf_variance(2.25 * settled[-1])))
    assert erf_path(1.0, 1, start=0.5).tolist() == [pytest.approx(2 / math.pi * math.asin(0.5))]


def test_erf_saturates():
    assert erf_variance([0.0, 1e12]).tolist() == [0, pytest.approx(1, abs=1e-5)]


def test_many_inputs_at_once_and_in_single_precision():
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.0, 0.0]], dtype=torch.float64)
    plan = equal_variances((2, 4, 3), [0.5, 0.3], 0.1)
    together = forward_moments(plan, x)
    for k, one in enumerate(x):
        for part, alone in zip(together, forward_moments(plan, one), strict=True):
            torch.testing.assert_close(part[k], alone)
    for moments in (fourth_moments, lambda v, z: mean_error(v, z, 7)):
        torch.testing.assert_close(moments(plan, x), torch.stack([moments(plan, one) for one in x], 1))
    single = plan.to(torch.float32)
    assert {one.dtype for one in (*forward_moments(single, x), fourth_moments(single, x))} == {torch.float32}


def test_plans_are_records():
    plan = equal_variances((2, 4, 3), 0.5, 0.1)
    assert plan == equal_variances((2, 4, 3), [0.5, 0.5], 0.1) != equal_variances((2, 4, 3), 0.5)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        (r"weights\[0\]", lambda: Variances(([[-1.0]],), ([1.0],), [1.0])),
        ("weights", lambda: Variances(([[1.0]], [[1.0], [1.0]]), ([1.0], [1.0]), [1.0])),
        (r"weights\[0\]", lambda: Variances(([1.0],), ([1.0],), [1.0])),
        ("biases", lambda: Variances(([[1.0]],), (), [1.0])),
        ("biases", lambda: Variances(([[1.0]],), ([1.0, 2.0],), [1.0])),
        ("output", lambda: Variances(([[1.0]],), ([1.0],), [1.0, 1.0])),
        ("output", lambda: Variances(([[1.0]],), ([1.0],), [math.nan])),
        ("weights", lambda: Variances((), (), [1.0])),
        ("biases", lambda: Variances(([[1.0]], [[1.0]]), ([1.0],), [1.0])),
        ("variances", lambda: fourth_moments(Variances(([[1.0, 1.0]],), ([1.0, 2.0],), [1.0, 1.0]), [1.0])),
        ("widths", lambda: equal_variances((3,), 1.0)),
        ("widths", lambda: equal_variances((3, 0), 1.0)),
        ("weight", lambda: equal_variances((3, 2), [1.0, 2.0])),
        ("weight", lambda: equal_variances((3, 2), -1.0)),
        ("bias", lambda: equal_variances((3, 2), 1.0, -1.0)),
        ("scheme", lambda: scheme_variances((3, 2), "kaiming")),
        ("x", lambda: forward_moments(ONE, [1.0])),
        ("variances", lambda: fourth_moments(ONE, X)),
        ("width", lambda: log_step(0)),
        ("q", lambda: erf_variance([-1.0])),
        ("weight", lambda: erf_path(-1.0, 3)),
        ("widths", lambda: death_chance((3, 0))),
        ("ensemble", lambda: mean_error(equal_variances((3, 2), 1.0), [1.0] * 3, 0)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        call()
