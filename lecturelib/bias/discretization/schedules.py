"""A schedule of learning rates as a penalty on the weights."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import NonNegativeArray, PositiveVector, checked


@checked
def schedule_penalty(eigenvalues: Annotated[NonNegativeArray, "..."], learning_rates: PositiveVector) -> Tensor:
    """The α with which the minimum of C + ½ α ‖w‖² is where descent from 0 ends, in each mode: (...), of ½ λ (w − w*)².

    eigenvalues λ, (...), of the Hessian of a quadratic loss; learning_rates, (K,), one for each step. Descent reaches
    (1 − P) w* with P = Π (1 − h_k λ), and the minimum is at λ/(λ + α) w*, so that α = λ P / (1 − P). It is 1 / Σ h_k at
    λ = 0, and negative where the last step is beyond the minimum. Raises ValueError where h_k λ ≥ 2 for a step and a
    mode.

    >>> schedule_penalty([0.0, 1.0], [0.5, 0.5])  # 1 / (0.5 + 0.5), and 0.25 / 0.75
    tensor([1.0000, 0.3333], dtype=torch.float64)
    """
    products = eigenvalues[..., None] * learning_rates
    if products.numel() and float(products.max()) >= 2:
        raise ValueError(f"learning_rates: expected h λ below 2 for all steps and modes, got {float(products.max()):g}")
    left = (1 - products).prod(-1)
    small = products.max(-1).values < 0.5
    gone = torch.where(small, -torch.expm1(torch.log1p(-products.clamp(max=0.5)).sum(-1)), 1 - left)
    return torch.where(gone == 0, 1 / learning_rates.sum(), eigenvalues * left / torch.where(gone == 0, 1, gone))
