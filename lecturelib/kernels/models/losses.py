"""Losses of a prediction, with their gradients: squared error, logistic loss, softmax with cross entropy.

Labels of two classes are −1 and 1; targets of K classes are probabilities, (..., K), that add up to 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, same_shape


def squared(f, y) -> Tensor:
    """(f − y)², entry by entry."""
    f, y = _pair(f, y)
    return (f - y) ** 2


def squared_slope(f, y) -> Tensor:
    """Its slope in f, 2 (f − y)."""
    f, y = _pair(f, y)
    return 2 * (f - y)


def logistic(f, y) -> Tensor:
    """ln(1 + e^{−y f}) for labels y of −1 and 1: minus the logarithm of the probability σ(y f)."""
    f, y = _pair(f, y)
    return torch.nn.functional.softplus(-_labels(y) * f)


def logistic_slope(f, y) -> Tensor:
    """Its slope in f, −y σ(−y f)."""
    f, y = _pair(f, y)
    return -_labels(y) * torch.sigmoid(-y * f)


def softmax(z) -> Tensor:
    """e^{z_i} / Σ_j e^{z_j} along the last dimension; the largest entry is taken off first: nothing overflows."""
    z = as_tensor("z", z)
    powers = torch.exp(z - z.amax(dim=-1, keepdim=True))
    return powers / powers.sum(dim=-1, keepdim=True)


def softmax_jacobian(z) -> Tensor:
    """∂s_i/∂z_j = s_i ([i = j] − s_j): (..., K) → (..., K, K)."""
    s = softmax(z)
    return torch.diag_embed(s) - s[..., :, None] * s[..., None, :]


def cross_entropy(z, y) -> Tensor:
    """−Σ_i y_i ln s_i for s = softmax(z): z, y (..., K) → (...)."""
    z, y = _distribution(z, y)
    return -(y * torch.log_softmax(z, dim=-1)).sum(-1)


def cross_entropy_gradient(z, y) -> Tensor:
    """Its gradient in z, s − y: (..., K)."""
    z, y = _distribution(z, y)
    return softmax(z) - y


def summed_binary_entropy(z, y) -> Tensor:
    """−Σ_i [y_i ln s_i + (1 − y_i) ln(1 − s_i)] for s = softmax(z), printed in slides: (..., K) → (...)."""
    z, y = _distribution(z, y)
    count = z.shape[-1]
    # ln(1 − s_i) = ln of the sum of the other powers, minus ln of the sum of all
    others = z[..., None, :].expand(*z.shape, count).masked_fill(torch.eye(count, dtype=torch.bool), -torch.inf)
    log_rest = torch.logsumexp(others, dim=-1) - torch.logsumexp(z, dim=-1, keepdim=True)
    return cross_entropy(z, y) - ((1 - y) * log_rest).sum(-1)


def _pair(f, y) -> tuple[Tensor, Tensor]:
    f, y = as_tensor("f", f), as_tensor("y", y)
    same_shape(tuple(f.shape), "f", y=y)
    return f, y


def _labels(y: Tensor) -> Tensor:
    if not bool((y.abs() == 1).all()):
        raise ValueError("y: expected labels −1 and 1")
    return y


def _distribution(z, y) -> tuple[Tensor, Tensor]:
    z, y = as_tensor("z", z), as_tensor("y", y)
    same_shape(tuple(z.shape), "z", y=y)
    if not bool((y >= 0).all() & ((y.sum(-1) - 1).abs() < 1e-9).all()):
        raise ValueError("y: expected probabilities that add up to 1 along the last dimension")
    return z, y
