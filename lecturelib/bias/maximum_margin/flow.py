r"""Gradient flow of Σ ℓ(y_i w·x_i) in logarithmic time, compiled: t = 10³⁰⁰ takes as long as a few hundred steps.

With s = ln(1 + t) the flow ẇ = Σ −ℓ'(m_i) z_i becomes dw/ds = Σ e^s (−ℓ'(m_i)) z_i, in which e^s and ℓ' balance: where
a hyperplane separates the data, the right side tends to the weights ŵ of the widest margin. It is not stiff unless the
margin is tiny or the data overlap, and then (1 + t) ∇²L is large. A linearly implicit Runge–Kutta method of order 3(2)
with a step that adapts does not mind either: Rodas3 of Sandu et al. 1997, which is L-stable, so that a
minimum at a finite place is reached and kept.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from numba import njit
from torch import Tensor

from lecturelib.bias.maximum_margin.margins import Loss, overlapping, turned
from lecturelib.core.arguments import Array, Matrix, Positive, Times, Vector, checked

LATEST = 1e300
LARGEST = 700.0  # e to this power is finite
FEW, STEPS = 10_000, 200_000
EARLY = 1e3  # until then rounding does not mix directions in which the flow ends with those in which it does not

_compiled = njit(nogil=True, cache=True, error_model="numpy")


@_compiled
def forces(w, z, s, logistic, first, second):
    """e^s (−ℓ'(m_i)) and e^s ℓ''(m_i), into `first` and `second`."""
    for i in range(z.shape[0]):
        m = 0.0
        for k in range(z.shape[1]):
            m += z[i, k] * w[k]
        if logistic:
            small = np.exp(-abs(m))
            first[i] = np.exp(s - max(m, 0.0)) / (1.0 + small)
            second[i] = first[i] / (1.0 + small) * (1.0 if m > 0 else small)
        else:
            first[i] = second[i] = np.exp(s - m)


@_compiled
def pull(z, first, out):
    """Σ first_i z_i."""
    for k in range(z.shape[1]):
        total = 0.0
        for i in range(z.shape[0]):
            total += first[i] * z[i, k]
        out[k] = total


@_compiled
def factor(z, second, diagonal, out):
    """Cholesky factor of diagonal · I + Σ second_i z_i z_iᵀ, in the lower triangle."""
    d = z.shape[1]
    for a in range(d):
        for b in range(a + 1):
            total = diagonal if a == b else 0.0
            for i in range(z.shape[0]):
                total += second[i] * z[i, a] * z[i, b]
            for c in range(b):
                total -= out[a, c] * out[b, c]
            out[a, b] = np.sqrt(total) if a == b else total / out[b, b]


@_compiled
def solve(lower, right):
    """Two triangular systems, in place."""
    d = right.size
    for a in range(d):
        for c in range(a):
            right[a] -= lower[a, c] * right[c]
        right[a] /= lower[a, a]
    for a in range(d - 1, -1, -1):
        for c in range(a + 1, d):
            right[a] -= lower[c, a] * right[c]
        right[a] /= lower[a, a]


@_compiled
def follow(w, z, until, logistic, tolerance, size, most, out):
    """Weights at each of the increasing log times `until`, into `out`; how many steps it took, −1 for too many.

    size: that of the data, max ‖z_i‖, so that 1/size is one of weights.
    """
    n, d = z.shape
    first, second = np.empty(n), np.empty(n)
    lower = np.empty((d, d))
    slope, k1, k2, k3, k4, trial = np.empty(d), np.empty(d), np.empty(d), np.empty(d), np.empty(d), np.empty(d)
    s, steps = 0.0, 0
    forces(w, z, s, logistic, first, second)
    pull(z, first, slope)
    h = 0.01 / (size * np.abs(slope).max() + 1e-9)
    for goal in range(until.size):
        while s < until[goal]:
            if steps == most:
                return -1
            steps += 1
            last = s + h >= until[goal]
            step = until[goal] - s if last else h
            forces(w, z, s, logistic, first, second)
            pull(z, first, slope)
            factor(z, second, 2.0 / step, lower)
            for k in range(d):
                k1[k] = slope[k] + 0.5 * step * slope[k]  # the right side without ℓ' is e^s, its own derivative
            solve(lower, k1)
            for k in range(d):
                k2[k] = slope[k] + 4.0 / step * k1[k] + 1.5 * step * slope[k]
            solve(lower, k2)
            for k in range(d):
                trial[k] = w[k] + 2.0 * k1[k]
            forces(trial, z, s + step, logistic, first, second)
            pull(z, first, k3)
            for k in range(d):
                k3[k] += (k1[k] - k2[k]) / step
            solve(lower, k3)
            for k in range(d):
                trial[k] += k3[k]
            forces(trial, z, s + step, logistic, first, second)
            pull(z, first, k4)
            for k in range(d):
                k4[k] += (k1[k] - k2[k] - 8.0 / 3.0 * k3[k]) / step
            solve(lower, k4)
            off, length = 0.0, 0.0
            for k in range(d):
                trial[k] += k4[k]
                off += k4[k] * k4[k]
                length += trial[k] * trial[k]
            error = np.sqrt(off) / (tolerance * (np.sqrt(length) + 1.0 / size))
            if error <= 1.0:
                w[:] = trial
                s = until[goal] if last else s + step
            if not (last and error <= 1.0):  # what is no number is no small error
                h = step * (min(5.0, max(0.2, 0.9 * error ** (-1.0 / 3.0))) if error < 1e30 else 0.2)
        out[goal] = w
    return steps


@checked
def margin_flow(
    x: Annotated[Matrix, "n d"],
    y: Annotated[Vector, "n"],
    times: Times,
    *,
    start: Annotated[Array, "... d"] | None = None,
    loss: Loss = "exponential",
    tolerance: Positive = 1e-7,
) -> Tensor:
    """Weights of the gradient flow of Σ ℓ(y_i w·x_i), from 0 or from `start`, at times from 0 to 10³⁰⁰: (..., T, d).

    dw/dt = Σ −ℓ'(m_i) y_i x_i, with ℓ(m) = e^{−m} or ln(1 + e^{−m}). Times may come in any order, and shape (..., d) of
    starts is an ensemble of flows. tolerance: of a step, relative to ‖w‖. Where data are separable, w grows like
    ŵ ln t (Soudry et al. 2018); where they are not, it ends at a finite place. A step takes n d² + d³ operations.
    Raises ValueError where labels are not ±1, times exceed 10³⁰⁰, or a start has a loss beyond e⁷⁰⁰.

    >>> margin_flow([[1.0], [-1.0]], [1, -1], [0.0, 1e12])  # w = ln(1 + 2 t)
    tensor([[ 0.0000],
            [28.3242]], dtype=torch.float64)
    """
    data = turned(x, y)
    if times.numel() and float(times.max()) > LATEST:
        raise ValueError(f"times: expected numbers up to {LATEST:g}, found {float(times.max()):g}")
    if start is None:
        start = data.new_zeros(data.shape[1])
    z = data.double().numpy(force=True)
    starts = start.double().numpy(force=True).reshape(-1, z.shape[1])
    lowest = (starts @ z.T).min(initial=0.0)
    if loss == "exponential" and lowest < -LARGEST:
        raise ValueError(f"start: expected margins above {-LARGEST:g}, where e^(−m) is finite, found {lowest:.4g}")
    order = torch.argsort(times)
    until = np.log1p(times[order].double().numpy(force=True))
    paths = _paths(z, starts, until, loss == "logistic", tolerance)
    found = torch.from_numpy(paths)[:, torch.argsort(order).cpu()].reshape(*start.shape[:-1], len(until), z.shape[1])
    return found.to(data)


def _paths(z, starts, until, logistic: bool, tolerance: float) -> np.ndarray:
    """The flow from each start, (starts, times, d), in coordinates that keep apart what ends and what does not."""
    size = float(np.sqrt((z * z).sum(1).max())) if z.size else 0.0
    if not (size > 0 and until.size):
        return np.repeat(starts[:, None], until.size, axis=1)
    free = np.zeros(len(z), dtype=bool)
    found = _in_basis(z, starts, until, logistic, tolerance, size, free, FEW)
    # some margin is never positive where data are not separable, so that this costs nothing where they are
    if found is None or (until[-1] > np.log1p(EARLY) and (found[:, -1] @ z.T).min() <= 0):
        tied = overlapping(z)
        if tied.any() or found is None:
            found = _in_basis(z, starts, until, logistic, tolerance, size, tied, STEPS)
    if found is None:
        raise ValueError(f"times: expected a flow that {STEPS} steps follow, and the last is not reached")
    return found


def _in_basis(z, starts, until, logistic, tolerance, size, tied, most) -> np.ndarray | None:
    """`follow` in the span of the data, with the span of `tied` data first: they have no part in the rest.

    None where it takes more than so many steps.
    """
    inner = _span(z[tied], size)
    outer = _span(z - z @ inner.T @ inner, size)
    basis = np.concatenate([inner, outer])
    inside = np.ascontiguousarray(z @ basis.T)
    inside[tied, len(inner) :] = 0.0
    found = np.empty((len(starts), until.size, z.shape[1]))
    path = np.empty((until.size, len(basis)))
    for one, start in enumerate(starts):
        place = basis @ start
        rest = start - place @ basis  # never moves
        if follow(place, inside, until, logistic, tolerance, size, most, path) < 0:
            return None
        found[one] = path @ basis + rest
    return found


def _span(rows: np.ndarray, size: float) -> np.ndarray:
    """An orthonormal basis of the span of rows: shape (rank, d). Directions of less than 10⁻¹⁴ of the size are none."""
    if not len(rows):
        return np.zeros((0, rows.shape[1]))
    _, lengths, directions = np.linalg.svd(rows, full_matrices=False)
    return directions[lengths > 1e-14 * size * np.sqrt(len(rows))]


@checked
def loss_minimum(x: Annotated[Matrix, "n d"], y: Annotated[Vector, "n"], *, loss: Loss = "logistic") -> Tensor:
    """The weights of least norm at which Σ ℓ(y_i w·x_i) is least, (d,): there the flow of data that overlap ends.

    Such a place exists exactly if no w has all margins y_i w·x_i ≥ 0 and one of them positive.
    Raises ValueError where there is none, or labels are not ±1.

    >>> loss_minimum([[1.0], [1.0], [1.0]], [1, 1, -1])  # ln 2
    tensor([0.6931], dtype=torch.float64)
    """
    z = turned(x, y)
    data = z.double().numpy(force=True)
    if not overlapping(data).all():
        raise ValueError(
            "y: expected data that overlap: here some weights have no margin below 0 and one above, and growing "
            "them lowers the loss for ever, so that no finite weights have the least"
        )
    w = margin_flow(z.double(), torch.ones_like(y, dtype=torch.float64), [LATEST], loss=loss)[0].numpy(force=True)
    for _ in range(3):  # the flow is there up to its tolerance, and Newton's method up to rounding
        m = data @ w
        force = np.exp(-(np.logaddexp(0, m) if loss == "logistic" else m))
        bend = force / (1 + np.exp(-m)) if loss == "logistic" else force
        w = w + np.linalg.lstsq(data.T @ (bend[:, None] * data), force @ data, rcond=1e-12)[0]
    return torch.from_numpy(w).to(z)
