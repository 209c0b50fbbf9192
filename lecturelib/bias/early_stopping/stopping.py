r"""Stopped descent as ridge with a penalty for each mode, and the expected error of both.

Along an eigenvector of AᵀA with the curvature c, descent that goes the part p of its distance is where ridge with the
penalty q = c (1 − p)/p is, since ridge goes the part c/(c + q) (Ali, Kolter and Tibshirani 2019, lemma 3).
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import (
    Array,
    Counts,
    Matrix,
    NonNegative,
    NonNegativeArray,
    Positive,
    Times,
    Vector,
    checked,
)
from lecturelib.core.least_squares import by_modes, parts_of_descent
from lecturelib.core.records import Record

System = Annotated[Matrix, "n d"]
Weights = Annotated[Vector, "d"]
Curvatures = Annotated[NonNegativeArray, "d"]


def _penalties(curvatures: Tensor, left: Tensor, parts: Tensor, flat: Tensor) -> Tensor:
    """c (1 − p)/p from 1 − p, `left`, and p, since each may be tiny; where c = 0 the limit. flat: the time (T,)."""
    return torch.where(curvatures > 0, curvatures * left / parts, 1 / flat[:, None])


@checked
def descent_penalties(curvatures: Curvatures, *, learning_rate: Positive, steps: Counts) -> Tensor:
    """The penalties q with which ridge around the start is where descent is after k steps: (T, d).

    curvatures: eigenvalues c of AᵀA, (d,); steps: k, (T,). q = c / ((1 − ηc)^{−k} − 1), which is 1/ηk for c = 0,
    infinite for k = 0, and negative for odd k where ηc > 1: there descent has gone too far.

    >>> descent_penalties([0.0, 1.0, 5.0], learning_rate=0.1, steps=[1, 10])
    tensor([[1.0000e+01, 9.0000e+00, 5.0000e+00],
            [1.0000e+00, 5.3534e-01, 4.8876e-03]], dtype=torch.float64)
    """
    parts = parts_of_descent(curvatures, learning_rate, steps) + 0.0  # no -0
    count = steps.to(curvatures.dtype)
    left = (1 - learning_rate * curvatures) ** count[:, None]
    return _penalties(curvatures, left, parts, learning_rate * count)


@checked
def flow_penalties(curvatures: Curvatures, *, times: Times) -> Tensor:
    """The same for gradient flow, q = c / (e^{ct} − 1): curvatures (d,), times (T,) → (T, d).

    It is 1/t for c = 0, and infinite for t = 0.

    >>> flow_penalties([0.0, 1.0, 5.0], times=[1.0])
    tensor([[1.0000, 0.5820, 0.0339]], dtype=torch.float64)
    """
    gone = curvatures * times[:, None]
    return _penalties(curvatures, torch.exp(-gone), -torch.expm1(-gone), times)


@checked
def scheduled_path(
    a: System, b: Annotated[Vector, "n"], start: Weights, *, rates: Annotated[NonNegativeArray, "_K"]
) -> Tensor:
    """Descent on ½ ‖A w − b‖² with a learning rate η_j for each step: the weights after every step, (K + 1, d).

    a: (n, d); b: (n,); start: (d,); rates: (K,). Mode by mode it goes the part 1 − Π_j (1 − η_j σ²) of its distance.
    Raises ValueError where the weights overflow.

    >>> scheduled_path([[1.0, 2.0]], [5.0], [3.0, -1.0], rates=[0.1, 0.2])
    tensor([[ 3.0000, -1.0000],
            [ 3.4000, -0.2000],
            [ 3.8000,  0.6000]], dtype=torch.float64)
    """
    first = rates.new_ones(1, 1)
    kept = lambda squares: torch.cat([first + 0 * squares, (1 - rates[:, None] * squares).cumprod(0)])  # noqa: E731
    path = by_modes(a, b, start, lambda squares: 1 - kept(squares))
    if not bool(torch.isfinite(path).all()):
        raise ValueError("rates: expected fewer that are unstable, got so many that the weights overflow")
    return path


class StoppingRisk(Record):
    """Expected squared distance from the true weights: bias (T,), from what is not yet learned, and variance (T,).

    >>> StoppingRisk([1.0, 0.5], [0.0, 0.25]).total
    tensor([1.0000, 0.7500], dtype=torch.float64)
    """

    bias: Annotated[Array, "T"]
    variance: Annotated[Array, "T"]

    @property
    def total(self) -> Tensor:
        """bias + variance, (T,)."""
        return self.bias + self.variance


def _risk(a: Tensor, truth: Tensor, start: Tensor, noise: float, parts) -> StoppingRisk:
    sigma, vt = torch.linalg.svd(a, full_matrices=False)[1:]
    known = sigma > max(a.shape) * torch.finfo(a.dtype).eps * sigma[0]
    sigma, vt = sigma[known], vt[known]
    away = (start - truth) @ vt.T
    unseen = ((start - truth).square().sum() - away.square().sum()).clamp(min=0)
    gone = parts(sigma.square())
    return StoppingRisk(((1 - gone) * away).square().sum(-1) + unseen, noise**2 * (gone / sigma).square().sum(-1))


@checked
def stopping_risk(a: System, truth: Weights, start: Weights, *, noise: NonNegative, times: Times) -> StoppingRisk:
    """E ‖w(t) − truth‖² for gradient flow on ½ ‖A w − b‖² with b = A truth + noise · N(0, I), from a start.

    a: (n, d); truth, start: (d,); times: (T,). Bias Σ e^{−2σ²t} (vᵀ(start − truth))² and what the data do not see;
    variance noise² Σ (1 − e^{−σ²t})²/σ².

    >>> stopping_risk([[2.0, 0.0]], [1.0, 0.0], [0.0, 0.0], noise=0.5, times=[0.0, 0.25]).total
    tensor([1.0000, 0.1603], dtype=torch.float64)
    """
    return _risk(a, truth, start, noise, lambda squares: -torch.expm1(-squares * times[:, None]))


@checked
def ridge_risk(
    a: System, truth: Weights, start: Weights, *, noise: NonNegative, penalties: Annotated[NonNegativeArray, "_T"]
) -> StoppingRisk:
    """The same for ridge around the start, the minimizer of ½ ‖A w − b‖² + ½ λ ‖w − start‖², penalties λ (T,).

    a: (n, d); truth, start: (d,). With the part p = σ²/(σ² + λ) in place of 1 − e^{−σ²t}.

    >>> ridge_risk([[2.0, 0.0]], [1.0, 0.0], [0.0, 0.0], noise=0.5, penalties=[4.0]).total
    tensor([0.2656], dtype=torch.float64)
    """
    return _risk(a, truth, start, noise, lambda squares: 1 / (1 + penalties[:, None] / squares))
