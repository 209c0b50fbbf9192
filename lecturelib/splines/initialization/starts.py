"""Random starts of shallow ReLU networks, and what they are as functions."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lecturelib.splines.breakpoints.network import Network, rescale

SCHEMES = ("he", "glorot", "pytorch", "uniform_breakpoints", "spiky", "flat")


def initialize(
    width: int,
    scheme: str,
    *,
    alpha=1.0,
    generator: torch.Generator,
    ensemble: tuple[int, ...] = (),
    interval: tuple[float, float] = (-1.0, 1.0),
) -> Network:
    """A random network of width H, or an ensemble of them: shape (..., H) for `ensemble` = (...).

    With one input, fan-in 1, and weights independent unless said otherwise:

    - "he": w, b ~ N(0, 2), v ~ N(0, 2/H), b₀ = 0 (He et al. 2015); "glorot": w, b, v ~ N(0, 2/(1 + H)), b₀ = 0 (Glorot
      and Bengio 2010). Both leave biases to the user; here b is spread like w, so that breakpoints follow a standard
      Cauchy law.
    - "pytorch": w, b ~ U[−1, 1], v, b₀ ~ U[−H^{-1/2}, H^{-1/2}], the default of `torch.nn.Linear`.
    - "uniform_breakpoints": w and v as "he", b = −w β with β ~ U(interval) independent of them.
    - "spiky": as "uniform_breakpoints", but v ~ N(0, 2), so that slope jumps do not shrink with the width.
    - "flat": as "uniform_breakpoints", but v = 0: the function starts as 0.

    alpha: then move along the orbit of the scaling symmetry, (w, b, v) ↦ (α w, α b, v/α), which keeps the function; a
    positive number or anything that broadcasts to (..., H). Raises ValueError for an unknown scheme, a width that is
    not a positive whole number, or an empty interval.
    """
    if isinstance(width, bool) or not isinstance(width, int) or width < 1:
        raise ValueError(f"width: expected a positive whole number, got {width!r}")
    if scheme not in SCHEMES:
        raise ValueError(f"scheme: expected one of {', '.join(SCHEMES)}, got {scheme!r}")
    low, high = (float(end) for end in interval)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"interval: expected finite numbers low < high, got {interval}")
    shape = (*ensemble, width)
    if scheme == "pytorch":
        w, b, v = (_uniform(shape, generator) for _ in range(3))
        b0 = _uniform(tuple(ensemble), generator) / math.sqrt(width)
        return rescale(Network(w, b, v / math.sqrt(width), b0), alpha)
    inner = math.sqrt(2 / (1 + width)) if scheme == "glorot" else math.sqrt(2)
    outer = {"glorot": inner, "spiky": inner, "flat": 0.0}.get(scheme, math.sqrt(2 / width))
    w, b, v = (scale * _normal(shape, generator) for scale in (inner, inner, outer))
    if scheme in ("uniform_breakpoints", "spiky", "flat"):
        b = -w * (low + (high - low) * (_uniform(shape, generator) + 1) / 2)
    return rescale(Network(w, b, v, torch.zeros(tuple(ensemble), dtype=torch.float64)), alpha)


def _normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def _uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Uniform on [−1, 1)."""
    return 2 * torch.rand(shape, generator=generator, dtype=torch.float64) - 1
