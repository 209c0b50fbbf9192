"""Claims of the chapter `kernels/models`: features, kernels, and where the best weights lie."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product as words
from math import comb, factorial, prod

import numpy as np
import torch
from scipy.optimize import linprog
from torch import Generator, Tensor

from lecturelib.core.checking import equals, gap, measures
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, sizes, uniform
from lecturelib.kernels.models import features
from lecturelib.kernels.models.checks_problems import derivative, labels

# Features and kernels


def symmetric_matrices(generator: Generator) -> Iterator[Tensor]:
    """With and without negative eigenvalues: of full rank, singular, zero, and a hair below singular."""
    for rank in (7, 4, 1):
        root = normal(generator, 7, rank)
        yield root @ root.T
    yield root @ root.T - 5e-7 * torch.eye(7, dtype=torch.float64)
    yield torch.zeros(3, 3, dtype=torch.float64)
    square = normal(generator, 7, 7)
    yield square + square.T


def by_cholesky(matrix: Tensor) -> tuple[bool, Tensor]:
    rounding = 1e-9 * torch.eye(len(matrix), dtype=matrix.dtype)
    found = int(torch.linalg.cholesky_ex(matrix + rounding).info) == 0
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
    wrong={"without the square root": {"power": 1.0}, "eigenvectors alone": {"power": 0.0}},
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


def combined(phi: Tensor, psi: Tensor, factor: float) -> dict[str, Tensor]:
    one, two = phi @ phi.T, psi @ psi.T
    return {"sum": one + two, "product": one * two, "multiple": factor * one}


@claim(
    "prop-models-closure",
    source="own",
    check=equals(combined, on=two_feature_maps),
    wrong={
        r"a multiple: $\gamma \varphi$": {"power": 1.0},
        "of the first features alone": lambda phi, psi, factor: closure.formula(phi[:, :1], psi[:, :1], factor),
    },
)
def closure(phi, psi, factor, *, first=1.0, second=1.0, power=Exponent(0.5)):
    lists = {
        "sum": torch.cat([first * phi, second * psi], 1),
        "product": torch.einsum("ni,nj->nij", phi, psi).flatten(1),
        "multiple": factor**power * phi,
    }
    return {name: one @ one.T for name, one in lists.items()}


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


def rectangles(generator: Generator) -> Iterator[tuple[float, float, float]]:
    """Sides s and t of rectangles, and the label of the first corner."""
    for s, t in sizes(generator, 4, 2).tolist():
        yield s, t, float(signs(generator, 1))


def best_margins(s: float, t: float, sign: float) -> dict[str, float]:
    """The largest margin min y_n wᵀφ(x_n) with |w_j| ≤ 1, by linear programming."""
    x = np.array([[s, t], [-s, -t], [s, -t], [-s, t]])
    y = sign * np.array([1.0, 1.0, -1.0, -1.0])
    line = np.c_[np.ones(4), x]
    found = {}
    for name, phi in (("line", line), ("with the product", np.c_[line, x.prod(1)])):
        cost = np.append(np.zeros(phi.shape[1]), -1.0)
        bounds = [(-1, 1)] * phi.shape[1] + [(None, None)]
        best = linprog(cost, A_ub=np.c_[-y[:, None] * phi, np.ones(4)], b_ub=np.zeros(4), bounds=bounds)
        found[name] = float(best.x[-1])
    return found


@claim(
    "prop-models-xor",
    source="own",
    check=equals(best_margins, on=rectangles),
    wrong={"a line separates too": {"line": 0.1}, r"the margin $\frac12 st$": {"product": 0.5}},
)
def xor(s, t, sign, *, line=0.0, product=1.0):
    return {"line": line, "with the product": product * s * t}


# Where the best weights lie


def penalized(generator: Generator) -> Iterator[tuple]:
    """(features, labels, penalty, ripple, starts as outputs): convex losses, and one with several valleys."""
    for count, size in ((6, 15), (8, 3)):
        yield normal(generator, count, size), labels(generator, count), 0.1, 0.0, torch.zeros(1, count).double()
    grid = torch.cartesian_prod(*[torch.linspace(-4, 4, 9, dtype=torch.float64)] * 2)
    yield normal(generator, 2, 4), labels(generator, 2), 0.02, 0.4, grid


def minimizer(phi, metric, y, penalty, ripple, starts) -> Tensor:
    """The u with the least ℓ(phi u) + penalty uᵀ metric u, ℓ the mean of ln(1 + e^{−yf}) + ripple cos 3f.

    Newton's method, uphill directions turned, from each of the starts, with a part that phi does not see.
    """
    back = torch.linalg.pinv(phi)
    u = starts @ back.T + 1 - (back @ phi).sum(1)
    for _ in range(30):
        f = u @ phi.T
        wrong = torch.sigmoid(-y * f)
        slope = (-y * wrong - 3 * ripple * torch.sin(3 * f)) / len(y)
        curvature = (wrong * (1 - wrong) - 9 * ripple * torch.cos(3 * f)) / len(y)
        gradient = slope @ phi + 2 * penalty * u @ metric
        values, vectors = torch.linalg.eigh(phi.T @ (curvature[..., None] * phi) + 2 * penalty * metric)
        inverse = torch.where(values.abs() > 1e-9, 1 / values.abs(), 0.0)
        step = (vectors @ (inverse[..., None] * (vectors.mT @ gradient[..., None])))[..., 0]
        u = u - step / (step @ phi.T).norm(dim=-1, keepdim=True).clamp(min=1)
    f = u @ phi.T
    losses = (torch.nn.functional.softplus(-y * f) + ripple * torch.cos(3 * f)).mean(-1)
    return u[(losses + penalty * ((u @ metric) * u).sum(-1)).argmin()]


@claim(
    "thm-models-representer",
    source="anselmi: class 1; scholkopf2002: section 4.2",
    check=equals(
        lambda phi, *loss: minimizer(phi, torch.eye(phi.shape[1]).double(), *loss), on=penalized, tolerance=1e-8
    ),
    wrong={r"$\lambda \lVert c \rVert^2$ as the price": {"power": 0}, "half the price": {"factor": 0.5}},
)
def representer(phi, y, penalty, *loss, factor=1.0, power=1):
    kernel = phi @ phi.T
    return minimizer(kernel, torch.linalg.matrix_power(kernel, power), y, factor * penalty, *loss) @ phi


def regressions(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float]]:
    """(features, targets, penalty): more features than data, fewer, and inputs that occur twice."""
    for count, size in ((6, 9), (9, 4)):
        yield normal(generator, count, size), normal(generator, count), float(sizes(generator, 1)) / 10
    yield torch.cat([normal(generator, 3, 5)] * 2), normal(generator, 6), 0.05


def by_more_data(phi: Tensor, y: Tensor, penalty: float) -> tuple[Tensor, Tensor]:
    """The penalty as more data: rows √(λN) e_j with target 0."""
    rows = (penalty * len(y)) ** 0.5 * torch.eye(phi.shape[1], dtype=phi.dtype)
    best = torch.linalg.lstsq(torch.cat([phi, rows]), torch.cat([y, 0 * rows[0]])).solution
    return best, best


@claim(
    "thm-models-ridge",
    source="own",
    check=equals(by_more_data, on=regressions),
    also=(lambda phi, *data: (features.ridge_weights(phi, *data), features.kernel_weights(phi @ phi.T, *data) @ phi),),
    wrong={r"$\lambda$ in place of $\lambda N$": {"power": 0.0}, r"$2 \lambda N$": {"first": 2.0, "second": 2.0}},
)
def ridge(phi, y, penalty, *, first=1.0, second=1.0, power=Exponent(1.0)):
    shift = penalty * len(y) ** power
    weights = torch.linalg.inv(phi.T @ phi + first * shift * torch.eye(phi.shape[1], dtype=y.dtype)) @ phi.T @ y
    return weights, phi.T @ torch.linalg.inv(phi @ phi.T + second * shift * torch.eye(len(y), dtype=y.dtype)) @ y


def descents(generator: Generator) -> Iterator[tuple]:
    """(features, a loss of the outputs that is neither convex nor a sum over data, learning rate)."""
    for count, size in ((6, 15), (7, 3)):
        mixed, y = normal(generator, count, count) / count**0.5, normal(generator, count)
        loss = lambda f, mixed=mixed, y=y: torch.log(1 + (torch.sin(mixed @ f) - y).square().sum())  # noqa: E731
        yield normal(generator, count, size) / size**0.5, loss, float(uniform(generator, 1, low=0.1, high=0.5))


def leaves_the_weights(step, phi: Tensor, loss, rate: float) -> float:
    """The distance of Φᵀc from the weights that descend by autograd, over twelve steps."""
    w, c, worst = torch.zeros(phi.shape[1], dtype=phi.dtype), torch.zeros(len(phi), dtype=phi.dtype), 0.0
    for _ in range(12):
        w = w - rate * derivative(lambda v: loss(phi @ v), w)
        c = step(phi @ phi.T, c, lambda f: derivative(loss, f), rate)
        worst = max(worst, gap(phi.T @ c, w))
    return worst


@claim(
    "prop-models-span",
    source="own",
    check=measures(leaves_the_weights, on=descents, tolerance=1e-10, method="exact identity"),
    wrong={
        "gradient descent on c": lambda kernel, c, slope, rate: c - rate * kernel @ slope(kernel @ c),
        "a plus sign": {"factor": 1.0},
    },
)
def span(kernel, c, slope, rate, *, factor=-1.0):
    return c + factor * rate * slope(kernel @ c)
