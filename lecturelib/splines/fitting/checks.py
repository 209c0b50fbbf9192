"""Claims of the chapter `splines/fitting`: best fits of straight pieces, exact and greedy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, is_at_most
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform
from lecturelib.splines.breakpoints.checks_problems import data, quadrature
from lecturelib.splines.fitting.checks_problems import best_cuts, by_x, costs, crowded, line, on_a_parabola, parabolas
from lecturelib.splines.fitting.continuous import smooth_error
from lecturelib.splines.fitting.segmentation import greedy_merge, grow, lines_of, segment, segment_losses


def last_points(generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """(x, y) of which the last is the new point: at an old x, among the others, and far from them."""
    for size in (4, 9, 30):
        x, y = data(generator, size)
        yield x, y
        yield x[:-1], y[:-1]
        yield torch.cat([x[:-1], x[-1:] + 40]), y


def by_walking(x: Tensor, y: Tensor) -> float:
    """By how much the library's running sum grows with the last point."""
    one = lines_of(x[:-1].numpy(), y[:-1].numpy(), np.zeros(1, np.int64))[0]
    before = one[5]
    grow(one, float(x[-1]), float(y[-1]))
    return float(one[5] - before)


@claim(
    "prop-fit-update",
    source="brown1975: section 2",
    check=equals(lambda x, y: line(x, y)[1] - line(x[:-1], y[:-1])[1], on=last_points, tolerance=1e-8),
    also=(by_walking,),
    wrong={
        "it adds $e^2$": {"number": 0.0, "place": 0.0},
        "without the place of the point": {"place": 0.0},
        "without the number of points": {"number": 0.0},
    },
)
def one_point_more(x, y, *, miss=Exponent(2), one=1.0, number=1.0, place=1.0, distance=Exponent(2)):
    old, centre = line(x[:-1], y[:-1])[0], x[:-1].mean()
    e = (old[0] + old[1] * x[-1] - y[-1]).abs()
    h = number / (len(x) - 1) + place * (x[-1] - centre).abs() ** distance / (x[:-1] - centre).square().sum()
    return e**miss / (one + h)


@claim(
    "thm-fit-optimal",
    source="bellman1961: page 284; own",
    check=equals(lambda x, y, most: [loss for loss, _ in best_cuts(*by_x(x, y), most)], on=crowded, floor=1e-9),
    also=(
        lambda x, y, most: segment_losses(x, y, most).tolist(),
        lambda x, y, most: [float((segment(x, y, k)(x) - y).square().sum() / 2) for k in range(1, most + 1)],
    ),
    wrong={
        "the last piece alone": {"left": 0.0},
        "squares without the half": {"half": 1.0},
        "each piece holds a datum": {"empty": False},
    },
)
def best_pieces(x, y, most, *, half=0.5, first=1.0, left=1.0, last=1.0, empty=True):
    cost = costs(*by_x(x, y))
    ends = {end for piece in cost for end in piece}
    best = [{j: first * cost[0, j] for j in ends}]
    while len(best) < most:
        before = [one for one in cost.items() if empty or one[0][0] < one[0][1]]
        totals = [(j, left * best[-1][i] + last * square) for (i, j), square in before]
        best.append({j: min([total for end, total in totals if end == j], default=math.inf) for j in ends})
    return [half * one[len(x)] for one in best]


def cut_parabola(parts: Tensor, *parabola: float) -> dict[str, object]:
    """The least loss of as many pieces, and their sizes in order, by trying every way to cut."""
    loss, ends = best_cuts(*on_a_parabola(int(parts.sum()), *parabola), len(parts))[-1]
    return {"loss": loss, "sizes": torch.tensor(ends).diff().sort().values}


def by_library(parts: Tensor, *parabola: float) -> dict[str, object]:
    """The same by the library."""
    fit = segment(*on_a_parabola(int(parts.sum()), *parabola), len(parts))
    ends = torch.cat([fit.starts, parts.sum()[None]])
    return {"loss": fit.loss, "sizes": ends.diff().sort().values}


