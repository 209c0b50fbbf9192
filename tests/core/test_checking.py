"""Checks: the right formula passes, wrong ones fail, and what cannot be compared is infinitely far or no number."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lecturelib.core.changes import Exponent
from lecturelib.core.checking import (
    BOUNDS,
    Check,
    adds_up_to_zero,
    equals,
    falls_as,
    gap,
    has_distribution,
    has_mean,
    is_at_least,
    is_at_most,
    is_ordered,
    lies_in,
    measures,
    spread,
    tends_to,
)
from lecturelib.core.problems import normal, uniform

SEEDS = range(5)


def points(generator):
    return (uniform(generator, 4, low=1.0, high=2.0),)


def several(generator):
    for _ in range(3):
        yield (uniform(generator, 4, low=1.0, high=2.0),)


def passes(check, formula):
    return all(check.discrepancy(formula, seed) <= check.tolerance for seed in SEEDS)


def fails(check, formula):
    return all(check.discrepancy(formula, seed) > check.tolerance for seed in SEEDS)


# The distance of two values


@given(st.floats(-3, 3), st.floats(0.1, 3), st.sampled_from([torch.float32, torch.float64]))
def test_the_gap_is_relative_to_the_largest_number_of_the_truth(off, size, dtype):
    truth = torch.tensor([size, -size / 2], dtype=dtype)
    assert gap(truth + off, truth) == pytest.approx(abs(off) / size, rel=1e-5, abs=1e-6)
    assert gap(truth, truth) == 0


def test_every_part_has_a_scale_of_its_own():
    assert gap({"large": 1000.0, "small": 1.1}, {"large": 1000.0, "small": 1.0}) == pytest.approx(0.1)
    assert gap((1000.0, 1.1), (1000.0, 1.0), floor=10.0) == pytest.approx(0.01)


def test_where_the_truth_is_0_the_gap_is_absolute():
    assert gap(0.25, 0.0) == 0.25
    assert gap(torch.zeros(3), torch.zeros(3)) == 0


def test_whole_numbers_and_answers_differ_by_1_or_more():
    assert gap(1_000_001, 1_000_000) == 1
    assert gap(torch.tensor([True, False]), torch.tensor([True, True])) == 1
    assert gap(2.5, 2) == 0.5


def test_numbers_of_python_keep_all_their_digits():
    assert gap(0.1 + 1e-14, 0.1) == pytest.approx(1e-13, rel=0.01)
    assert gap(torch.tensor(0.1, dtype=torch.float64), 0.1) == 0


def test_complex_numbers_differ_in_both_parts():
    assert gap(torch.tensor([1 + 1j]), torch.tensor([1 - 1j])) == pytest.approx(2 / math.sqrt(2))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"a": 1.0}, {"a": 1.0, "b": 2.0}),
        ({"a": 1.0, "b": 2.0}, {"a": 1.0}),
        ({"a": 1.0}, {"b": 1.0}),
        ((1.0, 2.0), (1.0, 2.0, 3.0)),
        (None, 1.0),
        (torch.ones(3), torch.ones(3, 1)),
        (torch.ones(1), 1.0),
        (math.nan, 1.0),
        (1.0, math.nan),
        (torch.tensor([1.0, math.nan]), torch.ones(2)),
        ((math.nan, 1.0), (1.0, 1.0)),
        ((1.0, math.nan), (1.0, 1.0)),
        (math.inf, 1.0),
        (1.0, math.inf),
        (torch.tensor([1.0, -math.inf]), torch.tensor([1.0, math.inf])),
    ],
)
def test_what_cannot_be_compared_is_infinitely_far(found, expected):
    assert gap(found, expected) == math.inf


def test_infinities_that_agree_are_no_distance_and_no_scale():
    truth = torch.tensor([math.inf, 2.0])
    assert gap(truth, truth) == 0
    assert gap(torch.tensor([math.inf, 3.0]), truth) == pytest.approx(0.5)


def test_nothing_equals_nothing():
    assert gap(torch.ones(0), torch.ones(0)) == 0


# What all checks share


def test_all_versions_of_a_formula_meet_the_same_problems():
    met = []
    check = equals(lambda x: x, on=several)
    for _ in range(2):
        check.discrepancy(lambda x: met.append(x) or x, 0)
    check.forget()
    check.discrepancy(lambda x: met.append(x) or x, 0)
    first, second, third = met[:3], met[3:6], met[6:]
    assert all(a is b for a, b in zip(first, second, strict=True))
    assert all(torch.equal(a, b) and a is not b for a, b in zip(first, third, strict=True))
    assert not torch.equal(first[0], first[1])


def test_two_seeds_are_two_problems():
    check = equals(lambda x: x, on=points)
    assert not torch.equal(check.gives(lambda x: x, 0), check.gives(lambda x: x, 1))


@pytest.mark.parametrize(
    ("on", "count"),
    [
        (None, 1),
        (lambda generator: (1.0,), 1),
        (lambda generator: torch.ones(3), 1),
        (lambda generator: [1.0, 2.0], 2),
        (lambda generator: iter([(1.0,), (2.0,)]), 2),
    ],
)
def test_problems_are_one_or_several(on, count):
    calls = []
    check = equals(lambda *arguments: 1.0, on=on)
    assert check.discrepancy(lambda *arguments: calls.append(arguments) or 1.0, 0) == 0
    assert len(calls) == count


def test_no_problem_is_refused():
    with pytest.raises(ValueError, match="at least one problem"):
        has_mean(lambda generator: torch.ones(2), on=lambda generator: []).problem(0)


def test_a_check_tells_what_the_formula_gave_first():
    check = equals(lambda x: x, on=points)
    assert torch.equal(check.gives(lambda x, *, factor=2.0: factor * x, 0), 2 * check.problem(0)[0][0][0])
    assert check.gives(3.0, 0) == 3.0
    blind = measures(lambda formula: 0.0, tolerance=0.1, method="limit")
    with pytest.raises(ValueError, match="never called"):
        blind.gives(lambda: 1.0, 0)


@pytest.mark.parametrize("changes", [{"method": "looking"}, {"tolerance": -1.0}, {"tolerance": math.inf}])
def test_bad_checks_are_refused(changes):
    fields = {"method": "limit", "distance": max, "prepare": max, "tolerance": 1.0} | changes
    with pytest.raises(ValueError, match=next(iter(changes))):
        Check(**fields)
    assert Check("limit", max, max, 1.0).bound == BOUNDS["limit"]


# Right formulas, wrong ones, and what is no answer


def tossed(generator, x):
    return {"mean": x + normal(generator, 4000, 4), "share": uniform(generator, 4000) < 0.25}


def scaled(generator, size, x):
    return {"square": 3 * size**2 * x, "root": (size**0.5).expand(2) if torch.is_tensor(size) else size**-0.5}


def near(generator, size, x):
    return {"x": x + 1 / size, "two": 2.0 - 3 / size}


def bounded(x):
    return {"x": x, "root": x.sqrt()}


CASES = {
    "equals": (
        equals(lambda x: {"square": x * x, "sum": x.sum()}, on=several),
        lambda x: {"square": x**2, "sum": x.sum()},
    ),
    "is_at_most": (is_at_most(bounded, on=several), lambda x: {"x": 1.1 * x, "root": 1.1 * x.sqrt()}),
    "is_at_least": (is_at_least(bounded, on=several), lambda x: {"x": 0.9 * x, "root": 0.9 * x.sqrt()}),
    "has_mean": (has_mean(tossed, on=several), lambda x: {"mean": x, "share": torch.tensor(0.25)}),
    "falls_as": (falls_as(scaled, [4, 8, 16], on=several), lambda x: {"square": 2.0 * torch.ones(4), "root": -0.5}),
    "tends_to": (tends_to(near, [100, 200], on=several), lambda x: {"x": x, "two": 2.0}),
}
"""Name → a check of a formula with two parts at three problems, and a right formula."""
each_kind = pytest.mark.parametrize("name", CASES)


@each_kind
def test_the_right_formula_passes(name):
    assert passes(*CASES[name])


@each_kind
@pytest.mark.parametrize("position", [0, 1])
def test_either_part_alone_can_be_wrong(name, position):
    check, right = CASES[name]

    def wrong(x):
        parts = right(x)
        key = list(parts)[position]
        factor = 3.0 if name == "is_at_least" else 1 / 3
        return {**parts, key: factor * parts[key]}

    assert fails(check, wrong)


@each_kind
@pytest.mark.parametrize("call", [1, 2, 3])
def test_no_number_at_one_problem_is_never_passed_over(name, call):
    """Python's max would pass over what is no number unless it comes first."""
    check, right = CASES[name]
    calls = []

    def gives(x):
        calls.append(1)
        factor = math.nan if len(calls) == call else 1.0
        return {key: part * factor for key, part in right(x).items()}

    assert math.isnan(check.discrepancy(gives, 0))


