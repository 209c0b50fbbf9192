"""Checks: what a statement is compared with, and how the distance is counted.

Each function below makes a `Check` of one kind. `on` draws the problems: a function of a torch.Generator that returns
the arguments of the formula as a tuple, or yields several such tuples; None for a formula without arguments. Problems
are drawn once a seed, and all versions of a formula, right and wrong, meet the same ones. What a formula and its truth
give may be numbers, tensors, or tuples, dictionaries, dataclasses of them; each part is compared on its own scale.

Where a version of the formula lacks a part, or its shape differs, the distance is infinite. Where it gives no number,
the distance is none either (NaN), and the claim decides what that means.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, wraps
from itertools import pairwise
from typing import Any

import torch
from torch import Generator, Tensor

from lecturelib.core.changes import components

BOUNDS = {"algebra": 1e-6, "exact identity": 1e-6, "bound": 0.5, "limit": 0.05, "Monte Carlo": 0.05, "experiment": None}
"""Method → the change of any number that its checks have to notice; None where orders and intervals are claimed.

It is relative, and absolute for exponents. A bound has to be reached to a half by some problem.
"""
STANDARD_ERRORS = " standard errors"
ROUNDING = 1e-13  # of a mean of many numbers, relative


@dataclass(frozen=True, eq=False)
class Check:
    """How a statement is checked.

    method: one of `BOUNDS`; distance(formula, problem): how far apart formula and truth are for what `prepare` made of
    a seed; tolerance: the largest distance that counts as true; unit: of the distance, in words; reach(formula,
    problem), for bounds: the share of it that is reached, so that only a change which sharpens it has to be noticed;
    others(formula): wrong versions that a machine makes of an order.
    Raises ValueError for an unknown method or a bad tolerance.
    """

    method: str
    distance: Callable[[Any, Any], float]
    prepare: Callable[[Generator], Any]
    tolerance: float
    unit: str = ""
    reach: Callable[[Any, Any], float] | None = None
    others: Callable[[Any], dict[str, Any]] = lambda formula: {}
    _kept: dict[int, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.method not in BOUNDS:
            raise ValueError(f"method: expected one of {', '.join(BOUNDS)}, got {self.method!r}")
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise ValueError(f"tolerance: expected a finite number, at least 0, got {self.tolerance}")

    @property
    def bound(self) -> float | None:
        """The change of any number that this check has to notice."""
        return BOUNDS[self.method]

    def problem(self, seed: int) -> Any:
        """What is prepared from a generator with this seed, once."""
        if seed not in self._kept:
            self._kept[seed] = self.prepare(torch.Generator().manual_seed(seed))
        return self._kept[seed]

    def discrepancy(self, formula: Any, seed: int) -> float:
        """The distance between formula and truth for this seed."""
        return self.distance(formula, self.problem(seed))

    def gives(self, formula: Any, seed: int) -> Any:
        """What the formula gives the first time that the check asks it. ValueError where it never does."""
        if not callable(formula):
            return formula
        given = []

        @wraps(formula)
        def spy(*arguments: Any, **options: Any) -> Any:
            given.append(formula(*arguments, **options))
            return given[-1]

        self.discrepancy(spy, seed)
        if not given:
            raise ValueError("check: expected one that asks the formula, it was never called")
        return given[0]

    def sharpness(self, formula: Any, seeds: Iterable[int]) -> float | None:
        """The share of a bound that is reached for every seed; None for other checks."""
        return None if self.reach is None else min(self.reach(formula, self.problem(seed)) for seed in seeds)

    def forget(self) -> None:
        """Let go of the problems drawn so far."""
        self._kept.clear()


Problems = Callable[[Generator], Any]


def _check(
    method: str, on: Problems | None, truth: Callable, score: Callable[[Any, Any], float], tolerance: float, unit=""
) -> Check:
    """truth(generator, *arguments) is found once a problem; score(what the formula gives, truth) is the distance."""

    def prepare(generator: Generator) -> list[tuple[tuple, Any]]:
        return [(arguments, truth(generator, *arguments)) for arguments in _problems(on, generator)]

    def distance(formula: Any, cases: list[tuple[tuple, Any]]) -> float:
        return _worst(score(_value(formula, arguments), known) for arguments, known in cases)

    return Check(method, distance, prepare, tolerance, unit)


def _without_draws(truth: Callable) -> Callable:
    return lambda generator, *arguments: _parts(truth(*arguments))


def _problems(on: Problems | None, generator: Generator) -> list[tuple]:
    """The arguments of a formula, for each problem. Raises ValueError where there is none."""
    drawn = on(generator) if on is not None else ()
    if not isinstance(drawn, (Iterator, list)):
        drawn = [drawn]
    found = [one if isinstance(one, tuple) else (one,) for one in drawn]
    if not found:
        raise ValueError("on: expected at least one problem, got none")
    return found


def _value(formula: Any, arguments: tuple) -> Any:
    return formula(*arguments) if callable(formula) else formula


def _worst(distances: Iterable[float]) -> float:
    """The largest distance; not a number where one of them is none, which `max` would pass over."""
    found = [float(distance) for distance in distances]
    return math.nan if any(map(math.isnan, found)) else max(found, default=0.0)


def _tensor(value: Any) -> Tensor:
    if isinstance(value, (float, complex)):  # torch would take away half of their digits
        return torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else torch.complex128)
    return torch.as_tensor(value).detach()


def _parts(value: Any) -> dict[tuple, Any]:
    return dict(components(value))


def _apart(found: Any, expected: dict[tuple, Any], score: Callable[[Tensor, Any], float]) -> float:
    """The worst score(part found, part expected)."""
    parts = _parts(found)
    if parts.keys() != expected.keys():
        return math.inf
    return _worst(score(_tensor(part), expected[path]) for path, part in parts.items())


def gap(found: Any, expected: Any, *, floor: float = 0.0) -> float:
    """Largest distance of two values, each part relative to the largest number of its truth (at least `floor`).

    Where the truth is 0 the distance is absolute. Answers and whole numbers differ by 1 or more. Parts that are
    missing, shapes that differ, and what is no number are infinitely far apart.
    """
    distance = _relative(found, _parts(expected), floor)
    return math.inf if math.isnan(distance) else distance


def _relative(found: Any, expected: dict[tuple, Any], floor: float) -> float:
    return _apart(found, expected, partial(_relative_part, floor=floor))


def _relative_part(found: Tensor, expected: Any, floor: float) -> float:
    expected = _tensor(expected)
    if found.shape != expected.shape:
        return math.inf
    if found.numel() == 0:
        return 0.0
    exact = not (expected.is_floating_point() or expected.is_complex())
    # numbers of any kind are subtracted in the widest precision; infinities that agree are at no distance
    wide = torch.complex128 if found.is_complex() or expected.is_complex() else torch.float64
    found, expected = found.to(wide), expected.to(wide)
    difference = float(torch.where(found == expected, 0.0, (found - expected).abs()).max())
    if exact:
        return difference
    sizes = expected.abs()
    size = max(float(sizes[sizes.isfinite()].max()) if sizes.isfinite().any() else 0.0, floor)
    return difference / size if size > 0 else difference


# Exact statements


def equals(
    truth: Callable, *, on: Problems | None = None, tolerance: float = 1e-10, floor: float = 0.0,
    method: str = "exact identity",
) -> Check:  # fmt: skip
    """The formula gives what `truth` gives, up to rounding, or up to the error of an integral or a search."""
    return _check(method, on, _without_draws(truth), partial(_relative, floor=floor), tolerance)


def adds_up_to_zero(*, on: Problems | None = None, tolerance: float = 1e-10, method: str = "exact identity") -> Check:
    """The formula gives the terms of an equation, as a tuple or dictionary; their sum vanishes, beside the largest.

    Terms that are all 0 say nothing, and are infinitely far.
    """

    def score(terms: Any, known: None) -> float:
        parts = [_tensor(term) for term in _parts(terms).values()]
        size = _worst(float(part.abs().max()) for part in parts)
        return float(torch.as_tensor(sum(parts)).abs().max()) / size if size != 0 else math.inf

    return _check(method, on, lambda generator, *arguments: None, score, tolerance)


def measures(distance: Callable, *, on: Problems | None = None, tolerance: float, method: str, unit: str = "") -> Check:
    """distance(formula, *arguments) is what is left between formula and truth: for all that fits nowhere else."""

    def worst(formula: Any, cases: list[tuple]) -> float:
        return _worst(distance(formula, *arguments) for arguments in cases)

    return Check(method, worst, partial(_problems, on), tolerance, unit)


# Bounds


def is_at_most(quantity: Callable, *, on: Problems | None = None, tolerance: float = 1e-9) -> Check:
    """`quantity` never exceeds what the formula gives, which is positive; some problem reaches at least half of it.

    A formula that gives one number bounds all entries of a tensor.
    """
    return _bounded(quantity, on, tolerance, upper=True)


def is_at_least(quantity: Callable, *, on: Problems | None = None, tolerance: float = 1e-9) -> Check:
    """`quantity`, which is positive, never falls below what the formula gives; some problem comes near it.

    A formula that gives one number bounds all entries of a tensor.
    """
    return _bounded(quantity, on, tolerance, upper=False)


def _bounded(quantity: Callable, on: Problems | None, tolerance: float, upper: bool) -> Check:
    def share(bound: Tensor, value: Any) -> Tensor:
        """Quantity over bound, or bound over quantity: at most 1 where the statement holds."""
        bound, value = bound.double(), _tensor(value).double()
        if bound.shape != value.shape and bound.ndim:
            return torch.tensor([math.inf])
        small, large = (value, bound) if upper else (bound, value)
        small, large = torch.broadcast_tensors(small, large)
        # a bound of 0 or less can be kept, but its sharpness has no measure
        other = torch.where(small <= large, 0.0, math.inf)
        found = torch.where(large > 0, small / large, other)
        return torch.where(small.isnan() | large.isnan(), math.nan, found).reshape(-1)

    def excess(bound: Tensor, value: Any) -> float:
        shares = share(bound, value)
        return float((shares - 1).clamp(min=0).max()) if shares.numel() else 0.0

    def reach(formula: Any, cases: list[tuple[tuple, Any]]) -> float:
        given = [(_parts(_value(formula, arguments)), values) for arguments, values in cases]
        shares = [share(_tensor(parts[path]), values[path]) for parts, values in given for path in parts]
        return max(float(one.max()) for one in shares if one.numel())

    check = _check("bound", on, _without_draws(quantity), partial(_apart, score=excess), tolerance)
    return replace(check, reach=reach)


# Sampling


def has_mean(
    samples: Callable, *, on: Problems | None = None, tolerance: float = 5.0, method: str = "Monte Carlo"
) -> Check:
    """samples(generator, *arguments) gives independent draws along the first dimension; the formula, their mean.

    The distance is counted in standard errors of the mean, the largest over all entries. Answers of yes or no have
    their share as mean. For variances let `samples` give `spread` of the draws.
    """

    def known(generator: Generator, *arguments: Any) -> dict[tuple, tuple[Tensor, Tensor]]:
        draws = {path: _tensor(part).double() for path, part in components(samples(generator, *arguments))}
        return {path: (part.mean(0), part.std(0) / math.sqrt(len(part))) for path, part in draws.items()}

    return _check(method, on, known, partial(_apart, score=_score), tolerance, STANDARD_ERRORS)


def _score(claimed: Tensor, measured: tuple[Tensor, Tensor]) -> float:
    """How many errors are between what is claimed and the value measured, at the worst entry."""
    value, error = measured
    if claimed.shape != value.shape:
        return math.inf
    off = (claimed.double() - value).abs()
    # draws that are all equal leave no error but that of rounding
    return float(torch.where(off == 0, 0.0, off / error.clamp(min=ROUNDING * value.abs())).max())


def spread(draws: Tensor) -> Tensor:
    """Numbers whose mean is the variance of draws, shape (S, …): squared deviations, made free of bias."""
    return (draws - draws.mean(0)).square() * (len(draws) / (len(draws) - 1))


def has_distribution(samples: Callable, *, on: Problems | None = None, tolerance: float = 2.2) -> Check:
    """samples(generator, *arguments), shape (S,), are distributed as formula(*arguments, values) says, P(X ≤ value).

    The law is continuous. The distance is Kolmogorov's, times √S: a right formula exceeds 2.2 once in 8,000 cases.
    """

    def prepare(generator: Generator) -> list[tuple[tuple, Tensor]]:
        cases = []
        for arguments in _problems(on, generator):
            draws = _tensor(samples(generator, *arguments)).double()
            if draws.ndim != 1:
                raise ValueError(f"samples: expected shape (S,), got {tuple(draws.shape)}")
            cases.append((arguments, draws.sort().values))
        return cases

    def one(below: Tensor, values: Tensor) -> float:
        if below.shape != values.shape:
            return math.inf
        steps = torch.arange(len(values) + 1, dtype=torch.float64) / len(values)
        off = torch.maximum((steps[1:] - below).abs(), (steps[:-1] - below).abs()).max()
        return float(off) * math.sqrt(len(values))

    def distance(formula: Any, cases: list[tuple[tuple, Tensor]]) -> float:
        return _worst(one(_tensor(formula(*arguments, values)), values) for arguments, values in cases)

    return Check("Monte Carlo", distance, prepare, tolerance, r" in units of $1/\sqrt n$")


# Limits

FEWEST_REPEATS = 8


def falls_as(
    measure: Callable, sizes: Sequence[float], *, on: Problems | None = None, repeats: int = 1,
    tolerance: float | None = None,
) -> Check:  # fmt: skip
    """measure(generator, size, *arguments) is a power of the size for large sizes; the formula gives the exponent.

    The slope of logarithms is fitted over `sizes`. The tolerance is that of the exponent, 0.02 unless it is given. With
    `repeats`, 8 or more, the slope is measured so often with fresh draws, and the tolerance, 6 unless it is given,
    counts standard errors of the mean slope.
    """
    if repeats != 1 and repeats < FEWEST_REPEATS:
        raise ValueError(f"repeats: expected 1, or at least {FEWEST_REPEATS} to know their scatter, got {repeats}")
    if tolerance is None:
        tolerance = 0.02 if repeats == 1 else 6.0
    logs = torch.tensor([math.log(size) for size in sizes], dtype=torch.float64)
    weights = (logs - logs.mean()) / (logs - logs.mean()).square().sum()

    def slopes(generator: Generator, arguments: tuple) -> dict[tuple, Tensor]:
        rows = [_parts(measure(generator, size, *arguments)) for size in sizes]
        columns = {path: torch.stack([_tensor(row[path]).double() for row in rows]) for path in rows[0]}
        return {path: torch.tensordot(weights, column.log(), dims=1) for path, column in columns.items()}

    def known(generator: Generator, *arguments: Any) -> dict[tuple, tuple[Tensor, Tensor]]:
        runs = [slopes(generator, arguments) for _ in range(repeats)]
        every = {path: torch.stack([run[path] for run in runs]) for path in runs[0]}
        if repeats == 1:
            return {path: (part[0], torch.ones_like(part[0])) for path, part in every.items()}
        return {path: (part.mean(0), part.std(0) / math.sqrt(repeats)) for path, part in every.items()}

    def score(claimed: Tensor, measured: tuple[Tensor, Tensor]) -> float:
        return _score(claimed if claimed.ndim else claimed.expand_as(measured[0]), measured)

    unit = " in the exponent" if repeats == 1 else STANDARD_ERRORS
    return _check("limit", on, known, partial(_apart, score=score), tolerance, unit)


def tends_to(
    measure: Callable, sizes: Sequence[float], *, on: Problems | None = None, order: float | None = None,
    tolerance: float = 0.02, floor: float = 0.0,
) -> Check:  # fmt: skip
    """measure(generator, size, *arguments) tends to what the formula gives as the size grows.

    Compared at the last of `sizes`; with `order` p, what is left is taken to fall as size^{-p}, and the last two sizes
    give the limit.
    """
    if order is not None and len(sizes) < 2:
        raise ValueError(f"sizes: expected two or more for a limit with an order, got {len(sizes)}")

    def known(generator: Generator, *arguments: Any) -> dict[tuple, Any]:
        last = {path: _tensor(part).double() for path, part in components(measure(generator, sizes[-1], *arguments))}
        if order is None:
            return last
        before = _parts(measure(generator, sizes[-2], *arguments))
        grown = (sizes[-1] / sizes[-2]) ** order
        return {path: (grown * part - _tensor(before[path]).double()) / (grown - 1) for path, part in last.items()}

    return _check("limit", on, known, partial(_relative, floor=floor), tolerance, " of the limit")


# Experiments


def is_ordered(measure: Callable, *, on: Problems | None = None) -> Check:
    """measure(generator, *arguments) gives name → number; the formula names them all from the least to the largest.

    The distance counts neighbours in the wrong order; all exchanges of two neighbours are wrong versions.
    """

    def score(order: Sequence[str], run: Mapping[str, float]) -> float:
        if sorted(order) != sorted(run):
            return math.inf
        return sum(not run[a] < run[b] for a, b in pairwise(order))

    def others(order: Sequence[str]) -> dict[str, Any]:
        pairs = enumerate(pairwise(order))
        return {f"{b} below {a}": (*order[:k], b, a, *order[k + 2 :]) for k, (a, b) in pairs}

    return replace(_check("experiment", on, measure, score, 0.0, " pairs"), others=others)


def lies_in(measure: Callable, *, on: Problems | None = None) -> Check:
    """measure(generator, *arguments) gives numbers; the formula, for each of them the interval (low, high).

    One number and one interval, or name → number and name → interval; ends may be infinite, as for a sign. The distance
    is how far outside a number lies, in units of the interval's width (of itself, where that is infinite or 0).
    """

    def outside(value: float, low: float, high: float) -> float:
        if low <= value <= high:
            return 0.0
        if not math.isfinite(value):
            return math.inf
        width = high - low if 0 < high - low < math.inf else abs(value)
        return max(low - value, value - high) / width if width > 0 else math.inf

    def score(intervals: Any, run: Any) -> float:
        intervals = intervals if isinstance(intervals, Mapping) else {None: intervals}
        run = run if isinstance(run, Mapping) else {None: run}
        if intervals.keys() != run.keys():
            return math.inf
        return _worst(outside(float(run[name]), *interval) for name, interval in intervals.items())

    return _check("experiment", on, measure, score, 0.0)
