"""Random starts of shallow ReLU networks, and what they are as functions."""

from __future__ import annotations

import math
from typing import Literal

import torch

from lecturelib.core.arguments import Count, Device, Ensemble, Interval, PositiveArray, Precision, checked
from lecturelib.splines.breakpoints.network import Network, rescale
from lecturelib.splines.initialization.densities import weight_law

Scheme = Literal["he", "glorot", "pytorch", "uniform_breakpoints", "spiky", "flat"]


@checked
def initialize(
    width: Count, scheme: Scheme, *, alpha: PositiveArray = 1.0, generator: torch.Generator, ensemble: Ensemble = (),
    interval: Interval = (-1.0, 1.0), dtype: Precision = torch.float64, device: Device | None = None,
) -> Network:  # fmt: skip
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
    positive number or anything that broadcasts to (..., H). dtype and device: of the network; None: the device of the
    generator, where the numbers are drawn in float64 in any case.

    >>> initialize(40, "he", generator=torch.Generator().manual_seed(0), ensemble=(2, 3)).w.shape
    torch.Size([2, 3, 40])
    """
    placed = scheme in ("uniform_breakpoints", "spiky", "flat")
    start = weight_law(width, "he" if placed else scheme).sample(width, generator=generator, ensemble=ensemble)
    b, v, b0 = start.b, start.v, start.b0
    if placed:
        low, high = interval
        b = -start.w * (low + (high - low) * torch.rand(b.shape, generator=generator, out=torch.empty_like(b)))
        v = v * {"spiky": math.sqrt(width), "flat": 0.0}.get(scheme, 1.0)
    elif scheme == "pytorch":
        b0 = (2 * torch.rand(ensemble, generator=generator, out=torch.empty_like(b0)) - 1) / math.sqrt(width)
    return rescale(Network(start.w, b, v, b0), alpha).to(dtype=dtype, device=device or generator.device)
