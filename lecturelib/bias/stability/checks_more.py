"""Claims of the page behind `bias/stability`: linearization, twins, saddles, vanishing penalties, normalized flow."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import torch
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from torch import Generator, Tensor

from lecturelib.bias.stability.conjugacy import straighten
from lecturelib.bias.stability.curvature import dense, sharpness
from lecturelib.bias.stability.multilayer import Multilayer, square_loss
from lecturelib.bias.stability.symmetries import flat_directions
from lecturelib.bias.stability.valley import valley
from lecturelib.core.checking import equals, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, sizes, uniform

# Hartman and Grobman, at a minimum

RADIUS = 0.05


def hyperbolic_minima(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float, Callable, Tensor, Tensor]]:
    """(h at points, H, time, loss, minimum, points): the valley with a penalty, a bent bowl of three dimensions."""
    cases: list[tuple[Callable, Tensor, Tensor, float]] = []
    for penalty in (0.3, 0.15):
        centre = torch.full((2,), math.sqrt(1 - penalty), dtype=torch.float64)
        cases.append(
            (valley(penalty), centre, 0.1 * signs(generator, 4, 2) * uniform(generator, 4, 2, low=1, high=2), 0.5)
        )
    bent = torch.diag(torch.tensor([1.0, 1.3, 1.6]).double()) @ torch.linalg.qr(normal(generator, 3, 3)).Q
    loss = lambda w: 0.5 * (bent @ w).square().sum() + 0.3 * torch.sin(w).sum() ** 3  # noqa: E731
    cases.append((loss, torch.zeros(3, dtype=torch.float64), 0.1 * signs(generator, 4, 3), 0.3))
    for loss, centre, away, time in cases:
        straight = straighten(loss, centre, centre + away, radius=RADIUS)
        yield straight, dense(loss, centre), time, loss, centre, centre + away


def carried(_: Tensor, matrix: Tensor, time: float, loss: Callable, centre: Tensor, points: Tensor) -> Tensor:
    """h where the flow is after that time: all followed in time, then each until it meets the circle."""
    gradient, count = torch.func.vmap(torch.func.grad(loss)), len(points)

    def speed(_: float, w: np.ndarray) -> np.ndarray:
        return -gradient(torch.from_numpy(w).reshape(count, -1)).numpy().ravel()

    def inside(t: float, w: np.ndarray) -> float:
        """Negative once all have crossed the sphere and the time is over."""
        far = (torch.from_numpy(w).reshape(count, -1) - centre).norm(dim=1)
        return max(float(far.max()) - RADIUS, 0.1 * (time - t)) + 1e-3

    inside.terminal = True
    values, vectors = torch.linalg.eigh(matrix)
    options = {"dense_output": True, "events": inside, "rtol": 1e-10, "atol": 1e-12}
    path = solve_ivp(speed, (0, time + 6 / float(values[0])), points.numpy().ravel(), "DOP853", **options).sol
    ends = []
    for k in range(count):

        def offset(t: float, k: int = k) -> Tensor:
            return torch.from_numpy(path(t).reshape(count, -1)[k]) - centre

        crossing = brentq(lambda t, of=offset: float(of(t).norm()) - RADIUS, 0, path.t_max, xtol=1e-13)
        ends.append(vectors @ (torch.exp(values * (crossing - time)) * (vectors.T @ offset(crossing))))
    return torch.stack(ends)


@claim(
    "thm-sta-hartman",
    source="hartman1960: whole; poggio: Hartman Grobman Theorem; own",
    check=equals(carried, on=hyperbolic_minima, tolerance=1e-7),
    wrong={
        r"$e^{+Ht}$": {"rate": 1.0},
        "the points themselves": lambda h, matrix, time, loss, centre, points: (
            (points - centre) @ torch.linalg.matrix_exp(-time * matrix)
        ),
        "only the least eigenvalue": lambda h, matrix, time, *_: (
            h * math.exp(-time * float(torch.linalg.eigvalsh(matrix)[0]))
        ),
    },
)
def hartman(h, matrix, time, *_, rate=-1.0):
    return h @ torch.linalg.matrix_exp(rate * time * matrix)


# Twins of a ReLU neuron


def split_neurons(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(incoming weights of one neuron that is best, outgoing weight, shares of its copies): some shares are small."""
    for count in (2, 3, 5):
        w = normal(generator, 3)
        shares = sizes(generator, count)
        yield w, w.norm() * (1 if count == 3 else -1), shares / shares.sum()


def best_alone(w: Tensor, v: Tensor, penalty: float = 0.2) -> tuple[Tensor, Tensor]:
    """Data for which the neuron v (w·x)₊ is a minimum with this penalty: half of the inputs are seen."""
    x = normal(torch.Generator().manual_seed(5), 12, 3)
    seen = (x @ w > 0).double()
    features = x * seen[:, None]
    # residuals ε with Σ ε x 1 = −λ w / v: the least ones
    residual = torch.linalg.pinv(features.T) @ (-penalty * w / v)
    return x, (v * torch.relu(x @ w) - residual)[:, None]


