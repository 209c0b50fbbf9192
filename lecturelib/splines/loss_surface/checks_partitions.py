"""Claims of the chapter `splines/loss_surface` on partitions: how many are lonely, and how likely that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, pairwise, product

import numpy as np
import torch
from scipy.stats import poisson
from torch import Generator, Tensor

from lecturelib.core.checking import equals, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform
from lecturelib.splines.loss_surface import partitions
from lecturelib.splines.loss_surface.checks_problems import cells

# Counting words of H breakpoints and N data


SIZES = [(width, points) for width in range(1, 7) for points in range(1, 5) if width + points > 2]


def _words(width: int, points: int) -> tuple[Tensor, Tensor]:
    """All words of H breakpoints and N data, by the places of the letters: (words, H) and (words, N)."""
    cuts = list(combinations(range(width + points), width))
    data = [sorted(set(range(width + points)) - set(cut)) for cut in cuts]
    return torch.tensor(cuts), torch.tensor(data)


def _are_alone(cuts: Tensor, data: Tensor) -> Tensor:
    """Which data have no other one between the same breakpoints: (words, N)."""
    piece = (cuts[:, :, None] < data[:, None]).sum(1)
    return (piece[:, :, None] == piece[:, None]).sum(1) == 1


def _counted(width: int, points: int) -> dict[str, int]:
    alone = _are_alone(*_words(width, points))
    return {"all": len(alone), "lonely": int(alone.all(1).sum())}


@claim(
    "thm-loss-count",
    source="sahs2022: section 2.3.1 and Lemma 1",
    check=equals(_counted, on=lambda _: SIZES),
    wrong={r"$\binom{H}{N}$ lonely ones": {"pieces": 0}, r"$\binom{H+N+1}{N}$ in all": {"letters": 1}},
)
def count(width, points, *, letters=0, pieces=1):
    return {"all": math.comb(width + points + letters, points), "lonely": math.comb(width + pieces, points)}


def _shares_lonely(width: int, points: int) -> dict[str, float]:
    """Of all words, and of all ways to drop N data into H + 1 equal pieces."""
    drops = list(product(range(width + 1), repeat=points))
    lonely = _counted(width, points)
    return {
        "random": lonely["lonely"] / lonely["all"],
        "spaced": sum(len(set(d)) == points for d in drops) / len(drops),
    }


def _printed(width: int, points: int, sign: float = 1.0) -> dict[str, float]:
    printed = math.exp(-(points**2) / (width + 1))
    return dict.fromkeys(("random", "spaced"), 1 - printed if sign > 0 else printed)


@claim(
    "thm-loss-lonely",
    source="own",
    check=equals(_shares_lonely, on=lambda _: SIZES),
    also=(
        lambda h, n: {"random": partitions.lonely_chance(h, n), "spaced": partitions.lonely_chance_spaced(h, n)},
    ),
    wrong={
        r"$1 - e^{-N^2/(H+1)}$, as printed": _printed,
        r"$e^{-N^2/(H+1)}$": lambda h, n: _printed(h, n, -1.0),
        "$H$ days in place of $H + 1$": {"days": 0},
    },
)  # fmt: skip
def chance(width, points, *, pieces=1, days=1):
    spaced = math.prod(1 - k / (width + days) for k in range(1, points))
    return {
        "random": math.comb(width + pieces, points) / math.comb(width + points, points),
        "spaced": max(spaced, 0.0) if points <= width + days else 0.0,
    }


@claim(
    "thm-loss-alone",
    source="own",
    check=equals(lambda h, n: float(_are_alone(*_words(h, n)).double().mean()), on=lambda _: SIZES),
    also=(lambda h, n: float(partitions.alone(*_words(h, n)).double().mean()),),
    wrong={
        r"$H / (H + N)$": lambda h, n: h / (h + n),
        r"$(H / (H + N))^2$, its limit": {"more": 0, "less": 0},
        r"$e^{-N/H}$": lambda h, n: math.exp(-n / h),
    },
)  # fmt: skip
def share(width, points, *, more=1, less=1):
    return width * (width + more) / ((width + points) * (width + points - less))


# A fit


def _lonely(generator: Generator):
    """(breakpoints, x, y): one breakpoint or more in each gap and some beyond, in any order."""
    for network, x in cells(generator, 12, again=False, lonely=True):
        yield -network.b / network.w, x[torch.randperm(len(x), generator=generator)], normal(generator, len(x))


@claim(
    "lem-loss-fit",
    source="sahs2022: Lemma 1",
    check=equals(lambda beta, x, y: y, on=_lonely, tolerance=1e-9),
    wrong={
        "the slopes of the broken line through the data": {"reach": lambda x, other, beta: other - x},
        r"with $b_0 = 0$": {"start": 0.0},
        "facing left": {"bend": lambda distance: distance.clamp(max=0)},
    },
)
def fit(beta, x, y, *, reach=lambda x, other, beta: other - beta, bend=torch.relu, start=1.0, jump=1.0):
    """Values at the data, where each datum but the first is met by the breakpoint next to the datum before it."""
    order = torch.argsort(x)
    values = torch.full_like(x, float(start * y[order[0]]))
    for one, other in pairwise(order.tolist()):
        place = beta[beta > x[one]].min()
        mu = jump * (y[other] - values[other]) / reach(x[one], x[other], place)
        values = values + mu * bend(x - place)
    return values


# Limits of many data, from exact laws of N data and H breakpoints


NODES, WEIGHTS = (torch.as_tensor(part) for part in np.polynomial.legendre.leggauss(160))
NODES, WEIGHTS = (1 + NODES) / 2, WEIGHTS / 2


@dataclass(frozen=True)
class Laws:
    """Data of a tilted density on [−half_width, half_width], breakpoints of a Cauchy law that need not be centred."""

    half_width: float
    tilt: float
    centre: float
    scale: float

    def q(self, x: Tensor) -> Tensor:
        return (1 + self.tilt * x / self.half_width) / (2 * self.half_width)

    def p(self, x: Tensor) -> Tensor:
        return self.scale / (torch.pi * (self.scale**2 + (x - self.centre) ** 2))

    def masses(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Shares of data and of breakpoints between `low` and `high`."""
        data = (high - low) * (1 + self.tilt * (low + high) / (2 * self.half_width)) / (2 * self.half_width)
        below = [torch.atan((x - self.centre) / self.scale) / torch.pi for x in (low, high)]
        return data, below[1] - below[0]

    def mean(self, value: Tensor) -> Tensor:
        """∫ of what has these values at `places`."""
        return (value * WEIGHTS).sum() * 2 * self.half_width

    @property
    def places(self) -> Tensor:
        return self.half_width * (2 * NODES - 1)


