"""Statements of chapters: found with their words, whatever stands in them."""

import re

import pytest

from lecturelib.core.statements import CHAPTERS, all_statements, chapter, cited, heading, pages

PAGE = r"""---
# a comment of the front matter
kernelspec: {name: python3}
---

# A chapter with $x$

:::{prf:theorem} A name with $a \mid b$
:label: thm-one

For all $x$, see {eq}`eq-one` and {cite}`deboor2001`,
$$
\begin{aligned} a &= \lvert b \rvert, \\ c &= |d| \end{aligned}
$$ (eq-one)
or $$ x = \begin{cases} 1 & a \\ 2 & b \end{cases} $$ (eq:two)

| a | b |
|---|---|
| $1$ | $\|x\|$ |
:::

Some prose, which is no statement.

::::{prf:lemma}
:nonumber:
:label: lem-nested

(target-within)=
Before.

:::{note}
:label: note-within
Within.
:::

After.
::::

```{prf:definition} In backticks
:label: def-ticks
A *thing*.
```

:::{note}
Not one.
:::

:::{prf:corollary}
:label: cor-last
Last.
:::
"""


@pytest.fixture
def book(tmp_path):
    """A folder of chapters of its own."""
    chapters = tmp_path / "chapters"
    (chapters / "part").mkdir(parents=True)
    (chapters / "part" / "chapter.md").write_text(PAGE, encoding="utf-8")
    return chapters


def test_statements_are_found_with_kind_title_and_page(book):
    found = all_statements(book)
    assert [(one.label, one.kind, one.title, one.page) for one in found.values()] == [
        ("thm-one", "theorem", r"A name with $a \mid b$", "part/chapter"),
        ("lem-nested", "lemma", "", "part/chapter"),
        ("def-ticks", "definition", "In backticks", "part/chapter"),
        ("cor-last", "corollary", "", "part/chapter"),
    ]


def test_words_keep_everything_but_labels(book):
    words = all_statements(book)["thm-one"].words
    assert words.startswith("For all $x$, see {eq}`eq-one` and {cite}`deboor2001`,\n$$\n\\begin{aligned}")
    assert "(eq-one)" not in words
    assert "(eq:two)" not in words
    assert r"\begin{aligned} a &= \lvert b \rvert, \\ c &= |d| \end{aligned}" + "\n$$" in words
    assert r"$$ x = \begin{cases} 1 & a \\ 2 & b \end{cases} $$" in words
    assert words.endswith("| a | b |\n|---|---|\n| $1$ | $\\|x\\|$ |")


def test_a_fence_within_a_fence_is_part_of_the_words(book):
    words = all_statements(book)["lem-nested"].words
    assert words == "Before.\n\n:::{note}\nWithin.\n:::\n\nAfter."


def test_a_title_of_a_page(book):
    assert heading("part/chapter", book) == "A chapter with $x$"
    (book / "part" / "none.md").write_text("No heading.", encoding="utf-8")
    assert heading("part/none", book) == "part/none"


def test_a_page_behind_a_chapter_belongs_to_it():
    assert chapter("part/chapter_more") == chapter("part/chapter") == "part/chapter"
    assert chapter("part/moreover") == "part/moreover"


def test_pages_come_in_the_order_of_the_contents_and_then_the_others(book):
    for name in ("a", "z"):
        (book / "part" / f"{name}.md").write_text("", encoding="utf-8")
    assert pages(book) == ["part/a", "part/chapter", "part/z"]
    (book.parent / "_toc.yml").write_text("root: chapters/part/z\nparts:\n- file: chapters/part/chapter\n")
    assert pages(book) == ["part/z", "part/chapter", "part/a"]


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (":::{prf:theorem} Again\n:label: thm-one\n\nAgain.\n:::\n", "thm-one stands in part/chapter too"),
        (":::{prf:theorem} Nameless\n\nWords.\n:::\n", "'Nameless' has no label"),
    ],
)
def test_a_label_that_is_missing_or_not_its_own_is_refused(book, more, complaint):
    (book / "part" / "more.md").write_text(more, encoding="utf-8")
    with pytest.raises(ValueError, match=complaint):
        all_statements(book)


def test_without_the_book_there_are_no_statements(tmp_path):
    assert all_statements(tmp_path / "nowhere") == {}


def test_no_statement_of_the_book_is_overlooked():
    text = "\n".join(path.read_text(encoding="utf-8") for path in CHAPTERS.rglob("*.md"))
    assert len(all_statements()) == len(re.findall(r"\{prf:(?!ref|proof)\w+\}", text)) > 0


def test_sources_become_citations():
    assert cited("own") == "this book"
    assert cited("deboor2001: chapter 3; own") == "{cite}`deboor2001`, chapter 3; this book"
    assert cited("a1: p. 2, after: this; b2: 3") == "{cite}`a1`, p. 2, after: this; {cite}`b2`, 3"
