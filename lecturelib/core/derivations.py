"""Derivations: chains of equal expressions in which a machine proves every step.

Sympy is asked first. What quick algebra does not show is tried at random points with 30 digits, which finds a wrong
step at once, and then given to slower algebra. Where sympy cannot decide, the step counts as checked numerically, and
the chapter says so.
"""

from __future__ import annotations

import hashlib
import inspect
import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sympy as sp
from sympy.printing.latex import LatexPrinter

from lecturelib.core import verdicts
from lecturelib.core.discovery import declared
from lecturelib.core.display import Shown
from lecturelib.core.indices import at_small_size, collapse, has_indices

POINTS = 20
SIZES = 4
DIGITS = 30
PROVED = "proved by algebra"
CHECKED = f"checked at {POINTS} random points to {DIGITS} digits"


class WrongStep(ValueError):
    """A step of a derivation that does not follow from the one before, or cannot be decided at all."""


def relu(expression: sp.Expr) -> sp.Expr:
    """(z)₊ = max(0, z)."""
    return sp.Max(0, expression)


@dataclass(frozen=True)
class Step:
    """An expression, and why it equals the one before (Markdown with $mathematics$)."""

    expression: sp.Expr
    because: str


@dataclass(frozen=True)
class Derivation:
    """A chain start = step 1 = step 2 = …, proved when it is built.

    label: of the equation in the chapter; definitions: symbol → expression, what the symbols of the steps stand for;
    domains: symbol → (low, high), where random points are drawn for symbols whose assumptions do not say enough.
    `verdicts` says for each step how it was shown: `PROVED` or `CHECKED`. In a build of the book the page that comes
    first proves a chain, and others take its verdicts (see `lecturelib.core.verdicts`).
    Raises WrongStep naming the step and the two expressions.
    """

    label: str
    start: sp.Expr
    steps: Sequence[Step]
    definitions: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    domains: Mapping[sp.Symbol, tuple[float, float]] = field(default_factory=dict)
    verdicts: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("steps: expected at least one")
        for position, step in enumerate(self.steps, 1):
            if not step.because.strip():
                raise ValueError(f"steps: step {position} of {self.label!r} needs a reason")
        # Who wrote the chain, two frames up behind __init__, says of which part it is: a build proves a chain once.
        module = sys._getframe(2).f_globals.get("__name__", "")
        found = verdicts.kept(module, f"{self.label}-{self._digest()}", lambda: {"verdicts": self._prove()})
        object.__setattr__(self, "verdicts", tuple(found["verdicts"]))

    def _prove(self) -> list[str]:
        """How each step was shown."""
        shown, before = [], self.start
        for position, step in enumerate(self.steps, 1):
            try:
                shown.append(equal(before, step.expression, self.definitions, self.domains))
            except WrongStep as error:
                raise WrongStep(f"step {position} of {self.label!r} ({step.because}): {error}") from None
            before = step.expression
        return shown

    def _digest(self) -> str:
        """A short hash of all that a proof looks at."""
        known = [(sp.srepr(symbol), sp.srepr(value)) for symbol, value in self.definitions.items()]
        domains = [(sp.srepr(symbol), repr(ends)) for symbol, ends in self.domains.items()]
        steps = [sp.srepr(expression) for expression in (self.start, *(step.expression for step in self.steps))]
        return hashlib.sha256(repr((steps, sorted(known), sorted(domains))).encode()).hexdigest()[:16]

    @property
    def result(self) -> sp.Expr:
        """The last expression."""
        return self.steps[-1].expression

    def show(self, *, open: bool = False) -> Shown:
        """Mathematics with lettered steps, their reasons, and how each step was shown.

        On a page a chain of several steps shows its start and its result, and a reader asks for one step after the
        other; each says why before it unfolds. With `open`, and in a notebook, the whole chain stands there.
        """
        whole = f"$$\n{self._aligned()}\n$$"
        text = f"{'; '.join(self._reasons())}. {self._how()}\n"
        aligned = f"{whole} ({self.label})\n\n{{.derivation}}\n{text}"
        return Shown(aligned if open or len(self.steps) == 1 else self._unfolding(), f"{whole}\n\n{text}")

    def _unfolding(self) -> str:
        """Start and result, and between them the other steps, each within the one before: MyST."""
        *equalities, result = self._equalities()
        *reasons, last = self._reasons()
        folded = ""
        for reason, equality in reversed(list(zip(reasons, equalities, strict=True))):
            line = f"{reason}[: what comes next?]{{.ask}}"
            folded = Shown.folded(line, f"$$\n{equality}\n$$\n\n{folded}".strip(), kind="step").myst
        fence = ":" * (folded.index("{") + 1)
        end = f"{{.derivation}}\n{last}:\n\n$$\n{result}\n$$ ({self.label})\n\n{{.derivation}}\n{self._how()}\n"
        return f"{fence}{{container}} chain\n\n$$\n{latex(self.start)}\n$$\n\n{folded}\n{end}\n{fence}\n"

    def _letters(self) -> list[str]:
        return [chr(ord("a") + position) for position in range(len(self.steps))]

    def _equalities(self) -> list[str]:
        """The steps in TeX, each an equals sign with its letter and an expression."""
        pairs = zip(self._letters(), self.steps, strict=True)
        return [rf"\overset{{\text{{({letter})}}}}{{=}} {latex(step.expression)}" for letter, step in pairs]

    def _aligned(self) -> str:
        lines = r" \\ ".join(f"&{equality}" for equality in self._equalities())
        return f"\\begin{{aligned}}\n{latex(self.start)} {lines}\n\\end{{aligned}}"

    def _reasons(self) -> list[str]:
        """The reason of each step, with its letter, and with how it was shown where that differs."""
        how = [f" [{verdict}]" if len(set(self.verdicts)) > 1 else "" for verdict in self.verdicts]
        triples = zip(self._letters(), self.steps, how, strict=True)
        return [f"({letter}) {step.because}{shown}" for letter, step, shown in triples]

    def _how(self) -> str:
        if len(set(self.verdicts)) > 1:
            return "How each step was shown stands in brackets."
        return f"Each step was {self.verdicts[0]}."


