"""Claim of the chapter `splines/regimes`: the loss as a function of delta-slopes alone, and the way down its valley."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.splines.breakpoints.network import Spline, to_network
from lecturelib.splines.regimes.flows import features, kernel_flow

X = torch.tensor([-0.9, -0.4, 0.3, 0.8], dtype=torch.float64)
TIMES = (0.1, 1.0, 10.0)


def _draw(generator: Generator) -> tuple[Spline, Tensor]:
    """Seven neurons, and targets for four data: the valley has three dimensions at least."""
    beta, mu, side = 2 * torch.rand(3, 7, generator=generator, dtype=torch.float64) - 1
    y = torch.randn(4, generator=generator, dtype=torch.float64)
    return Spline(beta, mu, torch.sign(side), 0.2), y


def _flows(formula, generator: Generator) -> float:
    """Against the flow μ̇ = −∂ℓ/∂μ with both derivatives by automatic differentiation, by the matrix exponential.

    Infinite where the distance from the start does not grow from each time to the next.
    """
    spline, y = _draw(generator)

    def loss(mu: Tensor) -> Tensor:
        return 0.5 * (Spline(spline.breakpoints, mu, spline.orientations, spline.b0)(X) - y).square().sum()

    start = spline.delta_slopes
    slope = torch.autograd.functional.jacobian(loss, start)
    curvature = torch.autograd.functional.hessian(loss, start)
    # d/dt (change, 1) = −[[curvature, slope], [0, 0]] (change, 1)
    system = torch.zeros(8, 8, dtype=torch.float64)
    system[:7, :7], system[:7, 7] = -curvature, -slope
    worst, ways = 0.0, [0.0]
    for time in TIMES:
        expected = torch.linalg.matrix_exp(time * system)[:7, 7]
        change = formula(spline, y, time) - start
        worst = max(worst, relative_gap(change, expected))
        ways.append(float(change.norm()))
    return worst if all(after > before for before, after in pairwise(ways)) else math.inf


def along_the_valley(spline: Spline, y: Tensor, time: float, *, power: int = 2, forget: float = 0.0) -> Tensor:
    """μ at this time: each part of it along a singular vector of the hinges Z goes to its goal at the rate σ^power.

    forget: rate at which the part in the null space would fade.
    """
    phi = features(to_network(spline), X) * spline.orientations
    left, sizes, right = torch.linalg.svd(phi, full_matrices=False)
    part = right @ spline.delta_slopes
    goal = left.T @ (y - spline.b0) / sizes
    idle = spline.delta_slopes - right.T @ part
    return idle * math.exp(-forget * time) + right.T @ (goal + torch.exp(-(sizes**power) * time) * (part - goal))


def _flow_of_output_weights(spline: Spline, y: Tensor, time: float) -> Tensor:
    """The same through `kernel_flow`, at |w| = 1, where v = s μ."""
    return spline.orientations * kernel_flow(to_network(spline), X, y, time).v


valley = Claim(
    label="prop-reg-valley",
    statement=r"Under gradient flow of $\mu$ its part along the singular vector $j$ of $Z$ goes to its goal as "
    r"$e^{-\sigma_j^2 t}$, the rest stays, and the distance from the start grows.",
    source="Sahs et al. 2022, sections 2.4 and 2.6.1, Figures 6 and 8",
    method="exact identity",
    tolerance=1e-8,
    check=_flows,
    formula=_flow_of_output_weights,
    falsifiers={
        r"at the rate $\sigma_j$": lambda spline, y, time: along_the_valley(spline, y, time, power=1),
        "the rest fades, as by weight decay": lambda spline, y, time: along_the_valley(spline, y, time, forget=0.1),
        r"at the rate $2 \sigma_j^2$": lambda spline, y, time: along_the_valley(spline, y, 2 * time),
    },
)
