"""The chapter `kernels/tangent_kernel`: kernels of infinitely wide networks."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.arguments import Matrix, Natural, NonNegative, checked
from lecturelib.kernels.tangent_kernel.pairs import kernel_matrix


@checked
def infinite_kernel(
    x1: Annotated[Matrix, "_N d"],
    x2: Annotated[Matrix, "_M d"] | None = None,
    *,
    depth: Natural,
    activation: Literal["relu", "erf"] = "relu",
    weight_scale: NonNegative,
    bias_scale: NonNegative,
    kind: Literal["ntk", "nngp"] = "ntk",
) -> Tensor:
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
    same = x2 is None or x2 is x1
    left, right = (one.detach().to("cpu", torch.float64).contiguous().numpy() for one in (x1, x1 if same else x2))
    scales = {"w2": weight_scale**2, "b2": bias_scale**2}
    found = kernel_matrix(left, None if same else right, depth=depth, activation=activation, kind=kind, **scales)
    if not math.isfinite(found.sum()) and not np.isfinite(found).all():
        raise ValueError("x1, x2: expected inputs and scales whose kernel is a finite number, got an overflow")
    return torch.from_numpy(found).to(x1)
