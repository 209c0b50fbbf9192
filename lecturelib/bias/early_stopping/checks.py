"""Claims of the chapter `bias/early_stopping`: stopping is ridge with a penalty for each mode; how far from ridge."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from scipy.optimize import brentq
from torch import Generator, Tensor

from lecturelib.bias.early_stopping.stopping import (
    descent_penalties,
    flow_penalties,
    scheduled_path,
    stopping_risk,
)
from lecturelib.core.checking import equals, is_at_most
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform


def problems(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(A, b, start): more data than weights, fewer, a row twice."""
    wide = normal(generator, 3, 5)
    for a in (normal(generator, 6, 4), wide, torch.cat([wide[:2], wide[:1]])):
        yield a, normal(generator, len(a)), normal(generator, a.shape[1])


def steepest(a: Tensor) -> float:
    """σ_1²."""
    return float(torch.linalg.matrix_norm(a, 2)) ** 2


# A penalty for each mode

STEPS = (1, 2, 7, 30)
TIMES = (0.3, 2.0, 20.0)


def walked(a: Tensor, b: Tensor, start: Tensor) -> dict[str, Tensor]:
    """Weights after 1, 2, 7 and 30 steps, taken one by one, at rates of 0.6 and 0.95 of 1/σ_1²: (2, 4, d).

    And those of the flow, (3, d), by the exponential of a matrix that has Aᵀb in a further column.
    """
    rows, d = [], len(start)
    for share in (0.6, 0.95):
        w, path = start, []
        for _ in range(STEPS[-1]):
            w = w - share / steepest(a) * a.T @ (a @ w - b)
            path.append(w)
        rows.append(torch.stack(path)[[step - 1 for step in STEPS]])
    field = torch.zeros(d + 1, d + 1, dtype=torch.float64)
    field[:d, :d], field[:d, d] = -a.T @ a, a.T @ b
    ends = [torch.linalg.matrix_exp(time / steepest(a) * field)[:d] for time in TIMES]
    flow = [end[:, :d] @ start + end[:, d] for end in ends]
    return {"descent": torch.stack(rows), "flow": torch.stack(flow)}


def generalized_ridge(a: Tensor, b: Tensor, start: Tensor, penalties, of_flow) -> dict[str, Tensor]:
    """Minimizers of ½ ‖A w − b‖² + ½ (w − start)ᵀ Q (w − start), by normal equations.

    penalties(c, η, k) and of_flow(c, t) of the modes of Q.
    """
    curvatures, modes = torch.linalg.eigh(a.T @ a)
    c = curvatures.clamp(min=1e-12)  # of c = 0 only the limit is known, and 1e-12 stands for it

    def minimizer(q: Tensor) -> Tensor:
        matrix = (modes * q) @ modes.T
        return torch.linalg.solve(a.T @ a + matrix, a.T @ b + matrix @ start)

    rows = [minimizer(penalties(c, share / steepest(a), step)) for share in (0.6, 0.95) for step in STEPS]
    flow = [minimizer(of_flow(c, time / steepest(a))) for time in TIMES]
    return {"descent": torch.stack(rows).reshape(2, len(STEPS), -1), "flow": torch.stack(flow)}


def by_library(a: Tensor, b: Tensor, start: Tensor) -> dict[str, Tensor]:
    def penalties(c: Tensor, rate: float, k: int) -> Tensor:
        return descent_penalties(c, learning_rate=rate, steps=[k])[0]

    return generalized_ridge(a, b, start, penalties, lambda c, t: flow_penalties(c, times=[t])[0])


@claim(
    "thm-stop-ridge",
    source="ali2019: lemma 3",
    check=equals(walked, on=problems, tolerance=1e-8),
    also=(by_library,),
    wrong={
        r"plain ridge with $\lambda = 1/\eta k$": lambda *problem: generalized_ridge(
            *problem, lambda c, rate, k: torch.full_like(c, 1 / (rate * k)), lambda c, t: torch.full_like(c, 1 / t)
        ),
        "the penalty of the flow": lambda *problem: generalized_ridge(
            *problem, lambda c, rate, k: flow_penalties(c, times=[rate * k])[0], lambda c, t: c / torch.expm1(c * t)
        ),
        r"around 0": {"center": 0.0},
    },
)
def stopped(a, b, start, *, one=1.0, minus=-1.0, power=Exponent(-1.0), factor=1.0, center=1.0, flow=1.0, clock=1.0):
    def penalties(c, rate, k):
        return factor * c / torch.expm1(power * k * torch.log1p(minus * rate * c) + (one - 1))

    return generalized_ridge(a, b, center * start, penalties, lambda c, t: flow * c / torch.expm1(clock * c * t))


