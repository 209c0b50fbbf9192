r"""Margins of linear classifiers: of given weights, smoothed by a loss, and the largest there is.

Data are points x_i with labels y_i = ±1, and z_i = y_i x_i. Weights w have the margins m_i = w·z_i: positive where a
point is classified rightly. There is no bias; whoever wants one appends a constant to every x_i.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import torch
from scipy.optimize import linprog
from torch import Tensor

from lecturelib.bias.maximum_margin.least_distance import widest
from lecturelib.core.arguments import Array, Matrix, Vector, checked
from lecturelib.core.records import Record
from lecturelib.core.trusted import trusted

Loss = Literal["exponential", "logistic"]
"""ℓ(m) = e^{−m}, or ln(1 + e^{−m})."""


def turned(x: Tensor, y: Tensor) -> Tensor:
    """z_i = y_i x_i, shape (n, d). Raises ValueError where a label is not ±1."""
    right = y.abs() == 1
    if not right.all():
        raise ValueError(f"y: expected labels −1 or 1, found {float(y[~right][0]):g}")
    return y[:, None] * x


@checked
def margin(w: Annotated[Array, "... d"], x: Annotated[Matrix, "n d"], y: Annotated[Vector, "n"]) -> Tensor:
    """γ(w) = min_i y_i w·x_i / ‖w‖ for weights (..., d): shape (...).

    The distance of the nearest point from the hyperplane w·x = 0, negative where some point is on the wrong side.
    Raises ValueError where w is 0, or labels are not ±1.

    >>> margin([3.0, 4.0], [[1.0, 2.0], [-1.0, 0.5]], [1, -1])
    tensor(0.2000, dtype=torch.float64)
    """
    z = turned(x, y)
    return (w @ z.T).amin(-1) / _norm(w)


@checked
def smooth_margin(
    w: Annotated[Array, "... d"],
    x: Annotated[Matrix, "n d"],
    y: Annotated[Vector, "n"],
    *,
    loss: Loss = "exponential",
) -> Tensor:
    """γ̃(w) = ℓ⁻¹(L(w)) / ‖w‖ for weights (..., d): shape (...), with L = Σ ℓ(y_i w·x_i), never above `margin`.

    For the exponential loss it is −ln L / ‖w‖. Computed with logarithms, so that a loss of 10⁻³⁰⁰⁰ does no harm.
    Raises ValueError where w is 0, or labels are not ±1.

    >>> smooth_margin([3.0, 4.0], [[1.0, 2.0], [-1.0, 0.5]], [1, -1])
    tensor(0.2000, dtype=torch.float64)
    """
    m, length = w @ turned(x, y).T, _norm(w)
    if loss == "exponential":
        return -torch.logsumexp(-m, -1) / length
    # ln ℓ(m) is −m up to e^{−m} / 2
    log_loss = torch.logsumexp(torch.where(m > 30, -m, torch.nn.functional.softplus(-m.clamp(max=30)).log()), -1)
    total = log_loss.clamp(min=-30).exp()
    inverse = torch.where(total > 30, -total, -torch.expm1(total.clamp(max=30)).log())
    return torch.where(log_loss < -30, -log_loss, inverse) / length


def _norm(w: Tensor) -> Tensor:
    length = torch.linalg.vector_norm(w, dim=-1)
    if not bool((length > 0).all()):
        raise ValueError("w: expected weights that are not all 0, which have no direction")
    return length


class HardMargin(Record):
    """The widest margin: weights ŵ (d,) of least norm with all y_i ŵ·x_i ≥ 1, and their multipliers α (n,).

    ŵ = Σ α_i y_i x_i with α_i ≥ 0, and α_i > 0 at support vectors alone, where y_i ŵ·x_i = 1. Made by `hard_margin`.

    >>> HardMargin([3.0, 4.0], [25.0]).margin
    tensor(0.2000, dtype=torch.float64)
    """

    weights: Annotated[Vector, "d"]
    multipliers: Annotated[Vector, "n"]

    @property
    def margin(self) -> Tensor:
        """γ = 1/‖ŵ‖."""
        return 1 / torch.linalg.vector_norm(self.weights)

    @property
    def direction(self) -> Tensor:
        """ŵ/‖ŵ‖, (d,)."""
        return self.weights * self.margin

    @property
    def support(self) -> Tensor:
        """Indices of the support vectors that pull, points with α_i > 0, (k,). In general position all do."""
        return torch.nonzero(self.multipliers > 0)[:, 0]


@checked
def hard_margin(x: Annotated[Matrix, "n d"], y: Annotated[Vector, "n"]) -> HardMargin:
    """The weights of the widest margin: argmin ‖w‖ with y_i w·x_i ≥ 1 for all i, and its support vectors.

    By least distance programming (Lawson and Hanson 1974, chapter 23), compiled. Raises ValueError where labels are
    not ±1, or no hyperplane through 0 has the data on their sides at a distance of more than 10⁻⁷ of the largest ‖x_i‖.

    >>> found = hard_margin([[0.5, 1.5], [-1.5, -0.5], [3.0, 3.0]], [1, -1, 1])
    >>> found.weights, found.margin, found.support
    (tensor([0.5000, 0.5000], dtype=torch.float64), tensor(1.4142, dtype=torch.float64), tensor([0, 1]))
    """
    found = widest(turned(x, y).numpy(force=True).astype(np.float64, copy=False))
    if found is None:
        raise ValueError("y: expected data that a hyperplane through 0 separates, none has all labels right")
    weights, multipliers = (torch.from_numpy(one).to(x) for one in found)
    return trusted(HardMargin, weights=weights, multipliers=multipliers)


@checked
def leave_one_out(x: Annotated[Matrix, "n d"], y: Annotated[Vector, "n"]) -> int:
    """How many points the widest margin of all other points gets wrong (w·z_i ≤ 0), an int.

    Only support vectors are tried: without another point the widest margin is the same. At most R²/γ²,
    R = max ‖x_i‖.
    Raises ValueError as `hard_margin` does.

    >>> leave_one_out([[1.0, 0.0], [0.0, 1.0]], [1, 1])
    2
    """
    z = turned(x, y).double().numpy(force=True)
    wrong = 0
    for i in hard_margin(x, y).support.tolist():
        rest = widest(np.delete(z, i, axis=0))
        wrong += rest is None or bool(rest[0] @ z[i] <= 1e-12 * np.linalg.norm(rest[0]) * np.linalg.norm(z[i]))
    return wrong


def overlapping(z: np.ndarray) -> np.ndarray:
    """Which margins no weights make positive without making another negative: shape (n,) of bool.

    None where data are separable strictly, all where the loss has a finite minimum (Stiemke: positive p with
    Σ p_i z_i = 0), some where points lie on every separating hyperplane. A linear program: the largest Σ u_i with
    0 ≤ u_i ≤ 1 and w·z_i ≥ u_i.
    """
    n, d = z.shape
    size = np.abs(z).max() or 1.0
    found = linprog(
        np.concatenate([np.zeros(d), -np.ones(n)]),
        A_ub=np.hstack([-z / size, np.eye(n)]),
        b_ub=np.zeros(n),
        bounds=[(None, None)] * d + [(0, 1)] * n,
        method="highs",
    )
    return found.x[d:] < 0.5  # a margin that can be positive can be 1
