"""Claims of the chapter `kernels/models`: gradient descent, its stochastic forms, and gradient flow."""

from __future__ import annotations

from itertools import combinations, product

import torch
from scipy.integrate import solve_ivp
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.kernels.models.checks import ANSELMI, normal
from lecturelib.kernels.models.descent import (
    LeastSquares,
    batch_factor,
    descent_path,
    expected_path,
    flow_path,
    largest_rate,
)

EXACT = 1e-10


def problem_of(generator: Generator, count: int = 7, size: int = 3) -> tuple[LeastSquares, Tensor]:
    """A random least-squares problem that no w fits, and a start."""
    return LeastSquares(normal(generator, count, size), normal(generator, count)), normal(generator, size)


def _steps(problem: LeastSquares, start: Tensor, rate: float, steps: int) -> Tensor:
    path = [start]
    for _ in range(steps):
        w = path[-1].clone().requires_grad_()
        loss = (problem.features @ w - problem.y).square().mean()
        path.append((w - rate * torch.autograd.grad(loss, w)[0]).detach())
    return torch.stack(path)


def _follows_descent(path, generator: Generator) -> float:
    problem, start = problem_of(generator)
    rate, steps = 0.7 * largest_rate(problem), 20
    found = path(problem, start, rate=rate, steps=torch.arange(steps + 1))
    return relative_gap(found, _steps(problem, start, rate, steps))


modes = Claim(
    label="thm-models-modes",
    statement=r"Along an eigenvector of the Hessian with eigenvalue $\lambda$, $t$ steps multiply the distance to the "
    r"minimum by $(1 - \eta \lambda)^t$.",
    source="standard; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_follows_descent,
    formula=descent_path,
    falsifiers={
        r"$(1 - 2\eta\lambda)^t$": lambda p, w, rate, steps: descent_path(p, w, rate=2 * rate, steps=steps),
        r"$(1 + \eta\lambda)^t$": lambda p, w, rate, steps: descent_path(p, w, rate=-rate, steps=steps),
        r"$e^{-\eta \lambda t}$": lambda p, w, rate, steps: flow_path(p, w, times=rate * steps),
        "one step late": lambda p, w, rate, steps: descent_path(p, w, rate=rate, steps=steps + 1),
    },
)


def _splits_growth_from_decay(limit, generator: Generator) -> float:
    """How far the distance to the minimum goes the wrong way within 600 steps, 2 % beside the stated largest rate."""
    problem, start = problem_of(generator)
    wrong = 0.0
    for factor, sign in ((0.98, 1), (1.02, -1)):
        w, rate = start, factor * float(limit(problem))
        for _ in range(600):
            w = w - rate * problem.gradient(w)
            if not float(w.norm()) < 1e9:
                break
        change = float(torch.log((w - problem.best).norm() / (start - problem.best).norm()))
        wrong = max(wrong, sign * change)
    return max(0.0, wrong)


stability = Claim(
    label="cor-models-rate",
    statement=r"Gradient descent on least squares converges from every start if and only if "
    r"$0 < \eta < 2 / \lambda_{\max}$.",
    source="standard; derived here",
    method="exact identity",
    tolerance=0.0,
    check=_splits_growth_from_decay,
    formula=largest_rate,
    falsifiers={
        r"$1 / \lambda_{\max}$": lambda p: largest_rate(p) / 2,
        r"$4 / \lambda_{\max}$": lambda p: 2 * largest_rate(p),
        r"$2 / \operatorname{tr} H$": lambda p: 2 / torch.trace(p.hessian),
        r"$2 / \lambda_{\min}$": lambda p: 2 / torch.linalg.eigvalsh(p.hessian)[0],
    },
)


def _follows_the_flow(path, generator: Generator) -> float:
    problem, start = problem_of(generator)
    times = torch.linspace(0, 3, 7, dtype=torch.float64)

    def speed(_, w):
        return -problem.gradient(torch.as_tensor(w)).numpy()

    run = solve_ivp(speed, (0, 3), start.numpy(), "DOP853", times.numpy(), rtol=1e-12, atol=1e-12)
    return relative_gap(path(problem, start, times=times), torch.as_tensor(run.y.T))


