r"""Expected risk of least squares on Gaussian data, exactly, with noise and a ridge, at any number of features.

Inputs have D independent standard normal features, y = Σ_j β_j x_j + σ ε, and the first p features are fitted to n data
by minimizing ‖X w − y‖² + λ ‖w‖²; λ = 0 stands for its limit, the fit of least norm. The D − p features left out act as
noise, so that with τ = ‖β_left‖² + σ² and the eigenvalues s of W = XᵀX the risk at a new input is

    E (y − ŷ)² = τ + (‖β_fitted‖² / p) E Σ_s λ² / (s + λ)² + τ E Σ_s s / (s + λ)².

Sums over the min(n, p) eigenvalues that are not 0 are integrals against their density, which is known exactly: that of
the Laguerre orthogonal ensemble (Adler, Forrester, Nagao, van Moerbeke 2000, section 4).
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, NamedTuple

import numpy as np
import torch
from numpy.polynomial import legendre
from torch import Generator, Tensor

from lecturelib.bias.complexity.growing import growing_fits
from lecturelib.core.arguments import Count, Counts, NonNegative, checked

NODES = 16  # of Gauss's rule in each panel
REACH = 9.0  # standard deviations of a singular value beyond the bulk: what is left out has probability e^{-40}


class Risk(NamedTuple):
    """The parts of the expected risk, (P,) each: squared bias of what is fitted, variance, features left out, noise."""

    bias: Tensor
    variance: Tensor
    left_out: Tensor
    noise: Tensor

    @property
    def total(self) -> Tensor:
        """Their sum, (P,)."""
        return self.bias + self.variance + self.left_out + self.noise


@checked
def risk_curve(
    n: Count, features: Annotated[Counts, "P"], noise: NonNegative, ridge: NonNegative = 0.0, *,
    total: Count | None = None, signal: NonNegative = 1.0,
) -> Risk:  # fmt: skip
    """The expected risk of fits to n data with so many of `total` features, (P,) → four parts of shape (P,) each.

    noise: σ, a standard deviation; ridge: λ in ‖X w − y‖² + λ ‖w‖²; signal: ‖β‖², spread evenly over all features;
    total: D, the largest of `features` unless given. Without ridge the variance is τ p/(n − p − 1) for p ≤ n − 2, τ
    n/(p − n − 1) for p ≥ n + 2, and infinite between. With it, the formula of the module (Adler et al. 2000), to about
    10⁻¹¹. Raises ValueError where more features are fitted than there are.

    >>> risk_curve(3, [1, 3, 6], noise=0.5, total=6).total  # infinite where there are as many features as data
    tensor([2.1667,    inf, 1.1250], dtype=torch.float64)
    >>> risk_curve(3, [1, 3, 6], noise=0.5, ridge=1.5, total=6).total
    tensor([1.2679, 1.1704, 0.9026], dtype=torch.float64)
    """
    d = total or max(int(features.max()) if len(features) else 1, 1)
    if bool((features > d).any()):
        raise ValueError(f"features: expected at most {d}, the number of all features, got {int(features.max())}")
    p = features.double()
    left_out = signal * (1 - p / d)
    tau, each = left_out + noise**2, signal / d
    if ridge == 0:
        bias = each * (p - n).clamp(min=0)
        size, other = p.clamp(max=n), p.clamp(min=n)
        sums = torch.where(other - size > 1, size / (other - size - 1), torch.where(p > 0, torch.inf, 0.0))
        variance = torch.where(tau > 0, tau * sums, 0.0)
    else:
        sums = torch.tensor([_ridge_sums(n, count, ridge) for count in features.tolist()], dtype=p.dtype).reshape(-1, 2)
        bias, variance = each * (sums[:, 0] + (p - n).clamp(min=0)), tau * sums[:, 1]
    return Risk(bias, variance, left_out, torch.full_like(p, noise**2))


@checked
def best_ridge(
    features: Annotated[Counts, "P"], noise: NonNegative, *, total: Count | None = None, signal: NonNegative = 1.0
) -> Tensor:
    """The ridge of least expected risk, λ = p τ / ‖β_fitted‖² = D τ / ‖β‖² for a signal spread evenly: (P,) → (P,).

    It does not depend on the number of data. Infinite where there is no signal and some τ. Raises ValueError as
    `risk_curve` does.

    >>> best_ridge([0, 2, 4], noise=0.5, total=4)
    tensor([5., 3., 1.], dtype=torch.float64)
    """
    parts = risk_curve(1, features, noise, total=total, signal=signal)
    d = total or max(int(features.max()) if len(features) else 1, 1)
    tau = parts.left_out + parts.noise
    return torch.where(tau > 0, d * tau / signal if signal else torch.inf, 0.0)


def _ridge_sums(n: int, p: int, ridge: float) -> tuple[float, float]:
    """E Σ λ²/(s + λ)² and E Σ s/(s + λ)² over the min(n, p) eigenvalues."""
    if p == 0:
        return 0.0, 0.0
    s, weights = wishart_spectrum(max(n, p), min(n, p), ridge)
    return float(weights @ (ridge / (s + ridge)) ** 2), float(weights @ (s / (s + ridge) ** 2))


def wishart_spectrum(n: int, p: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights: E Σ g(s) ≈ Σ weights · g(nodes), over the p eigenvalues s of XᵀX, X (n, p) normal, n ≥ p.

    scale: how near to 0 the poles of g are. With a = n − p and the functions φ_j orthonormal on (0, ∞), φ_j(s) ∝
    s^{a/2} e^{−s/2} L_j^{(a)}(s), and ψ_j = φ_j / √s, the density of all eigenvalues together is
    Σ_{j<p−1} φ_j² − ½ √((p−1)(p−1+a)) ψ_{p−1}(s) · ½ ∫ sign(s − t) ψ_{p−2}(t) dt + [p odd] ψ_{p−1}(s) / ∫ ψ_{p−1}.
    In the singular value √s, in which it is smooth, Gauss's rule on panels of about one wave does the rest.
    """
    a = n - p
    root, dr = _panels(n, p, scale)
    s = root**2
    log = a / 2 * np.log(s) - s / 2 - _log_gamma(a + 1) / 2
    now, before, squares = np.ones_like(s), np.zeros_like(s), np.zeros_like(s)
    for j in range(p - 1):
        squares = squares + now**2
        after = ((2 * j + 1 + a - s) * now - (j * (j + a)) ** 0.5 * before) / ((j + 1) * (j + 1 + a)) ** 0.5
        before, now = now, after
        size = np.maximum(np.abs(now), np.abs(before))
        if size.max() > 1e50:  # far in the tails polynomials are huge and the weight tiny
            shrink = np.where(size > 1e50, 1 / np.maximum(size, 1), 1.0)
            now, before, squares, log = now * shrink, before * shrink, squares * shrink**2, log - np.log(shrink)
    weight = np.exp(log)
    top, below = 2 * now * weight, 2 * before * weight  # ψ ds = 2 φ d√s
    inner = (dr * below).sum(1)
    up_to = (np.cumsum(inner) - inner)[:, None] + (dr.sum(1) / 2)[:, None] * (below @ _integrals().T)
    density = 2 * root * squares * weight**2 - 0.5 * ((p - 1) * (p - 1 + a)) ** 0.5 * top * (up_to - inner.sum() / 2)
    if p % 2:
        density = density + top / (dr * top).sum()
    return s.ravel(), (dr * density).ravel()


