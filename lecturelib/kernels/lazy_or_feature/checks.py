"""Claims of the chapter `kernels/lazy_or_feature` on one network: its law of motion, how far it moves, linearity."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product

import torch
from scipy.integrate import solve_ivp
from torch import Generator, Tensor

from lecturelib.core.checking import equals, falls_as, is_at_most
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform
from lecturelib.kernels.lazy_or_feature.checks_problems import Training, pull, runge_kutta, training, trainings
from lecturelib.kernels.lazy_or_feature.scaled import soft_hinge_slope
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.wide_networks import WideNetwork

# The law of motion of F


def places(generator: Generator) -> Iterator[tuple[Training, Tensor, Tensor]]:
    """Trainings, weights where F is not 0, and points to look at."""
    for run in trainings(generator):
        yield run, run.start + 0.3 * normal(generator, len(run.start)), normal(generator, 4, run.sizes[0])


def by_the_library(run: Training, w: Tensor, z: Tensor) -> Tensor:
    matrices = tuple(run.matrices(w))
    network = WideNetwork(matrices, tuple(part[:, 0] * 0 for part in matrices), "softplus", 1.0, 0.0)
    return -empirical_kernel(network, z, run.x) @ (soft_hinge_slope(run.outputs(w) * run.y) * run.y) / len(run.y)


@claim(
    "thm-lazy-flow",
    source="geiger2020: section 2",
    check=equals(lambda run, w, z: run.alpha * run.jacobian(w, z) @ run.speed(w), on=places),
    also=(by_the_library,),
    wrong={
        r"a factor $\alpha$ left over": {"alpha": 1.0},
        r"slides: $c(F/\alpha^2)$ in place of $c(F)/\alpha^2$": {"inside": -2.0},
        "the sum over data": {"data": 0.0},
    },
)
def law(run, w, z, *, sign=-1.0, sharpness=20.0, data=Exponent(-1), alpha=Exponent(0), inside=Exponent(0)):
    slopes = -torch.sigmoid(sharpness * (1 - run.alpha**inside * run.outputs(w) * run.y))
    return sign * len(run.y) ** data * run.alpha**alpha * run.kernel(w, z) @ (slopes * run.y)


# How far weights can get


def ways(generator: Generator) -> Iterator[tuple[float, Tensor, Tensor, Tensor]]:
    """(t, α, fall of the mean loss, way) after short and long times, with small and large α, inputs and losses."""
    for sizes, alpha, shrink, price, time in (
        ((3, 9, 1), 0.2, 1.0, 1.0, 0.2),
        ((2, 6, 5, 1), 20.0, 1.0, 1.0, 0.3),
        ((3, 9, 1), 50.0, 0.1, 1.0, 9.0),
        ((3, 4, 6, 5, 1), 7.0, 0.5, 40.0, 0.01),
    ):
        run = training(generator, sizes, 4, alpha, price=price)
        run = replace(run, x=shrink * run.x)
        path = run.path(time, 20)
        for k in (1, 10, 20):
            fall = run.mean_loss(path[0]) - run.mean_loss(path[k])
            yield time * k / 20, run.alpha, fall, (path[k] - path[0]).norm()


@claim(
    "thm-lazy-way",
    source="own; chizat2019: section 2",
    check=is_at_most(lambda time, alpha, fall, way: way, on=ways, tolerance=1e-6),
    wrong={
        r"$1/\alpha^2$": {"power": -2.0},
        "the fall without its root": {"falls": 1.0},
        "half of it": {"factor": 0.5},
        r"without $t$": {"times": 0.0},
    },
)
def way(time, alpha, fall, way, *, factor=1.0, power=Exponent(-1), times=Exponent(0.5), falls=Exponent(0.5)):
    return factor * alpha**power * time**times * fall**falls


# How far from the linear model


def distances(kernel, y: Tensor, time: float, w: Tensor, *, speed=torch.clone, sharpness=20.0, steps=60):
    """K₀, ∫ ‖K − K₀‖ and ‖F − F_lin‖ at three times of the flow under kernel(t, w), where w has a speed of its own."""
    frozen, sizes = kernel(0.0, w), [len(w), len(y), len(y), 1]

    def along(t: float, state: Tensor) -> Tensor:
        now, outputs, linear, _ = state.split(sizes)
        theta = kernel(t, now)
        pulled = theta @ pull(outputs, y, sharpness), frozen @ pull(linear, y, sharpness)
        return torch.cat([speed(now), *pulled, torch.linalg.matrix_norm(theta - frozen, 2)[None]])

    for state in runge_kutta(along, torch.cat([w, y.new_zeros(2 * len(y) + 1)]), time, steps)[steps // 2 :: steps // 4]:
        _, outputs, linear, integral = state.split(sizes)
        yield frozen, integral[0], (outputs - linear).norm()


def paths(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Networks, and paths of kernels on which the bound is nearly reached.

    On the first of these all data are pushed alike. On the second they are pushed apart in a direction in which K₀ is
    small, and a datum that stops at the bend turns this into one in which it is large. On the third the ratio is 2500:
    the push is over before a datum is at the bend, and the slow datum, stopped there, shifts the other, which is past.
    """
    for sizes, count, alpha, time in (((3, 5, 1), 1, 1.0, 0.1), ((2, 4, 4, 1), 3, 2.0, 1.0)):
        run = training(generator, sizes, count, alpha)
        yield from distances(lambda _, w, k=run.kernel: k(w), run.y, time, run.start, speed=run.speed, steps=16)
    size, ones, none = float(uniform(generator, 1, low=0.5, high=2.0)), torch.ones(5).double(), torch.zeros(0)
    yield from distances(lambda t, _: size * torch.eye(5).double() + t * torch.outer(ones, ones), ones, 0.5, none)
    one, p = torch.eye(2).double(), torch.tensor([math.cos(-0.74), math.sin(-0.74)]).double()
    frozen = one + 3 * torch.outer(p, p)
    across = torch.nn.functional.normalize(one[1] - frozen[0, 1] / frozen[0, 0] * one[0], dim=0) - 0.5**0.5
    mirror = 0.2 * (one - 2 * torch.outer(across, across) / (across @ across))
    turned = lambda t, _: size * (frozen + max(0.0, t * size * (1 - t * size)) * mirror)  # noqa: E731
    yield from distances(turned, ones[:2], 1.92 / size, none, sharpness=100.0)
    for frozen, integral, distance in steep_path():
        yield size * frozen, integral, distance


