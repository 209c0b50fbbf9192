"""Polynomials through ten noisy points of a sine, the best known example of overfitting."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import Natural, NonNegative, Vector, checked

TEN = (0.349486, 0.830839, 1.007332, 0.971507, 0.133066, 0.166823, -0.848307, -0.445686, -0.563567, 0.261502)
"""Bishop's ten values at x = 0, 1/9, …, 1: sin 2πx and noise of standard deviation 0.3, as published with the book."""


def ten_points() -> tuple[Tensor, Tensor]:
    """Bishop's data, x and y, (10,) each (Bishop 2006, Pattern Recognition and Machine Learning, section 1.1)."""
    return torch.arange(10, dtype=torch.float64) / 9, torch.tensor(TEN, dtype=torch.float64)


@checked
def fit_polynomial(
    x: Annotated[Vector, "N"], y: Annotated[Vector, "N"], degree: Natural, ridge: NonNegative = 0.0
) -> Tensor:
    """Coefficients w_0, …, w_M that minimize Σ (Σ_j w_j x_n^j − y_n)² + ridge ‖w‖²: shape (degree + 1,).

    Without ridge and with fewer data than coefficients, those of least norm.

    >>> fit_polynomial([0.0, 1.0, 2.0], [1.0, 2.0, 5.0], 2).round(decimals=9)
    tensor([1., 0., 1.], dtype=torch.float64)
    """
    columns = x[:, None] ** torch.arange(degree + 1, dtype=x.dtype, device=x.device)
    rows = ridge**0.5 * torch.eye(degree + 1, dtype=x.dtype, device=x.device)
    if ridge:
        columns, y = torch.cat([columns, rows]), torch.cat([y, y.new_zeros(degree + 1)])
    driver = "gelsd" if x.device.type == "cpu" else "gels"
    return torch.linalg.lstsq(columns, y[:, None], driver=driver).solution[:, 0]
