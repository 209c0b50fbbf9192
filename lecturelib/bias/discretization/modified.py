r"""Backward error analysis: the losses and fields whose flow the steps of descent follow (Barrett and Dherin, 2021).

A step w ← w + h f(w) is the time-h map of ẇ = f + h f₁ + h² f₂ + …, with f₁ = −½ f′f and
f₂ = ⅓ f′f′f + (1/12) f″(f, f). For f = −∇C the first two terms are −∇(C + (h/4) ‖∇C‖²). Over all orders of m batches
the regularizer is (h/4m) Σ ‖∇Ĉ_k‖² (Smith et al., 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor
from torch.func import grad

from lecturelib.core.arguments import NonNegative, checked
from lecturelib.core.kinds import Function, Several

Loss = Callable[[Tensor], Tensor]
"""w (..., d) → (...), a differentiable function of torch."""
Field = Callable[[Tensor], Tensor]
"""w (..., d) → (..., d), what ẇ is."""
Losses = Annotated[Sequence[Loss], Several("functions, at least one", Function(), fewest=1)]


def value(name: str, loss: Loss, w: Tensor) -> Tensor:
    """loss(w), or ValueError naming it where it does not give one number for each w."""
    found = loss(w)
    if not isinstance(found, Tensor) or found.shape != w.shape[:-1]:
        said = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(
            f"{name}: expected a function that gives {tuple(w.shape[:-1])} of {tuple(w.shape)}, got {said}"
        )
    return found


def slope(name: str, loss: Loss, w: Tensor) -> Tensor:
    """∇loss(w), (..., d), which can be differentiated again."""
    return grad(lambda at: value(name, loss, at).sum())(w)


@checked
def gradient_field(loss: Loss) -> Field:
    """The field f = −∇C of gradient flow: w (..., d) → (..., d), for a loss w (..., d) → (...).

    Raises ValueError, when it is called, where the loss does not give one number for each w.

    >>> gradient_field(lambda w: (w**2).sum(-1))(torch.tensor([1.0, 2.0]))
    tensor([-2., -4.])
    """
    return lambda w: -slope("loss", loss, w)


@checked
def modified_loss(loss: Loss, learning_rate: NonNegative) -> Loss:
    """C̃ = C + (h/4) ‖∇C‖², whose flow gradient descent with the learning rate h follows up to O(h²).

    loss: w (..., d) → (...), twice differentiable; leading dimensions are an ensemble. The result is such a function
    again. Raises ValueError, when it is called, where the loss does not give one number for each w. Barrett and Dherin
    (2021), section 2.

    >>> modified_loss(lambda w: (w**2).sum(-1), 0.1)(torch.tensor([1.0, 2.0]))  # 5 + 0.1/4 · 4 · 5
    tensor(5.5000)
    """

    def modified(w: Tensor) -> Tensor:
        return value("loss", loss, w) + learning_rate / 4 * slope("loss", loss, w).square().sum(-1)

    return modified


@checked
def modified_field(field: Field, learning_rate: NonNegative, order: Literal[1, 2] = 1) -> Field:
    """f + h f₁ with f₁ = −½ f′f; for order 2 with h² f₂ too, f₂ = ⅓ f′f′f + (1/12) f″(f, f).

    field: w (..., d) → (..., d), differentiable as often as `order`, the members of an ensemble independent of one
    another. The flow of the result stays as near to the steps w ← w + h f(w) as h to the power of order + 1. It can be
    differentiated again by autograd, not by `torch.func`. Raises ValueError, when it is called, for another shape of
    f(w). Hairer, Lubich and Wanner (2006), chapter IX.

    >>> field = modified_field(lambda w: -w, 0.1, order=2)  # −log(1 − h) / h = 1 + h/2 + h²/3 + …
    >>> field(torch.tensor([1.0], dtype=torch.float64))
    tensor([-1.0533], dtype=torch.float64)
    """

    def modified(w: Tensor) -> Tensor:
        at = w if w.requires_grad else w.detach().requires_grad_()
        with torch.enable_grad():
            f = field(at)
            if not isinstance(f, Tensor) or f.shape != w.shape:
                said = f"shape {tuple(f.shape)}" if isinstance(f, Tensor) else type(f).__name__
                raise ValueError(f"field: expected a function that gives {tuple(w.shape)} of the same, got {said}")
            once = along(f, at, f)
            found = f - learning_rate / 2 * once
            if order == 2:  # the derivative of f′f in the direction f is f″(f, f) + f′f′f
                both = along(once, at, f)
                found = found + learning_rate**2 * (along(f, at, once) / 4 + both / 12)
        return found if w.requires_grad else found.detach()

    return modified


def along(values: Tensor, at: Tensor, direction: Tensor) -> Tensor:
    """The derivative of values, which were computed from `at`, in a direction; by two passes back, which is quick."""
    if not values.requires_grad:
        return torch.zeros_like(values)
    weights = torch.zeros_like(values, requires_grad=True)
    (back,) = torch.autograd.grad(values, at, weights, create_graph=True, materialize_grads=True)
    if not back.requires_grad:
        return torch.zeros_like(values)
    return torch.autograd.grad(back, weights, direction, create_graph=True, materialize_grads=True)[0]


@checked
def sgd_modified_loss(losses: Losses, learning_rate: NonNegative) -> Loss:
    """C + (h/4m) Σ ‖∇Ĉ_k‖², C the mean of the m losses Ĉ_k: for the mean over all orders of an epoch with rate h.

    losses: functions w (..., d) → (...) of batches of equal sizes. One step for each of them in a random order ends
    on average where the flow of the result is after the time m h, up to O(m³ h³). Raises ValueError, when it is called,
    where a loss does not give one number for each w. Smith, Dherin, Barrett and De (2021), equation 1.

    >>> batches = [lambda w: ((w - 1) ** 2).sum(-1), lambda w: ((w + 1) ** 2).sum(-1)]
    >>> sgd_modified_loss(batches, 0.1)(torch.tensor([0.0]))  # 1 + 0.1/8 · (4 + 4)
    tensor(1.1000)
    """

    def modified(w: Tensor) -> Tensor:
        total = torch.zeros_like(w[..., 0])
        for k, loss in enumerate(losses):
            name = f"losses[{k}]"
            total = total + value(name, loss, w) + learning_rate / 4 * slope(name, loss, w).square().sum(-1)
        return total / len(losses)

    return modified
