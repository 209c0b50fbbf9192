"""Claims of the chapter `splines/initialization`: what a random start can bend, and how flat it is."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from scipy.optimize import linprog
from scipy.special import iti0k0
from torch import Generator, Tensor

from lecturelib.core.checking import equals, gap, has_mean, measures
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import sizes, uniform
from lecturelib.splines.breakpoints.checks_problems import network
from lecturelib.splines.breakpoints.network import Network, to_spline
from lecturelib.splines.initialization.checks import largest, places
from lecturelib.splines.initialization.checks_problems import (
    GAUSSIAN,
    UNIFORM,
    Few,
    Scales,
    all_networks,
    as_few,
    below,
    density,
    few,
    mean_and_variance,
    starts,
    symmetric,
)
from lecturelib.splines.initialization.densities import GaussianWeights, UniformWeights, count_between, weight_law
from lecturelib.splines.initialization.placement import place_breakpoints
from lecturelib.splines.initialization.roughness import (
    roughness,
    roughness_moments,
    sharpest_bend,
    sharpest_bend_mean,
    tail_bound,
    total_bend,
    value_variance,
)
from lecturelib.splines.initialization.starts import initialize

THEOREM = "sahs2022: theorem 2"

# What follows for curvature


def far(generator: Generator) -> tuple[Scales, Tensor]:
    """Scales and distances from the least that the statement allows."""
    w, b, v = sizes(generator, 3).tolist()
    return (w, b, v), b / w * torch.cat([torch.ones(1, dtype=torch.float64), 1 + sizes(generator, 5)])


def counted(law: GaussianWeights | UniformWeights, radius: Tensor) -> Tensor:
    """What `count_between` leaves."""
    return torch.tensor([1 - count_between(law, -float(r), float(r), width=1) for r in radius], dtype=torch.float64)


@claim(
    "prop-init-far",
    source="own",
    check=equals(
        lambda scales, radius: tuple(
            1 - below(kind, scales, radius) + below(kind, scales, -radius) for kind in (GAUSSIAN, UNIFORM)
        ),
        on=far,
    ),
    also=(lambda s, radius: (counted(GaussianWeights(*s), radius), counted(UniformWeights(*s), radius)),),
    wrong={
        "one side counted": {"gaussian": 1 / math.pi, "uniform": 1 / 4},
        r"tails that fall as $R^{-2}$": {"power": 2.0},
    },
)
def far_out(scales, radius, *, gaussian=2 / math.pi, rate=1.0, uniform=1 / 2, power=Exponent(1)):
    ratio = (scales[1] / (scales[0] * radius)) ** power
    return gaussian * torch.atan(rate * ratio), uniform * ratio


@claim(
    "thm-init-bends",
    source="own",
    check=equals(lambda s, x: s[2] ** 2 * UNIFORM.square * density(UNIFORM, s, x, power=2), on=places),
    also=(lambda scales, x: UniformWeights(*scales).jump_density(x),),
    wrong={
        r"a triangle of second moment $c^2/3$": {"divisor": 12.0},
        "the second moment of all delta-slopes at every place": lambda scales, x: (
            UniformWeights(*scales).moment(2) * UniformWeights(*scales).breakpoint(x)
        ),
        r"the power 2 of $m$": {"power": 2.0},
    },
)
def bends_far_out(scales, x, *, divisor=24.0, power=Exponent(4)):
    w, b, v = scales
    return v**2 * largest(w, b, x) ** power / (divisor * w * b)


# How flat a random start is


def any_neurons(generator: Generator) -> Iterator[tuple[int, Few, Few]]:
    """Widths, and laws of w and of v."""
    for width in (1, 2, 3):
        yield width, few(generator), few(generator)


NOTHING = Few(torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64))


def moments_over_networks(width: int, w: Few, v: Few) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and variance of the roughness over all networks that there are, for each scheme and for any laws."""
    laws = {name: (as_few(kind, scale), as_few(kind, last)) for name, (kind, scale, _, last) in starts(width).items()}
    found = {}
    for name, (first, last) in {**laws, "any": (w, v)}.items():
        networks, chances = all_networks(first, NOTHING, last, width)
        found[name] = mean_and_variance(roughness(networks), chances)
    return found


