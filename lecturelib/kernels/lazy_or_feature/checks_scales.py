"""Claims of the chapter `kernels/lazy_or_feature` on what width and α do together, and on chains of equal factors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Generator, Tensor

from lecturelib.core.checking import equals, falls_as
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes
from lecturelib.kernels.lazy_or_feature.checks import ALPHAS
from lecturelib.kernels.lazy_or_feature.checks_problems import Training, training, trainings
from lecturelib.kernels.lazy_or_feature.scaled import chain_kernel, chain_time
from lecturelib.kernels.models.checks_problems import labels
from lecturelib.kernels.tangent_kernel.wide_networks import SOFTPLUS_FACTOR

# The factor of the softplus


def for_mean_square_one() -> tuple[float, float]:
    """a and E ln²(1 + e^{5z})/25, by the trapezoid rule, which is exact to rounding for such functions."""
    z = torch.arange(-12, 12, 1 / 64, dtype=torch.float64)
    density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi) / 64
    square = float((density * (torch.log1p(torch.exp(5 * z)) / 5).square()).sum())
    return square**-0.5, square


@claim(
    "prop-lazy-softplus",
    source="geiger2020: section 2",
    check=equals(for_mean_square_one, tolerance=1e-8),
    also=(lambda: (SOFTPLUS_FACTOR, SOFTPLUS_FACTOR**-2),),
    wrong={
        "1.4035, as published": {"factor": 1.4035},
        "1.404, as in the slides": {"factor": 1.404},
        "variance 1": {"factor": 1.7483284022},
    },
)
def factor(*, factor=1.40438335, square=0.507024164):
    return factor, square


# One hidden layer: α √m is all that counts


def with_copies(generator: Generator) -> Iterator[tuple[Training, Tensor, int]]:
    """Trainings of one hidden layer, points to look at, and how often each neuron is to be copied."""
    for alpha, copies in ((0.2, 2), (2.0, 3)):
        yield training(generator, (3, 6, 1), 5, alpha), normal(generator, 4, 3), copies


def along(run: Training, z: Tensor, time: float) -> dict[str, Tensor]:
    """F at z on the way, and the first six neurons at the end of it."""
    path = run.path(time, 8)
    ends = run.matrices(path[-1])
    return {"F": torch.stack([run.outputs(w, z) for w in path[::2]]), "neurons": torch.cat([ends[0].T, ends[1]])[:, :6]}


@claim(
    "thm-lazy-collapse",
    source="own; geiger2020: section 2",
    check=equals(lambda run, z, copies: along(run, z, 0.3), on=with_copies),
    wrong={
        r"the same $\alpha$": {"power": 0.0},
        r"the same $\alpha m$": {"power": -1.0},
        r"slides: $\frac1m \sum$ with $\alpha^* \sim m^{-1/2}$": {"power": 0.5},
    },
)
def collapse(run, z, copies, *, power=Exponent(-0.5)):
    inner, outer = run.matrices(run.start)
    start = torch.cat([inner.repeat(copies, 1).flatten(), outer.repeat(1, copies).flatten()])
    return along(replace(run, sizes=(3, 6 * copies, 1), start=start, alpha=run.alpha * copies**power), z, 0.3)


# Speeds at the start of deep networks


def data_for_speeds(generator: Generator) -> Iterator[tuple[str, Tensor, Tensor]]:
    """What grows, and data."""
    for grows in ("m", "alpha"):
        yield grows, normal(generator, 6, 5), labels(generator, 6)


def speeds_at_the_start(generator: Generator, size: int, grows: str, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Root mean squares over entries and many starts, of pre-activations mean sizes; the same starts for every α."""
    wide = grows == "m"
    width, alpha, draw = (size, 1.0, generator) if wide else (16, float(size), Generator().manual_seed(0))
    run = training(draw, (5, width, width, 1), 6, alpha, ensemble=(32768 // width if wide else 1,))
    run = replace(run, x=x, y=y)
    speed = run.speed(run.start)
    before, after = (run.preactivations(run.start + step * speed)[:-1] for step in (0.0, 1e-5))
    first, hidden, last = (one.square().mean().sqrt() for one in run.matrices(speed))
    z = [(b - a).abs().mean() / 1e-5 for a, b in zip(before, after, strict=True)]
    return {"first": first, "hidden": hidden, "last": last, "preactivations": torch.stack(z)}


@claim(
    "prop-lazy-speeds",
    source="jelenkovic: heuristic explanations",
    check=falls_as(speeds_at_the_start, (32, 256), on=data_for_speeds, tolerance=0.028),
    wrong={
        "hidden matrices as fast as the others": {"hidden": -0.5},
        r"pre-activations at $1/(\alpha m)$": {"preactivations": -1.0},
        "as in one hidden layer with a factor $1/m$": {"first": -1.0, "last": -1.0, "preactivations": -1.0},
    },
)
def speeds(grows, *_, first=Exponent(-0.5), hidden=Exponent(-1), last=Exponent(-0.5), preactivations=Exponent(-0.5),
           alpha=Exponent(-1)):  # fmt: skip
    if grows == "alpha":
        return dict.fromkeys(("first", "hidden", "last", "preactivations"), alpha)
    return {"first": first, "hidden": hidden, "last": last, "preactivations": preactivations}


# Turning round the last layer


def path_of_the_kernel(run: Training, last: float = 1.0) -> Tensor:
    """K on the way, from a start whose last matrix is multiplied."""
    turned = run.start.clone()
    turned[-run.sizes[-2] :] *= last
    run = replace(run, start=turned)
    return torch.stack([run.kernel(w) for w in run.path(0.5, 6)[::2]])


@claim(
    "prop-lazy-mirror",
    source="own",
    check=equals(lambda run: path_of_the_kernel(run, -1.0), on=lambda generator: list(trainings(generator, (0.7,)))),
    wrong={
        r"the same $\alpha$": {"sign": 1.0},
        "a smaller last matrix": {"sign": 1.0, "last": 0.5},
        r"$-2\alpha$": {"sign": -2.0},
    },
)
def mirror(run, *, sign=-1.0, last=1.0):
    return path_of_the_kernel(replace(run, alpha=sign * run.alpha), last)


def from_all_signs(generator: Generator) -> Iterator[list[dict[str, Tensor]]]:
    """For each α, how much the kernel changes: from each choice of signs in the last matrix, and in the mean of all."""
    for widths in ((2, 4, 1), (2, 3, 3, 1)):
        m = widths[-2]
        run = training(generator, widths, 3, torch.tensor(ALPHAS)[:, None], ensemble=(2**m,))
        start = run.start[:, :1].repeat(1, 2**m, 1)
        start[..., -m:] *= torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * m)
        run = replace(run, start=start)
        change = run.kernel(run.path(1.0, 10)[-1]) - run.kernel(start)
        yield [{"one": each.norm(dim=(-2, -1)), "mean": each.mean(0).norm()} for each in change]


@claim(
    "cor-lazy-even",
    source="own",
    check=falls_as(lambda _, alpha, found: found[ALPHAS.index(alpha)], ALPHAS, on=from_all_signs),
    wrong={"both alike": {"mean": -1.0}, "both as the square": {"one": -2.0}, "the mean as the cube": {"mean": -3.0}},
)
def even(_, *, one=Exponent(-1), mean=Exponent(-2)):
    return {"one": one, "mean": mean}


# A chain of equal factors


def chains(generator: Generator) -> Iterator[tuple[int, float, float]]:
    """How many factors, the scale, from 1/30 to 30, and the goal."""
    for count, scale, goal in zip((2, 3, 4, 7), 0.01 ** (normal(generator, 4) / 3), sizes(generator, 4), strict=True):
        yield count, float(scale), float(goal)


def arrival(count: int, scale: float, goal: float) -> tuple[float, float]:
    """When F = goal, and K then, by an integration of all factors."""

    def speed(_, u):
        return u.prod() / u / scale

    def there(_, u):
        return scale * (u.prod() - 1) - goal

    there.terminal = True
    run = solve_ivp(speed, (0, 1e3), np.ones(count), "DOP853", events=there, rtol=1e-12, atol=1e-12)
    u = run.y_events[0][0]
    return run.t_events[0][0], ((u.prod() / u) ** 2).sum()


@claim(
    "thm-lazy-chain",
    source="own",
    check=equals(arrival, on=chains, tolerance=1e-7),
    also=(lambda count, s, v: (chain_time(count, s, v), count * chain_kernel(count, s, v)),),
    wrong={
        r"the lazy time $y/D$": lambda count, s, v: (v / count, chain.formula(count, s, v)[1]),
        r"$K \sim (1 + y/s)^2$ at every depth": {"less": 0.0},
        r"$K \sim (1 + y/s)^{1 - 2/D}$": {"power": 1.0},
        r"$s \ln(1 + y/s)$ for two factors": {"half": 1.0},
    },
)
def chain(count, s, v, *, half=0.5, less_factors=2.0, root=2.0, linear=1.0, power=2.0, less=2.0):
    grown = 1 + v / s
    time = (
        half * s * math.log(grown)
        if count == 2
        else s / (count - less_factors) * (1 - grown ** (root / count - linear))
    )
    return time, count * grown ** (power - less / count)
