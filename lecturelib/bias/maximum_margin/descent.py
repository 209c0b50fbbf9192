r"""Gradient descent on Σ ℓ(y_i w·x_i), with constant steps and with steps divided by the loss, and penalized minima.

The step of ordinary descent is η Σ −ℓ'(m_i) z_i. Normalized descent steps along the gradient of −ln L, which is the
same sum with weights that add up to about 1, so that its steps do not die out with the loss.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from numba import njit
from torch import Tensor

from lecturelib.bias.maximum_margin.margins import Loss, turned
from lecturelib.core.arguments import Counts, Matrix, Positive, PositiveVector, Vector, checked

_compiled = njit(nogil=True, cache=True, error_model="numpy")


@_compiled
def descend(w, z, steps, rate, logistic, normalized, out):
    """Weights after each of the increasing numbers of steps, into `out`; the step that left all bounds, or −1."""
    n, d = z.shape
    m, force = np.empty(n), np.empty(n)
    done = 0
    for goal in range(steps.size):
        while done < steps[goal]:
            least = np.inf
            for i in range(n):
                m[i] = 0.0
                for k in range(d):
                    m[i] += z[i, k] * w[k]
                least = min(least, m[i])
            lift = least if normalized else 0.0  # takes a factor out of forces and loss
            total = 0.0
            for i in range(n):
                if logistic:
                    small = np.exp(-abs(m[i]))
                    force[i] = np.exp(lift - max(m[i], 0.0)) / (1.0 + small)
                    near = np.exp(min(lift, 30.0)) * (np.log1p(small) + max(-m[i], 0.0))
                    total += near if m[i] < 30 else np.exp(lift - m[i])
                else:
                    force[i] = np.exp(lift - m[i])
                    total += force[i]
            for i in range(n):
                share = rate * (force[i] / total if normalized else force[i])
                for k in range(d):
                    w[k] += share * z[i, k]
            done += 1
            for k in range(d):
                if not abs(w[k]) < 1e300:
                    return done
        out[goal] = w
    return -1


@checked
def margin_descent(
    x: Annotated[Matrix, "n d"],
    y: Annotated[Vector, "n"],
    steps: Counts,
    *,
    learning_rate: Positive,
    start: Annotated[Vector, "d"] | None = None,
    loss: Loss = "exponential",
    normalized: bool = False,
) -> Tensor:
    """Weights after each number of steps of gradient descent on L = Σ ℓ(y_i w·x_i), from 0 or from `start`: (T, d).

    w ← w − η ∇L, or with `normalized` w ← w − η ∇L/L, which is descent on ln L. With all ‖x_i‖ ≤ 1, n data and the
    exponential loss, L falls in every step if η < 2/n, or η < 2 where normalized. Raises ValueError where labels are
    not ±1, or the weights grow beyond 10³⁰⁰, and says then up to which η the loss never grows.

    >>> margin_descent([[1.0], [-1.0]], [1, -1], [1, 2], learning_rate=0.5)  # 1, then 1 + e^{−1}
    tensor([[1.0000],
            [1.3679]], dtype=torch.float64)
    """
    z = turned(x, y)
    begin = z.new_zeros(z.shape[1]) if start is None else start
    order = torch.argsort(steps)
    inside, counts = z.double().numpy(force=True), steps[order].numpy(force=True)
    out = np.empty((len(counts), z.shape[1]))
    place = begin.double().numpy(force=True).copy()
    lost = descend(place, inside, counts, learning_rate, loss == "logistic", normalized, out)
    if lost >= 0:
        stable = _stable(inside, begin.double().numpy(force=True), loss == "logistic", normalized)
        raise ValueError(
            f"learning_rate: expected one that keeps weights below 1e300, step {lost} with {learning_rate:g} does not; "
            f"up to {stable:.3g} the loss never grows"
        )
    return torch.from_numpy(out)[torch.argsort(order).cpu()].to(z)


def _stable(z: np.ndarray, start: np.ndarray, logistic: bool, normalized: bool) -> float:
    """2 / curvature: ∇²L ≤ L R² for the exponential loss, n R²/4 for the logistic one, and ∇² ln L ≤ R² for both."""
    curved = 1.0 if normalized else len(z) / 4 if logistic else float(np.exp(-(z @ start)).sum())
    return 2 / (curved * float((z * z).sum(1).max()))


@checked
def regularization_path(
    x: Annotated[Matrix, "n d"],
    y: Annotated[Vector, "n"],
    penalties: PositiveVector,
    *,
    loss: Loss = "exponential",
) -> Tensor:
    """The minima of Σ ℓ(y_i w·x_i) + (λ/2) ‖w‖² for each penalty λ: weights (T, d).

    Newton's method from one λ to the next smaller, so that λ = 10⁻³⁰⁰ can be had. As λ falls to 0 the direction tends
    to that of the widest margin, where there is one (Rosset, Zhu and Hastie 2004). Raises ValueError where labels are
    not ±1.

    >>> regularization_path([[1.0]], [1], [1.0])  # λ w = e^{−w}
    tensor([[0.5671]], dtype=torch.float64)
    """
    z = turned(x, y)
    inside = z.double().numpy(force=True)
    sorted_, order = torch.sort(penalties.double(), descending=True)
    w, now, rows = np.zeros(z.shape[1]), np.log(max(1.0, float(sorted_[:1].sum()))), []
    for goal in np.log(sorted_.numpy(force=True)):
        for log_penalty in np.linspace(now, goal, 2 + int((now - goal) / 2))[1:]:  # by factors of at most e²
            w = _newton(w, inside, log_penalty, loss == "logistic")
        now = goal
        rows.append(w)
    found = torch.from_numpy(np.array(rows).reshape(len(rows), z.shape[1]))
    return found[torch.argsort(order).cpu()].to(z)


def _newton(w: np.ndarray, z: np.ndarray, log_penalty: float, logistic: bool) -> np.ndarray:
    """The minimum of L/λ + ‖w‖²/2, damped; the penalty's logarithm is put into the margins."""
    size = float(np.sqrt((z * z).sum(1).max())) or 1.0
    for _ in range(200):
        m = z @ w
        force = np.exp(-(np.logaddexp(0, m) if logistic else m) - log_penalty)
        bend = force / (1 + np.exp(-m)) if logistic else force
        gradient = w - z.T @ force
        move = np.linalg.solve(np.eye(len(w)) + z.T @ (bend[:, None] * z), gradient)
        # forces change at most by a factor e, within which Newton's model is good
        damping = min(1.0, 1.0 / (float(np.abs(z @ move).max()) + 1e-300))
        w = w - damping * move
        if size * float(np.abs(move).max()) < 1e-13 * max(1.0, size * float(np.abs(w).max())):
            break
    return w