@claim(
    "thm-init-roughness",
    source="sahs2022: theorem 2; own",
    check=equals(moments_over_networks, on=any_neurons),
    also=(
        lambda width, w, v: {
            **moments_over_networks(width, w, v),
            **{name: tuple(roughness_moments(weight_law(width, name), width)) for name in starts(width)},
        },
    ),
    wrong={
        r"delta-slopes Gaussian: $\E\mu^4 = 3\,(\E\mu^2)^2$": {"he_variance": 32.0, "pytorch_variance": 2 / 81},
        "the square of the mean not subtracted": {"he_variance": 144.0, "square": 0.0},
        "Glorot's variance as He's": {"glorot_power": 2.0},
    },
)
def rough_moments(
    width, w, v, *, he_mean=4.0, he_variance=128.0, he_power=Exponent(1), glorot_mean=4.0, glorot_variance=128.0, more=1,
    glorot_mean_power=Exponent(2), glorot_power=Exponent(4), pytorch_mean=1 / 9, pytorch_variance=56 / 2025,
    pytorch_power=Exponent(1), square=1.0,
):  # fmt: skip
    second, fourth = (w.moment(power) * v.moment(power) for power in (2, 4))
    return {
        "he": (he_mean, he_variance / width**he_power),
        "glorot": (
            glorot_mean * width / (width + more) ** glorot_mean_power,
            glorot_variance * width / (width + more) ** glorot_power,
        ),
        "pytorch": (pytorch_mean, pytorch_variance / width**pytorch_power),
        "any": (width * second, width * (fourth - square * second**2)),
    }


def distances(generator: Generator) -> Iterator[tuple[int, float, float]]:
    """Widths, λ, and any variance."""
    for width in (1, 2, 3):
        distance, variance = (4 * sizes(generator, 2)).tolist()
        yield width, distance, variance


def largest_tails(width: int, distance: float, variance: float) -> dict[str, float]:
    """The largest P(X ≥ λ) of distributions with mean 0 and the variance of the roughness, or any, by a linear program.

    Values are a grid, in standard deviations, and the two at which the most is reached.
    """
    variances = {name: float(found[1]) for name, found in moments_over_networks(width, NOTHING, NOTHING).items()}
    largest = {}
    for name, one in {"he": variances["he"], "glorot": variances["glorot"], "any": variance}.items():
        least = distance / math.sqrt(one)
        x = torch.cat([torch.linspace(-8, 8, 81).double(), torch.tensor([least, -1 / least], dtype=torch.float64)])
        equations = torch.stack([torch.ones_like(x), x, x.square()])
        found = linprog(-(x >= least).double(), A_eq=equations, b_eq=[1.0, 0.0, 1.0], bounds=(0, 1))
        largest[name] = -found.fun
    return largest


@claim(
    "thm-init-tail",
    source=THEOREM,
    check=equals(largest_tails, on=distances, tolerance=1e-7),
    also=(
        lambda width, distance, variance: (
            {
                name: float(tail_bound(distance, roughness_moments(weight_law(width, name), width).variance))
                for name in ("he", "glorot")
            }
            | {"any": float(tail_bound(distance, variance))}
        ),
    ),
    wrong={
        "He's for both, as the slides read": {"glorot_power": 2.0},
        r"$1/(1+\lambda^2/12)$ for He, as the slides read": {"he": 12.0, "he_power": 0.0},
        "Chebyshev's bound": lambda width, distance, variance: {
            name: (one**-1 - 1) ** -1 for name, one in tails.formula(width, distance, variance).items()
        },
    },
)
def tails(width, distance, variance, *, he=128.0, he_power=Exponent(1), glorot=128.0, glorot_power=Exponent(4), more=1):
    return {
        "he": 1 / (1 + distance**2 * width**he_power / he),
        "glorot": 1 / (1 + distance**2 * (width + more) ** glorot_power / (glorot * width)),
        "any": variance / (variance + distance**2),
    }


