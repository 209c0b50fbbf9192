r"""Moving bad breakpoints during training.

Descent moves a breakpoint a little at a time, and some not at all: a neuron that is silent on all data has no gradient.
`relocate` finds neurons that the function on the data can do without, and puts them, with output weight 0, where the
residual is most curved. The function on the data stays as it is.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.experiments import generator_for
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.fitting.segmentation import lines_of, sorted_data, whole
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.training.descend import descend


class Census(NamedTuple):
    """What the data see of the neurons of a network: masks of shape (..., H), no two of which share a neuron.

    silent: active on no data point, or v = 0; straight: active on all of them, so that they add a straight line;
    bending: all others.
    """

    silent: Tensor
    straight: Tensor
    bending: Tensor


def census(network: Network, x) -> Census:
    """Tell neurons apart by what they do on the data x of shape (N,). A neuron with w = 0 counts as straight."""
    x, _ = sorted_data(x, x)
    left, right = (network.w * end + network.b for end in (float(x[0]), float(x[-1])))
    silent = (network.v == 0) | ((left <= 0) & (right <= 0))
    straight = ~silent & (left >= 0) & (right >= 0)
    return Census(silent, straight, ~silent & ~straight)


@dataclass(frozen=True, eq=False)
class Relocated:
    """A network whose free neurons have been moved: how many, and where their breakpoints are now, shape (moved,)."""

    network: Network
    moved: int
    places: Tensor


def gather(network: Network, x) -> tuple[Network, Tensor]:
    """The same function on the data by as few neurons as merging allows; free neurons get v = 0. One network, (H,).

    All neurons that are straight on the data become one. Neurons that bend in the same gap between data, face the same
    way and have delta-slopes of one sign become one, with the sum of the delta-slopes at their weighted mean place.
    Returns the network and the mask of free neurons.
    """
    points = np.unique(sorted_data(x, x)[0])
    w, b, v, b0 = (part.detach().to(torch.float64).numpy().copy() for part in _parts(network))
    silent, straight, bending = (np.flatnonzero(mask.numpy()) for mask in census(network, x))
    free = np.zeros(w.size, dtype=bool)
    free[silent] = True
    b0 = b0 + _join_straight(straight, w, b, v, free)
    gaps = np.searchsorted(points, -b[bending] / w[bending])
    alike: dict[tuple, list[int]] = {}
    for neuron, gap in zip(bending, gaps, strict=True):
        alike.setdefault((gap, w[neuron] > 0, v[neuron] > 0), []).append(neuron)
    for members in alike.values():
        if len(members) > 1:
            _join_bending(np.array(members), w, b, v, free)
    v[free] = 0.0
    return Network(*(torch.from_numpy(np.asarray(part)) for part in (w, b, v, b0))), torch.from_numpy(free)


def _join_straight(members, w, b, v, free) -> float:
    """Let the steepest of these neurons carry the straight line of all, and return what b₀ has to add."""
    slope, height = float(v[members] @ w[members]), float(v[members] @ b[members])
    free[members] = True
    if not (w[members] != 0).any():
        return height
    keep = members[np.argmax(np.abs(w[members] * v[members]))]
    free[keep], v[keep] = False, slope / w[keep]
    return height - v[keep] * b[keep]


def _join_bending(members, w, b, v, free) -> None:
    """Let the steepest of these neurons carry all: the sum of delta-slopes at their weighted mean place."""
    mu, beta = (w * v)[members], (-b / w)[members]
    keep = members[np.argmax(np.abs(mu))]
    free[members] = True
    free[keep], v[keep] = False, mu.sum() / w[keep]
    b[keep] = -w[keep] * (mu @ beta) / mu.sum()


def _parts(network: Network) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    if network.w.ndim != 1:
        raise ValueError(f"network: expected one network, shape (H,), got {tuple(network.w.shape)}")
    return network.w, network.b, network.v, network.b0


def curved_places(knots, x: np.ndarray, residuals: np.ndarray, count: int) -> np.ndarray:
    """Where `count` more knots would meet the most curvature of the residual: shape (at most count,).

    The data are cut into pieces at `knots`. How curved the residual is on a piece is measured by what a straight line
    of its own leaves there; the piece that is worst is halved, again and again. Fewer places where points run out.
    x, residuals: (N,), sorted by x.
    """
    edges = np.unique(np.concatenate([[0], np.searchsorted(x, np.sort(knots)), [x.size]]))
    heap: list[tuple[float, int, int]] = []

    def push(first: int, last: int) -> None:
        if last - first > 2 and x[first] < x[last - 1]:
            line = lines_of(x[first:last], residuals[first:last], np.zeros(1, np.int64))
            heapq.heappush(heap, (-line[0, 5], first, last))

    for first, last in pairwise(edges):
        push(int(first), int(last))
    places: list[float] = []
    while heap and len(places) < count:
        _, first, last = heapq.heappop(heap)
        middle = first + int(np.searchsorted(x[first:last], (x[first] + x[last - 1]) / 2, side="right"))
        places.append(float(x[middle - 1] + (x[middle] - x[middle - 1]) / 2))
        push(first, middle)
        push(middle, last)
    return np.array(places)


def relocate(network: Network, x, y) -> Relocated:
    """Move neurons that the data do not need to where the residual is most curved; f on the data does not change.

    Which neurons are free is decided by `gather`, where they go by `curved_places`. A moved neuron gets v = 0, the
    median |w| of the others, and faces the nearer end of the data, so that it will change the function on the smaller
    part of them. One network, shape (H,). Raises ValueError for ensembles, NaN, or shapes that differ.
    """
    slim, free = gather(network, x)
    x, y = sorted_data(x, y)
    residuals = slim(x).numpy() - y
    w, b, v, b0 = (part.numpy().copy() for part in _parts(slim))
    busy = ~free.numpy()
    with_bend = busy & (w != 0)
    beta = -b[with_bend] / w[with_bend]
    places = curved_places(beta[(beta > x[0]) & (beta < x[-1])], x, residuals, int(free.sum()))
    chosen = np.flatnonzero(~busy)[: places.size]
    size = float(np.median(np.abs(w[with_bend]))) if with_bend.any() else 1.0
    side = np.where(places >= (x[0] + x[-1]) / 2, 1.0, -1.0)
    w[chosen], b[chosen], v[chosen] = side * size, -side * size * places, 0.0
    moved = Network(*(torch.from_numpy(np.asarray(part)) for part in (w, b, v, b0)))
    return Relocated(moved, places.size, torch.from_numpy(places))


@dataclass(frozen=True, eq=False)
class Interleaved:
    """Descent with relocations in between: losses after each stretch, shape (stretches + 1, ...), and the networks.

    steps: steps taken by then, shape (stretches + 1,). moved: neurons moved before each stretch, (stretches, ...).
    """

    steps: Tensor
    losses: Tensor
    moved: Tensor
    final: Network


def descend_relocating(
    network: Network, x, y, *, steps: int, every: int, learning_rate, optimizer: str = "gd", moves: int | None = None
) -> Interleaved:
    """`descend` in stretches of `every` steps, with `relocate` before each of the first `moves` (None: all but one).

    The state of momentum and Adam starts anew with each stretch; moves=0 is plain descent with the same restarts.
    An ensemble (..., H) is trained as one and relocated network by network. Raises ValueError as `descend` does, and
    where a stretch diverges.
    """
    stretches = -(-whole("steps", steps) // whole("every", every))
    moves = stretches - 1 if moves is None else moves
    shape = network.w.shape
    counts, losses, taken = [], [], [0]
    for stretch in range(stretches):
        moved = torch.zeros(shape[:-1], dtype=torch.long)
        if stretch < moves:
            network, moved = _relocate_all(network, x, y)
        length = min(every, steps - taken[-1])
        run = descend(network, x, y, steps=length, learning_rate=learning_rate, optimizer=optimizer)
        if run.diverged:
            raise ValueError(f"learning_rate: after {taken[-1]} steps, {run.reason}")
        if not losses:
            losses.append(run.losses[0])
        network = run.final
        counts.append(moved)
        losses.append(run.losses[-1])
        taken.append(taken[-1] + length)
    return Interleaved(torch.tensor(taken), torch.stack(losses), torch.stack(counts), network)


def _relocate_all(network: Network, x, y) -> tuple[Network, Tensor]:
    """`relocate` for every network of an ensemble, shape (..., H), with the numbers of moved neurons, shape (...)."""
    shape = network.w.shape
    flat = [part.reshape(-1, shape[-1]) for part in (network.w, network.b, network.v)]
    b0 = network.b0.reshape(-1)
    done = [relocate(Network(*(part[i] for part in flat), b0[i]), x, y) for i in range(b0.numel())]
    w, b, v = (torch.stack([getattr(one.network, name) for one in done]).reshape(shape) for name in "wbv")
    b0 = torch.stack([one.network.b0 for one in done]).reshape(shape[:-1])
    return Network(w, b, v, b0), torch.tensor([one.moved for one in done]).reshape(shape[:-1])


RESCUE_RATES = {"gd": 1e-4, "momentum": 3e-5, "adam": 1e-3}


def rescue(
    *, seed: int, optimizer: str, moves: int | None, target: str = "sine", width: int = 40, steps: int = 10_000
) -> dict[str, list]:
    """Experiment: 12 networks on 500 points of sin 3x or x²/2 on [−2, 2], relocated every 500 steps, or not.

    The start is PyTorch's, and the same for every optimizer and for every number of moves. Returns steps, losses (a
    row for each stretch, a column for each network), how many neurons were moved, and how many bend in the end.
    """
    x = torch.linspace(-2, 2, 500, dtype=torch.float64)
    y = {"sine": torch.sin(3 * x), "quadratic": x**2 / 2}[target]
    start = initialize(width, "pytorch", generator=generator_for(seed, "rescue", width), ensemble=(12,))
    rate = RESCUE_RATES[optimizer]
    run = descend_relocating(start, x, y, steps=steps, every=500, learning_rate=rate, optimizer=optimizer, moves=moves)
    bending = census(run.final, x).bending.sum(-1)
    return {
        "steps": run.steps.tolist(),
        "losses": run.losses.tolist(),
        "moved": run.moved.tolist(),
        "bending": bending.tolist(),
        "at_start": census(start, x).bending.sum(-1).tolist(),
    }
