r"""Moving bad breakpoints during training.

Descent moves a breakpoint a little at a time, and some not at all: a neuron that is silent on all data has no gradient.
`relocate` finds neurons that the function on the data can do without, and puts them, with output weight 0, where the
residual is most curved. The function on the data stays as it is.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.arguments import Count, Natural, PositiveArray, Seed, Vector, checked
from lecturelib.core.experiments import generator_for
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.fitting.segmentation import Data, lines_of, sorted_data
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.training.descend import descend


class Census(NamedTuple):
    """What the data see of the neurons of a network: masks of shape (..., H); each neuron is in one of them.

    silent: active on no data point, or v = 0; straight: active on all of them, so that they add a straight line;
    bending: all others.
    """

    silent: Tensor
    straight: Tensor
    bending: Tensor


@checked
def census(network: Network, x: Vector) -> Census:
    """Tell neurons apart by what they do on the data x of shape (N,): masks of shape (..., H).

    A neuron with w = 0 counts as straight.

    >>> census(Network([1.0, 1.0, 1.0], [5.0, 0.0, -5.0], [1.0, 1.0, 1.0], 0.0), [-1.0, 2.0]).bending
    tensor([False,  True, False])
    """
    left, right = (network.w * end + network.b for end in (x.min(), x.max()))
    silent = (network.v == 0) | ((left <= 0) & (right <= 0))
    straight = ~silent & (left >= 0) & (right >= 0)
    return Census(silent, straight, ~silent & ~straight)


def gather(one: Network, x: np.ndarray) -> Tensor:
    """Let as few neurons as joining allows compute the same function on the data, and tell which are free: (H,).

    All neurons that are straight on the data become one, the steepest, and b₀ takes up the constant. Neurons that bend
    in the same gap between data, face the same way and have delta-slopes of one sign become one, with the sum of the
    delta-slopes at their weighted mean place. Free neurons get v = 0. The tensors of `one`, in float64, are changed.
    """
    silent, straight, _ = census(one, x)
    w, b, v = one.w, one.b, one.v
    v[silent] = 0.0
    gap = torch.from_numpy(np.searchsorted(np.unique(x), (-b / w).numpy()))
    alike = torch.where(straight, -1, 4 * gap + 2 * (w > 0) + (v > 0))
    for group in alike[~silent].unique().tolist():
        members = torch.where(~silent & (alike == group))[0]
        slopes, height = w[members] * v[members], v[members] @ b[members]
        keep, slope = members[int(slopes.abs().argmax())], slopes.sum()
        if group >= 0:
            b[keep] = w[keep] * height / slope
        v[members] = 0.0
        if slope != 0:
            v[keep] = slope / w[keep]
        one.b0.add_(height - v[keep] * b[keep])
    return v == 0


def curved_places(knots: np.ndarray, x: np.ndarray, residuals: np.ndarray, count: int) -> np.ndarray:
    """Where `count` more knots would meet the most curvature of the residual: shape (at most count,).

    The data are cut into pieces at `knots`. How curved the residual is on a piece is measured by what a straight line
    of its own leaves there; the piece that is worst is halved, again and again. Fewer places where points run out.
    knots: strictly inside the data. x, residuals: (N,), sorted by x.
    """
    starts = np.unique([0, *np.searchsorted(x, knots)])
    places: list[float] = []
    while len(places) < count:
        ends, lines = np.append(starts[1:], x.size), lines_of(x, residuals, starts)
        curved = np.where((ends - starts > 2) & (lines[:, 3] > 0), lines[:, 5], -1.0)
        worst = int(curved.argmax())
        if curved[worst] < 0:
            break
        first, last = starts[worst], ends[worst]
        middle = first + np.searchsorted(x[first:last], (x[first] + x[last - 1]) / 2, side="right")
        places.append((x[middle - 1] + x[middle]) / 2)
        starts = np.sort(np.append(starts, middle))
    return np.array(places)


class Relocated(NamedTuple):
    """Networks of shape (..., H), and which of their neurons have been moved: a mask of shape (..., H)."""

    network: Network
    moved: Tensor


@checked
def relocate(network: Annotated[Network, "... H"], x: Data, y: Data) -> Relocated:
    """Move neurons that the data do not need to where the residual is most curved; f on the data does not change.

    Which neurons are free is decided by `gather`, where they go by `curved_places`. A moved neuron gets v = 0, the
    median |w| of the others, and faces the nearer end of the data, so that it will change the function on the smaller
    part of them. Each network of an ensemble by itself. Own rules, proved in the chapter (`thm-fit-relocate`).
    Raises ValueError where the squares of y are too large.

    >>> relocate(Network([1.0, 2.0], [-1.0, 9.0], [3.0, 0.0], 0.0), [0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 3.0, 9.0])
    Relocated(network=Network(w=[1.0, 1.0], b=[-1.0, -2.5], v=[3.0, 0.0], b0=0.0), moved=tensor([False,  True]))
    """
    points, targets = sorted_data(x, y)
    found = network.map(lambda part: torch.empty(part.shape, dtype=torch.float64).copy_(part.detach()))
    moved = torch.zeros(network.w.shape, dtype=torch.bool)
    rows = (part.view(-1, *part.shape[len(network.shape) :]) for part in (found.w, found.b, found.v, found.b0, moved))
    for *parts, mask in zip(*rows, strict=True):
        one = Network(*parts)
        free = gather(one, points)
        bend = ~free & (one.w != 0)
        beta = (-one.b / one.w)[bend].numpy()
        inside = beta[(beta > points[0]) & (beta < points[-1])]
        places = curved_places(inside, points, one(points).numpy() - targets, int(free.sum()))
        chosen = torch.where(free)[0][: len(places)]
        size = float(np.median(one.w[bend].abs())) if bend.any() else 1.0
        one.w[chosen] = torch.from_numpy(np.where(places >= (points[0] + points[-1]) / 2, size, -size))
        one.b[chosen] = -one.w[chosen] * torch.from_numpy(places)
        mask[chosen] = True
    return Relocated(found.to(network.w), moved.to(network.device))


class Interleaved(NamedTuple):
    """Descent with relocations in between.

    steps: taken after each stretch, shape (stretches + 1,); losses: then, shape (stretches + 1, ...); moved: how many
    neurons before each stretch, shape (stretches, ...); final: the networks in the end, shape (..., H).
    """

    steps: Tensor
    losses: Tensor
    moved: Tensor
    final: Network


@checked
def descend_relocating(
    network: Network, x: Data, y: Data, *, steps: Count, every: Count, learning_rate: PositiveArray,
    optimizer: str = "gd", moves: Natural | None = None,
) -> Interleaved:  # fmt: skip
    """`descend` in stretches of `every` steps, with `relocate` before each of the first `moves` (None: all but one).

    The state of momentum and Adam starts anew with each stretch; moves=0 is plain descent with the same restarts.
    An ensemble (..., H) is trained as one. Raises ValueError as `descend` does, and where a stretch diverges.

    >>> start = Network([1.0, 2.0], [-1.0, 9.0], [1.0, 0.0], 0.0)
    >>> options = {"steps": 20, "every": 10, "learning_rate": 0.01}
    >>> descend_relocating(start, [0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 3.0, 9.0], **options).moved
    tensor([1, 0])
    """
    taken = [*range(0, steps, every), steps]
    moves = len(taken) - 2 if moves is None else moves
    losses = [(network(x) - y).square().sum(-1) / 2]
    moved = torch.zeros(len(taken) - 1, *network.shape, dtype=torch.long, device=network.device)
    for stretch, (before, after) in enumerate(pairwise(taken)):
        if stretch < moves:
            network, mask = relocate(network, x, y)
            moved[stretch] = mask.sum(-1)
        run = descend(network, x, y, steps=after - before, learning_rate=learning_rate, optimizer=optimizer)
        if run.diverged:
            raise ValueError(f"learning_rate: after {before} steps, {run.reason}")
        network = run.final
        losses.append(run.losses[-1])
    return Interleaved(torch.tensor(taken), torch.stack(losses), moved, network)


@checked
def rescue(*, seed: Seed, optimizer: Literal["gd", "adam"], moves: Natural | None) -> dict[str, list]:
    """Experiment: 12 networks of 40 neurons on 500 points of sin 3x on [−2, 2], for 10,000 steps.

    They are relocated every 500 steps, or not. The start is PyTorch's, and the same for every optimizer and for every
    number of moves. Returns steps, losses (a row for each stretch, a column for each network), how many neurons were
    moved, and how many bend in the end.
    """
    x = torch.linspace(-2, 2, 500, dtype=torch.float64)
    start = initialize(40, "pytorch", generator=generator_for(seed, "rescue", 40), ensemble=(12,))
    rate = {"gd": 1e-4, "adam": 1e-3}[optimizer]
    options = {"steps": 10_000, "every": 500, "optimizer": optimizer, "moves": moves}
    run = descend_relocating(start, x, torch.sin(3 * x), learning_rate=rate, **options)
    bending = census(run.final, x).bending.sum(-1)
    found = {"steps": run.steps, "losses": run.losses, "moved": run.moved, "bending": bending}
    return {name: one.tolist() for name, one in found.items()}
