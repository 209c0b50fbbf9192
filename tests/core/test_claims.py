"""Claims: what they refuse, that a check which cannot fail is found out, and how small an error is noticed."""

import math
from dataclasses import replace

import pytest
import torch

from lecturelib.core.checking import equals, is_at_most, is_ordered
from lecturelib.core.claims import Claim, Exponent, claim, number


def squares(generator):
    yield from torch.rand(3, 4, generator=generator, dtype=torch.float64)


@claim(
    "thm-test-square",
    source="own; deboor2001: chapter 1",
    check=equals(lambda x: x * x, on=squares),
    wrong={"the cube": {"power": 3.0}, "twice": lambda x: 2 * x * x},
)
def square(x, *, factor=1.0, power=Exponent(2)):
    return factor * x**power


def test_a_true_claim_holds_and_reports_both_figures():
    verdict = square.run()
    assert verdict.holds
    assert verdict.worst <= 1e-15
    assert verdict.closest["twice"] == pytest.approx(1.0)
    assert verdict.require() is verdict


def test_a_false_claim_is_refused():
    with pytest.raises(AssertionError, match="'thm-test-square' is false"):
        replace(square, formula=lambda x: 1.001 * x * x, wrong={"none": lambda x: x}).run().require()


def test_other_right_versions_have_to_pass_too():
    assert replace(square, also=(torch.square,)).run().holds
    assert not replace(square, also=(torch.abs,)).run().holds


def test_a_check_that_passes_a_wrong_version_is_refused():
    blunt = replace(square, check=replace(square.check, tolerance=1.0))
    with pytest.raises(AssertionError, match="also passes wrong versions: .*twice"):
        blunt.run().require()


def test_every_number_of_a_formula_is_changed_both_ways():
    assert [one.name for one in square.numbers()] == ["factor", "power", "value"]
    assert not square.blind()
    blunt = replace(square, check=equals(lambda x: x * x, on=squares, tolerance=1e-4))
    assert blunt.blind() == [f"{name} ±1e-06" for name in ("factor", "power", "value")]


def test_the_resolution_is_the_smallest_change_that_is_rejected():
    blunt = replace(square, check=equals(lambda x: x * x, on=squares, tolerance=1e-8))
    found = blunt.resolution()
    assert found["factor"] == pytest.approx(1e-8, rel=0.2)
    assert found["factor"] >= 1e-8


def test_a_number_that_the_check_never_looks_at_is_found_out():
    def unused(x, *, factor=1.0, idle=3.0):
        return factor * x * x

    idle = replace(square, formula=unused, wrong={"twice": {"factor": 2.0}})
    assert idle.blind() == ["idle ±1e-06"]
    assert idle.resolution()["idle"] == math.inf


def test_whole_numbers_move_by_one_and_answers_are_turned():
    counts = replace(
        square,
        formula=lambda x, *, most=2: {"many": int((x > 0).sum()) > most, "size": x.numel()},
        check=equals(lambda x: {"many": True, "size": 4}, on=squares),
        wrong={"few": {"most": 9}},
    )
    assert counts.run().holds
    assert [one.kind for one in counts.numbers()] == ["step", "answer", "step"]
    assert counts.blind() == ["most ±1"]  # all four are positive: no problem lies at the border


def test_a_bound_is_changed_downwards_and_says_how_sharp_it_was_met():
    bound = claim(
        "thm-test-bound",
        source="own",
        check=is_at_most(lambda x: 0.8 * x, on=squares),
        wrong={"half": lambda x: 0.5 * x},
    )(lambda x: x)
    assert bound.run().sharpness == pytest.approx(0.8)
    assert not bound.blind()
    assert bound.resolution()["value"] == pytest.approx(0.2, rel=0.2)


def test_an_order_gets_its_exchanges_as_wrong_versions():
    def heights(generator):
        return {"low": 1.0, "middle": 2.0, "high": 3.0}

    order = claim(
        "thm-test-order", source="own", check=is_ordered(heights), wrong={"turned": ("high", "middle", "low")}
    )
    stands = order(("low", "middle", "high"))
    assert set(stands.run().require().closest) == {"turned", "middle below low", "high below middle"}
    assert stands.numbers() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", " "),
        ("label", "Thm square"),
        ("source", ""),
        ("source", "folklore"),
        ("wrong", {}),
        ("wrong", {"$\varepsilon > 0$": 1.0}),
    ],
)
def test_a_missing_or_bad_field_is_named(field, value):
    with pytest.raises(ValueError, match=field):
        replace(square, **{field: value})


def test_no_number_is_infinitely_wrong_for_the_statement_and_an_error_for_a_wrong_version():
    assert replace(square, formula=lambda x: math.nan * x, wrong={"twice": lambda x: 2 * x}).run().worst == math.inf
    check = replace(square.check, distance=lambda formula, problem: math.nan if formula is None else 0.0)
    with pytest.raises(ValueError, match="gave no number"):
        replace(square, check=check, wrong={"nothing": None}).run()
    with pytest.raises(ValueError, match="at least 0"):
        replace(square, check=replace(square.check, distance=lambda formula, problem: -1.0)).run()


def test_a_check_that_raises_is_not_swallowed():
    def broken(formula, problem):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        replace(square, check=replace(square.check, distance=broken)).run()


def test_at_least_one_seed():
    with pytest.raises(ValueError, match="seeds"):
        square.run([])


def test_it_shows_itself_in_the_book_and_in_a_notebook():
    bundle = square.show()._repr_mimebundle_()
    assert bundle["application/vnd.lecturelib.myst"].startswith("::::{dropdown} Checked (exact identity, 5 seeds)")
    assert "twice: off by at least 1, rejected" in bundle["text/markdown"]
    assert "would notice an error of" in bundle["text/markdown"].split("</summary>")[0]
    assert ":::" not in bundle["text/markdown"]


def test_a_claim_knows_where_it_is_declared():
    assert isinstance(square, Claim)
    assert square.module == __name__


def test_numbers_as_readers_like_them():
    shown = [number(value) for value in (0.0, 0.125, 3.0, 31.4, 3.14e-16, math.inf)]
    assert shown == ["0", "0.12", "3", "31", "3.1\u00a0×\u00a010⁻¹⁶", "infinitely much"]
