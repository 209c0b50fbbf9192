"""Descent that is kicked: what it remembers of kicks, and what weight decay makes it forget."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Matrix, NonNegative, Positive, Vector, checked


@checked
def kicked_descent(
    a: Annotated[Matrix, "n d"], b: Annotated[Vector, "n"], start: Annotated[Vector, "d"],
    kicks: Annotated[Array, "... K d"], *, learning_rate: Positive, decay: NonNegative = 0.0,
) -> Tensor:  # fmt: skip
    """Descent on ½ ‖A w − b‖² + ½ λ ‖w‖² with a kick after every step: the weights after each, (..., K + 1, d).

    a: (n, d); start: (d,); kicks: (..., K, d), an ensemble of sequences of K kicks; decay: λ. A step is
    w ← w − η (Aᵀ(A w − b) + λ w) + kick. Raises ValueError where the weights overflow.

    >>> kicked_descent([[1.0, 2.0]], [5.0], [3.0, -1.0], [[0.0, 0.0], [2.0, -1.0]], learning_rate=0.1)
    tensor([[ 3.0000, -1.0000],
            [ 3.4000, -0.2000],
            [ 5.6000, -0.8000]], dtype=torch.float64)
    """
    w = start.expand(kicks.shape[:-2] + start.shape)
    path = [w]
    for kick in kicks.unbind(-2):
        w = w - learning_rate * ((w @ a.T - b) @ a + decay * w) + kick
        path.append(w)
    weights = torch.stack(path, -2)
    if not bool(torch.isfinite(weights).all()):
        raise ValueError(f"learning_rate: expected one that is stable, got {learning_rate:g}: the weights overflow")
    return weights
