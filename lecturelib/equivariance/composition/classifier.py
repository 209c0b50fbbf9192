r"""A small classifier of points in the plane: features, a few layers, descent by mini-batches; many at once.

The settings are those of the TensorFlow Playground (Smilkov and others 2017, its code of 2018): labels ±1, an output
tanh, the loss ½ (f − y)², weights uniform on ±½ and biases 0.1 at the start, plain descent on batches that follow each
other in the order of the data. An ensemble of M networks of one `shape` is a tensor theta, (M, P): for each layer the
weights (out × in), row by row, then the biases.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Literal, NamedTuple

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Natural, NonNegative, Positive, checked
from lecturelib.core.kinds import Number, Several
from lecturelib.core.small_networks import Layout

Cloud = Literal["circle", "xor", "gauss", "spiral"]
Feature = Literal["x1", "x2", "x1²", "x2²", "x1x2", "sin x1", "sin x2"]
Bend = Literal["tanh", "relu", "leaky", "sigmoid", "linear"]
Hidden = Annotated[
    Sequence[int], Several("the sizes of the hidden layers, integers of at least 1",
                           Number("an integer, at least 1", least=1, whole=True), fewest=0),
]  # fmt: skip
BIAS, RADIUS, LEAK = 0.1, 5.0, 0.2
FORMULAS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "x1": lambda a, b: a, "x2": lambda a, b: b, "x1²": lambda a, b: a * a, "x2²": lambda a, b: b * b,
    "x1x2": lambda a, b: a * b, "sin x1": lambda a, b: a.sin(), "sin x2": lambda a, b: b.sin(),
}  # fmt: skip
BENDS: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "tanh": (torch.tanh, lambda h: 1 - h * h),
    "relu": (torch.relu, lambda h: (h > 0).to(h)),
    "leaky": (lambda z: torch.where(z > 0, z, LEAK * z), lambda h: torch.where(h > 0, 1.0, LEAK).to(h)),
    "sigmoid": (torch.sigmoid, lambda h: h * (1 - h)),
    "linear": (lambda z: z, torch.ones_like),
}
"""Each activation, and its slope as a function of its value."""


class Points(NamedTuple):
    """Points of the plane, x (..., N, 2), with labels y (..., N) of +1 and −1."""

    x: Tensor
    y: Tensor


@checked
def draw_points(
    cloud: Cloud, count: Count, *, generator: Generator, noise: NonNegative = 0.0, members: Count | None = None
) -> Points:
    """Points in a random order, one half +1 and the other −1 (for "xor": about so): (N, 2) or (members, N, 2).

    circle: +1 at distances uniform below 2.5, −1 between 3.5 and 5. xor: uniform on the square, 0.3 left free on both
    sides of the axes, +1 where x₁x₂ > 0. gauss: about (2, 2) and (−2, −2) with variance 0.5 + 7 noise. spiral: two arms
    of 1.75 turns. noise moves points, those of circle and xor by up to 5 · noise, after which they get their label.

    >>> x, y = draw_points("circle", 500, generator=torch.Generator().manual_seed(0))
    >>> x.shape, int((y > 0).sum()), bool(x[y > 0].norm(dim=1).max() < 2.5)
    (torch.Size([500, 2]), 250, True)
    """
    shape = ((members or 1), count)
    half = (torch.arange(count) < (count + 1) // 2).expand(shape)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)

    def polar(radius: Tensor, angle: Tensor) -> Tensor:
        return torch.stack([radius * angle.sin(), radius * angle.cos()], -1)

    y = torch.where(half, 1.0, -1.0).double()
    moved = noise * torch.stack([uniform(-1, 1), uniform(-1, 1)], -1)
    if cloud == "gauss":
        away = torch.randn((*shape, 2), generator=generator, dtype=torch.float64)
        x = 2 * y[..., None] + math.sqrt(0.5 + 7 * noise) * away
    elif cloud == "spiral":
        part = torch.arange(count).double() % ((count + 1) // 2) / ((count + 1) // 2)
        x = polar(RADIUS * part, 3.5 * math.pi * part + torch.where(half, 0.0, math.pi)) + moved
    elif cloud == "circle":
        radius = torch.where(half, uniform(0, RADIUS / 2), uniform(0.7 * RADIUS, RADIUS))
        x = polar(radius, uniform(0, 2 * math.pi))
        y = torch.where((x + RADIUS * moved).norm(dim=-1) < RADIUS / 2, 1.0, -1.0).double()
    else:
        x = torch.stack([uniform(-RADIUS, RADIUS), uniform(-RADIUS, RADIUS)], -1)
        x = x + 0.3 * torch.where(x > 0, 1.0, -1.0)
        y = torch.where((x + RADIUS * moved).prod(-1) >= 0, 1.0, -1.0).double()
    order = torch.rand(shape, generator=generator).argsort(-1)
    x, y = x.gather(1, order[..., None].expand_as(x)), y.gather(1, order)
    return Points(x, y) if members else Points(x[0], y[0])


@checked
def plane_features(x: Annotated[Array, "... 2"], names: Sequence[Feature]) -> Tensor:
    """The features of points (..., 2), in this order: (..., F). Raises ValueError where no feature is named.

    >>> plane_features([[2.0, -3.0]], ["x1²", "x1x2"])
    tensor([[ 4., -6.]], dtype=torch.float64)
    """
    if not names:
        raise ValueError("names: expected at least one feature, got none")
    return torch.stack([FORMULAS[name](x[..., 0], x[..., 1]) for name in names], -1)


class ClassifierRun(NamedTuple):
    """What `train_classifier` gives. theta: (M, P) at the end; train, test: losses (M, E + 1) by epochs."""

    theta: Tensor
    train: Tensor
    test: Tensor
    wrong: Tensor
    """Shares of test points on the wrong side, (M, E + 1)."""


@checked
def start_classifier(inputs: Count, hidden: Hidden, *, members: Count, generator: Generator) -> Tensor:
    """Weights uniform on (−½, ½), biases 0.1: (members, P).

    >>> start_classifier(2, [4, 2], members=3, generator=torch.Generator()).shape
    torch.Size([3, 25])
    """
    sizes = (inputs, *hidden, 1)
    theta = torch.full((members, Layout(sizes).count), BIAS, dtype=torch.float64)
    for weights, _ in Layout(sizes).layers(theta):
        weights.copy_(torch.rand(weights.shape, generator=generator, dtype=torch.float64) - 0.5)
    return theta


def outputs(theta: Tensor, x: Tensor, sizes: Sequence[int], activation: Bend) -> list[Tensor]:
    """Values of all layers, (..., N, width), from the features x to the output tanh."""
    found, bend = [x], BENDS[activation][0]
    for number, (weights, biases) in enumerate(Layout(sizes).layers(theta), 2):
        z = found[-1] @ weights.mT + biases[..., None, :]
        found.append(torch.tanh(z) if number == len(sizes) else bend(z))
    return found


def gradient(theta: Tensor, x: Tensor, y: Tensor, sizes: Sequence[int], activation: Bend) -> Tensor:
    """Of the mean of ½ (f − y)² over points x (..., N, F), y (..., N): (..., P)."""
    values = outputs(theta, x, sizes, activation)
    slope, parts = BENDS[activation][1], []
    delta = (values[-1] - y[..., None]) * (1 - values[-1] ** 2) / y.shape[-1]
    for number, (weights, _) in reversed(list(enumerate(Layout(sizes).layers(theta)))):
        parts += [delta.sum(-2), (delta.mT @ values[number]).flatten(-2)]
        if number:
            delta = (delta @ weights) * slope(values[number])
    return torch.cat(parts[::-1], -1)


@checked
def train_classifier(
    theta: Annotated[Array, "M P"], train: Points, test: Points, *, hidden: Hidden, names: Sequence[Feature],
    activation: Bend = "tanh", learning_rate: Positive = 0.03, batch: Count = 10, epochs: Natural = 100,
) -> ClassifierRun:  # fmt: skip
    """Descent with batches of `batch` points in their order, M networks at once, each on its own points (M, N, 2).

    Raises ValueError where theta is not of the networks' size, or a batch has more points than there are.

    >>> generator = torch.Generator().manual_seed(0)
    >>> train, test = (draw_points("gauss", 100, generator=generator, members=3) for _ in range(2))
    >>> theta = start_classifier(2, [3], members=3, generator=generator)
    >>> run = train_classifier(theta, train, test, hidden=[3], names=["x1", "x2"], epochs=20)
    >>> run.wrong[:, -1]
    tensor([0., 0., 0.], dtype=torch.float64)
    """
    inputs = [plane_features(one.x, names).to(theta) for one in (train, test)]
    sizes = (len(names), *hidden, 1)
    if theta.shape[1] != Layout(sizes).count:
        raise ValueError(f"theta: expected {Layout(sizes).count} numbers for each network, got {theta.shape[1]}")
    if batch > train.y.shape[-1]:
        raise ValueError(f"batch: expected at most {train.y.shape[-1]}, as many as there are points, got {batch}")
    labels = [one.y.to(theta) for one in (train, test)]
    theta, losses, wrong = theta.clone(), ([], []), []

    def note() -> None:
        found = [outputs(theta, x, sizes, activation)[-1][..., 0] for x in inputs]
        for kept, f, y in zip(losses, found, labels, strict=True):
            kept.append(0.5 * (f - y).square().mean(-1))
        wrong.append(((found[1] >= 0) != (labels[1] > 0)).double().mean(-1))

    note()
    for _ in range(epochs):
        for k in range(0, labels[0].shape[-1] - batch + 1, batch):
            now = inputs[0][..., k : k + batch, :], labels[0][..., k : k + batch]
            theta -= learning_rate * gradient(theta, *now, sizes, activation)
        note()
    return ClassifierRun(theta, *(torch.stack(kept, -1) for kept in (*losses, wrong)))
