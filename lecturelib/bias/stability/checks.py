"""Claims of the chapter `bias/stability`: second derivatives, the linear picture of a minimum, symmetries, steps."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.bias.stability.curvature import dense
from lecturelib.bias.stability.descent import descend, settle
from lecturelib.bias.stability.multilayer import Multilayer, pre_activations, random_network, reshaped, square_loss
from lecturelib.bias.stability.rates import squared_error
from lecturelib.bias.stability.symmetries import flat_directions
from lecturelib.core.checking import adds_up_to_zero, equals
from lecturelib.core.claims import claim
from lecturelib.core.problems import normal, signs, sizes, uniform


def valley(w: Tensor) -> Tensor:
    """½ (u v − 1)²."""
    return 0.5 * (w[0] * w[1] - 1) ** 2


def measured_zeros(matrix: Tensor) -> int:
    values = torch.linalg.eigvalsh(matrix).abs()
    return int((values <= 1e-9 * values.max()).sum())


# The Hessian of a square loss


def regressions(generator: Generator) -> Iterator[tuple[Multilayer, Tensor, Tensor, float]]:
    """Networks of every kind with data and a penalty: more parameters than data."""
    for nonlinearity, widths in (
        ("tanh", [3, 4, 4, 1]),
        ("square", [3, 5, 1]),
        ("linear", [4, 3, 2]),
        ("tanh", [3, 5, 2]),
    ):
        net = random_network(widths, nonlinearity, generator=generator)
        x = normal(generator, 4 if nonlinearity == "linear" else 5, widths[0])
        yield net, x, net(x) + normal(generator, len(x), widths[-1]), float(sizes(generator, 1))


def twice(net: Multilayer, x: Tensor, y: Tensor, penalty: float) -> dict[str, Tensor | int]:
    """The Hessian by differentiating backwards twice, and how many zeros it has where the network fits the data."""
    loss, fits = square_loss(net, x, y, penalty=penalty), square_loss(net, x, net(x))
    second = torch.autograd.functional.hessian
    return {"Hessian": second(loss, net.vector), "zeros": measured_zeros(second(fits, net.vector))}


@claim(
    "prop-sta-hessian",
    source="poggio: Deep nets, square loss; own",
    check=equals(twice, on=regressions),
    wrong={
        r"$-\lambda I$": {"shrink": -1.0},
        r"$+ (y_n - f(x_n))\,\nabla^2 f$": {"bend": -1.0},
        "the first term alone": {"bend": 0.0, "shrink": 0.0},
        r"$N$ zeros": lambda net, x, y, penalty: {**hessian.formula(net, x, y, penalty), "zeros": y.numel()},
    },
)
def hessian(net, x, y, penalty, *, slopes=1.0, bend=1.0, shrink=1.0, of_outputs=1):
    def output(theta):
        return pre_activations(reshaped(net, theta), x)[-1].flatten()

    theta = net.vector
    jacobian = torch.func.jacrev(output)(theta)
    second = torch.func.jacfwd(torch.func.jacfwd(output))(theta)
    residual = (net(x) - y).flatten()
    matrix = slopes * jacobian.T @ jacobian + bend * torch.einsum("n,npq->pq", residual, second)
    return {
        "Hessian": matrix + shrink * penalty * torch.eye(len(theta), dtype=torch.float64),
        "zeros": len(theta) - of_outputs * y.numel(),
    }


# Symmetries


def generators(generator: Generator) -> Iterator[tuple[Callable, Tensor, Tensor]]:
    """(loss, any point, A): losses that e^{tA} keeps, with A antisymmetric, diagonal, and neither."""
    for nonlinearity, penalty in (("linear", 0.0), ("linear", 0.7), ("relu", 0.0), ("square", 0.0)):
        net = random_network([3, 4, 2], nonlinearity, generator=generator)
        x, y = normal(generator, 6, 3), normal(generator, 6, 2)
        mix = normal(generator, 4, 4)
        mix = mix - mix.T if penalty else mix if nonlinearity == "linear" else torch.diag(torch.diag(mix))
        degree = 2.0 if nonlinearity == "square" else 1.0
        matrix = torch.block_diag(
            torch.kron(mix, torch.eye(3, dtype=torch.float64)),
            torch.kron(torch.eye(2, dtype=torch.float64), -degree * mix.T.contiguous()),
        )
        yield square_loss(net, x, y, penalty=penalty), net.vector, matrix.double()


@claim(
    "thm-sta-symmetry",
    source="own",
    check=adds_up_to_zero(on=generators),
    wrong={r"$A$ for $A^\top$": {"turned": 0}, "a minus sign": {"slope": -1.0}},
)
def symmetry(loss, theta, a, *, curve=1.0, slope=1.0, turned=1):
    side = a.T if turned == 1 else a
    return curve * dense(loss, theta) @ (a @ theta), slope * side @ torch.func.grad(loss)(theta)


def penalized(generator: Generator) -> Iterator[tuple[int, int, Tensor, Tensor, float]]:
    """(h, r, x, y, λ): white inputs and targets of 3 singular values, r of which are above λ."""
    for hidden, rank in ((2, 1), (2, 3), (3, 3), (4, 2), (5, 1), (5, 3)):
        values = torch.tensor([3.1, 2.2, 1.4], dtype=torch.float64) + uniform(generator, 3, low=-0.2, high=0.2)
        left, right = (torch.linalg.qr(normal(generator, size, 3)).Q for size in (3, 4))
        x = torch.linalg.qr(normal(generator, 9, 4)).Q
        penalty = float(values[rank] + 0.3 * (values[rank - 1] - values[rank])) if rank < 3 else 0.4
        yield hidden, min(hidden, rank), x, x @ right @ torch.diag(values) @ left.T, penalty


def counted(hidden: int, _: int, x: Tensor, y: Tensor, penalty: float) -> dict[str, int]:
    """Zeros of the Hessian at a minimum found by descent, and how many of them the library calls mixing."""
    start = random_network([4, hidden, 3], generator=torch.Generator().manual_seed(hidden))
    loss = square_loss(start, x, y, penalty=penalty)
    found = start.at(settle(loss, start.vector))
    return {"zeros": measured_zeros(dense(loss, found.vector)), "mixing": flat_directions(found, loss).counts["mixing"]}


@claim(
    "prop-sta-linear",
    source="own",
    check=equals(counted, on=penalized),
    wrong={
        "no zeros": lambda h, r, x, y, penalty: {"zeros": 0, "mixing": 0},
        r"all of $\dim O(h)$": {"kept": 0.0},
        r"$r(h - r)$": lambda h, r, x, y, penalty: dict.fromkeys(("zeros", "mixing"), r * (h - r)),
    },
)
def linear_networks(h, r, x, y, penalty, *, moved=0.5, kept=0.5, less=1):
    zeros = moved * h * (h - less) - kept * (h - r) * (h - r - less)
    return {"zeros": zeros, "mixing": zeros}


# Learning rates


def jumping(k: np.ndarray) -> np.ndarray:
    """Rates of ½ at powers of two, and small ones between."""
    return np.where(k & (k - 1) == 0, 0.5, 0.5 * k**-0.7)


LONG = {
    "k^-½": (lambda k: 0.5 * k**-0.5, True, True), "1/k": (lambda k: 0.5 / k, True, True),
    "k^-3/2": (lambda k: 0.5 * k**-1.5, False, True), "constant": (lambda k: 0.3 + 0.0 * k, True, False),
    "jumps": (jumping, True, False),
}  # fmt: skip
"""Rates, whether they add up to infinity, and whether they go to 0."""


@functools.cache
def vanish() -> Tensor:
    """Is the second moment below 1 % from 10,000 to 20,000 steps, with start and noise 1? For each of `LONG`."""
    found = []
    for rates, *_ in LONG.values():
        second, late = 1.0, 0.0
        for k, rate in enumerate(rates(np.arange(1, 20_001)).tolist(), start=1):
            second = (1 - rate) ** 2 * second + rate**2
            late = max(late, second) if k > 10_000 else late
        found.append(float(late < 0.01))
    return torch.tensor(found)


def expected(of: Callable[[bool, bool], bool]) -> Tensor:
    """What a rule says of each of `LONG`."""
    return torch.tensor([float(of(diverge, fall)) for _, diverge, fall in LONG.values()])


def schedules(generator: Generator) -> Iterator[tuple[Tensor, float, float, float]]:
    """(rates, start, noise, drift)."""
    k = torch.arange(1, 31, dtype=torch.float64)
    for rates in (k**-0.5, 0.9 / k, torch.full_like(k, 0.3), uniform(generator, 30)):
        yield rates, *(float(one) for one in (2 * normal(generator, 1), sizes(generator, 1), normal(generator, 1)))


def from_noise(rates: Tensor, start: float, noise: float, drift: float) -> dict[str, Tensor]:
    """Second moments from the coefficients of each draw in x_T, by automatic differentiation of the iteration."""

    def end(draws: Tensor) -> Tensor:
        x = torch.tensor(start, dtype=torch.float64)
        for rate, draw in zip(rates, draws, strict=True):
            x = x - rate * (x + drift + draw)
        return x

    none = torch.zeros_like(rates)
    mean, shares = end(none), torch.func.grad(end)(none)
    long = torch.tensor(start, dtype=torch.float64)
    for k in range(1, 4001):
        long = long - k**-0.5 * (long + drift)
    return {"second moment": mean**2 + noise**2 * shares.square().sum(), "where it ends": long, "vanishes": vanish()}


@claim(
    "thm-sta-rates",
    source="robbins1951: section 2; poggio: Why learning rate?; own",
    check=equals(from_noise, on=schedules),
    also=(lambda rates, start, noise, drift: {
        "second moment": squared_error(rates, start=start, noise=noise, drift=drift)[-1], "where it ends": -drift,
        "vanishes": vanish()},),
    wrong={
        "the noise forgotten at the same speed": {"forget": 1},
        r"a constant $b$ is averaged away": {"shift": 0.0},
        r"$b$ moves the limit to $+b$": {"shift": 1.0},
        r"$\gamma_k \to 0$ is enough": {"rule": lambda diverge, fall: fall},
        r"$\sum \gamma_k = \infty$ is enough": {"rule": lambda diverge, fall: diverge},
    },
)  # fmt: skip
def rates_against_noise(rates, start, noise, drift, *, forget=2, spread=1.0, shift=-1.0, rule=operator.and_):
    left = torch.cat([(1 - rates).flip(0).cumprod(0).flip(0), torch.ones(1)])  # Π_{j ≥ k} (1 − γ_j)
    mean = left[0] * (start + drift) - drift
    variance = spread * noise**2 * (rates**2 * left[1:] ** forget).sum()
    return {"second moment": mean**2 + variance, "where it ends": shift * drift, "vanishes": expected(rule)}


# Steps of descent

SHARES = torch.tensor([0.6, 0.9, 1.1, 1.5], dtype=torch.float64)
"""Rates at which descent is tried, as shares of 2 over the sharpness."""


def minima(generator: Generator) -> Iterator[tuple[Callable, Tensor, float]]:
    """(loss, minimum, rate): places of the valley, its hyperbolic minimum with a penalty, a fit of a tanh network."""
    u = float(sizes(generator, 1)) * float(signs(generator, 1))
    yield valley, torch.tensor([u, 1 / u], dtype=torch.float64), float(sizes(generator, 1)) / (u**2 + u**-2)
    penalty = float(uniform(generator, 1, low=0.1, high=0.6))
    hyperbolic = lambda w: valley(w) + 0.5 * penalty * (w @ w)  # noqa: E731
    yield hyperbolic, torch.full((2,), math.sqrt(1 - penalty), dtype=torch.float64), float(sizes(generator, 1))
    net = random_network([2, 5, 1], "tanh", generator=generator)
    x = normal(generator, 4, 2)
    loss = square_loss(net, x, net(x))
    yield loss, net.vector, float(sizes(generator, 1)) / float(torch.linalg.eigvalsh(dense(loss, net.vector))[-1])


def pushed(loss: Callable, minimum: Tensor, rate: float) -> dict[str, float]:
    """By what a step multiplies a small push along the sharpest direction, which rate turns it round, and whether the
    minimum holds descent from near it: how many of four rates leave it there."""
    values, vectors = torch.linalg.eigh(dense(loss, minimum))
    top = vectors[:, -1]

    def after(rate: float) -> float:
        ends = torch.stack([minimum + 1e-5 * top, minimum - 1e-5 * top])
        return float((descend(loss, ends, learning_rate=rate, steps=1)[1] @ top).diff()) / -2e-5

    slope = after(rate) - 1  # linear in the rate
    gradient, rates = torch.func.vmap(torch.func.grad(loss)), 2 * SHARES[:, None] / values[-1]
    away = 1e-5 * torch.randn(len(minimum), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    w, stays = (minimum + away).expand(len(SHARES), -1), torch.ones(len(SHARES), dtype=torch.bool)
    for _ in range(80):
        w = torch.where(stays[:, None], w - rates * gradient(w), w)
        stays &= (w - minimum).norm(dim=1) < 1e-2
    return {"factor": 1 + slope, "largest rate": -2 * rate / slope, "held": float(stays.sum())}


@claim(
    "prop-sta-steps",
    source="cohen2021: section 2; own",
    check=equals(pushed, on=minima, tolerance=1e-7),
    wrong={
        r"$1/\lambda_1$": {"twice": 1.0},
        r"$e^{-\eta\lambda_1}$, as the flow": lambda loss, minimum, rate: {
            **steps.formula(loss, minimum, rate),
            "factor": math.exp(steps.formula(loss, minimum, rate)["factor"] - 1),
        },
        "only hyperbolic minima hold": lambda loss, minimum, rate: {
            **steps.formula(loss, minimum, rate),
            "held": 2.0 * float(measured_zeros(dense(loss, minimum)) == 0),
        },
    },
)
def steps(loss, minimum, rate, *, twice=2.0, turn=1.0):
    if loss is valley:
        sharpest = float(minimum.square().sum())
    else:
        jacobian = torch.autograd.functional.hessian(loss, minimum)
        sharpest = float(torch.linalg.matrix_norm(jacobian, 2))
    held = float((twice > 2 * SHARES).sum())
    return {"factor": 1 - turn * rate * sharpest, "largest rate": twice / sharpest, "held": held}
