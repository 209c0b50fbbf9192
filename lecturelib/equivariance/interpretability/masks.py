"""Masks in Fourier space: which waves of a picture a trained network needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lecturelib.core.arguments import Array, Count, NonNegative, Positive, checked

LARGEST = 50.0  # of the exponent, beyond which nothing would be gained


class FourierMask(NamedTuple):
    """A factor for each wave, (..., h, w) in the order of `torch.fft.fft2`, and the objective by step (..., steps)."""

    mask: Tensor
    objective: Tensor


@checked
def masked(x: Annotated[Array, "... h w"], mask: Annotated[Array, "h w"]) -> Tensor:
    """Pictures (..., h, w) whose waves are multiplied by a mask: the real part of F⁻¹(M ⊙ F x).

    >>> masked([[1.0, 3.0]], [[1.0, 0.0]])
    tensor([[2., 2.]], dtype=torch.float64)
    """
    return torch.fft.ifft2(mask * torch.fft.fft2(x)).real


@checked
def even_part(mask: Annotated[Array, "... h w"]) -> Tensor:
    """The mean of M at each frequency and at the opposite one, (..., h, w): all that acts on real pictures.

    >>> even_part([[1.0, 2.0, 6.0]])
    tensor([[1., 4., 4.]], dtype=torch.float64)
    """
    return (mask + mask.flip(-2, -1).roll((1, 1), (-2, -1))) / 2


@checked
def fourier_mask(
    model: Callable[[Tensor], Tensor],
    data: tuple[Tensor, Tensor],
    *,
    penalty: NonNegative,
    p: Positive = 1.0,
    steps: Count = 100,
    rate: Positive = 0.1,
) -> FourierMask:
    """The mask M with little in it that leaves a network's loss as it is, after Karantzas et al. 2022.

    Adam goes down from M = 1 on the mean of exp((L(x masked) − L(x))²) over data = (pictures (B, ..., h, w), labels
    (B,)), plus `penalty` times (Σ |M|^p)^{1/p}. L is the cross entropy of the model's scores. M is even, and kept
    between 0 and 1. Leading dimensions of labels (..., B) and pictures (..., B, ..., h, w) are an ensemble, such as
    networks that `model` asks each for its own pictures; each gets a mask. Raises ValueError for data of another shape.

    >>> x, y = torch.tensor([[[1.0, -1.0]], [[-1.0, 1.0]]]), torch.tensor([0, 1])
    >>> fourier_mask(torch.nn.Flatten(), (x, y), penalty=0.1).mask.round()
    tensor([[0., 1.]])
    """
    x, labels = data
    many = labels.ndim
    if not many or x.ndim < many + 2 or labels.shape != x.shape[:many] or labels.is_floating_point():
        raise ValueError("data: expected pictures of shape (B, ..., h, w) and labels, integers of shape (B,)")
    mask = torch.ones(*labels.shape[:-1], *x.shape[-2:], dtype=x.dtype, device=x.device, requires_grad=True)
    fits = (*mask.shape[:-2], *[1] * (x.ndim - mask.ndim), *mask.shape[-2:])
    waves = torch.fft.fft2(x)

    def loss(x: Tensor) -> Tensor:
        scores = model(x).flatten(0, -2)
        return functional.cross_entropy(scores, labels.flatten(), reduction="none").reshape(labels.shape)

    before = loss(x).detach()
    optimizer, found = torch.optim.Adam([mask], lr=rate), []
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        optimizer.zero_grad()
        now = loss(torch.fft.ifft2(even_part(mask).reshape(fits) * waves).real)
        cost = (now - before).square().clamp(max=LARGEST).exp().mean(-1)
        objective = cost + penalty * (mask.abs() + 1e-12).pow(p).sum((-2, -1)).pow(1 / p)
        objective.sum().backward()
        optimizer.step()
        found.append(objective.detach().to("cpu", torch.float64))
        with torch.no_grad():
            mask.copy_(even_part(mask.clamp(0, 1)))
    return FourierMask(mask.detach(), torch.stack(found, -1))
