r"""How breakpoints cut the data into pieces: counting partitions, and the chance that each datum is alone in its piece.

A partition is lonely where no piece holds two data (Sahs et al. 2022, section 2.3.1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, NonNegative, Positive, Seed, Vector, checked
from lecturelib.core.experiments import generator_for
from lecturelib.splines.breakpoints.network import Spline
from lecturelib.splines.initialization.starts import initialize

Density = Callable[[Tensor], Tensor]


@checked
def count_partitions(width: Count, points: Count) -> int:
    """In how many ways H breakpoints can cut N distinct data: C(H + N, N).

    >>> count_partitions(2, 2)
    6
    """
    return math.comb(width + points, points)


@checked
def count_lonely(width: Count, points: Count) -> int:
    """In how many of them every datum is alone: C(H + 1, N).

    >>> count_lonely(2, 2)
    3
    """
    return math.comb(width + 1, points)


@checked
def lonely_chance(width: Count, points: Count) -> float:
    """Probability that the partition is lonely if breakpoints and data are independent draws from one density.

    >>> lonely_chance(2, 2)
    0.5
    """
    return count_lonely(width, points) / count_partitions(width, points)


@checked
def lonely_chance_spaced(width: Count, points: Count) -> float:
    """The same if H breakpoints cut an interval into H + 1 equal pieces and data are uniform: the birthday problem.

    >>> lonely_chance_spaced(9, 2)
    0.9
    """
    return math.prod(max(0.0, 1 - k / (width + 1)) for k in range(points))


@checked
def lonely_limit(ratio: Positive, crowding: NonNegative = 1.0) -> float:
    """Limit of the probability as N → ∞ with H = ratio · N²: exp(−crowding / ratio).

    crowding: ∫ q²/p for data with density q and breakpoints with density p, 1 where they are equal; ½ for equally
    spaced breakpoints and uniform data.

    >>> round(lonely_limit(2.0, crowding=2.0), 4)
    0.3679
    """
    return math.exp(-crowding / ratio)


@checked
def alone_share(width: Count, points: Count) -> float:
    """Mean share of data that are alone if breakpoints and data are draws from one density.

    H (H + 1) / ((H + N)(H + N − 1)), which tends to (H / (H + N))²; 1 for a single datum.

    >>> alone_share(2, 2)
    0.5
    """
    return width * (width + 1) / ((width + points) * (width + points - 1))


@checked
def alone_share_limit(
    ratio: Positive, breakpoints: Density, *, half_width: Positive, data: Density | None = None
) -> float:
    """Limit of the share alone as N → ∞ with H = ratio · N, for data in [−half_width, half_width].

    ∫ q (ρ p / (ρ p + q))² dx with data of density q, None for uniform ones, and breakpoints of density p, by the
    trapezoidal rule.

    >>> round(alone_share_limit(3.0, lambda x: 0 * x + 0.5, half_width=1.0), 4)  # (3 / 4)²
    0.5625
    """
    x, q, p = _densities(breakpoints, data, half_width)
    return float(torch.trapezoid(q * (ratio * p / (ratio * p + q)) ** 2, x))


@checked
def crowding(breakpoints: Density, *, half_width: Positive, data: Density | None = None) -> float:
    """∫ q²/p over [−half_width, half_width] for densities as in `alone_share_limit`.

    >>> round(crowding(lambda x: 0 * x + 0.25, half_width=1.0), 4)
    2.0
    """
    x, q, p = _densities(breakpoints, data, half_width)
    return float(torch.trapezoid(q**2 / p, x))


def _densities(breakpoints: Density, data: Density | None, half_width: float) -> tuple[Tensor, Tensor, Tensor]:
    """Places between −half_width and half_width, and the densities q of data and p of breakpoints there."""
    x = torch.linspace(-half_width, half_width, 4001, dtype=torch.float64)
    return x, torch.full_like(x, 0.5 / half_width) if data is None else data(x), breakpoints(x)


@checked
def alone(breakpoints: Annotated[Array, "... H?"], x: Annotated[Array, "[...] N"]) -> Tensor:
    """Is each datum alone in its piece? Booleans of shape (..., N) for breakpoints (..., H), x (N,) or (..., N).

    A datum upon a breakpoint belongs to the piece on its left.

    >>> alone([0.5, 2.0], [0.0, 0.1, 1.0, 3.0]).tolist()
    [False, False, True, True]
    """
    knots = breakpoints.sort(dim=-1).values
    x = x.expand(*knots.shape[:-1], -1).contiguous()
    piece = torch.searchsorted(knots, x)
    count = piece.new_zeros(*knots.shape[:-1], knots.shape[-1] + 1).scatter_add_(-1, piece, torch.ones_like(piece))
    return count.gather(-1, piece) == 1


@checked
def fit_lonely(breakpoints: Annotated[Vector, "H"], x: Annotated[Vector, "N"], y: Annotated[Vector, "N"]) -> Spline:
    """A spline of these breakpoints that passes through all data, every neuron facing right.

    Of the breakpoints the first behind each datum but the last bends, all others stay straight (delta-slope 0).
    Raises ValueError where two data share a piece or a place.

    >>> fit_lonely([0.5, 1.5, 1.7], [0.0, 1.0, 2.0], [1.0, 2.0, 2.0]).delta_slopes.tolist()
    [2.0, -4.0, 0.0]
    """
    order = torch.argsort(x)
    x, y = x[order], y[order]
    if not bool(alone(breakpoints, x).all()):
        raise ValueError("breakpoints: expected a lonely partition, but two data share a piece")
    places, which = torch.sort(breakpoints)
    first = torch.searchsorted(places, x[:-1])
    reach = torch.relu(x[1:, None] - places[first])  # a triangle: none reaches a datum further left
    mu = torch.zeros_like(places)
    mu[which[first]] = torch.linalg.solve_triangular(reach, (y[1:] - y[0])[:, None], upper=False)[:, 0]
    return Spline(breakpoints, mu, torch.ones_like(mu), y[0])


@checked
def loneliness(
    *, seed: Seed, scheme: str, ratio: Positive, half_width: Positive, points: Count = 50
) -> dict[str, float]:
    """Experiment: N data uniform on [−half_width, half_width], a start of width H = ratio · N.

    share: share of data alone in their piece; lonely: 1 where all are. "uniform_breakpoints" places breakpoints
    uniformly where the data are.

    >>> loneliness(seed=0, scheme="he", ratio=2.0, half_width=1.0, points=1)
    {'share': 1.0, 'lonely': 1.0}
    """
    generator = generator_for(seed, "loneliness", scheme, ratio, half_width)
    x = half_width * (2 * torch.rand(points, generator=generator, dtype=torch.float64) - 1)
    network = initialize(round(ratio * points), scheme, generator=generator, interval=(-half_width, half_width))
    found = alone(-network.b / network.w, x)
    return {"share": float(found.double().mean()), "lonely": float(found.all())}
