"""Claims of the chapter `splines/regimes`: what moves at which scale, and where training ends."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, falls_as, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes
from lecturelib.splines.breakpoints.checks_problems import along_the_flow, network, problems
from lecturelib.splines.breakpoints.network import Network, Spline, rescale, to_network, to_spline
from lecturelib.splines.dynamics.checks import pull_and_tilt, spline_speeds
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.regimes.checks_interpolants import green
from lecturelib.splines.regimes.flows import evenly_spread, features, kernel_flow, limit_flow, stable_rate
from lecturelib.splines.training.descend import descend

X = torch.tensor([0.6, -1.0, 0.1, -0.4, 0.95], dtype=torch.float64)


def starts(generator: Generator, width: int = 20) -> tuple[Network, Tensor]:
    """A start with breakpoints uniform on the data's range, and random targets at X."""
    return initialize(width, "uniform_breakpoints", generator=generator), normal(generator, 5)


# The speeds on the orbit


def on_orbits(generator: Generator) -> Iterator[tuple[Network, Tensor, Tensor, float]]:
    """Problems with a common factor α."""
    for one, x, y in problems(generator):
        yield one, x, y, float(sizes(generator, 1))


def _speeds(one: Network, x: Tensor, y: Tensor, alpha: float) -> dict[str, Tensor]:
    """Along gradient flow of all weights at (α w, α b, v / α)."""
    moved = rescale(one, alpha)
    speeds = spline_speeds(moved, x, y)
    return {**speeds._asdict(), "b0": along_the_flow(moved, x, y, lambda parameters: parameters[-1:])}


@claim(
    "prop-reg-speeds",
    source="sahs2022: section 2.5.1",
    check=equals(_speeds, on=on_orbits),
    wrong={
        r"$\dot\mu$ scales with $\alpha^2$ as a whole": {"inner": Exponent(2)},
        r"$\dot\beta$ stays": {"place": Exponent(0)},
        r"$\dot b_0$ scales with $\alpha^2$": {"bias": Exponent(2)},
        r"$P - \beta T$": {"bend": -1.0},
    },
)
def speeds_on_the_orbit(
    one,
    x,
    y,
    alpha,
    *,
    place=Exponent(-2),
    outer=Exponent(2),
    inner=Exponent(-2),
    bias=Exponent(0),
    bend=1.0,
    lever=1.0,
):
    (pull, tilt), beta = pull_and_tilt(one, x, y), to_spline(one).breakpoints
    return {
        "breakpoints": alpha**place * one.v / one.w * (pull + bend * beta * tilt),
        "delta_slopes": -(alpha**outer) * one.w**2 * (tilt - lever * beta * pull) - alpha**inner * one.v**2 * tilt,
        "b0": -(alpha**bias) * (one(x) - y).sum().reshape(1),
    }


# Both ends of the scale


def _moved(one: Network, y: Tensor, alpha: float, time: int, steps: int) -> tuple[Network, Network]:
    """A start at (α w, α b, v / α) and where small steps of its descent, at a rate ∝ α^{−2 time}, have brought it."""
    start = rescale(one, alpha)
    rate = 0.02 * alpha ** (-2 * time) / features(one, X).square().sum() if time > 0 else 1e-3 * alpha**2
    return start, descend(start, X, y, steps=steps, learning_rate=float(rate)).final


def _to_the_end(generator: Generator, alpha: float, one: Network, y: Tensor) -> dict[str, Tensor]:
    start, end = _moved(one, y, alpha, 1, 60_000)
    before, after = to_spline(start), to_spline(end)
    return {
        "breakpoints": (after.breakpoints - before.breakpoints).norm(),
        "delta_slopes": (after.delta_slopes - before.delta_slopes).norm(),
        "b0": (end.b0 - start.b0).abs(),
        "output weights": alpha * (end.v - start.v).norm(),
    }


@claim(
    "thm-reg-kernel",
    source="own; sahs2022: lemma 2, without rates",
    check=falls_as(_to_the_end, sizes=(20.0, 40.0), on=starts),
    wrong={
        r"$\beta$ moves by $\alpha^{-2}$, as its first speed": {"breakpoints": Exponent(-2)},
        r"$\mu$ moves by $\alpha^2$, as its first speed": {"delta_slopes": Exponent(2)},
        r"$b_0$ does as $\beta$": {"b0": Exponent(-4)},
    },
)
def kernel_limit(one, y, *, breakpoints=Exponent(-4), delta_slopes=Exponent(0), b0=Exponent(-2)):
    return {"breakpoints": breakpoints, "delta_slopes": delta_slopes, "b0": b0, "output weights": Exponent(0)}


