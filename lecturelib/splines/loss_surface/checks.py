"""Claims of the chapter `splines/loss_surface`: slices of the loss, and its critical points."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, uniform
from lecturelib.splines.breakpoints.checks_problems import flatten, jacobian, quadrature, squares
from lecturelib.splines.breakpoints.network import Network, Spline, to_network, to_spline
from lecturelib.splines.loss_surface import checks_problems as problems
from lecturelib.splines.loss_surface.checks_problems import cells, curve, in_gaps, loss_at, onto_kernel, second
from lecturelib.splines.loss_surface.hessian import critical_residuals, gram_rank
from lecturelib.splines.loss_surface.slices import knot_chance, slice_loss

# One breakpoint


def in_view(side: Tensor, x: Tensor) -> Tensor:
    """How many data a neuron sees from the places in each gap."""
    return (side * (x - in_gaps(x)[1][:, None]) > 0).double().sum(-1)


@claim(
    "thm-loss-slice",
    source="sahs2022: Theorem 3",
    check=equals(lambda spline, x, y: second(partial(loss_at, spline, x, y), x), on=problems.slices),
    also=(lambda spline, x, y: second(slice_loss(spline, x, y, -1), x),),
    wrong={
        "one parabola": {"sees": lambda side, x: in_view(side, x) * 0 + len(x)},
        "positive curvature on every piece": {"sees": lambda side, x: in_view(side, x).clamp(min=1)},
        "the data on the other side": {"sees": lambda side, x: in_view(-side, x)},
    },
)
def slices(spline, x, y, *, sees=in_view, factor=1.0, power=Exponent(2)):
    """The second derivative, found from a place in a gap and both ends of it, at which neighbours have to agree."""
    return factor * sees(spline.orientations[-1], x) * spline.delta_slopes[-1].abs() ** power


def _jumps(spline: Spline, x: Tensor, y: Tensor, h: float = 0.2) -> Tensor:
    """Slope right of each datum minus slope left of it, by one-sided differences, which are exact for parabolas."""
    l2, l1, here, r1, r2 = (loss_at(spline, x, y, torch.unique(x) + k * h) for k in (-2, -1, 0, 1, 2))
    return (4 * r1 - 3 * here - r2 - (3 * here - 4 * l1 + l2)) / (2 * h)


@claim(
    "prop-loss-kink",
    source="own",
    check=equals(_jumps, on=problems.slices),
    also=(lambda spline, x, y: torch.sub(*reversed(slice_loss(spline, x, y, -1).slopes)),),
    wrong={
        r"$-s_i \mu_i \varepsilon_n$": {"factor": -1.0},
        r"$\mu_i \varepsilon_n$": {"of_facing": 0},
        r"$\varepsilon_n$ with the breakpoint where it was": {"adds": 1.0},
    },
)
def kink(spline, x, y, *, factor=1.0, of_facing=1, adds=0.0):
    facing, mu = spline.orientations[-1], spline.delta_slopes[-1]
    slopes = torch.cat([spline.delta_slopes[:-1], adds * mu[None]])
    residual = curve(spline.breakpoints, slopes, spline.orientations, spline.b0, x) - y
    there = torch.stack([residual[x == knot].sum() for knot in torch.unique(x)])
    return factor * facing**of_facing * mu * there


# All breakpoints and delta-slopes


def _steps(generator: Generator):
    """(spline, x, y, steps of breakpoints, of delta-slopes, of b₀), such that no breakpoint meets a datum."""
    for network, x in cells(generator, 4, lonely=True):
        spline, width = to_spline(network), len(network.w)
        room = (spline.breakpoints[:, None] - x).abs().amin(1) * uniform(generator, width, low=0.4, high=0.9)
        to_beta, to_mu, to_b0 = room * signs(generator, width), normal(generator, width), normal(generator, 1)
        for a, b in ((1, 0), (0, 1), (1, 1)):
            yield spline, x, normal(generator, len(x)), a * to_beta, b * to_mu, b * to_b0


def _leading(spline, x, y, to_beta, to_mu, to_b0) -> tuple[int, float]:
    """Degree and leading coefficient of the loss along the steps, from its values at nine places."""
    t = torch.cos(torch.pi * (torch.arange(9, dtype=torch.float64) + 0.5) / 9)[:, None]
    beta, mu, b0 = spline.breakpoints + t * to_beta, spline.delta_slopes + t * to_mu, spline.b0 + t * to_b0
    loss = 0.5 * (curve(beta, mu, spline.orientations, b0, x) - y).square().sum(-1)
    powers = np.polynomial.polynomial.polyfit(t[:, 0], loss, 8)
    powers = np.polynomial.polyutils.trimcoef(powers, 1e-9 * abs(powers).max())
    return len(powers) - 1, powers[-1]


@claim(
    "thm-loss-degrees",
    source="sahs2022: Theorem 3",
    check=equals(_leading, on=_steps, tolerance=1e-8),
    wrong={
        "quadratic in both, as the source has it": {"in_both": 2},
        "cubic in both": {"in_both": 3},
        "linear in each": {"in_one": 1},
    },
)
def degrees(spline, x, y, to_beta, to_mu, to_b0, *, in_one=2, in_both=4, half=0.5):
    far = x[:, None] - spline.breakpoints
    seen = (spline.orientations * far > 0).double()
    if to_beta.any() and to_mu.any():
        return in_both, half * (seen @ (to_mu * to_beta)).square().sum()
    return in_one, half * (seen * far @ to_mu - seen @ (spline.delta_slopes * to_beta) + to_b0).square().sum()


# Slices in the weights


def _networks(generator: Generator):
    """(network, x, y): all data on the side of 0 where the breakpoint of the last neuron is."""
    for spline, x, y in problems.slices(generator):
        side = float(signs(generator, 1))
        beta, x = (side * (part - x.min() + 1.5) for part in (spline.breakpoints, x))
        moved = Spline(beta, spline.delta_slopes, spline.orientations, 0.3)
        yield to_network(moved, uniform(generator, len(beta), low=0.5, high=2)), x, y


def _bends(network: Network, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Second derivatives along b_i + t and along 1/λ, which are linear functions of where the breakpoint is."""
    w, b, v = [part[-1] for part in (network.w, network.b, network.v)]

    def loss(*last: Tensor) -> Tensor:
        new = torch.stack(torch.broadcast_tensors(*last), 1)
        rows = flatten(network).repeat(len(new), 1)
        rows[:, len(network.w) - 1 : -1 : len(network.w)] = new
        return torch.vmap(lambda parts: squares(parts, x, y))(rows)

    along_b = second(lambda beta: loss(w, -w * beta, v), x) / w**2
    return along_b, second(lambda beta: loss(-b / beta, b, -v * w * beta / b), x) * (b / w) ** 2


