"""Claims of the chapter `splines/dynamics`: where breakpoints gather, the tangent kernel, and running sums."""

from __future__ import annotations

import math
from collections.abc import Iterator
from math import copysign

import torch
from torch import Generator, Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform
from lecturelib.splines.breakpoints.checks_problems import along_the_flow, flatten, jacobian, output, problems, squares
from lecturelib.splines.breakpoints.checks_problems import gradient as by_autograd
from lecturelib.splines.breakpoints.network import Network, rescale
from lecturelib.splines.dynamics import hinge_kernel
from lecturelib.splines.dynamics.attraction import attractors, potential, psi
from lecturelib.splines.training import prefix_sums as running


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


def off_data(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, float, float]]:
    """As `held_residuals`, with no place on a datum."""
    for x, residuals, at, w, v in held_residuals(generator):
        yield x, residuals, at[3:], w, v


def without_lines(x: Tensor, residuals: Tensor) -> Tensor:
    """The part of the residuals that is orthogonal to straight lines."""
    lines = torch.stack([torch.ones_like(x), x], -1)
    return residuals - lines @ torch.linalg.lstsq(lines, residuals).solution


@claim(
    "prop-dyn-sides",
    source="own; sahs2022: section 2.5.2",
    check=equals(
        lambda x, r, at, w, v: {
            "both sides": _sum_beyond(x, r, at, 1) + _sum_beyond(x, r, at, -1),
            "speed": speed_of_a_test_neuron(x, without_lines(x, r), at, w, v),
        },
        on=off_data,
    ),
    wrong={
        r"a constant, $\psi_-(\infty)$ in the source": {"slope": 0.0},
        r"$v_i / w_i$ before the one curve": {"size": lambda w: w},
    },
)
def both_sides(x, residuals, at, w, v, *, constant=1.0, slope=1.0, one=1.0, size=abs):
    total = constant * residuals.sum() + slope * at * (residuals * x).sum()
    return {"both sides": total, "speed": one * v / size(w) * _sum_beyond(x, without_lines(x, residuals), at, 1)}


def _drive_and_gain(x: Tensor, residuals: Tensor, at: Tensor, w: float, v: float) -> dict[str, Tensor]:
    """s ψ_s from the speed of a neuron, and ∂ of the loss by v of a neuron there with w² + b² = 1."""
    s = math.copysign(1.0, w)
    length = torch.sqrt(1 + at**2)[:, None]
    gain = (residuals * torch.relu(s * (x - at[:, None]) / length)).sum(-1)
    return {"drive": s * speed_of_a_test_neuron(x, residuals, at, w, v) * w / v, "h": gain}


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
    wrong={"the sign turned": {"sign": 1.0}, "neurons of unit input weight, not of unit length": {"root": 0.0}},
)
def has_a_potential(x, residuals, at, w, v, *, sign=-1.0, power=Exponent(1.5), root=Exponent(0.5)):
    def h(beta: Tensor) -> Tensor:
        beyond = torch.relu(math.copysign(1.0, w) * (x - beta[:, None]))
        return (residuals * beyond).sum(-1) / (1 + beta**2) ** root

    slope = torch.autograd.functional.jvp(h, at, torch.ones_like(at))[1]
    return {"drive": sign * (1 + at**2) ** power * slope, "h": h(at)}


# Where a neuron comes to rest


def walkers(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, float, float]]:
    """Few points with residuals, many places between them, and w, v of a neuron that sets out there.

    On the last data of each kind ψ has a zero outside all of them, on the active side, and neurons set out there too.
    """
    for w in (0.7, -0.7, 0.4, -0.4):
        for v in (1.3, -1.3):
            x, residuals = held(generator, 6)
            yield x, residuals, uniform(generator, 25, low=float(x.min()), high=float(x.max())), w, v
            x = torch.tensor([1.0, 2.0]).double() + 0.2 * uniform(generator, 2)
            at = uniform(generator, 25, low=-3.0, high=float(x.max()))
            yield copysign(1, w) * x, torch.tensor([1.0, -0.3]).double(), copysign(1, w) * at, w, v


