"""What the best discriminator is, and what the generator then minimizes (Goodfellow et al. 2014)."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, NonNegativeArray, checked
from lecturelib.generative.adversarial.mixtures import GaussianMixture

Distribution = GaussianMixture | Annotated[NonNegativeArray, "K"]


def _alike(p: GaussianMixture | Tensor, q: GaussianMixture | Tensor) -> bool:
    """Are both mixtures, or both lists of probabilities? Raises ValueError where they do not fit."""
    mixtures = isinstance(p, GaussianMixture)
    if mixtures != isinstance(q, GaussianMixture):
        raise ValueError("q: expected a mixture where p is one, and probabilities where p has those")
    if mixtures:
        if p.means.shape[1] != q.means.shape[1]:
            raise ValueError(f"q: expected {p.means.shape[1]} dimensions, as p has, got {q.means.shape[1]}")
        return True
    for name, one in (("p", p), ("q", q)):
        if not math.isclose(float(one.sum()), 1, abs_tol=1e-9):
            raise ValueError(f"{name}: expected probabilities that add up to 1, got {float(one.sum()):g}")
    return False


@checked
def optimal_discriminator(p: GaussianMixture, q: GaussianMixture, x: Annotated[Array, "* d"]) -> Tensor:
    """D*(x) = p(x) / (p(x) + q(x)) at x, shape (..., d) → (...), from logarithms, so that it is right far out too.

    p: density of the data, q: of what is generated. Raises ValueError where their dimensions differ.

    >>> left, right = (GaussianMixture([[at]], [1.0], [1.0]) for at in (-1.0, 1.0))
    >>> optimal_discriminator(left, right, [[0.0], [1.0]])
    tensor([0.5000, 0.1192], dtype=torch.float64)
    """
    _alike(p, q)
    return torch.sigmoid(p.log_density(x) - q.log_density(x))


@checked
def jensen_shannon(p: Distribution, q: Distribution) -> float:
    """JS(p, q) = ½ ∫ p ln(p/m) + ½ ∫ q ln(q/m) with m = (p + q)/2: from 0, where both are equal, to ln 2.

    Both are mixtures of one or two dimensions, by quadrature to about 1e-12, or lists of K probabilities. Raises
    ValueError for one of each, for dimensions that differ, and where probabilities do not add up to 1.

    >>> jensen_shannon([0.5, 0.5, 0.0], [0.0, 0.5, 0.5])
    0.34657359027997264
    """
    if not _alike(p, q):
        return float(sum(torch.xlogy(one, one / (0.5 * (p + q))).nan_to_num().sum() for one in (p, q)) / 2)
    total = 0.0
    for one, other in ((p, q), (q, p)):
        x, weights = one.places()
        # ln(p/m) = ln 2 − ln(1 + q/p)
        total += float(weights @ torch.nn.functional.softplus(other.log_density(x) - one.log_density(x)))
    return max(0.0, math.log(2) - total / 2)
