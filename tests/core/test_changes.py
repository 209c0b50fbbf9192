"""Changes of a formula: every number is found, and changed alone."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lecturelib.core.changes import (
    ABSOLUTE,
    ANSWER,
    RELATIVE,
    STEP,
    components,
    constants,
    exchanged,
    numbers,
)
from lecturelib.core.claims import Exponent


@dataclass(frozen=True)
class Line:
    slope: torch.Tensor
    offset: float


class Pair(NamedTuple):
    low: float
    high: float


def law(x, y=1.0, *, factor=2.0, power=Exponent(0.5), count=3, exact=True, name="law", rule=None):
    return factor * x**power + count * y


def test_constants_are_keyword_only_numbers():
    assert constants(law) == {"factor": 2.0, "power": 0.5, "count": 3}
    assert constants(3.0) == {}
    assert constants(max) == {}


def test_what_a_formula_gives_is_taken_apart():
    value = {"line": Line(torch.ones(2), 3.0), "pair": Pair(1.0, 2.0), "list": [4, None], "text": "word"}
    assert [path for path, _ in components(value)] == [
        ("line", "slope"),
        ("line", "offset"),
        ("pair", "low"),
        ("pair", "high"),
        ("list", 0),
        ("text",),
    ]
    names = [one.name for one in numbers(value, value)]
    assert names == ["line, slope", "line, offset", "pair, low", "pair, high", "list, part 1"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1.5, RELATIVE),
        (0.0, ABSOLUTE),
        (Exponent(2), ABSOLUTE),
        (3, STEP),
        (np.int64(3), STEP),
        (True, ANSWER),
        (np.True_, ANSWER),
        (np.float32(0.5), RELATIVE),
        (np.ones(2), RELATIVE),
        (1 + 2j, RELATIVE),
        (torch.ones(2), RELATIVE),
        (torch.zeros(2), ABSOLUTE),  # a factor would not change it
        (torch.arange(2), STEP),
        (torch.tensor([True]), ANSWER),
    ],
)
def test_kinds_of_numbers(value, kind):
    (one,) = numbers(value, value)
    assert one.kind == kind
    assert one.size == (1.0 if kind in (STEP, ANSWER) else None)


def test_a_constant_and_a_part_of_the_result_keep_names_apart():
    formula = lambda x, *, factor=1.0: {"factor": factor * x}  # noqa: E731
    assert [one.name for one in numbers(formula, formula(2.0))] == ["factor", "factor of the result"]


def test_constants_change_by_a_factor_by_themselves_or_by_one():
    found = {one.name: one for one in numbers(law, law(4.0))}
    assert found["factor"].changed(law, 0.1)(4.0) == pytest.approx(2.2 * 2 + 3)
    assert found["power"].changed(law, 0.5)(4.0) == pytest.approx(2 * 4 + 3)
    assert found["count"].changed(law, 1.0)(4.0) == 8
    assert found["count"].changed(law, -1.0)(4.0) == 6
    assert found["value"].changed(law, -0.5)(4.0) == pytest.approx(3.5)
    assert law(4.0) == 7


def test_an_exponent_that_was_changed_is_one_still():
    (one,) = numbers(Exponent(2), Exponent(2))
    assert isinstance(one.changed(Exponent(2), 0.5), Exponent)


@given(st.integers(0, 3), st.floats(-0.9, 0.9).filter(lambda by: abs(by) > 1e-3))
def test_one_part_alone_changes_and_the_form_stays(position, by):
    value = {"line": Line(torch.tensor([1.0, 2.0]), 3.0), "pair": Pair(1.0, 2.0)}
    one = numbers(value, value)[position]
    before, after = dict(components(value)), dict(components(one.changed(value, by)))
    assert before.keys() == after.keys()
    assert isinstance(one.changed(value, by)["pair"], Pair)
    changed = [path for path in before if not torch.equal(torch.as_tensor(before[path]), torch.as_tensor(after[path]))]
    assert changed == [one.path]
    assert torch.allclose(torch.as_tensor(after[one.path]), torch.as_tensor(before[one.path]) * (1 + by))


def test_one_answer_is_turned_and_that_once():
    formula = lambda x: {"positive": x > 0}  # noqa: E731
    (one,) = numbers(formula, formula(torch.ones(3)))
    wrong = one.changed(formula, 1.0)
    assert wrong(torch.ones(3))["positive"].tolist() == [False, True, True]
    assert wrong(torch.ones(3))["positive"].tolist() == [True, True, True]
    assert one.changed({"positive": False}, 1.0) == {"positive": True}


def test_other_constants_and_other_parts():
    assert exchanged(law, {"factor": 1.0, "count": 0})(4.0) == 2
    assert exchanged({"a": 1.0, "b": 2.0}, {"b": 3.0}) == {"a": 1.0, "b": 3.0}
    assert exchanged(Line(torch.ones(1), 1.0), {"offset": 5.0}).offset == 5.0
    assert exchanged(lambda **options: options, {"any": 1.0})() == {"any": 1.0}


@pytest.mark.parametrize(("formula", "name"), [(law, "faktor"), (law, "y"), ({"a": 1.0}, "b"), (2.0, "a")])
def test_a_name_that_is_not_there_is_refused(formula, name):
    with pytest.raises(ValueError, match=f"expected names of .*, got {name}"):
        exchanged(formula, {name: 1.0})
