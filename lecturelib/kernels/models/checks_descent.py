"""Claims of the chapter `kernels/models`: gradient descent, its stochastic forms, and gradient flow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import torch
from torch import Generator, Tensor, nn

from lecturelib.core import least_squares as descent
from lecturelib.core.checking import equals, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.least_squares import LeastSquares
from lecturelib.core.problems import normal, signs, uniform
from lecturelib.kernels.models.checks_problems import derivative, gradient_flow


def squares(phi: Tensor, y: Tensor):
    """The loss (1/N) ‖Φw − y‖² as a function of w."""
    return lambda w: (phi @ w - y).square().mean()


def fits(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(Φ, y, start): generic features, one feature, and features whose Hessian has an eigenvalue twice."""
    features = normal(generator, 7, 3), normal(generator, 4, 1), torch.linalg.qr(normal(generator, 6, 3)).Q
    for phi in (*features[:2], features[2] * torch.tensor([1.0, 1.0, 2.0]).double()):
        yield phi, normal(generator, len(phi)), normal(generator, phi.shape[1])


def hessian(phi: Tensor, y: Tensor) -> Tensor:
    return torch.autograd.functional.hessian(squares(phi, y), phi[0])


def minimum(phi: Tensor, y: Tensor) -> Tensor:
    return torch.linalg.lstsq(phi, y).solution


# Convexity


def neurons_and_chords(generator: Generator) -> tuple[Tensor, ...]:
    """Inputs, targets ±1, four neurons (two input weights, bias, output weight), ends of chords, shares of them."""
    chords = normal(generator, 2, 4000, 4, 4), uniform(generator, 4000)
    return normal(generator, 12, 2), signs(generator, 12), normal(generator, 4, 4), *chords


def network(x: Tensor, neurons: Tensor, outputs: Tensor, sigma=torch.relu) -> Tensor:
    return (sigma(neurons[..., :2] @ x.T + neurons[..., 2:3]) * outputs[..., 3:]).sum(-2)


def with_each_activation(x: Tensor, neurons: Tensor) -> Tensor:
    """The network with ReLU, whose neurons can be scaled, and with functions that can't: (3, N)."""
    return torch.stack([network(x, neurons, neurons, sigma) for sigma in (torch.relu, torch.tanh, torch.sigmoid)])


def on_chords(x: Tensor, y: Tensor, neurons: Tensor, ends: Tensor, t: Tensor) -> dict:
    """Is the loss, one of three, nowhere above a chord? And what is computed halfway to the renamed copy."""
    losses = (lambda f: (f - y).square(), lambda f: (f - y).abs(), lambda f: nn.functional.softplus(-y * f))
    places, halfway = torch.stack([*ends, torch.lerp(*ends, t[:, None, None])]), (neurons + neurons[[1, 0, 2, 3]]) / 2
    found = {"halfway": with_each_activation(x, halfway)}
    for name, f in {"output weights": network(x, neurons, places), "all weights": network(x, places, places)}.items():
        low, high, inside = torch.stack([loss(f).mean(-1) for loss in losses], 1)
        found[name] = bool((inside <= torch.lerp(low, high, t) + 1e-12 * high).all())
    return found


@claim(
    "prop-models-loss-convex",
    source="own",
    check=equals(on_chords, on=neurons_and_chords),
    wrong={
        "networks too": {"networks": True},
        "half the output weights": {"total": 0.5},
        "half the output weights of the sum of the neurons": {"mean": 1.0, "total": 0.5},
    },
)
def convexity(x, y, neurons, ends, t, *, fixed=True, networks=False, mean=0.5, total=1.0):
    both = neurons[0] + neurons[1]
    merged = torch.stack([torch.cat([mean * both[:3], total * both[3:]]), *neurons[2:]])
    return {"output weights": fixed, "all weights": networks, "halfway": with_each_activation(x, merged)}


# On a parabola everything is known


def by_modes(phi: Tensor, y: Tensor, start: Tensor, decay, two: float = 2.0) -> Tensor:
    """Places whose distance from the minimum is, along each mode, decay(eigenvalue) times that of the start."""
    values, vectors = torch.linalg.eigh(two / len(y) * phi.T @ phi)
    return minimum(phi, y) + decay(values) * ((start - minimum(phi, y)) @ vectors) @ vectors.T


def descents(generator: Generator) -> Iterator[tuple]:
    """A fit with a learning rate: stable and unstable ones, as shares of the largest."""
    for (phi, y, start), share in product(fits(generator), (0.7, 1.1)):
        yield phi, y, start, share * 2 / float(torch.linalg.matrix_norm(hessian(phi, y), 2)), 12


def step_by_step(phi: Tensor, y: Tensor, start: Tensor, rate: float, steps: int) -> Tensor:
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - rate * derivative(squares(phi, y), path[-1]))
    return torch.stack(path)


def by_descent_path(phi: Tensor, y: Tensor, start: Tensor, rate: float, steps: int) -> Tensor:
    problem = LeastSquares(phi, y)
    return descent.descent_path(problem.a, problem.b, start, learning_rate=rate, steps=torch.arange(steps + 1))


