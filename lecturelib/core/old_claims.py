"""Claims: statements of the book that a machine checks, each with wrong versions that the same check must reject.

A check compares something the book states, the *formula*, with something known independently, and returns how far
apart they are. The claim holds where that discrepancy is at most the tolerance for every seed; a falsifier, a plausible
wrong formula handed to the very same check, must exceed the tolerance for every seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from lecturelib.core.discovery import modules
from lecturelib.core.display import Shown, escape

METHODS = ("algebra", "exact identity", "Monte Carlo", "experiment")
SEEDS = (0, 1, 2, 3, 4)


@dataclass(frozen=True)
class Claim:
    """A statement, how it is checked, and what must fail the check.

    label: the label of the theorem in the chapter; statement: one sentence, Markdown with $mathematics$;
    source: where it comes from; method: one of `METHODS`; tolerance: the largest discrepancy that counts as true;
    check(formula, generator): a non-negative discrepancy, made dimensionless by the check itself;
    formula: what the book states; falsifiers: name of the mistake → the wrong formula.
    Raises ValueError where a field is missing, and always where there is no falsifier.
    """

    label: str
    statement: str
    source: str
    method: str
    tolerance: float
    check: Callable[[Any, torch.Generator], float]
    formula: Any
    falsifiers: Mapping[str, Any]

    def __post_init__(self) -> None:
        for name in ("label", "statement", "source"):
            text = getattr(self, name)
            if not text.strip():
                raise ValueError(f"{name}: expected a text, got an empty one")
            if not text.replace("\n", " ").isprintable():  # such as \v of \varepsilon in a string that is not raw
                raise ValueError(f"{name}: expected a text, got control characters in {text!r}: is a backslash lost?")
        if self.method not in METHODS:
            raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {self.method!r}")
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise ValueError(f"tolerance: expected a finite number, at least 0, got {self.tolerance}")
        if not self.falsifiers:
            raise ValueError(f"falsifiers: claim {self.label!r} needs a wrong version that its check rejects")

    def discrepancy(self, formula: Any, seed: int) -> float:
        """What the check finds for `formula` with a generator seeded by `seed`.

        No number (NaN) is infinitely wrong for the statement, and a ValueError for a falsifier: a wrong version has to
        be wrong by its value, not by failing to compute. Raises ValueError too where the discrepancy is negative.
        """
        found = float(self.check(formula, torch.Generator().manual_seed(seed)))
        if found < 0:
            raise ValueError(f"claim {self.label!r}: its check found {found}, a discrepancy is at least 0")
        if math.isnan(found) and formula is not self.formula:
            raise ValueError(f"claim {self.label!r}: a falsifier gave no number with seed {seed}")
        return math.inf if math.isnan(found) else found

    def run(self, seeds: Iterable[int] = SEEDS) -> Verdict:
        """Check the statement and every falsifier over all seeds."""
        seeds = tuple(seeds)
        if not seeds:
            raise ValueError("seeds: expected at least one")
        return Verdict(
            claim=self,
            seeds=seeds,
            worst=max(self.discrepancy(self.formula, seed) for seed in seeds),
            closest={
                name: min(self.discrepancy(wrong, seed) for seed in seeds) for name, wrong in self.falsifiers.items()
            },
        )

    def show(self, seeds: Iterable[int] = SEEDS) -> Shown:
        """The verdict as a line of the chapter; raises AssertionError where the claim does not stand."""
        return self.run(seeds).require().show()


@dataclass(frozen=True)
class Verdict:
    """What running a claim found.

    worst: the largest discrepancy of the statement over the seeds; closest: falsifier → its smallest discrepancy.
    """

    claim: Claim
    seeds: tuple[int, ...]
    worst: float
    closest: Mapping[str, float]

    @property
    def holds(self) -> bool:
        """Was the statement found true for every seed?"""
        return self.worst <= self.claim.tolerance

    @property
    def passed_by_mistake(self) -> list[str]:
        """The falsifiers that the check failed to reject for some seed."""
        return [name for name, found in self.closest.items() if found <= self.claim.tolerance]

    def require(self) -> Verdict:
        """Return self, or raise AssertionError saying what is wrong with the statement or with its check."""
        label, tolerance = self.claim.label, self.claim.tolerance
        if not self.holds:
            raise AssertionError(f"claim {label!r} is false: discrepancy {self.worst:.3g}, tolerance {tolerance:.3g}")
        if self.passed_by_mistake:
            names = "; ".join(self.passed_by_mistake)
            raise AssertionError(f"the check of claim {label!r} also passes wrong versions: {names}")
        return self

    def show(self) -> Shown:
        """A compact line that unfolds: the statement, how it was checked, both figures."""
        claim, closest = self.claim, min(self.closest.values())
        line = (
            f"Checked ({claim.method}, {_seeds(self.seeds)}): off by {number(self.worst)}, "
            f"wrong versions by {number(closest)} or more"
        )
        rows = [f"- {name}: off by at least {number(found)}, rejected" for name, found in self.closest.items()]
        body = [
            claim.statement,
            f"The largest discrepancy found is {number(self.worst)}; up to {number(claim.tolerance)} counts as true. "
            "The same check was given wrong versions of the statement:",
            "\n".join(rows),
            f"Source: {claim.source}.",
        ]
        return Shown.folded(line, "\n\n".join(body), kind="claim")


def number(value: float) -> str:
    """A discrepancy as a reader likes it: 0, 0.13, 3.1e-16 as powers of ten, or 'infinitely much'."""
    if value == 0:
        return "0"
    if math.isinf(value):
        return "infinitely much"
    mantissa, exponent = f"{value:.1e}".split("e")
    if -3 < int(exponent) < 4:
        return f"{value:.2g}" if int(exponent) < 2 else f"{value:.0f}"
    return rf"${mantissa}\times10^{{{int(exponent)}}}$"


def _seeds(seeds: tuple[int, ...]) -> str:
    return "1 seed" if len(seeds) == 1 else f"{len(seeds)} seeds"


def all_claims(package: str = "lecturelib") -> dict[str, list[Claim]]:
    """Every claim of the book: module name → its claims. Raises ValueError where two claims share a label."""
    found: dict[str, list[Claim]] = {}
    home: dict[str, str] = {}
    for module in modules(package):
        claims = [value for value in vars(module).values() if isinstance(value, Claim)]
        for claim in claims:
            if claim.label in home:
                both = f"{home[claim.label]} and {module.__name__}"
                raise ValueError(f"claim {claim.label!r} is declared in both {both}")
            home[claim.label] = module.__name__
        if claims:
            found[module.__name__] = claims
    return found


def relative_gap(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Largest distance of two tensors, relative to the largest number of `expected` (at least 1).

    Shapes that differ are infinitely far apart.
    """
    if found.shape != expected.shape:
        return math.inf
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1.0))


def table(verdicts: Iterable[Verdict]) -> Shown:
    """Verdicts as a table: statement with a link to its theorem, method, both figures, the falsifiers."""
    rows = [
        "| statement | checked by | largest error | tolerance | wrong versions: how far off |",
        "|---" * 5 + "|",
    ]
    for verdict in verdicts:
        claim = verdict.require().claim
        wrong = "; ".join(f"{name}: {number(found)}" for name, found in verdict.closest.items())
        cells = (
            f"{claim.statement} ({{prf:ref}}`{claim.label}`)",
            f"{claim.method}, {_seeds(verdict.seeds)}",
            number(verdict.worst),
            number(claim.tolerance),
            wrong,
        )
        rows.append("| " + " | ".join(escape(cell) for cell in cells) + " |")
    return Shown.markdown("\n".join(rows))
