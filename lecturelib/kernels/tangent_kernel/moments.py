"""Gaussian expectations that the recursion of the infinite-width kernels needs, in the closed forms of the books.

Beside them the recursion as it stands, in float64 and to as many digits as wanted: what `infinite_kernel` is judged by.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

import mpmath as mp
import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Matrix, Natural, NonNegative, NonNegativeArray, Vector, checked

Closed = Literal["relu", "erf"]
Variances = Annotated[NonNegativeArray, "*"]


class GaussianMoments(NamedTuple):
    """E[φ(u) φ(v)] and E[φ'(u) φ'(v)] for u, v normal with mean 0."""

    values: Tensor
    slopes: Tensor


@checked
def gaussian_moments(activation: Closed, a: Variances, b: Variances, c: Annotated[Array, "*"]) -> GaussianMoments:
    """The two expectations for variances a, b and covariance c, whose shapes broadcast.

    ReLU (Cho and Saul 2009), with cos θ = c / √(ab): √(ab) (sin θ + (π − θ) cos θ) / 2π and (π − θ) / 2π.
    erf (Williams 1997), with R² = (1 + 2a)(1 + 2b): (2/π) arcsin(2c / R) and (4/π) / √(R² − 4c²).
    Written as in the books, these lose digits where θ is near 0 or π; `infinite_kernel` does not use them.
    Raises ValueError where c² > ab beyond rounding.

    >>> gaussian_moments("relu", 1.0, 1.0, 0.0)  # 1/2π, and a quarter
    GaussianMoments(values=tensor(0.1592, dtype=torch.float64), slopes=tensor(0.2500, dtype=torch.float64))
    """
    if bool((c.square() > a * b * (1 + 100 * torch.finfo(c.dtype).eps)).any()):
        raise ValueError("c: expected a covariance that variances a and b allow, c² at most ab")
    size = (a * b).sqrt()
    return _moments(torch, activation, a, b, c, torch.where(size > 0, c / size, 1.0).clamp(-1, 1))


def _moments(m: Any, activation: str, a: Any, b: Any, c: Any, cosine: Any) -> GaussianMoments:
    """The closed forms, by the functions of a module m that computes with a, b, c and the cosine c / √(ab)."""
    if activation == "erf":
        root = m.sqrt((1 + 2 * a) * (1 + 2 * b))
        return GaussianMoments(2 / m.pi * m.asin(2 * c / root), 4 / m.pi / m.sqrt(root**2 - 4 * c**2))
    rest = m.pi - m.acos(cosine)
    values = m.sqrt(a * b) * (m.sin(rest) + rest * cosine) / (2 * m.pi)
    return GaussianMoments(values, rest / (2 * m.pi))


def _through_layers(moments: Callable, depth: int, w2: Any, b2: Any, a: Any, b: Any, c: Any) -> GaussianMoments:
    """Covariance and tangent kernel after `depth` layers, from variances a, b and covariance c of the first."""
    tangent = c
    for _ in range(depth):
        values, slopes = moments(a, b, c)
        a, b, c = (w2 * one + b2 for one in (moments(a, a, a)[0], moments(b, b, b)[0], values))
        tangent = c + w2 * slopes * tangent
    return GaussianMoments(c, tangent)


@checked
def textbook_kernel(
    x1: Matrix, x2: Matrix, *, depth: Natural, activation: Closed, weight_scale: NonNegative, bias_scale: NonNegative
) -> GaussianMoments:
    """The recursion written down as it stands: covariance and tangent kernel of x1 (N, d) and x2 (M, d), each (N, M).

    Fields: values, the covariance E[f(x) f(x')]; slopes, the tangent kernel. For `infinite_kernel` to be compared with.
    """
    w2, b2 = weight_scale**2, bias_scale**2
    a, b = (w2 * x.square().mean(1) + b2 for x in (x1, x2))
    covariance = w2 * x1 @ x2.T / x1.shape[1] + b2
    return _through_layers(partial(gaussian_moments, activation), depth, w2, b2, a[:, None], b, covariance)


@checked
def exact_kernel(
    x1: Annotated[Vector, "d"], x2: Annotated[Vector, "d"], *, depth: Natural, activation: Closed,
    weight_scale: NonNegative, bias_scale: NonNegative, digits: Count = 50,
) -> tuple[mp.mpf, mp.mpf]:  # fmt: skip
    """The same for one pair of inputs (d,), to so many digits: the tangent kernel and the covariance.

    Slow, and right: at 50 digits half of them may be lost to an angle near 0 or π, and the rest is more than enough.
    """

    def moments(a: mp.mpf, b: mp.mpf, c: mp.mpf) -> GaussianMoments:
        size = mp.sqrt(a * b)
        return _moments(mp, activation, a, b, c, max(-1, min(1, c / size)) if size else mp.mpf(1))

    x, z = x1.tolist(), x2.tolist()
    with mp.workdps(digits):
        w2, b2 = mp.mpf(weight_scale) ** 2, mp.mpf(bias_scale) ** 2
        a, b, c = (w2 * mp.fdot(u, v) / len(x) + b2 for u, v in ((x, x), (z, z), (x, z)))
        covariance, tangent = _through_layers(moments, depth, w2, b2, a, b, c)
    return tangent, covariance
