"""Verdicts of a build: computed once, by whichever page comes first."""

import json
import math
from dataclasses import replace

import pytest
import sympy

from lecturelib.core import derivations, resolution, verdicts
from lecturelib.core.checking import equals, is_at_most
from lecturelib.core.claims import claim
from lecturelib.core.problems import uniform

RUNS = []


def points(generator):
    RUNS.append(1)
    return (uniform(generator, 4, low=1.0, high=2.0),)


@claim("thm-test-kept", source="own", check=equals(lambda x: x, on=points), wrong={"twice": lambda x: 2 * x})
def kept(x):
    return x


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A build with the store of verdicts in this folder, and the claim as one of the part 'one'."""
    monkeypatch.setenv(verdicts.STORE, json.dumps({"folder": str(tmp_path), "keys": {"one": "one-123"}}))
    RUNS.clear()
    return replace(kept, module="lecturelib.one.chapter.checks"), tmp_path / "one-123" / "thm-test-kept.json"


def test_a_verdict_is_computed_once_and_read_the_same(store):
    one, path = store
    first = one.verdict()
    count = len(RUNS)
    assert path.exists()
    second = one.verdict()
    assert len(RUNS) == count
    assert second == first
    assert second.seeds == (0, 1, 2, 3, 4)


def test_the_resolution_is_kept_with_it(store, monkeypatch):
    one, _ = store
    first = one.verdict().notices()
    assert first.startswith("an error of")
    monkeypatch.setattr(resolution, "search", None)
    count = len(RUNS)
    assert one.verdict().notices() == one.show().plain.split("would notice ")[1].split("<")[0] == first
    assert len(RUNS) == count


def test_a_resolution_that_is_stored_fresh_is_not_searched(store, monkeypatch):
    one, _ = store
    monkeypatch.setattr(resolution, "search", None)
    entry = {"code": "7", "numbers": {"value": ["relative", 0.25]}}
    monkeypatch.setattr(resolution, "stored", lambda module: {one.label: entry})
    monkeypatch.setattr(resolution, "code_hash", lambda module: "7")
    assert one.verdict().notices() == "an error of 25\u00a0%"
    assert len(RUNS) == 5, "once a seed, for the verdict alone"


def test_infinite_figures_survive(store):
    far = replace(store[0], check=is_at_most(lambda: 1.0), formula=lambda: 1.0, wrong={"nothing": lambda: 0.0})
    assert far.verdict().closest == far.verdict().closest == {"nothing": math.inf}


def test_a_claim_that_fails_is_kept_as_failing(store):
    one, path = store
    false = replace(one, formula=lambda x: 2 * x, wrong={"thrice": lambda x: 3 * x})
    for _ in range(2):
        with pytest.raises(AssertionError, match="is false"):
            false.show()
    assert path.exists()


@pytest.mark.parametrize("module", ["", "__main__", "lecturelib.two.checks", "tests.one.checks"])
def test_claims_of_no_part_are_computed_each_time(store, tmp_path, module):
    other = replace(store[0], module=module)
    other.verdict()
    count = len(RUNS)
    other.verdict()
    assert len(RUNS) == 2 * count
    assert not list(tmp_path.iterdir())


def test_outside_a_build_nothing_is_kept(store, tmp_path, monkeypatch):
    monkeypatch.delenv(verdicts.STORE)
    store[0].verdict()
    assert not list(tmp_path.iterdir())


@pytest.fixture
def chain(tmp_path, monkeypatch):
    """Makes (x + 1)² = `end` in the part 'one', in a build with the store in this folder; and what was proved."""
    monkeypatch.setenv(verdicts.STORE, json.dumps({"folder": str(tmp_path), "keys": {"one": "one-123"}}))
    proved, equal = [], derivations.equal
    monkeypatch.setattr(derivations, "equal", lambda one, *rest: proved.append(one) or equal(one, *rest))

    def make(end: str, module: str = "lecturelib.one.chapter.derivations") -> derivations.Derivation:
        code = "Derivation('eq-test', (x + 1)**2, [Step(end, 'because')])"
        x = sympy.Symbol("x", real=True)
        names = {
            "Derivation": derivations.Derivation,
            "Step": derivations.Step,
            "x": x,
            "end": sympy.sympify(end, {"x": x}),
        }
        return eval(code, {"__name__": module, **names})

    return make, proved


def test_a_chain_is_proved_once_and_again_where_it_is_another(chain, tmp_path):
    make, proved = chain
    assert make("x**2 + 2*x + 1").verdicts == make("x**2 + 2*x + 1").verdicts == (derivations.PROVED,)
    assert len(proved) == 1
    assert make("x*(x + 2) + 1").verdicts == (derivations.PROVED,)
    assert len(proved) == 2
    assert len(list((tmp_path / "one-123").iterdir())) == 2


def test_a_wrong_chain_is_refused_in_a_build_too_every_time(chain, tmp_path):
    make, _ = chain
    for _ in range(2):
        with pytest.raises(derivations.WrongStep, match="step 1 of 'eq-test'"):
            make("x**2 + 2*x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("module", ["__main__", "lecturelib.core.records"])
def test_a_chain_of_no_part_is_proved_every_time(chain, module):
    make, proved = chain
    for _ in range(2):
        make("x**2 + 2*x + 1", module)
    assert len(proved) == 2