@claim(
    "cor-loss-weights",
    source="sahs2022: Corollary 2",
    check=equals(_bends, on=_networks),
    wrong={
        r"$A v_i^2$ along both": {"of_b": Exponent(0)},
        r"$A v_i$ along the bias": {"of_v": Exponent(1)},
        r"$A \mu_i^2$ along both": {"of_w": Exponent(2), "of_b": Exponent(0)},
    },
)
def weights(network, x, y, *, factor=1.0, of_v=Exponent(2), of_w=Exponent(0), of_b=Exponent(2)):
    w, b, v = network.w[-1], network.b[-1].abs(), network.v[-1].abs()
    bend = factor * in_view(w.sign(), x) * v**of_v * w.abs() ** of_w
    return bend, bend * b**of_b


# Knots on noise


def _all(attracts: Tensor) -> dict[str, Tensor]:
    return {"attracts": attracts, "repels": attracts, "passes": 1 - 2 * attracts}


def _views(generator: Generator):
    """(data in view left of each knot but the edge, right of it), (K, N), for both facings."""
    x = problems.places(generator, 7)
    for side, knots in ((1.0, x[:-1]), (-1.0, x[1:])):
        yield tuple((side * (x - knots[:, None] - h) > 0).double() for h in (-0.1, 0.1))


def _chances(left: Tensor, right: Tensor) -> dict[str, Tensor]:
    """Chances of signs, by quadrature: a slope is −μ Σ ε over the data in view, ε, where μ is small, Gaussian noise."""
    alike = ((left * right).sum(1) / (left.sum(1) * right.sum(1)).sqrt())[:, None]
    z, weight = quadrature(torch.tensor(-12.0).double(), torch.tensor(0.0), 100)  # the slope on the left is negative
    other = torch.special.ndtr(z * alike / torch.sqrt(1 - alike**2))  # is the one on the right positive?
    return _all((other * torch.exp(-(z**2) / 2) * weight).sum(1) / math.sqrt(2 * math.pi))


@claim(
    "prop-loss-types",
    source="own",
    check=equals(_chances, on=_views),
    also=(lambda left, right: _all(knot_chance(torch.maximum(left, right).sum(1))),),
    wrong={
        "slopes of independent sign": lambda left, right: _all(torch.full_like(left[:, 0], 0.25)),
        r"$\arcsin(k^{-1/2}) / \pi$": {"share": 1 / math.pi},
        r"$\arcsin(1/k) / 2\pi$": {"power": -1.0},
        r"$k$ without the knot itself": {"itself": -1},
    },
)
def types(left, right, *, share=0.5 / math.pi, power=Exponent(-0.5), itself=0):
    return _all(share * torch.arcsin((torch.maximum(left, right).sum(1) + itself) ** power))


# Critical points


def _by_autograd(network: Network, x: Tensor) -> tuple[Tensor, Tensor]:
    """The projections onto the residuals for which the gradient vanishes, in weights and in spline parameters."""
    spline = to_spline(network)
    parts = spline.breakpoints, spline.delta_slopes, network.b0[None]
    of = torch.autograd.functional.jacobian(lambda beta, mu, b0: curve(beta, mu, spline.orientations, b0, x), parts)
    return onto_kernel(jacobian(network, x).T), onto_kernel(torch.cat(of, 1).T)


@claim(
    "thm-loss-critical",
    source="sahs2022: Theorem 4",
    check=equals(_by_autograd, on=cells, tolerance=1e-8, floor=1.0),
    also=(lambda *cell: (critical_residuals(*cell) @ critical_residuals(*cell).T,) * 2,),
    wrong={
        "least squares on each piece": {"share": 0.0},
        "the far ends count as neurons facing right": {"far_left": 1},
        "moments in proportion to the number of data": {"turn": lambda turns, counts: turns * counts},
    },
)
def critical(network, x, *, turn=lambda turns, counts: turns, share=1.0, right=1, left=0, far_left=0, far_right=1):
    """The conditions are linear in the residuals and in T = Σ ε x: sums vanish, and moments less T c."""
    inside, counts, turns = problems.cut(network, x, right=right, left=left, far_left=far_left, far_right=far_right)
    found = onto_kernel(torch.cat([inside, (inside - share * turn(turns, counts)[:, None]) * x]))
    return found, found


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
    _, counts, turns = problems.cut(network, x)
    return bool(counts.max() <= most) and problems.forced(counts, turns, fewest)
