"""Claims of the chapter `bias/complexity`: bias and variance, weight decay, double descent, noise, dropout, freedom.

Means over noise of two values ± σ are sums over all of them, and means over masks sums over all masks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Generator, Tensor

from lecturelib.bias.complexity.freedom import ridge_freedom
from lecturelib.bias.complexity.penalties import dropout_penalty, noise_penalty
from lecturelib.bias.complexity.risk import best_ridge, risk_curve
from lecturelib.core.checking import equals, has_mean
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform


def all_signs(count: int) -> Tensor:
    """Every row of signs: (2^count, count)."""
    return torch.tensor(list(product((-1.0, 1.0), repeat=count)), dtype=torch.float64)


# Bias and variance


def every_training(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float]]:
    """(predictions at a new input after each possible training set, truth there, σ): a rule that is not linear."""
    for degree in (1, 3):
        x, new = uniform(generator, 6), uniform(generator, 1)
        truth, sigma = normal(generator, 1)[0], float(sizes(generator, 1)[0])
        y = torch.sin(4 * x) + sigma * all_signs(6)
        columns, at = x[:, None] ** torch.arange(degree + 1), new ** torch.arange(degree + 1)
        solved = torch.linalg.solve(columns.T @ columns + 0.1 * torch.eye(degree + 1), columns.T @ y.T)
        yield torch.tanh(at @ solved), truth, sigma


def mean_square(predictions: Tensor, truth: Tensor, sigma: float) -> Tensor:
    """Over all training sets and both values of the new datum."""
    new = truth + sigma * torch.tensor([-1.0, 1.0], dtype=torch.float64)
    return (new[:, None] - predictions).square().mean()


@claim(
    "thm-complexity-parts",
    source="anselmi: class 2, classical bias variance; hastie2009: section 7.3",
    check=equals(mean_square, on=every_training),
    wrong={"the bias is not squared": {"power": 1.0}, "the noise is forgotten": {"noise": 0.0},
           "the spread in place of the variance": {"root": 0.5}},
)  # fmt: skip
def parts(predictions, truth, sigma, *, bias=1.0, power=Exponent(2), variance=1.0, root=Exponent(1), noise=1.0):
    spread = (predictions - predictions.mean()).square().mean()
    return bias * (predictions.mean() - truth).abs() ** power + variance * spread**root + noise * sigma**2


# Weight decay


def quadratics(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float]]:
    """(A, w*, α) of the loss ½ ‖A (w − w*)‖²; of the second, directions are flat."""
    for rows in (7, 3):
        yield normal(generator, rows, 5), normal(generator, 5), float(sizes(generator, 1)[0])


def decayed(a: Tensor, best: Tensor, alpha: float) -> Tensor:
    """The minimizer by least squares with √α w as further residuals."""
    rows = torch.cat([a, alpha**0.5 * torch.eye(5, dtype=a.dtype)])
    return torch.linalg.lstsq(rows, torch.cat([a @ best, best.new_zeros(5)])[:, None]).solution[:, 0]


@claim(
    "prop-complexity-decay",
    source="anselmi: class 2, weight decay and Hessian; goodfellow2016: section 7.1.1",
    check=equals(decayed, on=quadratics),
    wrong={r"$\lambda_i/(\lambda_i + 2\alpha)$": {"price": 2.0}, "flat directions are kept": {"floor": 1.0},
           r"$\lambda_i^2/(\lambda_i^2 + \alpha)$": {"power": 2.0}},
)  # fmt: skip
def decay(a, best, alpha, *, price=1.0, power=Exponent(1), floor=0.0, kept=1.0):
    values, vectors = torch.linalg.eigh(a.T @ a)
    values = values.clamp(min=0) ** power
    factor = torch.where(values > 1e-9, kept * values / (values + price * alpha), floor)
    return vectors @ (factor * (vectors.T @ best))


# Double descent


def settings_of_risk(generator: Generator) -> Iterator[tuple[int, Tensor, Tensor, float]]:
    """(n, β of the features fitted, β of those left out, σ), with fewer and with more features than data."""
    for n, p, left in ((14, 4, 3), (5, 14, 0), (4, 16, 5)):
        yield n, normal(generator, p), 1.5 * normal(generator, left), float(sizes(generator, 1)[0])


def sampled_parts(generator: Generator, n: int, fitted: Tensor, left: Tensor, sigma: float) -> dict[str, Tensor]:
    """Error of the fit of least norm to data without what is left out, and what noise and features left out add."""
    draws, p = 30_000, len(fitted)
    x = normal(generator, draws, n, p)
    rest = normal(generator, draws, n, len(left)) @ left + sigma * normal(generator, draws, n)
    inverse = torch.linalg.solve(x.mT @ x, x.mT) if p < n else torch.linalg.solve(x @ x.mT, x).mT  # X⁺
    weights = (inverse @ (x @ fitted)[..., None])[..., 0]
    # the mean over the sign of each entry of `rest` leaves its squares alone
    added = (inverse.square().sum(-2) * rest.square()).sum(-1)
    off = (weights - fitted).square().sum(-1).round(decimals=12)  # nothing but rounding where p ≤ n
    return {"bias": off, "variance": added}


def by_the_curve(n: int, fitted: Tensor, left: Tensor, sigma: float) -> dict[str, Tensor]:
    tau, p = float(left.square().sum() + sigma**2), len(fitted)
    found = risk_curve(n, [p], tau**0.5, signal=float(fitted.square().sum()), total=p)
    return {"bias": found.bias[0], "variance": found.variance[0]}


@claim(
    "thm-complexity-descent",
    source="belkin2020: theorem 2.1; hastie2022: section 3",
    check=has_mean(sampled_parts, on=settings_of_risk),
    also=(by_the_curve,),
    wrong={r"$n - p$ in place of $n - p - 1$": {"one": 0}, "features left out make no noise": {"missing": 0.0},
           r"the bias is $\lVert\beta_T\rVert^2 n/p$": {"seen": 1.0, "constant": 0.0}},
)  # fmt: skip
def descent(n, fitted, left, sigma, *, one=1, missing=1.0, noise=1.0, constant=1.0, seen=-1.0):
    p = len(fitted)
    tau = missing * left.square().sum() + noise * sigma**2
    bias = fitted.square().sum() * (constant + seen * n / p) if p > n else 0 * tau
    return {"bias": bias, "variance": tau * min(n, p) / (abs(n - p) - one)}


# The best ridge


def fixed_data(generator: Generator) -> Iterator[tuple[Tensor, float, float]]:
    """(X, ‖β‖², τ), with fewer and with more features than data."""
    for n, p in ((9, 4), (4, 9)):
        signal, tau = sizes(generator, 2).tolist()
        yield normal(generator, n, p), signal, tau


def least_risk(x: Tensor, signal: float, tau: float) -> Tensor:
    """The ridge at which the risk has slope 0: a mean over directions of β and of noise, one coordinate at a time."""
    p = x.shape[1]

    def slope(log: float) -> float:
        ridge = torch.tensor(log, dtype=torch.float64, requires_grad=True)
        solve = torch.linalg.solve(x.T @ x + ridge.exp() * torch.eye(p, dtype=x.dtype), x.T)
        off = (solve @ x - torch.eye(p, dtype=x.dtype)) * (signal / p) ** 0.5
        risk = off.square().sum() + tau * solve.square().sum()
        return float(torch.autograd.grad(risk, ridge)[0])

    return torch.tensor(brentq(slope, -12, 12, xtol=1e-13), dtype=torch.float64).exp()


@claim(
    "thm-complexity-best-ridge",
    source="dobriban2018: theorem 2.1; nakkiran2021: theorem 1",
    check=equals(least_risk, on=fixed_data, tolerance=1e-7),
    also=(lambda x, s, t: best_ridge([x.shape[1]], t**0.5, total=x.shape[1], signal=s)[0],),
    wrong={r"$\tau n/\lVert\beta\rVert^2$": lambda x, s, t: torch.tensor(t * x.shape[0] / s),
           r"$\tau/\lVert\beta\rVert^2$": lambda x, s, t: torch.tensor(t / s),
           r"with standard deviations": {"power": 0.5}},
)  # fmt: skip
def best(x, signal, tau, *, factor=1.0, power=Exponent(1)):
    return torch.tensor(factor * x.shape[1] * (tau / signal) ** power, dtype=torch.float64)


# Noise on inputs


def cubics(generator: Generator) -> Iterator[tuple[Callable, Tensor, Tensor]]:
    """(f, x, y): polynomials of degree three and one, of two inputs."""
    for degree, side in ((3, 1.0), (3, -1.0), (1, 1.0)):
        c = normal(generator, 10) * (torch.arange(10) < (10 if degree == 3 else 3))

        def f(z: Tensor, c: Tensor = c) -> Tensor:
            a, b = z[..., 0], z[..., 1]
            terms = [1 + 0 * a, a, b, a * a, a * b, b * b, a**3, a * a * b, a * b * b, b**3]
            return sum(weight * term for weight, term in zip(c, terms, strict=True))

        x = normal(generator, 2)
        yield f, x, f(x) + side * sizes(generator, 1)[0]


def slope_in_variance(f: Callable, x: Tensor, y: Tensor) -> Tensor:
    """d/dη² of E (f(x + η ξ) − y)² at 0: by Gauss's rule, exact for these f, the mean is a cubic polynomial of η²."""
    points, masses = (torch.from_numpy(part) for part in np.polynomial.hermite_e.hermegauss(7))
    masses = masses / masses.sum()
    grid = torch.cartesian_prod(points, points)
    weights = torch.cartesian_prod(masses, masses).prod(-1)
    variances = torch.arange(4, dtype=torch.float64) / 3
    means = torch.stack([weights @ (f(x + v.sqrt() * grid) - y) ** 2 for v in variances])
    return torch.linalg.solve(variances[:, None] ** torch.arange(4), means)[1]


