r"""Learning rates against noise: x_{k+1} = x_k − γ_k (x_k + u + ξ_k) with independent ξ_k of mean 0 and variance σ²."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from torch import Tensor

from lecturelib.core.arguments import NonNegative, Real, checked
from lecturelib.core.kinds import Numbers
from lecturelib.core.shapes import Shape

Rates = Annotated[Any, Numbers("rates from 0 to 1", least=0, most=1, shape=Shape("_T"))]


@checked
def squared_error(rates: Rates, *, start: Real, noise: NonNegative, drift: Real = 0.0) -> Tensor:
    """E x_k² for k = 0, …, T of the iteration of the module, exactly: shape (T + 1,).

    rates: γ_0, …, γ_{T−1}. noise: σ, drift: u. With m the mean and v the variance: m + u ← (1 − γ)(m + u),
    v ← (1 − γ)² v + γ² σ².

    >>> squared_error([0.5, 0.5], start=2.0, noise=1.0)  # 4, then 1 + ¼, then ¼ + ¼·¼ + ¼
    tensor([4.0000, 1.2500, 0.5625], dtype=torch.float64)
    """
    mean, variance = rates.new_tensor(start), rates.new_zeros(())
    found = [mean**2]
    for rate in rates:
        mean = (1 - rate) * (mean + drift) - drift
        variance = (1 - rate) ** 2 * variance + (rate * noise) ** 2
        found.append(mean**2 + variance)
    return torch.stack(found)


@checked
def stationary_error(rate: Annotated[float, "a rate"], *, noise: NonNegative) -> float:
    """What E x² tends to with a constant rate γ: γσ²/(2 − γ). Raises ValueError for rates outside of 0 < γ < 2.

    >>> stationary_error(0.5, noise=3.0)
    3.0
    """
    if not 0 < rate < 2:
        raise ValueError(f"rate: expected one between 0 and 2, got {rate:g}")
    return rate * noise**2 / (2 - rate)