FAR = torch.logspace(math.log10(5), 6, 1000, dtype=torch.float64)
LINE = torch.cat([-FAR.flip(0), torch.linspace(-5, 5, 2001, dtype=torch.float64), FAR])


def _walk(x: Tensor, residuals: Tensor, at: Tensor, w: float, v: float) -> dict[str, Tensor]:
    """Where neurons that set out at `at` stop, carried by ψ, and by how much s ψ_s falls at each datum.

    Places count as angles, arctan β, so that a neuron that runs away ends at ±π/2.
    """
    s, near = copysign(1.0, w), 1e-9
    grid = torch.sort(torch.cat([LINE, x - near, x + near])).values
    speed, way = (v / w * _sum_beyond(x, residuals, places, s) for places in (grid, at))
    way = torch.sign(way)[:, None]
    stops = (way * (grid - at[:, None]) > 0) & (torch.sign(speed) != way)  # ahead, where it does not go on
    ways, stop = torch.where(stops, (grid - at[:, None]).abs(), math.inf).min(1)
    before = stop - way[:, 0].long()
    rest = grid[stop] - speed[stop] * (grid[stop] - grid[before]) / (speed[stop] - speed[before])
    fall = s * (_sum_beyond(x, residuals, x - near, s) - _sum_beyond(x, residuals, x + near, s))
    return {"rest": torch.atan(torch.where(ways.isfinite(), rest, way[:, 0] * math.inf)), "fall": fall}


@claim(
    "prop-dyn-gather",
    source="own; sahs2022: section 2.5.2",
    check=equals(_walk, on=walkers, tolerance=1e-7),
    also=(
        lambda x, r, at, w, v: {
            "rest": _next(x, r, at, w, v, *attractors(x, r, orientation=int(copysign(1, w)))),
            "fall": r * (1 + x**2),
        },
    ),
    wrong={
        "the other way round": {"attracts": -1},
        "on data alone, as the source has it": {"between": False},
        "none outside all data": {"outside": False},
    },
)
def gathers(x, residuals, at, w, v, *, attracts=1, between=True, outside=True, root=1.0, jump=1.0, square=1.0):
    s, knots = math.copysign(1.0, w), torch.sort(x).values
    gaps = torch.cat([knots[:1] - 1, (knots[1:] + knots[:-1]) / 2, knots[-1:] + 1])  # a place in every gap
    pull, tilt = (s * _sum_beyond(x, part, gaps, s, slope=0.0) for part in (residuals, residuals * x))
    before, behind = pull[:-1] + knots * tilt[:-1], pull[1:] + knots * tilt[1:]
    zeros, end = -root * pull / tilt, torch.tensor([math.inf if outside else -math.inf])
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


# The tangent kernel


@claim(
    "thm-dyn-kernel",
    source="own",
    check=equals(
        lambda one, x1, x2: jacobian(one, x1) @ jacobian(one, x2).T,
        on=lambda g: ((one, x, normal(g, 6)) for one, x, _ in problems(g)),
    ),
    also=(hinge_kernel.tangent_kernel,),
    wrong={"without the 1 of $b_0$": {"b0": 0.0}, "without the biases": {"bias": 0.0}},
)
def kernel_form(one, x1, x2, *, b0=1.0, bias=1.0, inner=1.0, outer=1.0):
    return _kernel(one, x1, x2, b0, bias, inner, outer)


def _kernel(one: Network, x1, x2, b0=1.0, bias=1.0, inner=1.0, outer=1.0) -> Tensor:
    beta, w, v = (part[:, None, None] for part in (-one.b / one.w, one.w, one.v))
    left, right = (x1[:, None] - beta), (x2[None, :] - beta)
    both = (w * left > 0) & (w * right > 0)
    terms = inner * v**2 * (bias + x1[:, None] * x2) + outer * w**2 * left * right
    return b0 + (both * terms).sum(0)