# Beside ridge with λ = 1/t


def farthest() -> dict[str, float]:
    """The largest quotient of the parts, and where its slope by autograd is 0; and the least on a wide grid."""

    def slope(x: float) -> float:
        at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        return float(torch.autograd.grad(-torch.expm1(-at) * (1 + at) / at, at)[0])

    x = brentq(slope, 0.5, 5, xtol=1e-13)
    grid = torch.logspace(-9, 9, 2001, dtype=torch.float64)
    quotients = -torch.expm1(-grid) * (1 + grid) / grid
    return {"most": -math.expm1(-x) * (1 + x) / x, "at": x, "least": float(quotients.min())}


@claim(
    "prop-stop-parts",
    source="ali2019: section 3; own",
    check=equals(farthest, tolerance=1e-8),
    wrong={r"$e^x = 1 + x + 0.9 x^2$": {"square": 0.9}, "the flow may stay behind": {"least": 0.9}},
)
def parts(*, square=1.0, one=1.0, least=1.0):
    """x solves eˣ = 1 + x + x², and the quotient there is 1 + x/(1 + x + x²)."""
    x = brentq(lambda x: math.exp(x) - 1 - x - square * x * x, 0.5, 5, xtol=1e-13)
    return {"most": one + x / (1 + x + x * x), "at": x, "least": least}


def errors(generator: Generator) -> Iterator[tuple]:
    """(A, truth, start, noise, times): all sizes of noise, among them none, and one mode at its worst."""
    for a, _, start in problems(generator):
        for noise in (0.0, 0.3, 3.0):
            yield a, normal(generator, a.shape[1]), start, noise, sizes(generator, 6)
    a = torch.diag(sizes(generator, 3))[:1]
    yield a, torch.zeros(3), torch.zeros(3), 1.0, 1.79328 / a[0, 0].square()[None]


def ratio(a: Tensor, truth: Tensor, start: Tensor, noise: float, times: Tensor) -> Tensor:
    """Error of the flow at time t over that of ridge with λ = 1/t, by exponentials and inverses of matrices: (T,)."""
    h, eye, found = a.T @ a, torch.eye(a.shape[1], dtype=a.dtype), []
    away = (start - truth).to(a.dtype)
    for t in times:
        ridge = torch.linalg.inv(h + eye / t)
        kept = {"flow": torch.matrix_exp(-t * h), "ridge": ridge / t}
        risk = {}
        for name, still in kept.items():
            gain = (eye - still) @ torch.linalg.pinv(a, rtol=1e-10)
            risk[name] = (still @ away).square().sum() + noise**2 * gain.square().sum()
        found.append(risk["flow"] / risk["ridge"])
    return torch.stack(found)


@claim(
    "thm-stop-risk",
    source="ali2019: theorem 1",
    check=is_at_most(ratio, on=errors, tolerance=1e-6),
    wrong={"1.298, without the square": {"power": 1.0}, "never worse than ridge": {"worst": 1.0}},
)
def at_most(a, truth, start, noise, times, *, worst=1.29843, power=Exponent(2.0)):
    return worst**power


def balances(generator: Generator) -> tuple[Tensor]:
    """y = σ²/λ*, of all sizes and around 3, where the stopped flow is farthest from the best ridge."""
    return (torch.cat([torch.logspace(-3, 3, 61, dtype=torch.float64), uniform(generator, 200, low=2.5, high=4)]),)


def against_the_best_ridge(y: Tensor) -> Tensor:
    """Bayes error of a mode that goes the part 1 − e^{−y}, over the least of all parts, found on a fine grid."""
    p = torch.linspace(0, 1, 20_001, dtype=torch.float64)[:, None]
    least = ((1 - p).square() + p.square() / y).amin(0)
    return (torch.exp(-2 * y) + (1 - torch.exp(-y)).square() / y) / least


