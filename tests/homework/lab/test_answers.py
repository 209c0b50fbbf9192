from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch

from lecturelib.homework.lab.answers import compare, number, numbers

RIGHT = [1.0, -2.0, 3.0]


@pytest.mark.parametrize(
    "found",
    [RIGHT, tuple(RIGHT), np.array(RIGHT, dtype=np.float32), torch.tensor(RIGHT), [1, -2, 3], np.array(RIGHT) + 0j],
    ids=["list", "tuple", "float32", "tensor", "integers", "complex"],
)
def test_right_numbers_pass_in_any_clothes(found):
    compare("a", found, RIGHT)


def test_axes_of_length_one_do_not_matter_unless_they_are_the_mistake():
    compare("a", [[1.0], [-2.0], [3.0]], RIGHT)
    compare("a", [[[5.0]]], 5.0)
    with pytest.raises(AssertionError, match="one row each"):
        compare("a", RIGHT, [RIGHT], mistakes={"one row each": RIGHT})
    with pytest.raises(AssertionError, match="expected shape"):
        compare("a", [[1.0, -2.0], [3.0, 4.0]], [1.0, -2.0, 3.0, 4.0])


def test_tensors_that_want_gradients_pass():
    compare("a", torch.tensor(RIGHT, requires_grad=True), RIGHT)
    compare("a", tuple(torch.tensor(RIGHT, requires_grad=True)), RIGHT)


def test_numbers_of_other_kinds_pass():
    compare("a", [Fraction(1), sympy.Integer(-2), Decimal(3)], RIGHT)
    compare("a", Fraction(1, 2), 0.5)
    assert sorted(numbers("a", {(1, 2), (0, 1)}).tolist()) == [[0, 1], [1, 2]]
    with pytest.raises(AssertionError, match="expected real numbers"):
        compare("a", [1, sympy.Symbol("x"), 3], RIGHT)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "forget `return`"),
        (..., "still to be filled in"),
        ([1.0, None, 3.0], "still to be filled in"),
        ("12", "expected numbers, got text"),
        (["a", "b", "c"], "expected numbers, got text"),
        ([3.0, 1.0, -2.0], "the right numbers, in another order"),
        ([[-1.0], [2.0], [-3.0]], "sign"),
        ([1j, 2, 3], "expected real numbers"),
        ([[1], [2, 3]], "expected real numbers"),
        ([1.0, np.nan, 3.0], "NaN"),
        ([1.0, -2.0], r"expected shape \(3,\), got \(2,\)"),
        ([-1.0, 2.0, -3.0], "sign"),
        ([2.0, -4.0, 6.0], "2 times what it should be"),
        ([1.0, -2.0, 3.1], "not right in a case that is not shown"),
        ([0.0, 0.0, 0.0], "not right"),
    ],
)
def test_wrong_numbers_are_told_what_is_wrong(found, words):
    with pytest.raises(AssertionError, match=words):
        compare("a", found, RIGHT)


def test_a_mistake_that_fits_is_named():
    mistakes = {"did you forget b0?": [0.0, -3.0, 2.0], "is it sorted?": [3.0, -2.0, 1.0]}
    for words, value in mistakes.items():
        with pytest.raises(AssertionError) as error:
            compare("a", value, RIGHT, mistakes=mistakes)
        assert str(error.value) == f"a: {words}"


def test_what_is_said_ends_as_a_sentence_before_the_values():
    with pytest.raises(AssertionError, match=r"a: one too few\. Expected"):
        compare("a", [1.0, -2.0], RIGHT, mistakes={"one too few": [1.0, -2.0]}, show=True)


def test_a_mistake_may_have_another_shape():
    with pytest.raises(AssertionError, match="one too few"):
        compare("a", [1.0, -2.0], RIGHT, mistakes={"one too few": [1.0, -2.0]})


def test_a_mistake_that_makes_no_difference_is_no_mistake():
    compare("a", RIGHT, RIGHT, mistakes={"wrong": RIGHT})
    with pytest.raises(AssertionError, match="not right"):
        compare("a", [1.0, 2.0, 3.0], RIGHT, mistakes={"wrong": RIGHT})


def test_values_are_shown_only_where_they_may_be():
    with pytest.raises(AssertionError, match=r"Expected \[ 1., -2.,  3.\], got"):
        compare("a", [1.0, 2.0, 3.0], RIGHT, show=True)
    with pytest.raises(AssertionError) as error:
        compare("a", [1.0, 2.0, 3.0], RIGHT)
    assert "2." not in str(error.value)


def test_tolerance_is_relative_to_the_largest_and_absolute_around_zero():
    compare("a", [1e6 + 1.0], [1e6])
    compare("a", [1e-7], [0.0])
    with pytest.raises(AssertionError):
        compare("a", [1.1e-20], [1e-20])


@pytest.mark.parametrize("value", [2, 2.0, [2.0], np.array([[2.0]]), torch.tensor(2.0)])
def test_one_number_may_come_in_an_array(value):
    assert number("a", value) == 2.0


@pytest.mark.parametrize("value", [[1.0, 2.0], [], None, "2"])
def test_several_numbers_or_none_are_not_one(value):
    with pytest.raises(AssertionError, match="^a: "):
        number("a", value)


def test_numbers_are_float64():
    assert numbers("a", [True, False]).dtype == np.float64
    assert numbers("a", 3).shape == ()