@claim(
    "thm-complexity-noise",
    source="bishop1995: equations 12 and 13; own",
    check=equals(slope_in_variance, on=cubics, tolerance=1e-9),
    also=(lambda f, x, y: noise_penalty(f, x[None], y[None], 1.0),),
    wrong={"without the curvature of $f$": {"bend": 0.0}, r"$(y - f)\,\Delta f$": {"bend": -1.0},
           "half of it": {"slope": 0.5, "bend": 0.5}},
)  # fmt: skip
def noise(f, x, y, *, slope=1.0, bend=1.0, power=Exponent(2)):
    gradient = torch.func.grad(f)(x)
    laplacian = torch.func.hessian(f)(x).trace()
    return slope * gradient.abs().pow(power).sum() + bend * (f(x) - y) * laplacian


# Dropout


def linear_models(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, float]]:
    """(w, x, y, δ), some inputs 0."""
    x = normal(generator, 4, 6)
    x[:, 0] = 0
    yield normal(generator, 6), x, normal(generator, 4), float(uniform(generator, 1, low=0.1, high=0.9)[0])


def over_masks(w: Tensor, x: Tensor, y: Tensor, rate: float) -> Tensor:
    """What the mean over all masks has more than the loss without any."""
    masks = (all_signs(6) + 1) / 2
    chances = (masks * (1 - rate) + (1 - masks) * rate).prod(-1)
    losses = ((masks[:, None] * x / (1 - rate)) @ w - y).square().mean(-1)
    return chances @ losses - (x @ w - y).square().mean()