@cache
def steep_path() -> list[tuple[Tensor, Tensor, Tensor]]:
    """The third path. A multiple of the kernel walks it that many times as fast, so one walk does for all."""
    one, ones = torch.eye(2).double(), torch.ones(2).double()
    large = torch.tensor([1.0, 50.0]).double() / 2501**0.5
    small = large.flip(0) * torch.tensor([1.0, -1.0])
    steep = one + 2499 * torch.outer(large, large)
    across = small - 0.5**0.5
    reflection = 1e8 * (one - 2 * torch.outer(across, across) / (across @ across))
    pushed = lambda t, _: steep + max(0.0, t * (8e-4 - t)) * reflection  # noqa: E731
    return list(distances(pushed, ones, 1.2, torch.zeros(0), sharpness=100.0, steps=3000))


@claim(
    "thm-lazy-linear",
    source="own; chizat2019: theorem 2.4",
    check=is_at_most(lambda kernel, total, gap: gap, on=paths, tolerance=1e-6),
    wrong={
        r"$1/N$": {"data": -1.0},
        "without the root of the ratio": {"root": 0.0},
        r"$(\lambda_1 / \lambda_N)^{0.4}$": {"root": 0.4},
        "eigenvalues the other way round": {"root": -0.5},
        "half of it": {"factor": 0.5},
    },
)
def apart(kernel, total, gap, *, factor=1.0, root=Exponent(0.5), data=Exponent(-0.5), power=Exponent(1)):
    rates = torch.linalg.eigvalsh(kernel)
    return factor * (rates[-1] / rates[0]) ** root * len(kernel) ** data * total**power


# As α grows

ALPHAS = (1000.0, 2000.0, 4000.0)


def trained_for_large(generator: Generator) -> Iterator[list[dict[str, Tensor]]]:
    """What is left of laziness at t = 1, for each α."""
    for sizes in ((3, 9, 1), (2, 5, 4, 1)):
        run = training(generator, sizes, 4, ALPHAS)
        end, frozen = run.path(1.0, 20)[-1], run.kernel(run.start)[0]
        linear = runge_kutta(lambda _, v, y=run.y, k=frozen: k @ pull(v, y), 0 * run.y, 1.0, 20)[-1]
        left = zip(end - run.start, run.kernel(end) - frozen, run.outputs(end) - linear, strict=True)
        yield [{"distance": way.norm(), "kernel": change.norm(), "model": gap.norm()} for way, change, gap in left]


@claim(
    "cor-lazy-rates",
    source="chizat2019: theorem 2.3",
    check=falls_as(lambda _, alpha, found: found[ALPHAS.index(alpha)], ALPHAS, on=trained_for_large),
    wrong={r"$\alpha^{-1/2}$": {"distance": -0.5, "kernel": -0.5}, r"the distance as $\alpha^{-2}$": {"model": -2.0}},
)
def rates(_, *, distance=Exponent(-1), kernel=Exponent(-1), model=Exponent(-1)):
    return {"distance": distance, "kernel": kernel, "model": model}


# With f₀ left in


def on_the_wrong_side(generator: Generator) -> Iterator[tuple[Tensor, Tensor, bool, Tensor]]:
    """(|f₀|, α, is it subtracted?, how far f moved) at the last datum to have F y = 1; all f₀ have the wrong sign."""
    for sizes, alpha, centred in product(((3, 9, 1), (2, 5, 4, 1)), (1.5, 30.0), (False, True)):
        run = training(generator, sizes, 3, alpha, centred=centred)
        f = run.f(run.start)
        run = replace(run, y=-torch.sign(f))
        behind = lambda _, w, run=run: float((run.outputs(torch.from_numpy(w)) * run.y).min()) - 1  # noqa: E731
        behind.terminal = True
        speed = lambda _, w, run=run: run.speed(torch.from_numpy(w)).numpy()  # noqa: E731
        end = torch.from_numpy(solve_ivp(speed, (0, 1e4), run.start.numpy(), events=behind).y_events[0][0])
        last = (run.outputs(end) * run.y).argmin()
        yield f[last].abs(), run.alpha, centred, (run.f(end) - f)[last].abs()


@claim(
    "prop-lazy-centring",
    source="own",
    check=equals(lambda size, alpha, centred, moved: moved, on=on_the_wrong_side),
    wrong={
        r"$1/\alpha$ alone, as with the subtraction": {"start": 0.0},
        r"$\lvert f_0 \rvert$ alone": {"goal": 0.0},
        r"$\lvert f_0 \rvert + 1$": {"power": 0.0},
    },
)
def centring(size, alpha, centred, moved, *, start=1.0, goal=1.0, power=Exponent(-1)):
    return goal * alpha**power + (0.0 if centred else start * size)
