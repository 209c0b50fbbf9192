r"""Continuous fits of k straight pieces: the best for given knots, a good one for free knots, and bounds on the best.

For given knots the best fit is a linear least-squares problem (in μ and b₀, chapter `breakpoints`). Where the knots
should be is not convex. `segment` solves the same problem without continuity, exactly, and so bounds it from below;
joining its pieces inside the gaps between data bounds it from above.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.arguments import one_dimensional
from lecturelib.splines.breakpoints.network import Spline
from lecturelib.splines.fitting.segmentation import Segmentation, segment, sorted_data, whole

RISE = 1 / np.sqrt(720)  # root mean square error of the best line for x²/2 on an interval of length 1


@dataclass(frozen=True, eq=False)
class ContinuousFit:
    """A continuous fit of k straight pieces to data.

    spline: k neurons that face right, the first at the leftmost point carrying the first slope, the others at the
    knots; it says nothing about x left of the data. loss: ½ Σ_n (f(x_n) − y_n)². lower: what no fit of k pieces,
    continuous or not, can beat.
    """

    spline: Spline
    loss: float
    lower: float

    def __call__(self, x) -> Tensor:
        """Values at x of shape (N,): shape (N,)."""
        return self.spline(x)


def quadratic_loss(points: int, pieces: int, spacing: float, curvature: float = 1.0) -> float:
    """Loss of the best fit of k pieces to samples of curvature · x²/2, N of them at equal spacing.

    The best line leaves ½ Σ r² = c² δ⁴ n (n² − 1)(n² − 4) / 1440 on n neighbouring points. This is convex in n, so the
    best sizes differ by at most one.
    """
    small, more = divmod(points, pieces)
    one, other = (n * (n**2 - 1) * (n**2 - 4) for n in (small, small + 1))
    return curvature**2 * spacing**4 * ((pieces - more) * one + more * other) / 1440


def smooth_error(curvature: Callable[[Tensor], Tensor], low: float, high: float, pieces: int) -> float:
    """Root mean square error of the best fit of k pieces to a function on [low, high], to leading order in 1/k.

    k⁻² / √720 · (∫ |f″|^{2/5} dx)^{5/2} / (high − low)^{1/2}, reached by pieces of density |f″|^{2/5}, for data spread
    evenly and densely (the exponent is de Boor's, for free knots and the mean square).
    """
    nodes, weights = np.polynomial.legendre.leggauss(400)
    x = torch.from_numpy(low + (high - low) * (1 + nodes) / 2)
    mass = (high - low) / 2 * float(torch.from_numpy(weights) @ curvature(x).abs() ** 0.4)
    return RISE * mass**2.5 / np.sqrt(high - low) / pieces**2


def bridge(fit: Segmentation, x) -> Spline:
    """Join k pieces by bridges inside the gaps between data: continuous, 2k − 1 pieces, the same values on the data.

    x: the data that `fit` was made from, shape (N,). The result has 2k − 1 neurons as in `ContinuousFit`.
    """
    x = torch.sort(one_dimensional("x", x, dtype=torch.float64))[0]
    slopes, intercepts = fit.pieces.slopes, fit.pieces.intercepts
    cuts = fit.starts[1:]
    ends = torch.stack([x[cuts - 1], x[cuts]], dim=1)  # (k − 1, 2), the points on both sides of a cut
    values = torch.stack([slopes[:-1] * ends[:, 0] + intercepts[:-1], slopes[1:] * ends[:, 1] + intercepts[1:]], dim=1)
    across = (values[:, 1] - values[:, 0]) / (ends[:, 1] - ends[:, 0])
    steps = torch.stack([across - slopes[:-1], slopes[1:] - across], dim=1).flatten()
    breakpoints = torch.cat([x[:1], ends.flatten()])
    start = slopes[0] * x[0] + intercepts[0]
    return Spline(breakpoints, torch.cat([slopes[:1], steps]), torch.ones_like(breakpoints), start)


# Continuous fits. A function with nodes t₀ < … < t_k is Σ_j value_j hat_j(x); hats keep the equations well conditioned.


def _hats(x: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Hat functions of the nodes at x: shape (N, nodes)."""
    piece = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, nodes.size - 2)
    share = (x - nodes[piece]) / (nodes[piece + 1] - nodes[piece])
    hats = np.zeros((x.size, nodes.size))
    hats[np.arange(x.size), piece] = 1 - share
    hats[np.arange(x.size), piece + 1] = share
    return hats


def _values(x, y, nodes) -> tuple[np.ndarray, np.ndarray, float]:
    """Values at the nodes with the least loss (of least norm, where the data leave a choice), residuals, loss."""
    hats = _hats(x, nodes)
    values = np.linalg.lstsq(hats, y, rcond=None)[0]
    residuals = hats @ values - y
    return values, residuals, float(residuals @ residuals / 2)


