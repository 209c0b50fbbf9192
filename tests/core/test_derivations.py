"""Derivations: right steps are proved, wrong ones refused, undecided ones called what they are."""

import pytest
import sympy as sp

from lecturelib.core.derivations import CHECKED, PROVED, Derivation, Step, WrongStep, equal, latex, relu, table

x, y = sp.symbols("x y", real=True)
p = sp.Symbol("p", positive=True)


def test_algebra_is_proved():
    derivation = Derivation("eq-square", (x + y) ** 2, [Step(x**2 + 2 * x * y + y**2, "multiplied out")])
    assert derivation.verdicts == (PROVED,)
    assert derivation.result == x**2 + 2 * x * y + y**2


def test_a_wrong_step_names_itself_and_both_expressions():
    steps = [Step(x**2 + 2 * x + 1, "fine"), Step(x**2 + x + 1, "a slip")]
    message = r"step 2 of 'eq-slip' \(a slip\): x\*\*2 \+ 2\*x \+ 1 is not equal to x\*\*2 \+ x \+ 1"
    with pytest.raises(WrongStep, match=message):
        Derivation("eq-slip", (x + 1) ** 2, steps)


def test_positive_factors_leave_a_relu_and_others_do_not():
    assert equal(relu(p * x), p * relu(x)) == PROVED
    assert equal(relu(-p * x), p * relu(-x)) == PROVED
    with pytest.raises(WrongStep):
        equal(relu(y * x), y * relu(x))
    with pytest.raises(WrongStep):
        equal(relu(-p * x), -p * relu(x))


def test_definitions_are_put_in():
    assert equal(x - y, x + p, {y: -p}) == PROVED
    with pytest.raises(WrongStep):
        equal(x - y, x + p, {y: p})
    with pytest.raises(ValueError, match="no circle"):
        equal(x, y + 1, {x: y + 2, y: x})


def test_what_algebra_cannot_decide_is_checked_by_numbers_and_says_so():
    gamma = sp.gamma(p) * sp.gamma(p + sp.Rational(1, 2))
    duplication = 2 ** (1 - 2 * p) * sp.sqrt(sp.pi) * sp.gamma(2 * p)
    # held symbolically by neither tactic: the integral stays unevaluated
    bessel = sp.Integral(sp.cos(p * sp.sin(x)), (x, 0, sp.pi))
    assert equal(gamma, duplication) in (PROVED, CHECKED)
    derivation = Derivation("eq-bessel", bessel, [Step(sp.pi * sp.besselj(0, p), "Bessel")])
    assert derivation.verdicts == (CHECKED,)
    assert "checked at 20 random points to 30 digits" in derivation.show().plain


def test_a_difference_in_the_last_digits_is_seen():
    with pytest.raises(WrongStep):
        equal(x, x + sp.Rational(1, 10**24))


def test_what_nothing_can_decide_is_refused():
    f = sp.Function("f")
    with pytest.raises(WrongStep, match="neither algebra nor numbers"):
        equal(f(x), f(y))


def test_domains_bound_the_random_points():
    root = sp.sqrt((1 - x) * (1 + x))
    assert equal(root, sp.sqrt(1 - x**2), domains={x: (-1, 1)}) == PROVED


def test_a_step_needs_a_reason_and_a_derivation_a_step():
    with pytest.raises(ValueError, match="step 1 of 'eq-none' needs a reason"):
        Derivation("eq-none", x, [Step(x, " ")])
    with pytest.raises(ValueError, match="at least one"):
        Derivation("eq-none", x, [])


def test_it_shows_aligned_mathematics_with_its_label_in_the_book_alone():
    shown = Derivation("eq-hinge", relu(p * x), [Step(p * relu(x), "a reason")]).show()
    assert "$$ (eq-hinge)" in shown.myst
    assert "(eq-hinge)" not in shown.plain
    assert "(a) a reason. Each step was proved by algebra." in shown.plain


CHAIN = Derivation(
    "eq-chain",
    (x + y) ** 2,
    [
        Step(x**2 + 2 * x * y + y**2, "multiplied out"),
        Step(x * (x + 2 * y) + y**2, "$x$ taken out"),
        Step(y * (y + 2 * x) + x**2, "$y$ instead"),
    ],
)


def test_a_chain_unfolds_step_by_step_on_a_page():
    myst = CHAIN.show().myst
    start, first, second, end = (
        myst.index(part)
        for part in (
            "$$\n\\left(x + y\\right)^{2}\n$$",
            "{dropdown} (a) multiplied out[: what comes next?]{.ask}",
            "{dropdown} (b) $x$ taken out[: what comes next?]{.ask}",
            "(c) $y$ instead:",
        )
    )
    assert start < first < myst.index(r"{(a)}}{=} x^{2}") < second < myst.index(r"{(b)}}{=}") < end
    assert end < myst.index(r"{(c)}}{=}") < myst.index("$$ (eq-chain)") < myst.index("Each step was proved by algebra.")
    assert myst.count("(eq-chain)") == 1
    # each fold holds the next one, and all is held together
    fences = [line for line in myst.splitlines() if line.startswith(":::")]
    assert [fence.split("{")[0].count(":") for fence in fences] == [6, 5, 4, 4, 5, 6]
    assert fences[0] == "::::::{container} chain"


def test_a_chain_of_two_steps_folds_the_first():
    myst = Derivation("eq-two", x + x, [Step(2 * x, "collected"), Step(x * 2, "turned")]).show().myst
    assert myst.count("{dropdown}") == 1


def test_a_whole_chain_stands_there_when_asked_and_in_a_notebook():
    shown = CHAIN.show(open=True)
    assert "dropdown" not in shown.myst
    assert shown.myst.startswith("$$\n\\begin{aligned}")
    assert "(a) multiplied out; (b) $x$ taken out; (c) $y$ instead. Each step was proved by algebra." in shown.myst
    assert CHAIN.show().plain == shown.plain
    assert "(eq-chain)" not in shown.plain


def test_steps_that_were_shown_in_other_ways_say_so_beside_their_reason():
    bessel = sp.Integral(sp.cos(p * sp.sin(x)), (x, 0, sp.pi))
    steps = [Step(sp.pi * sp.besselj(0, p), "Bessel"), Step(2 * sp.pi * sp.besselj(0, p) / 2, "doubled")]
    shown = Derivation("eq-mixed", bessel, steps).show()
    assert f"(a) Bessel [{CHECKED}][: what comes next?]{{.ask}}" in shown.myst
    assert f"(b) doubled [{PROVED}]:" in shown.myst
    assert "How each step was shown stands in brackets." in shown.plain


def test_the_table_tells_proved_from_checked():
    shown = table([Derivation("eq-hinge", relu(p * x), [Step(p * relu(x), "a reason")])])
    assert "| {eq}`eq-hinge` | 1 | 1 | 0 |" in shown.myst


def test_latex_writes_as_the_book_does():
    assert latex(relu(x)) == r"\left(x\right)_{+}"
    assert latex(x - y) == "x - y"
    assert latex(-x + y) == "y - x"
