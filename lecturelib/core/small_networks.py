r"""Small fully connected networks as rows of numbers: outputs, starts, training; many at once.

An ensemble of M networks of one `Layout` is a tensor theta of shape (M, P): for each layer the weights (out × in), row
by row, then the biases. `outputs` is torch, differentiable, on any device. `fit` trains compiled, network by network on
all cores (`lecturelib.core.small_steps`), or with a device all networks at once in torch: by the same steps, from the
same draws, so that both agree up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional

Activation = Literal["relu", "tanh", "softplus", "sigmoid"]
Optimizer = Literal["sgd", "momentum", "rmsprop", "adam"]
Loss = Literal["square", "logistic"]
ACTIVATIONS, OPTIMIZERS, LOSSES = map(get_args, (Activation, Optimizer, Loss))  # numbered as in small_steps
FUNCTIONS = {"relu": torch.relu, "tanh": torch.tanh, "softplus": functional.softplus, "sigmoid": torch.sigmoid}
CHUNK = 2**20  # random numbers drawn at a time


@dataclass(frozen=True)
class Layout:
    """Sizes of all layers, from inputs to outputs, and the activation between them. Raises ValueError for others."""

    sizes: tuple[int, ...]
    activation: str = "relu"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", tuple(self.sizes))
        if len(self.sizes) < 2 or any(size < 1 for size in self.sizes):
            raise ValueError(f"sizes: expected two or more sizes of at least 1, got {self.sizes}")
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation: expected one of {', '.join(ACTIVATIONS)}, got {self.activation!r}")

    @property
    def count(self) -> int:
        """P, how many numbers a network has."""
        return sum((fan + 1) * width for fan, width in pairwise(self.sizes))

    @property
    def kind(self) -> int:
        """The number of the activation in `lecturelib.core.small_steps`."""
        return ACTIVATIONS.index(self.activation)

    def layers(self, theta: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Views of theta, (..., P): weights (..., out, in) and biases (..., out) of each layer."""
        at = 0
        for fan, width in pairwise(self.sizes):
            middle = at + fan * width
            yield theta[..., at:middle].unflatten(-1, (width, fan)), theta[..., middle : middle + width]
            at = middle + width

    def outputs(self, theta: Tensor, x: Tensor) -> Tensor:
        """f(x), shape (..., N, out), for networks theta (..., P) and inputs x (..., N, in) that broadcast with them."""
        for number, (weights, biases) in enumerate(self.layers(theta)):
            x = x @ weights.mT + biases[..., None, :]
            x = x if number == len(self.sizes) - 2 else FUNCTIONS[self.activation](x)
        return x

    def start(self, members: int, *, generator: Generator, dtype: torch.dtype = torch.float64) -> Tensor:
        """Random networks, (members, P): normal weights of variance 2/(in + out) (Glorot, Bengio 2010), biases 0."""
        theta = torch.zeros(members, self.count, dtype=torch.float64)
        for weights, _ in self.layers(theta):
            spread = (2 / sum(weights.shape[-2:])) ** 0.5
            weights.copy_(spread * torch.randn(weights.shape, generator=generator, dtype=torch.float64))
        return theta.to(dtype)


class Rule(NamedTuple):
    """An optimizer with its constants, as in torch.optim: `momentum` also is Adam's first decay, `decay` the second."""

    optimizer: str
    momentum: float
    decay: float

    @classmethod
    def of(cls, optimizer: str, momentum: float | None = None, decay: float | None = None) -> Rule:
        """With torch's constants where none are given: 0.9; 0.99 for RMSprop, 0.999 for Adam."""
        usual = 0.99 if optimizer == "rmsprop" else 0.999
        return cls(optimizer, 0.9 if momentum is None else momentum, usual if decay is None else decay)

    @property
    def numbers(self) -> tuple[int, float, float]:
        """As `small_steps.move` takes it."""
        return OPTIMIZERS.index(self.optimizer), self.momentum, self.decay

    def step(self, theta: Tensor, gradient: Tensor, means: list[Tensor], rate: float | Tensor, step: int) -> Tensor:
        """The parameters after a step, counted from 1, in torch; moves `means` on, two tensors like theta."""
        first, second = means
        if self.optimizer == "sgd":
            return theta - rate * gradient
        if self.optimizer == "momentum":
            first.mul_(self.momentum).add_(gradient)
            return theta - rate * first
        second.mul_(self.decay).addcmul_(gradient, gradient, value=1 - self.decay)
        if self.optimizer == "rmsprop":
            return theta - rate * gradient / (second.sqrt() + 1e-8)
        first.lerp_(gradient, 1 - self.momentum)
        spread = second.sqrt() / (1 - self.decay**step) ** 0.5 + 1e-8
        return theta - rate / (1 - self.momentum**step) * (first / spread)


def streams(generator: Generator, members: int) -> list[np.random.Generator]:
    """A source of random numbers for each network of an ensemble, the same for each whatever their number."""
    seed = int(torch.randint(2**62, (), generator=generator))
    return [np.random.Generator(np.random.SFC64([seed, member])) for member in range(members)]


def side_by_side(act: Callable[[int], Any], members: int) -> list:
    """act(member) for each network, in as many threads as torch may use."""
    threads = min(torch.get_num_threads(), members)
    if threads == 1:
        return [act(member) for member in range(members)]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(act, range(members)))


