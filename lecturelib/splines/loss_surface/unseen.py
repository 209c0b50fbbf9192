r"""Changes of a function that no datum notices: the flat directions of the loss that belong to the function.

Between data a network may do as it likes. The chapter `splines/loss_surface` shows three ways to use that freedom (Sahs
et al. 2022, Figure 5): two neurons in one gap trade, two neurons around a datum turn the piece between them, and a
neuron that sees no datum goes anywhere.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor
from lecturelib.splines.breakpoints.network import Spline


def trade(spline: Spline, pair: tuple[int, int], places) -> Spline:
    """Move two neurons that face the same way to `places`, two different numbers, and let the rest of them make up.

    Beyond both breakpoints on the active side the pair adds (μ_i + μ_j) x − (μ_i β_i + μ_j β_j). The new delta-slopes
    keep both sums: μ_i' = (Q − M β_j') / (β_i' − β_j') with M = μ_i + μ_j and Q = μ_i β_i + μ_j β_j. Data between old
    or new places notice. One spline, shape (H,). Raises ValueError for neurons that face apart or places that coincide.
    """
    i, j, total, moment = _sums(spline, pair)
    places = as_tensor("places", places, dtype=spline.breakpoints.dtype)
    if places.shape != (2,) or not bool(places[0] != places[1]):
        raise ValueError(f"places: expected two different numbers, got {places.tolist()}")
    one, other = places
    distance = one - other
    return _replaced(spline, (i, j), places, torch.stack([moment - total * other, total * one - moment]) / distance)


def turn(spline: Spline, pair: tuple[int, int], datum: float, delta_slope: float) -> Spline:
    """Turn the piece between two neurons about the datum between them, until the first has this delta-slope.

    pair: two neurons that face the same way, first the one that sees the datum. What the first adds at the datum stays,
    c = μ_i (x − β_i), and so do μ_i + μ_j and μ_i β_i + μ_j β_j, which all data beyond both see. Data between the datum
    and the breakpoints, old or new, notice. One spline, shape (H,). Raises ValueError for neurons that face apart, and
    for a delta-slope that is 0 or leaves none to the second.
    """
    i, j, total, moment = _sums(spline, pair)
    rest = total - delta_slope
    if delta_slope == 0 or float(rest) == 0:
        raise ValueError(f"delta_slope: expected neither 0 nor the sum {float(total):g} of both, got {delta_slope:g}")
    height = spline.delta_slopes[i] * (datum - spline.breakpoints[i])
    place = datum - height / delta_slope
    places = torch.stack([place, (moment - delta_slope * place) / rest])
    return _replaced(spline, (i, j), places, torch.stack([torch.full_like(rest, delta_slope), rest]))


def _sums(spline: Spline, pair: tuple[int, int]) -> tuple[int, int, Tensor, Tensor]:
    """Both indices, and the sums of μ and of μ β over the pair."""
    if spline.breakpoints.ndim != 1:
        raise ValueError(f"spline: expected one spline, shape (H,), got {tuple(spline.breakpoints.shape)}")
    i, j = pair
    if i == j or bool(spline.orientations[i] != spline.orientations[j]):
        raise ValueError(f"pair: expected two neurons that face the same way, got {pair}")
    chosen = [i, j]
    mu = spline.delta_slopes[chosen]
    return i, j, mu.sum(), (mu * spline.breakpoints[chosen]).sum()


def _replaced(spline: Spline, pair: tuple[int, int], places: Tensor, delta_slopes: Tensor) -> Spline:
    beta, mu = spline.breakpoints.clone(), spline.delta_slopes.clone()
    beta[list(pair)], mu[list(pair)] = places, delta_slopes
    return Spline(beta, mu, spline.orientations, spline.b0)
