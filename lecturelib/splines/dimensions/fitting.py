"""One input, many units of one kind: the smallest output weights that fit data, and what they tend to."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Count, Positive, Vector, checked
from lecturelib.splines.dimensions.radon import POWERS, Activation, unit


@checked
def fit_units(
    x: Annotated[Vector, "N"], y: Annotated[Vector, "N"], at: Vector, activation: Activation = "relu", *,
    count: Count, reach: Positive, generator: Generator, width: Positive = 1.0,
) -> Tensor:  # fmt: skip
    """Σ_i v_i φ(s_i (x − β_i)) with the least Σ v_i² that fits all data, at other places: (A,).

    β uniform in [−reach, reach], s = ±1 at random, both drawn. It is where gradient descent on v from 0 ends.

    >>> draw = torch.Generator().manual_seed(0)
    >>> round(fit_units([0.0, 1.0], [1.0, 3.0], [1.0], "relu", count=50, reach=2.0, generator=draw).item(), 6)
    3.0
    """
    beta = reach * (2 * torch.rand(count, generator=generator, dtype=torch.float64) - 1)
    side = 2.0 * torch.randint(0, 2, (count,), generator=generator).double() - 1
    seen, asked = (unit(activation, side * (one.double()[:, None] - beta), width) for one in (x, at))
    return asked @ (torch.linalg.pinv(seen, rtol=1e-12) @ y.double())


@checked
def unit_spline(
    x: Annotated[Vector, "N"], y: Annotated[Vector, "N"], at: Vector, activation: Activation = "relu", *,
    width: Positive = 1.0,
) -> Tensor:  # fmt: skip
    """What `fit_units` tends to as count, then reach, grow: Σ_n c_n g(x − x_n) and a polynomial, at other places: (A,).

    g(r) = |r|^{2λ−1} up to a factor (r^{2λ−1} log |r| nowhere, as λ − ½ is taken not to be a whole number) and degree
    ⌈λ − ½⌉ − 1 for powers λ: straight lines for steps, natural cubic splines for ReLUs. For the saturating ReLU
    g(r) = |r + Δ|³ − 2|r|³ + |r − Δ|³ and a constant. Σ c_n p(x_n) = 0 for these polynomials.
    Raises ValueError for the sigmoid, for λ − ½ a whole number, and for fewer data than the polynomial needs.

    >>> unit_spline([0.0, 1.0], [1.0, 3.0], [0.5], "step")
    tensor([2.], dtype=torch.float64)
    """
    power = POWERS.get(activation, activation)
    if activation == "sigmoid" or (activation != "saturating" and (power - 0.5) % 1 == 0):
        raise ValueError(
            f"activation: expected the saturating ReLU or a power with λ − ½ no integer, got {activation!r}"
        )
    degree = 0 if activation == "saturating" else max(0, math.ceil(power - 0.5) - 1)
    if len(x) <= degree:
        raise ValueError(f"x: expected at least {degree + 1} numbers, got {len(x)}")

    def radial(r: Tensor) -> Tensor:
        if activation == "saturating":
            return (r + width).abs() ** 3 - 2 * r.abs() ** 3 + (r - width).abs() ** 3
        return r.abs() ** (2 * power - 1)

    x, y, at = (one.double() for one in (x, y, at))
    powers = torch.arange(degree + 1, dtype=torch.float64)
    inner, outer = x[:, None] ** powers, at[:, None] ** powers
    zero = torch.zeros(degree + 1, degree + 1, dtype=torch.float64)
    system = torch.cat([torch.cat([radial(x[:, None] - x), inner], 1), torch.cat([inner.T, zero], 1)])
    solved = torch.linalg.lstsq(system, torch.cat([y, zero[0]])[:, None], driver="gelsd").solution[:, 0]
    return torch.cat([radial(at[:, None] - x), outer], 1) @ solved
