"""Claims of the chapter `splines/loss_surface` on partitions: how many are lonely, and how likely that is."""

from __future__ import annotations

import math
from itertools import combinations_with_replacement

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim
from lecturelib.splines.breakpoints.network import Spline
from lecturelib.splines.loss_surface import partitions

SAHS = "Sahs et al. 2022"


def _brute_force(width: int, points: int) -> tuple[int, int]:
    """All ways to put N ordered data into H + 1 pieces, and those that put no two together."""
    ways = list(combinations_with_replacement(range(width + 1), points))
    return len(ways), sum(len(set(way)) == points for way in ways)


def _counts(formula, generator: Generator) -> float:
    worst = 0.0
    for _ in range(6):
        width, points = (int(size) for size in torch.randint(2, 7, (2,), generator=generator))
        expected = _brute_force(width, points)
        worst = max(worst, *(abs(f(width, points) - n) for f, n in zip(formula, expected, strict=True)))
    return worst


count = Claim(
    label="thm-loss-count",
    statement=r"$H$ breakpoints cut $N$ distinct data in $\binom{H+N}{N}$ ways, $\binom{H+1}{N}$ of them lonely.",
    source=f"{SAHS}, section 2.3.1 and Lemma 1",
    method="exact identity",
    tolerance=0.0,
    check=_counts,
    formula=(partitions.count_partitions, partitions.count_lonely),
    falsifiers={
        r"$\binom{H}{N}$ lonely ones": (partitions.count_partitions, math.comb),
        r"$\binom{H+N+1}{N}$ in all": (lambda h, n: math.comb(h + n + 1, n), partitions.count_lonely),
        r"$N^H$ lonely ones": (partitions.count_partitions, lambda h, n: n**h),
    },
)


