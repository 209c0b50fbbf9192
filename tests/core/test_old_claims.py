"""Claims: what they refuse, and that a check which cannot fail is found out."""

import math
from dataclasses import replace

import pytest
import torch

from lecturelib.core.old_claims import Claim, all_claims, number, relative_gap, table


def distance_to_two(value, generator):
    return abs(value - 2.0) + 1e-12 * float(torch.rand((), generator=generator))


TWO = Claim(
    label="thm-two",
    statement="One and one is $2$.",
    source="arithmetic",
    method="exact identity",
    tolerance=1e-9,
    check=distance_to_two,
    formula=2.0,
    falsifiers={"three": 3.0, "almost": 2.001},
)


def test_a_true_claim_holds_and_reports_both_figures():
    verdict = TWO.run()
    assert verdict.holds
    assert 0 < verdict.worst <= 1e-12
    assert verdict.closest["almost"] == pytest.approx(0.001, rel=1e-6)
    assert verdict.require() is verdict


def test_the_same_seed_gives_the_same_figure():
    assert TWO.discrepancy(2.0, 3) == TWO.discrepancy(2.0, 3) != TWO.discrepancy(2.0, 4)


def test_a_false_claim_is_refused():
    with pytest.raises(AssertionError, match="'thm-two' is false"):
        replace(TWO, formula=2.5).run().require()


def test_a_check_that_passes_a_falsifier_is_refused():
    with pytest.raises(AssertionError, match="also passes wrong versions: almost"):
        replace(TWO, tolerance=0.01).show()


def test_a_claim_without_falsifier_is_an_error():
    with pytest.raises(ValueError, match="falsifiers: claim 'thm-two'"):
        replace(TWO, falsifiers={})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", " "),
        ("statement", ""),
        ("statement", "$\varepsilon > 0$"),
        ("source", ""),
        ("method", "belief"),
        ("tolerance", math.nan),
        ("tolerance", -1),
    ],
)
def test_a_missing_field_is_named(field, value):
    with pytest.raises(ValueError, match=field):
        replace(TWO, **{field: value})


def test_no_number_is_infinitely_wrong_for_the_statement_and_an_error_for_a_falsifier():
    assert replace(TWO, formula=math.nan).run().worst == math.inf
    with pytest.raises(ValueError, match="gave no number"):
        replace(TWO, falsifiers={"nothing": math.nan}).run()
    with pytest.raises(ValueError, match="at least 0"):
        replace(TWO, check=lambda value, generator: -1.0).run()


def test_a_check_that_raises_is_not_swallowed():
    def broken(value, generator):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        replace(TWO, check=broken).run()


def test_at_least_one_seed():
    with pytest.raises(ValueError, match="seeds"):
        TWO.run([])


def test_it_shows_itself_in_the_book_and_in_a_notebook():
    bundle = TWO.show()._repr_mimebundle_()
    assert bundle["application/vnd.lecturelib.myst"].startswith("::::{dropdown} Checked (exact identity, 5 seeds)")
    assert "three: off by at least 1, rejected" in bundle["text/markdown"]
    assert ":::" not in bundle["text/markdown"]


def test_the_table_refuses_what_does_not_hold():
    assert "{prf:ref}`thm-two`" in table([TWO.run()]).myst
    assert "prf:ref" not in table([TWO.run()]).plain
    with pytest.raises(AssertionError):
        table([replace(TWO, formula=1.0).run()])


def test_numbers_as_readers_like_them():
    shown = [number(value) for value in (0.0, 0.125, 3.0, 31.4, 3.14e-16, math.inf)]
    assert shown == ["0", "0.12", "3", "31", r"$3.1\times10^{-16}$", "infinitely much"]


def test_relative_gap():
    one = torch.tensor([1.0, -4.0])
    assert relative_gap(one + torch.tensor([0.0, 0.4]), one) == pytest.approx(0.1)
    assert relative_gap(one[:1], one) == math.inf


def test_labels_are_used_once():
    labels = [claim.label for claims in all_claims().values() for claim in claims]
    assert len(labels) == len(set(labels)) > 0
