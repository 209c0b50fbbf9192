r"""Gradient descent on least squares, full, stochastic and continuous, with its mean and spread in closed form.

The loss is L(w) = (1/N) Σ (wᵀφ_n − y_n)², with Hessian H = (2/N) ΦᵀΦ. A step with the batch B is
w ← w − η (1/|B|) Σ_{n ∈ B} 2 (wᵀφ_n − y_n) φ_n.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import one_dimensional, same_shape
from lecturelib.kernels.models.features import read_inputs

SAMPLING = ("replacement", "subset", "epoch")
"""How a batch is drawn: each member anew, a random subset, or consecutive parts of a shuffled list of all data."""


@dataclass(frozen=True)
class LeastSquares:
    """Features Φ (N, p) of full column rank, and targets y (N,)."""

    features: Tensor
    y: Tensor

    def __post_init__(self) -> None:
        features, y = read_inputs("features", self.features), one_dimensional("y", self.y)
        same_shape((features.shape[0],), "a column of features", y=y)
        if int(torch.linalg.matrix_rank(features)) < features.shape[1]:
            raise ValueError("features: expected full column rank, so that there is one best w")
        object.__setattr__(self, "features", features)
        object.__setattr__(self, "y", y)

    @property
    def count(self) -> int:
        """N."""
        return self.y.numel()

    @property
    def hessian(self) -> Tensor:
        """H = (2/N) ΦᵀΦ, (p, p)."""
        return 2 / self.count * self.features.T @ self.features

    @property
    def best(self) -> Tensor:
        """The minimizer w*, (p,)."""
        return torch.linalg.lstsq(self.features, self.y[:, None]).solution[:, 0]

    def loss(self, w: Tensor) -> Tensor:
        """L(w): w (..., p) → (...)."""
        return (w @ self.features.T - self.y).square().mean(-1)

    def gradient(self, w: Tensor) -> Tensor:
        """∇L(w) = (2/N) Φᵀ(Φw − y): w (..., p) → (..., p)."""
        return 2 / self.count * (w @ self.features.T - self.y) @ self.features


def descend(
    problem: LeastSquares,
    start: Tensor,
    *,
    rate: float,
    steps: int,
    batch: int,
    generator: Generator,
    sampling: str = "subset",
) -> Tensor:
    """Stochastic gradient descent of an ensemble: start (S, p) → the weights after every step, (steps + 1, S, p).

    Every member draws its own batches. batch: members of a batch, from 1 to N; sampling: one of `SAMPLING`.
    """
    read_batch(problem, batch, sampling)
    w, path = start, [start]
    order = torch.empty(start.shape[0], 0, dtype=torch.long)
    for _ in range(steps):
        if sampling == "replacement":
            chosen = torch.randint(problem.count, (start.shape[0], batch), generator=generator)
        else:
            if sampling == "subset" or order.shape[1] < batch:
                order = torch.rand(start.shape[0], problem.count, generator=generator).argsort(dim=1)
            chosen, order = order[:, :batch], order[:, batch:]
        rows, targets = problem.features[chosen], problem.y[chosen]  # (S, B, p), (S, B)
        residuals = torch.einsum("sbp,sp->sb", rows, w) - targets
        w = w - rate * 2 / batch * torch.einsum("sb,sbp->sp", residuals, rows)
        path.append(w)
    return torch.stack(path)


def batch_factor(count: int, batch: int, sampling: str) -> float:
    """What a batch multiplies the covariance of a single gradient by: 1/B, or (N − B) / (B (N − 1)) for subsets."""
    if sampling == "replacement":
        return 1 / batch
    return (count - batch) / (batch * (count - 1)) if count > 1 else 0.0


def expected_path(
    problem: LeastSquares, start: Tensor, *, rate: float, steps: int, batch: int, sampling: str = "subset"
) -> tuple[Tensor, Tensor]:
    r"""The mean of the weights and of the loss over all draws of batches, exactly: (steps + 1, p) and (steps + 1,).

    start: (p,). With e = w − w*, m = E e, C = E e eᵀ, residuals ρ of the best fit and the factor κ of `batch_factor`:
    m ← (I − ηH) m and C ← (I − ηH) C (I − ηH) + η² κ S, S = (1/N) Σ E g_n g_nᵀ − H C H the covariance of the gradient
    of a single datum g_n = 2 (φ_nᵀe + ρ_n) φ_n, so that E g_n g_nᵀ = 4 (φ_nᵀCφ_n + 2 ρ_n φ_nᵀm + ρ_n²) φ_nφ_nᵀ.
    Not for sampling by epochs, whose batches depend on one another.
    """
    read_batch(problem, batch, sampling)
    if sampling == "epoch":
        raise ValueError("sampling: expected 'replacement' or 'subset'; batches of one epoch are not independent")
    phi, h, best = problem.features, problem.hessian, problem.best
    rho = phi @ best - problem.y
    keep = torch.eye(h.shape[0], dtype=h.dtype) - rate * h
    factor = batch_factor(problem.count, batch, sampling)
    m = start - best
    c = m[:, None] * m
    means, losses = [], []
    for _ in range(steps + 1):
        means.append(best + m)
        losses.append(rho.square().mean() + (c * h).sum() / 2)
        sizes = 4 * (torch.einsum("np,pq,nq->n", phi, c, phi) + 2 * rho * (phi @ m) + rho**2)
        single = (phi * sizes[:, None]).T @ phi / problem.count - h @ c @ h
        m, c = keep @ m, keep @ c @ keep + rate**2 * factor * single
    return torch.stack(means), torch.stack(losses)


def descent_path(problem: LeastSquares, start: Tensor, *, rate: float, steps: Tensor) -> Tensor:
    """Gradient descent in closed form, w* + V (1 − ηλ)^t Vᵀ (w_0 − w*): start (p,), steps (T,) integers → (T, p)."""
    return _modes(problem, start, lambda values: (1 - rate * values) ** steps[:, None])


def flow_path(problem: LeastSquares, start: Tensor, *, times: Tensor) -> Tensor:
    """Gradient flow dw/dt = −∇L in closed form, w* + V e^{−λt} Vᵀ (w_0 − w*): start (p,), times (T,) → (T, p)."""
    return _modes(problem, start, lambda values: torch.exp(-values * times[:, None]))


def _modes(problem: LeastSquares, start: Tensor, decay) -> Tensor:
    values, vectors = torch.linalg.eigh(problem.hessian)
    return problem.best + (decay(values) * (vectors.T @ (start - problem.best))) @ vectors.T


def largest_rate(problem: LeastSquares) -> float:
    """2 / λ_max(H): gradient descent converges from every start for rates below, and not along that mode above."""
    return float(2 / torch.linalg.eigvalsh(problem.hessian)[-1])


def read_batch(problem: LeastSquares, batch: int, sampling: str) -> None:
    """Raise ValueError naming `batch` or `sampling` where it cannot be."""
    if sampling not in SAMPLING:
        raise ValueError(f"sampling: expected one of {', '.join(SAMPLING)}, got {sampling!r}")
    if not isinstance(batch, int) or not 1 <= batch <= problem.count:
        raise ValueError(f"batch: expected an integer from 1 to {problem.count}, got {batch}")
