"""Activation functions and their slopes, entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor


@dataclass(frozen=True)
class Activation:
    """A function of a number and its slope. Where the function bends, the slope is that of its left side."""

    name: str
    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]

    def __call__(self, z: Tensor) -> Tensor:
        return self.value(z)


def sigmoid_slope(z: Tensor) -> Tensor:
    """σ(z) (1 − σ(z)), written as σ(z) σ(−z), which keeps its digits for large z."""
    return torch.sigmoid(z) * torch.sigmoid(-z)


def leaky_relu(leak: float = 0.1) -> Activation:
    """max(leak z, z) for 0 ≤ leak < 1; leak 0 is the ReLU."""
    if not 0 <= leak < 1:
        raise ValueError(f"leak: expected a number from 0 to below 1, got {leak}")
    return Activation(
        f"leaky ReLU, {leak:g}",
        lambda z: torch.maximum(leak * z, z),
        lambda z: torch.where(z > 0, torch.ones_like(z), torch.full_like(z, leak)),
    )


def elu(alpha: float = 1.0) -> Activation:
    """z for z ≥ 0 and alpha (eᶻ − 1) below; its slope is continuous for alpha = 1 only."""
    if not alpha > 0:
        raise ValueError(f"alpha: expected a positive number, got {alpha}")
    # the clamp keeps the branch that is not taken from overflowing
    return Activation(
        f"ELU, {alpha:g}",
        lambda z: torch.where(z >= 0, z, alpha * torch.expm1(z.clamp(max=0))),
        lambda z: torch.where(z > 0, torch.ones_like(z), alpha * torch.exp(z.clamp(max=0))),
    )


def maxout(z) -> Tensor:
    """The largest of several numbers a neuron computes: (..., M) → (...)."""
    z = as_tensor("z", z)
    if z.ndim == 0 or z.shape[-1] == 0:
        raise ValueError(f"z: expected shape (..., M) with M at least 1, got {tuple(z.shape)}")
    return z.amax(dim=-1)


identity = Activation("identity", lambda z: z, torch.ones_like)
sigmoid = Activation("sigmoid", torch.sigmoid, sigmoid_slope)
tanh = Activation("tanh", torch.tanh, lambda z: 1 - torch.tanh(z) ** 2)
relu = Activation("ReLU", torch.relu, lambda z: (z > 0).to(z.dtype))
