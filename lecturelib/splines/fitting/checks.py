"""Claims of the chapter `splines/fitting`: best fits of straight pieces, exact and greedy."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import numpy as np
import torch
from torch import Generator

from lecturelib.core.old_claims import Claim
from lecturelib.splines.fitting.continuous import quadratic_loss, smooth_error
from lecturelib.splines.fitting.merging import greedy_merge, join, pair_up, single_points
from lecturelib.splines.fitting.segmentation import segment, segment_losses, segmentation, sorted_data

ACHARYA = "Acharya et al. 2016, algorithm 1 without noise"


def draw_data(generator: Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """x spread unevenly, y noise about a curve: two arrays of shape (size,), sorted by x."""
    x, noise = torch.randn(2, size, generator=generator, dtype=torch.float64)
    return sorted_data(x, torch.sin(3 * x) + noise)


def line_cost(x: np.ndarray, y: np.ndarray) -> float:
    """Σ residual² of the line of least squares, by numpy's solver."""
    design = np.stack([np.ones(x.size), x], axis=1)
    return float(np.square(design @ np.linalg.lstsq(design, y, rcond=None)[0] - y).sum())


# One point more


def _adds_up_to_the_cost(weight, generator: Generator) -> float:
    """Σ e² / weight(n, h) over points added one by one, against the solver's cost; h = (x − x̄)² / Σ(x − x̄)²."""
    x, y = draw_data(generator, 30)
    total = 0.0
    for n in range(2, x.size):
        slope, height = np.polyfit(x[:n], y[:n], 1)
        centred = x[:n] - x[:n].mean()
        total += (y[n] - slope * x[n] - height) ** 2 / weight(n, (x[n] - x[:n].mean()) ** 2 / (centred @ centred))
    return abs(total / line_cost(x, y) - 1)


one_point_more = Claim(
    label="prop-fit-update",
    statement=r"A point that the line of $n$ points misses by $e$ adds $e^2 / (1 + 1/n + (x - \bar x)^2/S_{xx})$ "
    "to the sum of squares.",
    source="recursive residuals, Brown et al. 1975; derived here",
    method="exact identity",
    tolerance=1e-9,
    check=_adds_up_to_the_cost,
    formula=lambda n, h: 1 + 1 / n + h,
    falsifiers={
        "it adds $e^2$": lambda n, h: 1.0,
        "without the place of the point": lambda n, h: 1 + 1 / n,
        "without the number of points": lambda n, h: 1 + h,
        "with minus signs": lambda n, h: 1 / (1 + 1 / n + h),
    },
)


# The optimum


def _textbook_cost(x: np.ndarray, y: np.ndarray) -> float:
    """Σ (y − ȳ)² (1 − r²) with the correlation r."""
    dx, dy = x - x.mean(), y - y.mean()
    return float(dy @ dy - (dx @ dy) ** 2 / (dx @ dx)) if x.size > 2 else 0.0


def _is_the_least(fit, generator: Generator) -> float:
    """Against all ways to cut 11 points into 2 to 5 pieces, for two sets of data."""
    worst = 0.0
    for _ in range(2):
        x, y = draw_data(generator, 11)
        cost = {(i, j): _textbook_cost(x[i:j], y[i:j]) for i, j in combinations(range(x.size + 1), 2)}
        for pieces in (2, 3, 4, 5):
            cuts = combinations(range(1, x.size), pieces - 1)
            least = min(sum(cost[ends] for ends in pairwise((0, *c, x.size))) for c in cuts)
            found = fit(x, y, pieces)
            residuals = found(x).numpy() - y
            worst = max(worst, abs(float(residuals @ residuals) / least - 1), abs(2 * found.loss / least - 1))
    return worst