flow = Claim(
    label="thm-models-flow",
    statement=r"Gradient flow multiplies the distance along an eigenvector by $e^{-\lambda t}$.",
    source="standard; derived here",
    method="exact identity",
    tolerance=1e-9,
    check=_follows_the_flow,
    formula=flow_path,
    falsifiers={
        "a plus sign, as printed": lambda p, w, times: flow_path(p, w, times=-times),
        r"$e^{-2 \lambda t}$": lambda p, w, times: flow_path(p, w, times=2 * times),
        r"$(1 - \lambda)^t$": lambda p, w, times: descent_path(p, w, rate=1.0, steps=times.round()),
    },
)


def _falls_as_stated(slope, generator: Generator) -> float:
    a, b = normal(generator, 4, 4), normal(generator, 4)

    def loss(w: Tensor) -> Tensor:
        return torch.log(1 + (torch.tanh(a @ w) - b).square().sum())

    def gradient(w) -> Tensor:
        w = torch.as_tensor(w).clone().requires_grad_()
        return torch.autograd.grad(loss(w), w)[0]

    start, step = normal(generator, 4), 1e-3
    times = (0.5 - step, 0.5, 0.5 + step)
    run = solve_ivp(
        lambda _, w: -gradient(w).numpy(), (0, times[-1]), start.numpy(), "DOP853", times, rtol=1e-9, atol=1e-9
    )
    ends = torch.as_tensor(run.y.T.copy())
    measured = (loss(ends[2]) - loss(ends[0])) / (2 * step)
    size = gradient(ends[1])
    return float((slope(size) - measured).abs() / measured.abs())


energy = Claim(
    label="prop-models-energy",
    statement=r"Under gradient flow $d\mathcal L/dt = -\lVert \nabla \mathcal L \rVert^2$, for every smooth loss.",
    source="standard; derived here",
    method="exact identity",
    tolerance=1e-4,
    check=_falls_as_stated,
    formula=lambda g: -g.square().sum(),
    falsifiers={
        r"$-\lVert \nabla \mathcal L \rVert$": lambda g: -g.norm(),
        "a plus sign": lambda g: g.square().sum(),
        r"$-\frac12 \lVert \nabla \mathcal L \rVert^2$": lambda g: -g.square().sum() / 2,
    },
)


def _gap_to_flow(problem: LeastSquares, start: Tensor, rate: float, time: float) -> Tensor:
    """To first order in the rate: descent − flow at one time."""
    h = problem.hessian
    away = flow_path(problem, start, times=torch.tensor([time], dtype=torch.float64))[0] - problem.best
    return -rate * time / 2 * h @ h @ away


def _first_order_gap(gap, generator: Generator) -> float:
    problem, start = problem_of(generator)
    time, steps = 1.0, 20_000
    end = descent_path(problem, start, rate=time / steps, steps=torch.tensor([steps]))[0]
    flowed = flow_path(problem, start, times=torch.tensor([time], dtype=torch.float64))[0]
    difference = end - flowed
    return float((gap(problem, start, time / steps, time) - difference).norm() / difference.norm())


euler = Claim(
    label="prop-models-euler",
    statement=r"At the time $t$ gradient descent on least squares is $-\frac{\eta t}{2} H^2 (w(t) - w^*)$ away from "
    r"the flow, up to terms of order $\eta^2$.",
    source="derived here",
    method="exact identity",
    tolerance=0.01,
    check=_first_order_gap,
    formula=_gap_to_flow,
    falsifiers={
        "a plus sign": lambda *a: -_gap_to_flow(*a),
        "without the half": lambda *a: 2 * _gap_to_flow(*a),
        "H once": lambda p, *a: torch.linalg.solve(p.hessian, _gap_to_flow(p, *a)),
    },
)


# Batches


def _batches(count: int, batch: int, sampling: str) -> list[tuple[int, ...]]:
    """Every batch that can be drawn, equally likely."""
    return list(product(range(count), repeat=batch) if sampling == "replacement" else combinations(range(count), batch))


def _covariance_over_all_batches(factor, generator: Generator) -> float:
    g = normal(generator, 6, 2)  # gradients of six data
    centred = g - g.mean(0)
    single = centred.T @ centred / 6
    worst = 0.0
    for sampling in ("replacement", "subset"):
        for batch in (1, 2, 3, 4):
            means = torch.stack([g[list(chosen)].mean(0) for chosen in _batches(6, batch, sampling)])
            about = means - g.mean(0)  # so that a biased mean counts too
            worst = max(worst, relative_gap(factor(6, batch, sampling) * single, about.T @ about / len(means)))
    return worst