def _laws(generator: Generator):
    """(laws, ratio): a multiple of 1/20, so that widths are whole."""
    for _ in range(2):
        ranges = ((1.0, 2.5), (-0.8, 0.8), (-0.5, 0.5), (0.7, 1.5), (1.5, 2.5))
        *law, ratio = (float(uniform(generator, 1, low=low, high=high)) for low, high in ranges)
        yield Laws(*law), round(20 * ratio) / 20


def _neighbours(points: int, width: int, laws: Laws) -> tuple[float, float]:
    """Mean numbers of neighbours, and of three in a row, with no breakpoint in between, over N: double integrals.

    Of two data y < z the chance is (1 − Q)^{N−2} (1 − P)^H that nothing is between them, for masses Q and P there.
    """
    y = laws.places[:, None]
    z = y + (laws.half_width - y) * NODES
    data, breakpoints = laws.masses(y.expand_as(z), z)
    empty = WEIGHTS[:, None] * WEIGHTS * 2 * laws.half_width * (laws.half_width - y) * laws.q(y) * laws.q(z)
    empty = empty * (1 - breakpoints) ** width
    pairs = (points - 1) * (empty * (1 - data) ** (points - 2)).sum()
    return float(pairs), float((points - 1) * (points - 2) * (empty * data * (1 - data) ** (points - 3)).sum())


