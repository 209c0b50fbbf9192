"""Claims of the chapter `splines/dynamics`: where breakpoints gather, the tangent kernel, and running sums."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, uniform
from lecturelib.splines.breakpoints.checks_problems import along_the_flow, flatten, jacobian, output, problems, squares
from lecturelib.splines.breakpoints.checks_problems import gradient as by_autograd
from lecturelib.splines.breakpoints.network import Network, rescale
from lecturelib.splines.dynamics import hinge_kernel
from lecturelib.splines.dynamics.attraction import attractors, potential, psi
from lecturelib.splines.training.prefix_sums import gradient


def held(generator: Generator, size: int = 12) -> tuple[Tensor, Tensor]:
    """Points in any order and residuals that wave and scatter, (N,) each."""
    x, phase = uniform(generator, size, low=-2.0, high=2.0), 6 * uniform(generator, 1)
    return x, torch.sin(4 * x + phase) + 0.3 * normal(generator, size)


def held_residuals(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, float, float]]:
    """x, residuals, places on data and off them, and w, v of a neuron put there: both facings, both signs."""
    for w, v in ((0.7, 1.3), (-0.7, 1.2), (0.6, -1.3), (-0.8, -1.1)):
        x, residuals = held(generator)
        yield x, residuals, torch.cat([x[:3], uniform(generator, 20, low=-2.5, high=2.5)]), w, v


def speed_of_a_test_neuron(x: Tensor, residuals: Tensor, at: Tensor, w: float, v: float) -> Tensor:
    """β̇ of neurons (w, −w β, v) that the residuals do not depend on, by automatic differentiation: shape (K,)."""

    def loss(place: Tensor) -> Tensor:  # (K, 2): w and b of K neurons
        return (residuals * v * torch.relu(place[:, :1] * x + place[:, 1:])).sum()

    place = torch.stack([torch.full_like(at, w), -w * at], -1)
    down = -torch.autograd.functional.jacobian(loss, place)
    return torch.autograd.functional.jvp(lambda p: -p[:, 1] / p[:, 0], place, down)[1]


def _side(pair, w: float) -> Tensor:
    return pair[0 if w > 0 else 1]


@claim(
    "prop-dyn-psi",
    source="sahs2022: section 2.5.2",
    check=equals(speed_of_a_test_neuron, on=held_residuals),
    also=(lambda x, r, at, w, v: v / w * _side(psi(x, r, at), w),),
    wrong={r"weights $1 - \beta x_n$": {"slope": -1.0}, "weights 1, the residual alone": {"slope": 0.0}},
)
def psi_drives(x, residuals, at, w, v, *, constant=1.0, slope=1.0):
    return v / w * _sum_beyond(x, residuals, at, w, constant, slope)


def _sum_beyond(x, residuals, at, s, constant=1.0, slope=1.0) -> Tensor:
    """ψ_s, term by term."""
    return (residuals * (s * (x - at[:, None]) > 0) * (constant + slope * at[:, None] * x)).sum(-1)


def off_the_data(generator: Generator) -> Iterator[tuple[Tensor, ...]]:
    """x, residuals, the same made orthogonal to straight lines, places, and w, v of neurons there."""
    x, residuals = held(generator)
    lines = torch.stack([torch.ones_like(x), x], -1)
    without = residuals - lines @ torch.linalg.lstsq(lines, residuals).solution
    for w, v in ((0.7, 1.3), (-0.7, -1.2)):
        yield x, residuals, without, uniform(generator, 20, low=-2.5, high=2.5), w, v


@claim(
    "prop-dyn-sides",
    source="own; sahs2022: section 2.5.2",
    check=equals(
        lambda x, r, without, at, w, v: {
            "both sides": _sum_beyond(x, r, at, 1) + _sum_beyond(x, r, at, -1),
            "speed": speed_of_a_test_neuron(x, without, at, w, v),
        },
        on=off_the_data,
    ),
    wrong={
        r"a constant, $\psi_-(\infty)$ in the source": {"slope": 0.0},
        r"$v_i / w_i$ before the one curve": lambda x, r, without, at, w, v: {
            "both sides": r.sum() + at * (r * x).sum(),
            "speed": v / w * _sum_beyond(x, without, at, 1),
        },
    },
)
def both_sides(x, residuals, without, at, w, v, *, constant=1.0, slope=1.0, one=1.0):
    total = constant * residuals.sum() + slope * at * (residuals * x).sum()
    return {"both sides": total, "speed": one * v / abs(w) * _sum_beyond(x, without, at, 1)}


def _drive_and_gain(x: Tensor, residuals: Tensor, at: Tensor, w: float, v: float) -> dict[str, Tensor]:
    """s ψ_s from the speed of a neuron, and ∂ of the loss by v of a neuron there with w² + b² = 1."""
    s = math.copysign(1.0, w)
    length = torch.sqrt(1 + at**2)[:, None]
    gain = (residuals * torch.relu(s * (x - at[:, None]) / length)).sum(-1)
    return {"drive": s * speed_of_a_test_neuron(x, residuals, at, w, v) * w / v, "h": gain}


def off_data(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, float, float]]:
    """As `held_residuals`, with no place on a datum."""
    for x, residuals, at, w, v in held_residuals(generator):
        yield x, residuals, at[3:], w, v


@claim(
    "thm-dyn-potential",
    source="own; maennel2018: section 3",
    check=equals(_drive_and_gain, on=off_data),
    also=(
        lambda x, r, at, w, v: {
            "drive": math.copysign(1.0, w) * _side(psi(x, r, at), w),
            "h": _side(potential(x, r, at), w),
        },
    ),
    wrong={
        "the sign turned": {"sign": 1.0},
        "the power 1/2": {"power": Exponent(0.5)},
        "neurons of unit input weight, not of unit length": {"root": Exponent(0)},
    },
)
def has_a_potential(x, residuals, at, w, v, *, sign=-1.0, power=Exponent(1.5), root=Exponent(0.5)):
    def h(beta: Tensor) -> Tensor:
        beyond = torch.relu(math.copysign(1.0, w) * (x - beta[:, None]))
        return (residuals * beyond).sum(-1) / (1 + beta**2) ** root

    slope = torch.autograd.functional.jvp(h, at, torch.ones_like(at))[1]
    return {"drive": sign * (1 + at**2) ** power * slope, "h": h(at)}


# Where a neuron comes to rest


def walkers(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, float, float]]:
    """Few points with residuals, many places between them, and w, v of a neuron that sets out there."""
    for w in (0.7, -0.7, 0.4, -0.4):
        for v in (1.3, -1.3):
            x, residuals = held(generator, 6)
            yield x, residuals, uniform(generator, 25, low=float(x.min()), high=float(x.max())), w, v


FAR = torch.logspace(math.log10(5), 6, 2000, dtype=torch.float64)
LINE = torch.cat([-FAR.flip(0), torch.linspace(-5, 5, 20_001, dtype=torch.float64), FAR])


def _walk(x: Tensor, residuals: Tensor, at: Tensor, w: float, v: float) -> dict[str, Tensor]:
    """Where neurons that set out at `at` stop, carried by ψ, and by how much s ψ_s falls at each datum.

    Places count as angles, arctan β, so that a neuron that runs away ends at ±π/2.
    """
    s, near = math.copysign(1.0, w), 1e-9

    def going(places: Tensor) -> Tensor:
        return torch.sign(v / w * _sum_beyond(x, residuals, places, s))

    grid = torch.sort(torch.cat([LINE, x - near, x + near])).values
    onward, rest = going(grid), []
    for place, way in zip(at, going(at), strict=True):
        stops = grid[(way * (grid - place) > 0) & (onward != way)]
        low, high = place, way * (way * stops).min() if len(stops) else way * torch.inf
        while torch.isfinite(high) and (high - low).abs() > 1e-12:
            middle = (low + high) / 2
            low, high = (middle, high) if going(middle[None])[0] == way else (low, middle)
        rest.append(high)
    fall = s * (_sum_beyond(x, residuals, x - near, s) - _sum_beyond(x, residuals, x + near, s))
    return {"rest": torch.atan(torch.stack(rest)), "fall": fall}


@claim(
    "prop-dyn-gather",
    source="own; sahs2022: section 2.5.2",
    check=equals(_walk, on=walkers, tolerance=1e-7),
    also=(lambda *problem: _library_rests(*problem),),
    wrong={
        "the other way round": {"attracts": -1},
        "on data alone, as the source has it": {"between": False},
        r"a jump of $s \varepsilon_n$": {"square": 0.0},
    },
)
def gathers(x, residuals, at, w, v, *, attracts=1, between=True, root=1.0, jump=1.0, square=1.0):
    s, knots = math.copysign(1.0, w), torch.sort(x).values
    gaps = torch.cat([knots[:1] - 1, (knots[1:] + knots[:-1]) / 2, knots[-1:] + 1])  # a place in every gap
    pull, tilt = (s * _sum_beyond(x, part, gaps, s, slope=0.0) for part in (residuals, residuals * x))
    before, behind = pull[:-1] + knots * tilt[:-1], pull[1:] + knots * tilt[1:]
    zeros, end = -root * pull / tilt, torch.tensor([math.inf])
    inside = (zeros > torch.cat([-end, knots])) & (zeros < torch.cat([knots, end]))
    on = before * behind < 0
    places = torch.cat([knots[on], zeros[inside]][: 1 + between])
    signs = attracts * torch.cat([torch.sign(before[on]), -torch.sign(tilt[inside])][: 1 + between])
    return {"rest": _next(x, residuals, at, w, v, places, signs), "fall": jump * residuals * (1 + square * x**2)}


def _next(x, residuals, at, w, v, places, signs) -> Tensor:
    """arctan of the next place ahead that attracts a neuron with this v, or of the edge, where it falls silent."""
    s = math.copysign(1.0, w)
    ends = (-math.inf, float(x.max())) if s > 0 else (float(x.min()), math.inf)
    kept = torch.sort(torch.cat([places[signs == math.copysign(1.0, v)], places.new_tensor(ends)])).values
    ahead = torch.searchsorted(kept, at)
    forwards = v / w * _sum_beyond(x, residuals, at, s) > 0
    return torch.atan(torch.where(forwards, kept[ahead], kept[ahead - 1]))


def _library_rests(x, residuals, at, w, v) -> dict[str, Tensor]:
    found = attractors(x, residuals, orientation=int(math.copysign(1, w)))
    return {"rest": _next(x, residuals, at, w, v, *found), "fall": residuals * (1 + x**2)}


# The tangent kernel


def two_sets(generator: Generator) -> Iterator[tuple[Network, Tensor, Tensor]]:
    """Networks with two sets of points."""
    for one, x, _ in problems(generator):
        yield one, x, normal(generator, 6)


@claim(
    "thm-dyn-kernel",
    source="own",
    check=equals(lambda one, x1, x2: jacobian(one, x1) @ jacobian(one, x2).T, on=two_sets),
    also=(hinge_kernel.tangent_kernel,),
    wrong={
        "without the 1 of $b_0$": {"b0": 0.0},
        "without the biases": {"bias": 0.0},
        "active at one of the two": lambda one, x1, x2: _kernel(one, x1, x2, join=torch.logical_or),
    },
)
def kernel_form(one, x1, x2, *, b0=1.0, bias=1.0, inner=1.0, outer=1.0):
    return _kernel(one, x1, x2, b0, bias, inner, outer)


def _kernel(one: Network, x1, x2, b0=1.0, bias=1.0, inner=1.0, outer=1.0, join=torch.logical_and) -> Tensor:
    beta, w, v = (part[:, None, None] for part in (-one.b / one.w, one.w, one.v))
    left, right = (x1[:, None] - beta), (x2[None, :] - beta)
    both = join(w * left > 0, w * right > 0)
    terms = inner * v**2 * (bias + x1[:, None] * x2) + outer * w**2 * left * right
    return b0 + (both * terms).sum(0)


def with_places(generator: Generator) -> Iterator[tuple[Network, Tensor, Tensor, Tensor]]:
    """Problems with further points at which the function is watched."""
    for one, x, y in problems(generator):
        yield one, x, y, normal(generator, 6)


@claim(
    "thm-dyn-function",
    source="patel: slides, dynamical laws for the function",
    check=equals(
        lambda one, x, y, z: {
            "elsewhere": along_the_flow(one, x, y, lambda p: output(p, z)),
            "on the data": along_the_flow(one, x, y, lambda p: output(p, x)),
        },
        on=with_places,
    ),
    also=(
        lambda one, x, y, z: {
            "elsewhere": -hinge_kernel.tangent_kernel(one, z, x) @ (one(x) - y),
            "on the data": -hinge_kernel.apply_kernel(one, x, one(x) - y),
        },
    ),
    wrong={"a plus sign, as the slides have it": {"sign": 1.0}, "output weights alone": {"inner": 0.0}},
)
def function_flow(one, x, y, z, *, sign=-1.0, inner=1.0):
    residuals = one(x) - y
    return {
        name: sign * _kernel(one, p, x, inner=inner) @ residuals
        for name, p in {"elsewhere": z, "on the data": x}.items()
    }


@claim(
    "prop-dyn-kernel-scale",
    source="own",
    check=equals(lambda one, x, alpha: (j := jacobian(rescale(one, alpha), x)) @ j.T, on=lambda g: _with_alpha(g)),
    also=(lambda one, x, alpha: _scaled_parts(hinge_kernel.kernel_parts(one, x, x), alpha),),
    wrong={
        r"$\alpha^2$ for both": {"inner": Exponent(2)},
        r"$\alpha^{-1}$ and $\alpha$": {"inner": Exponent(-1), "outer": Exponent(1)},
        "it stays, as the function does": {"inner": Exponent(0), "outer": Exponent(0)},
    },
)
def kernel_scaling(one, x, alpha, *, b0=1.0, inner=Exponent(-2), outer=Exponent(2)):
    parts = _kernel(one, x, x, b0=0.0, outer=0.0), _kernel(one, x, x, b0=0.0, inner=0.0)
    return b0 + alpha**inner * parts[0] + alpha**outer * parts[1]


def _scaled_parts(parts, alpha: float) -> Tensor:
    return 1 + alpha**-2 * parts.inner + alpha**2 * parts.outer


def _with_alpha(generator: Generator) -> Iterator[tuple[Network, Tensor, float]]:
    for one, x, _ in problems(generator):
        yield one, x, float(torch.exp(signs(generator, 1) * uniform(generator, 1, low=0.3, high=1.0)))


# Running sums


class Counted(float):
    """A number that counts the additions, differences and products in which it takes part."""

    operations = 0


def _counting(name: str):
    def operation(one: float, other: float) -> Counted:
        Counted.operations += 1
        return Counted(getattr(float, name)(one, other))

    return operation


for _name in ("__add__", "__radd__", "__sub__", "__mul__", "__rmul__"):
    setattr(Counted, _name, _counting(_name))


def placed(generator: Generator) -> Iterator[tuple[Network, Tensor, Tensor]]:
    """Problems with sorted data, of several sizes of network and data."""
    for one, x, y in problems(generator):
        x = torch.sort(x[: 3 + one.w.numel()]).values
        yield one, x, y[: len(x)]


def _running_sums(one: Network, x: Tensor, y: Tensor) -> dict[str, Tensor | int]:
    """The steps of the proof on counted numbers; where each breakpoint falls is known before."""
    w, b, v, points, targets = ([Counted(n) for n in part.tolist()] for part in (one.w, one.b, one.v, x, y))
    active = one.w[:, None] * x + one.b[:, None] > 0
    seen, right = active.sum(1).tolist(), (one.w > 0).tolist()
    size, zero, Counted.operations = len(points), Counted(0), 0
    tables = {side: [[zero, zero] for _ in range(size + 1)] for side in (True, False)}  # slope and height
    for i, side in enumerate(right):
        row = tables[side][seen[i]]
        row[0], row[1] = row[0] + w[i] * v[i], row[1] + v[i] * b[i]

    def totals(rows: list, count: int) -> list:  # the sums of all rows before each
        found = [[zero] * count]
        for row in rows:
            found.append([total + part for total, part in zip(found[-1], row, strict=True)])
        return found

    # a neuron facing right that sees k points is active on the last k of them
    from_left, from_right = totals(tables[True][:0:-1], 2)[1:], totals(tables[False][:0:-1], 2)[1:]
    sums = [[p + q for p, q in zip(a, c, strict=True)] for a, c in zip(from_left, reversed(from_right), strict=True)]
    values = [slope * p + height + Counted(one.b0) for (slope, height), p in zip(sums, points, strict=True)]
    residuals = [value - target for value, target in zip(values, targets, strict=True)]
    loss = zero
    for r in residuals:
        loss = loss + r * r
    moments = [[r, r * p] for r, p in zip(residuals, points, strict=True)]
    beyond = {True: totals(moments[::-1], 2), False: totals(moments, 2)}
    slopes: list[list[float]] = [[], [], []]
    for i, side in enumerate(right):
        pull, tilt = beyond[side][seen[i]]
        for found, slope in zip(slopes, (v[i] * tilt, v[i] * pull, w[i] * tilt + b[i] * pull), strict=True):
            found.append(slope)
    gathered = torch.tensor([*chain(*slopes), beyond[False][size][0]], dtype=torch.float64)
    return {
        "f": torch.tensor(values, dtype=torch.float64),
        "loss": 0.5 * loss,
        "gradient": gathered,
        "operations": Counted.operations,
    }


def _truth(one: Network, x: Tensor, y: Tensor) -> dict[str, Tensor | int]:
    values, loss = output(flatten(one), x), squares(flatten(one), x, y)
    operations = _running_sums(one, x, y)["operations"]
    return {"f": values, "loss": loss, "gradient": by_autograd(one, x, y), "operations": operations}


def _library(one: Network, x: Tensor, y: Tensor) -> dict[str, Tensor | int]:
    loss, slopes = gradient(one, x, y)
    found = {"f": one(x), "loss": loss, "gradient": flatten(slopes)}
    return found | {"operations": prefix_sums.formula(one, x, y)["operations"]}


@claim(
    "thm-dyn-prefix",
    source="own",
    check=equals(_truth, on=placed),
    also=(_library,),
    wrong={"$O(H N)$": {"together": 1}, "one point is missed": lambda one, x, y: _running_sums(one, x[1:], y[1:])},
)
def prefix_sums(one, x, y, *, per_neuron=9, per_point=17, together=0, once=1):
    """Few operations a neuron and a point, none for each pair."""
    count = per_neuron * one.w.numel() + per_point * x.numel() + together * one.w.numel() * x.numel() + once
    return _running_sums(one, x, y) | {"operations": count}
