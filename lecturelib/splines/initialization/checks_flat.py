"""Claims of the chapter `splines/initialization`: what a random start can bend, and how flat it is."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.optimize import linprog
from scipy.special import iti0k0
from torch import Generator, Tensor

from lecturelib.core.checking import equals, gap, has_mean, measures
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import sizes, uniform
from lecturelib.splines.breakpoints.checks_problems import network
from lecturelib.splines.breakpoints.network import Network, to_spline
from lecturelib.splines.initialization import checks_problems as by
from lecturelib.splines.initialization import roughness as rough
from lecturelib.splines.initialization.checks_problems import GAUSSIAN, UNIFORM, Few, Scales, largest, starts
from lecturelib.splines.initialization.densities import GaussianWeights, UniformWeights, count_between, weight_law
from lecturelib.splines.initialization.placement import place_breakpoints
from lecturelib.splines.initialization.starts import initialize

# What follows for curvature


def far(generator: Generator) -> list[tuple[Scales, float]]:
    """Scales and distances R, from the least that the statement allows."""
    drawn = [(sizes(generator, 3).tolist(), more) for more in (0.0, *sizes(generator, 4).tolist())]
    return [((w, b, v), b / w * (1 + more)) for (w, b, v), more in drawn]


def beyond(scales: Scales, radius: float) -> tuple[Tensor, ...]:
    """P(|β| > R) for both kinds of weights."""
    ends = torch.tensor([-radius, radius], dtype=torch.float64)
    return tuple(1 - by.below(kind, scales, ends).diff().squeeze() for kind in (GAUSSIAN, UNIFORM))


@claim(
    "prop-init-far",
    source="own",
    check=equals(beyond, on=far),
    also=(lambda s, r: tuple(1 - count_between(law(*s), -r, r, width=1) for law in (GaussianWeights, UniformWeights)),),
    wrong={"one side": {"gaussian": 1 / math.pi, "uniform": 1 / 4}, r"tails that fall as $R^{-2}$": {"power": 2.0}},
)
def far_out(scales, radius, *, gaussian=2 / math.pi, rate=1.0, uniform=1 / 2, power=Exponent(1)):
    ratio = (scales[1] / (scales[0] * radius)) ** power
    return gaussian * math.atan(rate * ratio), uniform * ratio


@claim(
    "thm-init-bends",
    source="own",
    check=equals(
        lambda s, x: s[2] ** 2 * UNIFORM.square * by.density(UNIFORM, s, x, power=2),  # d/dx E (w v)² [β ≤ x]
        on=lambda generator: by.neurons(generator)[:2],
    ),
    wrong={
        r"a triangle of second moment $c^2/3$": {"divisor": 12.0},
        r"$\E \mu^2$ at every place": lambda s, x: UniformWeights(*s).moment(2) * UniformWeights(*s).breakpoint(x),
    },
)
def bends_far_out(s, x, *, divisor=24.0, power=Exponent(4)):
    w, b, v = s
    return v**2 * largest(w, b, x) ** power / (divisor * w * b)


# How flat a random start is


def moments_over_networks(width: int, w: Few = by.NOTHING, v: Few = by.NOTHING) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and variance of the roughness over all networks that there are, for each scheme and for any laws."""
    laws = {name: (by.as_few(kind, w), by.as_few(kind, v)) for name, (kind, w, _, v) in starts(width).items()}
    found = {}
    for name, (first, last) in {**laws, "any": (w, v)}.items():
        networks, chances = by.all_networks(first, by.NOTHING, last, width)
        found[name] = by.mean_and_variance(rough.roughness(networks), chances)
    return found


def stated_moments(width: int) -> dict[str, tuple[float, ...]]:
    """The same by the library, for each scheme."""
    return {name: tuple(rough.roughness_moments(weight_law(width, name), width)) for name in starts(width)}


