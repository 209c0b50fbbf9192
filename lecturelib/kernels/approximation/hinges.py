r"""Hinges that approximate a function of one variable, with an error that is known beforehand.

Straight pieces through the function at knots t_0 < … < t_N are a network of N hinges,
g(x) = f(t_0) + Σ_k (s_k − s_{k−1}) (x − t_k)₊ with s_k the slope of piece k and s_{−1} = 0. On a piece of length h the
error is at most (L² − s²) h / (2L) where |f(x) − f(z)| ≤ L |x − z|, and at most K h²/8 where |f″| ≤ K.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Interval, NonNegativeArray, Positive, Real, Vector, checked
from lecturelib.core.records import Record

MOST = 100_000
"""Hinges that a construction may use."""


class HingeNetwork(Record):
    """constant + Σ_k jumps_k (x − knots_k)₊ on [knots_0, end]: knots, jumps (N,), bounds on the error by piece (N,).

    >>> network = HingeNetwork([0.0, 0.5], [0.5, 1.0], 0.0, [0.0625, 0.0625], 1.0)
    >>> network([0.0, 0.25, 1.0])
    tensor([0.0000, 0.1250, 1.0000], dtype=torch.float64)
    >>> network.error
    0.0625
    """

    knots: Annotated[Vector, "N"]
    jumps: Annotated[Vector, "N"]
    constant: Real
    bounds: Annotated[NonNegativeArray, "N"]
    end: Real

    @checked
    def __call__(self, x: Array) -> Tensor:
        """The outputs at x, entry by entry."""
        return self.constant + torch.relu(x[..., None] - self.knots.to(x)) @ self.jumps.to(x)

    @property
    def error(self) -> float:
        """The largest error that the construction allows."""
        return float(self.bounds.max())

    @property
    def ends(self) -> Tensor:
        """The N + 1 ends of the pieces."""
        return torch.cat([self.knots, self.knots.new_tensor([self.end])])


@checked
def hinge_approximation(
    function: Callable[[Tensor], Tensor],
    interval: Interval,
    error: Positive,
    *,
    lipschitz: Positive | None = None,
    curvature: Positive | Callable[[float, float], float] | None = None,
) -> HingeNetwork:
    """A network of hinges that is nowhere on the interval farther than `error` from the function.

    One of two has to be known. lipschitz: a number L with |f(x) − f(z)| ≤ L |x − z|; then ⌈L (r − l) / (2 error)⌉
    equal pieces are used. curvature: a number K with |f″| ≤ K; then ⌈(r − l) √(K / (8 error))⌉ equal pieces; or
    a function (low, high) ↦ K with |f″| ≤ K from low to high, which does not grow where the piece is cut shorter; then
    pieces are made from left to right, each as long as its K allows.
    The function is asked at the knots alone: it takes a tensor (N + 1,) and gives one.
    Raises ValueError where not just one of both is given, or more than 100,000 hinges would be needed, or where
    the function gives no finite numbers.

    >>> network = hinge_approximation(lambda x: x**2, (0, 1), 0.0625, curvature=2)
    >>> network.knots, network.jumps
    (tensor([0.0000, 0.5000], dtype=torch.float64), tensor([0.5000, 1.0000], dtype=torch.float64))
    """
    if (lipschitz is None) == (curvature is None):
        raise ValueError("curvature: expected either this or lipschitz, got both or none")
    low, high = interval
    if callable(curvature):
        ends, bounds = _placed(curvature, low, high, error)
    else:
        needed = lipschitz / (2 * error) if curvature is None else math.sqrt(curvature / (8 * error))
        ends = torch.linspace(low, high, _count((high - low) * needed) + 1, dtype=torch.float64)
        bounds = (curvature or 0.0) * ends.diff().square() / 8
    values = torch.as_tensor(function(ends)).detach().double()
    if values.shape != ends.shape or not bool(torch.isfinite(values).all()):
        raise ValueError(f"function: expected finite numbers of shape {tuple(ends.shape)}, got {tuple(values.shape)}")
    slopes = values.diff() / ends.diff()
    if lipschitz is not None:
        if bool((slopes.abs() > lipschitz * (1 + 1e-9)).any()):
            raise ValueError(f"lipschitz: expected at least {float(slopes.abs().max()):g}, a slope of the function")
        bounds = (lipschitz**2 - slopes.square()).clamp(min=0) * ends.diff() / (2 * lipschitz)
    return HingeNetwork(ends[:-1], slopes.diff(prepend=slopes.new_zeros(1)), float(values[0]), bounds, high)


def _count(pieces: float) -> int:
    if not pieces <= MOST:
        raise ValueError(f"error: expected one that {MOST:,} hinges can keep, got one that needs {pieces:.3g}")
    return max(1, math.ceil(pieces * (1 - 1e-12)))


def _placed(curvature: Callable[[float, float], float], low: float, high: float, error: float) -> tuple[Tensor, Tensor]:
    """Ends of pieces from left to right, each the longest with K h²/8 ≤ error, and what these bounds are."""

    def bound(start: float, end: float) -> float:
        found = float(curvature(start, end))
        if not (math.isfinite(found) and found >= 0):
            raise ValueError(f"curvature: expected a number, at least 0, from {start:g} to {end:g}, got {found:g}")
        return found * (end - start) ** 2 / 8

    ends, bounds = [low], []
    while ends[-1] < high:
        start, good, bad = ends[-1], ends[-1], high
        if bound(start, high) <= error:
            good = high
        while good < high and bad - good > 1e-9 * (bad - start):
            middle = (good + bad) / 2
            good, bad = (middle, bad) if bound(start, middle) <= error else (good, middle)
        if good - start <= 1e-12 * (high - low) or len(bounds) == MOST:
            raise ValueError(f"error: expected one that {MOST:,} hinges can keep, got {error:g}")
        ends.append(good)
        bounds.append(bound(start, good))
    return torch.tensor(ends, dtype=torch.float64), torch.tensor(bounds, dtype=torch.float64)
