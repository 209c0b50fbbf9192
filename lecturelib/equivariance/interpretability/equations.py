"""Equations from data: a dictionary of terms, derivatives by filters, and a sparse fit on the Gram matrix.

After PDE-FIND (Rudy et al. 2017), whose data are made again in `solvers` and whose table is in `table`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import Count, Matrix, Natural, Positive, Vector, checked

CENTRAL = {0: (1.0,), 1: (-0.5, 0.0, 0.5), 2: (1.0, -2.0, 1.0), 3: (-0.5, 1.0, 0.0, -1.0, 0.5)}
"""Central differences for a distance of 1; higher ones are third differences of lower ones."""
RIDGE = 1e-5


class Equation(NamedTuple):
    """u_t as a sum of terms: those that are left, their coefficients, all coefficients, and the relative residual."""

    terms: tuple[str, ...]
    coefficients: Tensor
    dense: Tensor
    residual: float

    def __str__(self) -> str:
        parts = [f"{float(value):+.4f} {term}" for term, value in zip(self.terms, self.coefficients, strict=True)]
        return "u_t = " + (" ".join(parts) or "0")


@checked
def derivative_filter(order: Natural, step: Positive, *, width: Count | None = None, degree: Count = 4) -> Tensor:
    """The numbers whose correlation with a signal, `step` between its places, gives a derivative of this order.

    Central differences, or with a `width` the derivative in the middle of the polynomial of this `degree` that fits
    2 width + 1 places best. Raises ValueError where the degree is less than the order, or too large for the places.

    >>> derivative_filter(2, 0.5)
    tensor([ 4., -8.,  4.], dtype=torch.float64)
    """
    if width is None:
        if order > 3:
            lower, top = derivative_filter(order - 3, step), derivative_filter(3, step)
            return torch.nn.functional.conv1d(lower[None, None], top.flip(0)[None, None], padding=len(top) - 1)[0, 0]
        return torch.tensor(CENTRAL[order], dtype=torch.float64) / step**order
    if not order <= degree <= 2 * width:
        raise ValueError(f"degree: expected from {order} to {2 * width}, got {degree}")
    place = torch.arange(-width, width + 1, dtype=torch.float64)
    powers = (place / width)[:, None] ** torch.arange(degree + 1)
    return math.factorial(order) * torch.linalg.pinv(powers)[order] / (width * step) ** order


def correlated(u: Tensor, w: Tensor, axis: int, margin: int) -> Tensor:
    """Correlation of u with w along an axis, without `margin` places at both ends, where the filter has to fit."""
    radius = len(w) // 2
    inner = u.narrow(axis, margin - radius, u.shape[axis] - 2 * (margin - radius))
    return inner.unfold(axis, len(w), 1) @ w.to(u.dtype)


@checked
def dictionary(powers: Natural, derivatives: Natural) -> list[str]:
    """All products of u^p, p ≤ powers, with 1, u_x, u_xx, …: (powers + 1)(derivatives + 1) names of terms.

    >>> dictionary(1, 2)
    ['1', 'u', 'u_x', 'u u_x', 'u_xx', 'u u_xx']
    """
    first = ["", "u", *(f"u^{p}" for p in range(2, powers + 1))][: powers + 1]
    second = ["", *(f"u_{'x' * order}" for order in range(1, derivatives + 1))]
    return [f"{a} {b}".strip() or "1" for b in second for a in first]


def factors(term: str) -> list[tuple[str, int]]:
    """Names and powers in a term such as "u^2 u_xx". Raises ValueError where it is none."""
    found = [re.fullmatch(r"(1|\|u\||[a-zA-Z]\w*)(?:\^(\d+))?", part) for part in term.split()]
    if not found or None in found:
        raise ValueError(f"library: expected terms such as 'u^2 u_xx', got {term!r}")
    return [(one[1], int(one[2] or 1)) for one in found if one[1] != "1"]


def columns(library: Sequence[str], values: Mapping[str, Tensor]) -> Tensor:
    """The dictionary's matrix (points, terms), from the values of u, u_x and what else the terms name."""
    one = torch.ones_like(next(iter(values.values())))
    made = []
    for term in library:
        product = one
        for name, power in factors(term):
            if name not in values:
                raise ValueError(f"library: expected terms of {', '.join(values)}, got {term!r}")
            product = product * values[name] ** power
        made.append(product.flatten())
    return torch.stack(made, 1)


