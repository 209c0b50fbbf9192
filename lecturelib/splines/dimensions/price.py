"""The least price at which a shallow ReLU network of two inputs can fit data: a linear program over planes."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
import torch
from scipy.optimize import linprog

from lecturelib.core.arguments import Count, Matrix, Positive, Vector, checked


@checked
def least_price(
    x: Annotated[Matrix, "N 2"], y: Annotated[Vector, "N"], *, directions: Count = 48, offsets: Count = 49,
    reach: Positive = 1.5, affine: bool = False,
) -> float:  # fmt: skip
    """The least Σ |κ| of a network Σ κ (⟨ξ, x⟩ − γ)₊ + b₀ with f(x_n) = y_n, with planes on a grid.

    ξ: so many directions, evenly round the circle; γ: so many offsets, evenly in [−reach, reach]. With `affine` a term
    ⟨c, x⟩ is free as well. Raises ValueError where no network on the grid fits the data.

    >>> round(least_price([[0.0, 0.0], [1.0, 0.0]], [0.0, 1.0], directions=4, offsets=7), 6)
    1.0
    >>> round(least_price([[0.0, 0.0], [1.0, 0.0]], [0.0, 1.0], directions=4, offsets=7, affine=True), 6)
    0.0
    """
    angle = 2 * math.pi * torch.arange(directions, dtype=torch.float64) / directions
    height = x.double() @ torch.stack([angle.cos(), angle.sin()])
    gamma = torch.linspace(-reach, reach, offsets, dtype=torch.float64)
    hinges = torch.relu(height[:, :, None] - gamma).flatten(1).numpy()
    free = np.hstack([np.ones((len(x), 1)), x.double().numpy()] if affine else [np.ones((len(x), 1))])
    paid, spare = hinges.shape[1], free.shape[1]
    found = linprog(
        np.r_[np.ones(2 * paid), np.zeros(spare)],
        A_eq=np.hstack([hinges, -hinges, free]),
        b_eq=y.double().numpy(),
        bounds=[(0, None)] * (2 * paid) + [(None, None)] * spare,
        method="highs",
    )
    if found.status != 0:
        raise ValueError("x: expected data that planes on the grid can fit")
    return float(found.fun)
