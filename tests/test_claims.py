"""Every claim and every derivation of the book, each shown to reject what is wrong."""

import dataclasses

import pytest
import sympy as sp

from lecturelib.core.claims import all_claims
from lecturelib.core.derivations import WrongStep, all_derivations

CLAIMS = [claim for claims in all_claims().values() for claim in claims]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.label)
def test_claim_holds_and_its_falsifiers_are_rejected(claim):
    verdict = claim.run(range(6))
    assert verdict.holds, f"off by {verdict.worst}, tolerance {claim.tolerance}"
    assert not verdict.passed_by_mistake


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
