"""Claims of the chapter `splines/loss_surface` on partitions: how many are lonely, and how likely that is."""

from __future__ import annotations

import math
from functools import partial
from itertools import combinations, pairwise, product

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform
from lecturelib.splines.breakpoints.checks_problems import quadrature
from lecturelib.splines.loss_surface import partitions
from lecturelib.splines.loss_surface.checks_problems import cells

# Counting words of H breakpoints and N data


def sizes(_: Generator) -> list[tuple[int, int]]:
    return [(width, points) for width in range(1, 7) for points in range(1, 5) if width + points > 2]


def _words(width: int, points: int) -> tuple[Tensor, Tensor]:
    """All words of H breakpoints and N data, by the places of the letters: (words, H) and (words, N)."""
    cuts = list(combinations(range(width + points), width))
    return torch.tensor(cuts), torch.tensor([sorted({*range(width + points)} - {*cut}) for cut in cuts])


def _are_alone(width: int, points: int) -> Tensor:
    """Which data have no other one beside them in a word: (words, N)."""
    beside = torch.nn.functional.pad(_words(width, points)[1].diff() == 1, (1, 1))
    return ~(beside[:, 1:] | beside[:, :-1])


@claim(
    "thm-loss-count",
    source="sahs2022: section 2.3.1 and Lemma 1",
    check=equals(lambda *of: {"all": len(_are_alone(*of)), "lonely": int(_are_alone(*of).all(1).sum())}, on=sizes),
    wrong={r"$\binom{H}{N}$ lonely ones": {"pieces": 0}, r"$\binom{H+N+1}{N}$ in all": {"letters": 1}},
)
def count(width, points, *, letters=0, pieces=1):
    return {"all": math.comb(width + points + letters, points), "lonely": math.comb(width + pieces, points)}


def _shares_lonely(width: int, points: int) -> dict[str, float]:
    """Of all words, and of all ways to drop N data into H + 1 equal pieces."""
    apart = [len(set(pieces)) == points for pieces in product(range(width + 1), repeat=points)]
    return {"random": float(_are_alone(width, points).all(1).double().mean()), "spaced": sum(apart) / len(apart)}


@claim(
    "thm-loss-lonely",
    source="own",
    check=equals(_shares_lonely, on=sizes),
    also=(lambda *of: {"random": partitions.lonely_chance(*of), "spaced": partitions.lonely_chance_spaced(*of)},),
    wrong={
        r"$1 - e^{-N^2/(H+1)}$, as printed": lambda h, n: dict.fromkeys(
            ("random", "spaced"), -math.expm1(-n * n / (h + 1))
        ),
        "$H$ days in place of $H + 1$": {"days": 0},
    },
)
def chance(width, points, *, pieces=1, days=1):
    return {
        "random": math.comb(width + pieces, points) / math.comb(width + points, points),
        "spaced": math.prod(max(1 - k / (width + days), 0.0) for k in range(1, points)),
    }


@claim(
    "thm-loss-alone",
    source="own",
    check=equals(lambda *of: float(_are_alone(*of).double().mean()), on=sizes),
    also=(lambda *of: float(partitions.alone(*_words(*of)).double().mean()),),
    wrong={
        r"$H / (H + N)$": lambda h, n: h / (h + n),
        r"$(H / (H + N))^2$, its limit": {"more": 0, "less": 0},
        r"$e^{-N/H}$": lambda h, n: math.exp(-n / h),
    },
)
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
    for one, other in pairwise(order):
        place = beta[beta > x[one]].min()
        values = values + jump * (y[other] - values[other]) / reach(x[one], x[other], place) * bend(x - place)
    return values


# Limits of many data


def _tilted(half_width: Tensor, tilt: float, x: Tensor) -> Tensor:
    return (1 + tilt * x / half_width) / (2 * half_width)


def _cauchy(centre: float, scale: float, x: Tensor) -> Tensor:
    return scale / (torch.pi * (scale**2 + (x - centre) ** 2))


