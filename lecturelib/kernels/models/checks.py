"""Claims of the chapter `kernels/models`: features, kernels, and where the best weights lie."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linprog
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.kernels.models.features import features_of, kernel_weights, polynomial_features, polynomial_kernel
from lecturelib.kernels.models.losses import logistic_slope

ANSELMI = "Anselmi, class 1"
EXACT = 1e-10


def normal(generator: Generator, *shape: int) -> Tensor:
    """Standard normal numbers in float64."""
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def labels(generator: Generator, count: int) -> Tensor:
    """Fair random labels −1 and 1, both present."""
    y = torch.sign(normal(generator, count))
    y[0], y[1] = 1.0, -1.0
    return y


# Features and kernels


def _gives_the_matrix_back(features, generator: Generator) -> float:
    root = normal(generator, 7, 4)
    return relative_gap(features(root @ root.T) @ features(root @ root.T).T, root @ root.T)


def _eigenvectors(matrix: Tensor, power: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp(min=0) ** power


gram = Claim(
    label="thm-models-gram",
    statement=r"A symmetric matrix without negative eigenvalues is $\Phi \Phi^\top$ with $\Phi = V \Lambda^{1/2}$.",
    source="standard; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_gives_the_matrix_back,
    formula=features_of,
    falsifiers={
        "without the square root": lambda k: _eigenvectors(k, 1.0),
        "eigenvectors alone": lambda k: _eigenvectors(k, 0.0),
        "the matrix itself as features": lambda k: k,
    },
)


def _negative_part(combine, generator: Generator) -> float:
    one, two = (root @ root.T for root in normal(generator, 2, 7, 3))
    return max(0.0, *(-float(torch.linalg.eigvalsh(matrix).min()) for matrix in combine(one, two)))


closure = Claim(
    label="prop-models-closure",
    statement="Sums, products entry by entry and positive multiples of kernels are kernels.",
    source="Schur 1911; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_negative_part,
    formula=lambda one, two: (one + two, one * two, 3 * one),
    falsifiers={
        "differences": lambda one, two: (one - two,),
        "absolute values entry by entry": lambda one, two: (one.abs(),),
        "products of matrices, made symmetric": lambda one, two: (one @ two + two @ one,),
    },
)


def _is_the_kernel(features, generator: Generator) -> float:
    x, z = normal(generator, 5, 3), normal(generator, 4, 3)
    return max(relative_gap(features(x, k) @ features(z, k).T, polynomial_kernel(x, z, k)) for k in (1, 2, 3))


def _unweighted(x: Tensor, degree: int) -> Tensor:
    weights = polynomial_features(torch.ones(1, x.shape[1], dtype=x.dtype), degree)
    return polynomial_features(x, degree) / weights


polynomial = Claim(
    label="prop-models-polynomial",
    statement=r"$(1 + x^\top z)^q$ is the inner product of the monomials up to degree $q$, each with the root of its "
    "multinomial coefficient.",
    source="standard; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_is_the_kernel,
    formula=polynomial_features,
    falsifiers={
        "all weights 1": _unweighted,
        "the coefficient without the root": lambda x, k: polynomial_features(x, k) ** 2 / _unweighted(x, k),
        "without the constant": lambda x, k: polynomial_features(x, k)[:, 1:],
    },
)


# What a straight line cannot do


def _lacks_margin(features, generator: Generator) -> float:
    sides = 0.5 + torch.rand(2, generator=generator, dtype=torch.float64)
    x = sides * torch.tensor([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]], dtype=torch.float64)
    y = torch.tensor([-1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    rows = (y[:, None] * features(x)).numpy()  # the margin t ≤ y wᵀφ for |w_j| ≤ 1 is made as large as possible
    cost = np.append(np.zeros(rows.shape[1]), -1.0)
    bounds = [(-1, 1)] * rows.shape[1] + [(None, 1)]
    best = linprog(cost, A_ub=np.c_[-rows, np.ones(4)], b_ub=np.zeros(4), bounds=bounds)
    return max(0.0, 0.2 - best.x[-1])  # |x_1 x_2| is at least 1/4, so w = −1 on it alone has margin 1/4


def _with_line(x: Tensor, *more: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(x[:, :1]), x, *more], dim=1)


xor = Claim(
    label="prop-models-xor",
    statement="Corners of a rectangle, labelled in turn, are separated by no line, but by one with $x_1 x_2$ added.",
    source=f"{ANSELMI}; the example of exclusive or is derived here",
    method="exact identity",
    tolerance=1e-9,
    check=_lacks_margin,
    formula=lambda x: _with_line(x, x.prod(1, keepdim=True)),
    falsifiers={
        "a line": _with_line,
        r"a line with $x_1^2$ and $x_2^2$ added": lambda x: _with_line(x, x**2),
        r"a line with $\lvert x_1 x_2 \rvert$ added": lambda x: _with_line(x, x.prod(1, keepdim=True).abs()),
        "a line with a neuron that looks along one axis added": lambda x: _with_line(x, torch.relu(x[:, :1] - 0.1)),
    },
)


# Where the best weights lie


def _newton(phi: Tensor, metric: Tensor, y: Tensor, penalty: float) -> Tensor:
    """The u that minimizes (1/N) Σ ln(1 + exp(−y_n (phi u)_n)) + penalty uᵀ metric u."""
    u = torch.zeros(phi.shape[1], dtype=phi.dtype)
    for _ in range(60):
        p = torch.sigmoid(-y * (phi @ u))
        gradient = -phi.T @ (y * p) / y.numel() + 2 * penalty * metric @ u
        hessian = (phi * (p * (1 - p))[:, None]).T @ phi / y.numel() + 2 * penalty * metric
        u = u - torch.linalg.lstsq(hessian, gradient[:, None], driver="gelsd").solution[:, 0]
    return u


def _finds_the_minimizer(fit, generator: Generator) -> float:
    phi, y = normal(generator, 6, 15), labels(generator, 6)
    best = _newton(phi, torch.eye(15, dtype=torch.float64), y, 0.1)
    return relative_gap(fit(phi, y, 0.1), best)


representer = Claim(
    label="thm-models-representer",
    statement=r"The minimizer of a loss of the outputs plus $\lambda \lVert w \rVert^2$ is $w = \Phi^\top c$; $c$ "
    r"minimizes the loss of $Kc$ plus $\lambda\, c^\top K c$. Checked with the logistic loss.",
    source=f"{ANSELMI} (form); Kimeldorf and Wahba 1971; Schölkopf et al. 2001",
    method="exact identity",
    tolerance=1e-8,
    check=_finds_the_minimizer,
    formula=lambda phi, y, penalty: phi.T @ _newton(phi @ phi.T, phi @ phi.T, y, penalty),
    falsifiers={
        r"$\lambda \lVert c \rVert^2$ as the price": lambda phi, y, penalty: (
            phi.T @ _newton(phi @ phi.T, torch.eye(6, dtype=phi.dtype), y, penalty)
        ),
        r"$\lambda \lVert K c \rVert^2$ as the price": lambda phi, y, penalty: (
            phi.T @ _newton(phi @ phi.T, phi @ phi.T @ phi @ phi.T, y, penalty)
        ),
        "half the price": lambda phi, y, penalty: phi.T @ _newton(phi @ phi.T, phi @ phi.T, y, penalty / 2),
    },
)


def _solves_ridge(solve, generator: Generator) -> float:
    phi, y, penalty = normal(generator, 6, 9), normal(generator, 6), 0.05
    # the penalty as nine more data: rows √(λN) e_j with target 0
    rows = torch.cat([phi, (penalty * 6) ** 0.5 * torch.eye(9, dtype=torch.float64)])
    targets = torch.cat([y, torch.zeros(9, dtype=torch.float64)])
    best = torch.linalg.lstsq(rows, targets[:, None], driver="gelsd").solution[:, 0]
    return relative_gap(phi.T @ solve(phi @ phi.T, y, penalty), best)


ridge = Claim(
    label="thm-models-ridge",
    statement=r"For the mean squared loss the coefficients are $c = (K + \lambda N I)^{-1} y$.",
    source="standard; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_solves_ridge,
    formula=kernel_weights,
    falsifiers={
        r"$\lambda$ in place of $\lambda N$": lambda k, y, penalty: kernel_weights(k, y, penalty / y.numel()),
        r"$\lambda/N$": lambda k, y, penalty: kernel_weights(k, y, penalty / y.numel() ** 2),
        r"$2 \lambda N$": lambda k, y, penalty: kernel_weights(k, y, 2 * penalty),
        r"$(K + \lambda N I)^{-1} K y$": lambda k, y, penalty: kernel_weights(k, k @ y, penalty),
    },
)


def _follows_the_weights(update, generator: Generator) -> float:
    phi, y, rate = normal(generator, 6, 15), labels(generator, 6), 0.3
    w, c = torch.zeros(15, dtype=torch.float64), torch.zeros(6, dtype=torch.float64)
    for _ in range(40):
        w = w - rate * phi.T @ logistic_slope(phi @ w, y) / 6
        c = c - rate * update(phi @ phi.T, c, y) / 6
    return relative_gap(phi.T @ c, w)


span = Claim(
    label="prop-models-span",
    statement=r"Gradient descent on $w$ from $0$ stays at $w = \Phi^\top c$; each step takes "
    r"$\eta\, \partial \mathcal L / \partial f_n$ off $c_n$.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_follows_the_weights,
    formula=lambda k, c, y: logistic_slope(k @ c, y),
    falsifiers={
        "gradient descent on c instead": lambda k, c, y: k @ logistic_slope(k @ c, y),
        "slopes taken at c": lambda k, c, y: logistic_slope(c, y),
        "a plus sign": lambda k, c, y: -logistic_slope(k @ c, y),
    },
)