def room(layout: Layout, points: int, dtype: np.dtype, count: int) -> tuple[np.ndarray, ...]:
    """`count` blocks of rows for all layers, (count, K, points), one by one."""
    return tuple(np.zeros((count, sum(layout.sizes), points), dtype))


class Fit(NamedTuple):
    """What `fit` recorded. steps: (R,); parameters: (R, M, P) then; losses: (M, T) of each step's points before it."""

    steps: list[int]
    parameters: Tensor
    losses: Tensor


def fit(
    layout: Layout, theta: Tensor, x: Tensor, y: Tensor, *, steps: int, learning_rate: float, loss: Loss = "square",
    optimizer: Optimizer = "sgd", momentum: float | None = None, decay: float | None = None, batch: int | None = None,
    generator: Generator | None = None, record_every: int | None = None, device: torch.device | str | None = None,
) -> Fit:  # fmt: skip
    """Train M networks from theta, (M, P), on x, (N, in), and y, (N, out); all on the same data.

    The loss is a mean over points: of ½ ‖f(x) − y‖², or of ln(1 + eᶠ) − y f for labels y ("logistic"). batch: each step
    takes so many points, drawn with replacement from `generator`, other ones for each network; None for all of them.
    Records the start, each `record_every`-th step, and the end. Works in the precision of theta; with a device, in
    torch. Raises ValueError for shapes that do not fit, and for a batch without a generator.
    """
    if x.ndim != 2 or x.shape[1] != layout.sizes[0] or y.shape != (len(x), layout.sizes[-1]):
        raise ValueError(f"y: expected x of shape (N, {layout.sizes[0]}) and y of shape (N, {layout.sizes[-1]})")
    if theta.ndim != 2 or theta.shape[1] != layout.count:
        raise ValueError(f"theta: expected shape (M, {layout.count}), got {tuple(theta.shape)}")
    if batch is not None and generator is None:
        raise ValueError("generator: expected one, from which the points of a batch are drawn")
    members, rule = len(theta), Rule.of(optimizer, momentum, decay)
    marks = sorted({*range(0, steps, record_every or max(steps, 1)), steps})
    sources = streams(generator, members) if generator is not None else []
    longest = max(1, CHUNK // (batch or CHUNK))
    ends = sorted({*marks, *range(0, steps, longest if batch else max(steps, 1))})

    def picked(member: int, count: int) -> np.ndarray:
        return sources[member].integers(len(x), size=(count, batch)) if batch else np.zeros((0, 0), np.int64)

    if device is None:
        kept, losses = _fit_compiled(layout, theta, x, y, loss, rule, learning_rate, ends, marks, picked, batch)
    else:
        kept, losses = _fit_in_torch(layout, theta, x, y, loss, rule, learning_rate, ends, marks, picked, device)
    return Fit(marks, kept, losses)


def _fit_compiled(layout, theta, x, y, loss, rule, rate, ends, marks, picked, batch) -> tuple[Tensor, Tensor]:
    from lecturelib.core.small_steps import train  # here, since loading the compiler takes a second

    dtype = theta.cpu().numpy().dtype
    sizes, columns = np.array(layout.sizes), [np.ascontiguousarray(one.T.cpu().numpy(), dtype) for one in (x, y)]
    points = batch or len(x)
    losses, kept = np.zeros((len(theta), ends[-1])), np.zeros((len(theta), len(marks), layout.count), dtype)

    def one(member: int) -> None:
        now, means = theta[member].cpu().numpy().copy(), np.zeros((2, layout.count), dtype)
        place = *room(layout, points, dtype, 4), np.zeros((layout.sizes[-1], points), dtype), np.zeros_like(now)
        kept[member, 0] = now
        for start, end in pairwise(ends):
            settings = sizes, layout.kind, LOSSES.index(loss), rule.numbers, rate, start, losses[member, start:end]
            train(now, means, *columns, picked(member, end - start), *settings, place)
            if end in marks:
                kept[member, marks.index(end)] = now

    side_by_side(one, len(theta))
    return torch.from_numpy(kept).movedim(0, 1), torch.from_numpy(losses)


def _fit_in_torch(layout, theta, x, y, loss, rule, rate, ends, marks, picked, device) -> tuple[Tensor, Tensor]:
    now, x, y = theta.to(device), x.to(theta).to(device), y.to(theta).to(device)
    means, kept, losses = [torch.zeros_like(now) for _ in range(2)], [now], []
    for start, end in pairwise(ends):
        picks = torch.from_numpy(np.stack([picked(member, end - start) for member in range(len(theta))])).to(device)
        for step in range(start, end):
            inputs, goals = (one[picks[:, step - start]] if picks.numel() else one for one in (x, y))
            moving = now.detach().requires_grad_()
            f = layout.outputs(moving, inputs)
            each = 0.5 * (f - goals).square() if loss == "square" else functional.softplus(f) - goals * f
            values = each.sum(-1).mean(-1)
            (gradient,) = torch.autograd.grad(values.sum(), moving)
            losses.append(values.detach())
            now = rule.step(moving.detach(), gradient, means, rate, step + 1)
        if end in marks:
            kept.append(now)
    empty = torch.zeros(0, len(theta), device=device)
    return torch.stack(kept), (torch.stack(losses) if losses else empty).T.double()
