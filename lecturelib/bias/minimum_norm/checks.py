"""Claims of the chapter `bias/minimum_norm`: where descent on least squares goes, and what it remembers."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from scipy.integrate import solve_ivp
from scipy.optimize import linprog
from torch import Generator, Tensor

from lecturelib.bias.minimum_norm.checks_problems import (
    after,
    certified,
    fitted,
    free_directions,
    nearest,
    problems,
    steepest,
)
from lecturelib.bias.minimum_norm.diagonal import diagonal_flow, diagonal_limit
from lecturelib.bias.minimum_norm.memory import kicked_descent
from lecturelib.core.checking import equals, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.least_squares import descent_path, largest_rate, least_norm, ridge_path
from lecturelib.core.problems import normal, uniform

# Which solutions there are


@claim(
    "thm-norm-nearest",
    source="anselmi: class 3, minimum norm solution; own",
    check=equals(nearest, on=problems),
    also=(least_norm, lambda a, b, start: ridge_path(a, b, start, penalties=[0.0])[0]),
    wrong={"the least norm, wherever the start is": {"free": 0.0}, "the start is added whole": {"seen": 0.0}},
)
def nearest_solution(a, b, start, *, fit=1.0, free=1.0, seen=1.0):
    inverse = torch.linalg.pinv(a, rtol=1e-10)
    return fit * inverse @ b + free * (start - seen * inverse @ (a @ start))


# Where descent goes


SHARES = torch.tensor([0.4, 0.7, 1.9, 2.1], dtype=torch.float64)  # of 1/σ_1²; the first two soon come to their end
EDGES = torch.tensor([1.0, 2 - 8e-7, 2 + 8e-7, 3.0], dtype=torch.float64)
STEPS = torch.tensor([0, 1, 2, 7, 15])


def step_by_step(a: Tensor, b: Tensor, start: Tensor) -> dict[str, Tensor]:
    """The weights after so many steps, by autograd; in the end; and whether they arrive, by 2⁴⁰ steps at once."""
    path, w, rates = [], start.expand(4, -1), SHARES[:, None] / steepest(a)
    for _ in range(int(STEPS[-1]) + 1):
        path.append(w)
        w = w.detach().requires_grad_()
        (slope,) = torch.autograd.grad(0.5 * (w @ a.T - b).square().sum(), w)
        w = (w - rates * slope).detach()
    free = free_directions(a)
    seen = torch.eye(len(start), dtype=a.dtype) - free @ free.T
    step = seen - EDGES[:, None, None] / steepest(a) * (a.T @ a)
    for _ in range(40):
        step = step @ step
    ends = torch.stack([after(a, b, start, float(rate), 20) for rate in rates[:2]])
    return {"path": torch.stack(path, 1)[:, STEPS], "ends": ends, "arrives": step.abs().amax((1, 2)) < 1e-9}


def by_library(a: Tensor, b: Tensor, start: Tensor) -> dict[str, Tensor]:
    paths = [descent_path(a, b, start, learning_rate=float(one) / steepest(a), steps=STEPS) for one in SHARES]
    ends = [descent_path(a, b, start, learning_rate=float(one) / steepest(a), steps=[10**12])[0] for one in SHARES[:2]]
    return {"path": torch.stack(paths), "ends": torch.stack(ends), "arrives": EDGES / steepest(a) < largest_rate(a)}


@claim(
    "thm-norm-descent",
    source="anselmi: class 3, minimum norm solution with gradient descent",
    check=equals(step_by_step, on=problems, tolerance=1e-8),
    also=(by_library,),
    wrong={
        r"$(1 - 2\eta\sigma^2)^k$": {"step": -2.0},
        "what the data do not see fades too": {"kept": 0.5},
        r"the end without $P w_0$": {"end": 0.0},
        r"converges only for $\eta < 1/\sigma_1^2$": {"edge": 1.0},
    },
)
def descent(a, b, start, *, one=1.0, step=-1.0, kept=1.0, end=1.0, edge=2.0):
    squares, modes = torch.linalg.eigh(a.T @ a)
    seen = squares > 1e-10 * squares[-1]
    at, wanted = start @ modes, torch.where(seen, (a.T @ b) @ modes / squares, 0.0)
    still = (one + step * SHARES[:, None, None] / steepest(a) * squares) ** STEPS[:, None]
    path = torch.where(seen, wanted + still * (at - wanted), kept ** STEPS[:, None] * at) @ modes.T
    last = modes @ torch.where(seen, wanted, end * at)
    return {"path": path, "ends": torch.stack([last, last]), "arrives": EDGES / squares[-1] * steepest(a) < edge}


def rough_methods(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
    """Three methods whose steps combine rows: heavy ball, a datum at a time, mini-batches that look ahead ."""
    generator = torch.Generator().manual_seed(len(b))
    ends = []
    for momentum, size, look in ((0.8, len(b), 0.0), (0.0, 1, 0.0), (0.5, 2, 0.5)):
        w, speed = start.clone(), torch.zeros_like(start)
        for count in range(20_000):
            chosen = torch.randperm(len(b), generator=generator)[:size]
            rows, ahead = a[chosen], w + look * speed
            rate = (0.9 + 0.1 * (-1) ** count) / steepest(rows)
            speed = momentum * speed - rate * rows.T @ (rows @ ahead - b[chosen])
            w = w + speed
            if count % 100 == 0 and float((a @ w - b).abs().max()) < 1e-12:
                break
        ends.append(w)
    return torch.stack(ends)


@claim(
    "prop-norm-span",
    source="own",
    check=equals(rough_methods, on=fitted, tolerance=1e-8),
    wrong={
        "the least norm, wherever the start is": {"free": 0.0},
        "a datum at a time forgets the start": {"second": 0.0},
    },
)
def span(a, b, start, *, free=1.0, second=1.0, fit=1.0):
    away = start - a.T @ torch.linalg.lstsq(a.T, start[:, None], driver="gelsd").solution[:, 0]
    least = fit * a.T @ torch.linalg.lstsq(a @ a.T, b[:, None], driver="gelsd").solution[:, 0]
    return torch.stack([least + free * away, least + second * free * away, least + free * away])


# Ridge


def over_penalty(_: Generator, size: float, a: Tensor, b: Tensor, start: Tensor) -> dict[str, Tensor]:
    """Ridge around the start with penalty λ = 1/size: its distance from the limit, over λ; and plain ridge."""
    eye = torch.eye(a.shape[1], dtype=a.dtype)
    found = torch.linalg.solve(a.T @ a + eye / size, a.T @ b + start / size)
    plain = torch.linalg.solve(a.T @ a + eye / size, a.T @ b)
    return {"over the penalty": size * (found - nearest(a, b, start)), "plain": plain}


@claim(
    "prop-norm-ridge",
    source="poggio: square loss, implicit regularization; own",
    check=tends_to(over_penalty, (1e4, 2e4), on=problems, order=1, tolerance=1e-4),
    wrong={
        "a plus sign": {"factor": 1.0},
        r"$A^+$ for $(A^\top A)^+$": {"power": -0.5},
        "plain ridge keeps the start": {"kept": 1.0},
    },
)
def ridge(a, b, start, *, factor=-1.0, power=Exponent(-1.0), kept=0.0):
    squares, modes = torch.linalg.eigh(a.T @ a)
    seen, end = squares > 1e-10 * squares[-1], least_norm(a, b, start)
    inverse = torch.where(seen, squares.clamp(min=1e-12) ** power, 0.0)
    return {
        "over the penalty": factor * modes @ (inverse * ((end - start) @ modes)),
        "plain": least_norm(a, b, kept * start),
    }


# Memory


def kicks(generator: Generator) -> Iterator[tuple]:
    """Descent with kicks of all sizes, among them none."""
    for a, b, start in problems(generator):
        yield (
            a,
            b,
            start,
            normal(generator, 4, len(start)) * torch.tensor([[3.0], [0.0], [0.1], [1.0]]),
            1.3 / steepest(a),
        )


DECAY, QUIET = 0.05, 6  # weight decay in units of σ_1²; doublings of a step after the last kick


def kicked(a: Tensor, b: Tensor, start: Tensor, kicks: Tensor, rate: float) -> dict[str, Tensor]:
    """Where it ends without decay; and with it, how far along free directions 64 steps after the last kick."""
    decay = DECAY * steepest(a)
    ends = []
    for penalty, doublings in ((0.0, 20), (decay, QUIET)):
        w = start
        for kick in kicks:
            w = after(a, b, w, rate, 0, penalty) + kick
        ends.append(after(a, b, w, rate, doublings, penalty))
    return {"end": ends[0], "with decay": free_directions(a) @ (free_directions(a).T @ ends[1])}


def kicked_library(a: Tensor, b: Tensor, start: Tensor, kicks: Tensor, rate: float) -> dict[str, Tensor]:
    last = kicked_descent(a, b, start, kicks, learning_rate=rate)[-1]
    quiet = torch.cat([kicks, kicks.new_zeros(2**QUIET, len(start))])
    slow = kicked_descent(a, b, start, quiet, learning_rate=rate, decay=DECAY * steepest(a))[-1]
    return {"end": least_norm(a, b, last), "with decay": slow - torch.linalg.pinv(a, rtol=1e-10) @ (a @ slow)}


@claim(
    "thm-norm-memory",
    source="poggio: norm control, regularization, implicit regularization; own",
    check=equals(kicked, on=kicks, tolerance=1e-8, floor=1e-6),
    also=(kicked_library,),
    wrong={
        "kicks are forgotten": {"kick": 0.0},
        "kicks stay whole": {"seen": 0.0},
        "decay forgets at once": {"decay": 0.0},
        r"$(1 - \eta\lambda)^2$ a step": {"rate_of": 2.0},
    },
)
def memory(a, b, start, kicks, rate, *, kick=1.0, seen=1.0, decay=1.0, rate_of=1.0, one=1.0, fit=1.0):
    inverse = torch.linalg.pinv(a, rtol=1e-10)

    def free(w: Tensor, share: float = 1.0) -> Tensor:
        return w - share * inverse @ (a @ w)

    still = one - rate_of * rate * DECAY * steepest(a)
    powers = still ** torch.arange(len(kicks) + 2**QUIET, 2**QUIET - 1, -1, dtype=a.dtype)
    end = fit * inverse @ b + free(start) + kick * free(kicks.sum(0), seen)
    return {"end": end, "with decay": decay * free(powers[0] * start + kick * powers[1:] @ kicks)}


# Diagonal networks


def diagonals(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(A, b, α): one scale for all weights, from small to large, and a scale for each; data that cannot be fitted."""
    for scale in (0.3, 1.0, 3.0):
        yield normal(generator, 2, 4), normal(generator, 2), torch.full((4,), scale, dtype=torch.float64)
    a = normal(generator, 3, 5)
    yield torch.cat([a[:2], a[:1]]), normal(generator, 3), uniform(generator, 5, low=0.4, high=1.5)


