r"""Where piecewise linear networks bend along a line, exactly, by passing knots through their layers.

Along the line t ↦ start + t direction everything in such a network is a piecewise linear function of t, given by its
values at knots and its slopes between and beyond them. An affine layer acts on both. A layer that bends adds knots:
where a unit switches, it puts one at the zero of its own straight piece. So no breakpoint can be missed, however near
two of them lie; sampling misses those that share a gap between samples.
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from lecturelib.core.arguments import Array, RealOrInfinite, checked
from lecturelib.core.line_layers import Bend, Largest, Layer, layers_of
from lecturelib.core.small_networks import side_by_side

SAME = 1e-12  # breakpoints no further apart, beside their size and spread, count as one place


class LineBreakpoints(NamedTuple):
    """Breakpoints of all units along a line, sorted, and the straight pieces between them.

    A unit has a breakpoint where it switches: where what comes in is positive on one side only, or, for max pooling,
    where another input becomes the largest. positions: (B,), in units of `direction`; layers: (B,), counted from 1
    among the layers that bend; units: (B,), places in the flattened layer. turns: (B,), +1 where the unit switches on
    as t grows, −1 where it switches off, 0 for max pooling. active: (B,), whether just beside it some path of units
    that are on leads from the unit to the outputs. degenerate: (B,), whether another unit has a breakpoint at the same
    place. slopes, intercepts: (B + 1, out) of the pieces f(t) = slope t + intercept; piece p ends at breakpoint p, the
    first and the last reach to the ends of the line. Where breakpoints coincide, pieces between have no length.
    """

    positions: Tensor
    layers: Tensor
    units: Tensor
    turns: Tensor
    active: Tensor
    degenerate: Tensor
    slopes: Tensor
    intercepts: Tensor

    def __call__(self, t: Tensor) -> Tensor:
        """Values at places t, shape (N,): shape (N, out)."""
        piece = torch.searchsorted(self.positions, t)
        return self.slopes[piece] * t[:, None] + self.intercepts[piece]


@checked
def breakpoints_on_line(
    model: nn.Module | Sequence,
    start: Array,
    direction: Array,
    *,
    low: RealOrInfinite = -math.inf,
    high: RealOrInfinite = math.inf,
) -> LineBreakpoints:
    """All breakpoints of a piecewise linear network along t ↦ start + t direction, for low < t < high.

    model: `nn.Sequential`, nested at will, of Linear, ReLU, LeakyReLU (with the slope −1 it is the absolute value),
    Flatten, Conv1d, Conv2d, AvgPool, MaxPool, BatchNorm and Dropout in evaluation, Identity; or pairs (weights, biases)
    of a ReLU network. start, direction: one input each, of the same shape. Exact up to rounding; computed and returned
    in float64. The time is that of as many inputs as there are breakpoints, twice. Raises ValueError for a direction of
    0, an empty stretch, and for a layer that is not piecewise linear, which it names.

    >>> found = breakpoints_on_line([(torch.tensor([[2.0]]), torch.tensor([-1.0]))] * 2, [0.0], [1.0])
    >>> found.positions.tolist(), found.slopes.flatten().tolist()
    ([0.5], [0.0, 4.0])
    """
    if start.shape != direction.shape or start.ndim == 0:
        said = f"direction: expected the shape of start, of one input, {tuple(start.shape)}"
        raise ValueError(f"{said}, got {tuple(direction.shape)}")
    _sound("direction", direction[None], low, high)
    return _line(layers_of(model, tuple(start.shape)), _flat(start[None]), _flat(direction[None]), low, high)


@checked
def breakpoints_on_lines(
    model: nn.Module | Sequence,
    starts: Array,
    directions: Array,
    *,
    low: RealOrInfinite = -math.inf,
    high: RealOrInfinite = math.inf,
) -> list[LineBreakpoints]:
    """What `breakpoints_on_line` finds along each of M lines, in as many threads as torch may use.

    starts, directions: (M, ...), each input a row, one of them perhaps with M = 1. model: as there, for all lines; or
    an ensemble of M ReLU networks, one for each line: pairs of weights (M, out, in) and biases (M, out). Numbers of
    breakpoints differ, hence a list. Raises ValueError as `breakpoints_on_line`, and where shapes do not fit.

    >>> bends = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([0.0, -1.0])
    >>> layers = [bends, (torch.ones(1, 2), torch.zeros(1))]
    >>> found = breakpoints_on_lines(layers, [[0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]])
    >>> [one.positions.tolist() for one in found]
    [[0.0, 1.0], []]
    """
    models = _models(model)
    counts = {len(models), *(one.shape[0] if one.ndim > 1 else 0 for one in (starts, directions))}
    if 0 in counts or len(counts - {1}) > 1 or starts.shape[1:] != directions.shape[1:]:
        said = f"beside starts of shape {tuple(starts.shape)} and {_networks(len(models))} one that fits"
        raise ValueError(f"directions: expected, {said}, got {tuple(directions.shape)}")
    _sound("directions", directions, low, high)
    every = [layers_of(one, tuple(starts.shape[1:])) for one in models]
    begin, along = _flat(starts), _flat(directions)

    def one(member: int) -> LineBreakpoints:
        network, start, way = (member if len(part) > 1 else 0 for part in (every, begin, along))
        return _line(every[network], begin[start : start + 1], along[way : way + 1], low, high)

    return side_by_side(one, max(counts))


def _models(model: nn.Module | Sequence) -> list:
    """The networks of an ensemble given as pairs, one by one; any other model as the only one."""
    if isinstance(model, nn.Module):
        return [model]
    pairs = list(model)
    if not all(isinstance(pair, Sequence) and len(pair) == 2 and getattr(pair[0], "ndim", 0) == 3 for pair in pairs):
        return [pairs]
    counts = {len(part) for pair in pairs for part in pair}
    if len(counts) != 1:
        raise ValueError(f"model: expected as many weights as biases in all layers, got {sorted(counts)}")
    return [[(weights[k], biases[k]) for weights, biases in pairs] for k in range(counts.pop())]


def _networks(count: int) -> str:
    return f"{count} networks" if count != 1 else "one network"


def _sound(name: str, directions: Tensor, low: float, high: float) -> None:
    """Raise ValueError for a direction of 0 and for an empty stretch."""
    if not bool(directions.flatten(1).any(1).all()):
        raise ValueError(f"{name}: expected a direction that is not 0")
    if not low < high:
        raise ValueError(f"low: expected less than high, got {low} and {high}")


def _flat(points: Tensor) -> np.ndarray:
    """Inputs (M, ...) as rows of float64 numbers, (M, n)."""
    return points.detach().double().flatten(1).cpu().numpy()


def _line(layers: list[Layer], begin: np.ndarray, along: np.ndarray, low: float, high: float) -> LineBreakpoints:
    """From start and direction as rows, (1, n)."""
    trace = _Trace(begin, along, low, high)
    for layer in layers:
        trace.take(layer)
    return trace.result(layers)


class _Step(NamedTuple):
    """What a layer that bends did. cuts: old piece of each piece, once for each time that knots were put in.

    rows, units, turns: (S,), the switches; on: (K + 1, n), which units let through, or which input is the largest.
    """

    cuts: list[np.ndarray]
    rows: np.ndarray
    units: np.ndarray
    turns: np.ndarray
    on: np.ndarray


class _Trace:
    """Knots (K,), and what the last layer gave: values at them and slopes of the K + 1 pieces, (2 K + 1, n)."""

    def __init__(self, begin: np.ndarray, along: np.ndarray, low: float, high: float) -> None:
        self.closed = math.isfinite(low), math.isfinite(high)
        self.knots = np.array([end for end in (low, high) if math.isfinite(end)] or [0.0])
        self.rows = np.concatenate([begin + self.knots[:, None] * along, np.repeat(along, len(self.knots) + 1, 0)])
        self.steps: list[_Step] = []

    def take(self, layer: Layer) -> None:
        """Pass the rows through the next layer."""
        if isinstance(layer, Bend):
            cut, switches = self._cut(self.rows)
            self.rows[switches[1], switches[2]] = 0.0
            compiled().rectify(self.rows, switches[0], layer.leak)
            on, rows, units, turns = switches
            self.steps.append(_Step([cut], rows, units, turns, on))
        elif isinstance(layer, Largest):
            self.steps.append(self._choose(layer.windows))
        else:
            self.rows = layer.apply(self.rows, len(self.knots))

    def _cut(self, functions: np.ndarray) -> tuple[np.ndarray, tuple]:
        """Put knots in where a function changes its sign. The old piece of each piece, and what `switches` returns."""
        steps = compiled()
        pieces, units, places = steps.crossings(self.knots, functions, *self.closed)
        before = self.knots
        self.knots, self.rows, left = steps.refine(before, self.rows, pieces, places)
        return left, steps.switches(before, functions, pieces, units, left, *self.closed)

    def _choose(self, windows: np.ndarray) -> _Step:
        """Compare the inputs of each window one after the other; where two are equally large, the former counts."""
        winner = np.repeat(windows.max(1)[None], len(self.knots) + 1, 0)  # (K + 1, out), by piece
        cuts = []
        for member in windows.T:
            other = np.where(member < 0, winner, member)
            left, (on, *_) = self._cut(self._gathered(other) - self._gathered(winner))
            winner = np.where(on, other[left], winner[left])
            cuts.append(left)
        count = len(self.knots)
        pieces, slopes = np.arange(count + 1)[:, None], self.rows[count:]
        left, right = winner[:-1], winner[1:]
        # where both inputs are the same function on one side, nothing was decided there
        differ = [slopes[one, left] != slopes[one, right] for one in (pieces[:-1], pieces[1:])]
        rows, units = np.nonzero((left != right) & differ[0] & differ[1])
        self.rows = self._gathered(winner)
        return _Step(cuts, rows, units, np.zeros_like(rows), winner)

    def _gathered(self, winner: np.ndarray) -> np.ndarray:
        """Rows of the inputs that `winner`, (K + 1, out), names for each piece."""
        count = len(self.knots)
        pieces = np.arange(count + 1)[:, None]
        values, slopes = self.rows[:count], self.rows[count:]
        return np.concatenate([values[pieces[:-1], winner[:-1]], slopes[pieces, winner]])

    def result(self, layers: list[Layer]) -> LineBreakpoints:
        """All steps put together, from the last to the first."""
        count, low = len(self.knots), int(self.closed[0])
        values, slopes = self.rows[:count], self.rows[count:]
        rows, number, units, turns, active = self._gather(layers)
        order = np.lexsort((number, rows))
        rows, number, units, turns, active = (one[order] for one in (rows, number, units, turns, active))
        keep = (rows >= low) & (rows < count - self.closed[1])  # not the ends of the line
        rows, number, units, turns, active = (one[keep] for one in (rows, number, units, turns, active))
        pieces = np.concatenate([[low], rows + 1])
        # the nearer of the two ends of a piece loses fewer digits
        ends = np.stack([np.maximum(pieces - 1, 0), np.minimum(pieces, count - 1)])
        best = ends[np.abs(self.knots[ends]).argmin(0), np.arange(len(pieces))]
        intercepts = values[best] - slopes[pieces] * self.knots[best, None]
        positions = self.knots[rows]
        same = _degenerate(positions, number, units)
        return LineBreakpoints(
            *map(torch.from_numpy, (positions, number, units, turns, active, same, slopes[pieces], intercepts))
        )

    def _gather(self, layers: list[Layer]) -> tuple[np.ndarray, ...]:
        """For each switch the knot it is at, number of its layer, unit, turn, and whether it is active."""
        final = np.arange(len(self.knots) + 1)  # piece of the layer for each of the last pieces
        open_: np.ndarray = np.ones((len(final), 1), bool)  # one column stands for all units
        steps, found = list(enumerate(self.steps, 1)), []
        for layer in reversed(layers):
            if not isinstance(layer, (Bend, Largest)):
                reached: np.ndarray = open_.any(1, keepdims=True)  # type: ignore[assignment]
                seen = np.broadcast_to(open_, (len(final), layer.size))
                through: np.ndarray = reached if layer.dense else np.greater(layer.reach(seen), 0)
                open_ = through
                continue
            number, step = steps.pop()
            rows = np.searchsorted(final, step.rows, "right") - 1
            units = step.units if open_.shape[1] > 1 else 0
            found.append(
                (rows, np.full_like(rows, number), step.units, step.turns, open_[rows, units] | open_[rows + 1, units])
            )
            if isinstance(layer, Largest):
                open_ = layer.reach(np.broadcast_to(open_, (len(final), len(layer.windows))), step.on[final])
            elif not layer.leak:
                open_ = open_ & step.on[final]
            for cut in reversed(step.cuts):
                final = cut[final]
        empty = np.empty(0, np.int64)
        parts = zip(*found, strict=True) if found else ([empty],) * 4 + ([empty > 0],)
        return tuple(map(np.concatenate, parts))


def _degenerate(positions: np.ndarray, number: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Which breakpoints share their place with one of another unit."""
    same = np.zeros(len(positions), bool)
    if len(positions) > 1:
        quarter = len(positions) // 4
        spread = positions[-1 - quarter] - positions[quarter]
        near = np.diff(positions) <= SAME * np.maximum(np.abs(positions[1:]), spread)
        near &= (np.diff(number) != 0) | (np.diff(units) != 0)
        same[1:] |= near
        same[:-1] |= near
    return same


@functools.cache
def compiled() -> ModuleType:
    """`lecturelib.core.line_steps`, fetched when it is needed, since loading the compiler takes a second."""
    return importlib.import_module("lecturelib.core.line_steps")
