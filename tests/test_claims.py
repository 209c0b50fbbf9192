"""Every claim and every derivation of the book: true, and shown to reject what is wrong by as little as is promised."""

import dataclasses
import re
from pathlib import Path

import pytest
import sympy as sp

from lecturelib.core.claims import all_claims
from lecturelib.core.derivations import WrongStep, all_derivations
from lecturelib.core.fingerprints import code_hash
from lecturelib.core.resolution import numbers, stored, too_coarse

CLAIMS = [claim for claims in all_claims().values() for claim in claims]
each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.module.split('.')[1]}-{claim.label}")
MOST_EXCUSED = 10
BIBLIOGRAPHY = Path(__file__).resolve().parents[1] / "references.bib"


@each_claim
def test_claim_holds_and_wrong_versions_are_rejected(claim):
    claim.run().require()


@each_claim
def test_claim_notices_a_change_as_small_as_its_method_promises(claim):
    blind = claim.blind()
    claim.check.forget()
    if claim.excused:
        assert blind, "the excuse is not needed"
    else:
        assert not blind, f"changes that pass: {', '.join(blind)}"


@each_claim
def test_the_stored_resolution_was_found_by_the_code_as_it_is(claim):
    entry = stored(claim.module).get(claim.label)
    assert entry is not None, "no resolution is stored: run make resolution"
    assert entry["code"] == code_hash(claim.module), "the stored resolution is stale: run make resolution"
    assert claim.excused or not too_coarse(claim, numbers(entry))


def test_few_claims_are_excused():
    assert len([claim for claim in CLAIMS if claim.excused]) <= MOST_EXCUSED


def test_sources_stand_in_the_bibliography():
    keys = set(re.findall(r"^@\w+\{(\w+),", BIBLIOGRAPHY.read_text(encoding="utf-8"), re.M))
    for claim in CLAIMS:
        cited = {part.split(":")[0] for part in claim.source.split("; ")} - {"own"}
        assert cited <= keys, f"{claim.label}: {', '.join(cited - keys)}"


def sign_changes(expression):
    """Every expression that differs from `expression` in the sign of one term of one sum, or of the whole."""
    yield -expression
    for part in sp.preorder_traversal(expression):
        if isinstance(part, sp.Add):
            for term in part.args:
                yield expression.xreplace({part: part - 2 * term})


@pytest.fixture(scope="module")
def derivations():
    return all_derivations()


def test_derivations_are_proved_or_say_that_they_were_checked(derivations):
    assert derivations
    for derivation in derivations:
        assert len(derivation.verdicts) == len(derivation.steps)


def test_no_step_of_a_derivation_survives_a_changed_sign(derivations):
    for derivation in derivations:
        for position, step in enumerate(derivation.steps):
            for wrong in sign_changes(step.expression):
                steps = list(derivation.steps[: position + 1])
                steps[position] = dataclasses.replace(step, expression=wrong)
                with pytest.raises(WrongStep, match=f"step {position + 1} of '{derivation.label}'"):
                    dataclasses.replace(derivation, steps=steps)