def by_flow_of_u_and_v(a: Tensor, b: Tensor, scale: Tensor) -> Tensor:
    """The flow on u and v themselves, until the gradient is gone."""
    a_, b_, d = a.numpy(), b.numpy(), len(scale)

    def velocity(_, at):
        u, v = at[:d], at[d:]
        slope = a_.T @ (a_ @ (u * u - v * v) - b_)
        return [*(-2 * u * slope), *(2 * v * slope)]

    slow = 8 * float(scale.min()) ** 2 * float(torch.linalg.svdvals(a)[1]) ** 2  # the second is never 0
    run = solve_ivp(velocity, (0, 40 / slow), [*scale.tolist()] * 2, "LSODA", rtol=1e-10, atol=1e-12)
    u, v = torch.as_tensor(run.y[:, -1]).split(d)
    return u * u - v * v


@claim(
    "thm-norm-diagonal",
    source="woodworth2020: theorem 1",
    check=equals(by_flow_of_u_and_v, on=diagonals, tolerance=2e-9),
    also=(
        lambda a, b, scale: diagonal_limit(a, b, scale=scale),
        lambda a, b, scale: diagonal_flow(a, b, scale=scale, times=[1e3])[0],
    ),
    wrong={
        r"$\operatorname{arsinh}(w / \alpha^2)$": {"two": 1.0},
        r"$\operatorname{arsinh}(w / 2\alpha)$": {"power": 1.0},
        "the least norm": lambda a, b, scale: least_norm(a, b),
    },
)
def diagonal(a, b, scale, *, two=2.0, power=Exponent(2.0)):
    """Newton's method on Σ q along the free directions; q' = arsinh(w / 2α²)."""
    w, free, size = least_norm(a, b), free_directions(a), two * scale**power
    for _ in range(100):
        slope, bend = free.T @ torch.asinh(w / size), (w.square() + size.square()).rsqrt()
        step = torch.linalg.solve(free.T @ (bend[:, None] * free), slope)
        w = w - min(1.0, float(size.min() / (free @ step).abs().max())) * (free @ step)
        if float(step.abs().max()) < 1e-13:
            break
    return w


