r"""A generative and a discriminative classifier that end at the same kind of rule: log-odds w·x + b.

Naive Bayes with one variance for each feature models p(x | y) and finds w_j = (m_{1j} − m_{0j})/σ_j² by counting and
averaging; logistic regression maximizes the likelihood of y given x (Ng and Jordan 2001).
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Matrix, NonNegative, Positive, Square, checked
from lecturelib.core.records import Record

STEPS, TOLERANCE = 200, 1e-9
"""Of Newton's method: how many at most, and the size of a gradient that counts as none, beside the number of data."""


class LinearClassifier(Record):
    """P(y = 1 | x) = 1/(1 + e^{−(w·x + b)}): weights (..., d), bias (...).

    >>> LinearClassifier([2.0, 0.0], -2.0)([[1.0, 5.0]]).tolist()
    [0.5]
    """

    weights: Annotated[Array, "... d"]
    bias: Annotated[Array, "..."]

    @checked
    def __call__(self, x: Annotated[Matrix, "_N d"]) -> Tensor:
        """Probabilities of class 1 at x (N, d): (..., N)."""
        return torch.sigmoid(self.weights @ x.mT + self.bias[..., None])


def _classes(y: Tensor) -> Tensor:
    if not bool(((y == 0) | (y == 1)).all()):
        raise ValueError("y: expected classes, 0 and 1")
    share = y.mean(-1, keepdim=True)
    if not bool(((share > 0) & (share < 1)).all()):
        raise ValueError("y: expected data of both classes")
    return share


@checked
def naive_bayes(
    x: Annotated[Array, "... N d"], y: Annotated[Array, "... N"], *, smoothing: NonNegative = 0.0
) -> LinearClassifier:
    """Bayes' rule with independent features, normal with a variance σ_j² that both classes share.

    x: (..., N, d); y: (..., N), 0 or 1. Means, variances (N in the denominator, plus `smoothing`) and the share of the
    classes come from the data; w_j = (m_{1j} − m_{0j})/σ_j², b = ln(π/(1 − π)) − ½ Σ (m_{1j}² − m_{0j}²)/σ_j². Raises
    ValueError where a class has no data or a feature does not vary within the classes.

    >>> naive_bayes([[-1.0], [1.0], [3.0], [5.0]], [0, 0, 1, 1])  # means 0 and 4, variance 1
    LinearClassifier(weights=[4.0], bias=-8.0)
    """
    y = y.to(x.dtype)
    share = _classes(y)
    one, other = y / y.sum(-1, keepdim=True), (1 - y) / (1 - y).sum(-1, keepdim=True)
    upper, lower = ((part[..., None, :] @ x)[..., 0, :] for part in (one, other))
    own = torch.where(y[..., None] == 1, upper[..., None, :], lower[..., None, :])
    spread = (x - own).square().mean(-2) + smoothing
    if not bool((spread > 0).all()):
        raise ValueError("x: expected features that vary within the classes, or smoothing")
    weights = (upper - lower) / spread
    bias = torch.logit(share[..., 0]) - 0.5 * ((upper.square() - lower.square()) / spread).sum(-1)
    return LinearClassifier(weights, bias)


@checked
def logistic_regression(
    x: Annotated[Array, "... N d"], y: Annotated[Array, "... N"], *, penalty: Positive
) -> LinearClassifier:
    """The minimum of −Σ ln P(y_n | x_n) + ½ penalty |w|², by Newton's method; the bias is free.

    x: (..., N, d); y: (..., N), 0 or 1. Raises ValueError where a class has no data, or where rounding stops Newton.

    >>> found = logistic_regression([[-1.0], [1.0]], [0, 1], penalty=1.0)
    >>> float(found.weights), abs(float(found.bias)) < 1e-6  # w = 2/(1 + eʷ)
    (0.6748..., True)
    """
    y = y.to(x.dtype)
    _classes(y)
    rows = torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)
    price = torch.full((rows.shape[-1],), penalty, dtype=x.dtype, device=x.device)
    price[-1] = 0
    theta = torch.zeros_like(rows[..., 0, :])

    def loss(theta: Tensor) -> Tensor:
        scores = (rows @ theta[..., None])[..., 0]
        return (torch.nn.functional.softplus(scores) - y * scores).sum(-1) + 0.5 * (price * theta.square()).sum(-1)

    for _ in range(STEPS):
        p = torch.sigmoid((rows @ theta[..., None])[..., 0])
        slope = ((p - y)[..., None, :] @ rows)[..., 0, :] + price * theta
        if float(slope.abs().max()) <= TOLERANCE * rows.shape[-2] * max(1.0, float(x.abs().max())):
            break
        curvature = rows.mT @ ((p * (1 - p))[..., None] * rows) + torch.diag(price)
        step, bad = torch.linalg.solve_ex(curvature, slope[..., None])
        if bool(bad.any()):
            raise ValueError("penalty: expected a larger one, with this one the curvature is lost to rounding")
        now, size = loss(theta), torch.ones_like(theta[..., :1])
        for _ in range(40):  # halve the steps of members whose loss has not fallen
            worse = loss(theta - size * step[..., 0]) > now + 1e-12 * now.abs()
            if not bool(worse.any()):
                break
            size = torch.where(worse[..., None], size / 2, size)
        theta = theta - size * step[..., 0]
    else:
        raise ValueError("penalty: expected a larger one, with this one Newton's method did not come to its end")
    return LinearClassifier(theta[..., :-1], theta[..., -1])


@checked
def gaussian_error(
    classifier: LinearClassifier, means: Annotated[Array, "2 d"], covariance: Annotated[Square, "d d"]
) -> Tensor:
    """The exact share of errors on two equally frequent classes N(means[y], covariance): (...).

    ½ Φ((w·m_0 + b)/s) + ½ Φ(−(w·m_1 + b)/s) with s² = wᵀ Σ w. means: (2, d). Raises ValueError where s is 0.

    >>> float(gaussian_error(LinearClassifier([2.0], 0.0), [[-1.0], [1.0]], [[1.0]]))  # Φ(−1)
    0.1586...
    """
    w, b = classifier.weights, classifier.bias
    square = ((w @ covariance) * w).sum(-1)
    if not bool((square > 0).all()):
        raise ValueError("covariance: expected a positive definite matrix, and weights that are not 0")
    low, high = (((w * mean).sum(-1) + b) / square.sqrt() for mean in means)
    return 0.5 * (torch.special.ndtr(low) + torch.special.ndtr(-high))
