r"""Gradient descent on least squares, full, stochastic and continuous, with its mean and spread in closed form.

The loss is L(w) = (1/N) Σ (wᵀφ_n − y_n)², with Hessian H = (2/N) ΦᵀΦ. A step with the batch B is
w ← w − η (1/|B|) Σ_{n ∈ B} 2 (wᵀφ_n − y_n) φ_n.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Matrix, Natural, Positive, Times, Vector, checked
from lecturelib.core.records import Record

Independent = Literal["replacement", "subset"]
Sampling = Literal["replacement", "subset", "epoch"]
"""How a batch is drawn: each member anew, a random subset, or consecutive parts of a shuffled list of all data."""


class LeastSquares(Record):
    """Features Φ (N, p) of full column rank, and targets y (N,).

    Raises ValueError where the rank is lower, so that there is more than one best w.

    >>> problem = LeastSquares([[1.0], [3.0]], [2.0, 2.0])
    >>> problem.best, problem.loss([0.0]), problem.gradient([0.0])
    (tensor([0.8000], dtype=torch.float64), tensor(4., dtype=torch.float64), tensor([-8.], dtype=torch.float64))
    """

    features: Annotated[Matrix, "N p"]
    y: Annotated[Vector, "N"]

    def __post_init__(self) -> None:
        if int(torch.linalg.matrix_rank(self.features)) < self.features.shape[1]:
            raise ValueError("features: expected full column rank, so that there is one best w")

    @property
    def hessian(self) -> Tensor:
        """H = (2/N) ΦᵀΦ, (p, p)."""
        return 2 / len(self.y) * self.features.T @ self.features

    @property
    def best(self) -> Tensor:
        """The minimizer w*, (p,)."""
        return torch.linalg.lstsq(self.features, self.y[:, None], driver="gels").solution[:, 0]

    @checked
    def loss(self, w: Annotated[Array, "... p"]) -> Tensor:
        """L(w): w (..., p) → (...)."""
        return (w @ self.features.T - self.y).square().mean(-1)

    @checked
    def gradient(self, w: Annotated[Array, "... p"]) -> Tensor:
        """∇L(w) = (2/N) Φᵀ(Φw − y): w (..., p) → (..., p)."""
        return 2 / len(self.y) * (w @ self.features.T - self.y) @ self.features


Problem = Annotated[LeastSquares, "N p"]
Start, Starts = Annotated[Vector, "p"], Annotated[Array, "... p"]


@checked
def stochastic_descent(
    problem: Problem, start: Starts, *, learning_rate: Positive, steps: Natural, batch: Count, generator: Generator,
    sampling: Sampling = "subset",
) -> Tensor:  # fmt: skip
    """Stochastic gradient descent of an ensemble: start (..., p) → the weights after every step, (steps + 1, ..., p).

    Every member draws its own batches. Raises ValueError where a batch without replacement is larger than the data.

    >>> problem = LeastSquares([[1.0], [3.0]], [2.0, 2.0])
    >>> settings = dict(learning_rate=0.05, steps=2, batch=2, generator=torch.Generator())
    >>> stochastic_descent(problem, [0.0], **settings)[:, 0].tolist()  # of all data: to the minimum 0.8
    [0.0, 0.4, 0.6]
    """
    count = len(problem.y)
    if batch > count and sampling != "replacement":
        raise ValueError(f"batch: expected at most {count}, the number of data, got {batch}")
    w, path = start.reshape(-1, start.shape[-1]), [start]
    order = torch.empty(len(w), 0, dtype=torch.long, device=generator.device)
    for _ in range(steps):
        if sampling == "replacement":
            order = torch.randint(count, (len(w), batch), generator=generator, device=generator.device)
        elif sampling == "subset" or order.shape[1] < batch:
            order = torch.rand(len(w), count, generator=generator, device=generator.device).argsort(dim=1)
        chosen, order = order[:, :batch].to(w.device), order[:, batch:]
        rows = problem.features[chosen]  # (S, B, p)
        residuals = torch.einsum("sbp,sp->sb", rows, w) - problem.y[chosen]
        w = w - learning_rate * 2 / batch * torch.einsum("sb,sbp->sp", residuals, rows)
        path.append(w.reshape(start.shape))
    return torch.stack(path)


@checked
def batch_factor(count: Count, batch: Count, sampling: Independent) -> float:
    """What a batch multiplies the covariance of a single gradient by: 1/B, or (N − B) / (B (N − 1)) for subsets.

    Raises ValueError where a subset is larger than the data.

    >>> batch_factor(5, 2, "subset"), batch_factor(5, 2, "replacement")
    (0.375, 0.5)
    """
    if sampling == "replacement":
        return 1 / batch
    if batch > count:
        raise ValueError(f"batch: expected at most {count}, the number of data, got {batch}")
    return (count - batch) / (batch * (count - 1)) if count > 1 else 0.0


@checked
def expected_path(
    problem: Problem, start: Start, *, learning_rate: Positive, steps: Natural, batch: Count,
    sampling: Independent = "subset",
) -> tuple[Tensor, Tensor]:  # fmt: skip
    r"""The mean of the weights and of the loss over all draws of batches, exactly: (steps + 1, p) and (steps + 1,).

    start: (p,). With e = w − w*, m = E e, C = E e eᵀ, residuals ρ of the best fit and the factor κ of `batch_factor`:
    m ← (I − ηH) m and C ← (I − ηH) C (I − ηH) + η² κ S, S = (1/N) Σ E g_n g_nᵀ − H C H the covariance of the gradient
    of a single datum g_n = 2 (φ_nᵀe + ρ_n) φ_n, so that E g_n g_nᵀ = 4 (φ_nᵀCφ_n + 2 ρ_n φ_nᵀm + ρ_n²) φ_nφ_nᵀ.
    Not for sampling by epochs, whose batches depend on one another. Raises ValueError where a subset is larger than the
    data.

    >>> problem = LeastSquares([[1.0], [3.0]], [2.0, 2.0])
    >>> expected_path(problem, [0.0], learning_rate=0.1, steps=1, batch=1)[1]
    tensor([4.0000, 1.6000], dtype=torch.float64)
    """
    phi, h, best = problem.features, problem.hessian, problem.best
    rho = phi @ best - problem.y
    keep = torch.eye(len(h), dtype=h.dtype, device=h.device) - learning_rate * h
    noise = learning_rate**2 * batch_factor(len(phi), batch, sampling)
    m = start - best
    c = m[:, None] * m
    means, losses = [], []
    for _ in range(steps + 1):
        means.append(best + m)
        losses.append(rho.square().mean() + (c * h).sum() / 2)
        sizes = 4 * (torch.einsum("np,pq,nq->n", phi, c, phi) + 2 * rho * (phi @ m) + rho**2)
        single = (phi * sizes[:, None]).T @ phi / len(phi) - h @ c @ h
        m, c = keep @ m, keep @ c @ keep + noise * single
    return torch.stack(means), torch.stack(losses)


@checked
def descent_path(problem: Problem, start: Start, *, learning_rate: Positive, steps: Natural) -> Tensor:
    """Gradient descent in closed form, w* + V (1 − ηλ)^t Vᵀ (w_0 − w*): the weights after every step, (steps + 1, p).

    >>> problem = LeastSquares([[1.0], [3.0]], [2.0, 2.0])
    >>> descent_path(problem, [0.0], learning_rate=0.05, steps=2)[:, 0]
    tensor([0.0000, 0.4000, 0.6000], dtype=torch.float64)
    """
    times = torch.arange(steps + 1, device=start.device)
    return _modes(problem, start, lambda values: (1 - learning_rate * values) ** times[:, None])


@checked
def flow_path(problem: Problem, start: Start, *, times: Times) -> Tensor:
    """Gradient flow dw/dt = −∇L in closed form, w* + V e^{−λt} Vᵀ (w_0 − w*): start (p,), times (T,) → (T, p).

    >>> problem = LeastSquares([[1.0], [3.0]], [2.0, 2.0])
    >>> flow_path(problem, [0.0], times=[0.0, 1.0])[:, 0]
    tensor([0.0000, 0.8000], dtype=torch.float64)
    """
    return _modes(problem, start, lambda values: torch.exp(-values * times[:, None]))


def _modes(problem: LeastSquares, start: Tensor, decay) -> Tensor:
    values, vectors = torch.linalg.eigh(problem.hessian)
    return problem.best + (decay(values) * (vectors.T @ (start - problem.best))) @ vectors.T


@checked
def largest_rate(problem: Problem) -> float:
    """2 / λ_max(H): gradient descent converges from every start for rates below, and not along that mode above.

    >>> round(largest_rate(LeastSquares([[1.0], [3.0]], [2.0, 2.0])), 12)  # H = 10
    0.2
    """
    return float(2 / torch.linalg.eigvalsh(problem.hessian)[-1])