def equal(
    one: sp.Expr,
    other: sp.Expr,
    definitions: Mapping[sp.Symbol, sp.Expr] | None = None,
    domains: Mapping[sp.Symbol, tuple[float, float]] | None = None,
) -> str:
    """How `one` = `other` was shown, `PROVED` or `CHECKED`, once `definitions` are put in.

    Raises WrongStep where they differ at some point, or where neither algebra nor numbers can decide.
    """
    one, other = sp.sympify(one), sp.sympify(other)
    # What holds whatever the symbols stand for needs no definitions, and is often shown faster without them.
    if _vanishes(one - other, QUICK):
        return PROVED
    first, second = (_define(expression, definitions or {}) for expression in (one, other))
    numbers = _agree_at_points(first, second, domains or {})
    if numbers is False:
        raise WrongStep(f"{one} is not equal to {other}")
    if _vanishes(first - second, QUICK + THOROUGH):
        return PROVED
    if numbers is None:
        raise WrongStep(f"neither algebra nor numbers can decide whether {one} equals {other}")
    return CHECKED


def all_derivations(package: str = "lecturelib") -> list[Derivation]:
    """Every derivation of the book, built: the results of all functions declared to return one."""

    def derives(value) -> bool:
        return inspect.isfunction(value) and value.__annotations__.get("return") in (Derivation, "Derivation")

    found = declared(derives, package)
    return [function() for functions in found.values() for function in functions]


def table(derivations: Iterable[Derivation]) -> Shown:
    """Derivations as a table: a link to the equation, how many steps, and how many of them were proved or checked."""
    rows = ["| derivation | steps | proved by algebra | checked by numbers |", "|---" * 4 + "|"]
    for derivation in derivations:
        proved = derivation.verdicts.count(PROVED)
        steps = len(derivation.steps)
        rows.append(f"| {{eq}}`{derivation.label}` | {steps} | {proved} | {steps - proved} |")
    return Shown.markdown("\n".join(rows))