def drawn(measure):
    """A measure of whole networks as `initialize` draws them, 100,000 neurons or more of each scheme."""

    def samples(generator: Generator, width: int) -> dict[str, Tensor]:
        ensemble = max(100_000 // width, 10_000)
        return {
            scheme: measure(initialize(width, scheme, generator=generator, ensemble=ensemble))
            for scheme in starts(width)
        }

    return samples


@claim(
    "prop-init-total",
    source="own",
    check=has_mean(drawn(total_bend), on=lambda generator: [2, 40]),
    also=(lambda width: {name: width * weight_law(width, name).moment(1) for name in starts(width)},),
    wrong={
        "the same at every width": {"power": 0.0},
        r"$H$ times the root of $\E\mu^2$": {"he": 1.0, "glorot": 1.0, "pytorch": 1 / 3},
    },
)
def total(width, *, he=4 / math.pi, glorot=4 / math.pi, pytorch=1 / 4, power=Exponent(0.5), more=1):
    return {
        "he": he * width**power,
        "glorot": glorot * width / (width + more),
        "pytorch": pytorch * width**power,
    }


def largest_mean(width: int, change, gaussian: float = 2 / math.pi, slope: float = 1.0) -> dict[str, Tensor]:
    """∫ (1 − P(|μ| ≤ t)^H) dt for each scheme, with P changed."""
    t = torch.exp(torch.linspace(-20, 4, 2001, dtype=torch.float64))
    shares = {
        GAUSSIAN: gaussian * torch.from_numpy(iti0k0(t.numpy())[1]),
        UNIFORM: torch.where(t < 1, t * (1 - slope * t.log()), 1.0),
    }
    means = {kind: torch.trapezoid((1 - change(share) ** width) * t, t.log()) for kind, share in shares.items()}
    return {name: w * v * means[kind] for name, (kind, w, _, v) in starts(width).items()}


@claim(
    "prop-init-sharpest",
    source="own",
    check=has_mean(drawn(sharpest_bend), on=lambda generator: [2, 40]),
    also=(lambda width: {name: sharpest_bend_mean(weight_law(width, name), width) for name in starts(width)},),
    wrong={
        r"$P(\mu \le t)$ for $P(\lvert\mu\rvert \le t)$": lambda width: largest_mean(
            width, lambda share: (1 + share) / 2
        ),
        "twice the width, for both signs": lambda width: largest_mean(width, torch.square),
    },
)
def sharpest(width, *, gaussian=2 / math.pi, slope=1.0):
    return largest_mean(width, lambda share: share, gaussian, slope)


def any_values(generator: Generator) -> Iterator[tuple[int, Few, Few, Few, Tensor]]:
    """Widths, symmetric laws of w, b, v, and places, 0 among them."""
    for width in (1, 2):
        x = 3 * (2 * torch.rand(5, generator=generator, dtype=torch.float64) - 1)
        x[0] = 0.0
        yield width, symmetric(generator), symmetric(generator), symmetric(generator), x


def variance_over_networks(width: int, w: Few, b: Few, v: Few, x: Tensor) -> Tensor:
    """Var f(x) over all networks that there are."""
    networks, chances = all_networks(w, b, v, width)
    return mean_and_variance(networks(x), chances)[1]


def by_laws(kind, scale: float):
    """`value_variance` of a kind of weights with the given variances."""
    return lambda width, w, b, v, x: value_variance(
        kind(*(scale * math.sqrt(one.moment(2)) for one in (w, b, v))), width, x
    )


@claim(
    "thm-init-values",
    source="own",
    check=equals(variance_over_networks, on=any_values),
    also=(by_laws(GaussianWeights, 1.0), by_laws(UniformWeights, math.sqrt(3))),
    wrong={
        "without the half that the ReLU takes away": {"factor": 1.0},
        "without the bias": {"bias": 0.0},
        r"$(\sigma_w \lvert x \rvert + \sigma_b)^2$": {"mixed": 2.0},
    },
)
def values(width, w, b, v, x, *, factor=1 / 2, power=Exponent(2), bias=1.0, mixed=0.0):
    deviation = [math.sqrt(one.moment(2)) for one in (w, b, v)]
    return (
        factor * width * deviation[2] ** 2
        * ((deviation[0] * x.abs()) ** power + mixed * deviation[0] * deviation[1] * x.abs() + bias * deviation[1] ** 2)
    )  # fmt: skip


# Breakpoints placed


def to_be_placed(generator: Generator) -> tuple[Network, Tensor]:
    """A network of 9 neurons of both facings, and places, unsorted, the origin among them, 0.4 or more apart."""
    beta = torch.linspace(-4, 4, 9, dtype=torch.float64) + uniform(generator, 9, low=-0.3, high=0.3)
    beta[4] = 0.0
    return network(generator), beta[torch.randperm(9, generator=generator)]


def kinks(formula, one: Network, beta: Tensor) -> float:
    """Second differences of the function itself at the places asked for are the jumps of slope."""
    found = formula(one, beta)
    placed, step = Network(one.w, found["biases"], one.v, one.b0), 0.05
    bend = (placed(beta + step) - 2 * placed(beta) + placed(beta - step)) / step
    return gap(bend, found["jumps"])


@claim(
    "prop-init-place",
    source="sahs2022: section 3.2",
    check=measures(kinks, on=to_be_placed, tolerance=1e-9, method="exact identity"),
    also=(
        lambda one, beta: {
            "biases": place_breakpoints(one, beta).b,
            "jumps": to_spline(place_breakpoints(one, beta)).slope_jumps,
        },
    ),
    wrong={
        r"$b_i = w_i \beta_i$": {"sign": 1.0},
        r"$b_i = -\beta_i$": {"power": 0.0},
        r"$b_i = -\lvert w_i \rvert \beta_i$": lambda one, beta: {
            "biases": -one.w.abs() * beta,
            "jumps": one.w.abs() * one.v,
        },
    },
)
def placing(one, beta, *, sign=-1.0, power=Exponent(1)):
    return {
        "biases": sign * one.w.sign() * one.w.abs() ** power * beta,
        "jumps": one.w.abs() * one.v,
    }
