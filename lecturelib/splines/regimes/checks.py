"""Claims of the chapter `splines/regimes`: what moves at which scale, and where training ends."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

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


def _speeds(one: Network, x: Tensor, y: Tensor, alpha: float) -> dict[str, Tensor]:
    """Along gradient flow of all weights at (α w, α b, v / α)."""
    moved = rescale(one, alpha)
    bias = along_the_flow(moved, x, y, lambda parameters: parameters[-1:])
    return {**spline_speeds(moved, x, y)._asdict(), "b0": bias}


@claim(
    "prop-reg-speeds",
    source="sahs2022: section 2.5.1",
    check=equals(_speeds, on=lambda generator: ((*one, float(sizes(generator, 1))) for one in problems(generator))),
    wrong={r"$\dot\mu$ scales with $\alpha^2$ as a whole": {"inner": 2.0}, r"$\dot\beta$ stays": {"place": 0.0}},
)
def speeds_on_the_orbit(
    one, x, y, alpha, *, place=Exponent(-2), outer=Exponent(2), inner=Exponent(-2), bias=Exponent(0), bend=1.0, arm=1.0
):
    (pull, tilt), beta = pull_and_tilt(one, x, y), to_spline(one).breakpoints
    return {
        "breakpoints": alpha**place * one.v / one.w * (pull + bend * beta * tilt),
        "delta_slopes": -(alpha**outer) * one.w**2 * (tilt - arm * beta * pull) - alpha**inner * one.v**2 * tilt,
        "b0": -(alpha**bias) * (one(x) - y).sum().reshape(1),
    }


# Both ends of the scale


def _moved(_, alpha: float, one: Network, y: Tensor, *, power: int, steps: int) -> dict[str, Tensor]:
    """How far small steps at a rate ∝ α^power go from (α w, α b, v / α); β of neurons whose w stays away from zero."""
    start, rate = rescale(one, alpha), 0.02 * alpha**power / features(one, X).square().sum()
    end = descend(start, X, y, steps=steps, learning_rate=rate).final
    before, after, away = to_spline(start), to_spline(end), end.w.abs() > 0.3 * start.w.abs()
    return {
        "breakpoints": (after.breakpoints - before.breakpoints)[away].norm(),
        "delta_slopes": (after.delta_slopes - before.delta_slopes).norm(),
        "input weights": (end.w - start.w).norm() / alpha,
        "output weights": ((end.v - start.v) / start.v).abs().median(),
        "b0": (end.b0 - start.b0).abs(),
    }


@claim(
    "thm-reg-kernel",
    source="own; sahs2022: lemma 2, without rates",
    check=falls_as(partial(_moved, power=-2, steps=60_000), sizes=(20.0, 40.0), on=starts),
    wrong={r"$\beta$ by $\alpha^{-2}$, as its first speed": {"place": -2.0}, r"$b_0$ does as $\beta$": {"b0": -4.0}},
)
def kernel_limit(one, y, *, place=Exponent(-4), bend=Exponent(0), b0=Exponent(-2)):
    weights = {"input weights": Exponent(-4), "output weights": Exponent(0)}
    return {"breakpoints": place, "delta_slopes": bend, **weights, "b0": b0}


@claim(
    "thm-reg-adaptive",
    source="own; sahs2022: section 2.6, which says otherwise",
    check=falls_as(partial(_moved, power=2, steps=1_200), sizes=(0.01, 0.02), on=starts),
    wrong={"delta-slopes move very little": {"bend": 4.0}, r"$v$ moves as much as $w$": {"outer": 0.0}},
)
def adaptive_limit(one, y, *, place=Exponent(0), bend=Exponent(0), outer=Exponent(4), b0=Exponent(2)):
    weights = {"input weights": Exponent(0), "output weights": outer}
    return {"breakpoints": place, "delta_slopes": bend, **weights, "b0": b0}


# Where it ends


def _trained(_, alpha: float, one: Network, y: Tensor) -> Tensor:
    """Delta-slopes at the end of training all weights from (α w, α b, v / α)."""
    start = rescale(one, alpha)
    run = descend(start, X, y, steps=60_000, learning_rate=stable_rate(start, X, y), optimizer="momentum")
    return to_spline(run.final).delta_slopes


@claim(
    "thm-reg-least-change",
    source="own; sahs2022: theorem 7, where $w_i^2$ is missing",
    check=tends_to(_trained, sizes=(50.0, 100.0), order=2, on=lambda generator: starts(generator, 12), tolerance=2e-3),
    also=(lambda one, y: to_spline(kernel_flow(one, X, y)).delta_slopes,),
    wrong={r"least $\sum (\mu_i - \mu_i(0))^2$": {"power": 0.0}, r"least $\sum \mu_i^2 / w_i^2$": {"start": 0.0}},
)
def least_change(one, y, *, power=Exponent(2), start=1.0):
    """The interpolating μ of least Σ (μ_i − μ_i(0))² / |w_i|^power."""
    hinges, weights = features(one, X) / one.w, one.w.abs() ** power  # f(x_n) = b0 + Σ_i hinges_ni μ_i
    kept = start * to_spline(one).delta_slopes
    return kept + weights * (hinges.T @ torch.linalg.solve((hinges * weights) @ hinges.T, y - one.b0 - hinges @ kept))


# The partial differential equation

HALF, STRENGTH, PLACES, TIMES = 1.5, 30.0, 100, torch.tensor([0.02, 0.1, 0.5], dtype=torch.float64)
SOME = to_spline(evenly_spread(PLACES, HALF)).breakpoints[2:PLACES:5]


def _bent(_, strength: float, y: Tensor) -> dict[str, Tensor]:
    """Delta-slopes per unit length of a network with two neurons at each place, at three times of its training."""
    spacing = 2 * HALF / PLACES
    rate = float(TIMES[0]) * spacing / strength**2 / 400
    flat = rescale(evenly_spread(PLACES, HALF), strength)
    run = descend(flat, X, y, steps=10_000, learning_rate=rate, record_every=400).networks[[1, 5, 25]]
    right, left = (to_spline(run).delta_slopes.reshape(3, 2, PLACES) / spacing)[..., 2::5].unbind(1)
    return {"right": right, "left": left, "f''": right - left}


@claim(
    "thm-reg-pde",
    source="own; sahs2022: section 2.6.2, with another sign",
    check=tends_to(_bent, sizes=(STRENGTH,), on=lambda generator: (normal(generator, 5),), tolerance=0.01),
    also=(lambda y: heat.formula(y) | {"f''": limit_flow(X, y, HALF, TIMES).curvature(SOME)},),
    wrong={r"$f'' = \mu(x, +) + \mu(x, -)$": {"left": 1.0}, "the opposite sign": {"sign": 1.0}},
)
def heat(y, *, sign=-1.0, left=-1.0, speed=1.0):
    values, vectors = torch.linalg.eigh(green.formula(X[:, None], X, HALF))
    integrated = -torch.expm1(-values * speed * TIMES[:, None]) / values  # of e^{−K t}, (T, modes)
    total, beyond = -(integrated * (vectors.T @ y)) @ vectors.T, X[:, None] - SOME
    facing = [sign * total @ (beyond * (s * beyond > 0)) for s in (1, -1)]
    return {"right": facing[0], "left": facing[1], "f''": facing[0] + left * facing[1]}


# Down a valley

DATA = torch.tensor([-0.9, -0.4, 0.3, 0.8], dtype=torch.float64)


def valleys(generator: Generator) -> Iterator[tuple[Spline, Tensor, float]]:
    """Seven neurons of both facings, targets for four data, times; the valley has three dimensions at least."""
    side = torch.sign(network(generator, 7).w)
    spline = Spline(1.4 * torch.tanh(normal(generator, 7)), normal(generator, 7), side, 0.2)
    for time in (0.1, 1.0, 10.0):
        yield spline, normal(generator, 4), time


def _valley(spline: Spline, y: Tensor, time: float) -> dict[str, Tensor]:
    """The flow μ̇ = −∂ℓ/∂μ with both derivatives by automatic differentiation, by the matrix exponential."""

    def loss(mu: Tensor) -> Tensor:
        beyond = DATA[:, None] - spline.breakpoints
        return 0.5 * ((beyond * (spline.orientations * beyond > 0)) @ mu + spline.b0 - y).square().sum()

    slope = torch.autograd.functional.jacobian(loss, spline.delta_slopes)
    curvature = torch.autograd.functional.hessian(loss, spline.delta_slopes)
    now = torch.linalg.matrix_exp(-time * curvature) @ slope  # the slope at this time
    change = -torch.linalg.pinv(curvature, rtol=1e-10, hermitian=True) @ (slope - now)
    return {"change": change, "eigenvalues": torch.linalg.eigvalsh(curvature), "growth": -2 * change @ now}


@claim(
    "prop-reg-valley",
    source="own; sahs2022: sections 2.4 and 2.6.1",
    check=equals(_valley, on=valleys, tolerance=1e-8),
    also=(lambda spline, y, time: valley.formula(spline, y, time) | {"change": _by_weights(spline, y, time)},),
    wrong={r"at the rate $\sigma_j$": {"power": 1.0}, r"at the rate $2 \sigma_j^2$": {"rate": 2.0}},
)
def valley(spline, y, time, *, power=Exponent(2), rate=1.0):
    """Each part of μ along a singular vector of the hinges goes to its goal at the rate σ²; the rest stays."""
    left, sigma, right = torch.linalg.svd(features(to_network(spline), DATA) * spline.orientations, full_matrices=False)
    part = right @ spline.delta_slopes
    way = left.T @ (y - spline.b0) / sigma - part  # d_j, from the start to the goal
    decay = torch.exp(-rate * sigma**power * time)
    growth = 2 * rate * (sigma**power * (1 - decay) * decay * way**2).sum()
    eigenvalues = torch.cat([torch.zeros(3, dtype=torch.float64), sigma.flip(0) ** power])
    return {"change": right.T @ ((1 - decay) * way), "eigenvalues": eigenvalues, "growth": growth}


def _by_weights(spline: Spline, y: Tensor, time: float) -> Tensor:
    """The same through `kernel_flow`, at |w| = 1, where v = s μ."""
    return spline.orientations * kernel_flow(to_network(spline), DATA, y, time).v - spline.delta_slopes