@claim(
    "thm-fit-quadratic",
    source="own",
    check=equals(cut_parabola, on=parabolas, tolerance=1e-8),
    also=(by_library,),
    wrong={
        r"$n_p^5$, as for a continuum": {"near": 0, "far": 0},
        r"$\delta^2$": {"spacing": Exponent(2)},
        "without the half of the loss": {"divisor": 720.0},
    },
)
def best_of_a_parabola(parts, c, delta, _, *, divisor=1440.0, square=Exponent(2), spacing=Exponent(4), near=1, far=4):
    points, pieces = int(parts.sum()), len(parts)
    n = torch.tensor([(points + p) // pieces for p in range(pieces)])  # the floor and the ceiling of N/k
    left = int((n * (n**2 - near) * (n**2 - far)).sum())
    return {"loss": abs(c) ** square * delta**spacing * left / divisor, "sizes": n}


def smooth(generator: Generator) -> Iterator[tuple[Callable, Callable, float, float, int]]:
    """(f, f″, low, high, k): curvature of one sign that varies tenfold, on long and short intervals, for two k."""
    size, (low,) = 5 + 10 * float(uniform(generator, 1)), normal(generator, 1).tolist()

    def grows(x: Tensor, rate: float, power: int = 0) -> Tensor:
        return size * rate**power * torch.exp(rate * x)

    for length, k in ((3.0, 12), (0.5, 24)):
        yield partial(grows, rate=2.5 / length), partial(grows, rate=2.5 / length, power=2), low, low + length, k
        yield lambda x: -size * x**4 - x, lambda x: -12 * size * x**2, 0.4, 0.4 + length, k


def on_dense_data(f: Callable, _, low: float, high: float, pieces: int, points: int = 1200) -> dict[str, object]:
    """The error of the best pieces, and where they end, on evenly spread data."""
    x = low + (high - low) * (torch.arange(points, dtype=torch.float64) + 0.5) / points
    best = segment(x, f(x), pieces)
    return {"error": math.sqrt(2 * best.loss / points), "cuts": (best.pieces.knots - low) / (high - low)}


@claim(
    "thm-fit-density",
    source="deboor2001: chapter 12; own",
    check=equals(on_dense_data, on=smooth, tolerance=0.02, method="limit"),
    also=(lambda f, c, *to: law_of_pieces.formula(f, c, *to) | {"error": smooth_error(c, to[:2], to[2])},),
    wrong={
        "pieces of equal length": {"density": Exponent(0)},
        r"density $\lvert f'' \rvert$, where curvature is": {"density": Exponent(1), "outer": Exponent(1)},
        r"$k^{-1}$": {"order": Exponent(1)},
        r"with the constant of interpolation, $\sqrt{120}$": {"constant": 120.0},
    },
)
def law_of_pieces(
    _, curvature, low, high, pieces, *, constant=720.0, order=Exponent(2), density=Exponent(0.4), outer=Exponent(2.5),
    length=Exponent(1),
):  # fmt: skip
    ends = low + (high - low) * torch.linspace(0, 1, 1001, dtype=torch.float64)
    x, weights = quadrature(ends[:-1], ends[1:], order=2)
    mass = (weights * curvature(x).abs() ** density).sum(-1)
    error = mass.sum() ** outer / (pieces**order * math.sqrt(constant * (high - low) ** length))
    steps = torch.searchsorted(mass.cumsum(0), mass.sum() * torch.arange(1, pieces) / pieces)
    return {"error": error, "cuts": steps.double() / 1000}


def jumps(generator: Generator) -> Iterator[tuple[Tensor, Tensor, int, int]]:
    """(x, y, m, k): straight pieces with jumps and noise, unsorted, some x twice; also as many pieces as data allow."""
    for m in (1, 2, 4):
        for k in range(1, m + 2):
            x, y = data(generator, 60)
            yield x, y + 4 * torch.bucketize(x, normal(generator, k - 1).sort().values) ** 2, m, k
        yield *data(generator, 2 * m + 3), m, 1


def by_merging(x: Tensor, y: Tensor, m: int, _) -> dict[str, Tensor]:
    """How many pieces merging leaves, as the words of the chapter have it, and their loss; and the library's."""
    xs, ys = by_x(x, y)
    ends = [0, *(i for i in range(1, len(xs)) if xs[i - 1] < xs[i]), len(xs)]
    while (len(ends) - 1) // 2 > m:
        pairs = range(1, len(ends) - 1, 2)  # the points between the two pieces of each
        errors = [line(xs[ends[i - 1] : ends[i + 1]], ys[ends[i - 1] : ends[i + 1]])[1] for i in pairs]
        merged = torch.tensor(errors).argsort()[: len(errors) - m].tolist()
        ends = [end for i, end in enumerate(ends) if i not in {pairs[j] for j in merged}]
    mine = sum(line(xs[i:j], ys[i:j])[1] for i, j in pairwise(ends)) / 2
    fit = greedy_merge(x, y, 2 * m + 1)
    losses = torch.tensor([mine, fit.loss], dtype=torch.float64)
    return {"pieces": torch.tensor([len(ends) - 1, len(fit.starts)]), "loss": losses}


@claim(
    "thm-fit-greedy",
    source="acharya2016: algorithm 1; own",
    check=is_at_most(by_merging, on=jumps),
    wrong={
        "as good as the best $k$ pieces": lambda x, y, m, k: greedy_promise.formula(x, y, m, k, top=-k + 2),
        r"at most $2m$ pieces": {"extra": 0},
        "half of it": {"factor": 0.5},
    },
)
def greedy_promise(x, y, m, k, *, factor=1.0, top=1, less=2, twice=2, extra=1):
    promise = factor * (m + top) / (m - k + less)
    return {"pieces": twice * m + extra, "loss": promise * segment_losses(x, y, k)[-1]}