def _in_fast_time(generator: Generator, alpha: float, one: Network, y: Tensor) -> dict[str, Tensor]:
    """At τ = t/α² = 0.3; breakpoints of neurons whose w has stayed away from zero."""
    start, end = _moved(one, y, alpha, -1, 300)
    before, after = to_spline(start), to_spline(end)
    away = end.w.abs() > 0.3 * start.w.abs()
    return {
        "breakpoints": (after.breakpoints - before.breakpoints)[away].norm(),
        "delta_slopes": (after.delta_slopes - before.delta_slopes).norm(),
        "input weights": (end.w - start.w).norm() / alpha,
        "output weights": ((end.v - start.v) / start.v).abs().median(),
        "b0": (end.b0 - start.b0).abs(),
    }


@claim(
    "thm-reg-adaptive",
    source="own; sahs2022: section 2.6, which says otherwise",
    check=falls_as(_in_fast_time, sizes=(0.01, 0.02), on=starts),
    wrong={
        "delta-slopes move very little": {"delta_slopes": Exponent(4)},
        r"$v$ moves as much as $w$": {"outer": Exponent(0)},
        "breakpoints stop": {"breakpoints": Exponent(4)},
    },
)
def adaptive_limit(one, y, *, breakpoints=Exponent(0), delta_slopes=Exponent(0), outer=Exponent(4), b0=Exponent(2)):
    still = {"breakpoints": breakpoints, "delta_slopes": delta_slopes, "input weights": Exponent(0)}
    return {**still, "output weights": outer, "b0": b0}


# Where it ends


def _trained(generator: Generator, alpha: float, one: Network, y: Tensor) -> Tensor:
    """Delta-slopes at the end of training all weights from (α w, α b, v / α)."""
    start = rescale(one, alpha)
    rate = stable_rate(start, X, y)
    run = descend(start, X, y, steps=60_000, learning_rate=rate, optimizer="momentum")
    if float(run.losses[-1]) > 1e-9 * float(y.square().sum()):
        raise RuntimeError(f"training at α = {alpha} did not end in a fit: loss {float(run.losses[-1]):g}")
    return to_spline(run.final).delta_slopes


@claim(
    "thm-reg-least-change",
    source="own; sahs2022: theorem 7, where $w_i^2$ is missing",
    check=tends_to(_trained, sizes=(50.0, 100.0), order=2, on=lambda generator: starts(generator, 12), tolerance=2e-3),
    also=(lambda one, y: to_spline(kernel_flow(one, X, y)).delta_slopes,),
    wrong={
        r"least $\sum (\mu_i - \mu_i(0))^2$": {"power": Exponent(0)},
        r"least $\sum w_i^2 (\mu_i - \mu_i(0))^2$": {"power": Exponent(-2)},
        r"least $\sum \mu_i^2 / w_i^2$, whatever the start": {"start": 0.0},
    },
)
def least_change(one, y, *, power=Exponent(2), start=1.0):
    """The interpolating μ of least Σ (μ_i − μ_i(0))² / |w_i|^power."""
    spline, hinges = to_spline(one), features(one, X) / one.w  # f(x_n) = b0 + Σ_i hinges_ni μ_i
    kept = start * spline.delta_slopes
    weights = one.w.abs() ** power
    misses = y - one.b0 - hinges @ kept
    return kept + weights * (hinges.T @ torch.linalg.solve((hinges * weights) @ hinges.T, misses))


# The partial differential equation

HALF, STRENGTH, TIMES = 1.5, 30.0, torch.tensor([0.02, 0.1, 0.5], dtype=torch.float64)