@claim(
    "thm-init-roughness",
    source="sahs2022: theorem 2; own",
    check=equals(
        moments_over_networks, on=lambda generator: [(h, *map(by.few, [generator] * 2)) for h in (1, 2, 3, 4)]
    ),
    also=(lambda width, w, v: moments_over_networks(width, w, v) | stated_moments(width),),
    wrong={
        r"delta-slopes Gaussian: $\E\mu^4 = 3\,(\E\mu^2)^2$": {"he_variance": 32.0, "pytorch_variance": 2 / 81},
        "Glorot's variance falls as slowly as He's": {"glorot_power": 2.0},
    },
)
def rough_moments(
    width, w, v, *, he_mean=4.0, he_variance=128.0, he_power=Exponent(1), glorot_mean=4.0, glorot_variance=128.0,
    glorot_mean_power=Exponent(2), glorot_power=Exponent(4), more=1, pytorch_mean=1 / 9, pytorch_variance=56 / 2025,
    pytorch_power=Exponent(1), square=1.0,
):  # fmt: skip
    second, fourth = (w.moment(power) * v.moment(power) for power in (2, 4))
    glorot = [glorot_mean / (width + more) ** glorot_mean_power, glorot_variance / (width + more) ** glorot_power]
    return {
        "he": (he_mean, he_variance / width**he_power),
        "glorot": (width * glorot[0], width * glorot[1]),
        "pytorch": (pytorch_mean, pytorch_variance / width**pytorch_power),
        "any": (width * second, width * (fourth - square * second**2)),
    }


def largest_tails(width: int, distance: float, variance: float) -> dict[str, float]:
    """The largest P(X ≥ λ) of distributions with mean 0 and the variance of the roughness, or any, by a linear program.

    Values are a grid, in standard deviations, and the two at which the most is reached.
    """
    variances = {name: float(found[1]) for name, found in moments_over_networks(width).items()}
    largest = {}
    for name, one in {"he": variances["he"], "glorot": variances["glorot"], "any": variance}.items():
        least = distance / math.sqrt(one)
        x = np.array([*np.linspace(-8, 8, 81), least, -1 / least])
        largest[name] = -linprog(-1.0 * (x >= least), A_eq=x ** np.array([[0], [1], [2]]), b_eq=[1, 0, 1]).fun
    return largest


@claim(
    "thm-init-tail",
    source="sahs2022: theorem 2",
    check=equals(
        largest_tails,
        on=lambda generator: [(width, *(4 * sizes(generator, 2)).tolist()) for width in (1, 2, 3)],
        tolerance=1e-9,
    ),
    also=(
        lambda width, distance, variance: {
            **{name: rough.tail_bound(distance, stated_moments(width)[name][1]) for name in ("he", "glorot")},
            "any": rough.tail_bound(distance, variance),
        },
    ),
    wrong={"Chebyshev's": {"one": 0.0}, r"$1/(1+\lambda^2/12)$, as a cut line reads": {"he": 12.0, "he_power": 0.0}},
)
def tails(
    h, distance, variance, *, he=128.0, he_power=Exponent(1), glorot=128.0, glorot_power=Exponent(4), more=1, one=1.0
):
    return {
        "he": 1 / (one + distance**2 * h**he_power / he),
        "glorot": 1 / (one + distance**2 * (h + more) ** glorot_power / (glorot * h)),
        "any": variance / (one * variance + distance**2),
    }


