"""The chapter `kernels/spectral_bias`: what a wide network has learned at every time, mode by mode.

With the kernel fixed, gradient flow on ½ Σ ε² is linear: ḟ = −Θ (f − y). One eigendecomposition of the kernel on the
data solves it for all times. Outputs of a random start are normal with mean 0 and covariance Σ, and stay normal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, one_dimensional
from lecturelib.kernels.models.features import semi_definite
from lecturelib.kernels.tangent_kernel.limit import read_inputs

ROUNDING = 1e-10  # an eigenvalue below minus this share of the largest is no rounding error


class Modes(NamedTuple):
    """Eigenvalues, largest first (N,), and eigenvectors as columns (N, N) of a kernel matrix."""

    rates: Tensor
    vectors: Tensor


class Prediction(NamedTuple):
    """Over random starts: mean (T, M) and covariance (T, M, M) of outputs at M points and T times."""

    times: Tensor
    mean: Tensor
    covariance: Tensor


def decompose(kernel) -> Modes:
    """The modes of a kernel matrix (N, N). A residual along mode j fades as e^{−rate_j t}.

    Raises ValueError unless it is square, symmetric and positive semi-definite, both beyond rounding.
    """
    kernel = _symmetric(as_tensor("kernel", kernel))
    rates, vectors = torch.linalg.eigh(0.5 * (kernel + kernel.T))
    if float(rates[0]) < -ROUNDING * max(float(rates[-1]), -float(rates[0])):
        raise ValueError(f"kernel: expected no negative eigenvalue beyond rounding, found {float(rates[0]):.3g}")
    return Modes(rates.flip(0).clamp(min=0), vectors.flip(1))


def predict(kernel: Callable[..., Tensor], x, y, times, *, test=None) -> Prediction:
    """Mean and covariance of an infinitely wide network trained by gradient flow on ½ Σ (f(x_n) − y_n)².

    kernel(x1, x2, kind=...): "ntk" and "nngp" of a network, such as `functools.partial(infinite_kernel, depth=1, …)`.
    x: (N, d), y: (N,), times: (T,), at least 0, infinity allowed; test: (M, d) for outputs there instead of at x. A
    time t is k steps at rate η with k η = t. Computed in float64, returned in the precision of x and y. With
    A_t = Θ_*X Θ⁻¹ (1 − e^{−Θt}):

        mean = A_t y,    covariance = Σ_** − A_t Σ_X* − Σ_*X A_tᵀ + A_t Σ_XX A_tᵀ.

    Modes of rate 0 within rounding are never learned. Lee et al. 2019, equations 14 and 15.
    Raises ValueError for data that do not fit, negative times, and kernels that are not finite or not positive
    semi-definite: the tangent kernel on x, the covariance on all points.
    """
    x, y, times = read_inputs("x", x), one_dimensional("y", y), _read_times(times)
    if y.shape != x.shape[:1]:
        raise ValueError(f"y: expected shape {tuple(x.shape[:1])}, one number for each row of x, got {tuple(y.shape)}")
    dtype = torch.promote_types(x.dtype, y.dtype)
    x, y, count = x.double(), y.double(), y.numel()
    points = x if test is None else read_inputs("test", test).double()
    modes = decompose(_matrix(kernel, x, x, "ntk"))
    across = modes.vectors.T @ _matrix(kernel, x, points, "ntk")  # (N, M), by modes
    learned = growth(modes.rates, times)[:, :, None] * across  # A_tᵀ in the basis of modes: (T, N, M)
    everywhere = x if test is None else torch.cat([x, points])
    start = semi_definite("kernel", _symmetric(_matrix(kernel, everywhere, everywhere, "nngp")))
    there = slice(None) if test is None else slice(count, None)
    mixed = learned.mT @ (modes.vectors.T @ start[:count, there])  # A_t Σ_X*
    begun = modes.vectors.T @ start[:count, :count] @ modes.vectors
    covariance = start[there, there] - mixed - mixed.mT + learned.mT @ begun @ learned
    return Prediction(times, (learned.mT @ (modes.vectors.T @ y)).to(dtype), covariance.to(dtype))


def _matrix(kernel: Callable[..., Tensor], one: Tensor, other: Tensor, kind: str) -> Tensor:
    """What a kernel says of all pairs of points, or a ValueError: shape (N, M), in float64."""
    found = as_tensor("kernel", kernel(one, other, kind=kind), dtype=torch.float64)
    if found.shape != (len(one), len(other)):
        raise ValueError(f"kernel: expected shape ({len(one)}, {len(other)}), got {tuple(found.shape)}")
    return found


def _symmetric(kernel: Tensor) -> Tensor:
    """The matrix as it is, or a ValueError unless it is square and symmetric beyond rounding."""
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or kernel.shape[0] == 0:
        raise ValueError(f"kernel: expected shape (N, N), got {tuple(kernel.shape)}")
    if float((kernel - kernel.T).abs().max()) > ROUNDING * float(kernel.abs().max()):
        raise ValueError("kernel: expected a symmetric matrix")
    return kernel


def growth(rates: Tensor, times: Tensor) -> Tensor:
    """(1 − e^{−λt}) / λ for rates λ (N,), times t (T,): (T, N). It is t at λ = 0; for t = ∞, 1/λ, or 0 at λ = 0."""
    scaled = rates * torch.where(times.isinf(), torch.zeros_like(times), times)[:, None]
    # −expm1 keeps all digits of small exponents; the limit at 0 is t
    finite = torch.where(scaled > 0, -torch.expm1(-scaled) / rates.clamp(min=1e-300), times[:, None].expand_as(scaled))
    threshold = rates.numel() * torch.finfo(rates.dtype).eps * rates.max()
    forever = torch.where(rates > threshold, 1 / rates.clamp(min=1e-300), torch.zeros_like(rates))
    return torch.where(times.isinf()[:, None], forever, finite)


def fading_rates(first: Tensor, last: Tensor, time: float, modes: Modes) -> tuple[Tensor, Tensor]:
    """Measured rate of each mode over an ensemble, with its standard error: (N,) each.

    first, last: residuals (S, N) of S ≥ 2 networks, `time` apart. With their shares a_s and b_s of a mode, the rate is
    −ln(Σ a_s b_s / Σ a_s²) / time: the slope of the line through 0 that fits b to a. What chance adds to b, whatever a,
    cancels in the mean, which it does not in a mean of single rates −ln(b_s / a_s) / time. Not a number where the slope
    is not positive. The error is that of the jackknife, from leaving out one network at a time.
    """
    a, b = (residuals @ modes.vectors for residuals in (first, last))
    products, squares = a * b, a.square()
    rate = -torch.log(products.sum(0) / squares.sum(0)) / time
    without = -torch.log((products.sum(0) - products) / (squares.sum(0) - squares)) / time  # (S, N)
    count = first.shape[0]
    return rate, ((count - 1) / count * (without - without.mean(0)).square().sum(0)).sqrt()


def _read_times(times) -> Tensor:
    tensor = torch.as_tensor(times, dtype=torch.float64)
    if tensor.ndim != 1 or tensor.numel() == 0 or bool(tensor.isnan().any()) or bool((tensor < 0).any()):
        raise ValueError("times: expected shape (T,) with numbers from 0, infinity allowed")
    return tensor