@claim(
    "thm-dyn-function",
    source="patel: slides, dynamical laws for the function",
    check=equals(
        lambda one, x, y, z: along_the_flow(one, x, y, lambda p: output(p, torch.cat([z, x]))),
        on=lambda g: ((one, x, y, normal(g, 6)) for one, x, y in problems(g)),
    ),
    also=(lambda one, x, y, z: -hinge_kernel.tangent_kernel(one, torch.cat([z, x]), x) @ (one(x) - y),),
    wrong={"a plus sign, as the slides have it": {"sign": 1.0}, "output weights alone": {"inner": 0.0}},
)
def function_flow(one, x, y, z, *, sign=-1.0, inner=1.0):
    """Elsewhere and on the data."""
    return sign * _kernel(one, torch.cat([z, x]), x, inner=inner) @ (one(x) - y)


@claim(
    "prop-dyn-kernel-scale",
    source="own",
    check=equals(
        lambda one, x, alpha: (j := jacobian(rescale(one, alpha), x)) @ j.T,
        on=lambda g: ((one, x, float(sizes(g, 1))) for one, x, _ in problems(g)),
    ),
    also=(
        lambda one, x, alpha: (
            1 + alpha**-2 * (parts := hinge_kernel.kernel_parts(one, x, x)).inner + alpha**2 * parts.outer
        ),
    ),
    wrong={r"$\alpha^2$ for both": {"inner": 2.0}, "it stays, as the function does": {"inner": 0.0, "outer": 0.0}},
)
def kernel_scaling(one, x, alpha, *, b0=1.0, inner=Exponent(-2), outer=Exponent(2)):
    parts = _kernel(one, x, x, b0=0.0, outer=0.0), _kernel(one, x, x, b0=0.0, inner=0.0)
    return b0 + alpha**inner * parts[0] + alpha**outer * parts[1]


# Running sums


class Counter(TorchDispatchMode):
    """Counts the numbers that torch computes or copies."""

    numbers = 0

    def __torch_dispatch__(self, operation, types, arguments=(), options=None):
        found = operation(*arguments, **(options or {}))
        self.numbers += found.numel()
        return found


def _running_sums(one: Network, x: Tensor, y: Tensor) -> dict[str, Tensor | int]:
    """The steps of the proof by the library; where each breakpoint falls is known before."""
    parameters, data = running.prepare(one, x, y)
    rows = running.find_rows(parameters.w, parameters.b, data)
    with Counter() as counter:
        values = running.outputs(parameters, rows, data)
        residuals = values - data.y
        loss = 0.5 * (residuals @ residuals.T)
        slopes = running.pull_back(parameters, rows, residuals, data)
    gradient = torch.cat([part.flatten() for part in slopes])
    return {"f": values[0], "loss": loss[0, 0], "gradient": gradient, "operations": counter.numbers}


def _truth(one: Network, x: Tensor, y: Tensor) -> dict[str, Tensor | int]:
    found = {"f": output(flatten(one), x), "loss": squares(flatten(one), x, y), "gradient": by_autograd(one, x, y)}
    return found | {"operations": _running_sums(one, x, y)["operations"]}


@claim(
    "thm-dyn-prefix",
    source="own",
    check=equals(_truth, on=lambda g: ((one, x[:n].sort()[0], y[:n]) for one, x, y in problems(g) for n in (5, 14))),
    wrong={"$O(H N)$": {"together": 1}, "one point is missed": lambda one, x, y: _running_sums(one, x[1:], y[1:])},
)
def prefix_sums(one, x, y, *, per_neuron=9, per_point=44, together=0, once=24):
    """Few operations a neuron and a point, none for each pair."""
    count = per_neuron * one.w.numel() + per_point * x.numel() + together * one.w.numel() * x.numel() + once
    return _running_sums(one, x, y) | {"operations": count}