def _panels(n: int, p: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of Gauss's rule for the singular value, and their weights: (panels, NODES) each."""
    low, high = max(0.0, n**0.5 - p**0.5 - REACH), n**0.5 + p**0.5 + REACH
    edges = np.linspace(low, high, int(np.ceil((high - low) * (2 * (n + p)) ** 0.5 / 8)) + 1)
    if low == 0:  # towards 0 panels become as short as the distance of the poles
        first = edges[1]
        halvings = int(np.ceil(max(0.0, np.log2(2 * first / max(scale**0.5, 1e-12 * first)))))
        edges = np.concatenate([[0.0], first * 2.0 ** -np.arange(halvings, 0, -1), edges[1:]])
    nodes, weights = legendre.leggauss(NODES)
    half = np.diff(edges)[:, None] / 2
    return edges[:-1, None] + half * (1 + nodes), half * weights


@cache
def _integrals() -> np.ndarray:
    """Matrix that takes values at Gauss's nodes to integrals from −1 to each of them."""
    nodes, _ = legendre.leggauss(NODES)
    back = np.linalg.inv(legendre.legvander(nodes, NODES - 1))
    return np.stack([legendre.legval(nodes, legendre.legint(column, lbnd=-1)) for column in back.T], axis=1)


def _log_gamma(value: float) -> float:
    return float(torch.lgamma(torch.tensor(value, dtype=torch.float64)))


@checked
def sampled_risk(
    n: Count, features: Count, noise: NonNegative, ridge: NonNegative = 0.0, *, signal: NonNegative = 1.0,
    draws: Count = 1, generator: Generator,
) -> Tensor:  # fmt: skip
    """The risk of fits to data that are drawn, with 1, 2, …, `features` features: (draws, features).

    Fits grow by one feature at a time (`growing_fits`); the risk of given weights is exact, ‖w − β_fitted‖² +
    ‖β_left‖² + σ². Its mean over draws is `risk_curve` with all features as `total`.

    >>> generator = torch.Generator().manual_seed(0)
    >>> sampled_risk(3, 6, noise=0.5, draws=2, generator=generator).shape
    torch.Size([2, 6])
    """
    x, errors = (
        torch.randn(draws, n, size, generator=generator, dtype=torch.float64, device=generator.device)
        for size in (features, 1)
    )
    beta = x.new_full((features,), (signal / features) ** 0.5)
    weights = growing_fits(x, x @ beta + noise * errors[..., 0], ridge)
    return (weights - beta).square().sum(-1) + noise**2
