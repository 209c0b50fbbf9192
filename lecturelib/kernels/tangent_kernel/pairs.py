"""The kernels of all pairs of inputs: inner products by BLAS, then the recursion over blocks of rows on all cores."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from scipy.linalg.blas import dsyrk

from lecturelib.kernels.tangent_kernel.recursion import block

ROWS = 32  # rows of a block, the unit of work of one core


def next_variance(variance: np.ndarray, activation: str, w2: float, b2: float) -> np.ndarray:
    """σ_w² E[φ(u)²] + σ_b² for u ~ N(0, variance): the variance after one more layer."""
    if activation == "relu":
        return 0.5 * w2 * variance + b2
    return w2 * 2 / math.pi * np.arctan2(2 * variance, np.sqrt(1 + 4 * variance)) + b2


def deviations(x: np.ndarray, depth: int, activation: str, w2: float, b2: float) -> np.ndarray:
    """Standard deviations of what each layer computes at each input: (depth + 1, N). w2 is divided by d at the input.

    Raises ValueError where they are too large for a number.
    """
    with np.errstate(over="ignore"):
        variances = [w2 * (np.einsum("nd,nd->n", x, x) / x.shape[1]) + b2]
        for _ in range(depth):
            variances.append(next_variance(variances[-1], activation, w2, b2))
    if not np.isfinite(variances).all():
        raise ValueError("x1, x2: expected inputs and scales whose kernel is a finite number, got an overflow")
    return np.sqrt(variances)


def unit_vectors(x: np.ndarray, stds: np.ndarray, w2: float, b2: float) -> np.ndarray:
    """(σ_w x / √d, σ_b) divided by its length; the zero vector stays: (N, d + 1). Their angles are those of layer 1."""
    whole = np.empty((x.shape[0], x.shape[1] + 1))
    whole[:, :-1] = x * math.sqrt(w2 / x.shape[1])
    whole[:, -1] = math.sqrt(b2)
    return np.divide(whole, stds[:, None], out=whole, where=stds[:, None] > 0)


def kernel_matrix(x1, x2, *, depth: int, activation: str, w2: float, b2: float, kind: str) -> np.ndarray:
    """The kernel of inputs x1 (N, d) and x2 (M, d), or of x1 with itself where x2 is None: (N, M). Variances w2, b2."""
    symmetric = x2 is None
    left_stds = deviations(x1, depth, activation, w2, b2)
    left = unit_vectors(x1, left_stds[0], w2, b2)
    if symmetric:
        right_stds, right = left_stds, left
        out = dsyrk(1.0, x1.T, trans=1, lower=1).T  # the half above the diagonal; what is below is written later
    else:
        right_stds = deviations(x2, depth, activation, w2, b2)
        right, out = unit_vectors(x2, right_stds[0], w2, b2), x1 @ x2.T
    kinds = symmetric, activation == "relu", kind == "ntk", w2, b2, w2 / x1.shape[1]
    options = *kinds, left_stds, right_stds, left, right, x1, x1 if symmetric else x2
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        list(pool.map(lambda low: block(out, low, min(low + ROWS, len(x1)), *options), range(0, len(x1), ROWS)))
    return out