def _define(expression: sp.Expr, definitions: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    # Definitions may use one another, in any order, but not in circles.
    for _ in range(len(definitions) + 1):
        replaced = expression.subs(definitions)
        if replaced == expression:
            return expression
        expression = replaced
    raise ValueError("definitions: expected no circle, got symbols that are defined by one another")


def _agree_at_points(one, other, domains, points: int = POINTS) -> bool | None:
    """Do the two agree to `DIGITS` digits at so many random points? None where they have no value there."""
    source = random.Random(0)
    if has_indices(one, other):
        return _agree_at_sizes(one, other, domains, source)
    symbols = sorted(one.free_symbols | other.free_symbols, key=lambda symbol: symbol.name)
    for _ in range(points if symbols else 1):
        point = {symbol: _draw(symbol, domains, source) for symbol in symbols}
        # sympy cannot substitute into unevaluated integrals or sums term by term unless the values are exact
        a, b = (sp.N(expression.subs(point), DIGITS + 10) for expression in (one, other))
        if not (a.is_number and b.is_number and a.is_finite and b.is_finite):
            return None
        if abs(a - b) > sp.Float(10) ** (-DIGITS) * (1 + abs(a) + abs(b)):
            return False
    return True


def _agree_at_sizes(one, other, domains, source: random.Random) -> bool | None:
    """The same for expressions with vectors and matrices: `POINTS` points in all, at a few small sizes."""
    for _ in range(SIZES):
        found = _agree_at_points(*at_small_size([one, other], source), domains, POINTS // SIZES)
        if not found:
            return found
    return True


def _draw(symbol, domains, source: random.Random) -> sp.Rational:
    """A random value, an exact fraction, that the assumptions of `symbol` or its domain allow."""
    if symbol in domains:
        low, high = (sp.nsimplify(end) for end in domains[symbol])
        return low + (high - low) * sp.Rational(source.randint(1, 9999), 10000)
    value = sp.Integer(source.randint(1, 9)) if symbol.is_integer else sp.Rational(source.randint(1, 40000), 10000)
    sign = 1 if symbol.is_positive else -1 if symbol.is_negative else source.choice((-1, 1))
    return sign * value


def _vanishes(difference: sp.Expr, tactics) -> bool:
    """Can one of the tactics show that `difference` is 0?"""
    if has_indices(difference):  # sums whose ends are symbols have no value that the others could find
        return collapse(difference) == 0
    return any(tactic(_relu_rules(difference)) == 0 for tactic in tactics)


def _relu_rules(expression: sp.Expr) -> sp.Expr:
    """(c z)₊ = |c| (± z)₊ for every factor c whose sign is known, which sympy does not do by itself."""

    def pull(*arguments):
        if 0 not in arguments or len(arguments) != 2:
            return sp.Max(*arguments)
        inside = sp.factor(next(a for a in arguments if a != 0))
        outside, sign, rest = sp.Integer(1), 1, sp.Integer(1)
        for factor in sp.Mul.make_args(inside):
            if factor.is_positive or factor.is_negative:
                outside, sign = outside * abs(factor), sign * (1 if factor.is_positive else -1)
            else:
                rest = rest * factor
        return outside * sp.Max(0, sp.expand(sign * rest))

    return expression.replace(sp.Max, pull)


QUICK = (sp.expand, lambda e: sp.expand(_relu_rules(e.doit())))
THOROUGH = (sp.simplify, lambda e: sp.simplify(sp.piecewise_fold(e.doit().rewrite(sp.Piecewise))))


class _Printer(LatexPrinter):
    """Sympy's LaTeX, with max(0, z) as the book writes it, (z)₊, and x − β rather than −β + x."""

    def _as_ordered_terms(self, expression, order=None):
        terms = super()._as_ordered_terms(expression, order=order)
        return sorted(terms, key=lambda term: term.could_extract_minus_sign())

    def _print_Max(self, expression, exp=None):
        arguments = [a for a in expression.args if a != 0]
        if len(arguments) == 1 and len(expression.args) == 2:
            inside = rf"\left({self._print(arguments[0])}\right)_{{+}}"
            return inside if exp is None else rf"{inside}^{{{exp}}}"
        return super()._print_Max(expression, exp)


def latex(expression: sp.Expr) -> str:
    """LaTeX of an expression as the book writes it."""
    return _Printer({"ln_notation": True, "order": "grlex"}).doprint(expression)
