"""Claims of the chapter `splines/breakpoints`: the second derivative, and when two networks are the same function."""

from __future__ import annotations

import torch
from torch import Generator

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.splines.breakpoints.checks import EXACT, SAHS, X, draw
from lecturelib.splines.breakpoints.network import (
    Network,
    Spikes,
    Spline,
    flip,
    same_function,
    signature,
    spikes,
    to_network,
    to_spline,
)

# The second derivative


def _integrates_like_the_second_derivative(find, generator: Generator) -> float:
    """∫ f φ″ dx against Σ weight_k φ(position_k), for a bump φ of random place and width."""
    network = draw(generator)
    center, width = torch.randn((), generator=generator), 0.5 + torch.rand((), generator=generator)
    z = torch.linspace(-10, 10, 200_001, dtype=torch.float64)
    second = (z**2 - 1) * torch.exp(-(z**2) / 2) / width**2
    left = torch.trapezoid(network(center + width * z) * second, z) * width
    found = find(network)
    right = (found.weights * torch.exp(-(((found.positions - center) / width) ** 2) / 2)).sum()
    return relative_gap(right, left)


second_derivative = Claim(
    label="thm-spikes",
    statement=r"$f'' = \sum_i s_i \mu_i \, \delta(x - \beta_i)$, and $s_i \mu_i = \lvert w_i \rvert v_i$.",
    source=f"{SAHS}; the text after equation 3 leaves out $s_i$",
    method="exact identity",
    tolerance=1e-6,
    check=_integrates_like_the_second_derivative,
    formula=spikes,
    falsifiers={
        r"weights $\mu_i$, as the source has them": lambda n: Spikes(-n.b / n.w, n.w * n.v),
        r"weights $v_i$": lambda n: Spikes(-n.b / n.w, n.v),
        r"spikes at $+\beta_i$ mirrored": lambda n: Spikes(n.b / n.w, n.w.abs() * n.v),
    },
)


# When two networks compute the same function


def _join(*splines: Spline) -> Spline:
    """The sum of functions: all their neurons side by side."""
    names = ("breakpoints", "delta_slopes", "orientations")
    parts = (torch.cat([getattr(spline, name) for spline in splines]) for name in names)
    return Spline(*parts, sum(spline.b0 for spline in splines))


def disguise(spline: Spline, generator: Generator) -> Spline:
    """The same function by other neurons: one split, two that cancel, one idle, some turned round, all shuffled."""
    part, place, jump = torch.rand(3, generator=generator, dtype=torch.float64)
    share = torch.ones_like(spline.delta_slopes)
    share[0] = part
    kept = Spline(spline.breakpoints, share * spline.delta_slopes, spline.orientations, spline.b0)
    rest = Spline(spline.breakpoints[:1], (1 - part) * spline.delta_slopes[:1], spline.orientations[:1], 0.0)
    cancel = Spline(place.expand(2), torch.stack([jump, -jump]), torch.ones(2), 0.0)
    idle = Spline([2.0], [0.0], [-1.0], 0.0)
    joined = _join(kept, rest, cancel, idle)
    turned = [1, 2, 3, spline.breakpoints.numel()]
    # turning takes this slope away; two neurons back to back, whose jumps cancel, give it back
    tilt = joined.delta_slopes[turned].sum()
    back = Spline(place.expand(2), tilt.expand(2), [1.0, -1.0], tilt * place)
    whole = _join(flip(joined, turned), back)
    order = torch.randperm(whole.breakpoints.numel(), generator=generator)
    return Spline(whole.breakpoints[order], whole.delta_slopes[order], whole.orientations[order], whole.b0)


def _tells_functions_apart(sign, generator: Generator) -> float:
    """Must agree for a disguised network, and not for one that differs in a jump, a knot, its slope or its value.

    1 where the numbers are not even as many, or where functions that differ have the same.
    """
    spline = to_spline(draw(generator))
    mine = sign(spline)
    found = relative_gap(sign(disguise(spline, generator)), mine)
    step = torch.zeros_like(spline.breakpoints)
    step[3] = 0.1
    others = [
        Spline(spline.breakpoints, spline.delta_slopes + step, spline.orientations, spline.b0),
        Spline(spline.breakpoints + step, spline.delta_slopes, spline.orientations, spline.b0),
        Spline(spline.breakpoints, spline.delta_slopes, spline.orientations, spline.b0 + 0.1),
        flip(spline, [3]),
    ]
    blind = any(relative_gap(sign(other), mine) < 1e-3 for other in others)
    return 1.0 if blind else min(found, 1.0)