@claim(
    "thm-stop-tuned",
    source="ali2019: theorem 3",
    check=is_at_most(against_the_best_ridge, on=balances),
    wrong={"a hundredth less": {"worst": 1.2}, "as good as ridge": {"worst": 1.0}},
)
def best(y, *, worst=1.2147):
    return worst


# Learning rates that change


def schedules(generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """(curvatures, rates): constant, falling, at random; no η c above 1/2; and one that hardly moves."""
    c = sizes(generator, 4)
    top = 0.5 / float(c.max())
    j = torch.arange(1, 31, dtype=torch.float64)
    yield c, torch.full((20,), top, dtype=torch.float64)
    yield c, top / j
    yield c, top * uniform(generator, 12)
    yield c, 0.01 * top / j**2


def kept_parts(c: Tensor, rates: Tensor) -> dict[str, Tensor]:
    """The part of the distance that is left, step by step and by the library; and 1 over it."""
    path = scheduled_path(torch.diag(c.sqrt()), torch.zeros_like(c), torch.ones_like(c), rates=rates)
    w = torch.ones_like(c)
    for rate in rates:
        w = w - rate * c * w
    return {"left": torch.maximum(w, path[-1]), "one over it": 1 / torch.minimum(w, path[-1])}


@claim(
    "prop-stop-schedule",
    source="own",
    check=is_at_most(kept_parts, on=schedules),
    wrong={
        "the sum of squares counts half": {"square": 0.5},
        "the sum of rates counts more": {"sum_of": 1.01},
        "nothing but the sum of rates counts": {"square": 0.0},
    },
)
def schedule(c, rates, *, sum_of=1.0, square=1.0):
    total, squares = c * rates.sum(), c**2 * rates.square().sum()
    return {"left": torch.exp(-sum_of * total), "one over it": torch.exp(total + square * squares)}


# Where it starts


def starts(generator: Generator) -> Iterator[tuple]:
    """(A, truth, noise, scale of the start, time)."""
    for a, _, truth in problems(generator):
        noise, scale, time = sizes(generator, 3).tolist()
        yield a, truth, noise, scale, time / steepest(a)


def over_all(a, truth, noise, scale, time) -> dict[str, Tensor]:
    """The mean over noise and start by points on all axes, exact for squares; and tr ∂(A w)/∂b by autograd."""
    n, d = a.shape
    points = math.sqrt(n + d) * torch.cat([torch.eye(n + d), -torch.eye(n + d)]).double()
    block = torch.zeros(d + n, d + n, dtype=a.dtype)  # w and b together: ẇ = −AᵀA w + Aᵀ b, ḃ = 0
    block[:d, :d], block[:d, d:] = -a.T @ a, a.T
    end = torch.matrix_exp(time * block)[:d]

    def weights(b: Tensor, start: Tensor) -> Tensor:
        return end @ torch.cat([start, b])

    errors = [weights(a @ truth + noise * one[:n], scale * one[n:]) - truth for one in points]
    slope = torch.autograd.functional.jacobian(lambda b: a @ weights(b, truth), a @ truth)
    return {"risk": torch.stack(errors).square().sum(-1).mean(), "freedom": slope.trace()}


@claim(
    "prop-stop-start",
    source="own",
    check=equals(over_all, on=starts),
    wrong={
        "the start is forgotten": {"factor": 0.0},
        r"$e^{-\sigma^2 t}$ in place of its square": {"twice": 1.0},
        "free directions do not count": {"free": 0.0},
        "the start adds to the freedom": {"adds": 1.0},
    },
)
def start_risk(
    a, truth, noise, scale, time, *, factor=1.0, power=Exponent(2.0), twice=2.0, free=1.0, freedom=1.0, adds=0.0
):
    squares = torch.linalg.svdvals(a) ** 2
    seen = squares[squares > 1e-10 * squares[0]]
    still = torch.exp(-twice * seen * time).sum() + free * (a.shape[1] - len(seen))
    plain = stopping_risk(a, truth, torch.zeros_like(truth), noise=noise, times=[time]).total[0]
    used = freedom * (1 - torch.exp(-seen * time)).sum()
    return {"risk": plain + factor * scale**power * still, "freedom": used + adds * scale**2}
