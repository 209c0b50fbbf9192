r"""The tangent kernel of a shallow ReLU network of one input, from running sums.

K(x₁, x₂) = ⟨∂f(x₁), ∂f(x₂)⟩ over all parameters (w, b, v, b₀) is, in closed form,
1 + Σ v² (1 + x₁ x₂) + Σ (w x₁ + b)(w x₂ + b), summed over the neurons that are active at both points.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import Vector, checked
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.training import prefix_sums as sums
from lecturelib.splines.training.prefix_sums import Inputs

Networks = Annotated[Network, "* H"]
Places = Annotated[Vector, "K"]


class KernelParts(NamedTuple):
    """What input weights and biases, and what output weights add to the kernel: shapes (..., N, K); b₀ adds 1."""

    inner: Tensor
    outer: Tensor


@checked
def kernel_parts(network: Networks, x1: Inputs, x2: Places) -> KernelParts:
    """Σ v² (1 + x₁ x₂) and Σ (w x₁ + b)(w x₂ + b) over the neurons active at both points: shapes (..., N, K).

    x1: (N,), x2: (K,), in any order. In O(H log(N + K) + N K): neurons facing right are active at both points if they
    are active at the left one, so sums over pairs of points are running sums over points.
    """
    both = torch.cat([x1, x2])
    parameters, data = sums.prepare(network, both, torch.zeros_like(both))
    rows, size = sums.find_rows(parameters.w, parameters.b, data), both.numel()
    rank = torch.argsort(torch.argsort(both, stable=True))
    one, other = rank[: x1.numel(), None], rank[x1.numel() :]
    low, high = torch.minimum(one, other), torch.maximum(one, other)

    def shared(amount: Tensor) -> Tensor:
        right, left = sums.by_facing(rows, amount, size)
        return (right[:, low] + left[:, high]).to(x1.dtype).reshape(*network.shape, x1.numel(), x2.numel())

    w, b, v, _ = parameters
    outer = shared(w**2) * (x1[:, None] * x2) + shared(w * b) * (x1[:, None] + x2) + shared(b**2)
    return KernelParts(shared(v**2) * (1 + x1[:, None] * x2), outer)


@checked
def tangent_kernel(network: Networks, x1: Inputs, x2: Places | None = None) -> Tensor:
    """K(x₁, x₂) = ⟨∂f(x₁), ∂f(x₂)⟩ over all parameters: shape (..., N, K), with x2 = x1 where left out.

    x1: (N,), x2: (K,), in any order.

    >>> tangent_kernel(Network([2.0], [-2.0], [3.0], 0.0), [2.0], [3.0]).tolist()
    [[72.0]]
    """
    inner, outer = kernel_parts(network, x1, x1 if x2 is None else x2)
    return 1 + inner + outer
