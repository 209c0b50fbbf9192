"""Claims of the chapter `splines/loss_surface`: slices of the loss."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, uniform
from lecturelib.splines.breakpoints.network import Network, Spline
from lecturelib.splines.loss_surface import checks_problems as problems
from lecturelib.splines.loss_surface.checks_problems import curve, loss_at, second
from lecturelib.splines.loss_surface.slices import knot_chance, slice_loss

# One breakpoint


def in_view(side: Tensor, x: Tensor, at: Tensor) -> Tensor:
    """How many data a neuron at each of `at` sees."""
    return (side * (x - at[:, None]) > 0).double().sum(-1)


def _with_gaps(generator: Generator):
    for spline, x, y, i in problems.slices(generator):
        yield spline, x, y, i, *problems.in_gaps(generator, x)


@claim(
    "thm-loss-slice",
    source="sahs2022: Theorem 3",
    check=equals(lambda spline, x, y, i, *places: second(partial(loss_at, spline, x, y, i), *places), on=_with_gaps),
    also=(lambda spline, x, y, i, *places: second(slice_loss(spline, x, y, i), *places),),
    wrong={
        "one parabola": {"sees": lambda side, x, at: 0 * at + len(x)},
        "positive curvature on every piece": {"sees": lambda side, x, at: in_view(side, x, at).clamp(min=1)},
        "the data on the other side": {"sees": lambda side, x, at: in_view(-side, x, at)},
    },
)
def slices(spline, x, y, i, low, at, high, *, sees=in_view, factor=1.0, power=Exponent(2)):
    """The second derivative, found from a place in a gap and both ends of it, at which neighbours have to agree."""
    return factor * sees(spline.orientations[i], x, at) * spline.delta_slopes[i].abs() ** power


def _jumps(spline: Spline, x: Tensor, y: Tensor, i: int, h: float = 0.2) -> Tensor:
    """Slope right of each datum minus slope left of it, by one-sided differences, which are exact for parabolas."""
    l2, l1, here, r1, r2 = (loss_at(spline, x, y, i, torch.unique(x) + k * h) for k in (-2, -1, 0, 1, 2))
    return (4 * r1 - 3 * here - r2 - (3 * here - 4 * l1 + l2)) / (2 * h)


def _silent(spline: Spline, i: int) -> Tensor:
    """The delta-slopes without neuron i."""
    return spline.delta_slopes.index_fill(0, torch.tensor([i]), 0.0)


@claim(
    "prop-loss-kink",
    source="own",
    check=equals(_jumps, on=problems.slices),
    also=(lambda spline, x, y, i: torch.sub(*reversed(slice_loss(spline, x, y, i).slopes)),),
    wrong={
        r"$-s_i \mu_i \varepsilon_n$": {"factor": -1.0},
        r"$\mu_i \varepsilon_n$": {"of_facing": 0},
        r"$\varepsilon_n$ with the breakpoint where it was": {"others": lambda spline, i: spline.delta_slopes},
    },
)
def kink(spline, x, y, i, *, others=_silent, factor=1.0, of_facing=1):
    residual = curve(spline.breakpoints, others(spline, i), spline.orientations, spline.b0, x) - y
    there = torch.stack([residual[x == knot].sum() for knot in torch.unique(x)])
    return factor * spline.orientations[i] ** of_facing * spline.delta_slopes[i] * there


# All breakpoints and delta-slopes


def _steps(generator: Generator):
    """(spline, x, y, steps of breakpoints, of delta-slopes, of b₀), such that no breakpoint meets a datum."""
    for spline, x, y, _ in problems.slices(generator):
        beta = torch.cat([spline.breakpoints[:-1], x.max()[None] + 0.3])  # none upon a datum
        sides = torch.cat([spline.orientations[:-1], -torch.ones(1, dtype=torch.float64)])  # one sees all data
        room = (beta[:, None] - x).abs().min(1).values * uniform(generator, len(beta), low=0.4, high=0.9)
        to_beta, to_mu, to_b0 = room * signs(generator, len(beta)), normal(generator, len(beta)), normal(generator, 1)
        for a, b in ((1, 0), (0, 1), (1, 1)):
            yield Spline(beta, spline.delta_slopes, sides, 0.3), x, y, a * to_beta, b * to_mu, b * to_b0


def _leading(spline, x, y, to_beta, to_mu, to_b0) -> tuple[int, Tensor]:
    """Degree and leading coefficient of the loss along the steps, from its values at nine places."""
    t = torch.cos(torch.pi * (torch.arange(9, dtype=torch.float64) + 0.5) / 9)[:, None]
    beta, mu = spline.breakpoints + t * to_beta, spline.delta_slopes + t * to_mu
    loss = 0.5 * (curve(beta, mu, spline.orientations, spline.b0 + t * to_b0, x) - y).square().sum(-1)
    powers = torch.linalg.solve(torch.vander(t[:, 0], increasing=True), loss)
    degree = int(torch.nonzero(powers.abs() > 1e-9 * powers.abs().max()).max())
    return degree, powers[degree]


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
    """(network, x, y, neuron, low, at, high): all data on the side of 0 where the breakpoint is."""
    for spline, x, y, i in problems.slices(generator):
        x = float(signs(generator, 1)) * (x - x.min() + 1.5)
        w = spline.orientations * uniform(generator, len(spline.orientations), low=0.5, high=2)
        beta = spline.breakpoints.index_fill(0, torch.tensor([i]), 2.2 * float(x[0].sign()))
        yield Network(w, -w * beta, spline.delta_slopes / w, 0.3), x, y, i, *problems.in_gaps(generator, x)


def _bends(network, x, y, i, *places, inverse=-1) -> tuple[Tensor, Tensor]:
    """Second derivatives along b_i + t, and of (λ w_i, v_i / λ) along a power of λ, with breakpoint i at `places`."""

    def loss(bias, factor):
        w, b, v = (part.repeat(len(bias), 1) for part in (network.w, network.b, network.v))
        w[:, i], b[:, i], v[:, i] = factor * w[:, i], bias, v[:, i] / factor
        values = torch.relu(x[:, None] * w[:, None] + b[:, None]) @ v[..., None]
        return 0.5 * (values[..., 0] + network.b0 - y).square().sum(-1)

    bias = [-network.w[i] * beta for beta in places]
    by_bias = second(lambda b: loss(b, torch.ones_like(b)), *bias)
    return by_bias, second(lambda s: loss(network.b[i].expand(len(s)), s**inverse), *(b / network.b[i] for b in bias))


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
def weights(network, x, y, i, low, at, high, *, factor=1.0, of_v=Exponent(2), of_w=Exponent(0), of_b=Exponent(2)):
    seen = in_view(torch.sign(network.w[i]), x, at)
    bend = factor * seen * network.v[i].abs() ** of_v * network.w[i].abs() ** of_w
    return bend, bend * network.b[i].abs() ** of_b


# Knots on noise

NODES, WEIGHTS = (torch.as_tensor(part) for part in np.polynomial.legendre.leggauss(100))


def _distinct(generator: Generator):
    for spline, x, _, i in problems.slices(generator):
        yield spline, torch.unique(x), i


def _all(attracts: Tensor) -> dict[str, Tensor]:
    return {"attracts": attracts, "repels": attracts, "passes": 1 - 2 * attracts}


def _chances(spline: Spline, x: Tensor, i: int, h: float = 0.1) -> dict[str, Tensor]:
    """Chances of the signs of the slopes beside each knot, Gaussian noise of one variance as residuals, by quadrature.

    Where μ is small a slope is Σ ε ∂f/∂β, and f is linear in β on either side.
    """

    def values(beta):
        moved = spline.breakpoints.repeat(len(beta), 1)
        moved[:, i] = beta
        return curve(moved, spline.delta_slopes, spline.orientations, spline.b0, x)

    knots = x[:-1] if spline.orientations[i] > 0 else x[1:]  # without the edge
    left, right = values(knots - h) - values(knots - 2 * h), values(knots + 2 * h) - values(knots + h)
    alike = (left * right).sum(1) / (left.norm(dim=1) * right.norm(dim=1))
    z = 6 * (NODES - 1)  # the slope on the left, in standard deviations, from −12 to 0
    other = torch.special.ndtr(z * (alike / torch.sqrt(1 - alike**2))[:, None])  # is the one on the right positive?
    return _all(6 * (other * torch.exp(-(z**2) / 2) * WEIGHTS).sum(1) / math.sqrt(2 * math.pi))


def _in_view(spline: Spline, x: Tensor, i: int) -> Tensor:
    k = torch.arange(2, len(x) + 1, dtype=torch.float64)
    return k.flip(0) if spline.orientations[i] > 0 else k


@claim(
    "prop-loss-types",
    source="own",
    check=equals(_chances, on=_distinct),
    also=(lambda *knots: _all(knot_chance(_in_view(*knots))),),
    wrong={
        "slopes of independent sign": lambda *knots: _all(torch.full_like(_in_view(*knots), 0.25)),
        r"$\arcsin(k^{-1/2}) / \pi$": {"share": 1 / math.pi},
        r"$\arcsin(1/k) / 2\pi$": {"power": -1.0},
        r"$k$ without the knot itself": {"itself": -1},
    },
)
def types(spline, x, i, *, share=0.5 / math.pi, power=Exponent(-0.5), itself=0):
    return _all(share * torch.arcsin((_in_view(spline, x, i) + itself) ** power))