def _bent(generator: Generator, places: int, y: Tensor) -> dict[str, Tensor]:
    """Delta-slopes per unit length of a network with two neurons at each place, at three times of its training."""
    flat = rescale(evenly_spread(places, HALF), STRENGTH)
    spacing, every = 2 * HALF / places, 400
    bends = []
    for time in TIMES:
        rate = float(time) * spacing / STRENGTH**2 / every
        spline = to_spline(descend(flat, X, y, steps=every, learning_rate=rate).final)
        bends.append(spline.delta_slopes.reshape(2, places) / spacing)
    right, left = torch.stack(bends, 1)
    coarse = slice(places // 40, None, places // 20)  # at the same distance from the ends for all widths
    return {"right": right[:, coarse], "left": left[:, coarse], "f''": (right - left)[:, coarse]}


def _places(count: int) -> Tensor:
    return HALF * (2 * (torch.arange(count, dtype=torch.float64) + 0.5) / count - 1)


@claim(
    "thm-reg-pde",
    source="own; sahs2022: section 2.6.2, with another sign",
    check=tends_to(_bent, sizes=(100,), on=lambda generator: (normal(generator, 5),), tolerance=0.01),
    also=(lambda y: _field(y),),
    wrong={
        r"$f'' = \mu(x, +) + \mu(x, -)$": {"left": 1.0},
        "the opposite sign": {"sign": 1.0},
        "twice as fast": {"speed": 2.0},
    },
)
def heat(y, *, sign=-1.0, left=-1.0, speed=1.0):
    values, vectors = torch.linalg.eigh(green.formula(X[:, None], X, HALF))
    residuals = -vectors * (vectors.T @ y)  # at time 0 and by mode
    integrated = (-torch.expm1(-values * speed * TIMES[:, None]) / values)[:, None, :] * residuals  # (T, N, modes)
    beyond = X[:, None] - _places(100)[2::5]
    total = integrated.sum(-1)
    facing = [sign * total @ (beyond * (s * beyond > 0)) for s in (1, -1)]
    return {"right": facing[0], "left": facing[1], "f''": facing[0] + left * facing[1]}


# Down a valley

PLACES = torch.tensor([-0.9, -0.4, 0.3, 0.8], dtype=torch.float64)


def valleys(generator: Generator) -> Iterator[tuple[Spline, Tensor, float]]:
    """Seven neurons of both facings, targets for four data, times; the valley has three dimensions at least."""
    one = network(generator, 7)
    spline = Spline(1.4 * torch.tanh(normal(generator, 7)), normal(generator, 7), torch.sign(one.w), 0.2)
    for time in (0.1, 1.0, 10.0):
        yield spline, normal(generator, 4), time


def _valley(spline: Spline, y: Tensor, time: float) -> dict[str, Tensor]:
    """The flow μ̇ = −∂ℓ/∂μ with both derivatives by automatic differentiation, by the matrix exponential."""

    def loss(mu: Tensor) -> Tensor:
        beyond = PLACES[:, None] - spline.breakpoints
        hinges = beyond * (spline.orientations * beyond > 0)
        return 0.5 * (hinges @ mu + spline.b0 - y).square().sum()

    slope = torch.autograd.functional.jacobian(loss, spline.delta_slopes)
    curvature = torch.autograd.functional.hessian(loss, spline.delta_slopes)
    system = torch.zeros(8, 8, dtype=torch.float64)  # d/dt (change, 1) = −[[curvature, slope], [0, 0]] (change, 1)
    system[:7, :7], system[:7, 7] = -curvature, -slope
    change = torch.linalg.matrix_exp(time * system)[:7, 7]
    grows = 2 * change @ -(curvature @ change + slope)
    return {"change": change, "eigenvalues": torch.linalg.eigvalsh(curvature), "growth": grows}


@claim(
    "prop-reg-valley",
    source="own; sahs2022: sections 2.4 and 2.6.1",
    check=equals(_valley, on=valleys, tolerance=1e-8),
    also=(lambda spline, y, time: valley.formula(spline, y, time) | {"change": _by_weights(spline, y, time)},),
    wrong={
        r"at the rate $\sigma_j$": {"power": Exponent(1)},
        r"at the rate $2 \sigma_j^2$": {"rate": 2.0},
        "the rest fades, as by weight decay": {"fade": 0.1},
    },
)
def valley(spline, y, time, *, power=Exponent(2), rate=1.0, fade=0.0):
    """Each part of μ along a singular vector of the hinges goes to its goal at the rate σ²; the rest stays."""
    hinges = features(to_network(spline), PLACES) * spline.orientations
    left, sigma, right = torch.linalg.svd(hinges, full_matrices=False)
    part = right @ spline.delta_slopes
    way = left.T @ (y - spline.b0) / sigma - part  # d_j, from the start to the goal
    decay = torch.exp(-rate * sigma**power * time)
    idle = spline.delta_slopes - right.T @ part
    growth = 2 * rate * (sigma**power * (1 - decay) * decay * way**2).sum()
    eigenvalues = torch.cat([torch.zeros(3, dtype=torch.float64), sigma.flip(0) ** power])
    change = right.T @ ((1 - decay) * way) - (1 - math.exp(-fade * time)) * idle
    return {"change": change, "eigenvalues": eigenvalues, "growth": growth}


def _by_weights(spline: Spline, y: Tensor, time: float) -> Tensor:
    """The same through `kernel_flow`, at |w| = 1, where v = s μ."""
    return spline.orientations * kernel_flow(to_network(spline), PLACES, y, time).v - spline.delta_slopes


def _field(y: Tensor) -> dict[str, Tensor]:
    limit = limit_flow(X, y, HALF, TIMES)
    return heat.formula(y) | {"f''": limit.curvature(_places(100)[2::5])}
