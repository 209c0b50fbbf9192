"""Least squares with one feature more at a time: every fit from the one before, by a change of rank one.

Without ridge this is Greville's rule (1960) for the pseudo-inverse, which goes through the point where features become
as many as data, and on; with a ridge it is the rule of Sherman and Morrison for (X Xᵀ + λ I)⁻¹. Compiled, since each of
the many steps is short.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from numba import njit
from torch import Tensor

from lecturelib.core.arguments import Array, NonNegative, checked

SEEN = 1e-12  # share of ‖X‖² below which a ridge is lost to rounding
# sums may be split over vector lanes
_compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc"})


@checked
def growing_fits(x: Annotated[Array, "... N p"], y: Annotated[Array, "... N"], ridge: NonNegative = 0.0) -> Tensor:
    """Weights of the fits with the first 1, 2, …, p features: x (..., N, p), y (..., N) → (..., p, p).

    Row k has the k + 1 weights that minimize ‖X w − y‖² + ridge ‖w‖², and zeros. Without ridge these are the least
    squares solutions of least norm, X⁺ y. Costs O(N p²), all fits together; gradients are not passed on. With a ridge
    about 10⁻¹⁶ ‖X‖² / ridge of relative accuracy is lost to rounding; one below 10⁻¹² ‖X‖² counts as none. Greville
    1960.

    >>> growing_fits([[1.0, 1.0], [1.0, 1.0]], [1.0, 3.0])
    tensor([[2., 0.],
            [1., 1.]], dtype=torch.float64)
    >>> growing_fits([[1.0, 1.0], [1.0, 1.0]], [1.0, 3.0], ridge=2.0)
    tensor([[1.0000, 0.0000],
            [0.6667, 0.6667]], dtype=torch.float64)
    """
    *lead, size, most = x.shape
    columns = x.detach().mT.reshape(-1, most, size).cpu().contiguous().numpy()
    targets = y.detach().reshape(-1, size).cpu().contiguous().numpy()
    found = np.zeros((len(columns), most, most), columns.dtype)
    cutoff = 8 * max(size, most) * np.finfo(columns.dtype).eps
    for one, target, rows in zip(columns, targets, found, strict=True):
        if ridge > SEEN * float((one * one).sum()):
            _with_ridge(one, target, ridge, rows)
        else:
            _greville(one, target, cutoff, rows)
    return torch.from_numpy(found).reshape(*lead, most, most).to(x.device)


@_compiled
def _greville(columns, y, cutoff, found):
    most, size = columns.shape
    inverse = np.zeros_like(columns)  # its first k rows are the pseudo-inverse of the first k columns
    weights, old, row = np.zeros(most, y.dtype), np.zeros(most, y.dtype), np.zeros(size, y.dtype)
    rank = 0
    for k in range(most):
        a, known, step = columns[k], 0.0, 0.0
        row[:] = 0
        for i in range(k):  # the new column in terms of the old ones
            dot = (inverse[i] * a).sum()
            old[i] = dot
            known += dot * dot
            row += dot * inverse[i]
        if rank < size:  # what of it is new
            rest = a.copy()
            for i in range(k):
                rest -= old[i] * columns[i]
            length, whole = (rest * rest).sum(), (a * a).sum()
            fresh = length > cutoff * cutoff * whole * (1 + known)
        else:
            fresh = False
        if fresh:
            row[:] = rest / length
            rank += 1
        else:
            row /= 1 + known
        step = (row * y).sum()
        for i in range(k):
            inverse[i] -= old[i] * row
            weights[i] -= old[i] * step
        inverse[k], weights[k] = row, step
        found[k, : k + 1] = weights[: k + 1]


@_compiled
def _with_ridge(columns, y, ridge, found):
    most, size = columns.shape
    inverse = np.zeros((size, size), y.dtype)  # (X Xᵀ + λ I)⁻¹, and with it w = Xᵀ (X Xᵀ + λ I)⁻¹ y
    for j in range(size):
        inverse[j, j] = 1 / ridge
    dual, turned = y / ridge, np.zeros(size, y.dtype)
    for k in range(most):
        a = columns[k]
        for j in range(size):
            turned[j] = (inverse[j] * a).sum()
        factor = 1 / (1 + (a * turned).sum())
        dual -= turned * (factor * (a * dual).sum())
        for j in range(size):
            inverse[j] -= (factor * turned[j]) * turned
        for i in range(k + 1):
            found[k, i] = (columns[i] * dual).sum()
