"""The chapter `kernels/spectral_bias`: what a wide network has learned at every time, mode by mode.

With the kernel fixed, gradient flow on ½ Σ ε² is linear: ḟ = −Θ (f − y). One eigendecomposition of the kernel on the
data solves it for all times. Outputs of a random start are normal with mean 0 and covariance Σ, and stay normal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Matrix, Square, checked
from lecturelib.core.kinds import Numbers
from lecturelib.core.shapes import Shape

TimesOrInfinity = Annotated[Any, Numbers("times, at least 0, or infinity", least=0, infinite=True, shape=Shape("_T"))]
Data, Points = Annotated[Matrix, "N d"], Annotated[Matrix, "_M d"]
ROUNDING = 100  # of the size times the precision: what errors of rounding may add to an eigenvalue, beside the largest


class Modes(NamedTuple):
    """Eigenvalues, largest first (N,), and eigenvectors as columns (N, N) of a kernel matrix."""

    rates: Tensor
    vectors: Tensor


class Prediction(NamedTuple):
    """Over random starts: mean (T, M) and covariance (T, M, M) of outputs at M points and T times.

    With targets of shape (N, K) the mean is (T, M, K), and the covariance that of each of the K outputs.
    """

    times: Tensor
    mean: Tensor
    covariance: Tensor


@checked
def decompose(kernel: Square) -> Modes:
    """The modes of a kernel matrix (N, N). A residual along mode j fades as e^{−rate_j t}.

    Raises ValueError unless it is symmetric and positive semi-definite, both beyond rounding in its precision.

    >>> decompose([[2, 1], [1, 2]]).rates
    tensor([3., 1.], dtype=torch.float64)
    """
    return Modes(*(part.to(kernel.dtype) for part in _modes(kernel)))


def _modes(kernel: Tensor) -> Modes:
    """The modes in float64."""
    rounding = ROUNDING * len(kernel) * torch.finfo(kernel.dtype).eps
    if float((kernel - kernel.T).abs().max()) > rounding * float(kernel.abs().max()):
        raise ValueError("kernel: expected a symmetric matrix")
    rates, vectors = torch.linalg.eigh(0.5 * (kernel + kernel.T).double())
    if float(rates[0]) < -rounding * float(rates.abs().max()):
        raise ValueError(f"kernel: expected no negative eigenvalue beyond rounding, found {float(rates[0]):.3g}")
    return Modes(rates.flip(0).clamp(min=0), vectors.flip(1))


@checked
def predict(
    kernel: Callable[..., Tensor], x: Data, y: Array, times: TimesOrInfinity, *, test: Points | None = None
) -> Prediction:
    """Mean and covariance of an infinitely wide network trained by gradient flow on ½ Σ (f(x_n) − y_n)².

    kernel(x1, x2, kind=...): "ntk" and "nngp" of a network, such as `functools.partial(infinite_kernel, depth=1, …)`.
    x: (N, d), y: (N,), or (N, K) for K outputs, times: (T,), infinity allowed; test: (M, d) for outputs there instead
    of at x. A time t is k steps at rate η with k η = t. Computed in float64, returned in the precision of x and y. With
    A_t = Θ_*X Θ⁻¹ (1 − e^{−Θt}):

        mean = A_t y,    covariance = Σ_** − A_t Σ_X* − Σ_*X A_tᵀ + A_t Σ_XX A_tᵀ.

    The covariance is computed as G Gᵀ with G = (1, −A_t) R and Σ = R Rᵀ on all points, so that no variance is negative.
    Modes of rate 0 within rounding are never learned. Lee et al. 2019, equations 14 and 15.
    Raises ValueError for data that do not fit, and kernels that are not finite or not positive semi-definite: the
    tangent kernel on x, the covariance on all points.

    >>> from functools import partial
    >>> from lecturelib.kernels import infinite_kernel
    >>> kernel = partial(infinite_kernel, depth=1, weight_scale=1, bias_scale=1)
    >>> predict(kernel, [[0], [1]], [1, 2], [0, float("inf")]).mean
    tensor([[0.0000, 0.0000],
            [1.0000, 2.0000]], dtype=torch.float64)
    """
    if y.ndim > 2 or y.shape[:1] != x.shape[:1]:
        raise ValueError(f"y: expected shape (N,) or (N, K) with N = {len(x)}, as x has, got {tuple(y.shape)}")
    dtype, count, times = x.dtype, len(x), times.double()
    x, y = x.double(), y.double()
    points = x if test is None else test.double()
    modes = _modes(_matrix(kernel, x, x, "ntk"))
    across = modes.vectors.T @ _matrix(kernel, x, points, "ntk").double()  # (N, M), by modes
    influence = (growth(modes.rates, times)[:, :, None] * across).mT @ modes.vectors.T  # A_t: (T, M, N)
    everywhere = x if test is None else torch.cat([x, points])
    begun = _modes(_matrix(kernel, everywhere, everywhere, "nngp"))
    root = begun.vectors * begun.rates.sqrt()
    left = root[0 if test is None else count :] - influence @ root[:count]
    return Prediction(times, (influence @ y).to(dtype), (left @ left.mT).to(dtype))


def _matrix(kernel: Callable[..., Tensor], one: Tensor, other: Tensor, kind: str) -> Tensor:
    """What a kernel says of all pairs of points, shape (N, M), or a ValueError."""
    found = kernel(one, other, kind=kind)
    if found.shape != (len(one), len(other)):
        raise ValueError(f"kernel: expected shape ({len(one)}, {len(other)}), got {tuple(found.shape)}")
    if not bool(found.isfinite().all()):
        raise ValueError("kernel: expected finite numbers, found NaN or infinity")
    return found


def growth(rates: Tensor, times: Tensor) -> Tensor:
    """(1 − e^{−λt}) / λ for rates λ (N,), times t (T,): (T, N). It is t at λ = 0; for t = ∞, 1/λ, or 0 at λ = 0."""
    scaled = rates * torch.where(times.isinf(), 0.0, times)[:, None]
    safe = torch.where(rates > 0, rates, 1.0)
    # −expm1 keeps all digits of small exponents; the limit at 0 is t
    finite = torch.where(scaled > 0, -torch.expm1(-scaled) / safe, times[:, None])
    threshold = rates.numel() * torch.finfo(rates.dtype).eps * rates.max()
    forever = torch.where(rates > threshold, 1 / safe, 0.0)
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
