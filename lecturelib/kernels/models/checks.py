"""Claims of the chapter `kernels/models`: features, kernels, and where the best weights lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product as words
from math import comb, factorial, prod

import numpy as np
import torch
from scipy.optimize import linprog
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, sizes, uniform
from lecturelib.kernels.models import features
from lecturelib.kernels.models.checks_problems import derivative, labels

# Features and kernels


def symmetric_matrices(generator: Generator) -> list[Tensor]:
    """With and without negative eigenvalues: of full rank, singular, a hair below singular, zero."""
    *roots, square = (normal(generator, 7, rank) for rank in (7, 4, 1, 7))
    below = roots[-1] @ roots[-1].T - 5e-7 * torch.eye(7, dtype=torch.float64)
    return [*(root @ root.T for root in roots), below, 0 * square, square + square.T, *indefinite(generator)]


def indefinite(generator: Generator) -> Iterator[Tensor]:
    """Of several sizes, with one negative eigenvalue that neither leading minors nor pairs of rows give away."""
    for size in (2, 3, 6):  # no leading principal minor is negative: the first that could be are 0
        root, last = normal(generator, size, size - 2), torch.eye(size, dtype=torch.float64)[-1]
        yield root @ root.T - sizes(generator, 1) * torch.outer(last, last)
    for size in (3, 4, 7):  # no principal minor of two rows is negative
        scale, least = signs(generator, size) * sizes(generator, size), 1 / (size - 1)
        cosine = uniform(generator, 1, low=least + 0.1, high=0.9)
        yield torch.outer(scale, scale) * ((1 + cosine) * torch.eye(size, dtype=torch.float64) - cosine)


def by_cholesky(matrix: Tensor) -> tuple[bool, Tensor]:
    rounding = 1e-9 * torch.eye(len(matrix), dtype=matrix.dtype)
    found = int(torch.linalg.cholesky_ex(matrix + rounding).info) == 0
    return found, found * matrix


def by_minors(matrix: Tensor, chosen: Iterable[Iterable[int]]) -> tuple[bool, Tensor]:
    """What one would get if principal minors of these rows that are not negative were enough."""
    found = all(bool(torch.linalg.det(matrix[list(rows)][:, list(rows)]) > -1e-9) for rows in chosen)
    return found, found * matrix


def by_the_library(matrix: Tensor) -> tuple[bool, Tensor]:
    try:
        phi = features.features_of(matrix)
    except ValueError:
        return False, 0 * matrix
    return True, phi @ phi.T


@claim(
    "thm-models-gram",
    source="scholkopf2002: chapter 2",
    check=equals(by_cholesky, on=symmetric_matrices),
    also=(by_the_library,),
    wrong={
        "without the square root": {"power": 1.0},
        "eigenvectors alone": {"power": 0.0},
        "no leading principal minor is negative": lambda matrix: by_minors(
            matrix, [range(size + 1) for size in range(len(matrix))]
        ),
        r"$m_{ii} \ge 0$ and $m_{ij}^2 \le m_{ii} m_{jj}$": lambda matrix: by_minors(
            matrix, [{i, j} for i, j in words(range(len(matrix)), repeat=2)]
        ),
    },
)
def gram(matrix, *, least=0.0, power=Exponent(0.5)):
    values, vectors = torch.linalg.eigh(matrix)
    found = bool(values.min() >= least - 1e-9)  # rounding
    phi = vectors * values.clamp(min=1e-300) ** power
    return found, found * phi @ phi.T


def two_feature_maps(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float]]:
    """Features of five inputs by two maps, and a factor; maps of one feature and the factor 0 among them."""
    for one, other, factor in ((3, 4, 2.5), (1, 6, 0.3), (2, 1, 0.0)):
        yield normal(generator, 5, one), normal(generator, 5, other), factor


@claim(
    "prop-models-closure",
    source="own",
    check=equals(
        lambda phi, psi, factor: (phi @ phi.T + psi @ psi.T, (phi @ phi.T) * (psi @ psi.T), factor * phi @ phi.T),
        on=two_feature_maps,
    ),
    wrong={
        r"a multiple: $\gamma \varphi$": {"power": 1.0},
        "of the first features alone": lambda phi, psi, factor: closure.formula(phi[:, :1], psi[:, :1], factor),
    },
)
def closure(phi, psi, factor, *, first=1.0, second=1.0, power=Exponent(0.5)):
    products = torch.einsum("ni,nj->nij", phi, psi).flatten(1)
    return tuple(one @ one.T for one in (torch.cat([first * phi, second * psi], 1), products, factor**power * phi))


def pairs_of_inputs(generator: Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    """Two sets of inputs of one dimension, and a degree."""
    for inputs, degree in ((3, 3), (1, 5), (4, 1), (2, 4)):
        yield normal(generator, 5, inputs), normal(generator, 4, inputs), degree


def by_features(one: Tensor, other: Tensor) -> tuple[Tensor, int]:
    return one @ other.T, one.shape[1]


@claim(
    "prop-models-polynomial",
    source="scholkopf2002: section 2.1",
    check=equals(lambda x, z, q: (features.polynomial_kernel(x, z, q), comb(x.shape[1] + q, q)), on=pairs_of_inputs),
    also=(lambda x, z, q: by_features(features.polynomial_features(x, q), features.polynomial_features(z, q)),),
    wrong={"all weights 1": {"power": 0.0}, "the coefficient without the root": {"power": 1.0}},
)
def polynomial(x, z, degree, *, power=Exponent(0.5)):
    exponents = [a for a in words(range(degree + 1), repeat=x.shape[1]) if sum(a) <= degree]
    weights = [factorial(degree) / prod(map(factorial, (*a, degree - sum(a)))) for a in exponents]
    roots = torch.tensor(weights, dtype=x.dtype) ** power
    return by_features(*(roots * (side[:, None] ** torch.tensor(exponents)).prod(2) for side in (x, z)))


# What a straight line cannot do


def best_margins(s: float, t: float, sign: float) -> tuple[float, ...]:
    """The largest margin min y_n wᵀφ(x_n) with |w_j| ≤ 1, without and with x_1 x_2, by linear programming."""
    y, x = sign * np.array([1.0, 1.0, -1.0, -1.0]), np.array([[s, t], [-s, -t], [s, -t], [-s, t]])
    rows = -y[:, None] * np.c_[np.ones(4), x, x.prod(1)]
    found = []
    for size in (3, 4):
        cost, bounds = np.append(np.zeros(size), -1.0), [(-1, 1)] * size + [(None, None)]
        found.append(-linprog(cost, np.c_[rows[:, :size], np.ones(4)], np.zeros(4), bounds=bounds).fun)
    return tuple(found)


@claim(
    "prop-models-xor",
    source="own",
    check=equals(best_margins, on=lambda g: [(*sides, float(signs(g, 1))) for sides in sizes(g, 4, 2).tolist()]),
    wrong={"a line separates too": {"line": 0.1}, r"the margin $\frac12 st$": {"product": 0.5}},
)
def xor(s, t, sign, *, line=0.0, product=1.0):
    return line, product * s * t


# Where the best weights lie


def penalized(generator: Generator) -> Iterator[tuple]:
    """(features, loss, penalty, starts as outputs): convex losses, and one with several valleys."""
    grid = torch.cartesian_prod(*[torch.linspace(-4, 4, 9, dtype=torch.float64)] * 2)
    for count, size, ripple in ((6, 15, 0.0), (8, 3, 0.0), (2, 4, 0.4)):
        phi, y = normal(generator, count, size), labels(generator, count)
        loss = lambda f, y=y, ripple=ripple: (torch.log(1 + torch.exp(-y * f)) + ripple * torch.cos(3 * f)).mean(-1)  # noqa: E731
        yield phi, loss, 0.02 if ripple else 0.1, grid if ripple else torch.zeros(1, count).double()


def minimizer(phi: Tensor, metric: Tensor, loss, penalty: float, starts: Tensor) -> Tensor:
    """The u with the least ℓ(phi u) + penalty uᵀ metric u: Newton's method, uphill directions turned.

    From each of the starts, with a part that phi does not see.
    """
    u = 1 + (starts - phi.sum(1)) @ torch.linalg.pinv(phi).T
    for _ in range(30):
        f = (u @ phi.T).requires_grad_()
        slope = torch.autograd.grad(loss(f).sum(), f, create_graph=True)[0]
        curvature = torch.autograd.grad(slope.sum(), f)[0]  # of a sum over the outputs
        values, vectors = torch.linalg.eigh(phi.T @ (curvature[..., None] * phi) + 2 * penalty * metric)
        gradient = (slope.detach() @ phi + 2 * penalty * u @ metric)[..., None]
        inverse = torch.where(values.abs() > 1e-9, 1 / values.abs(), 0.0)[..., None]
        step = (vectors @ (inverse * (vectors.mT @ gradient)))[..., 0]
        u = u - step / (step @ phi.T).norm(dim=-1, keepdim=True).clamp(min=1)
    return u[(loss(u @ phi.T) + penalty * ((u @ metric) * u).sum(-1)).argmin()]


@claim(
    "thm-models-representer",
    source="anselmi: class 1; scholkopf2002: section 4.2",
    check=equals(lambda phi, *how: minimizer(phi, torch.eye(len(phi.T)).double(), *how), on=penalized, tolerance=1e-8),
    wrong={r"$\lambda \lVert c \rVert^2$ as the price": {"power": 0}, "half the price": {"factor": 0.5}},
)
def representer(phi, loss, penalty, starts, *, factor=1.0, power=1):
    kernel = phi @ phi.T
    return minimizer(kernel, torch.linalg.matrix_power(kernel, power), loss, factor * penalty, starts) @ phi


def regressions(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float]]:
    """(features, targets, penalty): more features than data, fewer, and inputs that occur twice."""
    for count, size in ((6, 9), (9, 4)):
        yield normal(generator, count, size), normal(generator, count), float(sizes(generator, 1)) / 10
    yield torch.cat([normal(generator, 3, 5)] * 2), normal(generator, 6), 0.05


def by_more_data(phi: Tensor, y: Tensor, penalty: float) -> tuple[Tensor, Tensor]:
    """The penalty as more data: rows √λ e_j with target 0."""
    rows = penalty**0.5 * torch.eye(phi.shape[1], dtype=phi.dtype)
    best = torch.linalg.lstsq(torch.cat([phi, rows]), torch.cat([y, 0 * rows[0]])).solution
    return best, best


@claim(
    "thm-models-ridge",
    source="own",
    check=equals(by_more_data, on=regressions),
    also=(lambda phi, *data: (features.ridge_weights(phi, *data), features.kernel_weights(phi @ phi.T, *data) @ phi),),
    wrong={r"$\lambda N$ in place of $\lambda$": {"power": 1.0}, r"$2 \lambda$": {"first": 2.0, "second": 2.0}},
)
def ridge(phi, y, penalty, *, first=1.0, second=1.0, power=Exponent(0)):
    shift = penalty * len(y) ** power
    weights = torch.linalg.inv(phi.T @ phi + first * shift * torch.eye(phi.shape[1], dtype=y.dtype)) @ phi.T @ y
    return weights, phi.T @ torch.linalg.inv(phi @ phi.T + second * shift * torch.eye(len(y), dtype=y.dtype)) @ y


def descents(generator: Generator) -> Iterator[tuple]:
    """(features, a loss of the outputs that is neither convex nor a sum over data, learning rate)."""
    for count, size in ((6, 15), (7, 3)):
        mixed, y = normal(generator, count, count) / count**0.5, normal(generator, count)
        loss = lambda f, mixed=mixed, y=y: torch.log(1 + (torch.sin(mixed @ f) - y).square().sum())  # noqa: E731
        yield normal(generator, count, size) / size**0.5, loss, float(uniform(generator, 1, low=0.1, high=0.5))


def descend(phi: Tensor, loss, rate: float) -> Tensor:
    """The weights after each of twelve steps from 0, by autograd."""
    path = [torch.zeros(phi.shape[1], dtype=phi.dtype)]
    for _ in range(12):
        path.append(path[-1] - rate * derivative(lambda w: loss(phi @ w), path[-1]))
    return torch.stack(path)


@claim(
    "prop-models-span",
    source="own",
    check=equals(descend, on=descents),
    wrong={"gradient descent on c": {"of_c": lambda kernel, slope: kernel @ slope}, "a plus sign": {"factor": 1.0}},
)
def span(phi, loss, rate, *, factor=-1.0, of_c=lambda kernel, slope: slope):
    path, kernel = [torch.zeros(len(phi), dtype=phi.dtype)], phi @ phi.T
    for _ in range(12):
        path.append(path[-1] + factor * rate * of_c(kernel, derivative(loss, kernel @ path[-1])))
    return torch.stack(path) @ phi