def _chance(points: int, width: int, laws: Laws, cells: int = 32) -> float:
    """The chance that N data and H breakpoints make a lonely partition, both spread evenly within each of many cells.

    It is N! H! times the coefficient of z^N u^H in the sum over all orders, of weight z dQ for a datum, which may only
    follow a breakpoint, and u dP for a breakpoint: a product of exponentials of 2 × 2 matrices.
    """

    def circle(size: int) -> tuple[Tensor, Tensor]:
        count = int(6 * math.sqrt(size)) + 8
        turn = torch.exp(2j * torch.pi * torch.arange(count, dtype=torch.float64) / count)
        return size * turn, turn**-size / count / float(poisson.pmf(size, size))

    (z, of_z), (u, of_u) = circle(points), circle(width)
    edges = laws.half_width * torch.linspace(-1, 1, cells + 1, dtype=torch.float64)
    data, breakpoints = laws.masses(edges[:-1], edges[1:])
    after_cut = torch.exp((1 - breakpoints.sum()) * (u - width)) * torch.ones(len(z), 1)
    after_datum = torch.zeros_like(after_cut)
    for q, p in zip(data, breakpoints, strict=True):
        half = u * p / 2
        root = torch.sqrt(half**2 + 2 * half * z[:, None] * q)
        loss = torch.exp(half - width * p - points * q)
        same, turned = loss * torch.cosh(root), loss * torch.sinh(root) / root
        after_cut, after_datum = (
            same * after_cut + turned * (half * after_cut + 2 * half * after_datum),
            same * after_datum + turned * (z[:, None] * q * after_cut - half * after_datum),
        )
    return float((of_z[:, None] * of_u * (after_cut + after_datum)).sum().real)


def _loneliness(_: Generator, points: int, laws: Laws, ratio: float) -> dict[str, float]:
    width = round(ratio * points**2)
    return {"pairs": points * _neighbours(points, width, laws)[0], "chance": _chance(points, width, laws)}


@claim(
    "thm-loss-lonely-limit",
    source="own",
    check=tends_to(_loneliness, (20, 40), on=_laws, order=1, tolerance=0.01),
    wrong={
        r"$1 - e^{-1/d}$, as printed": lambda laws, d: {"pairs": 1 / d, "chance": 1 - math.exp(-1 / d)},
        r"$e^{-1/d}$ whatever the densities": lambda laws, d: {"pairs": 1 / d, "chance": math.exp(-1 / d)},
        r"$\int p^2/q$": {"of_q": -1.0, "of_p": 2.0},
    },
)
def limit(laws, ratio, *, of_q=Exponent(2), of_p=Exponent(-1), of_ratio=Exponent(-1), rate=-1.0):
    pairs = laws.mean(laws.q(laws.places) ** of_q * laws.p(laws.places) ** of_p) * ratio**of_ratio
    return {"pairs": pairs, "chance": torch.exp(rate * pairs)}


def _share(_: Generator, points: int, laws: Laws, ratio: float) -> float:
    """A datum is alone unless its piece holds the one before it or the one behind it; both count twice."""
    pairs, triples = _neighbours(points, round(ratio * points), laws)
    return 1 - 2 * pairs + triples


@claim(
    "thm-loss-alone-limit",
    source="own",
    check=tends_to(_share, (100, 200), on=_laws, order=1, tolerance=0.002),
    also=(lambda laws, r: partitions.alone_share_limit(r, laws.p, data=laws.q, half_width=laws.half_width),),
    wrong={
        "as if breakpoints were spread like the data": lambda laws, r: (r / (r + 1)) ** 2,
        "without the square": {"power": 1.0},
        r"half as many rivals": {"rival": 0.5},
    },
)
def share_limit(laws, ratio, *, power=Exponent(2), rival=1.0):
    q, p = laws.q(laws.places), laws.p(laws.places)
    return laws.mean(q * (ratio * p / (ratio * p + rival * q)) ** power)