def _even_sizes(x, y, pieces):
    return segmentation(x, y, np.arange(pieces) * x.size // pieces)


def _split_greedily(x, y, pieces):
    """Cut again and again where one more cut helps most."""
    starts = np.zeros(1, dtype=np.int64)
    while starts.size < pieces:
        more = [np.sort(np.append(starts, i)) for i in range(1, x.size) if i not in starts]
        starts = min(more, key=lambda one: segmentation(x, y, one).loss)
    return segmentation(x, y, starts)


best_pieces = Claim(
    label="thm-fit-optimal",
    statement="The recursion over the last piece gives the least loss of all ways to cut the data.",
    source="Bellman 1961; Bai and Perron 2003",
    method="exact identity",
    tolerance=1e-9,
    check=_is_the_least,
    formula=segment,
    falsifiers={
        "pieces of equal size are best": _even_sizes,
        "cutting where one more cut helps most is best": _split_greedily,
        "one piece fewer does as well": lambda x, y, k: segment(x, y, k - 1),
    },
)


# A quadratic


def _matches_the_program(formula, generator: Generator) -> float:
    curvature, spacing = (0.5 + torch.rand(2, generator=generator, dtype=torch.float64)).tolist()
    size = 60 + int(torch.randint(20, (), generator=generator))
    place = torch.randn((), generator=generator, dtype=torch.float64) + spacing * torch.arange(
        size, dtype=torch.float64
    )
    found = segment_losses(place, curvature * place**2 / 2, 9)
    expected = [formula(size, k, spacing, curvature) for k in range(1, 10)]
    return max(abs(float(a) / b - 1) for a, b in zip(found, expected, strict=True))


best_of_a_parabola = Claim(
    label="thm-fit-quadratic",
    statement=r"On equally spaced samples of $c x^2/2$ the best pieces are as equal as can be and leave "
    r"$\tfrac{c^2 \delta^4}{1440} \sum_p n_p (n_p^2 - 1)(n_p^2 - 4)$.",
    source="derived here",
    method="exact identity",
    tolerance=1e-8,
    check=_matches_the_program,
    formula=quadratic_loss,
    falsifiers={
        r"$n_p^5$, as for a continuum": lambda n, k, d, c: c**2 * d**4 * k * (n / k) ** 5 / 1440,
        r"$\delta^2$": lambda n, k, d, c: quadratic_loss(n, k, d, c) / d**2,
        "the pieces need not have whole sizes": lambda n, k, d, c: k * quadratic_loss(n, 1, d, c) / k**5,
    },
)


# Smooth targets


def _predicts_the_error(formula, generator: Generator) -> float:
    """The dynamic program on 800 points of an exponential, whose curvature varies twentyfold, against the law."""
    rate, pieces = 1 + 0.2 * float(torch.rand((), generator=generator)), 20
    middles = 3 * (torch.arange(800, dtype=torch.float64) + 0.5) / 800
    loss = float(segment_losses(middles, torch.exp(rate * middles), pieces)[-1])
    expected = formula(lambda t: rate**2 * torch.exp(rate * t), 0.0, 3.0, pieces)
    return abs(math.sqrt(2 * loss / middles.numel()) / expected - 1)


def _by_power(power: float):
    """The law if pieces had density |f″|^power: k⁻² / √720 times the root mean square of f″ / density²."""

    def law(curvature, low, high, pieces):
        x = torch.linspace(low, high, 4001, dtype=torch.float64)
        density = curvature(x).abs() ** power
        density = density / density.mean() / (high - low)
        square = (curvature(x) / density**2).square().mean()
        return float(square.sqrt()) / math.sqrt(720) / pieces**2

    return law


law_of_pieces = Claim(
    label="thm-fit-density",
    statement=r"The error tends to $k^{-2} (\int \lvert f'' \rvert^{2/5})^{5/2} / \sqrt{720 L}$, with $L$ the length.",
    source="de Boor 2001, chapter 12, for the exponent; derived here",
    method="experiment",
    tolerance=0.02,
    check=_predicts_the_error,
    formula=smooth_error,
    falsifiers={
        "pieces of equal length": _by_power(0.0),
        r"density $\lvert f'' \rvert$, where curvature is": _by_power(1.0),
        r"$k^{-1}$": lambda c, low, high, k: smooth_error(c, low, high, 1) / k,
        r"with the constant of interpolation, $\sqrt{120}$": lambda *a: smooth_error(*a) * math.sqrt(6),
    },
)


# Greedy merging


def _keeps_its_promise(merge, generator: Generator) -> float:
    """How far losses exceed the bound, relative to the best: noisy data, and straight pieces without noise.

    Without noise the best loss of k pieces is 0, and so must be the loss of merging, relative to Σ y².
    """
    x, y = draw_data(generator, 90)
    exact = segment(x, y, 6)
    worst = 0.0
    for target in (y, exact(x).numpy()):
        best = segment_losses(x, target, 6).numpy()
        for pieces in (7, 13, 25):
            apart = (pieces - 1) // 2
            fit = merge(x, target, pieces)
            for k in range(1, min(apart, 6) + 1):
                bound = apart / (apart - k + 1) * best[k - 1]
                worst = max(worst, (fit.loss - bound) / float(target @ target))
            worst = max(worst, float(fit.starts.numel() - pieces))
    return worst


def _merge_by(choose):
    """Greedy merging of the pairs in the mask that `choose` makes of their errors and of how many to leave apart."""

    def merge(x, y, pieces):
        starts, factors = single_points(x, y)
        apart = (pieces - 1) // 2
        while starts.size // 2 > apart:
            joined = pair_up(factors)
            starts, factors = join(starts, factors, joined, choose(np.abs(joined[:, 2, 2]), apart))
        return segmentation(x, y, starts)

    return merge


greedy_promise = Claim(
    label="thm-fit-greedy",
    statement=r"Merging with $m$ pairs left apart ends with at most $2m + 1$ pieces and a loss of at most "
    r"$m / (m - k + 1)$ times the best of $k$ pieces, for all $k \le m$.",
    source=ACHARYA,
    method="exact identity",
    tolerance=1e-12,
    check=_keeps_its_promise,
    formula=greedy_merge,
    falsifiers={
        "leaving no pair apart": _merge_by(lambda e, m: np.ones(e.size, dtype=bool)),
        "leaving the first pairs apart": _merge_by(lambda e, m: np.arange(e.size) >= m),
        "leaving the pairs with the least errors apart": _merge_by(lambda e, m: np.argsort(np.argsort(e)) >= m),
        "with as many pieces as pairs": lambda x, y, pieces: greedy_merge(x, y, max(3, pieces // 2)),
    },
)
