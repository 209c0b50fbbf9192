"""Claims of the chapter `splines/loss_surface`: slices of the loss."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.claims import Exponent, claim
from lecturelib.core.checking import equals
from lecturelib.core.problems import normal, signs, uniform
from lecturelib.splines.breakpoints.network import Network, Spline
from lecturelib.splines.loss_surface import checks_problems as problems
from lecturelib.splines.loss_surface.checks_problems import chord, curve, loss_at
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
    check=equals(lambda spline, x, y, i, low, at, high: loss_at(spline, x, y, i, at), on=_with_gaps),
    also=(lambda spline, x, y, i, low, at, high: slice_loss(spline, x, y, i)(at),),
    wrong={
        "one parabola": {"sees": lambda side, x, at: len(x)},
        "positive curvature on every piece": {"sees": lambda side, x, at: in_view(side, x, at).clamp(min=1)},
        "the data on the other side": {"sees": lambda side, x, at: in_view(-side, x, at)},
    },
)
def slices(spline, x, y, i, low, at, high, *, sees=in_view, half=0.5, power=Exponent(2)):
    """From the losses at the ends of a gap, those within: a parabola with second derivative A μ², for A data in view."""
    bend = sees(spline.orientations[i], x, at) * spline.delta_slopes[i].abs() ** power
    return chord(partial(loss_at, spline, x, y, i), low, at, high) - half * bend * (at - low) * (high - at)


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
        r"$-s_i \mu_i \varepsilon_n$": {"sign": -1.0},
        r"$\mu_i \varepsilon_n$": {"of_facing": 0},
        r"$\varepsilon_n$ with the breakpoint where it was": {"others": lambda spline, i: spline.delta_slopes},
    },
)
def kink(spline, x, y, i, *, others=_silent, sign=1.0, of_facing=1):
    residual = curve(spline.breakpoints, others(spline, i), spline.orientations, spline.b0, x) - y
    knots, where = torch.unique(x, return_inverse=True)
    there = torch.zeros_like(knots).index_add(0, where, residual)
    return sign * spline.orientations[i] ** of_facing * spline.delta_slopes[i] * there


# All breakpoints and delta-slopes


def _steps(generator: Generator):
    """(spline, x, y, a step of breakpoints that takes none of them across a datum, of delta-slopes, of b₀)."""
    for spline, x, y, _ in problems.slices(generator):
        beta = torch.cat([spline.breakpoints[:-1], x.max()[None] + 0.3])  # none upon a datum
        room = (beta[:, None] - x).abs().min(1).values
        width = len(beta)
        sides = torch.cat([spline.orientations[:-1], -torch.ones(1, dtype=torch.float64)])  # one sees all data
        steps = room * signs(generator, width) * uniform(generator, width, low=0.4, high=0.9), normal(generator, width)
        yield Spline(beta, spline.delta_slopes, sides, 0.3), x, y, *steps, normal(generator, 1)


def _leading(spline, x, y, to_beta, to_mu, to_b0) -> dict[str, tuple[int, float]]:
    """Degree and leading coefficient of the loss along the step, from its values at nine places of it."""
    t = torch.cos(torch.pi * (torch.arange(9, dtype=torch.float64) + 0.5) / 9)
    found = {}
    for name, a, b in (("breakpoints", 1, 0), ("delta-slopes and b₀", 0, 1), ("both", 1, 1)):
        beta, mu = (part + c * t[:, None] * to for part, c, to in zip(
            (spline.breakpoints, spline.delta_slopes), (a, b), (to_beta, to_mu), strict=True))  # fmt: skip
        values = curve(beta, mu, spline.orientations, spline.b0 + b * t[:, None] * to_b0, x)
        power = torch.linalg.solve(torch.vander(t, increasing=True), 0.5 * (values - y).square().sum(-1))
        degree = int(torch.nonzero(power.abs() > 1e-9 * power.abs().max()).max())
        found[name] = (degree, power[degree])
    return found


@claim(
    "thm-loss-degrees",
    source="sahs2022: Theorem 3",
    check=equals(_leading, on=_steps, tolerance=1e-8),
    wrong={
        "quadratic in both, as the source has it": {"in_both": 2},
        "cubic in both": {"in_both": 3},
        "linear in the breakpoints": {"in_breakpoints": 1},
        "terms of degree four without the half": {"half": 1.0},
    },
)
def degrees(spline, x, y, to_beta, to_mu, to_b0, *, in_breakpoints=2, in_slopes=2, in_both=4, half=0.5):
    far = x[:, None] - spline.breakpoints
    seen = spline.orientations * far > 0
    return {
        "breakpoints": (in_breakpoints, half * ((seen * spline.delta_slopes) @ to_beta).square().sum()),
        "delta-slopes and b₀": (in_slopes, half * ((seen * far) @ to_mu + to_b0).square().sum()),
        "both": (in_both, half * (seen.double() @ (to_mu * to_beta)).square().sum()),
    }


# Slices in the weights


def _networks(generator: Generator):
    """(network, x, y, neuron, low, at, high): all data on the side of 0 where the breakpoint is."""
    for spline, x, y, i in problems.slices(generator):
        x = spline.orientations[i] * float(signs(generator, 1)) * (x - x.min() + 1.5)
        width = len(spline.breakpoints)
        w = spline.orientations * uniform(generator, width, low=0.5, high=2)
        beta = spline.breakpoints.index_fill(0, torch.tensor([i]), 2.2 * float(x[0].sign()))
        yield Network(w, -w * beta, spline.delta_slopes / w, 0.3), x, y, i, *problems.in_gaps(generator, x)


def _ways(network: Network, x: Tensor, y: Tensor, i: int, beta: Tensor):
    """For both ways of moving the breakpoint to beta: the numbers b_i + t and 1/λ, and the loss as a function of them."""

    def loss(bias, factor):
        scale = torch.ones(len(bias), len(network.w), dtype=torch.float64)
        scale[:, i] = factor
        b = network.b.repeat(len(bias), 1)
        b[:, i] = bias
        values = torch.relu(x[:, None] * (network.w * scale)[:, None] + b[:, None]) @ (network.v / scale)[..., None]
        return 0.5 * (values[..., 0] + network.b0 - y).square().sum(-1)

    b = -network.w[i] * beta
    yield b, lambda bias: loss(bias, torch.ones_like(bias))
    yield b / network.b[i], lambda inverse: loss(network.b[i].expand(inverse.shape), 1 / inverse)


def _losses(network, x, y, i, low, at, high) -> tuple[Tensor, ...]:
    return tuple(loss(place) for place, loss in _ways(network, x, y, i, at))


@claim(
    "cor-loss-weights",
    source="sahs2022: Corollary 2",
    check=equals(_losses, on=_networks),
    wrong={
        r"quadratic in $\lambda$": {"of_inverse": -1},
        r"$A v_i^2$ along both": {"of_b": Exponent(0)},
        r"$A v_i$ along the bias": {"of_v": Exponent(1)},
    },
)
def weights(network, x, y, i, low, at, high, *, half=0.5, of_v=Exponent(2), of_b=Exponent(2), of_inverse=Exponent(1)):
    """As `slices`, along the bias with second derivative A v², along 1/λ with A v² b²."""
    bend = half * in_view(torch.sign(network.w[i]), x, at) * network.v[i].abs() ** of_v
    (_, by_bias), (_, by_inverse) = _ways(network, x, y, i, at)
    (b0, u0), (b1, u1), (b2, u2) = ([place for place, _ in _ways(network, x, y, i, beta)] for beta in (low, at, high))
    s0, s1, s2 = (u**of_inverse for u in (u0, u1, u2))
    along_bias = chord(by_bias, b0, b1, b2) - bend * (b1 - b0) * (b2 - b1)
    along_inverse = chord(lambda s: by_inverse(s ** (1 / of_inverse)), s0, s1, s2)
    return along_bias, along_inverse - bend * network.b[i].abs() ** of_b * (s1 - s0) * (s2 - s1)


# Knots on noise

NODES, WEIGHTS = (torch.as_tensor(part) for part in np.polynomial.legendre.leggauss(100))


def _distinct(generator: Generator):
    for spline, x, _, i in problems.slices(generator):
        yield spline, torch.unique(x), i


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
    found = 6 * (other * torch.exp(-(z**2) / 2) * WEIGHTS).sum(1) / math.sqrt(2 * math.pi)
    return {"attracts": found, "repels": found, "passes": 1 - 2 * found}


def _counted(chance):
    """A formula for the chance that a knot with k data in view attracts, as one for all knots of a slice."""

    def formula(spline, x, i, **changed):
        k = torch.arange(2, len(x) + 1, dtype=torch.float64)
        found = chance(k.flip(0) if spline.orientations[i] > 0 else k, **changed)
        return {"attracts": found, "repels": found, "passes": 1 - 2 * found}

    return formula


@claim(
    "prop-loss-types",
    source="own",
    check=equals(_chances, on=_distinct),
    also=(_counted(knot_chance),),
    wrong={
        "slopes of independent sign": _counted(lambda k: torch.full_like(k, 0.25)),
        r"$\arcsin(k^{-1/2}) / \pi$": {"share": 1 / math.pi},
        r"$\arcsin(1/k) / 2\pi$": {"power": -1.0},
        r"$k$ without the knot itself": {"itself": -1},
    },
)
def types(spline, x, i, *, share=0.5 / math.pi, power=Exponent(-0.5), itself=0):
    return _counted(lambda k: share * torch.arcsin((k + itself) ** power))(spline, x, i)