minibatch = Claim(
    label="thm-models-minibatch",
    statement=r"The gradient of a batch of $B$ has the mean $\nabla \mathcal L$ and the covariance $S/B$ if drawn with "
    r"replacement, $\frac{N - B}{B (N - 1)} S$ if a subset.",
    source="standard; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_covariance_over_all_batches,
    formula=batch_factor,
    falsifiers={
        r"$1/B$ for both": lambda n, b, sampling: 1 / b,
        r"$1/B^2$": lambda n, b, sampling: batch_factor(n, b, sampling) / b,
        r"$(N - B)/(BN)$ for subsets": lambda n, b, s: (n - b) / (b * n) if s == "subset" else 1 / b,
    },
)


def _over_all_draws(path, generator: Generator) -> float:
    problem, start = problem_of(generator, count=4, size=2)
    rate, worst = 0.3 * largest_rate(problem), 0.0
    for sampling, steps in (("replacement", 2), ("subset", 3)):
        weights = [start]
        for _ in range(steps):
            grown = []
            for w in weights:
                for chosen in _batches(4, 2, sampling):
                    rows, targets = problem.features[list(chosen)], problem.y[list(chosen)]
                    grown.append(w - rate * rows.T @ (rows @ w - targets))
            weights = grown
        ends = torch.stack(weights)
        mean, loss = path(problem, start, rate=rate, steps=steps, batch=2, sampling=sampling)
        worst = max(worst, relative_gap(mean[-1], ends.mean(0)), relative_gap(loss[-1], problem.loss(ends).mean()))
    return worst


def _without_noise(problem, start, *, rate, steps, batch, sampling):
    return expected_path(problem, start, rate=rate, steps=steps, batch=problem.count, sampling="subset")


def _other_sampling(problem, start, *, rate, steps, batch, sampling):
    other = {"replacement": "subset", "subset": "replacement"}[sampling]
    return expected_path(problem, start, rate=rate, steps=steps, batch=batch, sampling=other)


sgd = Claim(
    label="thm-models-sgd",
    statement="On least squares the mean of the weights and of the loss under stochastic gradient descent follow a "
    "closed recursion; checked against all sequences of batches.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_over_all_draws,
    formula=expected_path,
    falsifiers={
        "the loss of full gradient descent": _without_noise,
        "batches drawn the other way": _other_sampling,
        "a batch of one more": lambda p, w, *, rate, steps, batch, sampling: expected_path(
            p, w, rate=rate, steps=steps, batch=batch + 1, sampling=sampling
        ),
    },
)


# Convexity


def _midpoint_above(outputs, generator: Generator) -> float:
    x, y = normal(generator, 30, 2), normal(generator, 30)
    one = normal(generator, 400, 3, 4)  # neurons: two input weights, a bias and an output weight
    other = one.flip(1)  # the same network, its neurons named in another order
    losses = [(outputs(x, w) - y).square().mean(-1) for w in ((one + other) / 2, one, other)]
    return max(0.0, float((losses[0] - (losses[1] + losses[2]) / 2).max()))


def _network(x: Tensor, w: Tensor) -> Tensor:
    hidden = torch.relu(w[..., :2] @ x.T + w[..., 2:3])
    return (w[..., 3:] * hidden).sum(-2)


def _fixed_features(x: Tensor, w: Tensor) -> Tensor:
    centres = torch.arange(12, dtype=x.dtype)
    return w.flatten(-2) @ torch.cos(centres[:, None] * x[:, 0] + centres[:, None] ** 2 * x[:, 1])


convexity = Claim(
    label="prop-models-loss-convex",
    statement="A convex loss is convex in the weights of a model that is linear in them, but not of a network.",
    source=f"{ANSELMI} (pictures); derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_midpoint_above,
    formula=_fixed_features,
    falsifiers={
        "a network of three neurons": _network,
        "its output weights fixed at 1": lambda x, w: torch.relu(w[..., :2] @ x.T + w[..., 2:3]).sum(-2) * -1.0,
        "products of pairs of weights": lambda x, w: _fixed_features(x, w * w.roll(1, -1)),
    },
)