def _spline(nodes: np.ndarray, values: np.ndarray) -> Spline:
    slopes = np.diff(values) / np.diff(nodes)
    steps = np.concatenate([slopes[:1], np.diff(slopes)])
    return Spline(torch.from_numpy(nodes[:-1]), torch.from_numpy(steps), np.ones(steps.size), values[0])


def _nodes(x: np.ndarray, knots) -> np.ndarray:
    knots = np.unique(one_dimensional("knots", knots, dtype=torch.float64).numpy())
    if not x[0] < x[-1]:
        raise ValueError("x: expected at least two different numbers")
    if knots.size and not (x[0] < knots[0] and knots[-1] < x[-1]):
        raise ValueError(f"knots: expected numbers between the outermost data, {x[0]:g} and {x[-1]:g}")
    return np.concatenate([x[:1], knots, x[-1:]])


def fit_knots(x, y, knots) -> ContinuousFit:
    """The best continuous fit with bends at `knots` only: linear least squares on hinges, exact, O(N k²).

    x, y: (N,); knots: (k − 1,), strictly between the outermost data, repeats count once. `lower` is the loss itself:
    for these knots no continuous fit is better. Raises ValueError for other knots, NaN, or shapes that differ.
    """
    x, y = sorted_data(x, y)
    nodes = _nodes(x, knots)
    values, _, loss = _values(x, y, nodes)
    return ContinuousFit(_spline(nodes, values), loss, loss)


def descend_knots(x, y, knots, *, steps: int = 60) -> ContinuousFit:
    """Move knots downhill by damped Gauss-Newton steps, with the best values at every step.

    Moving node j at a held value changes f by −slope · hat_j. A step that would not lower the loss is not taken. Ends
    at a local optimum at best: a knot that meets a data point, where the loss has a kink, may stop there.
    `lower` is 0. Arguments and errors as for `fit_knots`.
    """
    x, y = sorted_data(x, y)
    nodes = _nodes(x, knots)
    values, residuals, loss = _values(x, y, nodes)
    damping = 1e-3
    for _ in range(whole("steps", steps) if nodes.size > 2 else 0):
        hats = _hats(x, nodes)
        piece = np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, nodes.size - 2)
        slope = (np.diff(values) / np.diff(nodes))[piece]
        jacobian = np.concatenate([hats, -slope[:, None] * hats[:, 1:-1]], axis=1)
        moved = _shift(jacobian, residuals, damping, nodes)
        found = _values(x, y, moved)
        if found[2] < loss:
            small = loss - found[2] < 1e-10 * loss
            nodes, (values, residuals, loss), damping = moved, found, damping / 5
            if small:
                break
        else:
            damping *= 8
            if damping > 1e8:
                break
    return ContinuousFit(_spline(nodes, values), loss, 0.0)


def _shift(jacobian: np.ndarray, residuals: np.ndarray, damping: float, nodes: np.ndarray) -> np.ndarray:
    """The nodes after a Gauss-Newton step, none going further than 45 % of the way to its neighbour."""
    normal = jacobian.T @ jacobian
    scale = np.diag(normal) + 1e-12 * np.trace(normal)
    step = np.linalg.solve(normal + np.diag(damping * scale), -jacobian.T @ residuals)[nodes.size :]
    gaps = 0.45 * np.diff(nodes)
    moved = nodes.copy()
    moved[1:-1] += np.clip(step, -gaps[:-1], gaps[1:])
    return moved


def crossings(fit: Segmentation, x) -> Tensor:
    """Knots for a continuous fit: where neighbouring pieces meet, or their cut where they meet elsewhere: (k − 1,).

    A meeting point counts where it lies between the points that the two pieces cover.
    """
    x = torch.sort(one_dimensional("x", x, dtype=torch.float64))[0]
    pieces = fit.pieces
    knots, slopes, intercepts = pieces.knots, pieces.slopes, pieces.intercepts
    meet = -torch.diff(intercepts) / torch.diff(slopes)
    outer = torch.cat([x[:1], knots, x[-1:]])
    low, high = (outer[:-2] + outer[1:-1]) / 2, (outer[1:-1] + outer[2:]) / 2
    return torch.where((meet > low) & (meet < high), meet, knots)


def fit_continuous(x, y, pieces: int, *, steps: int = 60) -> ContinuousFit:
    """A good continuous fit of `pieces` straight pieces with free knots, and a bound on how much better one could be.

    Knots start where the pieces of the best discontinuous fit meet, at quantiles of x, and a third of a piece left of
    these, since data with a mirror symmetry can hold the others where they are. All are moved downhill, and the best
    is returned. Not shown to be optimal: its loss lies above that of the best continuous fit, which lies above
    `lower`. Errors as for `segment`.
    """
    best = segment(x, y, pieces)
    inner = [np.quantile(sorted_data(x, y)[0], (np.arange(1, pieces) - shift) / pieces) for shift in (0, 1 / 3)]
    tries = [descend_knots(x, y, knots, steps=steps) for knots in (crossings(best, x), *inner)]
    fit = min(tries, key=lambda one: one.loss)
    return ContinuousFit(fit.spline, fit.loss, best.loss)
