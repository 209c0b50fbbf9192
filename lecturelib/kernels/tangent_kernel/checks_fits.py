"""Claims of the chapter `kernels/tangent_kernel`: that any data can be fitted, and how far parameters go for it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import mpmath as mp
import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal
from lecturelib.kernels.tangent_kernel.checks_problems import plain
from lecturelib.kernels.tangent_kernel.moments import exact_kernel

# Any data


def _data(generator: Generator) -> Iterator[tuple]:
    """Kernels of five inputs, among them a multiple and the opposite of one, and 0; hardly or not at all definite."""
    for activation in ("relu", "erf"):
        x = normal(generator, 2, 1)
        x = torch.cat([x, -x[:1], 2 * x[:1], 0 * x[:1]])
        near, twice = x.clone(), x.clone()
        near[1], twice[1] = x[0] + 1e-7, x[0]
        for depth in (1, 2):
            for inputs, scales in ((x, (1.2, 0.8)), (near, (1.2, 0.8)), (twice, (1.2, 0.8)), (x, (1.2, 1e-7)),
                                   (x, (1.2, 0.0)), (x, (1e-7, 0.8)), (x, (0.0, 0.8))):  # fmt: skip
                yield activation, depth, inputs, *scales
        yield activation, 0, x, 1.2, 0.8


def _has_a_cholesky_factor(activation, depth: int, x: Tensor, weight_scale: float, bias_scale: float) -> bool:
    """To 250 digits, of which tiny distances and scales leave enough."""
    options = {"depth": depth, "activation": activation, "weight_scale": weight_scale, "bias_scale": bias_scale}
    with mp.workdps(250):
        kernel = mp.matrix(len(x))
        for i, j in np.ndindex(len(x), len(x)):
            kernel[i, j] = exact_kernel(x[i], x[j], digits=250, **options)[0] if i <= j else kernel[j, i]
        try:
            least = min(mp.cholesky(kernel)[k, k] for k in range(len(x)))
        except ValueError:
            return False
        return least > mp.mpf(10) ** -100


@claim(
    "prop-ntk-strict",
    source="own",
    check=equals(_has_a_cholesky_factor, on=_data),
    wrong={
        "without biases": {"biases": -1.0},
        "without a hidden layer": {"layers": 0},
        "for one input that stands there twice": {"apart": -1.0},
    },
)
def strict(activation, depth, x, weight_scale, bias_scale, *, layers=1, weights=0.0, biases=0.0, apart=0.0):
    nearest = (torch.cdist(x, x) + torch.diag(torch.full((len(x),), math.inf))).min()
    return bool(depth >= layers and weight_scale > weights and bias_scale > biases and nearest > apart)


# How far parameters go


def _data_to_fit(generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Jacobians of networks with hardly more parameters than data, and with many; residuals."""
    for shape in ((3, 1, 1), (2, 5, 1), (3, 12, 1)):
        yield plain(generator, shape).jacobian(normal(generator, 4, shape[0])), normal(generator, 4)


def _where_the_flow_ends(jacobian: Tensor, residuals: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """θ − θ₀ by the flow θ' = −Jᵀ(J θ + ε₀) until it stands, and the least solution by another algorithm."""
    size = jacobian.shape[1]
    flow = torch.zeros(size + 1, size + 1, dtype=torch.float64)
    flow[:size, :size], flow[:size, size] = -jacobian.T @ jacobian, -jacobian.T @ residuals
    slowest = torch.linalg.svdvals(jacobian)[-1] ** 2
    end = torch.matrix_exp(40 / slowest * flow)[:size, size]
    least = torch.linalg.lstsq(jacobian, -residuals[:, None], driver="gelsd").solution[:, 0]
    return end, least, end.square().sum()


@claim(
    "thm-ntk-way",
    source="own",
    check=equals(_where_the_flow_ends, on=_data_to_fit, tolerance=1e-7),
    wrong={
        r"$J^\top \varepsilon_0$, one step": {"inverse": Exponent(0)},
        r"the distance $\varepsilon_0^\top K^{-1} \varepsilon_0$, not its square": {"squared": 0.5},
        "without the minus sign": {"sign": 1.0},
    },
)
def way(jacobian, residuals, *, sign=-1.0, inverse=Exponent(-1), squared=1.0):
    values, vectors = torch.linalg.eigh(jacobian @ jacobian.T)
    coefficients = vectors @ (values**inverse * (vectors.T @ residuals))
    end = sign * jacobian.T @ coefficients
    return end, end, (residuals @ coefficients) ** squared
