r"""Moving bad breakpoints during training.

Descent moves a breakpoint a little at a time, and some not at all: a neuron that is silent on all data has no gradient.
`relocate` finds neurons that the function on the data can do without, and puts them, with output weight 0, where the
residual is most curved. The function on the data stays as it is.
"""

from __future__ import annotations

import heapq
from itertools import pairwise
from typing import Any, NamedTuple

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


def gather(network: Network, x: np.ndarray) -> tuple[Network, Tensor]:
    """The same function on the data by as few neurons as joining allows, and the mask of those that are free: (H,).

    All neurons that are straight on the data become one, the steepest, and b₀ takes up the constant. Neurons that bend
    in the same gap between data, face the same way and have delta-slopes of one sign become one, with the sum of the
    delta-slopes at their weighted mean place. Free neurons get v = 0. One network in float64; x: sorted.
    """
    silent, straight, bending = census(network, x)
    w, b, v = (part.numpy().copy() for part in (network.w, network.b, network.v))
    b0, free = float(network.b0), silent.numpy().copy()
    v[free] = 0.0
    gap = np.searchsorted(np.unique(x), -b / np.where(w == 0, 1.0, w))
    alike: dict[Any, list[int]] = {None: torch.where(straight)[0].tolist()}
    for neuron in torch.where(bending)[0].tolist():
        alike.setdefault((gap[neuron], w[neuron] > 0, v[neuron] > 0), []).append(neuron)
    for where, members in alike.items():
        if len(members) < (2 if where else 1):
            continue
        slopes, height = w[members] * v[members], float(v[members] @ b[members])
        keep, slope = members[int(np.abs(slopes).argmax())], float(slopes.sum())
        if where:
            b[keep] = w[keep] * height / slope
        v[members] = 0.0
        v[keep] = slope and slope / w[keep]
        b0 += height - v[keep] * b[keep]
        free[members] = v[members] == 0
    return Network(w, b, v, b0), torch.from_numpy(free)


def curved_places(knots: np.ndarray, x: np.ndarray, residuals: np.ndarray, count: int) -> np.ndarray:
    """Where `count` more knots would meet the most curvature of the residual: shape (at most count,).

    The data are cut into pieces at `knots`. How curved the residual is on a piece is measured by what a straight line
    of its own leaves there; the piece that is worst is halved, again and again. Fewer places where points run out.
    x, residuals: (N,), sorted by x.
    """
    edges = np.unique([0, *np.searchsorted(x, knots), x.size]).tolist()
    heap: list[tuple[float, int, int]] = []
    places: list[float] = []

    def push(first: int, last: int) -> None:
        if last - first > 2 and x[first] < x[last - 1]:
            left = lines_of(x[first:last], residuals[first:last], np.zeros(1, np.int64))[0, 5]
            heapq.heappush(heap, (-left, first, last))

    for first, last in pairwise(edges):
        push(first, last)
    while heap and len(places) < count:
        _, first, last = heapq.heappop(heap)
        middle = first + int(np.searchsorted(x[first:last], (x[first] + x[last - 1]) / 2, side="right"))
        places.append((x[middle - 1] + x[middle]) / 2)
        push(first, middle)
        push(middle, last)
    return np.array(places)


class Relocated(NamedTuple):
    """Networks of shape (..., H), and which of their neurons have been moved: a mask of shape (..., H)."""

    network: Network
    moved: Tensor


@checked
def relocate(network: Network, x: Data, y: Data) -> Relocated:
    """Move neurons that the data do not need to where the residual is most curved; f on the data does not change.

    Which neurons are free is decided by `gather`, where they go by `curved_places`. A moved neuron gets v = 0, the
    median |w| of the others, and faces the nearer end of the data, so that it will change the function on the smaller
    part of them. Each network of an ensemble by itself. Own rules, proved in the chapter (`thm-fit-relocate`).
    Raises ValueError where the squares of y are too large.

    >>> relocate(Network([1.0, 2.0], [-1.0, 9.0], [3.0, 0.0], 0.0), [0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 3.0, 9.0])
    Relocated(network=Network(w=[1.0, 1.0], b=[-1.0, -2.5], v=[3.0, 0.0], b0=0.0), moved=tensor([False,  True]))
    """
    split = len(network.shape)
    members = network.detach().to("cpu", torch.float64).map(lambda part: part.reshape(-1, *part.shape[split:]))
    done = [_relocated(one, *sorted_data(x, y)) for one in members]
    parts = ([getattr(one.network, name) for one in done] for name in ("w", "b", "v", "b0"))
    w, b, v, b0 = (torch.stack(part).reshape((*network.shape, *part[0].shape)).to(network.w) for part in parts)
    moved = torch.stack([one.moved for one in done]).reshape(network.w.shape).to(network.device)
    return Relocated(Network(w, b, v, b0), moved)


def _relocated(network: Network, x: np.ndarray, y: np.ndarray) -> Relocated:
    slim, free = gather(network, x)
    w, b = slim.w.clone(), slim.b.clone()
    bend = ~free & (w != 0)
    beta = (-b / w)[bend].numpy()
    inside = beta[(beta > x[0]) & (beta < x[-1])]
    places = torch.from_numpy(curved_places(inside, x, slim(x).numpy() - y, int(free.sum())))
    chosen = torch.where(free)[0][: len(places)]
    size = float(np.median(w[bend].abs())) if bend.any() else 1.0
    w[chosen] = size * (2.0 * (places >= (x[0] + x[-1]) / 2).double() - 1.0)
    b[chosen] = -w[chosen] * places
    return Relocated(Network(w, b, slim.v, slim.b0), torch.zeros_like(free).index_fill(0, chosen, True))


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
    losses, counts = [], []
    for stretch, (before, after) in enumerate(pairwise(taken)):
        moved = torch.zeros_like(network.w, dtype=torch.bool)
        if stretch < moves:
            network, moved = relocate(network, x, y)
        run = descend(network, x, y, steps=after - before, learning_rate=learning_rate, optimizer=optimizer)
        if run.diverged:
            raise ValueError(f"learning_rate: after {before} steps, {run.reason}")
        network = run.final
        counts.append(moved.sum(-1))
        losses += [run.losses[-1]] if losses else [run.losses[0], run.losses[-1]]
    return Interleaved(torch.tensor(taken), torch.stack(losses), torch.stack(counts), network)


RESCUE_RATES = {"gd": 1e-4, "adam": 1e-3}


@checked
def rescue(
    *, seed: Seed, optimizer: str, moves: Natural | None, width: Count = 40, steps: Count = 10_000
) -> dict[str, list]:
    """Experiment: 12 networks on 500 points of sin 3x on [−2, 2], relocated every 500 steps, or not.

    The start is PyTorch's, and the same for every optimizer and for every number of moves. Returns steps, losses (a
    row for each stretch, a column for each network), how many neurons were moved, and how many bend in the end.
    """
    x = torch.linspace(-2, 2, 500, dtype=torch.float64)
    start = initialize(width, "pytorch", generator=generator_for(seed, "rescue", width), ensemble=(12,))
    rate = RESCUE_RATES[optimizer]
    options = {"steps": steps, "every": 500, "learning_rate": rate, "optimizer": optimizer, "moves": moves}
    run = descend_relocating(start, x, torch.sin(3 * x), **options)
    found = {"steps": run.steps, "losses": run.losses, "moved": run.moved}
    found["bending"] = census(run.final, x).bending.sum(-1)
    return {name: one.tolist() for name, one in found.items()}
