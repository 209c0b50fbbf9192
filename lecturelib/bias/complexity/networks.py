"""Ensembles of shallow networks trained side by side, as the experiments of the chapter need them.

A network has d inputs, H ReLU neurons and one output: f(x) = Σ_i v_i (w_i·x + b_i)₊ + c. All members of an ensemble
have the same width and their own data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, NonNegative, Positive, Share, checked
from lecturelib.core.records import Record


class Ensemble(Record):
    """Networks of d inputs: w (..., H, d), b (..., H), v (..., H), c (...).

    >>> Ensemble([[2.0]], [-1.0], [3.0], 0.5)([[0.0], [1.0]]).tolist()
    [0.5, 3.5]
    """

    w: Annotated[Array, "... H d"]
    b: Annotated[Array, "... H"]
    v: Annotated[Array, "... H"]
    c: Annotated[Array, "..."]

    @checked
    def __call__(self, x: Annotated[Array, "... N d"]) -> Tensor:
        """Values at x (..., N, d): shape (..., N)."""
        return (self.hidden(x) @ self.v[..., None]).squeeze(-1) + self.c[..., None]

    @checked
    def hidden(self, x: Annotated[Array, "... N d"]) -> Tensor:
        """What the neurons give at x (..., N, d), before output weights: shape (..., N, H)."""
        return torch.relu(x @ self.w.mT + self.b[..., None, :])

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        """w, b, v and c."""
        return self.w, self.b, self.v, self.c


@checked
def start_networks(members: Count, width: Count, inputs: Count, *, generator: Generator) -> Ensemble:
    """An ensemble with w ~ N(0, 2/d), v ~ N(0, 1/H), b = 0 and c = 0, in float64: shapes (members, ...)."""
    w = torch.randn(members, width, inputs, generator=generator, dtype=torch.float64) * (2 / inputs) ** 0.5
    v = torch.randn(members, width, generator=generator, dtype=torch.float64) * width**-0.5
    return Ensemble(w, torch.zeros_like(v), v, v.new_zeros(members))


@checked
def train(
    start: Ensemble, x: Annotated[Array, "... N d"], y: Annotated[Array, "... N"], *, steps: Count,
    learning_rate: Positive, record_every: Count, decay: NonNegative = 0.0, drop: Share = 0.0,
    generator: Generator | None = None, adam: bool = True,
) -> Iterator[tuple[int, Ensemble]]:  # fmt: skip
    """Train on ½ mean (f(x_n) − y_n)² + ½ decay ‖θ‖² with all data; yields (step, networks) at recorded steps, and 0.

    adam: Adam with the usual constants, its rate falling to 0 as a cosine; otherwise plain descent. drop: the rate of
    dropout of hidden neurons (inverted scaling), for which a generator is needed; ValueError without one.
    """
    if drop and generator is None:
        raise ValueError("generator: expected a torch.Generator for dropout, got None")
    if drop >= 1:
        raise ValueError(f"drop: expected less than 1, got {drop}")
    parameters = [one.detach().clone() for one in start.parameters]
    first, second = ([torch.zeros_like(one) for one in parameters] for _ in range(2))
    yield 0, Ensemble(*parameters).clone()
    for step in range(1, steps + 1):
        slopes = gradient(Ensemble(*parameters), x, y, drop=drop, generator=generator)
        rate = learning_rate * (0.5 * (1 + math.cos(math.pi * (step - 1) / steps)) if adam else 1.0)
        for one, slope, mean, square in zip(parameters, slopes.parameters, first, second, strict=True):
            change = slope + decay * one if decay else slope
            if adam:
                mean.mul_(0.9).add_(change, alpha=0.1)
                square.mul_(0.999).addcmul_(change, change, value=0.001)
                change = (mean / (1 - 0.9**step)) / ((square / (1 - 0.999**step)).sqrt() + 1e-8)
            one.sub_(change, alpha=rate)
        if step % record_every == 0 or step == steps:
            yield step, Ensemble(*parameters).clone()


def gradient(
    model: Ensemble, x: Tensor, y: Tensor, *, drop: float = 0.0, generator: Generator | None = None
) -> Ensemble:  # fmt: skip
    """Derivatives of ½ mean (f(x_n) − y_n)² with respect to all parameters, in their shapes, by the chain rule.

    drop: with this rate a neuron is left out, for each datum anew, and the others are divided by 1 − drop.
    """
    hidden = model.hidden(x)
    kept = (hidden > 0).to(x.dtype)
    if drop:
        mask = (torch.rand(hidden.shape, generator=generator, dtype=x.dtype) >= drop).to(x.dtype) / (1 - drop)
        hidden, kept = hidden * mask, kept * mask
    residual = ((hidden @ model.v[..., None]).squeeze(-1) + model.c[..., None] - y) / y.shape[-1]
    back = kept * residual[..., None] * model.v[..., None, :]  # of the input of each neuron: (..., N, H)
    v = (residual[..., None, :] @ hidden).squeeze(-2)
    return Ensemble(back.mT @ x, back.sum(-2), v, residual.sum(-1))
