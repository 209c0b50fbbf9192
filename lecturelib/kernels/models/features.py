r"""Models that are linear in what is learned: features, kernels, and the two ways to fit them.

Inputs are rows: x has shape (..., N, d), features φ(x) have shape (..., N, p), a kernel of two sets of inputs has shape
(..., N, M). The dimensions before them are those of an ensemble.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement
from math import factorial, prod, sqrt
from typing import Annotated

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Matrix, NonNegative, Positive, Vector, checked
from lecturelib.core.records import Record

Kernel = Callable[[Tensor, Tensor], Tensor]
First, Second = Annotated[Array, "... _N d"], Annotated[Array, "... _M d"]
Targets, Inputs, Values = Annotated[Array, "[...] N"], Annotated[Matrix, "N d"], Annotated[Vector, "N"]


@checked
def polynomial_features(x: Annotated[Array, "... _N _d"], degree: Count) -> Tensor:
    r"""All monomials up to `degree`, weighted so that their products add up to (1 + xᵀz)^degree: shape (..., N, p).

    The monomial with exponents (a_0, a_1, …, a_d), a_0 for the factor 1, has the weight √(degree! / ∏ a_i!), the root
    of its multinomial coefficient. x: (..., N, d).

    >>> polynomial_features([[2.0]], 2)  # 1, √2 x, x²
    tensor([[1.0000, 2.8284, 4.0000]], dtype=torch.float64)
    """
    padded = torch.cat([torch.ones_like(x[..., :1]), x], dim=-1)
    columns = []
    for chosen in combinations_with_replacement(range(padded.shape[-1]), degree):
        ways = factorial(degree) / prod(factorial(chosen.count(one)) for one in set(chosen))
        columns.append(sqrt(ways) * padded[..., list(chosen)].prod(dim=-1))
    return torch.stack(columns, dim=-1)


@checked
def polynomial_kernel(x1: First, x2: Second, degree: Count) -> Tensor:
    """(1 + xᵀz)^degree for every pair: x1 (..., N, d), x2 (..., M, d) → (..., N, M).

    >>> polynomial_kernel([[1.0, 2.0]], [[3.0, 0.0], [0.0, 1.0]], 2)
    tensor([[16.,  9.]], dtype=torch.float64)
    """
    return (1 + x1 @ x2.mT) ** degree


@checked
def gaussian_kernel(x1: First, x2: Second, bandwidth: Positive) -> Tensor:
    """exp(−|x − z|² / (2 bandwidth²)) for every pair: x1 (..., N, d), x2 (..., M, d) → (..., N, M).

    >>> gaussian_kernel([[1.0]], [[1.0], [3.0]], 2.0)
    tensor([[1.0000, 0.6065]], dtype=torch.float64)
    """
    # differences, not squares that cancel: near points keep their digits
    squares = (x1[..., :, None, :] - x2[..., None, :, :]).square().sum(-1)
    return torch.exp(-squares / (2 * bandwidth**2))


@checked
def features_of(gram: Annotated[Array, "... N N"]) -> Tensor:
    r"""Features Φ with ΦΦᵀ = the given matrix, (..., N, N), symmetric and positive semi-definite up to rounding.

    Φ = V diag(√λ) from the eigendecomposition V diag(λ) Vᵀ, (..., N, N). Raises ValueError for what is no Gram matrix.

    >>> phi = features_of([[2.0, 1.0], [1.0, 2.0]])
    >>> phi @ phi.T
    tensor([[2.0000, 1.0000],
            [1.0000, 2.0000]], dtype=torch.float64)
    """
    values, vectors = torch.linalg.eigh(semi_definite("gram", gram))
    return vectors * values.clamp(min=0).sqrt()[..., None, :]


def semi_definite(name: str, gram: Tensor) -> Tensor:
    """A matrix (..., N, N) as it is; raises ValueError naming it where it is not symmetric or has negative eigenvalues.

    Both beyond rounding. A Cholesky factor tells of the second, with what rounding may take off added to the diagonal.
    """
    size, precision = gram.shape[-1], torch.finfo(gram.dtype)
    if float((gram - gram.mT).abs().max()) > max(1e-9, 100 * precision.eps) * float(gram.abs().max()):
        raise ValueError(f"{name}: expected a symmetric matrix")
    rounding = 100 * size * precision.eps * gram.abs().sum(-1).amax(-1) + precision.tiny
    raised = gram + rounding[..., None, None] * torch.eye(size, dtype=gram.dtype, device=gram.device)
    if bool(torch.linalg.cholesky_ex(raised).info.any()):
        least = float(torch.linalg.eigvalsh(gram).min())
        raise ValueError(f"{name}: expected no negative eigenvalue beyond rounding, found {least:.3g}")
    return gram


@checked
def ridge_weights(features: Annotated[Array, "[...] N _p"], y: Targets, penalty: Positive) -> Tensor:
    r"""w that minimizes ½ Σ (wᵀφ(x_n) − y_n)² + ½ penalty ‖w‖²: (ΦᵀΦ + penalty I)⁻¹ Φᵀ y, shape (..., p).

    features: Φ, (..., N, p); y: (..., N), either of them one for the whole ensemble. One system of p equations.

    >>> ridge_weights([[2.0], [1.0]], [1.0, 4.0], 1.0)  # (5 + 1) w = 6
    tensor([1.], dtype=torch.float64)
    """
    return _regularized(features.mT @ features, features.mT @ y[..., None], penalty)


@checked
def kernel_weights(gram: Annotated[Array, "[...] N N"], y: Targets, penalty: Positive) -> Tensor:
    r"""c of f(x) = Σ c_n K(x, x_n) for the same minimizer: (K + penalty I)⁻¹ y, shape (..., N).

    gram: K, (..., N, N); y: (..., N). One system of N equations, however many features there are. Raises ValueError
    where K is no Gram matrix: the form of f has a minimum only if K has no negative eigenvalue.

    >>> kernel_weights([[4.0, 2.0], [2.0, 1.0]], [1.0, 4.0], 1.0)  # of the features 2 and 1: 2 c_1 + c_2 = w
    tensor([-1.,  3.], dtype=torch.float64)
    """
    return _regularized(semi_definite("gram", gram), y[..., None], penalty)


def _regularized(matrix: Tensor, right: Tensor, shift: float) -> Tensor:
    """The solution of (matrix + shift I) · = right, a column."""
    eye = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    return torch.linalg.solve(matrix + shift * eye, right)[..., 0]


class KernelModel(Record):
    """f(x) = Σ_n c_n K(x, x_n): the inputs it was fitted to, (N, d), their coefficients c, (N,), and the kernel.

    >>> KernelModel([[1.0], [2.0]], [1.0, -1.0], lambda x1, x2: x1 @ x2.T)([[3.0]])  # 3 − 6
    tensor([-3.], dtype=torch.float64)
    """

    inputs: Inputs
    coefficients: Values
    kernel: Kernel

    @checked
    def __call__(self, x: Annotated[Matrix, "_M d"]) -> Tensor:
        """f(x) = Σ c_n K(x, x_n) at x (M, d): shape (M,)."""
        return self.kernel(x, self.inputs) @ self.coefficients


@checked
def fit_kernel(x: Inputs, y: Values, kernel: Kernel, penalty: Positive) -> KernelModel:
    """Kernel ridge regression: x (N, d), y (N,).

    >>> fit_kernel([[2.0], [1.0]], [1.0, 4.0], lambda x1, x2: x1 @ x2.T, 1.0)([[3.0]])
    tensor([3.], dtype=torch.float64)
    """
    return KernelModel(x, kernel_weights(kernel(x, x), y, penalty), kernel)


@checked
def two_rings(count: Count, *, generator: Generator, noise: NonNegative = 0.12) -> tuple[Tensor, Tensor]:
    """Points about two circles of radius 1 (label −1) and 2 (label 1), in turn: x (count, 2), y (count,).

    noise: standard deviation of the distance from the centre.

    >>> x, y = two_rings(2, generator=torch.Generator(), noise=0.0)
    >>> x.norm(dim=1), y
    (tensor([1., 2.], dtype=torch.float64), tensor([-1.,  1.], dtype=torch.float64))
    """
    place = {"generator": generator, "device": generator.device, "dtype": torch.float64}
    angles = 2 * torch.pi * torch.rand(count, **place)
    outer = torch.arange(count, device=generator.device) % 2
    radii = 1 + outer + noise * torch.randn(count, **place)
    return radii[:, None] * torch.stack([torch.cos(angles), torch.sin(angles)], dim=1), 2.0 * outer.to(radii.dtype) - 1
