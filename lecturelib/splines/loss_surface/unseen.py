r"""Changes of a function that no datum notices: the flat directions of the loss that belong to the function.

Between data a network may do as it likes. The chapter `splines/loss_surface` shows three ways to use that freedom (Sahs
et al. 2022, Figure 5): two neurons in one gap trade, two neurons around a datum turn the piece between them, and a
neuron that sees no datum goes anywhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import Integer, Real, Vector, checked
from lecturelib.splines.breakpoints.network import Spline


@checked
def trade(spline: Annotated[Spline, "H"], pair: tuple[Integer, Integer], places: Annotated[Vector, "2"]) -> Spline:
    """Move two neurons that face the same way to `places`, two different numbers, and let the rest of them make up.

    Beyond both breakpoints on the active side the pair adds (μ_i + μ_j) x − (μ_i β_i + μ_j β_j). The new delta-slopes
    keep both sums: μ_i' = (Q − M β_j') / (β_i' − β_j') with M = μ_i + μ_j and Q = μ_i β_i + μ_j β_j. Data between old
    or new places notice. Raises ValueError for neurons that face apart or places that coincide.

    >>> trade(Spline([0.0, 1.0], [1.0, 2.0], [1.0, 1.0], 0.0), (0, 1), [0.5, 1.5]).delta_slopes.tolist()
    [2.5, 0.5]
    """
    total, moment = _sums(spline, pair)
    one, other = places
    if bool(one == other):
        raise ValueError(f"places: expected two different numbers, got {places.tolist()}")
    delta_slopes = torch.stack([moment - total * other, total * one - moment]) / (one - other)
    return _replaced(spline, pair, places, delta_slopes)


@checked
def turn(spline: Annotated[Spline, "H"], pair: tuple[Integer, Integer], datum: Real, delta_slope: Real) -> Spline:
    """Turn the piece between two neurons about the datum between them, until the first has this delta-slope.

    pair: two neurons that face the same way, first the one that sees the datum. What the first adds at the datum stays,
    c = μ_i (x − β_i), and so do μ_i + μ_j and μ_i β_i + μ_j β_j, which all data beyond both see. Data between the datum
    and the breakpoints, old or new, notice. Raises ValueError for neurons that face apart, and for a delta-slope that
    is 0 or leaves none to the second.

    >>> turn(Spline([0.0, 2.0], [1.0, 2.0], [1.0, 1.0], 0.0), (0, 1), 1.0, 2.0).breakpoints.tolist()
    [0.5, 3.0]
    """
    total, moment = _sums(spline, pair)
    rest = total - delta_slope
    if delta_slope == 0 or float(rest) == 0:
        raise ValueError(f"delta_slope: expected neither 0 nor the sum {float(total):g} of both, got {delta_slope:g}")
    mu, beta = spline.delta_slopes[pair[0]], spline.breakpoints[pair[0]]
    place = datum - mu * (datum - beta) / delta_slope
    places = torch.stack([place, (moment - delta_slope * place) / rest])
    return _replaced(spline, pair, places, torch.stack([total - rest, rest]))


def _sums(spline: Spline, pair: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The sums of μ and of μ β over the pair."""
    width, (i, j) = spline.breakpoints.numel(), pair
    if not all(-width <= k < width for k in pair):
        raise ValueError(f"pair: expected indices of two of {width} neurons, got {pair}")
    if (i - j) % width == 0 or bool(spline.orientations[i] != spline.orientations[j]):
        raise ValueError(f"pair: expected two neurons that face the same way, got {pair}")
    mu = spline.delta_slopes[[i, j]]
    return mu.sum(), (mu * spline.breakpoints[[i, j]]).sum()


def _replaced(spline: Spline, pair: tuple[int, int], places: Tensor, delta_slopes: Tensor) -> Spline:
    where = (torch.tensor(pair, device=places.device),)
    beta, mu = spline.breakpoints.index_put(where, places), spline.delta_slopes.index_put(where, delta_slopes)
    return replace(spline, breakpoints=beta, delta_slopes=mu)