def at_the_ends(_: Generator, size: float, a: Tensor, b: Tensor, shape: Tensor) -> dict[str, Tensor]:
    """Where diagonal networks end that start very small, and very large with other ratios of their scales."""
    ends = diagonal_limit(a, b, scale=1 / size), diagonal_limit(a, b, scale=size)
    return {"small": ends[0], "large": ends[1], "weighted": diagonal_limit(a, b, scale=size * shape)}


@claim(
    "prop-norm-ends",
    source="woodworth2020: theorem 1 and section 4",
    check=tends_to(at_the_ends, (1e8,), on=certified, tolerance=1e-3),
    wrong={
        "the least norm at both ends": lambda a, b, shape: ends.formula(a, b, shape) | {"small": least_norm(a, b)},
        r"weights $\alpha_i^{-4}$": {"power": 2.0},
        "scales do not matter once they are large": {"power": 0.0},
    },
)
def ends(a, b, shape, *, power=Exponent(1.0)):
    d = a.shape[1]
    halves = linprog([1.0] * (2 * d), A_eq=torch.cat([a, -a], 1).numpy(), b_eq=b.numpy()).x
    weighted = shape**power * least_norm(a * shape**power, b)
    return {"small": torch.as_tensor(halves[:d] - halves[d:]), "large": least_norm(a, b), "weighted": weighted}
