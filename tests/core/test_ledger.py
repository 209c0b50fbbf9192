"""The page of what was checked: every claim, in the order of the chapters, with the words of its statement."""

from dataclasses import replace

import pytest

from lecturelib.core import ledger, verdicts
from lecturelib.core.checking import BOUNDS, equals, has_mean, is_ordered
from lecturelib.core.claims import claim
from lecturelib.core.problems import uniform

PAGES = {
    "one/late": "# Late\n\n:::{prf:lemma}\n:label: lem-late\nThe mean is $\\frac12$, $|x|$.\n:::\n",
    "one/early": "# Early\n\n::::{prf:theorem} Name\n:label: thm-early\n:::{note}\nA note.\n:::\n$$x$$ (eq-x)\n::::\n"
    ":::{prf:corollary}\n:label: cor-early\nSo.\n:::\n",
}


def points(generator):
    return (uniform(generator, 4),)


@claim("thm-early", source="sahs2022: page 2", check=equals(lambda x: x, on=points), wrong={"twice": lambda x: 2 * x})
def early(x):
    return x


MEAN = claim("lem-late", source="own", check=has_mean(lambda g: uniform(g, 20_000)), wrong={"$1$": 1.0})(0.5)
ORDER = claim("cor-early", source="own", check=is_ordered(lambda g: {"a": 1, "b": 2}), wrong={"turned": ("b", "a")})(
    ("a", "b")
)


@pytest.fixture
def chapters(tmp_path):
    folder = tmp_path / "chapters"
    for name, text in PAGES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (tmp_path / "_toc.yml").write_text("- file: chapters/one/early\n- file: chapters/one/late\n", encoding="utf-8")
    return folder


def test_claims_come_by_chapter_in_the_order_of_their_statements(chapters):
    myst = ledger.listing([MEAN, ORDER, early], chapters).myst
    wanted = ("{rubric} Early", "`thm-early` Name]", "`cor-early`]", "{rubric} Late", "`lem-late`]")
    places = [myst.index(part) for part in wanted]
    assert places == sorted(places)


def test_claims_of_the_page_behind_a_chapter_come_under_the_chapter(chapters):
    (chapters / "one" / "late.md").rename(chapters / "one" / "early_more.md")
    (chapters.parent / "_toc.yml").write_text("- file: chapters/one/early\n", encoding="utf-8")
    assert ledger.listing([MEAN, early], chapters).myst.count("{rubric}") == 1


def test_a_line_tells_what_was_found_and_what_would_be_noticed_and_the_rest_unfolds(chapters):
    shown = ledger.listing([MEAN, ORDER, early], chapters)
    lines = [line for line in shown.myst.splitlines() if "{dropdown}" in line]
    assert "[exact identity]{.cell} [off by 0]{.cell} [would notice an error of" in lines[0]
    assert "[found with every seed]{.cell} [2 wrong versions rejected]{.cell}" in lines[1]
    assert "standard errors]{.cell} [would notice an error of" in lines[2]
    for text in (shown.myst, shown.plain):
        assert "- twice: off by at least" in text
        assert "A note." in text
        assert "(eq-x)" not in text
        assert r"The mean is $\frac12$, $|x|$." in text
    assert "Source: {cite}`sahs2022`, page 2." in shown.myst
    assert ".cell" not in shown.plain
    assert "<summary>lem-late; Monte Carlo; off by" in shown.plain


def test_a_fence_within_a_statement_does_not_end_its_line(chapters):
    myst = ledger.listing([early], chapters).myst
    assert myst.index("::::{dropdown}") < myst.index(":::{note}") < myst.index("Source:") < myst.rindex("::::")


def test_no_claims_are_no_mistake(chapters):
    assert ledger.listing([], chapters).myst == "None so far.\n"
    assert ledger.excused([]).myst == "None.\n"
    assert ledger.methods([]).myst.count("| 0 |") == len(BOUNDS)


def test_a_claim_without_words_is_refused(chapters):
    with pytest.raises(ValueError, match="thm-nowhere"):
        ledger.listing([replace(early, label="thm-nowhere")], chapters)


def test_a_claim_that_fails_is_refused(chapters):
    with pytest.raises(AssertionError, match="false"):
        ledger.listing([replace(early, formula=lambda x: 3 * x)], chapters)


def test_methods_are_counted_with_what_they_promise():
    rows = ledger.methods([MEAN, early, early]).myst.splitlines()
    assert rows[2].startswith("| algebra | ")
    assert rows[2].endswith("| an error of 1.0\u00a0×\u00a010⁻⁶ | 0 |")
    assert [row.split(" | ")[-1] for row in rows[2:]] == ["0 |", "2 |", "0 |", "0 |", "1 |", "0 |"]
    assert "| wrong orders, wrong intervals |" in rows[-1]
    assert ledger.COMPARED.keys() == BOUNDS.keys()


def test_excuses_are_shown():
    found = ledger.excused([early, replace(early, excused="it is a test")])
    assert found.myst == "- {prf:ref}`thm-early`: it is a test."


def test_a_part_has_the_claims_of_its_modules(monkeypatch, chapters):
    monkeypatch.setattr(ledger, "everything", lambda: [replace(early, module="lecturelib.one.checks"), MEAN])
    seen = []
    monkeypatch.setattr(ledger, "listing", lambda found: seen.extend(found))
    ledger.part("one")
    assert [one.label for one in seen] == ["thm-early"]


def test_verdicts_come_from_the_store_of_the_build(chapters, monkeypatch):
    asked = []
    kept = verdicts.kept
    monkeypatch.setattr(verdicts, "kept", lambda *rest: asked.append(rest[1]) or kept(*rest))
    ledger.listing([early, MEAN], chapters)
    assert asked == ["thm-early", "lem-late"]
