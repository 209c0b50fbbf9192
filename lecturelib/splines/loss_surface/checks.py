"""Claims of the chapter `splines/loss_surface`: slices of the loss."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.splines.breakpoints.network import Network, Spline, to_network, to_spline
from lecturelib.splines.loss_surface.slices import LossSlice, kinks, knot_chance, slice_loss

SAHS = "Sahs et al. 2022"
EXACT = 1e-10
BETA = torch.linspace(-3.0, 3.0, 61, dtype=torch.float64)


def loss(function, x: Tensor, y: Tensor) -> Tensor:
    """½ Σ_n (f(x_n) − y_n)²."""
    return 0.5 * (function(x) - y).square().sum()


def draw(generator: Generator, width: int = 5, points: int = 9) -> tuple[Spline, Tensor, Tensor]:
    """A spline and data, N points about half a unit apart and each breakpoint near the middle of a gap."""
    x = 0.5 * (torch.arange(points) - points // 2) + 0.1 * torch.rand(points, generator=generator, dtype=torch.float64)
    y = torch.randn(points, generator=generator, dtype=torch.float64)
    gap = torch.randint(0, points - 1, (width,), generator=generator)
    mu = torch.randn(width, generator=generator, dtype=torch.float64)
    sides = 2.0 * torch.randint(0, 2, (width,), generator=generator) - 1
    sides[:2] = torch.tensor([1.0, -1.0])
    return Spline((x[gap] + x[gap + 1]) / 2, mu, sides, 0.3), x, y


def moved(spline: Spline, neuron: int, beta: float) -> Spline:
    """The spline with one breakpoint put at beta."""
    breakpoints = spline.breakpoints.clone()
    breakpoints[neuron] = beta
    return Spline(breakpoints, spline.delta_slopes, spline.orientations, spline.b0)


# Slices


def _is_the_loss(cut, generator: Generator) -> float:
    spline, x, y = draw(generator)
    worst = 0.0
    for neuron in range(2):
        true = torch.stack([loss(moved(spline, neuron, float(beta)), x, y) for beta in BETA])
        worst = max(worst, relative_gap(cut(spline, x, y, neuron)(BETA), true))
    return worst


def _one_parabola(spline: Spline, x: Tensor, y: Tensor, neuron: int) -> LossSlice:
    true = slice_loss(spline, x, y, neuron)
    whole = [
        part[torch.argmax(true.quadratic)].expand(len(x) + 1) for part in (true.quadratic, true.linear, true.constant)
    ]
    return LossSlice(true.knots, *whole, true.faces)


def _curved_everywhere(spline: Spline, x: Tensor, y: Tensor, neuron: int) -> LossSlice:
    true = slice_loss(spline, x, y, neuron)
    least = true.quadratic[true.quadratic > 0].min()
    return dataclasses.replace(true, quadratic=true.quadratic.clamp(min=float(least)))


def _other_side(spline: Spline, x: Tensor, y: Tensor, neuron: int) -> LossSlice:
    sides = spline.orientations.clone()
    sides[neuron] *= -1
    return slice_loss(Spline(spline.breakpoints, spline.delta_slopes, sides, spline.b0), x, y, neuron)


slices = Claim(
    label="thm-loss-slice",
    statement=r"In one breakpoint the loss is a continuous piecewise quadratic with knots at the data; "
    r"where the neuron sees $A$ data its second derivative is $A \mu^2$.",
    source=f"{SAHS}, Theorem 3, where it is positive on every piece",
    method="exact identity",
    tolerance=EXACT,
    check=_is_the_loss,
    formula=slice_loss,
    falsifiers={
        "one parabola": _one_parabola,
        "positive curvature on every piece": _curved_everywhere,
        "the data on the other side": _other_side,
    },
)


def _has_degree(degrees: dict[str, int], generator: Generator) -> float:
    """Differences of order degree + 1 along a line inside one cell must vanish, and those of order degree must not."""
    spline, x, y = draw(generator)
    to_beta, to_mu = torch.randn(2, spline.breakpoints.numel(), generator=generator, dtype=torch.float64)
    to_beta = 0.15 * to_beta / to_beta.abs().max()
    worst = 0.0
    for name, degree in degrees.items():
        a, b = float(name != "delta-slopes"), float(name != "breakpoints")
        values = [
            loss(
                Spline(
                    spline.breakpoints + a * t * to_beta,
                    spline.delta_slopes + 2 * b * t * to_mu,
                    spline.orientations,
                    spline.b0 + b * t,
                ),
                x,
                y,
            )
            for t in torch.linspace(0, 1, 7, dtype=torch.float64)
        ]
        difference = torch.stack(values) / max(values)
        for _ in range(degree):
            difference = difference.diff()
        attained = float(difference.abs().max()) > 1e-9
        worst = max(worst, float(difference.diff().abs().max()) if attained else 1.0)
    return worst


degrees = Claim(
    label="thm-loss-degrees",
    statement="On a cell the loss is quadratic in the breakpoints and in the delta-slopes, and of degree four in both.",
    source=f"{SAHS}, Theorem 3, which has it quadratic in both together",
    method="exact identity",
    tolerance=1e-12,
    check=_has_degree,
    formula={"breakpoints": 2, "delta-slopes": 2, "both": 4},
    falsifiers={
        "quadratic in both, as the source has it": {"breakpoints": 2, "delta-slopes": 2, "both": 2},
        "cubic in both": {"breakpoints": 2, "delta-slopes": 2, "both": 3},
        "linear in the breakpoints": {"breakpoints": 1, "delta-slopes": 2, "both": 4},
    },
)


def _jumps_by(formula, generator: Generator) -> float:
    """Slopes of the loss on both sides of each datum by one-sided differences, which are exact for quadratics."""
    spline, x, y = draw(generator)
    h, worst = 0.05, 0.0
    for neuron in range(3):
        predicted = formula(spline, x, y, neuron)
        for n, place in enumerate(x.tolist()):
            at = {k: float(loss(moved(spline, neuron, place + k * h), x, y)) for k in range(-2, 3)}
            right = (-3 * at[0] + 4 * at[1] - at[2]) / (2 * h)
            left = (3 * at[0] - 4 * at[-1] + at[-2]) / (2 * h)
            worst = max(worst, abs(right - left - float(predicted[n])))
    return worst


kink = Claim(
    label="prop-loss-kink",
    statement=r"At a datum the slope of the slice jumps by $s_i \mu_i \varepsilon_n$, "
    r"where $\varepsilon_n$ is the residual with the breakpoint there.",
    source="derived here",
    method="exact identity",
    tolerance=1e-9,
    check=_jumps_by,
    formula=kinks,
    falsifiers={
        r"$\mu_i \varepsilon_n$": lambda s, x, y, i: s.orientations[i] * kinks(s, x, y, i),
        r"$-s_i \mu_i \varepsilon_n$": lambda s, x, y, i: -kinks(s, x, y, i),
        r"$\varepsilon_n$ with the breakpoint where it was": lambda s, x, y, i: s.slope_jumps[i] * (s(x) - y),
    },
)

DRAWS = 20_000


def _counts_types(chance, generator: Generator) -> float:
    """Slopes on both sides of the knots, from the loss of a network with a tiny delta-slope on pure noise."""
    points, mu, h = 10, 1e-6, 1e-3
    y = torch.randn(DRAWS, points, generator=generator, dtype=torch.float64)
    x = torch.arange(points, dtype=torch.float64)

    def change(beta: float) -> Tensor:
        """The loss with a hinge facing right at beta, minus the loss without it: shape (DRAWS,)."""
        hinge = mu * torch.relu(x - beta)
        return 0.5 * hinge @ hinge - y @ hinge

    worst = 0.0
    for n in range(points - 1):
        left, right = (change(float(n)) - change(n - h)) / h, (change(n + h) - change(float(n))) / h
        predicted = float(chance(torch.tensor(float(points - n))))
        for kind in ((left < 0) & (right > 0), (left > 0) & (right < 0)):
            worst = max(worst, abs(float(kind.double().mean()) - predicted))
    return worst


types = Claim(
    label="prop-loss-types",
    statement=r"On noise, at a small delta-slope, a knot with $k$ active data attracts with probability "
    r"$\arcsin(k^{-1/2}) / 2\pi$ and repels with the same.",
    source="derived here",
    method="Monte Carlo",
    tolerance=0.012,
    check=_counts_types,
    formula=knot_chance,
    falsifiers={
        "slopes of independent sign": lambda k: torch.full_like(k, 0.25),
        r"$\arcsin(k^{-1/2}) / \pi$": lambda k: 2 * knot_chance(k),
        r"$1 / 2 \pi k$": lambda k: 1 / (2 * math.pi * k),
    },
)


# Slices in the weights


def _is_quadratic_and_moves_nothing_else(paths, generator: Generator) -> float:
    spline, x, y = draw(generator)
    network = to_network(spline, 0.5 + torch.rand(5, generator=generator, dtype=torch.float64))
    worst = 0.0
    for path in paths:
        networks = [path(network, 0, 0.04 * t) for t in range(4)]
        values = torch.stack([loss(one, x, y) for one in networks])
        third = float(values.diff().diff().diff().abs().max() / values.max())
        kept = max(relative_gap(to_spline(one).delta_slopes, spline.delta_slopes) for one in networks)
        worst = max(worst, third, kept)
    return worst


def _change(network: Network, neuron: int, **change) -> Network:
    parts = {name: getattr(network, name).clone() for name in ("w", "b", "v")}
    for name, value in change.items():
        parts[name][neuron] = value
    return Network(**parts, b0=network.b0)


def by_bias(network: Network, i: int, t: float) -> Network:
    """Move b: the breakpoint moves by t."""
    return _change(network, i, b=network.b[i] - t * network.w[i])


def by_inverse_factor(network: Network, i: int, t: float) -> Network:
    """Move w and v along a hyperbola, evenly in the inverse of the factor: the breakpoint moves evenly."""
    factor = 1 / (1 + _reach(network, i) * t)
    return _change(network, i, w=factor * network.w[i], v=network.v[i] / factor)


def _by_factor(network: Network, i: int, t: float) -> Network:
    factor = 1 + _reach(network, i) * t
    return _change(network, i, w=factor * network.w[i], v=network.v[i] / factor)


def _reach(network: Network, i: int) -> float:
    return float((network.w[i] / network.b[i]).abs().clamp(max=3.0))


weights = Claim(
    label="cor-loss-weights",
    statement=r"Moving $b_i$, or $w_i$ with $w_i v_i$ held, moves $\beta_i$ alone; the loss is then piecewise "
    r"quadratic in $b_i$, and in $1/w_i$.",
    source=f"{SAHS}, Corollary 2",
    method="exact identity",
    tolerance=1e-11,
    check=_is_quadratic_and_moves_nothing_else,
    formula=(by_bias, by_inverse_factor),
    falsifiers={
        r"quadratic in $w_i$": (by_bias, _by_factor),
        r"$v_i$ need not move with $w_i$": (lambda n, i, t: _change(n, i, w=n.w[i] * (1 + t)),),
        r"moving $b_i$ and $v_i$": (lambda n, i, t: _change(by_bias(n, i, t), i, v=n.v[i] * (1 + t)),),
    },
)
