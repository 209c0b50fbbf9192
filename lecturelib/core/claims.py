"""Claims: statements of the book that a machine checks, and of which it knows how small an error it would notice.

    @claim("thm-gap", source="deboor2001: chapter 3", check=equals(by_quadrature, on=intervals),
           wrong={"half of it": {"factor": 0.25}})
    def gap(low, high, *, factor=0.5, power=Exponent(2)):
        return factor * (high - low) ** power

The decorated function is the *formula*, what the statement with this label says. The check compares it with something
known by another way (see `lecturelib.core.checking`) and returns how far apart they are. The statement holds where
this discrepancy is at most the tolerance of the check for every seed. Two kinds of wrong versions must exceed it for
every seed: those written down, plausible mistakes, and those that a machine makes by changing one number at a time, the
keyword-only constants and all that the formula gives (see `lecturelib.core.changes`). The smallest change that is still
rejected is the *resolution* of the claim.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lecturelib.core import resolution, statements, verdicts
from lecturelib.core.changes import Exponent, Number, exchanged, numbers
from lecturelib.core.checking import Check
from lecturelib.core.discovery import modules
from lecturelib.core.display import Shown, number
from lecturelib.core.resolution import Resolution

__all__ = ["Claim", "Exponent", "Verdict", "all_claims", "claim", "number"]

SEEDS = (0, 1, 2, 3, 4)
SOURCE = re.compile(r"own|\w+: \S.*")
"""One source: "own" for what is derived in the book, or an entry of the bibliography and the place in it."""


@dataclass(frozen=True, eq=False)
class Claim:
    """A statement, how it is checked, and what must fail the check; made by the decorator `claim`.

    label: the label of the theorem in the chapter, which has the words; source: "own" or "key: place" with a key of the
    bibliography, several separated by "; "; check: a `Check`; formula: what the statement says, a function or a value;
    wrong: name of a mistake → the wrong formula, or a dictionary of constants (or of parts of the value) to exchange;
    also: other right versions, as functions of the library, which have to pass too; module: where it is declared;
    excused: why the resolution misses the bound of its method, shown to the reader.
    Raises ValueError where a field is missing, and always where there is no wrong version.
    """

    label: str
    source: str
    check: Check
    formula: Any
    wrong: Mapping[str, Any]
    also: tuple[Any, ...] = ()
    module: str = ""
    excused: str = ""
    _versions: dict[str, Any] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", self.label):
            raise ValueError(f"label: expected one like 'thm-part-name', got {self.label!r}")
        for part in self.source.split("; "):
            if not SOURCE.fullmatch(part):
                raise ValueError(f"source: expected 'own' or 'key: place' in {self.label!r}, got {part!r}")
        if not self.wrong:
            raise ValueError(f"wrong: claim {self.label!r} needs a wrong version that its check rejects")
        for name, change in (dict(self.wrong) | self.check.others(self.formula)).items():
            if not name.replace("\n", " ").isprintable():  # such as \v of \varepsilon in a string that is not raw
                raise ValueError(f"wrong: control characters in {name!r} of {self.label!r}: is a backslash lost?")
            try:
                self._versions[name] = exchanged(self.formula, change) if isinstance(change, Mapping) else change
            except ValueError as error:
                raise ValueError(f"wrong: {name!r} of {self.label!r} {error}") from None

    def discrepancy(self, formula: Any, seed: int) -> float:
        """What the check finds for `formula` with this seed, in the unit of the check; infinite where it is no number.

        Raises ValueError where it is negative.
        """
        found = self._measured(formula, seed)
        return math.inf if math.isnan(found) else found

    def _measured(self, formula: Any, seed: int) -> float:
        found = float(self.check.discrepancy(formula, seed))
        if found < 0:
            raise ValueError(f"claim {self.label!r}: its check found {found}, a discrepancy is at least 0")
        return found

    def _of_wrong(self, name: str, seed: int) -> float:
        """The same for a wrong version, which has to be wrong by its value, not by failing to compute."""
        found = self._measured(self._versions[name], seed)
        if math.isnan(found):
            raise ValueError(f"claim {self.label!r}: the wrong version {name!r} gave no number with seed {seed}")
        return found

    def numbers(self) -> list[Number]:
        """The numbers that the machine changes, as far as the check is one that measures."""
        return numbers(self.formula, self.check.gives(self.formula, SEEDS[0])) if self.check.bound is not None else []

    def blind(self) -> list[str]:
        """What the check does not notice though its method promises to; empty for a check that is sharp enough."""
        return resolution.blind(self)

    def resolution(self) -> dict[str, float]:
        """Number → the smallest change, of either sign, that is rejected: relative, or absolute for exponents.

        From the store that `make resolution` writes; searched where it is not there or was made by other code.
        """
        return {name: size for name, (_, size) in resolution.of(self).items()}

    def run(self, seeds: Iterable[int] = SEEDS) -> Verdict:
        """Check the statement, all its right versions, and every wrong one, over all seeds."""
        seeds = tuple(seeds)
        if not seeds:
            raise ValueError("seeds: expected at least one")
        right = (self.formula, *self.also)
        verdict = Verdict(
            claim=self,
            seeds=seeds,
            worst=max(self.discrepancy(one, seed) for one in right for seed in seeds),
            closest={name: min(self._of_wrong(name, seed) for seed in seeds) for name in self._versions},
            sharpness=self.check.sharpness(self.formula, seeds),
        )
        self.check.forget()
        return verdict

    def verdict(self) -> Verdict:
        """What `run` finds, with the resolution, from the store of the build where there is one."""

        def compute() -> dict[str, Any]:
            found = self.run()
            figures = {name: getattr(found, name) for name in ("seeds", "worst", "closest", "sharpness")}
            return figures | {"resolution": resolution.of(self)}

        figures = verdicts.kept(self.module, self.label, compute)
        known = {name: tuple(pair) for name, pair in figures["resolution"].items()}
        return Verdict(self, **figures | {"seeds": tuple(figures["seeds"]), "resolution": known})

    def show(self) -> Shown:
        """The verdict as a line of the chapter; raises AssertionError where the claim does not stand."""
        return self.verdict().require().show()


def claim(label: str, *, source: str, check: Check, wrong: Mapping[str, Any], also=(), excused: str = ""):
    """A decorator that makes of a formula, or of a value, the claim with this label; fields as those of `Claim`."""
    module = sys._getframe(1).f_globals["__name__"]

    def declare(formula: Any) -> Claim:
        return Claim(label, source, check, formula, wrong, tuple(also), module, excused)

    return declare


@dataclass(frozen=True)
class Verdict:
    """What running a claim found.

    worst: the largest discrepancy of the statement over the seeds; closest: wrong version → its smallest discrepancy;
    sharpness: for a bound, the share of it that is reached with every seed, None otherwise; resolution: that of the
    claim, None where nobody has asked for it yet.
    """

    claim: Claim
    seeds: tuple[int, ...]
    worst: float
    closest: Mapping[str, float]
    sharpness: float | None = None
    resolution: Resolution | None = None

    @property
    def holds(self) -> bool:
        """Was the statement found true for every seed?"""
        return self.worst <= self.claim.check.tolerance

    @property
    def passed_by_mistake(self) -> list[str]:
        """The wrong versions that the check failed to reject for some seed."""
        return [name for name, found in self.closest.items() if found <= self.claim.check.tolerance]

    def require(self) -> Verdict:
        """Return self, or raise AssertionError saying what is wrong with the statement or with its check."""
        label, tolerance = self.claim.label, self.claim.check.tolerance
        if not self.holds:
            raise AssertionError(f"claim {label!r} is false: discrepancy {self.worst:.3g}, tolerance {tolerance:.3g}")
        if self.passed_by_mistake:
            names = "; ".join(self.passed_by_mistake)
            raise AssertionError(f"the check of claim {label!r} also passes wrong versions: {names}")
        return self

    def found(self) -> str:
        """The error that was found, in words."""
        if self.sharpness is not None and self.holds:
            return f"never broken, reached to {100 * self.sharpness:.0f}\u00a0%"
        if self.claim.check.bound is None and self.holds:
            return "found with every seed"
        return f"off by {number(self.worst)}{self.claim.check.unit}"

    def notices(self, *, brief: bool = False) -> str:
        """The resolution in words, as "an error of 2 % in the mean"; empty where the check measures nothing."""
        found = resolution.of(self.claim) if self.resolution is None else self.resolution
        return resolution.in_words(found, brief=brief)

    def details(self) -> str:
        """How it was checked, with all wrong versions and the source: Markdown."""
        claim, unit = self.claim, self.claim.check.unit
        found = f"The largest discrepancy found is {number(self.worst)}{unit}; up to {number(claim.check.tolerance)}"
        rows = [f"- {name}: off by at least {number(found)}, rejected" for name, found in self.closest.items()]
        notices = self.notices()
        paragraphs = [
            f"{found} counts as true." + (f" The check would notice {notices}." if notices else ""),
            f"Why it notices no less: {claim.excused}." if claim.excused else "",
            "The same check was given wrong versions of the statement:",
            "\n".join(rows),
            f"Source: {statements.cited(claim.source)}.",
        ]
        return "\n\n".join(filter(None, paragraphs))

    def show(self) -> Shown:
        """A compact line that unfolds: how it was checked, what was found, what would have been noticed."""
        notices, closest = self.notices(brief=True), min(self.closest.values())
        noticed = f"would notice {notices}" if notices else f"wrong versions off by {number(closest)} or more"
        return Shown.folded(f"Checked ({self.checked_by()}): {self.found()}; {noticed}", self.details(), kind="claim")

    def checked_by(self) -> str:
        """Method and number of seeds."""
        seeds = "1 seed" if len(self.seeds) == 1 else f"{len(self.seeds)} seeds"
        return f"{self.claim.check.method}, {seeds}"


def all_claims(package: str = "lecturelib") -> dict[str, list[Claim]]:
    """Every claim of the book: module name → its claims. Raises ValueError where two claims share a label."""
    found: dict[str, list[Claim]] = {}
    home: dict[str, str] = {}
    for module in modules(package):
        claims = [value for value in vars(module).values() if isinstance(value, Claim)]
        claims = [one for one in claims if one.module in ("", module.__name__)]  # not those that it imports
        for one in claims:
            if one.label in home:
                raise ValueError(f"claim {one.label!r} is declared in both {home[one.label]} and {module.__name__}")
            home[one.label] = module.__name__
        if claims:
            found[module.__name__] = claims
    return found