def copies(w: Tensor, v: Tensor, shares: Tensor, power: float = 0.5) -> Multilayer:
    return Multilayer((torch.outer(shares**power, w), v * shares[None] ** power), "relu")


def of_one(w: Tensor, v: Tensor, shares: Tensor) -> dict[str, Tensor | int]:
    """Function and squared norm of the neuron alone, and what the library finds at its copies."""
    x, y = best_alone(w, v)
    found = copies(w, v, shares)
    zeros = flat_directions(found, square_loss(found, x, y, penalty=0.2), x).counts
    alone = {"function": (v * torch.relu(x @ w))[:, None], "squared norm": w.square().sum() + v**2}
    return {**alone, "zeros": zeros["twins"], "rest": zeros["rest"]}


@claim(
    "prop-sta-twins",
    source="own",
    check=equals(of_one, on=split_neurons),
    wrong={"shares instead of their roots": {"power": 1.0}, "a zero for each copy": {"less": 0}},
)
def twins(w, v, shares, *, power=Exponent(0.5), less=1):
    split, (x, _) = copies(w, v, shares, power), best_alone(w, v)
    same = {"function": split(x), "squared norm": split.vector.square().sum()}
    return {**same, "zeros": len(shares) - less, "rest": 0}


# A penalty that vanishes


