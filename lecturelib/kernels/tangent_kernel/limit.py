"""The chapter `kernels/tangent_kernel`: kernels of infinitely wide networks.

Inner products of all pairs of inputs come from BLAS, then the recursion runs over blocks of rows on all cores.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal

import numpy as np
import torch
from scipy.linalg.blas import dsyrk
from torch import Tensor

from lecturelib.core.arguments import Matrix, Natural, NonNegative, checked
from lecturelib.kernels.tangent_kernel.recursion import block

ROWS = 32  # rows of a block, the unit of work of one core
OVERFLOW = "x1, x2: expected inputs and scales whose kernel is a finite number, got an overflow"


def deviations(x: np.ndarray, depth: int, activation: str, w2: float, b2: float) -> np.ndarray:
    """Standard deviations of what each layer computes at each input: (depth + 1, N). w2 is divided by d at the input.

    Raises ValueError where they are too large for a number.
    """
    with np.errstate(over="ignore"):
        variances = [w2 * (np.einsum("nd,nd->n", x, x) / x.shape[1]) + b2]
        for _ in range(depth):
            q = variances[-1]  # E φ(u)² for u ~ N(0, q) is
            mean = q / 2 if activation == "relu" else 2 / math.pi * np.arctan2(2 * q, np.sqrt(1 + 4 * q))
            variances.append(w2 * mean + b2)
    if not np.isfinite(variances).all():
        raise ValueError(OVERFLOW)
    return np.sqrt(variances)


def unit_vectors(x: np.ndarray, stds: np.ndarray, w2: float, b2: float) -> np.ndarray:
    """(σ_w x / √d, σ_b) divided by its length; the zero vector stays: (N, d + 1). Their angles are those of layer 1."""
    whole = np.pad(x * math.sqrt(w2 / x.shape[1]), ((0, 0), (0, 1)), constant_values=math.sqrt(b2))
    return np.divide(whole, stds[:, None], out=whole, where=stds[:, None] > 0)


@checked
def infinite_kernel(
    x1: Annotated[Matrix, "_N d"], x2: Annotated[Matrix, "_M d"] | None = None, *,
    depth: Natural, activation: Literal["relu", "erf"] = "relu", weight_scale: NonNegative, bias_scale: NonNegative,
    kind: Literal["ntk", "nngp"] = "ntk",
) -> Tensor:  # fmt: skip
    """The kernel of a fully connected network of infinite width, in the tangent-kernel parametrization.

    x1: (N, d), x2: (M, d), or None for x1 again, which takes half the time. depth: number of hidden layers, 0 is a
    linear network. A layer computes weight_scale W h / √(fan-in) + bias_scale b, W and b standard normal;
    hidden layers apply `activation`, "relu" or "erf", to it. kind: "ntk", the tangent kernel Σ ∂f(x) ∂f(x') over all
    weights and biases, or "nngp", the covariance E[f(x) f(x')]. Several outputs are independent, each with this kernel.
    Returns (N, M), in the precision of the inputs; all computing is in float64, on the CPU. No gradient is taken
    through it.

    Angles between inputs and differences of their lengths, where small, are taken from differences of the inputs and
    carried from layer to layer without cancellation (see `recursion`): near-duplicate, parallel, opposite and zero
    inputs lose no digits, at any depth.

    The recursion is that of Jacot et al. 2018, theorem 1, with the closed forms of Cho and Saul 2009 (ReLU) and
    Williams 1997 (erf). Raises ValueError where the kernel is too large for a number.

    >>> infinite_kernel([[1, 1], [1, -1]], depth=1, weight_scale=1, bias_scale=0)  # 1/2π off the diagonal
    tensor([[1.0000, 0.1592],
            [0.1592, 1.0000]], dtype=torch.float64)
    """
    w2, b2, symmetric = weight_scale**2, bias_scale**2, x2 is None or x2 is x1
    left = x1.detach().to("cpu", torch.float64).contiguous().numpy()
    right = left if symmetric else x2.detach().to("cpu", torch.float64).contiguous().numpy()
    stds = [deviations(one, depth, activation, w2, b2) for one in (left, right)[: 2 - symmetric]]
    units = [unit_vectors(one, std[0], w2, b2) for one, std in zip((left, right), stds, strict=False)]
    # of a symmetric matrix the half above the diagonal; what is below is written later
    found = dsyrk(1.0, left.T, trans=1, lower=1).T if symmetric else left @ right.T
    kinds = symmetric, activation == "relu", kind == "ntk", w2, b2, w2 / left.shape[1]
    options = *kinds, stds[0], stds[-1], units[0], units[-1], left, right
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        list(pool.map(lambda low: block(found, low, min(low + ROWS, len(x1)), *options), range(0, len(x1), ROWS)))
    if not math.isfinite(found.sum()) and not np.isfinite(found).all():
        raise ValueError(OVERFLOW)
    return torch.from_numpy(found).to(x1)
