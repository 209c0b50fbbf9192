r"""Least squares: closed paths of descent, flow and ridge, and stochastic descent with its mean and spread.

Paths are those of ½ ‖A w − b‖² for matrices of any rank. In the singular value decomposition A = Σ σ_i u_i v_iᵀ mode i
goes a part p(σ_i²) of the distance to u_iᵀb/σ_i, and what is orthogonal to all v_i stays:
w = start + Σ_i p(σ_i²) (u_iᵀb/σ_i − v_iᵀstart) v_i.

The loss of `LeastSquares` is the mean L(w) = (1/N) Σ (wᵀφ_n − y_n)², with Hessian H = (2/N) ΦᵀΦ; it is ½ ‖A w − b‖² for
its `a` and `b`. A step with the batch B is w ← w − η (1/|B|) Σ_{n ∈ B} 2 (wᵀφ_n − y_n) φ_n.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import (
    Array,
    Count,
    Counts,
    Matrix,
    Natural,
    NonNegativeArray,
    Positive,
    Times,
    Vector,
    checked,
)
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
    def a(self) -> Tensor:
        """A = √(2/N) Φ, (N, p): with it and `b` the loss is L(w) = ½ ‖A w − b‖²."""
        return (2 / len(self.y)) ** 0.5 * self.features

    @property
    def b(self) -> Tensor:
        """b = √(2/N) y, (N,)."""
        return (2 / len(self.y)) ** 0.5 * self.y

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
Start = Annotated[Vector, "p"]
Starts = Annotated[Array, "... p"]


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


System = Annotated[Matrix, "n d"]
Targets = Annotated[Array, "* n"]
Weights = Annotated[Array, "* d"]


def by_modes(a: Tensor, b: Tensor, start: Tensor, parts: Callable[[Tensor], Tensor]) -> Tensor:
    """start + Σ_i p_i (u_iᵀb/σ_i − v_iᵀstart) v_i: a (n, d), b (*, n), start (*, d) → (T, *, d).

    parts: the squares σ_i² of the r singular values, (r,) → the parts p_i of the distance that each mode goes, (T, r).
    Singular values of at most max(n, d) ε σ_1, with the ε of the precision, count as 0, as in torch.linalg.matrix_rank.
    """
    u, sigma, vt = torch.linalg.svd(a, full_matrices=False)
    known = sigma > max(a.shape) * torch.finfo(a.dtype).eps * sigma[0]
    u, sigma, vt = u[:, known], sigma[known], vt[known]
    ahead = b @ u / sigma - start @ vt.T
    gone = parts(sigma.square())
    gone = gone.reshape(len(gone), *(1 for _ in ahead.shape[:-1]), len(sigma))
    return start + torch.where(ahead == 0, 0.0, gone * ahead) @ vt


@checked
def descent_path(a: System, b: Targets, start: Weights, *, learning_rate: Positive, steps: Counts) -> Tensor:
    """Gradient descent on ½ ‖A w − b‖², after any numbers of steps: start (*, d) → (T, *, d).

    a: (n, d) of any rank; b: (*, n); steps: (T,), up to 10¹² and in any order. Each mode goes the part 1 − (1 − ησ²)^k
    of its distance, from one decomposition whatever the numbers of steps. Rates of 2/σ_1² and more do not converge;
    they are followed as far as floats reach. Raises ValueError naming the largest stable rate where they do not.

    >>> descent_path([[1.0, 2.0]], [5.0], [3.0, -1.0], learning_rate=0.1, steps=[0, 1, 2])
    tensor([[ 3.0000, -1.0000],
            [ 3.4000, -0.2000],
            [ 3.6000,  0.2000]], dtype=torch.float64)
    """
    path = by_modes(a, b, start, lambda squares: parts_of_descent(squares, learning_rate, steps))
    if not bool(torch.isfinite(path).all()):
        said = f"expected less than {largest_rate(a):.6g}, from where on steps are unstable, or fewer steps"
        raise ValueError(f"learning_rate: {said}, got {learning_rate:.6g}, whose weights overflow")
    return path


def parts_of_descent(squares: Tensor, learning_rate: float, steps: Tensor) -> Tensor:
    """1 − (1 − ησ²)^k without cancellation: squares σ² (r,), steps (T,) → (T, r)."""
    x, k = learning_rate * squares, steps[:, None]
    logs = torch.where(x < 1, torch.log1p(-x), torch.log1p(x - 2))  # of |1 − x|
    power = torch.expm1(k * logs.clamp(min=-1e4))  # |1 − x|^k − 1
    return torch.where((x > 1) & (k % 2 == 1), 2 + power, -power)


@checked
def flow_path(a: System, b: Targets, start: Weights, *, times: Times) -> Tensor:
    """Gradient flow dw/dt = −Aᵀ(A w − b) at any times: start (*, d) → (T, *, d).

    a: (n, d) of any rank; b: (*, n); times: (T,). Each mode goes the part 1 − e^{−σ²t} of its distance.

    >>> flow_path([[1.0, 2.0]], [5.0], [3.0, -1.0], times=[0.0, 1.0])
    tensor([[ 3.0000, -1.0000],
            [ 3.7946,  0.5892]], dtype=torch.float64)
    """
    return by_modes(a, b, start, lambda squares: -torch.expm1(-squares * times[:, None]))


@checked
def ridge_path(a: System, b: Targets, start: Weights, *, penalties: Annotated[NonNegativeArray, "_T"]) -> Tensor:
    """The minimizers of ½ ‖A w − b‖² + ½ λ ‖w − start‖² for penalties λ (T,): start (*, d) → (T, *, d).

    a: (n, d) of any rank; b: (*, n). Each mode goes the part σ²/(σ² + λ) of its distance; for λ = 0 it is the limit
    λ → 0, the minimizer of ‖A w − b‖ that is nearest to the start.

    >>> ridge_path([[1.0, 2.0]], [5.0], [3.0, -1.0], penalties=[5.0, 0.0])
    tensor([[ 3.4000, -0.2000],
            [ 3.8000,  0.6000]], dtype=torch.float64)
    """
    return by_modes(a, b, start, lambda squares: 1 / (1 + penalties[:, None] / squares))


@checked
def least_norm(a: System, b: Targets, start: Weights | None = None) -> Tensor:
    """A⁺b, of all minimizers of ‖A w − b‖ the one of least norm, or the one nearest to `start`: (*, d).

    a: (n, d) of any rank; b: (*, n); start: (*, d). A⁺ is the pseudo-inverse, and the nearest to a start is
    A⁺b + (I − A⁺A) start.

    >>> least_norm([[1.0, 2.0]], [5.0], [3.0, -1.0])
    tensor([3.8000, 0.6000], dtype=torch.float64)
    """
    start = a.new_zeros(a.shape[1]) if start is None else start
    return by_modes(a, b, start, lambda squares: torch.ones_like(squares)[None])[0]


@checked
def largest_rate(a: System) -> float:
    """2/σ_1², a: (n, d): descent on ½ ‖A w − b‖² converges from every start for rates below; infinite where A = 0.

    >>> round(largest_rate([[1.0, 2.0]]), 12)
    0.4
    """
    size = float(torch.linalg.matrix_norm(a, 2)) ** 2
    return 2 / size if size else math.inf
