"""Formulas as notebook programs understand them."""

import pytest

from lecturelib.site import tex

MACROS = {"R": r"\mathbb{R}", "E": r"\operatorname{E}", "norm": [r"\|#1\|", 1], "pair": [r"(#1, #2)", 2], "RR": r"\R\R"}


@pytest.mark.parametrize(
    ("written", "expanded"),
    [
        (r"\R", r"\mathbb{R}"),
        (r"\Re z", r"\Re z"),
        (r"a \\R", r"a \\R"),
        (r"x^\R", r"x^{\mathbb{R}}"),
        (r"\hat\E", r"\hat{\operatorname{E}}"),
        (r"\sum \E x", r"\sum \operatorname{E} x"),
        (r"\norm{a_{1}}", r"\|a_{1}\|"),
        (r"\norm x", r"\|x\|"),
        (r"\norm\alpha", r"\|\alpha\|"),
        (r"\norm{\{a\}}", r"\|\{a\}\|"),
        (r"\pair{\R}{\norm{b}}", r"(\mathbb{R}, \|b\|)"),
        (r"\RR", r"\mathbb{R}\mathbb{R}"),
    ],
)
def test_macros(written, expanded):
    assert tex.expand(written, MACROS) == expanded


def test_word_does_not_grow_together_with_what_follows():
    assert tex.expand(r"\half x\half{}y", {"half": r"\nu"}) == r"\nu x\nu{}y"
    assert tex.expand(r"\one1a\two", {"one": r"\mu", "two": r"\pi"}) == r"\mu1a\pi"


@pytest.mark.parametrize("written", [r"\norm", r"\norm{a"])
def test_missing_argument(written):
    with pytest.raises(ValueError, match="norm"):
        tex.expand(written, MACROS)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("x = 1", "x = 1"),
        ("a \\\\ b", "\\begin{split}\na \\\\ b\n\\end{split}"),
        ("\\begin{aligned}a \\\\ b\\end{aligned}", "\\begin{aligned}a \\\\ b\\end{aligned}"),
        ("\\begin{equation}\\label{e} a\\end{equation}", "a"),
        ("\\begin{gather*}a \\\\ b\\end{gather*}", "\\begin{gathered}\na \\\\ b\n\\end{gathered}"),
        ("a % why\n\n= 5\\%", "a \n= 5\\%"),
    ],
)
def test_display(written, shown):
    assert tex.display(written) == shown


def test_number():
    assert tex.display("x", "1.2") == r"x \tag{1.2}"
