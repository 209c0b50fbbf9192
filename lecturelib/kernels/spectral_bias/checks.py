"""Claims of the chapter `kernels/spectral_bias`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform
from lecturelib.kernels.spectral_bias.prediction import decompose, predict
from lecturelib.kernels.tangent_kernel.moments import textbook_kernel
from lecturelib.kernels.tangent_kernel.widths import circle, limit

TIMES = (0.0, 0.3, 2.0, 9.0)

# The solution on the data


def _kernels(generator: Generator) -> Iterator[tuple]:
    """Kernel, outputs at the start, targets, time: a generic kernel, one of rank 2, one with equal eigenvalues."""
    turned = torch.linalg.qr(normal(generator, 5, 5)).Q
    rates = normal(generator, 5).square(), torch.tensor([2.0, 1.0, 0, 0, 0]), torch.tensor([3.0, 1.0, 1.0, 0.5, 0.5])
    for some in rates:
        for time in TIMES:
            yield turned @ torch.diag(some.double()) @ turned.T, normal(generator, 5), normal(generator, 5), time


def _by_the_matrix_exponential(kernel: Tensor, start: Tensor, y: Tensor, time: float) -> Tensor:
    return y + torch.matrix_exp(-time * kernel) @ (start - y)


@claim(
    "thm-spec-solution",
    source="anselmi: class 2",
    check=equals(_by_the_matrix_exponential, on=_kernels),
    also=(lambda kernel, start, y, time: solution.formula(kernel, start, y, time, modes=decompose),),
    wrong={
        "without the start": {"of_start": 0.0},
        r"$f - y = +\sum_j e^{-\lambda_j t} \langle q_j, y \rangle q_j$": {"of_start": 0.0, "of_targets": 1.0},
        "growing modes": {"sign": 1.0},
    },
)
def solution(kernel, start, y, time, *, sign=-1.0, of_start=1.0, of_targets=-1.0, modes=torch.linalg.eigh):
    rates, vectors = modes(kernel)
    return y + vectors @ (torch.exp(sign * rates * time) * (vectors.T @ (of_start * start + of_targets * y)))


# Steps of finite length


def _steps(generator: Generator) -> Iterator[tuple]:
    """Rates, one of them 0, their modes, and a learning rate: stable or not by little, and at the edge."""
    vectors = torch.linalg.qr(normal(generator, 5, 5)).Q
    for edge in (0.3, 1.5, 2 - 4e-7, 2.0, 2 + 4e-7, 3.0):
        rates = torch.cat([uniform(generator, 4, low=0.5, high=3.0), torch.zeros(1, dtype=torch.float64)])
        yield rates, vectors, edge / float(rates.max())


def _by_descent(rates: Tensor, vectors: Tensor, learning_rate: float) -> tuple[Tensor, bool]:
    """One step of gradient descent in the parameters of a linear model with this kernel, and 2³⁰ steps."""
    jacobian = vectors @ torch.diag(rates.sqrt())
    theta = jacobian.T @ vectors.sum(1)  # any parameters with a residual along all modes but that of rate 0
    begin = jacobian @ theta + vectors[:, -1]
    end = begin - jacobian @ (learning_rate * jacobian.T @ begin)
    power = torch.eye(5, dtype=torch.float64) - learning_rate * jacobian @ jacobian.T
    for _ in range(30):
        power = power @ power
    return (vectors.T @ end) / (vectors.T @ begin), bool((power @ jacobian @ theta).norm() < 1e-3)


@claim(
    "prop-spec-step",
    source="own",
    check=equals(_by_descent, on=_steps),
    wrong={
        r"$1/\lambda_1$": {"edge": 1.0},
        "$e^{-\\eta\\lambda_j}$, as in the flow": lambda r, v, rate: (torch.exp(-rate * r), rate < 2 / float(r.max())),
        "all but the fastest mode": lambda r, v, rate: (1 - rate * r, rate < 2 / float(r.sort().values[-2])),
    },
)
def edge(rates, vectors, learning_rate, *, one=1.0, slope=-1.0, edge=2.0):
    return one + slope * learning_rate * rates, bool(learning_rate < edge / float(rates.max()))


# The circle


def _circle(generator: Generator, size: int) -> tuple[Tensor, Tensor]:
    """Equally spaced points of a circle, from any angle on: (N, 2), and the angles between them and the first."""
    turn, radius = uniform(generator, 2, low=0.5, high=2.0)
    angles = 2 * math.pi * torch.arange(size, dtype=torch.float64) / size
    return radius * torch.stack([torch.cos(turn + angles), torch.sin(turn + angles)], 1), angles


def _waves(generator: Generator) -> Iterator[tuple]:
    for size, options in (
        (12, ("relu", 0.5)),
        (7, ("erf", 0.3)),
        (8, ("relu", 0.0)),
        (2, ("erf", 0.0)),
        (1, ("relu", 1.0)),
    ):
        x, angles = _circle(generator, size)
        for k in range(size // 2 + 1):
            for phase in (0.0, math.pi / 2, float(uniform(generator, 1))):
                yield limit(*options)(x, x), angles, k, phase


@claim(
    "thm-spec-circle",
    source="own",
    check=equals(lambda kernel, angles, k, phase: kernel @ torch.cos(k * angles + phase), on=_waves, floor=1.0),
    also=(lambda kernel, angles, k, phase: torch.fft.rfft(kernel[0]).real[k] * torch.cos(k * angles + phase),),
    wrong={
        "divided by the number of points": lambda kernel, *o: waves.formula(kernel, *o) / len(kernel),
        "half of it, as if waves were counted twice": {"factor": 0.5},
        "the rate of the next wave": {"next": 1},
    },
)
def waves(kernel, angles, k, phase, *, factor=1.0, next=0):
    return factor * kernel[0] @ torch.cos((k + next) * angles) * torch.cos(k * angles + phase)


def _even_circles(generator: Generator) -> Iterator[tuple]:
    for size in (2, 4, 6, 10, 64):
        yield size, *uniform(generator, 2, low=0.5, high=2.0).tolist()


def _by_products(size: int, weight_scale: float, radius: float) -> tuple[Tensor, Tensor]:
    """Rates of frequencies 0 to N/2, as wᵀ Θ w / wᵀ w with the waves w of the circle."""
    x = radius * circle(size)[0] / math.sqrt(2)
    kernel = textbook_kernel(x, x, depth=1, activation="relu", weight_scale=weight_scale, bias_scale=0.0).slopes
    waves = torch.cos(2 * math.pi / size * torch.outer(torch.arange(size // 2 + 1), torch.arange(size)).double())
    rates = ((waves @ kernel) * waves).sum(1) / waves.square().sum(1)
    return rates, rates > 1e-7 * rates[0]


@claim(
    "prop-spec-parity",
    source="own",
    check=equals(_by_products, on=_even_circles, tolerance=1e-7),
    wrong={"all odd frequencies": {"first": 0.0}, "no frequency at all": {"every": 1}},
)
def parity(size, weight_scale, radius, *, first=math.pi**2 / 2, even=2.0, three=3.0, one=-1.0, every=2):
    k, turns = torch.arange(size // 2 + 1), torch.arange(-3000, 3001)[:, None]
    same = k + turns * size  # the frequencies that look like k on these points; far ones are summed by an integral
    squares = same.double().square()
    waves = torch.where(same % every == 0, even * (squares + three) / (squares + one).square(), 0.0)
    total = torch.where(same.abs() == 1, first, waves).sum(0) + (k % every == 0) * 2 * even / size**2 / 3000.5
    rates = size * (weight_scale**2 * radius) ** 2 / (4 * math.pi**2) * total
    return rates, rates > 0


# Everywhere, over random starts


def _forecasts(generator: Generator) -> Iterator[tuple]:
    """Kernel functions, data, and points elsewhere, of which the first is a datum."""
    for activation in ("relu", "erf"):
        x, z = normal(generator, 5, 2), normal(generator, 3, 2)
        z[0] = x[0]
        yield limit(activation), x, normal(generator, 5), z


def _by_one_linear_system(kernel: Callable, x: Tensor, y: Tensor, z: Tensor, times=TIMES) -> tuple[Tensor, Tensor]:
    """f on the data and elsewhere, and a constant 1, in one linear equation, whose flow is a matrix exponential."""
    both, flow, moments = torch.cat([x, z]), torch.zeros(len(x) + len(z) + 1, len(x) + len(z) + 1).double(), []
    flow[:-1, : len(x)] = -kernel(both, x)
    flow[:-1, -1] = kernel(both, x) @ y
    for time in times:
        moved = torch.matrix_exp(time * flow)[len(x) : -1]
        moments.append((moved[:, -1], moved[:, :-1] @ kernel(both, both, kind="nngp") @ moved[:, :-1].T))
    return tuple(map(torch.stack, zip(*moments, strict=True)))


@claim(
    "thm-spec-prediction",
    source="lee2019: equations 14 and 15",
    check=equals(_by_one_linear_system, on=_forecasts, tolerance=1e-8),
    also=(lambda kernel, x, y, z: (lambda p: (p.mean, p.covariance))(predict(kernel, x, y, TIMES, test=z)),),
    wrong={
        "a start of 0, without spread": {"start": 0.0, "mixed": 0.0, "begun": 0.0},
        "the covariance of a sum": {"mixed": 1.0},
        "the covariance of outputs in both places": lambda kernel, *o: prediction.formula(_one_for_both(kernel), *o),
    },
)
def prediction(kernel, x, y, z, *, decay=-1.0, inverse=Exponent(-1), start=1.0, mixed=-1.0, begun=1.0):
    rates, vectors = torch.linalg.eigh(kernel(x, x))
    means, covariances = [], []
    for time in TIMES:
        a = kernel(z, x) @ vectors @ torch.diag(rates**inverse * (1 - torch.exp(decay * rates * time))) @ vectors.T
        cross = a @ kernel(x, z, kind="nngp")
        means.append(a @ y)
        covariances.append(
            start * kernel(z, z, kind="nngp") + mixed * (cross + cross.T) + begun * a @ kernel(x, x, kind="nngp") @ a.T
        )
    return torch.stack(means), torch.stack(covariances)


def _one_for_both(kernel: Callable) -> Callable:
    return lambda one, other, kind="ntk": kernel(one, other, kind="nngp")


def _after(generator: Generator, time: float, kernel: Callable, x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return _by_one_linear_system(kernel, x, y, z, times=(time / float(torch.linalg.eigvalsh(kernel(x, x))[0]),))[0][0]


@claim(
    "cor-spec-regression",
    source="lee2019: equation 14",
    check=tends_to(_after, (10.0, 20.0), on=_forecasts, tolerance=1e-4),
    also=(lambda kernel, x, y, z: predict(kernel, x, y, [math.inf], test=z).mean[0],),
    wrong={
        "regression with the covariance of outputs": lambda kernel, *o: regression.formula(_one_for_both(kernel), *o),
        "ridge regression": {"ridge": 0.1},
        "without the inverse": lambda kernel, x, y, z: kernel(z, x) @ y / 5,
    },
)
def regression(kernel, x, y, z, *, factor=1.0, ridge=0.0):
    return factor * kernel(z, x) @ torch.linalg.solve(kernel(x, x) + ridge * torch.eye(len(x), dtype=x.dtype), y)