@claim(
    "thm-models-modes",
    source="own",
    check=equals(step_by_step, on=descents),
    also=(by_descent_path,),
    wrong={r"$(1 - 2\eta\lambda)^t$": {"minus": -2.0}, r"$(1 + \eta\lambda)^t$": {"minus": 1.0}},
)
def modes(phi, y, start, rate, steps, *, two=2.0, one=1.0, minus=-1.0):
    t = torch.arange(steps + 1)[:, None]
    return by_modes(phi, y, start, lambda values: (one + minus * rate * values) ** t, two)


def rates(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """A fit with learning rates of both signs, up to and beyond the largest, and a hair beside both ends."""
    shares = [-0.5, -4e-7, 0.0, 4e-7, 0.3, 1.0, 1.9, 2 * (1 - 4e-7), 2 * (1 + 4e-7), 2.1, 5.0]
    for phi, y, _ in fits(generator):
        yield phi, y, torch.tensor(shares).double() / torch.linalg.matrix_norm(hessian(phi, y), 2)


def converge(phi: Tensor, y: Tensor, rates: Tensor) -> Tensor:
    """Do 2³² steps take the distance from the minimum to 0, from every start?"""
    h = hessian(phi, y)
    steps = torch.eye(len(h), dtype=h.dtype) - rates[:, None, None] * h
    for _ in range(32):
        steps = steps @ steps
    return steps.abs().amax((1, 2)) < 1e-9


@claim(
    "cor-models-rate",
    source="own",
    check=equals(converge, on=rates),
    also=(lambda phi, y, rates: (rates > 0) & (rates < descent.largest_rate(LeastSquares(phi, y).a)),),
    wrong={
        r"$1 / \lambda_{\max}$": {"high": 1.0},
        r"$2 / \operatorname{tr} H$": lambda phi, y, rates: (rates > 0) & (rates * hessian(phi, y).trace() < 2),
    },
)
def stability(phi, y, rates, *, low=0.0, high=2.0):
    largest = torch.linalg.eigvalsh(2 / len(y) * phi.T @ phi)[-1]
    return (low < rates * largest) & (rates * largest < high)


# Gradient flow

TIMES = torch.linspace(0, 2, 6, dtype=torch.float64)
STEP, STENCIL = 0.001, torch.tensor([1, -8, 0, 8, -1], dtype=torch.float64) / 12  # of a derivative


def curved(generator: Generator) -> tuple[Tensor, Tensor]:
    """Along the flow of a loss that is not convex: gradients at five times, losses at five times around each."""
    a, (b, start) = normal(generator, 4, 4), normal(generator, 2, 4)
    loss = lambda w: torch.log(1 + (torch.tanh(w @ a) - b).square().sum(-1))  # noqa: E731
    places = gradient_flow(loss, start, (TIMES[1:, None] + STEP * torch.arange(-2, 3)).flatten()).reshape(5, 5, 4)
    return derivative(lambda w: loss(w).sum(), places[:, 2]), loss(places)


@claim(
    "prop-models-energy",
    source="own",
    check=equals(lambda gradient, losses: losses @ STENCIL / STEP, on=curved, tolerance=1e-7),
    wrong={"without the square": {"power": 1.0}, "a plus sign": {"factor": 1.0}, "half of it": {"factor": -0.5}},
)
def energy(gradient, losses, *, factor=-1.0, power=Exponent(2.0)):
    return factor * gradient.norm(dim=-1) ** power


def by_flow_path(phi: Tensor, y: Tensor, start: Tensor) -> Tensor:
    problem = LeastSquares(phi, y)
    return descent.flow_path(problem.a, problem.b, start, times=TIMES)


@claim(
    "thm-models-flow",
    source="own",
    check=equals(lambda phi, y, start: gradient_flow(squares(phi, y), start, TIMES), on=fits, tolerance=1e-9),
    also=(by_flow_path,),
    wrong={"a plus sign, as printed": {"rate": 1.0}, r"$e^{-2 \lambda t}$": {"rate": -2.0}},
)
def flow(phi, y, start, *, rate=-1.0):
    return by_modes(phi, y, start, lambda values: torch.exp(rate * values * TIMES[:, None]))


def ahead(_: Generator, steps: int, phi: Tensor, y: Tensor, start: Tensor, time: float) -> Tensor:
    """How far descent is from the flow, over the rate, by powers and exponentials of matrices."""
    h, away = hessian(phi, y), start - minimum(phi, y)
    step = torch.linalg.matrix_power(torch.eye(len(h), dtype=h.dtype) - time / steps * h, steps)
    return (step @ away - torch.linalg.matrix_exp(-time * h) @ away) * steps / time


@claim(
    "prop-models-euler",
    source="own",
    check=tends_to(
        ahead, (2**12, 2**13), on=lambda g: [(*fit, t) for fit, t in zip(fits(g), (0.5, 1.0, 2.0), strict=True)],
        order=1, tolerance=1e-5,  # what is left of the order 2 falls with the rate
    ),
    wrong={"a plus sign": {"factor": 0.5}, "without the half": {"factor": -1.0}, "H once": {"power": 1}},
)  # fmt: skip
def euler(phi, y, start, time, *, factor=-0.5, of_time=Exponent(1.0), power=2):
    h, away = hessian(phi, y), by_modes(phi, y, start, lambda values: torch.exp(-values * time)) - minimum(phi, y)
    return factor * time**of_time * torch.linalg.matrix_power(h, power) @ away


# Batches


def batches(count: int, batch: int, sampling: str) -> list[tuple[int, ...]]:
    """Every batch that can be drawn, equally likely."""
    return list(product(range(count), repeat=batch) if sampling == "replacement" else combinations(range(count), batch))


def gradients(generator: Generator) -> Iterator[tuple[Tensor, int, str]]:
    """Gradients of two to seven data, the size of a batch, and how it is drawn."""
    for sampling, (count, batch) in product(("replacement", "subset"), ((5, 2), (2, 1), (7, 3), (3, 2), (4, 4))):
        yield normal(generator, count, 2) + 1, batch, sampling


def over_all_batches(g: Tensor, batch: int, sampling: str) -> tuple[Tensor, Tensor]:
    means = torch.stack([g[list(chosen)].mean(0) for chosen in batches(len(g), batch, sampling)])
    return means.mean(0), torch.cov(means.T, correction=0)


@claim(
    "thm-models-minibatch",
    source="own",
    check=equals(over_all_batches, on=gradients, floor=1.0),
    also=(lambda g, *how: (g.mean(0), descent.batch_factor(len(g), *how) * torch.cov(g.T, correction=0)),),
    wrong={r"$1/B^2$": {"power": 2.0}, r"$(N - B)/(BN)$ for subsets": {"one": 0.0}},
)
def minibatch(g, batch, sampling, *, one=1.0, power=Exponent(1.0)):
    left = 1.0 if sampling == "replacement" else (len(g) - batch) / (len(g) - one)
    return g.mean(0), batch**-power * left * torch.cov(g.T, correction=0)


def runs(generator: Generator) -> Iterator[tuple]:
    """(Φ, y, start, settings), few enough for all sequences of batches."""
    for sampling, batch, steps in (("replacement", 2, 2), ("subset", 2, 3), ("subset", 1, 4), ("replacement", 1, 4)):
        phi = normal(generator, 4, 2)
        rate = float(uniform(generator, 1, low=0.2, high=0.6)) / float(hessian(phi, phi[:, 0]).trace())
        how = {"learning_rate": rate, "steps": steps, "batch": batch, "sampling": sampling}
        yield phi, normal(generator, 4), normal(generator, 2), how


def over_all_sequences(phi: Tensor, y: Tensor, start: Tensor, how: dict) -> tuple[Tensor, Tensor]:
    weights, means, losses = start[None], [start], [squares(phi, y)(start)]
    chosen = torch.tensor(batches(len(y), how["batch"], how["sampling"]))
    for _ in range(how["steps"]):
        slopes = 2 * (torch.einsum("bnp,sp->sbn", phi[chosen], weights) - y[chosen])
        moves = torch.einsum("sbn,bnp->sbp", slopes, phi[chosen]) / how["batch"]
        weights = (weights[:, None] - how["learning_rate"] * moves).flatten(0, 1)
        means.append(weights.mean(0))
        losses.append((weights @ phi.T - y).square().mean())
    return torch.stack(means), torch.stack(losses)


@claim(
    "thm-models-sgd",
    source="own",
    check=equals(over_all_sequences, on=runs),
    also=(lambda phi, y, start, how: descent.expected_path(LeastSquares(phi, y), start, **how),),
    wrong={
        "the loss of full gradient descent": {"four": 0.0, "hch": 0.0},
        "subsets as if drawn with replacement": lambda *run: sgd.formula(
            *run[:-1], run[-1] | {"sampling": "replacement"}
        ),
        r"without $2 \rho_n \varphi_n^\top m$": {"cross": 0.0},
    },
)
def sgd(phi, y, start, how, *, four=4.0, cross=2.0, hch=-1.0, power=Exponent(2.0), half=0.5):
    (rate, steps, batch, sampling), h, best = how.values(), 2 / len(y) * phi.T @ phi, minimum(phi, y)
    rho, keep = phi @ best - y, torch.eye(phi.shape[1], dtype=y.dtype) - rate * h
    kappa = 1 / batch if sampling == "replacement" else (len(y) - batch) / (batch * (len(y) - 1))
    m, c = start - best, torch.outer(start - best, start - best)
    means, losses = [], []
    for _ in range(steps + 1):
        means.append(best + m)
        losses.append(squares(phi, y)(best) + half * (h @ c).trace())
        q = ((phi @ c) * phi).sum(1) + cross * rho * (phi @ m) + rho**2
        noise = four / len(y) * phi.T @ (q[:, None] * phi) + hch * h @ c @ h
        m, c = keep @ m, keep @ c @ keep + rate**power * kappa * noise
    return torch.stack(means), torch.stack(losses)
