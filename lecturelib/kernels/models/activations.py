"""Activation functions and their slopes, entry by entry: σ(z) = 1 / (1 + e^{−z}), tanh, ReLU, leaky ReLU, ELU."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn

from lecturelib.core.arguments import Array, Positive, checked
from lecturelib.core.kinds import Number
from lecturelib.core.records import Record

Leak = Annotated[float, Number("a number from 0 to below 1", least=0, below=1)]

# name: the module of torch that computes it, and its slope; a setting follows z
KNOWN = {
    "identity": (nn.Identity, torch.ones_like),
    # σ(−z) in place of 1 − σ(z), which loses its digits for large z
    "sigmoid": (nn.Sigmoid, lambda z: torch.sigmoid(z) * torch.sigmoid(-z)),
    "tanh": (nn.Tanh, lambda z: 1 - torch.tanh(z) ** 2),
    "ReLU": (nn.ReLU, lambda z: (z > 0).to(z.dtype)),
    "leaky ReLU": (nn.LeakyReLU, lambda z, leak: torch.where(z > 0, torch.ones_like(z), leak)),
    # the clamp keeps the branch that is not taken from overflowing
    "ELU": (nn.ELU, lambda z, alpha: torch.where(z > 0, 1.0, alpha * torch.exp(z.clamp(max=0)))),
}


class Activation(Record):
    """A function of a number, and its slope. Where the function bends, the slope is that of its left side.

    name: a key of `KNOWN`, to which others can be added; settings: what the function takes beside z. Raises ValueError
    for names that are not known.

    >>> Activation("leaky ReLU", (0.5,))([-1.0, 2.0]), relu.slope([-1.0, 2.0])
    (tensor([-0.5000,  2.0000], dtype=torch.float64), tensor([0., 1.], dtype=torch.float64))
    """

    name: str
    settings: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in KNOWN:
            raise ValueError(f"name: expected one of {', '.join(KNOWN)}, got {self.name!r}")

    @property
    def module(self) -> nn.Module:
        """The module of torch that computes it."""
        return KNOWN[self.name][0](*self.settings)

    @checked
    def __call__(self, z: Array) -> Tensor:
        """σ(z), entry by entry."""
        return self.module(z)

    @checked
    def slope(self, z: Array) -> Tensor:
        """σ'(z), entry by entry."""
        return KNOWN[self.name][1](z, *self.settings)


identity, sigmoid, tanh, relu = map(Activation, ("identity", "sigmoid", "tanh", "ReLU"))


@checked
def leaky_relu(leak: Leak = 0.1) -> Activation:
    """max(leak z, z); leak 0 is the ReLU.

    >>> leaky_relu(0.25)([-2.0, 3.0])
    tensor([-0.5000,  3.0000], dtype=torch.float64)
    """
    return Activation("leaky ReLU", (leak,))


@checked
def elu(alpha: Positive = 1.0) -> Activation:
    """z for z ≥ 0 and alpha (eᶻ − 1) below; its slope is continuous for alpha = 1 only.

    >>> elu(2.0)([-1.0, 3.0])
    tensor([-1.2642,  3.0000], dtype=torch.float64)
    """
    return Activation("ELU", (alpha,))
