"""Residual networks h_{k+1} = h_k + f(h_k): steps of Euler, and what reaches the first layer of deep ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Positive, checked


@checked
def residual_network_as_euler(
    field: Callable[[Tensor, float], Tensor], x: Annotated[Array, "... _N _d"], *, depth: Count, time: Positive = 1.0
) -> Tensor:
    """Hidden states h_0 = x, …, h_K of a residual network of K = depth layers: (K + 1, ..., N, d).

    h_{k+1} = h_k + (T/K) f(h_k, k T/K): steps of Euler for ḣ = f(h, t), 0 ≤ t ≤ T (Chen et al. 2018). Raises ValueError
    where the field gives another shape than it was given, or no finite numbers.

    >>> residual_network_as_euler(lambda h, t: h, [[1.0]], depth=2).flatten().tolist()
    [1.0, 1.5, 2.25]
    """
    states = [x]
    for k in range(depth):
        slope = field(states[-1], k * time / depth)
        if not isinstance(slope, Tensor) or slope.shape != x.shape:
            raise ValueError(f"field: expected a function that gives a tensor of shape {tuple(x.shape)}")
        states.append(states[-1] + time / depth * slope)
    if not bool(states[-1].detach().isfinite().all()):
        raise ValueError("field: expected finite numbers after all layers")
    return torch.stack(states)


def gradient_sizes(depth: int, *, step: float | None, gain: float, width: int, generator: Generator) -> Tensor:
    """‖∂(v·h_K)/∂h_k‖ for k = 0, …, K, for a random v of norm 1, at a random start of a deep tanh network: (K + 1,).

    Weights are normal with deviation gain/√width. step: h + step · tanh(W h), a residual network; None: tanh(W h).
    """
    draw = {"generator": generator, "dtype": torch.float64}
    h = torch.randn(width, requires_grad=True, **draw)
    states = [h]
    for _ in range(depth):
        bent = torch.tanh(gain / math.sqrt(width) * torch.randn(width, width, **draw) @ states[-1])
        states.append(bent if step is None else states[-1] + step * bent)
    v = torch.randn(width, **draw)
    found = torch.autograd.grad(states[-1] @ (v / v.norm()), states)
    return torch.stack([one.norm() for one in found])