def sparse_fit(gram: Tensor, products: Tensor, square: float, tolerance: float) -> Tensor:
    """Coefficients w (terms,) of y ≈ Θ w with as few terms as possible, from ΘᴴΘ, Θᴴy and ‖y‖² alone.

    Columns and y are scaled to length 1. A ridge fit; every coefficient below `tolerance` is dropped; and again, until
    all that are left are above it. These are fitted once more without ridge.
    """
    scale = gram.diagonal().real.clamp(min=torch.finfo(gram.dtype).tiny).sqrt()
    gram, products = gram / (scale[:, None] * scale), products / (scale * math.sqrt(square))
    kept = (gram.diagonal().real > 0).nonzero()[:, 0]
    while len(kept):
        inside = gram[kept[:, None], kept] + RIDGE * torch.eye(len(kept), dtype=gram.dtype, device=gram.device)
        large = torch.linalg.solve(inside, products[kept]).abs() >= tolerance
        if bool(large.all()):
            break
        kept = kept[large]
    coefficients = torch.zeros_like(products)
    if len(kept):
        coefficients[kept] = torch.linalg.lstsq(gram[kept[:, None], kept], products[kept, None]).solution[:, 0]
    return coefficients * math.sqrt(square) / scale


def fit(theta: Tensor, y: Tensor, library: Sequence[str], tolerance: float) -> Equation:
    """The sparse fit of y (points,) by the columns of theta (points, terms)."""
    square = float(y.abs().square().sum())
    if square == 0:
        return Equation((), theta.new_zeros(0), theta.new_zeros(len(library)), 0.0)
    dense = sparse_fit(theta.mH @ theta, theta.mH @ y, square, tolerance)
    kept = (dense != 0).nonzero()[:, 0]
    left = float((y - theta[:, kept] @ dense[kept]).norm()) / math.sqrt(square)
    return Equation(tuple(library[k] for k in kept.tolist()), dense[kept], dense, left)


Pair = tuple[Count, Count]


def jets(
    u: Tensor, steps: tuple[float, float], order: int, widths: Pair | None, degrees: Pair
) -> tuple[dict[str, Tensor], Tensor]:
    """u, u_x, … up to an order, and u_t, where all filters fit into (places, times): name → (places', times')."""
    options = [{"width": widths and widths[k], "degree": degrees[k]} for k in (0, 1)]
    across = [derivative_filter(k, steps[0], **(options[0] if k else {})) for k in range(order + 1)]
    along = derivative_filter(1, steps[1], **options[1])
    margins = max(len(w) for w in across) // 2, len(along) // 2
    for axis, name in enumerate("ut"):
        if u.shape[axis] <= 2 * margins[axis]:
            raise ValueError(f"{name}: expected more than {2 * margins[axis]} along axis {axis}, got {u.shape[axis]}")
    inner = u.narrow(1, margins[1], u.shape[1] - 2 * margins[1])
    values = {"u_" + "x" * k if k else "u": correlated(inner, w, 0, margins[0]) for k, w in enumerate(across)}
    return values, correlated(u.narrow(0, margins[0], u.shape[0] - 2 * margins[0]), along, 1, margins[1])


def _step(name: str, places: Tensor) -> float:
    gaps = places.diff()
    if len(places) < 2 or not float(gaps[0]) > 0 or not torch.allclose(gaps, gaps[0], rtol=1e-4, atol=0):
        raise ValueError(f"{name}: expected equally spaced, increasing numbers, at least two")
    return float((places[-1] - places[0]) / len(gaps))


@checked
def find_equation(
    u: Annotated[Matrix, "N T"],
    x: Annotated[Vector, "N"],
    t: Annotated[Vector, "T"],
    library: Sequence[str],
    *,
    derivatives: Literal["differences", "polynomials"] = "differences",
    tolerance: Positive = 0.2,
    widths: Pair = (10, 10),
    degrees: Pair = (4, 4),
) -> Equation:
    """The few terms of a library that add up to u_t, found from measured u at places x and times t.

    library: names such as those of `dictionary`. Terms are dropped while their share, |w| ‖term‖ / ‖u_t‖, is below
    `tolerance`. Derivatives are differences of neighbours, or those of polynomials of these `degrees` that fit
    2 width + 1 places or times, for (x, t). Raises ValueError for terms that are none, for places or times that are not
    equally spaced, and where there are too few.

    >>> x, t = torch.arange(0, 6.28, 0.1), torch.arange(0, 1, 0.1)
    >>> print(find_equation(torch.exp(-t) * torch.sin(x)[:, None], x, t, ["u", "u_x"]))
    u_t = -1.0017 u
    """
    if not library:
        raise ValueError("library: expected at least one term, got none")
    order = max((len(name) - 2 for term in library for name, _ in factors(term) if name.startswith("u_")), default=0)
    u = u.to(torch.float64)
    steps = _step("x", x.to(u)), _step("t", t.to(u))
    values, y = jets(u, steps, order, widths if derivatives == "polynomials" else None, degrees)
    return fit(columns(library, values), y.flatten(), library, tolerance)
