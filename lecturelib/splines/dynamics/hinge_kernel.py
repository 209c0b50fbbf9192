r"""The tangent kernel of a shallow ReLU network of one input, from running sums.

K(x, x′) = ⟨∂f(x), ∂f(x′)⟩ over all parameters (w, b, v, b₀) is, in closed form,
1 + Σ v² (1 + x x′) + Σ (w x + b)(w x′ + b), summed over the neurons that are active at both points.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, one_dimensional
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.training.prefix_sums import Parameters, find_rows, prepare, pull_back, push_forward


class KernelParts(NamedTuple):
    """What input weights and biases, and what output weights add to the kernel: shape (..., N, K); b₀ adds 1."""

    inner: Tensor
    outer: Tensor


def kernel_parts(network: Network, x, z) -> KernelParts:
    """Σ v² (1 + x z) and Σ (w x + b)(w z + b) over the neurons active at both points: shape (..., N, K).

    x: (N,), z: (K,), in any order. In O(H log(N + K) + N K): neurons facing right are active at both points if they are
    active at the left one, so sums over pairs of points are running sums over points.
    Raises ValueError for NaN or other shapes.
    """
    x = one_dimensional("x", x, dtype=torch.float64)
    z = one_dimensional("z", z, dtype=torch.float64)
    both = torch.cat([x, z])
    parameters, data = prepare(network, both, torch.zeros_like(both))
    rows, size = find_rows(parameters.w, parameters.b, data), both.numel()
    rank = torch.empty(size, dtype=torch.long)
    rank[torch.argsort(both, stable=True)] = torch.arange(size)
    one, other = rank[: x.numel(), None], rank[x.numel() :]
    low, high = torch.minimum(one, other), torch.maximum(one, other)

    def shared(amount: Tensor) -> Tensor:
        table = amount.new_zeros(amount.shape[0], 2 * size + 2).scatter_add_(1, rows, amount)
        right = table[:, :size].cumsum(1)
        left = table[:, size + 2 :].flip(1).cumsum(1).flip(1)
        return right[:, low] + left[:, high]

    w, b, v, _ = parameters
    inner = shared(v**2) * (1 + x[:, None] * z)
    outer = shared(w**2) * (x[:, None] * z) + shared(w * b) * (x[:, None] + z) + shared(b**2)
    shape = (*network.w.shape[:-1], x.numel(), z.numel())
    return KernelParts(inner.reshape(shape), outer.reshape(shape))


def tangent_kernel(network: Network, x, z=None) -> Tensor:
    """K(x, z) = ⟨∂f(x), ∂f(z)⟩ over all parameters: shape (..., N, K), with z = x where left out.

    x: (N,), z: (K,), in any order. Raises ValueError for NaN or other shapes.
    """
    inner, outer = kernel_parts(network, x, x if z is None else z)
    return 1 + inner + outer


def apply_kernel(network: Network, x, u) -> Tensor:
    """K(x, x) u in O((H + N) log N), without the matrix: shape (..., N) from u of shape (N,) or (..., N).

    Pulls u back to the parameters and pushes what arrives there forward. Raises ValueError for NaN or other shapes.
    """
    x = one_dimensional("x", x, dtype=torch.float64)
    parameters, data = prepare(network, x, as_tensor("u", u))
    rows = find_rows(parameters.w, parameters.b, data)
    direction = Parameters(*pull_back(parameters, rows, data.y, data))
    moved = push_forward(parameters, rows, direction, data)
    back = torch.argsort(torch.argsort(x, stable=True))
    return moved[:, back].reshape(*network.w.shape[:-1], x.numel())