def _lonely(generator: Generator, points: int = 6, spare: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    """Breakpoints (one in each gap and some more, shuffled), sorted data, targets."""
    x = torch.cumsum(0.2 + torch.rand(points, generator=generator, dtype=torch.float64), 0)
    share = torch.rand(points - 1, generator=generator, dtype=torch.float64)
    one_each = x[:-1] + (0.1 + 0.8 * share) * x.diff()
    more = x[0] - 1 + (x[-1] - x[0] + 2) * torch.rand(spare, generator=generator, dtype=torch.float64)
    places = torch.cat([one_each, more])[torch.randperm(points - 1 + spare, generator=generator)]
    return places, x, torch.randn(points, generator=generator, dtype=torch.float64)


def _fits(fit, generator: Generator) -> float:
    places, x, y = _lonely(generator)
    worst = 0.0
    for shift in (0.0, 1e-3):
        spline = fit(places + shift, x, y)
        same_place = float((spline.breakpoints - places - shift).abs().max())
        worst = max(worst, float((spline(x) - y).abs().max()), same_place)
    return worst


def _wrong_jump(places: Tensor, x: Tensor, y: Tensor) -> Spline:
    """Jumps of the broken line through the data, moved from the data to the breakpoints."""
    right = partitions.fit_lonely(places, x, y)
    slopes = y.diff() / x.diff()
    jumps = torch.cat([slopes[:1], slopes.diff()])
    mu = torch.zeros_like(places)
    used = torch.argsort(places)[[int((places < point).sum()) for point in x[:-1]]]
    return Spline(places, mu.index_add(0, used, jumps), right.orientations, right.b0)


fit = Claim(
    label="lem-loss-fit",
    statement="For breakpoints that make a lonely partition, all facing right, some delta-slopes fit the data.",
    source=f"{SAHS}, Lemma 1",
    method="exact identity",
    tolerance=1e-9,
    check=_fits,
    formula=partitions.fit_lonely,
    falsifiers={
        "with the slopes of the broken line through the data": _wrong_jump,
        "facing left": lambda p, x, y: Spline(
            p, partitions.fit_lonely(p, x, y).delta_slopes, -torch.ones_like(p), float(y[0])
        ),
        r"with $b_0 = 0$": lambda p, x, y: Spline(
            p, partitions.fit_lonely(p, x, y).delta_slopes, torch.ones_like(p), 0.0
        ),
    },
)


def _lonely_share(cdf_pieces: Tensor) -> float:
    """Share of rows in which no number stands twice."""
    rows = torch.sort(cdf_pieces, dim=1)[0]
    return float((rows.diff(dim=1) > 0).all(1).double().mean())


def _chances(formula, generator: Generator) -> float:
    width, points, draws = 30, 6, 20_000
    x = torch.rand(draws, points, generator=generator, dtype=torch.float64)
    places = torch.sort(torch.rand(draws, width, generator=generator, dtype=torch.float64))[0]
    found = _lonely_share(torch.searchsorted(places, x)), _lonely_share(torch.floor(x * (width + 1)))
    return max(abs(f(width, points) - share) for f, share in zip(formula, found, strict=True))


def _printed(width: int, points: int) -> float:
    return 1 - math.exp(-(points**2) / (width + 1))


chance = Claim(
    label="thm-loss-lonely",
    statement=r"The partition is lonely with probability $\binom{H+1}{N} / \binom{H+N}{N}$ for random breakpoints of "
    r"the data's own density, $\prod_{k<N} (1 - k/(H+1))$ for equally spaced ones and uniform data.",
    source=f"derived here, for {SAHS}, Remark 1",
    method="Monte Carlo",
    tolerance=0.02,
    check=_chances,
    formula=(partitions.lonely_chance, partitions.lonely_chance_spaced),
    falsifiers={
        r"$1 - e^{-N^2/(H+1)}$, as printed": (_printed, _printed),
        r"$e^{-N^2/(H+1)}$": (lambda h, n: 1 - _printed(h, n), lambda h, n: 1 - _printed(h, n)),
        "the two exchanged": (partitions.lonely_chance_spaced, partitions.lonely_chance),
    },
)


def _tends_to(limit, generator: Generator) -> float:
    """Share of lonely partitions at N = 24, H = 4 N², for Cauchy breakpoints and data uniform on [−5, 5]."""
    points, ratio, draws = 24, 4, 600
    x = 10 * torch.rand(draws, points, generator=generator, dtype=torch.float64) - 5
    places = torch.rand(draws, ratio * points**2, generator=generator, dtype=torch.float64)
    places = torch.tan(torch.pi * (places - 0.5))
    gaps = torch.searchsorted(torch.sort(x)[0], places)
    hit = torch.zeros(draws, points + 1, dtype=torch.bool).scatter_(1, gaps, True)
    return abs(limit(ratio) - float(hit[:, 1:-1].all(1).double().mean()))


limit = Claim(
    label="thm-loss-lonely-limit",
    statement=r"If $H = d N^2$ and $N \to \infty$, the probability tends to $\exp(-\frac1d \int q^2/p)$ for data of "
    r"density $q$ and breakpoints of density $p$.",
    source=f"derived here, for {SAHS}, Remark 1",
    method="Monte Carlo",
    tolerance=0.12,
    check=_tends_to,
    formula=lambda d: partitions.lonely_limit(d, partitions.crowding(partitions.he_density, 5.0)),
    falsifiers={
        r"$1 - e^{-1/d}$, as printed": lambda d: 1 - math.exp(-1 / d),
        r"$e^{-1/d}$ whatever the densities": partitions.lonely_limit,
        r"$\exp(-\frac{1}{d}(\int q^2/p)^2)$": lambda d: partitions.lonely_limit(
            d, partitions.crowding(partitions.he_density, 5.0) ** 2
        ),
    },
)


def _mean_share(formula, generator: Generator) -> float:
    width, points, draws = 20, 12, 10_000
    x = torch.randn(draws, points, generator=generator, dtype=torch.float64)
    places = torch.randn(draws, width, generator=generator, dtype=torch.float64)
    return abs(formula(width, points) - float(partitions.alone(places, x).double().mean()))


share = Claim(
    label="thm-loss-alone",
    statement=r"Of data and breakpoints from one density, a share of $H (H+1) / ((H+N)(H+N-1))$ of the data is alone.",
    source="derived here, for the slides' Figure 11",
    method="Monte Carlo",
    tolerance=0.01,
    check=_mean_share,
    formula=partitions.alone_share,
    falsifiers={
        r"$H / (H + N)$": lambda h, n: h / (h + n),
        r"$(H / (H + N))^2$, its limit": lambda h, n: (h / (h + n)) ** 2,
        r"$e^{-N/H}$": lambda h, n: math.exp(-n / h),
    },
)


def _large_share(formula, generator: Generator) -> float:
    points, ratio, draws = 300, 2.0, 60
    x = 2 * torch.rand(draws, points, generator=generator, dtype=torch.float64) - 1
    w, b = torch.randn(2, draws, round(ratio * points), generator=generator, dtype=torch.float64)
    return abs(formula(ratio, partitions.he_density, 1.0) - float(partitions.alone(-b / w, x).double().mean()))


def _uniform(x: Tensor) -> Tensor:
    return torch.full_like(x, 0.5)


share_limit = Claim(
    label="thm-loss-alone-limit",
    statement=r"If $H = \rho N$ and $N \to \infty$, the share alone tends to $\int q \, (\rho p / (\rho p + q))^2 dx$.",
    source="derived here, for the slides' Figure 11",
    method="Monte Carlo",
    tolerance=0.02,
    check=_large_share,
    formula=partitions.alone_share_limit,
    falsifiers={
        "as if breakpoints were spread like the data": lambda r, p, a: partitions.alone_share_limit(r, _uniform, a),
        "without the square": lambda r, p, a: math.sqrt(partitions.alone_share_limit(r, p, a)),
        r"with $p$ and $q$ exchanged": lambda r, p, a: partitions.alone_share_limit(r, lambda x: 0.25 / p(x), a),
    },
)