@each_kind
def test_parts_that_are_missing_or_too_many_are_infinitely_far(name):
    check, right = CASES[name]
    first = next(iter(right(torch.ones(4))))
    assert check.discrepancy(lambda x: {first: right(x)[first]}, 0) == math.inf
    assert check.discrepancy(lambda x: {**right(x), "more": 1.0}, 0) == math.inf
    assert check.discrepancy(lambda x: tuple(right(x).values()), 0) == math.inf


@each_kind
def test_a_shape_that_differs_is_infinitely_far(name):
    check, right = CASES[name]
    first = next(iter(right(torch.ones(4))))
    assert check.discrepancy(lambda x: {**right(x), first: right(x)[first][:, None]}, 0) == math.inf
    assert check.discrepancy(lambda x: {**right(x), first: right(x)[first][:2]}, 0) == math.inf


# Exact statements


def test_rounding_passes_and_a_little_more_fails():
    check = equals(lambda x: x, on=points)
    assert passes(check, lambda x: x * (1 + 1e-12))
    assert fails(check, lambda x: x * (1 + 1e-9))
    assert passes(equals(lambda x: x, on=points, tolerance=1e-3), lambda x: x * 1.0005)


def test_a_value_can_be_the_formula():
    assert passes(equals(lambda: 2.0), 2.0)
    assert fails(equals(lambda: 2.0), 2.1)


