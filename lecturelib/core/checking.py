"""Checks: what a statement is compared with, and how the distance is counted.

Each function below makes a `Check` of one kind. `on` draws the problems: a function of a torch.Generator that returns
the arguments of the formula as a tuple, or yields several such tuples; None for a formula without arguments. Problems
are drawn once a seed, and all versions of a formula, right and wrong, meet the same ones. What a formula and its truth
give may be numbers, tensors, or tuples, dictionaries, dataclasses of them; each part is compared on its own scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True, eq=False)
class Check:
    """How a statement is checked.

    method: one of `BOUNDS`; distance(formula, problem): how far apart formula and truth are for what `prepare` made of
    a seed; tolerance: the largest distance that counts as true; unit: of the distance, in words; signs: directions of
    changes that have to be noticed; reach(formula, problem): the share of a bound that is reached; others(formula):
    wrong versions that a machine makes of an order. Raises ValueError for an unknown method or a bad tolerance.
    """

    method: str
    distance: Callable[[Any, Any], float]
    prepare: Callable[[Generator], Any]
    tolerance: float
    unit: str = ""
    signs: tuple[int, ...] = (1, -1)
    reach: Callable[[Any, Any], float] | None = None
    others: Callable[[Any], dict[str, Any]] = lambda formula: {}
    _kept: dict[int, Any] = field(default_factory=dict, repr=False)

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
        """What the formula gives the first time that the check asks it."""
        if not callable(formula):
            return formula
        given = []

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


def _problems(on: Problems | None, generator: Generator) -> list[tuple]:
    """The arguments of a formula, for each problem."""
    if on is None:
        return [()]
    drawn = on(generator)
    if isinstance(drawn, tuple):
        return [drawn]
    return [one if isinstance(one, tuple) else (one,) for one in drawn]


def _value(formula: Any, arguments: tuple) -> Any:
    return formula(*arguments) if callable(formula) else formula


def _pairs(found: Any, expected: Any):
    """The parts of two values that belong together; None where one has parts that the other lacks."""
    left, right = dict(components(found)), dict(components(expected))
    return None if left.keys() != right.keys() else [(left[path], right[path]) for path in left]


def _tensor(value: Any) -> Tensor:
    tensor = torch.as_tensor(value, dtype=torch.float64 if isinstance(value, float) else None).detach()
    return tensor.double() if tensor.is_floating_point() else tensor


def gap(found: Any, expected: Any, *, floor: float = 0.0) -> float:
    """Largest distance of two values, each part relative to the largest number of its truth (at least `floor`).

    Where the truth is 0 the distance is absolute. Answers and whole numbers differ by 1 or more. Parts that are missing
    and shapes that differ are infinitely far apart.
    """
    pairs = _pairs(found, expected)
    return math.inf if pairs is None else max((_gap(_tensor(a), _tensor(b), floor) for a, b in pairs), default=0.0)


def _gap(found: Tensor, expected: Tensor, floor: float) -> float:
    if found.shape != expected.shape:
        return math.inf
    if found.numel() == 0:
        return 0.0
    difference = float((found.double() - expected.double()).abs().max())
    if math.isnan(difference):
        return math.inf
    if not expected.is_floating_point():
        return difference
    size = max(float(expected.abs().max()), floor)
    return difference / size if size > 0 else difference


# Exact statements


def equals(
    truth: Callable, *, on: Problems | None, tolerance: float = 1e-10, floor=0.0, method="exact identity"
) -> Check:
    """The formula gives what `truth` gives, up to rounding, or up to the error of an integral or a search."""

    def distance(formula: Any, cases: list[tuple[tuple, Any]]) -> float:
        return max(gap(_value(formula, arguments), expected, floor=floor) for arguments, expected in cases)

    def prepare(generator: Generator) -> list[tuple[tuple, Any]]:
        return [(arguments, truth(*arguments)) for arguments in _problems(on, generator)]

    return Check(method, distance, prepare, tolerance)


def adds_up_to_zero(*, on: Problems | None, tolerance: float = 1e-10, method="exact identity") -> Check:
    """The formula gives the terms of an equation, as a tuple or dictionary; their sum vanishes, beside the largest."""

    def distance(formula: Any, cases: list[tuple]) -> float:
        worst = 0.0
        for arguments in cases:
            terms = [_tensor(term) for _, term in components(_value(formula, arguments))]
            size = max(float(term.abs().max()) for term in terms)
            total = float(sum(terms).abs().max())
            worst = max(worst, total / size if size > 0 else math.inf)
        return worst

    return Check(method, distance, lambda generator: _problems(on, generator), tolerance)


def measures(distance: Callable, *, on: Problems | None, tolerance: float, method: str, unit: str = "") -> Check:
    """distance(formula, *arguments) is what is left between formula and truth: for all that fits nowhere else."""

    def worst(formula: Any, cases: list[tuple]) -> float:
        return max(float(distance(formula, *arguments)) for arguments in cases)

    return Check(method, worst, lambda generator: _problems(on, generator), tolerance, unit)


# Bounds


def is_at_most(quantity: Callable, *, on: Problems | None, tolerance: float = 1e-9) -> Check:
    """`quantity` never exceeds what the formula gives, which is positive; some problem reaches at least half of it."""
    return _bounded(quantity, on, tolerance, sign=-1)


def is_at_least(quantity: Callable, *, on: Problems | None, tolerance: float = 1e-9) -> Check:
    """`quantity`, which is positive, never falls below what the formula gives; some problem comes near it."""
    return _bounded(quantity, on, tolerance, sign=1)


def _bounded(quantity: Callable, on: Problems | None, tolerance: float, sign: int) -> Check:
    def shares(formula: Any, cases: list[tuple[tuple, Any]]) -> list[Tensor]:
        """Quantity over bound, or bound over quantity: at most 1 where the statement holds."""
        found: list[Tensor] = []
        for arguments, measured in cases:
            for bound, value in _pairs(_value(formula, arguments), measured) or [(math.nan, math.nan)]:
                small, large = (value, bound) if sign < 0 else (bound, value)
                found.append((_tensor(small) / _tensor(large)).reshape(-1))
        return found

    def distance(formula: Any, cases: list[tuple[tuple, Any]]) -> float:
        return max(
            float(torch.nan_to_num(share, nan=math.inf).max().clamp(min=1)) - 1 for share in shares(formula, cases)
        )

    def reach(formula: Any, cases: list[tuple[tuple, Any]]) -> float:
        return max(float(share.max()) for share in shares(formula, cases))

    def prepare(generator: Generator) -> list[tuple[tuple, Any]]:
        return [(arguments, quantity(*arguments)) for arguments in _problems(on, generator)]

    return Check("bound", distance, prepare, tolerance, signs=(sign,), reach=reach)


# Sampling


def has_mean(samples: Callable, *, on: Problems | None = None, tolerance: float = 5.0, method="Monte Carlo") -> Check:
    """samples(generator, *arguments) gives independent draws along the first dimension; the formula, their mean.

    The distance is counted in standard errors of the mean, the largest over all entries. For variances let `samples`
    give `spread` of the draws.
    """

    def prepare(generator: Generator) -> list[tuple[tuple, Any, Any]]:
        cases = []
        for arguments in _problems(on, generator):
            draws = dict(components(samples(generator, *arguments)))
            means = {path: _tensor(part).mean(0) for path, part in draws.items()}
            errors = {path: _tensor(part).std(0) / math.sqrt(len(part)) for path, part in draws.items()}
            cases.append((arguments, means, errors))
        return cases

    def distance(formula: Any, cases: list[tuple[tuple, Any, Any]]) -> float:
        worst = 0.0
        for arguments, means, errors in cases:
            claimed = dict(components(_value(formula, arguments)))
            if claimed.keys() != means.keys():
                return math.inf
            for path, mean in means.items():
                worst = max(worst, _score(_tensor(claimed[path]), mean, errors[path]))
        return worst

    return Check(method, distance, prepare, tolerance, STANDARD_ERRORS)


def _score(claimed: Tensor, mean: Tensor, error: Tensor) -> float:
    if claimed.shape != mean.shape:
        return math.inf
    off = (claimed - mean).abs()
    score = torch.where(off == 0, torch.zeros_like(off), off / error)
    return float(torch.nan_to_num(score, nan=math.inf).max())


def spread(draws: Tensor) -> Tensor:
    """Numbers whose mean is the variance of draws, shape (S, …): squared deviations, made free of bias."""
    return (draws - draws.mean(0)).square() * (len(draws) / (len(draws) - 1))


def has_distribution(samples: Callable, *, on: Problems | None = None, tolerance: float = 2.2) -> Check:
    """samples(generator, *arguments), shape (S,), are distributed as formula(*arguments, values) says, P(X ≤ value).

    The distance is Kolmogorov's, times √S: a right formula exceeds 2.2 once in 8,000 cases.
    """

    def prepare(generator: Generator) -> list[tuple[tuple, Tensor]]:
        return [
            (arguments, _tensor(samples(generator, *arguments)).sort().values) for arguments in _problems(on, generator)
        ]

    def distance(formula: Any, cases: list[tuple[tuple, Tensor]]) -> float:
        worst = 0.0
        for arguments, values in cases:
            below = _tensor(formula(*arguments, values))
            steps = torch.arange(len(values) + 1, dtype=torch.float64) / len(values)
            off = torch.maximum((steps[1:] - below).abs(), (steps[:-1] - below).abs()).max()
            worst = max(worst, float(off) * math.sqrt(len(values)))
        return worst

    return Check("Monte Carlo", distance, prepare, tolerance, r" in units of $1/\sqrt n$")


# Limits


def falls_as(
    measure: Callable, sizes: Sequence[float], *, on: Problems | None = None, repeats: int = 1, tolerance: float = 0.02
) -> Check:
    """measure(generator, size, *arguments) is a power of the size for large sizes; the formula gives the exponent.

    The slope of logarithms is fitted over `sizes`. With `repeats` it is measured so often with fresh draws, and the
    tolerance, 6 unless it is given as more than 1, counts standard errors of the mean slope.
    """
    tolerance = max(tolerance, 6.0) if repeats > 1 else tolerance
    logs = torch.tensor([math.log(size) for size in sizes], dtype=torch.float64)
    weights = (logs - logs.mean()) / (logs - logs.mean()).square().sum()

    def slopes(generator: Generator, arguments: tuple) -> dict:
        rows = [dict(components(measure(generator, size, *arguments))) for size in sizes]
        return {
            path: torch.tensordot(weights, torch.stack([_tensor(row[path]).double().log() for row in rows]), dims=1)
            for path in rows[0]
        }

    def prepare(generator: Generator) -> list[tuple[tuple, dict, dict]]:
        cases = []
        for arguments in _problems(on, generator):
            runs = [slopes(generator, arguments) for _ in range(repeats)]
            every = {path: torch.stack([run[path] for run in runs]) for path in runs[0]}
            means = {path: part.mean(0) for path, part in every.items()}
            errors = {path: part.std(0) / math.sqrt(repeats) if repeats > 1 else None for path, part in every.items()}
            cases.append((arguments, means, errors))
        return cases

    def distance(formula: Any, cases: list[tuple[tuple, dict, dict]]) -> float:
        worst = 0.0
        for arguments, means, errors in cases:
            claimed = dict(components(_value(formula, arguments)))
            if claimed.keys() != means.keys():
                return math.inf
            for path, slope in means.items():
                power = torch.as_tensor(claimed[path], dtype=torch.float64).expand_as(slope)
                error = torch.ones_like(slope) if errors[path] is None else errors[path]
                worst = max(worst, _score(power, slope, error))
        return worst

    return Check("limit", distance, prepare, tolerance, STANDARD_ERRORS if repeats > 1 else " in the exponent")


def tends_to(
    measure: Callable, sizes: Sequence[float], *, on: Problems | None = None, order: float | None = None,
    tolerance: float = 0.02, floor: float = 0.0,
) -> Check:  # fmt: skip
    """measure(generator, size, *arguments) tends to what the formula gives as the size grows.

    Compared at the last of `sizes`; with `order` p, what is left is taken to fall as size^{-p}, and the last two sizes
    give the limit.
    """

    def prepare(generator: Generator) -> list[tuple[tuple, Any]]:
        cases = []
        for arguments in _problems(on, generator):
            last = measure(generator, sizes[-1], *arguments)
            if order is not None:
                before = dict(components(measure(generator, sizes[-2], *arguments)))
                grown = (sizes[-1] / sizes[-2]) ** order
                parts = {
                    path: (grown * _tensor(part) - _tensor(before[path])) / (grown - 1)
                    for path, part in components(last)
                }
            else:
                parts = {path: _tensor(part) for path, part in components(last)}
            cases.append((arguments, parts))
        return cases

    def distance(formula: Any, cases: list[tuple[tuple, Any]]) -> float:
        worst = 0.0
        for arguments, limit in cases:
            claimed = dict(components(_value(formula, arguments)))
            if claimed.keys() != limit.keys():
                return math.inf
            worst = max(worst, *(_gap(_tensor(claimed[path]), part, floor) for path, part in limit.items()))
        return worst

    return Check("limit", distance, prepare, tolerance, " of the limit")


# Experiments


def is_ordered(measure: Callable, *, on: Problems | None = None) -> Check:
    """measure(generator, *arguments) gives name → number; the formula names them from the least to the largest.

    The distance counts neighbours in the wrong order; all exchanges of two neighbours are wrong versions.
    """

    def others(order: Sequence[str]) -> dict[str, Any]:
        swapped = {}
        for k, (one, other) in enumerate(pairwise(order)):
            swapped[f"{other} below {one}"] = (*order[:k], other, one, *order[k + 2 :])
        return swapped

    def distance(order: Sequence[str], runs: list[dict[str, float]]) -> float:
        return float(max(sum(not run[a] < run[b] for a, b in pairwise(order)) for run in runs))

    def prepare(generator: Generator) -> list[dict[str, float]]:
        return [measure(generator, *arguments) for arguments in _problems(on, generator)]

    return Check("experiment", distance, prepare, 0.0, " pairs", others=others)


def lies_in(measure: Callable, *, on: Problems | None = None) -> Check:
    """measure(generator, *arguments) gives numbers; the formula, for each of them the interval (low, high).

    One number and one interval, or name → number and name → interval; ends may be infinite, as for a sign. The distance
    is how far outside a number lies, in units of the interval's width (of itself, where that is infinite).
    """

    def distance(intervals: Any, runs: list[Any]) -> float:
        worst = 0.0
        for run in runs:
            named = intervals.items() if isinstance(intervals, dict) else [(None, intervals)]
            for name, (low, high) in named:
                value = float(run if name is None else run[name])
                if not low <= value <= high:
                    width = high - low if math.isfinite(high - low) else max(abs(value), 1e-300)
                    off = max(low - value, value - high) / width
                    worst = max(worst, math.inf if math.isnan(off) else off)
        return worst

    def prepare(generator: Generator) -> list[Any]:
        return [measure(generator, *arguments) for arguments in _problems(on, generator)]

    return Check("experiment", distance, prepare, 0.0)
