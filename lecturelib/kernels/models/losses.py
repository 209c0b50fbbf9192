"""Losses of a prediction, with their gradients: logistic loss, softmax with cross entropy.

softmax(z)_i = e^{z_i} / Σ_j e^{z_j}. Labels of two classes are −1 and 1; targets of K classes are probabilities,
(..., K), that add up to 1 (up to 10⁻⁵ or the rounding of their precision).
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, NonNegativeArray, checked

Numbers = Annotated[Array, "..."]
Outputs = Annotated[Array, "... K"]
Probabilities = Annotated[NonNegativeArray, "... K"]


@checked
def logistic(f: Numbers, y: Numbers) -> Tensor:
    """ln(1 + e^{−y f}): minus the logarithm of the probability σ(y f), entry by entry.

    Raises ValueError for labels but −1 and 1.

    >>> logistic([0.0, -5000.0], [1.0, 1.0])
    tensor([6.9315e-01, 5.0000e+03], dtype=torch.float64)
    """
    return torch.nn.functional.softplus(-_labels(y) * f)


@checked
def logistic_slope(f: Numbers, y: Numbers) -> Tensor:
    """Its slope in f, −y σ(−y f), entry by entry. Raises ValueError for labels but −1 and 1.

    >>> logistic_slope([0.0, -5000.0], [1.0, 1.0])
    tensor([-0.5000, -1.0000], dtype=torch.float64)
    """
    return -_labels(y) * torch.sigmoid(-y * f)


@checked
def cross_entropy(z: Outputs, y: Probabilities) -> Tensor:
    """−Σ_i y_i ln s_i for s = softmax(z): z, y (..., K) → (...). Raises ValueError where y does not add up to 1.

    >>> cross_entropy([0.0, 0.0], [1.0, 0.0])
    tensor(0.6931, dtype=torch.float64)
    """
    return -(_distribution(y) * torch.log_softmax(z, dim=-1)).sum(-1)


@checked
def cross_entropy_gradient(z: Outputs, y: Probabilities) -> Tensor:
    """Its gradient in z, s − y: (..., K). Raises ValueError where y does not add up to 1.

    >>> cross_entropy_gradient([0.0, 0.0], [1.0, 0.0])
    tensor([-0.5000,  0.5000], dtype=torch.float64)
    """
    return torch.softmax(z, dim=-1) - _distribution(y)


@checked
def summed_binary_entropy(z: Outputs, y: Probabilities) -> Tensor:
    """−Σ_i [y_i ln s_i + (1 − y_i) ln(1 − s_i)] for s = softmax(z), printed in slides: (..., K) → (...).

    Raises ValueError where y does not add up to 1, or where there is one class alone.

    >>> summed_binary_entropy([0.0, 0.0], [1.0, 0.0])  # of two classes: twice the cross entropy
    tensor(1.3863, dtype=torch.float64)
    """
    count = z.shape[-1]
    if count == 1:
        raise ValueError("z: expected at least two classes, got 1")
    # ln(1 − s_i) = ln of the sum of the other powers, minus ln of the sum of all
    own = torch.eye(count, dtype=torch.bool, device=z.device)
    log_rest = z[..., None, :].masked_fill(own, -torch.inf).logsumexp(-1) - z.logsumexp(-1, keepdim=True)
    return -(_distribution(y) * torch.log_softmax(z, dim=-1) + (1 - y) * log_rest).sum(-1)


def _labels(y: Tensor) -> Tensor:
    if not bool((y.abs() == 1).all()):
        raise ValueError("y: expected labels −1 and 1")
    return y


def _distribution(y: Tensor) -> Tensor:
    off = float((y.sum(-1) - 1).abs().max())
    if off > max(1e-5, y.shape[-1] * torch.finfo(y.dtype).eps):
        raise ValueError(f"y: expected probabilities that add up to 1 along the last dimension, off by {off:.3g}")
    return y