def test_terms_add_up_to_zero():
    check = adds_up_to_zero(on=several)
    assert passes(check, lambda x: (x, -2 * x, x))
    assert passes(check, lambda x: {"one": 1e9 * x, "other": -1e9 * x})
    assert fails(check, lambda x: (x, -2.001 * x, x))
    assert check.discrepancy(lambda x: (x, x), 0) == 2.0
    assert check.discrepancy(lambda x: (0 * x, 0 * x), 0) == math.inf
    for terms in [(math.nan, 1.0), (1.0, math.nan)]:
        assert math.isnan(check.discrepancy(lambda x, terms=terms: terms, 0))


def test_any_distance_can_be_measured():
    check = measures(lambda formula, x: (formula(x) - x).abs().max(), on=several, tolerance=0.1, method="limit")
    assert passes(check, lambda x: x + 0.05)
    assert fails(check, lambda x: x + 0.15)
    calls = []
    second = measures(lambda formula: calls.append(1) or math.nan, on=lambda g: [(), ()], tolerance=1.0, method="limit")
    assert math.isnan(second.discrepancy(None, 0))


# Bounds


def test_a_bound_that_is_reached_is_sharp():
    upper, lower = is_at_most(lambda x: x, on=points), is_at_least(lambda x: x, on=points)
    for check in (upper, lower):
        assert passes(check, lambda x: x)
        assert check.sharpness(lambda x: x, SEEDS) == 1.0
    assert upper.sharpness(lambda x: 4 * x, SEEDS) == pytest.approx(0.25)
    assert lower.sharpness(lambda x: x / 4, SEEDS) == pytest.approx(0.25)
    assert equals(lambda x: x, on=points).sharpness(lambda x: x, SEEDS) is None


def test_the_distance_is_how_far_a_bound_is_exceeded():
    assert is_at_most(lambda: 3.0).discrepancy(2.0, 0) == pytest.approx(0.5)
    assert is_at_least(lambda: 2.0).discrepancy(3.0, 0) == pytest.approx(0.5)


