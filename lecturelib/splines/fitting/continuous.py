r"""Continuous fits of k straight pieces: the best for given knots, a good one for free knots, and bounds on the best.

For given knots the best fit is a linear least-squares problem (in μ and b₀, chapter `breakpoints`). Where the knots
should be is not convex. `segment` solves the same problem without continuity, exactly, and so bounds it from below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.arguments import Count, Interval, NonNegative, Vector, checked
from lecturelib.core.records import Record
from lecturelib.splines.breakpoints.network import Inputs, Spline
from lecturelib.splines.fitting.segmentation import Data, Segmentation, segment, sorted_data

Knots = Annotated[Vector, "K?"]


class ContinuousFit(Record):
    """A continuous fit of k straight pieces to data.

    spline: k neurons that face right, the first at the leftmost point carrying the first slope, the others at the
    knots; it says nothing about x left of the data. loss: ½ Σ_n (f(x_n) − y_n)². lower: what no fit of k pieces,
    continuous or not, can beat.

    >>> fit_continuous([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 1.0], pieces=2)([2.0, 2.5])
    tensor([2.0000, 1.5000], dtype=torch.float64)
    """

    spline: Spline
    loss: NonNegative
    lower: NonNegative

    @checked
    def __call__(self, x: Inputs) -> Tensor:
        """Values Σ_j μ_j (x − β_j)₊ + b₀ at x of shape (N,): shape (N,)."""
        return self.spline(x)


@checked
def smooth_error(curvature: Callable[[Tensor], Tensor], interval: Interval, pieces: Count) -> float:
    """Root mean square error of the best fit of k pieces to a function on an interval, to leading order in 1/k.

    k⁻² (∫ |f″|^{2/5} dx)^{5/2} / (720 L)^{1/2} with the length L, reached by pieces of density |f″|^{2/5}, for data
    spread evenly and densely (proved in the chapter; the exponent is de Boor's, 2001, chapter 12).
    curvature: f″, of shape (P,) at points of shape (P,).

    >>> round(smooth_error(torch.ones_like, (-2.0, 2.0), pieces=10), 6)
    0.005963
    """
    low, high = interval
    nodes, weights = (torch.from_numpy(part) for part in np.polynomial.legendre.leggauss(400))
    mass = (high - low) / 2 * float(weights @ curvature(low + (high - low) * (1 + nodes) / 2).abs() ** 0.4)
    return mass**2.5 / (720 * (high - low)) ** 0.5 / pieces**2


# Continuous fits. A function with nodes t₀ < … < t_k is Σ_j value_j hat_j(x); hats keep the equations well conditioned.


class _Fitted(NamedTuple):
    """The values at nodes with the least loss, of least norm where the data leave a choice, as arrays.

    jacobian: of the values on the data, by the values at all nodes and by the places of those inside.
    """

    nodes: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    jacobian: np.ndarray
    residuals: np.ndarray
    loss: float

    def told(self, like: Tensor, lower: float) -> ContinuousFit:
        """The fit for the library, in the precision and on the device of a tensor."""
        parts = (self.nodes[:-1], np.diff(self.slopes, prepend=0.0), np.ones_like(self.slopes), self.values[0])
        return ContinuousFit(Spline(*(torch.as_tensor(part).to(like) for part in parts)), self.loss, lower)


def _fitted(x: np.ndarray, y: np.ndarray, nodes: np.ndarray) -> _Fitted:
    piece = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, nodes.size - 2)
    hats = np.stack([np.interp(x, nodes, unit) for unit in np.eye(nodes.size)], axis=1)
    values = np.linalg.lstsq(hats, y, rcond=None)[0]
    slopes = np.diff(values) / np.diff(nodes)
    jacobian = np.concatenate([hats, -slopes[piece, None] * hats[:, 1:-1]], axis=1)
    residuals = hats @ values - y
    return _Fitted(nodes, values, slopes, jacobian, residuals, float(residuals @ residuals / 2))


def _start(x: Tensor, y: Tensor, knots: Tensor) -> tuple[np.ndarray, np.ndarray, _Fitted]:
    """Sorted data, and the fit for knots inside them; ValueError for others."""
    places, values = sorted_data(x, y)
    inner = np.unique(knots.detach().cpu().double().numpy())
    if not places[0] < places[-1]:
        raise ValueError("x: expected at least two different numbers")
    if inner.size and not (places[0] < inner[0] and inner[-1] < places[-1]):
        raise ValueError(f"knots: expected numbers between the outermost data, {places[0]:g} and {places[-1]:g}")
    return places, values, _fitted(places, values, np.concatenate([places[:1], inner, places[-1:]]))


@checked
def fit_knots(x: Data, y: Data, knots: Knots) -> ContinuousFit:
    """The best continuous fit with bends at `knots` only: linear least squares on hat functions, exact, O(N k²).

    x, y: (N,); knots: (k − 1,), strictly between the outermost data, repeats count once. `lower` is the loss itself:
    for these knots no continuous fit is better (`prop-fit-knots` in the chapter). Raises ValueError for other knots,
    for x all alike, or where the squares of y are too large.

    >>> round(fit_knots([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 1.0], [1.5]).loss, 9)
    0.1
    """
    fit = _start(x, y, knots)[-1]
    return fit.told(x, fit.loss)


@checked
def descend_knots(x: Data, y: Data, knots: Knots, *, steps: Count = 60) -> ContinuousFit:
    """Move knots downhill by damped Gauss-Newton steps, with the best values at every step.

    Moving node j at a held value changes f by −slope · hat_j. A step that would not lower the loss is not taken. Ends
    at a local optimum at best: a knot that meets a data point, where the loss has a kink, may stop there. Ends earlier
    where numbers are too large to compute a step. `lower` is 0. Arguments and errors as for `fit_knots`.

    >>> descend_knots([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 1.0], [1.2], steps=20).loss < 1e-12
    True
    """
    places, targets, fit = _start(x, y, knots)
    damping = 1e-3
    for _ in range(steps):
        found = _fitted(places, targets, _shifted(fit, damping))
        gain = fit.loss - found.loss
        if gain > 0:
            fit, damping = found, max(damping / 5, 1e-12)
        else:
            damping *= 8
        if 0 < gain < 1e-10 * fit.loss or damping > 1e8:  # which would make no step that counts
            break
    return fit.told(x, 0.0)


def _shifted(fit: _Fitted, damping: float) -> np.ndarray:
    """The nodes after a Gauss-Newton step, none going further than 45 % of the way to its neighbour.

    They stay where numbers are too large to compute a step.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        normal = fit.jacobian.T @ fit.jacobian
        scale = np.diag(normal)
        damped = normal + np.diag(damping * np.where(scale > 0, scale, 1.0))
        step = -np.linalg.solve(damped, fit.jacobian.T @ fit.residuals)[fit.nodes.size :]
    gaps = 0.45 * np.diff(fit.nodes)
    return fit.nodes + np.pad(np.clip(np.nan_to_num(step, posinf=0.0, neginf=0.0), -gaps[:-1], gaps[1:]), 1)


def crossings(fit: Segmentation, x: Tensor) -> Tensor:
    """Knots for a continuous fit: where neighbouring pieces meet, or their cut where they meet elsewhere: (k − 1,).

    A meeting point counts where it lies between the middles of the two pieces.
    """
    knots = fit.pieces.knots
    meet = -torch.diff(fit.pieces.intercepts) / torch.diff(fit.pieces.slopes)
    outer = torch.cat([x.min()[None], knots, x.max()[None]])
    low, high = (outer[:-2] + outer[1:-1]) / 2, (outer[1:-1] + outer[2:]) / 2
    return torch.where((meet > low) & (meet < high), meet, knots)


@checked
def fit_continuous(x: Data, y: Data, pieces: Count, *, steps: Count = 60) -> ContinuousFit:
    """A good continuous fit of at most `pieces` straight pieces with free knots, and a bound on how much better one is.

    Knots start where the pieces of the best discontinuous fit meet, at quantiles of x, and a third of a piece left of
    these, since data with a mirror symmetry can hold the others where they are. All are moved downhill, and the best
    is returned. Not shown to be optimal: its loss lies above that of the best continuous fit, which lies above
    `lower`. Raises ValueError for x all alike, or where the squares of y are too large.

    >>> fit = fit_continuous([0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 1.0, 1.0], 2)
    >>> round(fit.loss, 6), round(fit.lower, 6)
    (0.083333, 0.0)
    """
    best = segment(x, y, pieces)
    different = torch.unique(x)
    count = min(pieces, max(len(different) - 1, 1))  # so many pass through all means
    shares = (torch.arange(1, count, dtype=x.dtype, device=x.device) - shift for shift in (0, 1 / 3))
    starts = [crossings(best, x), *(torch.quantile(different, share / count) for share in shares)]
    fit = min((descend_knots(x, y, knots, steps=steps) for knots in starts), key=lambda one: one.loss)
    return ContinuousFit(fit.spline, fit.loss, min(best.loss, fit.loss))