def quadratic_forms(generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """(inputs (2, 3), targets): f(x) = (w·x)² has more weights than data, and fits them in four ways up to sign."""
    for _ in range(2):
        yield normal(generator, 2, 3), sizes(generator, 2)


def regularized(_: Generator, size: float, x: Tensor, y: Tensor) -> Tensor:
    """The squared norm of the best minimum with penalty 1/size: Newton's method from many starts, smallest loss."""
    w, eye = normal(torch.Generator().manual_seed(3), 40, 3), torch.eye(3, dtype=torch.float64)
    for _ in range(80):
        s = w @ x.T  # (40, 2)
        slope = 2 * (s**2 - y) * s @ x + w / size
        weights = (6 * s**2 - 2 * y).clamp(min=2 * s**2)  # positive away from minima too
        w = w - torch.linalg.solve(torch.einsum("sn,np,nq->spq", weights, x, x) + eye / size, slope)
    loss = 0.5 * ((w @ x.T) ** 2 - y).square().sum(1) + 0.5 * w.square().sum(1) / size
    return w[loss.argmin()].square().sum()


def interpolants(x: Tensor, y: Tensor) -> Tensor:
    """Squared norms of all w with (w·x_n)² = y_n that lie in the span of the data: one for each choice of signs."""
    signs = torch.tensor(list(product((-1.0, 1.0), repeat=len(y))), dtype=torch.float64)
    return (torch.linalg.pinv(x) @ (signs * y.sqrt()).T).square().sum(0)


@claim(
    "prop-sta-vanishing",
    source="own",
    check=tends_to(regularized, (1e3, 2e3), on=quadratic_forms, order=1.0, tolerance=0.01),
    wrong={
        "any interpolant, such as the largest": lambda x, y: interpolants(x, y).max(),
        "all signs positive": lambda x, y: (
            interpolants(x, y)[-1] * (1 + (interpolants(x, y)[-1] < 1.01 * interpolants(x, y).min()))
        ),
    },
)
def vanishing(x, y, *, factor=1.0):
    return factor * interpolants(x, y).min()


# Saddles of linear networks


def critical_points(generator: Generator) -> Iterator[tuple[Tensor, tuple[int, ...], int]]:
    """(singular values, which are learned, hidden width): all subsets of three, with and without a free neuron."""
    values = torch.tensor([2.7, 1.9, 1.1], dtype=torch.float64) + uniform(generator, 3, low=-0.2, high=0.2)
    for chosen in ((), (0,), (1,), (2,), (0, 2), (1, 2), (0, 1)):
        for hidden in {max(len(chosen), 1), 3}:
            yield values, chosen, hidden


def at_critical_point(values: Tensor, chosen: tuple[int, ...], hidden: int) -> dict[str, Tensor]:
    """Loss and least eigenvalue there, in random bases, by differentiating the loss."""
    draw = torch.Generator().manual_seed(7)
    left, right = (torch.linalg.qr(normal(draw, size, 3)).Q for size in (3, 4))
    turn = torch.linalg.qr(normal(draw, hidden, hidden)).Q[:, : len(chosen)]
    root = values[list(chosen)].sqrt()
    net = Multilayer((turn * root @ right[:, list(chosen)].T, left[:, list(chosen)] * root @ turn.T), "linear")
    loss = square_loss(net, torch.eye(4, dtype=torch.float64), right @ torch.diag(values) @ left.T)
    slope = torch.func.grad(loss)(net.vector).abs().max()
    least = -sharpness(lambda theta: -loss(theta), net.vector, tolerance=1e-12)
    return {"loss": loss(net.vector), "least eigenvalue": least, "gradient": 1 + slope}


@claim(
    "thm-sta-saddles",
    source="baldi1989: section 3; kawaguchi2016: theorem 2.3; own",
    check=equals(at_critical_point, on=critical_points, tolerance=1e-8, floor=1.0),
    wrong={
        "a free neuron changes nothing": lambda values, chosen, hidden: saddles.formula(values, chosen, len(chosen)),
        "the least value that is missing": {"strongest": min},
    },
)
def saddles(values, chosen, hidden, *, half=0.5, pull=1.0, hold=1.0, strongest=max):
    missing = [float(one) for k, one in enumerate(values) if k not in chosen]
    held = min((float(values[k]) for k in chosen), default=0.0) if hidden == len(chosen) else 0.0
    least = min(0.0, hold * held - pull * strongest(missing))
    return {"loss": half * sum(one**2 for one in missing), "least eigenvalue": least, "gradient": 1.0}


# The exponential loss at fixed norm


def separable(generator: Generator) -> Iterator[tuple[Tensor, float, float, Tensor]]:
    """(z = y x, the norm ρ, λ, the best direction): z·e₁ > 0 for all; more data than dimensions, and fewer."""
    for count, dimension in ((7, 3), (3, 5)):
        z = normal(generator, count, dimension)
        z, rho = torch.cat([z[:, :1].abs() + 0.2, z[:, 1:]], 1), float(sizes(generator, 1))
        yield z, rho, float(sizes(generator, 1)), on_sphere(z, rho)


def on_sphere(z: Tensor, rho: float) -> Tensor:
    """The direction of least Σ e^{−ρ z·u}: that of the minimum with the penalty which makes its norm ρ."""
    eye = torch.eye(z.shape[1], dtype=torch.float64)

    def best(log_penalty: float) -> Tensor:
        w, penalty = 0 * z[0], math.exp(log_penalty)
        for _ in range(60):  # Newton's method, with steps of at most 1
            weights = torch.exp(-z @ w)
            step = torch.linalg.solve((z.T * weights) @ z + penalty * eye, weights @ z - penalty * w)
            w = w + step / max(1.0, float(step.norm()))
        return w

    def excess(log_penalty: float) -> float:
        return math.log(float(best(log_penalty).norm()) / rho)

    low = 10.0  # such a penalty holds the norm below any ρ of these problems; lower ones, until one lets it exceed ρ
    while excess(low) <= 0:
        low -= 2
    found = best(brentq(excess, low, low + 2, xtol=1e-14))
    return found / found.norm()


def in_coordinates(z: Tensor, rho: float, penalty: float, u: Tensor) -> dict[str, Tensor]:
    """Second derivatives along great circles through the best direction, and of the penalized loss at any point."""
    tangent = torch.linalg.svd(u[None])[2][1:]  # (d − 1, d)

    def loss(t: Tensor) -> Tensor:
        at = u + t @ tangent
        return torch.exp(-rho * z @ (at / at.norm())).sum()

    flat = dense(lambda w: torch.exp(-z @ w).sum() + 0.5 * penalty * w @ w, z[0] / z[0].norm())
    return {"sphere": torch.linalg.eigvalsh(dense(loss, 0 * tangent[:, 0])), "penalized": flat}


@claim(
    "prop-sta-normalized",
    source="poggio: Normalization; poggio: Regularization for linear nets with exp loss; own",
    check=equals(in_coordinates, on=separable),
    wrong={
        "without the pull of the sphere": {"pull": 0.0},
        r"$-\sum x x^\top e^{-w \cdot x} - \lambda I$": {"curve": -1.0, "shrink": -1.0},
    },
)
def normalized(z, rho, penalty, u, *, spread=1.0, pull=1.0, curve=1.0, shrink=1.0):
    weight = torch.exp(-rho * z @ u)
    tangent = torch.linalg.svd(u[None])[2][1:]
    across = z @ tangent.T
    sphere = spread * rho**2 * (across.T * weight) @ across + pull * rho * (weight @ (z @ u)) * torch.eye(
        len(tangent), dtype=torch.float64
    )
    w = z[0] / z[0].norm()
    penalized = curve * (z.T * torch.exp(-z @ w)) @ z + shrink * penalty * torch.eye(len(w), dtype=torch.float64)
    return {"sphere": torch.linalg.eigvalsh(sphere), "penalized": penalized}
