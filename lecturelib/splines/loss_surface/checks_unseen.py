"""Claims of the chapter `splines/loss_surface`: lonely partitions are flat, and changes that no datum sees."""

from __future__ import annotations

from functools import partial

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import claim
from lecturelib.core.problems import normal, uniform
from lecturelib.splines.breakpoints import checks_problems as autograd
from lecturelib.splines.breakpoints.network import Network, Spline
from lecturelib.splines.loss_surface.checks_problems import cells, curve, onto_kernel
from lecturelib.splines.loss_surface.hessian import measured_zeros, zero_count
from lecturelib.splines.loss_surface.unseen import trade, turn


def _counted(network: Network, x: Tensor) -> tuple[int, int, bool]:
    """Zero and other eigenvalues of the Hessian at a critical point of random targets, and whether it is a fit."""
    residual = onto_kernel(autograd.jacobian(network, x).T) @ normal(torch.Generator().manual_seed(0), len(x))
    matrix = autograd.hessian(network, x, network(x) - residual)
    zeros = measured_zeros(matrix, tolerance=1e-13)
    return zeros, len(matrix) - zeros, bool(residual.norm() < 1e-9)


def _by_origin(network: Network, x: Tensor) -> tuple[int, int, bool]:
    zeros = zero_count(network, x).total
    return zeros, 3 * len(network.w) + 1 - zeros, True


@claim(
    "cor-loss-lonely-flat",
    source="sahs2022: Corollary 3",
    check=equals(_counted, on=partial(cells, count=15, again=False, lonely=True)),
    also=(_by_origin,),
    wrong={
        r"$3H - N$, without $b_0$": {"constant": 0},
        r"$2H + 1 - N$, none for the symmetry": {"each_neuron": 2},
        r"$3H + 1 - 2N$, two conditions for each datum": {"each_datum": 2},
    },
)
def lonely_flat(network, x, *, each_neuron=3, constant=1, each_datum=1):
    rank = each_datum * len(x)
    return each_neuron * len(network.w) + constant - rank, rank, True


def _chosen(generator: Generator):
    """(spline, x, where 0 and 1 go, a datum, a delta-slope for 1), for neurons that face right, and in the mirror.

    Neurons 0 and 1 share the gap left of that datum, 2 stands in the gap right of it, and 3 is dead.
    """
    for side in (1.0, -1.0):
        share = uniform(generator, 6, low=0.1, high=0.9)
        beta = torch.stack([share[0] / 2 - 0.5, share[1] / 2, 0.75 + share[2] / 4, 4 + share[3]])
        to = torch.stack([share[4] / 2, -share[4] / 2])
        mu = 0.8 + 0.4 * uniform(generator, 4)
        spline = Spline(side * beta, side * mu, torch.full((4,), side), 0.3)
        yield spline, torch.arange(-2.5, 3.5).double(), side * to, side * 0.5, side * mu[1] * (1 + 0.1 * share[5])


def _values(spline: Spline, x: Tensor, neurons: list[int], beta, mu) -> Tensor:
    """Values at x with other breakpoints and delta-slopes of some neurons."""
    places, slopes = spline.breakpoints.clone(), spline.delta_slopes.clone()
    places[neurons], slopes[neurons] = beta, mu
    return curve(places, slopes, spline.orientations, spline.b0, x)


@claim(
    "prop-loss-unseen",
    source="sahs2022: Figure 5",
    check=equals(lambda spline, x, *_: (spline(x),) * 3, on=_chosen),
    also=(lambda s, x, to, datum, mu: (trade(s, (0, 1), to)(x), turn(s, (1, 2), datum, mu)(x), s(x)),),
    wrong={
        r"a trade that keeps $\mu_i + \mu_j$ alone": {"moment": 0.0},
        "a turn about the middle between the breakpoints": {"about": lambda datum, one, other: (one + other) / 2},
        "a live neuron wanders": {"wanders": [0]},
    },
)
def unseen(
    spline, x, to, datum, slope, *,
    about=lambda datum, one, other: datum, wanders=(3,), total=1.0, moment=1.0, height=1.0,
):  # fmt: skip
    beta, mu = spline.breakpoints, spline.delta_slopes
    (m, q), (k, p) = ((total * mu[pair].sum(), moment * (mu * beta)[pair].sum()) for pair in ([0, 1], [1, 2]))
    traded = torch.stack([q - m * to[1], m * to[0] - q]) / (to[0] - to[1])
    centre = about(datum, beta[1], beta[2])
    place = centre - height * mu[1] * (centre - beta[1]) / slope
    turned = torch.stack([place, (p - slope * place) / (k - slope)]), torch.stack([slope, k - slope])
    wandered = _values(spline, x, list(wanders), 2 * beta[list(wanders)], 3 * mu[list(wanders)])
    return _values(spline, x, [0, 1], to, traded), _values(spline, x, [1, 2], *turned), wandered
