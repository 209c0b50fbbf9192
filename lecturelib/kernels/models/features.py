r"""Models that are linear in what is learned: features, kernels, and the two ways to fit them.

Inputs are rows: x has shape (N, d), features φ(x) have shape (N, p), a kernel of two sets of inputs has shape (N, M).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import factorial, inf, prod, sqrt

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import as_tensor, one_dimensional

Kernel = Callable[[Tensor, Tensor], Tensor]


def read_inputs(name: str, x) -> Tensor:
    """Inputs as rows, shape (N, d); raises ValueError naming `name` for other shapes."""
    tensor = as_tensor(name, x)
    if tensor.ndim != 2 or tensor.shape[1] == 0:
        raise ValueError(f"{name}: expected shape (N, d), got {tuple(tensor.shape)}")
    return tensor


def read_pair(x1, x2) -> tuple[Tensor, Tensor]:
    """Two sets of inputs of one dimension; raises ValueError naming the one at fault."""
    x1, x2 = read_inputs("x1", x1), read_inputs("x2", x2)
    if x1.shape[1] != x2.shape[1]:
        raise ValueError(f"x2: expected {x1.shape[1]} columns, as x1 has, got {x2.shape[1]}")
    return x1, x2


def polynomial_features(x, degree: int) -> Tensor:
    r"""All monomials up to `degree`, weighted so that their products add up to (1 + xᵀz)^degree: shape (N, p).

    The monomial with exponents (a_0, a_1, …, a_d), a_0 for the factor 1, has the weight √(degree! / ∏ a_i!), the root
    of its multinomial coefficient. x: (N, d).
    """
    x = read_inputs("x", x)
    _degree(degree)
    padded = torch.cat([torch.ones_like(x[:, :1]), x], dim=1)
    columns = []
    for chosen in combinations_with_replacement(range(padded.shape[1]), degree):
        ways = factorial(degree) / prod(factorial(chosen.count(one)) for one in set(chosen))
        columns.append(sqrt(ways) * padded[:, list(chosen)].prod(dim=1))
    return torch.stack(columns, dim=1)


def polynomial_kernel(x1, x2, degree: int) -> Tensor:
    """(1 + xᵀz)^degree for every pair: x1 (N, d), x2 (M, d) → (N, M)."""
    x1, x2 = read_pair(x1, x2)
    return (1 + x1 @ x2.T) ** _degree(degree)


def gaussian_kernel(x1, x2, width: float) -> Tensor:
    """exp(−|x − z|² / (2 width²)) for every pair: x1 (N, d), x2 (M, d) → (N, M); width > 0."""
    x1, x2 = read_pair(x1, x2)
    if not 0 < width < inf:
        raise ValueError(f"width: expected a positive number, got {width}")
    # differences, not squares that cancel: near points keep their digits
    squares = (x1[:, None, :] - x2[None, :, :]).square().sum(-1)
    return torch.exp(-squares / (2 * width**2))


def features_of(gram) -> Tensor:
    r"""Features Φ with ΦΦᵀ = the given matrix, (N, N), symmetric and positive semi-definite up to rounding: (N, N).

    Φ = V diag(√λ) from the eigendecomposition V diag(λ) Vᵀ; raises ValueError where the matrix is no Gram matrix.
    """
    gram = semi_definite("gram", read_gram(gram))
    values, vectors = torch.linalg.eigh(gram)
    return vectors * values.clamp(min=0).sqrt()


def read_gram(gram) -> Tensor:
    """A symmetric matrix of finite numbers, (N, N); raises ValueError otherwise."""
    gram = as_tensor("gram", gram)
    if gram.ndim != 2 or gram.shape[0] != gram.shape[1] or gram.shape[0] == 0:
        raise ValueError(f"gram: expected shape (N, N), got {tuple(gram.shape)}")
    if float((gram - gram.T).abs().max()) > 1e-9 * float(gram.abs().max()):
        raise ValueError("gram: expected a symmetric matrix")
    return gram


def semi_definite(name: str, gram: Tensor) -> Tensor:
    """A symmetric matrix (N, N) as it is; raises ValueError naming it where an eigenvalue is negative beyond rounding.

    A Cholesky factor tells, of the matrix with what rounding may take off added to its diagonal.
    """
    size = gram.shape[0]
    rounding = 100 * size * torch.finfo(gram.dtype).eps * float(gram.abs().sum(1).max()) + torch.finfo(gram.dtype).tiny
    if int(torch.linalg.cholesky_ex(gram + rounding * torch.eye(size, dtype=gram.dtype)).info):
        least = float(torch.linalg.eigvalsh(gram)[0])
        raise ValueError(f"{name}: expected no negative eigenvalue beyond rounding, found {least:.3g}")
    return gram


def ridge_weights(features, y, penalty: float) -> Tensor:
    r"""w that minimizes (1/N) Σ (wᵀφ(x_n) − y_n)² + penalty ‖w‖²: (ΦᵀΦ + penalty N I)⁻¹ Φᵀ y, shape (p,).

    features: Φ, (N, p); y: (N,); penalty > 0. One system of p equations.
    """
    features = read_inputs("features", features)
    y = _targets(y, features)
    matrix = features.T @ features + _penalty(penalty) * y.numel() * torch.eye(features.shape[1], dtype=y.dtype)
    return torch.linalg.solve(matrix, features.T @ y)


def kernel_weights(gram, y, penalty: float) -> Tensor:
    r"""c of f(x) = Σ c_n K(x, x_n) for the same minimizer: (K + penalty N I)⁻¹ y, shape (N,).

    gram: K, (N, N); y: (N,); penalty > 0. One system of N equations, however many features there are. Raises ValueError
    where K is no Gram matrix: the form of f has a minimum only if K has no negative eigenvalue.
    """
    gram = semi_definite("gram", read_gram(gram))
    y = _targets(y, gram)
    return torch.linalg.solve(gram + _penalty(penalty) * y.numel() * torch.eye(y.numel(), dtype=y.dtype), y)


@dataclass(frozen=True)
class KernelModel:
    """f(x) = Σ_n c_n K(x, x_n): the inputs it was fitted to, (N, d), their coefficients c, (N,), and the kernel."""

    inputs: Tensor
    coefficients: Tensor
    kernel: Kernel

    def __call__(self, x) -> Tensor:
        """f at x (M, d): shape (M,)."""
        return self.kernel(read_inputs("x", x), self.inputs) @ self.coefficients

    @property
    def norm_squared(self) -> float:
        """‖w‖² of the weights in front of the features, cᵀKc."""
        return float(self.coefficients @ self.kernel(self.inputs, self.inputs) @ self.coefficients)


def fit_kernel(x, y, kernel: Kernel, penalty: float) -> KernelModel:
    """Kernel ridge regression: x (N, d), y (N,), penalty > 0."""
    x = read_inputs("x", x)
    return KernelModel(x, kernel_weights(kernel(x, x), y, penalty), kernel)


def two_rings(count: int, *, generator: Generator, noise: float = 0.12) -> tuple[Tensor, Tensor]:
    """Points about two circles of radius 1 (label −1) and 2 (label 1): x (count, 2), y (count,)."""
    if not isinstance(count, int) or count < 1:
        raise ValueError(f"count: expected an integer, at least 1, got {count}")
    angles = 2 * torch.pi * torch.rand(count, generator=generator, dtype=torch.float64)
    outer = torch.arange(count) % 2
    radii = 1 + outer + noise * torch.randn(count, generator=generator, dtype=torch.float64)
    x = radii[:, None] * torch.stack([torch.cos(angles), torch.sin(angles)], dim=1)
    return x, 2.0 * outer.to(x.dtype) - 1


def _targets(y, of: Tensor) -> Tensor:
    y = one_dimensional("y", y)
    if y.numel() != of.shape[0]:
        raise ValueError(f"y: expected {of.shape[0]} numbers, one for each input, got {y.numel()}")
    return y


def _penalty(penalty: float) -> float:
    if not 0 < penalty < inf:
        raise ValueError(f"penalty: expected a positive number, got {penalty}")
    return penalty


def _degree(degree: int) -> int:
    if not isinstance(degree, int) or degree < 1:
        raise ValueError(f"degree: expected an integer, at least 1, got {degree}")
    return degree