@claim(
    "thm-complexity-dropout",
    source="srivastava2014: section 9.1; wager2013: section 3",
    check=equals(over_masks, on=linear_models),
    also=(dropout_penalty,),
    wrong={r"$\delta$ in place of $\delta/(1 - \delta)$": {"kept": 0.0}, r"$\delta(1 - \delta)$": {"kept": 1.0},
           "plain L2": {"size": 0.0}},
)  # fmt: skip
def dropout(w, x, y, rate, *, factor=1.0, drop=Exponent(1), kept=Exponent(-1), weight=Exponent(2), size=Exponent(2)):
    mean = x.abs().pow(size).mean(0)
    return factor * rate**drop * (1 - rate) ** kept * (w.abs() ** weight * mean).sum()


# Effective degrees of freedom


def ridge_problems(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float, float]]:
    """(X, true values, λ, σ) with fewer and with more features than data."""
    for p in (3, 9):
        ridge, sigma = sizes(generator, 2).tolist()
        yield normal(generator, 6, p), normal(generator, 6), ridge, sigma


def covariances(x: Tensor, truth: Tensor, ridge: float, sigma: float) -> dict[str, Tensor]:
    """Σ Cov(ŷ_n, y_n)/σ², and how much worse new targets at the same inputs are met, over all signs of noise."""
    errors = sigma * all_signs(6)
    y = truth + errors
    rows = torch.cat([x, ridge**0.5 * torch.eye(x.shape[1], dtype=x.dtype)])
    targets = torch.cat([y.T, y.new_zeros(x.shape[1], len(y))])
    fitted = (x @ torch.linalg.lstsq(rows, targets).solution).T
    old, new = (fitted - y).square().mean(), (fitted - truth).square().mean() + sigma**2
    return {"freedom": (fitted * errors).sum(-1).mean() / sigma**2, "optimism": new - old}


def by_library(x: Tensor, truth: Tensor, ridge: float, sigma: float) -> dict[str, Tensor]:
    found = ridge_freedom(x, [ridge])[0]
    return {"freedom": found, "optimism": 2 * sigma**2 * found / len(truth)}


@claim(
    "prop-complexity-freedom",
    source="efron2004: section 2; hastie2009: section 7.6",
    check=equals(covariances, on=ridge_problems),
    also=(by_library,),
    wrong={"singular values not squared": {"power": 1.0}, r"$s^2 \mathrm{df}/N$": {"twice": 1.0},
           "the number of features": {"price": 0.0}},
)  # fmt: skip
def freedom(x, truth, ridge, sigma, *, price=1.0, power=Exponent(2), twice=2.0, spread=Exponent(2)):
    values = torch.linalg.svdvals(x) ** power
    found = (values / (values + price * ridge)).sum()
    return {"freedom": found, "optimism": twice * sigma**spread * found / len(truth)}
