"""Resolution: what is searched, what is stored, when it is stale, how it reads."""

import json
import math
import sys
from dataclasses import replace
from textwrap import dedent

import pytest

import lecturelib
from lecturelib.core import __main__ as program
from lecturelib.core import fingerprints, resolution
from lecturelib.core.changes import ABSOLUTE, ANSWER, RELATIVE, STEP
from lecturelib.core.checking import equals, is_at_most, is_ordered, measures
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.fingerprints import code_hash
from lecturelib.core.problems import uniform

MODULE = "lecturelib.planted.checks"
FILES = {
    "checks": '''
        """Checks."""
        from lecturelib.planted import helper
        from lecturelib.planted.numbers import TWO
        def formula(x): return TWO * helper.twice(x)
    ''',
    "helper": '''
        import lecturelib.planted.deep
        def twice(x):
            """Twice x."""
            return 2 * x  # and no more
    ''',
    "numbers": "TWO = 2\n",
    "deep": "X = 1\n",
    "elsewhere": "Y = 1\n",
    "__init__": '"""Names."""\n',
}


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A package of the library with checks; what it gives changes a module, and returns the hash of the checks."""
    folder = tmp_path / "planted"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / f"{name}.py").write_text(dedent(text).lstrip(), encoding="utf-8")
    monkeypatch.setattr(lecturelib, "__path__", [*lecturelib.__path__, str(tmp_path)])
    monkeypatch.delattr(lecturelib, "planted", raising=False)

    def changed(name="checks", old="", new=""):
        path = folder / f"{name}.py"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        forget()
        return code_hash(MODULE)

    yield changed
    forget()


def forget():
    for name in [name for name in sys.modules if name.startswith("lecturelib.planted")]:
        del sys.modules[name]
    for function in (fingerprints.code_hash, fingerprints.source_of, fingerprints._imports, fingerprints._tree):
        function.cache_clear()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("helper", '"""Twice x."""', '"""Two times x."""'),
        ("helper", '    """Twice x."""\n', ""),
        ("helper", "  # and no more", ""),
        ("helper", "return 2 * x", "return (\n        2 * x\n    )"),
        ("checks", '"""Checks."""', '"""Claims."""'),
        ("elsewhere", "Y = 1", "Y = 2"),
        ("__init__", '"""Names."""', '"""Names."""\nZ = 1'),
    ],
)
def test_the_hash_stays_when_no_code_has_changed_that_the_checks_use(planted, name, old, new):
    before = planted()
    assert planted(name, old, new) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("checks", "TWO *", "TWO +"),
        ("helper", "2 * x", "2.0 * x"),
        ("numbers", "TWO = 2", "TWO = 3"),
        ("deep", "X = 1", "X = None"),
        ("deep", "X = 1", 'X = "1"'),
        ("deep", "X = 1", "x = 1"),
    ],
)
def test_the_hash_changes_with_the_code_of_the_module_and_of_what_it_imports(planted, name, old, new):
    before = planted()
    assert planted(name, old, new) != before


def test_the_hash_of_a_package_that_is_meant_itself(planted):
    planted("checks", "import helper", "import Z")
    before = planted("__init__", '"""Names."""', "Z = 1")
    assert planted("__init__", "Z = 1", "Z = 2") != before


def test_how_checks_compare_and_how_changes_are_searched_count_but_not_how_they_are_shown():
    found = fingerprints._closure("lecturelib.splines.loss_surface.checks")
    assert {"lecturelib.core.resolution", "lecturelib.core.changes", "lecturelib.core.fingerprints"} <= found
    assert not found & fingerprints.SHOWING
    assert "lecturelib.core.checking" in fingerprints._closure(__name__)


def test_a_module_without_a_file_has_no_code():
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        code_hash("lecturelib.nowhere")


# Searching


def points(generator):
    return (uniform(generator, 4, low=1.0, high=2.0),)


@claim("thm-test-law", source="own", check=equals(lambda x: 2 * x, on=points), wrong={"the square": {"power": 2.0}})
def law(x, *, factor=2.0, power=Exponent(1)):
    return factor * x**power


@pytest.mark.parametrize("tolerance", [1e-10, 1e-6, 1e-3])
def test_the_smallest_change_is_a_little_above_the_tolerance(tolerance):
    found = resolution.search(replace(law, check=replace(law.check, tolerance=tolerance)))
    for size in (found["factor"][1], found["value"][1]):
        assert tolerance < size < 1.2 * tolerance
    assert found["power"][0] == ABSOLUTE


def test_both_directions_have_to_be_noticed():
    def one_sided(formula, x):
        return max(float((formula(x) - 2 * x).max()), 0.0)

    check = measures(one_sided, on=points, tolerance=1e-9, method="exact identity")
    assert replace(law, check=check).blind() == ["factor ±1e-06", "power ±1e-06", "value ±1e-06"]


def test_a_bound_has_to_notice_what_sharpens_it_in_whichever_direction():
    @claim("thm-test-bound", source="own", check=is_at_most(lambda x: x, on=points), wrong={"half": {"by": 2.5}})
    def bound(x, *, by=1.25):
        return 1.25 * x / by

    assert not bound.blind()
    found = bound.resolution()
    assert found["by"] < 1e-6, "the bound is met"
    assert found["value"] < 1e-6


def test_a_bound_that_is_far_away_is_too_coarse():
    @claim("thm-test-loose", source="own", check=is_at_most(lambda x: x, on=points), wrong={"third": lambda x: x / 3})
    def loose(x, *, factor=4.0):
        return factor * x

    assert loose.blind() == ["factor ±0.5", "value ±0.5"]
    found = resolution.search(loose)
    assert found["value"] == (RELATIVE, pytest.approx(0.75, rel=0.15))
    assert resolution.too_coarse(loose, found) == ["factor", "value"]


def test_a_formula_without_numbers_cannot_be_changed_and_is_blind():
    check = measures(
        lambda formula, x: float((formula()(x) - x).abs().max()), on=points, tolerance=1e-9, method="limit"
    )
    gives_a_function = replace(law, check=check, formula=lambda: lambda x: x, wrong={"twice": lambda: lambda x: 2 * x})
    assert gives_a_function.run().holds
    assert gives_a_function.blind() == ["the formula has no numbers"]


def test_orders_have_no_numbers_and_are_not_blind():
    order = replace(law, check=is_ordered(lambda g: {"a": 1, "b": 2}), formula=("a", "b"), wrong={"no": ("b", "a")})
    assert order.blind() == []
    assert resolution.search(order) == {}


def test_a_change_that_leaves_no_number_is_noticed():
    @claim("thm-test-edge", source="own", check=equals(lambda: math.pi / 2), wrong={"the sine": math.sin(1.0)})
    def edge(*, factor=1.0):
        return math.asin(factor) if abs(factor) <= 1 else math.nan

    assert edge.run().require()
    assert not edge.blind()


# The store


@pytest.fixture
def store(planted, tmp_path, monkeypatch):
    """The claim `law`, as if it were declared in a module of the library, and the place of its resolution."""
    planted()
    one = replace(law, module=MODULE)
    monkeypatch.setattr(program, "all_claims", lambda: {MODULE: [one]})
    return one, tmp_path / "planted" / "resolution.json"


def never(claim):
    raise AssertionError("searched though it is stored")


def test_what_is_stored_is_not_searched_again(store, monkeypatch, capsys):
    one, path = store
    assert resolution.place(MODULE) == path
    found = one.resolution()
    assert program.main([]) == 0
    assert "thm-test-law: an error of" in capsys.readouterr().out
    monkeypatch.setattr(resolution, "search", never)
    monkeypatch.setattr(program, "search", never)
    assert one.resolution() == found
    assert program.main([]) == 0


def test_what_was_found_by_other_code_is_stale(store, planted):
    one, path = store
    program.main([])
    entry = json.loads(path.read_text())["thm-test-law"]
    planted("helper", "2 * x", "3 * x")
    assert entry["code"] != code_hash(MODULE)
    path.write_text(json.dumps({"thm-test-law": {**entry, "numbers": {"factor": ["relative", 0.5]}}}))
    assert one.resolution()["factor"] < 1e-9, "found anew"
    program.main([])
    assert json.loads(path.read_text()) == {"thm-test-law": {**entry, "code": code_hash(MODULE)}}


def test_what_is_no_claim_any_more_leaves_the_store(store):
    _, path = store
    path.write_text('{"thm-test-old": {"code": "0", "numbers": {}}}')
    program.main([])
    assert list(json.loads(path.read_text())) == ["thm-test-law"]


def test_some_claims_alone_are_searched(store, monkeypatch, capsys):
    _, path = store
    assert program.main(["thm-test-other"]) == 2
    assert "no module and no claim is called thm-test-other" in capsys.readouterr().err
    assert not path.exists() or json.loads(path.read_text()) == {}
    assert program.main(["planted"]) == 0
    assert list(json.loads(path.read_text())) == ["thm-test-law"]


def test_what_is_too_coarse_is_named_and_fails_unless_it_is_excused(store, monkeypatch, capsys):
    one, _ = store
    blunt = replace(one, check=replace(one.check, tolerance=1e-3))
    monkeypatch.setattr(program, "all_claims", lambda: {MODULE: [blunt]})
    assert program.main([]) == 1
    assert "thm-test-law: TOO COARSE in factor, power, value" in capsys.readouterr().out
    assert program.main([]) == 1, "it is named again though it is stored"
    monkeypatch.setattr(program, "all_claims", lambda: {MODULE: [replace(blunt, excused="it is a test")]})
    assert program.main([]) == 0


def test_a_change_that_is_never_noticed_is_stored_as_infinite(store, monkeypatch):
    one, _ = store
    idle = replace(one, formula=lambda x, *, idle=1.0: 2 * x, wrong={"once": lambda x: x}, excused="it is a test")
    monkeypatch.setattr(program, "all_claims", lambda: {MODULE: [idle]})
    program.main([])
    monkeypatch.setattr(resolution, "search", never)
    assert idle.resolution()["idle"] == math.inf


def test_modules_outside_the_library_have_no_store():
    assert resolution.place(__name__) is None
    assert resolution.stored("__main__") == {}


# In words

TINY = {"a": (RELATIVE, 1e-9), "b": (ABSOLUTE, 3e-9)}


@pytest.mark.parametrize(
    ("found", "words", "brief"),
    [
        ({}, "", ""),
        ({"value": (RELATIVE, 0.02)}, "an error of 2\u00a0%", None),
        ({"mean": (RELATIVE, 0.5)}, "an error of 50\u00a0% in mean", None),
        ({"mean": (RELATIVE, 2e-5)}, "an error of 2.0\u00a0×\u00a010⁻⁵ in mean", None),
        ({"power": (ABSOLUTE, 0.03)}, "an error of 0.03 in power", None),
        ({"value": (STEP, 1.0)}, "a difference of 1", None),
        ({"answer": (ANSWER, 1.0)}, "one wrong answer in answer", None),
        ({"idle": (ANSWER, math.inf)}, "no error in idle", None),
        (TINY, "an error of 3.0\u00a0×\u00a010⁻⁹ in any of its numbers", "an error of 3.0\u00a0×\u00a010⁻⁹"),
        (
            {"a": (RELATIVE, 0.01), "n": (STEP, 1.0)},
            "an error of 1\u00a0% in a; a difference of 1 in n",
            "an error of 1\u00a0% in a",
        ),
        ({"m": (STEP, 1.0), "n": (STEP, 1.0)}, "a difference of 1 in m; a difference of 1 in n", None),
        (
            {"a": (RELATIVE, 0.01), "b": (RELATIVE, 0.02)},
            "an error of 1\u00a0% in a; an error of 2\u00a0% in b",
            "an error of 2\u00a0%",
        ),
        (
            {"a": (RELATIVE, 0.01), "b": (RELATIVE, 0.02), "power": (ABSOLUTE, 0.1), "idle": (RELATIVE, math.inf)},
            "an error of 1\u00a0% in a; an error of 2\u00a0% in b; an error of 0.1 in power; no error in idle",
            "an error of 0.1 in power; no error in idle; an error of 2\u00a0% in any other of its numbers",
        ),
    ],
)
def test_resolution_in_words(found, words, brief):
    assert resolution.in_words(found) == words
    assert resolution.in_words(found, brief=True) == (words if brief is None else brief)
