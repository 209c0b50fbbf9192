"""Claims of the chapter `splines/loss_surface`: critical points of the loss."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import claim
from lecturelib.splines.breakpoints.checks_problems import jacobian
from lecturelib.splines.breakpoints.network import Network, to_spline
from lecturelib.splines.loss_surface.checks_problems import cells, curve, cut, held, onto_kernel
from lecturelib.splines.loss_surface.hessian import critical_residuals, gram_rank


def _spline_jacobian(network: Network, x: Tensor) -> Tensor:
    """Derivatives of f(x_n) by breakpoints, delta-slopes and b₀, by autograd: (N, 2 H + 1)."""
    spline = to_spline(network)
    parts = spline.breakpoints, spline.delta_slopes, network.b0.reshape(1)
    of = torch.autograd.functional.jacobian(lambda beta, mu, b0: curve(beta, mu, spline.orientations, b0, x), parts)
    return torch.cat(of, dim=1)


def _by_autograd(network: Network, x: Tensor) -> tuple[Tensor, Tensor]:
    """The projections onto the residuals for which the gradient vanishes, in weights and in spline parameters."""
    return onto_kernel(jacobian(network, x).T), onto_kernel(_spline_jacobian(network, x).T)


def _of_the_library(network: Network, x: Tensor) -> tuple[Tensor, Tensor]:
    basis = critical_residuals(network, x)
    return basis @ basis.T, basis @ basis.T


@claim(
    "thm-loss-critical",
    source="sahs2022: Theorem 4",
    check=equals(_by_autograd, on=cells, tolerance=1e-8, floor=1.0),
    also=(_of_the_library,),
    wrong={
        "least squares on each piece": {"share": 0.0},
        "the far ends count as neurons facing right": {"far_left": 1},
        "moments in proportion to the number of data": {"turn": lambda turns, inside: turns * inside.sum(1)},
    },
)
def critical(
    network, x, *, turn=lambda turns, inside: turns, share=1.0, right=1, left=0, far_left=0, far_right=1
):  # fmt: skip
    """The conditions are linear in the residuals and in T = Σ ε x: sums vanish, and moments less T c."""
    inside, turns = cut(network, x, right=right, left=left, far_left=far_left, far_right=far_right)
    inside = inside.double()
    moments = inside * x - share * turn(turns, inside)[:, None] * x
    found = onto_kernel(torch.cat([inside, moments]))
    return found, found


def forced(inside: Tensor, turns: Tensor, x: Tensor, fewest: int = 2) -> bool:
    """Is T = 0 forced: does some piece with a turn hold data at fewer than two places?"""
    return bool((held(inside, x)[turns != 0] < fewest).any())


@claim(
    "cor-loss-fits",
    source="sahs2022: Corollary 3",
    check=equals(
        lambda network, x: bool(torch.linalg.matrix_rank(jacobian(network, x), rtol=1e-9) == len(x)),
        on=partial(cells, count=90, again=False),
    ),
    also=(lambda network, x: gram_rank(network, x) == len(x),),
    wrong={
        "if and only if the partition is lonely": {"most": 1},
        "if and only if no piece holds more than two": {"fewest": 0},
        "lonely, and two that face apart in one gap": {"most": 1, "fewest": 1},
    },
)
def fits(network, x, *, most=2, fewest=2):
    inside, turns = cut(network, x)
    return bool(held(inside, x).max() <= most) and forced(inside, turns, x, fewest)
