"""The chapter `kernels/tangent_kernel`: kernels of infinitely wide networks."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor
from lecturelib.kernels.tangent_kernel.pairs import kernel_matrix

ACTIVATIONS = ("relu", "erf")
KINDS = ("ntk", "nngp")


def infinite_kernel(
    x1,
    x2=None,
    *,
    depth: int,
    activation: str = "relu",
    weight_scale: float,
    bias_scale: float,
    kind: str = "ntk",
) -> Tensor:
    """The kernel of a fully connected network of infinite width, in the tangent-kernel parametrization.

    x1: (N, d), x2: (M, d), or None for x1 again, which takes half the time. depth: number of hidden layers, 0 is a
    linear network. A layer computes weight_scale W h / √(fan-in) + bias_scale b, W and b standard normal;
    hidden layers apply `activation`, "relu" or "erf", to it. kind: "ntk", the tangent kernel Σ ∂f(x) ∂f(x') over all
    weights and biases, or "nngp", the covariance E[f(x) f(x')]. Returns (N, M), in the precision of the inputs; all
    computing is in float64, on the CPU. No gradient is taken through it.

    Angles between inputs and differences of their lengths, where small, are taken from differences of the inputs and
    carried from layer to layer without cancellation (see `recursion`): near-duplicate, parallel, opposite and zero
    inputs lose no digits, at any depth.

    The recursion is that of Jacot et al. 2018, theorem 1, with the closed forms of Cho and Saul 2009 (ReLU) and
    Williams 1997 (erf). Raises ValueError where inputs are not finite or do not have the same dimension, a scale is
    negative or not finite, depth is not a whole number from 0, or a name is unknown.
    """
    first = read_inputs("x1", x1)
    same = x2 is None or x2 is x1
    second = first if same else read_inputs("x2", x2)
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"x2: expected {first.shape[1]} columns, as x1 has, got {second.shape[1]}")
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 0:
        raise ValueError(f"depth: expected a whole number of hidden layers, at least 0, got {depth!r}")
    for name, value, known in (("activation", activation, ACTIVATIONS), ("kind", kind, KINDS)):
        if value not in known:
            raise ValueError(f"{name}: expected one of {', '.join(known)}, got {value!r}")
    w2, b2 = read_scale("weight_scale", weight_scale) ** 2, read_scale("bias_scale", bias_scale) ** 2
    left, right = (tensor.detach().to("cpu", torch.float64).contiguous().numpy() for tensor in (first, second))
    found = kernel_matrix(left, None if same else right, depth=depth, activation=activation, w2=w2, b2=b2, kind=kind)
    if not math.isfinite(found.sum()) and not np.isfinite(found).all():
        raise ValueError("x1, x2: expected inputs and scales whose kernel is a finite number, got an overflow")
    return torch.from_numpy(found).to(first.device, torch.promote_types(first.dtype, second.dtype))


def read_inputs(name: str, value) -> Tensor:
    """`as_tensor`, and raise ValueError unless the shape is (N, d) with N and d at least 1."""
    tensor = as_tensor(name, value)
    if tensor.ndim != 2 or 0 in tensor.shape:
        raise ValueError(f"{name}: expected shape (N, d) with at least one input, got {tuple(tensor.shape)}")
    return tensor


def read_scale(name: str, value: float) -> float:
    """The number, raising ValueError naming it unless it is finite and at least 0."""
    try:
        scale = float(value)
    except (TypeError, ValueError):
        scale = math.nan
    if not (math.isfinite(scale) and scale >= 0):
        raise ValueError(f"{name}: expected a finite number, at least 0, got {value!r}")
    return scale
