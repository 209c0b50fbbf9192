r"""What noise on inputs, dropout and powers of weights add to a loss.

A random change ξ of an input, with mean 0 and independent entries, raises the expected loss of a datum by
½ Σ_j Var(ξ_j) ∂²ℓ/∂x_j² to second order, and exactly where the loss is a square in x, as for linear models: Bishop 1995
for noise of one size, Var(ξ_j) = η²; Wager, Wang, Liang 2013 for dropout, Var(ξ_j) = x_j² δ/(1 − δ).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Matrix, NonNegative, Positive, Share, Vector, checked

Loss = Literal["squares", "logistic"]
"""(f − y)², or log(1 + e^f) − y f for labels y in {0, 1}."""
Model = Annotated[Vector, "d"] | Callable[[Tensor], Tensor]
"""Weights w of f(x) = w·x, or a function of an input (d,) that gives one number and can be derived twice."""
Inputs, Targets = Annotated[Matrix, "N d"], Annotated[Vector, "N"]


@checked
def noise_penalty(model: Model, x: Inputs, y: Targets, scale: NonNegative, *, loss: Loss = "squares") -> Tensor:
    """What noise N(0, scale² I) on inputs adds to the mean loss over data (N, d), (N,): shape ().

    scale² ‖w‖² for weights and squares, exactly; otherwise ½ scale² mean Σ_j ∂²ℓ/∂x_j², to second order in `scale`: for
    squares scale² mean(‖∇f‖² + (f − y) Δf) (Bishop 1995, equation 12). Of a ReLU network the kinks are not seen.
    Raises ValueError where the model gives no single number that can be derived twice, or labels are not 0 or 1.

    >>> noise_penalty([1.0, 2.0], [[1.0, 1.0], [0.0, 2.0]], [0.0, 1.0], 0.1)
    tensor(0.0500, dtype=torch.float64)
    >>> noise_penalty(lambda x: x[0] ** 2, [[1.0], [2.0]], [0.0, 1.0], 0.1)  # 0.01 (4 + 16 + 2 + 6) / 2
    tensor(0.1400, dtype=torch.float64)
    """
    return scale**2 / 2 * _bends(model, x, y, loss).sum(-1).mean()


@checked
def dropout_penalty(model: Model, x: Inputs, y: Targets, rate: Share, *, loss: Loss = "squares") -> Tensor:
    """What dropout of inputs adds to the mean loss over data (N, d), (N,): shape ().

    Inputs are set to 0 with probability `rate` = δ, and divided by 1 − δ otherwise. For weights and squares it is
    δ/(1 − δ) Σ_j w_j² mean x_j², exactly; otherwise ½ δ/(1 − δ) mean Σ_j x_j² ∂²ℓ/∂x_j² (Wager, Wang, Liang 2013,
    equation 6), to second order in what an input contributes: good where each changes f little, whatever δ is. Raises
    ValueError where the rate is 1, and as `noise_penalty` does.

    >>> dropout_penalty([1.0, 2.0], [[1.0, 1.0], [0.0, 2.0]], [0.0, 1.0], 0.5)  # 1 · 1/2 + 4 · 5/2
    tensor(10.5000, dtype=torch.float64)
    """
    if rate == 1:
        raise ValueError("rate: expected a number below 1, for something has to be kept, got 1")
    return rate / (1 - rate) / 2 * (x**2 * _bends(model, x, y, loss)).sum(-1).mean()


def _bends(model: Tensor | Callable[[Tensor], Tensor], x: Tensor, y: Tensor, loss: str) -> Tensor:
    """∂²ℓ/∂x_j² at each datum: (N, d)."""
    if loss == "logistic" and not bool(((y == 0) | (y == 1)).all()):
        raise ValueError("y: expected labels 0 or 1 for the logistic loss")
    if isinstance(model, Tensor):
        if loss == "squares":
            return 2 * (model**2).expand_as(x)
        share = torch.sigmoid(x @ model)
        return (share * (1 - share))[:, None] * model**2

    def one(point: Tensor, target: Tensor) -> Tensor:
        f = model(point)
        return (f - target) ** 2 if loss == "squares" else torch.nn.functional.softplus(f) - target * f

    if not len(x):
        raise ValueError("x: expected at least one datum, got none")
    try:
        first = model(x[0].clone())
    except (TypeError, RuntimeError, IndexError, ValueError) as error:
        raise ValueError(
            f"model: expected a function of an input of shape ({x.shape[1]},), it failed: {error}"
        ) from None
    if not isinstance(first, Tensor) or first.shape != ():
        raise ValueError("model: expected a function that gives a tensor of shape (), a single number")
    try:
        hessians = torch.func.vmap(torch.func.hessian(one))(x, y)
    except (TypeError, RuntimeError, IndexError) as error:
        raise ValueError(f"model: expected a function that torch can derive twice, got {error}") from None
    return torch.diagonal(hessians, dim1=-2, dim2=-1)


@checked
def shrink(target: Array, penalty: NonNegative, power: Positive) -> Tensor:
    """The w that minimizes ½ (w − target)² + penalty |w|^power, entry by entry: target (...) → (...).

    power 2 divides by 1 + 2 penalty, power 1 moves by `penalty` towards 0 and stops there; a power p below 1 gives 0 up
    to |target| = m (2 − p)/(2 − 2p) with m = (2 penalty (1 − p))^{1/(2 − p)}, where it jumps to m, and at the jump
    itself 0, one of the two minimizers. Other powers are found by bisection, to rounding.

    >>> shrink([3.0, -0.5], 1.0, 1.0), shrink([3.0, -0.5], 1.0, 2.0)
    (tensor([2., -0.], dtype=torch.float64), tensor([ 1.0000, -0.1667], dtype=torch.float64))
    """
    size = target.abs()
    if power == 1 or penalty == 0:
        return target.sign() * (size - penalty * (power == 1)).clamp(min=0) if penalty else target.clone()
    if power == 2:
        return target / (1 + 2 * penalty)
    low, floor = torch.zeros_like(size), torch.zeros_like(size)
    if power < 1:
        jump = (2 * penalty * (1 - power)) ** (1 / (2 - power))
        floor = torch.full_like(size, jump * (2 - power) / (2 * (1 - power)))
        low = torch.full_like(size, jump)
    high = torch.maximum(size, low)
    for _ in range(80):  # w + p·penalty·w^{p−1} increases to the right of `low`
        middle = (low + high) / 2
        above = middle + penalty * power * middle ** (power - 1) > size
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    return target.sign() * torch.where((size > floor) & (size > 0), (low + high) / 2, 0.0)