def test_one_number_bounds_all_entries():
    check = is_at_most(lambda x: x, on=points)
    assert passes(check, 2.0)
    assert fails(check, 1.0)


def test_a_bound_of_0_or_less():
    assert is_at_most(lambda: torch.tensor([0.0, 1.0])).discrepancy(torch.tensor([0.0, 1.0]), 0) == 0
    assert is_at_most(lambda: 1.0).discrepancy(0.0, 0) == math.inf
    assert is_at_most(lambda: 1.0).discrepancy(-2.0, 0) == math.inf, "a changed sign is no bound"
    assert is_at_least(lambda: 1.0).discrepancy(-2.0, 0) == 0


# Sampling


def test_a_mean_is_scored_in_standard_errors():
    check = has_mean(lambda generator, mean: mean + normal(generator, 10_000), on=lambda generator: (1.0,))
    error = 1 / math.sqrt(10_000)
    mean = float(check.problem(0)[0][1][()][0])
    assert check.discrepancy(torch.tensor(mean + 3 * error), 0) == pytest.approx(3, rel=0.05)
    assert passes(check, lambda mean: torch.tensor(mean))
    assert fails(check, lambda mean: torch.tensor(1.1 * mean))
    assert check.unit == " standard errors"


def test_the_worst_entry_counts():
    check = has_mean(lambda generator: normal(generator, 1000, 3))
    claimed = torch.zeros(3)
    assert passes(check, claimed)
    claimed[1] = 0.5
    assert check.discrepancy(claimed, 0) > 10


def test_draws_that_are_all_equal_have_their_value_as_mean():
    check = has_mean(lambda generator: torch.full((1000,), 0.1, dtype=torch.float64))
    assert check.discrepancy(0.1, 0) < 1
    assert check.discrepancy(0.1 + 1e-6, 0) > 1000
    assert has_mean(lambda generator: torch.zeros(10)).discrepancy(0.0, 0) == 0
    assert has_mean(lambda generator: torch.zeros(10)).discrepancy(1e-9, 0) == math.inf


@given(st.integers(2, 50), st.integers(0, 99))
def test_spread_has_the_variance_as_mean(count, seed):
    draws = normal(torch.Generator().manual_seed(seed), count, 2)
    assert torch.allclose(spread(draws).mean(0), draws.var(0))


def test_a_distribution_is_told_from_others_near_it():
    check = has_distribution(lambda generator, rate: -uniform(generator, 20_000).log() / rate, on=lambda g: (2.0,))
    assert passes(check, lambda rate, values: 1 - torch.exp(-rate * values))
    assert fails(check, lambda rate, values: 1 - torch.exp(-1.1 * rate * values))
    assert check.discrepancy(lambda rate, values: 0.5, 0) == math.inf
    assert check.discrepancy(lambda rate, values: values[:, None], 0) == math.inf
    assert math.isnan(check.discrepancy(lambda rate, values: math.nan * values, 0))
    with pytest.raises(ValueError, match="samples"):
        has_distribution(lambda generator: torch.ones(3, 2)).problem(0)


def test_kolmogorovs_distance_by_hand():
    check = has_distribution(lambda generator: torch.tensor([0.9, 0.1, 0.6, 0.4], dtype=torch.float64))
    # below the first step of 1/4 the uniform law is 0.1, above it 0.15 short: the largest is 0.15
    assert check.discrepancy(lambda values: values, 0) == pytest.approx(0.15 * 2)


# Limits


def test_a_power_is_found_and_others_fail():
    check = falls_as(lambda generator, n: 5 / math.sqrt(n), [10, 100, 1000])
    assert passes(check, Exponent(-0.5))
    assert fails(check, Exponent(-0.45))
    assert check.discrepancy(-0.45, 0) == pytest.approx(0.05)
    assert check.unit == " in the exponent"


def test_one_exponent_serves_all_entries():
    check = falls_as(lambda generator, n, x: x / n, [10, 20], on=points)
    assert passes(check, -1.0)
    assert check.discrepancy(torch.tensor([-1.0, -1.0]), 0) == math.inf


