r"""How breakpoints cut the data into pieces: counting partitions, and the chance that each datum is alone in its piece.

A partition is lonely where no piece holds two data (Sahs et al. 2022, section 2.3.1).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, one_dimensional
from lecturelib.core.experiments import generator_for
from lecturelib.splines.breakpoints.network import Spline
from lecturelib.splines.initialization.starts import initialize


def _sizes(width: int, points: int) -> None:
    for name, value in (("width", width), ("points", points)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name}: expected a positive whole number, got {value!r}")


def count_partitions(width: int, points: int) -> int:
    """In how many ways H breakpoints can cut N distinct data: C(H + N, N)."""
    _sizes(width, points)
    return math.comb(width + points, points)


def count_lonely(width: int, points: int) -> int:
    """In how many of them every datum is alone: C(H + 1, N)."""
    _sizes(width, points)
    return math.comb(width + 1, points)


def lonely_chance(width: int, points: int) -> float:
    """Probability that the partition is lonely if breakpoints and data are independent draws from one density."""
    return count_lonely(width, points) / count_partitions(width, points)


def lonely_chance_spaced(width: int, points: int) -> float:
    """The same if H breakpoints cut an interval into H + 1 equal pieces and data are uniform: the birthday problem."""
    _sizes(width, points)
    if points > width + 1:
        return 0.0
    return math.exp(sum(math.log1p(-k / (width + 1)) for k in range(points)))


def lonely_limit(ratio: float, crowding: float = 1.0) -> float:
    """Limit of the probability as N → ∞ with H = ratio · N²: exp(−crowding / ratio).

    crowding: ∫ q²/p for data with density q and breakpoints with density p, 1 where they are equal; ½ for equally
    spaced breakpoints and uniform data.
    """
    return math.exp(-crowding / ratio)


def alone_share(width: int, points: int) -> float:
    """Mean share of data that are alone if breakpoints and data are draws from one density.

    H (H + 1) / ((H + N)(H + N − 1)), which tends to (H / (H + N))²; 1 for a single datum.
    """
    _sizes(width, points)
    return width * (width + 1) / ((width + points) * (width + points - 1))


def alone_share_limit(ratio: float, breakpoint_density: Callable[[Tensor], Tensor], reach: float) -> float:
    """Limit of the share alone as N → ∞ with H = ratio · N, for data uniform on [−reach, reach].

    ∫ q (ρ p / (ρ p + q))² dx with q = 1 / (2 reach) and breakpoints of density p, by the trapezoidal rule.
    """
    x = torch.linspace(-reach, reach, 4001, dtype=torch.float64)
    q = 1 / (2 * reach)
    p = ratio * breakpoint_density(x)
    return float(torch.trapezoid(q * (p / (p + q)) ** 2, x))


def crowding(breakpoint_density: Callable[[Tensor], Tensor], reach: float) -> float:
    """∫ q²/p over [−reach, reach] for data uniform there and breakpoints of density p, by the trapezoidal rule."""
    x = torch.linspace(-reach, reach, 4001, dtype=torch.float64)
    return float(torch.trapezoid(1 / (4 * reach**2 * breakpoint_density(x)), x))


def he_density(x: Tensor) -> Tensor:
    """Density of the breakpoints of a "he" start: the standard Cauchy law."""
    return 1 / (torch.pi * (1 + x**2))


def pytorch_density(x: Tensor) -> Tensor:
    """Density of the breakpoints of a "pytorch" start, w, b ~ U[−1, 1]: ¼ on [−1, 1], 1/(4 x²) beyond."""
    return 1 / (4 * x.abs().clamp(min=1) ** 2)


def alone(breakpoints, x) -> Tensor:
    """Is each datum alone in its piece? Booleans of shape (..., N) for breakpoints (..., H), x (N,) or (..., N)."""
    breakpoints = torch.sort(as_tensor("breakpoints", breakpoints, dtype=torch.float64), dim=-1)[0]
    x = as_tensor("x", x, dtype=torch.float64).expand(*breakpoints.shape[:-1], -1).contiguous()
    piece = torch.searchsorted(breakpoints.contiguous(), x)
    count = torch.zeros(*breakpoints.shape[:-1], breakpoints.shape[-1] + 1, dtype=torch.long)
    count.scatter_add_(-1, piece, torch.ones_like(piece))
    return count.gather(-1, piece) == 1


def fit_lonely(breakpoints, x, y) -> Spline:
    """A spline of these breakpoints that passes through all data, every neuron facing right.

    x, y: (N,), x sorted; of the breakpoints (H,) the first right of each datum but the last bends, all others stay
    straight (delta-slope 0). Raises ValueError where two data share a piece, or x is not sorted.
    """
    breakpoints, x = one_dimensional("breakpoints", breakpoints), one_dimensional("x", x)
    y = one_dimensional("y", y)
    if not bool((x.diff() > 0).all()):
        raise ValueError("x: expected distinct data, sorted")
    if not bool(alone(breakpoints, x).all()):
        raise ValueError("breakpoints: expected a lonely partition, but two data share a piece")
    places, order = torch.sort(breakpoints)
    mu, slope, value = torch.zeros_like(places), 0.0, float(y[0])
    for n in range(x.numel() - 1):
        i = int(torch.searchsorted(places, x[n : n + 1], right=True))
        ahead = float(y[n + 1]) - (value + slope * float(x[n + 1] - x[n]))
        jump = ahead / float(x[n + 1] - places[i])
        mu[order[i]] += jump
        slope, value = slope + jump, float(y[n + 1])
    return Spline(breakpoints, mu, torch.ones_like(mu), float(y[0]))


def loneliness(*, seed: int, scheme: str, ratio: float, reach: float, points: int = 50) -> dict[str, float]:
    """Experiment: N data uniform on [−reach, reach], a start of width H = ratio · N.

    share: share of data alone in their piece; lonely: 1 where all are. "uniform_breakpoints" places breakpoints
    uniformly where the data are.
    """
    generator = generator_for(seed, "loneliness", scheme, ratio, reach)
    x = reach * (2 * torch.rand(points, generator=generator, dtype=torch.float64) - 1)
    network = initialize(round(ratio * points), scheme, generator=generator, interval=(-reach, reach))
    found = alone(-network.b / network.w, x)
    return {"share": float(found.double().mean()), "lonely": float(found.all())}
