r"""How breakpoints cut the data into pieces: counting partitions, and the chance that each datum is alone in its piece.

A partition is lonely where no piece holds two data (Sahs et al. 2022, section 2.3.1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Positive, Seed, checked
from lecturelib.core.experiments import generator_for
from lecturelib.splines.initialization.starts import initialize

Density = Callable[[Tensor], Tensor]


@checked
def lonely_chance(width: Count, points: Count) -> float:
    """Probability that H breakpoints and N data, independent draws from one density, make a lonely partition.

    C(H + 1, N) / C(H + N, N).

    >>> lonely_chance(2, 2)
    0.5
    """
    return math.comb(width + 1, points) / math.comb(width + points, points)


@checked
def lonely_chance_spaced(width: Count, points: Count) -> float:
    """The same if H breakpoints cut an interval into H + 1 equal pieces and data are uniform: the birthday problem.

    >>> lonely_chance_spaced(9, 2)
    0.9
    """
    return math.prod(max(0.0, 1 - k / (width + 1)) for k in range(points))


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
    x = torch.linspace(-half_width, half_width, 4001, dtype=torch.float64)
    q = torch.full_like(x, 0.5 / half_width) if data is None else data(x)
    p = ratio * breakpoints(x)
    return float(torch.trapezoid(q * (p / (p + q)) ** 2, x))


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
