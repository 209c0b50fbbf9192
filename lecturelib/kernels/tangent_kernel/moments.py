"""Gaussian expectations that the recursion of the infinite-width kernels needs, in the closed forms of the books.

Beside them the recursion as it stands, in float64 and to as many digits as wanted: what `infinite_kernel` is judged by.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import mpmath as mp
import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, same_shape
from lecturelib.kernels.tangent_kernel.limit import ACTIVATIONS


class Moments(NamedTuple):
    """E[φ(u) φ(v)] and E[φ'(u) φ'(v)] for u, v normal with mean 0."""

    values: Tensor
    slopes: Tensor


def gaussian_moments(activation: str, a, b, c) -> Moments:
    """The two expectations for variances a, b and covariance c, all of one shape.

    ReLU (Cho and Saul 2009), with cos θ = c / √(ab): √(ab) (sin θ + (π − θ) cos θ) / 2π and (π − θ) / 2π.
    erf (Williams 1997), with R² = (1 + 2a)(1 + 2b): (2/π) arcsin(2c / R) and (4/π) / √(R² − 4c²).
    Written as in the books, these lose digits where θ is near 0 or π; `infinite_kernel` does not use them.
    Raises ValueError for an unknown activation and where c² > ab beyond rounding.
    """
    a, b, c = (as_tensor(name, one) for name, one in (("a", a), ("b", b), ("c", c)))
    same_shape(tuple(a.shape), "a", b=b, c=c)
    if bool((c.square() > a * b * (1 + 1e-9)).any()) or bool((torch.minimum(a, b) < 0).any()):
        raise ValueError("c: expected a covariance that variances a and b allow, c² at most ab")
    if activation == "relu":
        size = (a * b).sqrt()
        cosine = torch.where(size > 0, c / size, torch.ones_like(size)).clamp(-1, 1)
        angle = torch.acos(cosine)
        values = size * (torch.sin(angle) + (math.pi - angle) * cosine) / (2 * math.pi)
        return Moments(values, (math.pi - angle) / (2 * math.pi))
    if activation == "erf":
        root = ((1 + 2 * a) * (1 + 2 * b)).sqrt()
        slopes = 4 / math.pi / (root.square() - 4 * c.square()).sqrt()
        return Moments(2 / math.pi * torch.asin(2 * c / root), slopes)
    raise ValueError(f"activation: expected one of {', '.join(ACTIVATIONS)}, got {activation!r}")


def textbook_kernel(x1, x2, *, depth: int, activation: str, weight_scale: float, bias_scale: float) -> Moments:
    """The recursion written down as it stands: covariance and tangent kernel of x1 (N, d) and x2 (M, d), each (N, M).

    Fields: values, the covariance E[f(x) f(x')]; slopes, the tangent kernel. For `infinite_kernel` to be compared with.
    """
    x1, x2 = as_tensor("x1", x1), as_tensor("x2", x2)
    w2, b2 = weight_scale**2, bias_scale**2
    a, b = (w2 * x.square().mean(1) + b2 for x in (x1, x2))
    covariance = w2 * x1 @ x2.T / x1.shape[1] + b2
    tangent = covariance
    for _ in range(depth):
        grid = torch.broadcast_tensors(a[:, None], b)
        values, slopes = gaussian_moments(activation, *grid, covariance)
        a, b = (w2 * gaussian_moments(activation, one, one, one).values + b2 for one in (a, b))
        covariance = w2 * values + b2
        tangent = covariance + w2 * slopes * tangent
    return Moments(covariance, tangent)


def exact_kernel(
    x, z, *, depth: int, activation: str, weight_scale: float, bias_scale: float, digits: int = 50
) -> tuple[mp.mpf, mp.mpf]:
    """The same for one pair of inputs x, z (d,), to so many digits: the tangent kernel and the covariance.

    Slow, and right: at 50 digits half of them may be lost to an angle near 0 or π, and the rest is more than enough.
    """
    x, z = (as_tensor(name, one).double().flatten().tolist() for name, one in (("x", x), ("z", z)))
    same_shape((len(x),), "x", z=torch.tensor(z))
    with mp.workdps(digits):
        w2, b2 = mp.mpf(weight_scale) ** 2, mp.mpf(bias_scale) ** 2
        a, b, c = (w2 * mp.fdot(u, v) / len(x) + b2 for u, v in ((x, x), (z, z), (x, z)))
        tangent = c
        for _ in range(depth):
            if activation == "erf":
                root = mp.sqrt((1 + 2 * a) * (1 + 2 * b))
                slopes = 4 / mp.pi / mp.sqrt(root**2 - 4 * c**2)
                c = w2 * 2 / mp.pi * mp.asin(2 * c / root) + b2
                a, b = (w2 * 2 / mp.pi * mp.asin(2 * one / (1 + 2 * one)) + b2 for one in (a, b))
            else:
                size = mp.sqrt(a * b)
                angle = mp.acos(max(-1, min(1, c / size))) if size else mp.pi
                slopes = (mp.pi - angle) / (2 * mp.pi)
                c = w2 * size * (mp.sin(angle) + (mp.pi - angle) * mp.cos(angle)) / (2 * mp.pi) + b2
                a, b = (w2 * one / 2 + b2 for one in (a, b))
            tangent = c + w2 * slopes * tangent
        return tangent, c