same_functions = Claim(
    label="thm-same-function",
    statement="Two networks are the same function exactly if they have the same spikes and the same leftmost piece.",
    source="derived here; the source counts permutations and scalings alone",
    method="exact identity",
    tolerance=1e-10,
    check=_tells_functions_apart,
    formula=signature,
    falsifiers={
        r"exactly if they have the same $\beta_i$ and $\mu_i$ up to order": lambda s: torch.cat(
            [torch.sort(s.breakpoints)[0], torch.sort(s.delta_slopes)[0]]
        ),
        "exactly if they have the same spikes": lambda s: signature(s)[2:],
        "exactly if they have the same spikes and the same value at 0": lambda s: torch.cat(
            [s(torch.zeros(1, dtype=torch.float64)), signature(s)[2:]]
        ),
    },
)


def _says_when_it_is_the_only_one(condition, generator: Generator) -> float:
    """Share of networks for which `condition` is wrong about whether no set of neurons can be turned round.

    Three random networks, three with two delta-slopes and three with three of them that sum to zero; by brute force.
    """
    wrong = 0
    for case in range(9):
        spline = to_spline(draw(generator, width=5))
        mu = spline.delta_slopes.clone()
        if case >= 3:
            mu[0] = -mu[1 : 1 + case // 3].sum()
        spline = Spline(spline.breakpoints, mu, spline.orientations, spline.b0)
        sets = [[i for i in range(5) if code >> i & 1] for code in range(1, 32)]
        wrong += condition(spline) == any(same_function(spline, flip(spline, chosen)) for chosen in sets)
    return wrong / 9


def _no_sums_vanish(spline: Spline, largest: int = 5) -> bool:
    size = spline.breakpoints.numel()
    chosen = (torch.tensor([code >> i & 1 for i in range(size)]).bool() for code in range(1, 2**size))
    return all(float(spline.delta_slopes[one].sum().abs()) > 1e-9 for one in chosen if int(one.sum()) <= largest)


generic_networks = Claim(
    label="cor-generic",
    statement="With distinct breakpoints, permutations and scalings are all that keeps the function and the width, "
    "if and only if no set of delta-slopes sums to zero.",
    source="derived here",
    method="exact identity",
    tolerance=0.0,
    check=_says_when_it_is_the_only_one,
    formula=_no_sums_vanish,
    falsifiers={
        "always": lambda spline: True,
        "if no delta-slope is zero": lambda spline: _no_sums_vanish(spline, largest=1),
        "if no two delta-slopes are opposite": lambda spline: _no_sums_vanish(spline, largest=2),
    },
)


def _tilts_by_the_sum(turn, generator: Generator) -> float:
    spline = to_spline(draw(generator))
    neurons = torch.randperm(spline.breakpoints.numel(), generator=generator)[:4]
    return relative_gap(turn(spline, neurons)(X), spline(X) - spline.delta_slopes[neurons].sum() * X)


turning = Claim(
    label="prop-flip",
    statement=r"Turning neurons round at constant slope jumps takes $\sum \mu_i$ from every slope, "
    r"so $f$ stays if that is 0.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_tilts_by_the_sum,
    formula=flip,
    falsifiers={
        r"$\mu_i$ stays": lambda s, i: Spline(s.breakpoints, s.delta_slopes, flip(s, i).orientations, flip(s, i).b0),
        r"$b_0$ stays": lambda s, i: Spline(s.breakpoints, flip(s, i).delta_slopes, flip(s, i).orientations, s.b0),
        r"$b_0$ moves the other way": lambda s, i: Spline(
            s.breakpoints, flip(s, i).delta_slopes, flip(s, i).orientations, 2 * s.b0 - flip(s, i).b0
        ),
    },
)


def _superposes(combine, generator: Generator) -> float:
    one, other = to_spline(draw(generator)), to_spline(draw(generator))
    other = Spline(one.breakpoints, other.delta_slopes, one.orientations, other.b0)
    t = 0.3
    return relative_gap(combine(one, other, t)(X), (1 - t) * one(X) + t * other(X))


def _mix(one: Spline, other: Spline, t: float) -> Spline:
    mixed = (1 - t) * one.delta_slopes + t * other.delta_slopes
    return Spline(one.breakpoints, mixed, one.orientations, (1 - t) * one.b0 + t * other.b0)


def _mix_weights(one: Spline, other: Spline, t: float) -> Network:
    a, b = to_network(one), to_network(other, 2.0)
    return Network(*((1 - t) * p + t * q for p, q in ((a.w, b.w), (a.b, b.b), (a.v, b.v), (a.b0, b.b0))))


linear_in_delta_slopes = Claim(
    label="prop-linear",
    statement=r"With breakpoints and orientations held, $f$ is linear in the delta-slopes and $b_0$.",
    source=f"{SAHS}.1",
    method="exact identity",
    tolerance=EXACT,
    check=_superposes,
    formula=_mix,
    falsifiers={
        r"linear in $(w_i, b_i, v_i, b_0)$": _mix_weights,
        r"linear in the delta-slopes without $b_0$": lambda one, other, t: Spline(
            one.breakpoints, _mix(one, other, t).delta_slopes, one.orientations, one.b0
        ),
    },
)
