r"""Deep networks of one input in training: how fast breakpoints move, and when they are born and die.

A breakpoint β of a unit with pre-activation z has z(β) = 0 all the time, so that β̇ = −ż(β) / z′(β): ż is the rate of
change of z at a fixed place, by the unit's own numbers and by everything below it.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Count, Interval, Positive, RealOrInfinite, Vector, checked
from lecturelib.core.lines import LineBreakpoints
from lecturelib.core.small_networks import Layout, fit
from lecturelib.splines.breakpoints.expansion import Target
from lecturelib.splines.depth.counting import Hidden, Start, Theta, breakpoints_of, fits, start_deep

Method = Literal["gd", "adam"]


class DeepRun(NamedTuple):
    """Deep networks in training. steps: (R,) recorded ones; parameters: (R, M, P) then; losses: (M, T), each step's."""

    layout: Layout
    steps: list[int]
    parameters: Tensor
    losses: Tensor

    def breakpoints(self, record: int, member: int = 0) -> LineBreakpoints:
        """All breakpoints of a network as it was recorded."""
        return breakpoints_of(self.layout, self.parameters[record, member])


@checked
def train_deep(
    widths: Hidden, x: Annotated[Vector, "N"], y: Annotated[Vector, "N"], *, steps: Count, learning_rate: Positive,
    method: Method = "gd", start: Start = "pytorch", members: Count = 1, record_every: Count | None = None,
    generator: Generator,
) -> DeepRun:  # fmt: skip
    """Train ReLU networks with these hidden widths on ½ Σ (f(x_n) − y_n)², compiled; start: see `start_deep`.

    >>> x = torch.linspace(-1, 1, 9)
    >>> run = train_deep([3, 3], x, x**2, steps=50, learning_rate=0.01, generator=torch.Generator().manual_seed(0))
    >>> run.parameters.shape, bool(run.losses[0, -1] < run.losses[0, 0])
    (torch.Size([2, 1, 22]), True)
    """
    layout = Layout((1, *widths, 1))
    theta = start_deep(layout, start, members=members, generator=generator)
    rate = learning_rate * (len(x) if method == "gd" else 1)  # `fit` takes the mean over data
    settings = {"steps": steps, "learning_rate": rate, "record_every": record_every}
    run = fit(layout, theta, x[:, None], y[:, None], optimizer="sgd" if method == "gd" else "adam", **settings)
    return DeepRun(layout, run.steps, run.parameters, run.losses * len(x))


@checked
def descent(layout: Layout, theta: Theta, x: Annotated[Vector, "N"], y: Annotated[Vector, "N"]) -> Tensor:
    """The velocity of theta under gradient flow of ½ Σ (f(x_n) − y_n)²: minus the gradient, shape (P,).

    Raises ValueError where theta is not of that shape.

    >>> from lecturelib.core.small_networks import Layout
    >>> descent(Layout((1, 1, 1)), [1.0, 0.0, 1.0, 0.0], [1.0], [3.0]).tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    fits(layout, theta=theta)
    theta = theta.detach().requires_grad_()
    loss = 0.5 * (layout.outputs(theta, x[:, None])[:, 0] - y).square().sum()
    return -torch.autograd.grad(loss, theta)[0]


@checked
def breakpoint_speed(layout: Layout, theta: Theta, velocity: Theta, found: LineBreakpoints) -> Tensor:
    """β̇ = −ż(β) / z′(β) of each breakpoint, shape (B,), where theta moves with `velocity`, shape (P,).

    For a breakpoint that is degenerate, z′ jumps, and the slope of one side is taken. Raises ValueError where shapes do
    not fit.

    >>> from lecturelib.core.small_networks import Layout
    >>> layout, theta = Layout((1, 1, 1)), [2.0, -1.0, 3.0, 0.0]
    >>> breakpoint_speed(layout, theta, [0.0, 1.0, 0.0, 0.0], breakpoints_of(layout, theta)).tolist()
    [-0.5]
    """
    fits(layout, theta=theta, velocity=velocity)

    def before(theta: Tensor, x: Tensor) -> Tensor:
        """The pre-activation of each breakpoint's unit, at the place of the breakpoint: (B,)."""
        h, rows = x[:, None], torch.zeros_like(x)
        for number, (weights, biases) in enumerate(layout.layers(theta), 1):
            z = h @ weights.mT + biases
            own = z.gather(1, found.units.clamp(max=z.shape[1] - 1)[:, None])[:, 0]
            rows = torch.where(found.layers == number, own, rows)
            h = torch.relu(z)
        return rows

    at = found.positions.to(theta)
    rate = torch.func.jvp(lambda theta: before(theta, at), (theta,), (velocity,))[1]
    slope = torch.func.jvp(lambda x: before(theta, x), (at,), (torch.ones_like(at),))[1]
    return -rate / slope


class Turnover(NamedTuple):
    """Births and deaths between records, (R − 1, M, L) by layer, and how many breakpoints there are, (R, M, L)."""

    births: Tensor
    deaths: Tensor
    counts: Tensor


@checked
def births_and_deaths(run: DeepRun, *, low: RealOrInfinite = -math.inf, high: RealOrInfinite = math.inf) -> Turnover:
    """How many breakpoints between `low` and `high` began and ceased, at least, from one record of a run to the next.

    Compares, unit by unit, how many there are. What is born and dies between two records is not seen, nor a birth that
    a death of the same unit makes up for: records that are closer see more. Those that cross `low` or `high` count.

    >>> from lecturelib.core.small_networks import Layout
    >>> layout = Layout((1, 1, 1))
    >>> run = DeepRun(layout, [0, 1], torch.tensor([[[1.0, 0, 1, 0]], [[0.0, 0, 1, 0]]]), torch.zeros(1, 1))
    >>> turnover = births_and_deaths(run)
    >>> turnover.births.tolist(), turnover.deaths.tolist()
    ([[[0]]], [[[1]]])
    """
    hidden = run.layout.sizes[1:-1]
    records, members = run.parameters.shape[:2]
    held = torch.zeros(records, members, len(hidden), max(hidden), dtype=torch.int64)
    for record in range(records):
        for member in range(members):
            found = breakpoints_of(run.layout, run.parameters[record, member], low=low, high=high)
            place = ((found.layers - 1) * max(hidden) + found.units).bincount(minlength=held[0, 0].numel())
            held[record, member] = place.reshape(held.shape[2:])
    change = held[1:] - held[:-1]
    return Turnover(change.clamp(min=0).sum(-1), (-change).clamp(min=0).sum(-1), held.sum(-1))


@checked
def curvature_correlation(breakpoints: Vector, target: Target, interval: Interval, *, bins: Count = 20) -> float:
    """Correlation, over equal bins of an interval, of numbers of breakpoints with |f″| in the middle of the bin.

    Raises ValueError where one of them is the same in all bins.

    >>> round(curvature_correlation([-1.0, 1.0], sine(1.0), (-3.2, 3.2), bins=4), 6)
    1.0
    """
    low, high = interval
    edges = torch.linspace(low, high, bins + 1, dtype=breakpoints.dtype)
    counts = torch.histc(breakpoints[(breakpoints >= low) & (breakpoints <= high)], bins, low, high)
    bend = target.curvature((edges[1:] + edges[:-1]) / 2).abs().to(counts)
    if float(counts.std()) == 0 or float(bend.std()) == 0:
        raise ValueError("breakpoints: expected numbers of breakpoints, and curvatures, that differ from bin to bin")
    return float(torch.corrcoef(torch.stack([counts, bend]))[0, 1])