def _laws(generator: Generator):
    """(q, p, a, ratio): densities of data on [−a, a] and of breakpoints, and a multiple of 1/20: widths are whole."""
    low, high = torch.tensor([[1.0, -0.8, -0.5, 0.7, 1.5], [2.5, 0.8, 0.5, 1.5, 2.5]], dtype=torch.float64)
    for a, tilt, centre, scale, ratio in torch.lerp(low, high, uniform(generator, 2, 5)):
        yield partial(_tilted, a, tilt), partial(_cauchy, centre, scale), a, round(20 * float(ratio)) / 20


def _mean(points: int, width: int, q, p, a: Tensor, *, alone=1.0, pair=1.0, cells=32) -> float:
    """E alone^(data alone) pair^(neighbours in one piece), for N data and about H breakpoints, a Poisson number.

    It is N! times the coefficient of zᴺ in the sum over all words with weights z dQ for a datum and H dP for a
    breakpoint: a product of exponentials of matrices, as both are spread evenly within each of many cells.
    """
    turns = torch.exp(2j * torch.pi * torch.arange(64, dtype=torch.float64) / 64)
    x = a * (torch.arange(cells, dtype=a.dtype)[:, None] - (cells - 1) / 2) * 2 / cells
    z, u = torch.broadcast_tensors(points * turns * q(x) * 2 * a / cells, width * p(x) * 2 * a / cells + 0j)
    rates = torch.stack([0 * u, alone * u, u, z, -u, 0 * u, 0 * u, pair * z, pair * z - u], -1).unflatten(-1, (3, 3))
    words = torch.eye(3, 1, dtype=z.dtype)  # those that end with a breakpoint, one datum in a piece, several
    for step in torch.matrix_exp(rates):
        words = step @ words
    total = words[:, 0] + alone * words[:, 1] + words[:, 2]
    return float((total[:, 0] * turns**-points).mean().real) * (math.factorial(points) / points**points)


def _loneliness(_: Generator, points: int, q, p, a: Tensor, ratio: float, h: float = 1e-3) -> dict[str, float]:
    mean = partial(_mean, points, round(ratio * points**2), q, p, a)
    return {"pairs": (mean(pair=1 + h) - mean(pair=1 - h)) / (2 * h), "chance": mean(pair=0.0)}


@claim(
    "thm-loss-lonely-limit",
    source="own",
    check=tends_to(_loneliness, (20, 40), on=_laws, order=1, tolerance=0.01),
    wrong={
        r"$1 - e^{-1/d}$, as printed": lambda q, p, a, d: {"pairs": 1 / d, "chance": 1 - math.exp(-1 / d)},
        r"$e^{-1/d}$ whatever the densities": lambda q, p, a, d: {"pairs": 1 / d, "chance": math.exp(-1 / d)},
        r"$\int p^2/q$": {"of_q": -1.0, "of_p": 2.0},
    },
)
def limit(q, p, a, ratio, *, of_q=Exponent(2), of_p=Exponent(-1), of_ratio=Exponent(-1), rate=-1.0):
    x, weights = quadrature(-a, a, 160)
    pairs = (weights * q(x) ** of_q * p(x) ** of_p).sum() * ratio**of_ratio
    return {"pairs": pairs, "chance": torch.exp(rate * pairs)}


def _share(_: Generator, points: int, q, p, a: Tensor, ratio: float, h: float = 1e-3) -> float:
    mean = partial(_mean, points, round(ratio * points), q, p, a)
    return (mean(alone=1 + h) - mean(alone=1 - h)) / (2 * h * points)


@claim(
    "thm-loss-alone-limit",
    source="own",
    check=tends_to(_share, (20, 40), on=_laws, order=1, tolerance=0.01),
    also=(lambda q, p, a, r: partitions.alone_share_limit(r, p, data=q, half_width=a),),
    wrong={
        "as if breakpoints were spread like the data": lambda q, p, a, r: (r / (r + 1)) ** 2,
        "without the square": {"power": 1.0},
        "half as many rivals": {"rival": 0.5},
    },
)
def share_limit(q, p, a, ratio, *, power=Exponent(2), rival=1.0):
    x, weights = quadrature(-a, a, 160)
    return (weights * q(x) * (ratio * p(x) / (ratio * p(x) + rival * q(x))) ** power).sum()
