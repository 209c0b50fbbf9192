"""Claims of the chapter `kernels/tangent_kernel`: that any data can be fitted, and how far parameters go for it."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.kernels.tangent_kernel.checks import jacobian, normal, perceptron
from lecturelib.kernels.tangent_kernel.limit import infinite_kernel

LEAST = 1e-12
"""A share of the largest eigenvalue that rounding does not leave of 0."""


# Any data


def _has_positive_eigenvalues(kernel, generator: Generator) -> float:
    """How far the smallest eigenvalue is below `LEAST`, as a share: inputs with multiples and opposites among them."""
    x = normal(generator, 2, 2)
    x = torch.cat([x, 2 * x, -x])
    worst = 0.0
    for activation in ("relu", "erf"):
        for depth in (1, 2):
            values = torch.linalg.eigvalsh(kernel(x, depth=depth, activation=activation))
            worst = max(worst, 1 - float(values[0] / values[-1]) / LEAST)
    return worst


def _kernel(x: Tensor, *, bias_scale: float = 1.0, **options) -> Tensor:
    return infinite_kernel(x, weight_scale=1.5, bias_scale=bias_scale, **options)


strict = Claim(
    label="prop-ntk-strict",
    statement=r"With biases and at least one hidden layer, $\Theta$ is positive definite on inputs that differ.",
    source="derived here",
    method="exact identity",
    tolerance=1e-9,
    check=_has_positive_eigenvalues,
    formula=_kernel,
    falsifiers={
        "without biases": lambda x, **o: _kernel(x, bias_scale=0.0, **o),
        "without a hidden layer": lambda x, depth, **o: _kernel(x, depth=0, **o),
        "for one input that stands there twice": lambda x, **o: _kernel(torch.cat([x, x[:1]]), **o),
    },
)


# How far parameters go


def _is_where_the_flow_ends(ends, generator: Generator) -> float:
    """Steps of gradient descent on the linear model, 2^40 of them, and the least solution from another algorithm."""
    parts = jacobian(perceptron(generator, (3, 20, 1)), normal(generator, 4, 3))
    residuals, kernel = normal(generator, 4), parts @ parts.T
    way, length = ends(parts, residuals)
    rate = 1 / float(torch.linalg.eigvalsh(kernel)[-1])
    total = torch.eye(4, dtype=torch.float64)  # of the powers of 1 − ηK, twice as many in each round
    power = total - rate * kernel
    for _ in range(40):
        total, power = total + power @ total, power @ power
    moved = -rate * parts.T @ total @ residuals
    least = torch.linalg.lstsq(parts, -residuals[:, None], driver="gelsd").solution[:, 0]
    return max(relative_gap(way, moved), relative_gap(way, least), relative_gap(length, moved.square().sum()))


def _ends(parts: Tensor, residuals: Tensor) -> tuple[Tensor, Tensor]:
    coefficients = torch.linalg.solve(parts @ parts.T, residuals)
    return -parts.T @ coefficients, residuals @ coefficients


way = Claim(
    label="thm-ntk-way",
    statement=r"The linear model ends at $\theta_0 - J^\top K^{-1} \varepsilon_0$, the nearest point that fits, at the "
    r"squared distance $\varepsilon_0^\top K^{-1} \varepsilon_0$.",
    source="standard for linear models; derived here",
    method="exact identity",
    tolerance=1e-6,
    check=_is_where_the_flow_ends,
    formula=_ends,
    falsifiers={
        r"$J^\top \varepsilon_0$, one step": lambda j, e: (-j.T @ e, e @ (j @ j.T) @ e),
        r"the squared distance $\varepsilon_0^\top K \varepsilon_0$": lambda j, e: (_ends(j, e)[0], e @ (j @ j.T) @ e),
        r"the squared distance $\varepsilon_0^\top K^{-2} \varepsilon_0$": lambda j, e: (
            _ends(j, e)[0],
            torch.linalg.solve(j @ j.T, e).square().sum(),
        ),
        "without the minus sign": lambda j, e: (-_ends(j, e)[0], _ends(j, e)[1]),
    },
)
