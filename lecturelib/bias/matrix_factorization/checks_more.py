"""Claims of the page behind `bias/matrix_factorization`: a proved case, and the flow where everything is observed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq, root
from torch import Generator, Tensor

from lecturelib.bias.matrix_factorization.factors import Factors
from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform


def commuting(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, float]]:
    """Eigenvectors Q (n, n) and eigenvalues (K, n) that measurements share, what was measured, and the start α."""
    for size, count in ((3, 1), (4, 2)):
        q = torch.linalg.qr(normal(generator, size, size)).Q
        eigenvalues = normal(generator, count, size)
        yield q, eigenvalues, eigenvalues @ sizes(generator, size), float(uniform(generator, low=0.05, high=0.5))


def by_the_flow(q: Tensor, eigenvalues: Tensor, y: Tensor, alpha: float) -> Tensor:
    """U Uᵀ at the end of U̇ = −∂ℓ/∂U, ℓ = ½ Σ (⟨A_k, U Uᵀ⟩ − y_k)², in full matrices, from √α I."""
    basis, size = q.numpy(), len(q)
    measured = np.einsum("ir,kr,jr->kij", basis, eigenvalues.numpy(), basis)
    values = y.numpy()

    def speed(_, flat):
        u = flat.reshape(size, size)
        residuals = np.einsum("kij,ij->k", measured, u @ u.T) - values
        return (-2 * np.einsum("k,kij->ij", residuals, measured) @ u).ravel()

    start = alpha**0.5 * np.eye(size).ravel()
    run = solve_ivp(speed, (0, 400), start, rtol=1e-10, atol=1e-12, method="LSODA")
    u = torch.from_numpy(run.y[:, -1].reshape(size, size))
    return u @ u.mT


@claim(
    "thm-completion-commuting",
    source="gunasekar2017: section 4; own",
    check=equals(by_the_flow, on=commuting, tolerance=1e-8),
    wrong={
        r"from $\alpha^2 I$": {"power": 2.0},
        "the solution of least Frobenius norm": lambda q, b, y, _: q @ torch.diag(torch.linalg.pinv(b) @ y) @ q.mT,
        "the start nearest in Frobenius norm": lambda q, b, y, alpha: (
            q @ torch.diag(alpha + torch.linalg.pinv(b) @ (y - alpha * b.sum(1))) @ q.mT),
    },
)  # fmt: skip
def entropic(q, eigenvalues, y, alpha, *, power=Exponent(1), scale=1.0):
    """Q diag(x) Qᵀ with x_i = α exp((Bᵀ λ)_i) and B x = y: least Σ x_i (ln(x_i / α) − 1) among these."""
    b, size = eigenvalues.numpy(), scale * alpha**power
    found = root(lambda dual: b @ (size * np.exp(b.T @ dual)) - y.numpy(), np.zeros(len(b)), method="lm", tol=1e-13)
    return q @ torch.diag(torch.from_numpy(size * np.exp(b.T @ found.x))) @ q.mT


def everything_seen(generator: Generator) -> Iterator[tuple[Tensor, float, int, float]]:
    """Singular values s of the target, one size σ₀ of all at the start, depth and time."""
    for depth in (1, 2, 3, 4):
        s = 1 + uniform(generator, 2)
        yield s, float(uniform(generator, low=0.05, high=0.3)), depth, float(uniform(generator, low=0.3, high=1.2))


def modes_of_factors(s: Tensor, start: float, depth: int, time: float) -> Tensor:
    """The singular values from the flow of all factors, in full matrices with turned singular vectors."""
    size, source = len(s), torch.Generator().manual_seed(int(1e6 * float(s[0])))
    u, v = (torch.linalg.qr(normal(source, size, size)).Q.numpy() for _ in range(2))
    target = u @ np.diag(s.numpy()) @ v.T
    ends = [start ** (1 / depth) * np.eye(size) for _ in range(depth)]
    ends[0] = ends[0] @ v.T
    ends[-1] = u @ ends[-1]

    def speed(_, flat):
        w = flat.reshape(depth, size, size)
        residual = Factors(tuple(map(torch.from_numpy, w))).product.numpy() - target
        moved = []
        for j in range(depth):
            before, after = np.eye(size), np.eye(size)
            for one in w[:j]:
                before = one @ before
            for one in w[j + 1 :]:
                after = one @ after
            moved.append(-after.T @ residual @ before.T)
        return np.ravel(moved)

    run = solve_ivp(speed, (0, time), np.ravel(ends), rtol=1e-11, atol=1e-13, method="DOP853")
    end = Factors(tuple(map(torch.from_numpy, run.y[:, -1].reshape(depth, size, size)))).product
    return torch.linalg.svdvals(end).sort().values


@claim(
    "prop-completion-logistic",
    source="saxe2014: equations 5 to 8; own",
    check=equals(modes_of_factors, on=everything_seen, tolerance=1e-8),
    wrong={
        r"$e^{-s t}$ at depth 2": {"twice": 1.0},
        "depth 2 at every depth": lambda s, start, n, t: logistic.formula(s, start, 2, t),
    },
)
def logistic(s, start, depth, time, *, twice=2.0, root=2.0):
    """σ(t) where every entry is observed: closed for N = 1 and 2, the inverse of an integral for others."""
    if depth == 1:
        found = s - (s - start) * torch.exp(-s.new_tensor(time))
    elif depth == 2:
        found = s / (1 + (s / start - 1) * torch.exp(-twice * s * time))
    else:
        found = torch.tensor([on_arrival(depth, one, start, time, root) for one in s.tolist()], dtype=s.dtype)
    return found.sort().values


def on_arrival(depth: int, s: float, start: float, time: float, root: float = 2.0) -> float:
    """Where the mode is at a time: with p = 1 − 2/N and σ = s y, ∫ dy / (y^{1+p} (1 − y)) = N s^{1+p} t."""
    p = 1 - root / depth

    def arrival(sigma: float) -> float:
        return quad(lambda y: y ** (-1 - p) / (1 - y), start / s, sigma / s, epsabs=0, epsrel=1e-11, limit=200)[0]

    wanted = depth * s ** (1 + p) * time
    return brentq(lambda sigma: arrival(sigma) - wanted, start, s * (1 - 1e-9), xtol=1e-14)