def drawn(measure):
    """A measure of whole networks as `initialize` draws them, 100,000 neurons or more of each scheme."""

    def samples(generator: Generator, width: int) -> dict[str, Tensor]:
        many = max(100_000 // width, 10_000)
        return {name: measure(initialize(width, name, generator=generator, ensemble=many)) for name in starts(width)}

    return samples


@claim(
    "prop-init-total",
    source="own",
    check=has_mean(drawn(rough.total_bend), on=lambda generator: [2, 40]),
    also=(lambda width: {name: width * weight_law(width, name).moment(1) for name in starts(width)},),
    wrong={
        "free of $H$": {"power": 0.0},
        r"$H \sqrt{\E\mu^2}$": {"he": 1.0, "glorot": 1.0, "pytorch": 1 / 3},
    },
)
def total(width, *, he=4 / math.pi, glorot=4 / math.pi, pytorch=1 / 4, power=Exponent(0.5), more=1):
    return {"he": he * width**power, "glorot": glorot * width / (width + more), "pytorch": pytorch * width**power}


@claim(
    "prop-init-sharpest",
    source="own",
    check=has_mean(drawn(rough.sharpest_bend), on=lambda generator: [2, 40]),
    also=(lambda width: {name: rough.sharpest_bend_mean(weight_law(width, name), width) for name in starts(width)},),
    wrong={
        r"$P(\mu \le t)$ for $P(\lvert\mu\rvert \le t)$": {"share": lambda share: (1 + share) / 2},
        "twice as many, for both signs": {"share": torch.square},
    },
)
def sharpest(width, *, gaussian=2 / math.pi, uniform=1.0, slope=1.0, share=lambda known: known):
    t = torch.exp(torch.linspace(-20, 4, 2001, dtype=torch.float64))  # in units of the scale of w v
    shares = {
        GAUSSIAN: gaussian * torch.from_numpy(iti0k0(t.numpy())[1]),
        UNIFORM: torch.where(t < 1, uniform * t * (1 - slope * t.log()), 1.0),
    }
    means = {kind: torch.trapezoid((1 - share(one) ** width) * t, t.log()) for kind, one in shares.items()}
    return {name: w * v * means[kind] for name, (kind, w, _, v) in starts(width).items()}


def variance_over_networks(width: int, w: Few, b: Few, v: Few, x: Tensor) -> Tensor:
    """Var f(x) over all networks that there are."""
    networks, chances = by.all_networks(w, b, v, width)
    return by.mean_and_variance(networks(x), chances)[1]


@claim(
    "thm-init-values",
    source="own",
    check=equals(
        variance_over_networks,
        on=lambda g: (
            (h, *(by.symmetric(g) for _ in "wbv"), uniform(g, 5, low=-1.0) * torch.arange(5.0)) for h in (1, 2)
        ),
    ),
    wrong={"without the half that the ReLU takes away": {"factor": 1.0}, "without the bias": {"bias": 0.0}},
)
def values(width, w, b, v, x, *, factor=1 / 2, power=Exponent(2), bias=1.0):
    return factor * width * v.moment(2) * (w.moment(2) * x.abs() ** power + bias * b.moment(2))


# Breakpoints placed


def to_be_placed(generator: Generator) -> tuple[Network, Tensor]:
    """A network of 9 neurons of both facings, and places, unsorted, the origin among them, 0.4 or more apart."""
    beta = torch.linspace(-4, 4, 9, dtype=torch.float64) + uniform(generator, 9, low=-0.3, high=0.3)
    beta[4] = 0.0
    return network(generator), beta[torch.randperm(9, generator=generator)]


def kinks(formula, one: Network, beta: Tensor) -> float:
    """Second differences of the function itself at the places asked for are the jumps of slope."""
    found, step = formula(one, beta), 0.05
    before, at, behind = (Network(one.w, found["biases"], one.v, one.b0)(beta + k * step) for k in (-1, 0, 1))
    return gap((behind - 2 * at + before) / step, found["jumps"])


def by_library(one: Network, beta: Tensor) -> dict[str, Tensor]:
    """The same from `place_breakpoints`."""
    placed = place_breakpoints(one, beta)
    return {"biases": placed.b, "jumps": to_spline(placed).slope_jumps}


@claim(
    "prop-init-place",
    source="sahs2022: section 3.2",
    check=measures(kinks, on=to_be_placed, tolerance=1e-9, method="exact identity"),
    also=(by_library,),
    wrong={
        r"$b_i = w_i \beta_i$": {"sign": 1.0},
        r"$b_i = -\beta_i$": {"power": 0.0},
        "jumps $w_i v_i$": lambda one, beta: {**by_library(one, beta), "jumps": one.w * one.v},
    },
)
def placing(one, beta, *, sign=-1.0, power=Exponent(1)):
    return {"biases": sign * one.w.sign() * one.w.abs() ** power * beta, "jumps": one.w.abs() * one.v}