def test_what_is_not_positive_has_no_exponent():
    assert math.isnan(falls_as(lambda generator, n: -1.0, [1, 2]).discrepancy(1.0, 0))


def test_repeats_count_standard_errors_of_the_slope():
    def noisy(generator, n):
        return n**-0.5 * torch.exp(0.1 * normal(generator))

    check = falls_as(noisy, [10, 100, 1000], repeats=16)
    assert check.tolerance == 6.0
    assert check.unit == " standard errors"
    assert passes(check, -0.5)
    assert fails(check, -0.4)
    assert falls_as(noisy, [10, 100], repeats=16, tolerance=4.0).tolerance == 4.0
    with pytest.raises(ValueError, match="repeats"):
        falls_as(noisy, [10, 100], repeats=3)


def test_without_an_order_the_last_size_stands_for_the_limit():
    check = tends_to(lambda generator, n: 2 + 1 / n, [10, 100])
    assert check.discrepancy(2.0, 0) == pytest.approx(0.01 / 2.01)


@pytest.mark.parametrize("order", [0.5, 1.0, 2.0])
def test_with_an_order_the_limit_is_extrapolated(order):
    check = tends_to(lambda generator, n: 2 + n**-order, [10, 20], order=order, tolerance=1e-12)
    assert passes(check, 2.0)
    assert fails(check, 2.001)
    assert fails(tends_to(lambda generator, n: 2 + n**-order, [10, 20], order=order + 1, tolerance=1e-5), 2.0)


def test_steps_that_become_small_have_a_negative_order():
    assert passes(tends_to(lambda generator, h: 2 + h, [0.1, 0.05], order=-1.0, tolerance=1e-12), 2.0)


def test_an_order_needs_two_sizes():
    with pytest.raises(ValueError, match="sizes"):
        tends_to(lambda generator, n: n, [10], order=1.0)


# Experiments


def heights(generator):
    return {"low": 1.0, "middle": 2.0, "high": 3.0}


def test_an_order_counts_neighbours_in_the_wrong_order():
    check = is_ordered(heights)
    assert passes(check, ("low", "middle", "high"))
    assert check.discrepancy(("high", "middle", "low"), 0) == 2
    assert check.discrepancy(("low", "high", "middle"), 0) == 1
    assert check.discrepancy(("low", "high"), 0) == math.inf
    assert check.discrepancy(("low", "middle", "tall"), 0) == math.inf
    assert is_ordered(lambda generator: {"a": math.nan, "b": 1.0}).discrepancy(("a", "b"), 0) == 1
    assert is_ordered(lambda generator: {"a": 1.0, "b": 1.0}).discrepancy(("a", "b"), 0) == 1, "equals have no order"


def test_all_exchanges_of_neighbours_are_wrong_versions():
    check = is_ordered(heights)
    others = check.others(("low", "middle", "high"))
    assert others == {"middle below low": ("middle", "low", "high"), "high below middle": ("low", "high", "middle")}
    assert all(fails(check, other) for other in others.values())


def test_numbers_lie_in_intervals():
    check = lies_in(heights)
    right = {"low": (0.0, 2.0), "middle": (2.0, 2.0), "high": (0.0, math.inf)}
    assert passes(check, right)
    assert check.discrepancy({**right, "low": (1.5, 2.5)}, 0) == pytest.approx(0.5)
    assert check.discrepancy({**right, "middle": (1.0, 1.0)}, 0) == pytest.approx(0.5), "in units of itself"
    assert check.discrepancy({**right, "high": (-math.inf, 0.0)}, 0) == pytest.approx(1.0)
    assert check.discrepancy({"low": (0.0, 2.0)}, 0) == math.inf
    assert check.discrepancy((0.0, 5.0), 0) == math.inf


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_infinitely_far_outside(value):
    assert lies_in(lambda generator: value).discrepancy((0.0, 1.0), 0) == math.inf
    assert lies_in(lambda generator: torch.tensor(0.5)).discrepancy((0.0, 1.0), 0) == 0
