"""Claims of the chapter `splines/loss_surface`: lonely partitions are flat, and changes that no datum sees."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.splines.breakpoints.network import Spline, to_network
from lecturelib.splines.loss_surface.checks import SAHS
from lecturelib.splines.loss_surface.hessian import hessian, measured_zeros
from lecturelib.splines.loss_surface.unseen import trade, turn


def _uniform(generator: Generator, *shape: int) -> Tensor:
    return torch.rand(shape, generator=generator, dtype=torch.float64)


def _sides(generator: Generator, size: int) -> Tensor:
    return 2.0 * torch.randint(0, 2, (size,), generator=generator) - 1


# The flatness of a fit with a lonely partition

POINTS, WIDTH = 5, 9


def _counts_zeros(formula, generator: Generator) -> float:
    """Against the eigenvalues at three fits with lonely partitions: neurons face right, left, or both ways."""
    worst = 0.0
    for facing in (torch.ones(WIDTH), -torch.ones(WIDTH), _sides(generator, WIDTH)):
        x = torch.arange(POINTS) + 0.3 * _uniform(generator, POINTS)
        more = torch.randint(-1, POINTS, (WIDTH - POINTS + 1,), generator=generator)
        beta = torch.cat([torch.arange(POINTS - 1), more]) + 0.4 + 0.5 * _uniform(generator, WIDTH)
        mu = (0.5 + _uniform(generator, WIDTH)) * _sides(generator, WIDTH)
        network = to_network(Spline(beta, mu, facing, 0.2), 0.8)
        found = measured_zeros(hessian(network, x, network(x)), tolerance=1e-11)
        worst = max(worst, abs(found - formula(WIDTH, POINTS)) / (3 * WIDTH + 1))
    return worst


lonely_flat = Claim(
    label="cor-loss-lonely-flat",
    statement=r"At a critical point with a lonely partition and all $v_i \neq 0$ the Hessian has exactly $N$ "
    r"eigenvalues that are not 0, and $3H + 1 - N$ that are.",
    source=f"{SAHS}, Corollary 3, with further assumptions",
    method="exact identity",
    tolerance=0.0,
    check=_counts_zeros,
    formula=lambda width, points: 3 * width + 1 - points,
    falsifiers={
        r"$3H - N$, without $b_0$": lambda width, points: 3 * width - points,
        r"$2H + 1 - N$, none for the symmetry": lambda width, points: 2 * width + 1 - points,
        r"$3H + 1 - 2N$, two conditions for each datum": lambda width, points: 3 * width + 1 - 2 * points,
    },
)


# Three changes that no datum sees


class Moves(NamedTuple):
    """The three ways: two neurons trade, two turn a piece about a datum, a neuron that sees nothing goes elsewhere."""

    trade: Callable[[Spline, tuple[int, int], Tensor], Spline]
    turn: Callable[[Spline, tuple[int, int], float, float], Spline]
    idle: int  # which neuron goes elsewhere: in the check, 4 faces away from the data and 5 faces them


def _elsewhere(spline: Spline, neuron: int) -> Spline:
    """The neuron twice as far out, with three times its delta-slope."""
    beta, mu = spline.breakpoints.clone(), spline.delta_slopes.clone()
    beta[neuron], mu[neuron] = 2 * beta[neuron], 3 * mu[neuron]
    return Spline(beta, mu, spline.orientations, spline.b0)


def _goes_unseen(moves: Moves, generator: Generator) -> float:
    """Largest change at six data, for neurons that face right and for their mirror image.

    Infinite where the function stays as it is everywhere: then nothing was moved.
    """
    x = torch.arange(-2.5, 3.5, dtype=torch.float64)  # gaps of length 1, centred at −2, …, 2
    a = _uniform(generator, 7)
    beta = torch.stack([a[0] / 3, a[1] / 3 - 0.4, a[2] / 3 - 1, a[3] / 4 + 0.8, a[4] + 3, -a[5] - 3])
    mu = 0.8 + 0.4 * _uniform(generator, 6)
    worst = 0.0
    for side in (1.0, -1.0):
        spline = Spline(side * beta, side * mu, torch.full((6,), side), 0.3)
        datum = float(x[3] if side > 0 else x[2])  # between neurons 1 and 3
        moved = (
            moves.trade(spline, (0, 1), side * (beta[:2] + torch.tensor([0.45, -0.45])) / 2),  # nearer to the walls
            moves.turn(spline, (1, 3), datum, float(side * mu[1] * (1.1 + 0.15 * a[6]))),
            _elsewhere(spline, moves.idle),
        )
        probe = torch.linspace(-8, 8, 641, dtype=torch.float64)
        for one in moved:
            if relative_gap(one(probe), spline(probe)) < 1e-3:
                return math.inf
            worst = max(worst, relative_gap(one(x), spline(x)))
    return worst


def _trade_without_moments(spline: Spline, pair: tuple[int, int], places: Tensor) -> Spline:
    beta = spline.breakpoints.clone()
    beta[list(pair)] = places
    return Spline(beta, spline.delta_slopes, spline.orientations, spline.b0)


def _turn_about_the_middle(spline: Spline, pair: tuple[int, int], datum: float, delta_slope: float) -> Spline:
    return turn(spline, pair, float(spline.breakpoints[list(pair)].mean()), delta_slope)


RIGHT = Moves(trade, turn, 4)
unseen = Claim(
    label="prop-loss-unseen",
    statement="Two neurons of one gap can trade, two on either side of a datum can turn the piece between them about "
    "it, and a dead neuron can move, without any change on the data.",
    source=f"{SAHS}, Figure 5",
    method="exact identity",
    tolerance=1e-12,
    check=_goes_unseen,
    formula=RIGHT,
    falsifiers={
        r"a trade that keeps each $\mu_i$": RIGHT._replace(trade=_trade_without_moments),
        "a turn about the middle between the breakpoints": RIGHT._replace(turn=_turn_about_the_middle),
        "any neuron outside of the data, also one that faces them": RIGHT._replace(idle=5),
    },
)
