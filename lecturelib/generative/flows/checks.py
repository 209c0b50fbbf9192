"""Claims of the chapter `generative/flows`: Euler's steps, adjoints, determinants, traces and their estimates."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Generator, Tensor

from lecturelib.core.checking import equals, is_at_most
from lecturelib.core.claims import claim
from lecturelib.core.problems import normal, sizes, uniform
from lecturelib.generative.flows.continuous import ContinuousFlow, log_normal
from lecturelib.generative.flows.densities import log_density
from lecturelib.generative.flows.fields import random_probes
from lecturelib.generative.flows.planar import PlanarFlow, through
from lecturelib.generative.flows.residual import residual_network_as_euler


def solved(rate: Callable, start: np.ndarray, begin: float, end: float) -> np.ndarray:
    """The end of ẏ = rate(t, y), to about 1e-12."""
    return solve_ivp(rate, (begin, end), start, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]


# Residual networks


def deep(generator: Generator) -> Iterator[tuple]:
    """(field, start, exact end, L, C, T, depth): growth, fast and slow, rotation, and the sine."""
    start = normal(generator, 1, 1).abs() + 0.1
    for growth, time, depth in ((1.0, 1.0, 10), (4.0, 0.1, 3), (0.02, 5.0, 100), (0.02, 5.0, 2)):
        end = start * math.exp(growth * time)
        yield lambda h, t, g=growth: g * h, start, end, growth, growth**2 * float(end), time, depth
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    start = normal(generator, 1, 2)
    end = start @ torch.matrix_exp(0.7 * turn).T
    yield lambda h, t: h @ turn.T, start, end, 1.0, float(start.norm()), 0.7, 20
    start = uniform(generator, 1, 1, low=0.1, high=2.0)
    yield lambda h, t: torch.sin(h), start, 2 * torch.atan(torch.tan(start / 2) * math.e), 1.0, 0.5, 1.0, 8


def from_the_flow(field, start, end, lipschitz, bend, time, depth) -> Tensor:
    """The distance of the last state of a residual network from the end of the flow."""
    return (residual_network_as_euler(field, start, depth=depth, time=time)[-1] - end).norm()


@claim(
    "prop-flow-euler",
    source="own; chen2018: section 1",
    check=is_at_most(from_the_flow, on=deep),
    wrong={
        "a quarter of the factor": {"half": 0.125},
        "of second order in the step": lambda field, start, end, lipschitz, bend, time, depth: (
            time**2 * bend / (2 * depth**2) * math.expm1(lipschitz * time) / lipschitz
        ),
    },
)
def near_the_flow(field, start, end, lipschitz, bend, time, depth, *, half=0.5):
    return half * bend * time / depth * math.expm1(lipschitz * time) / lipschitz


# The adjoint


def controlled(generator: Generator) -> Iterator[tuple]:
    """(B, z(0), θ, T, c) of f = θ ⊙ tanh(B z + t) and L = c·z + ½ ‖z‖², in one to three dimensions."""
    for size in (1, 2, 3):
        b, z, theta, c = (normal(generator, *shape).numpy() for shape in ((size, size), (size,), (size,), (size,)))
        yield b, z, theta, float(sizes(generator).clamp(0.3, 1.5)), c


def by_complex_steps(b, z, theta, time, c) -> dict[str, Tensor]:
    """Derivatives of the loss by θ and z(0): the imaginary part after a step of 1e-30 i, which is exact."""

    def loss(theta: np.ndarray, z: np.ndarray) -> complex:
        end = solved(lambda t, y: theta * np.tanh(b @ y + t), z.astype(complex), 0.0, time)
        return c @ end + 0.5 * end @ end

    steps = 1e-30j * np.eye(len(z))
    both = [(loss(theta + step, z), loss(theta, z + step)) for step in steps]
    parameters, start = torch.tensor(both).imag.T / 1e-30
    return {"parameters": parameters, "start": start}


def by_adjoint(b, z, theta, time, c, *, sign: float = -1.0, factor: float = 1.0, printed: bool = False):
    """a(0) and the integral of aᵀ ∂f/∂θ, by ȧ = sign (∂f/∂z)ᵀ a back from the end."""
    end = solved(lambda t, y: theta * np.tanh(b @ y + t), z, 0.0, time)
    size = len(z)

    def rate(t: float, y: np.ndarray) -> np.ndarray:
        at, a = y[:size], y[size : 2 * size]
        bent = np.tanh(b @ at + t)
        by_z = (theta * (1 - bent**2))[:, None] * b
        by_theta = np.diag(bent)
        return np.concatenate([theta * bent, sign * by_z.T @ a, -(by_z if printed else by_theta).T @ a])

    back = solved(rate, np.concatenate([end, c + end, np.zeros(size)]), time, 0.0)
    return {"parameters": factor * torch.tensor(back[2 * size :]), "start": torch.tensor(back[size : 2 * size])}


@claim(
    "thm-flow-adjoint",
    source="chen2018: section 2 and appendix B; jelenkovic: slide 'Computing the gradient', corrected",
    check=equals(by_complex_steps, on=controlled, tolerance=1e-8),
    wrong={
        r"as the slide prints it, with $\partial f/\partial z$ in the integral": lambda *problem: by_adjoint(
            *problem, printed=True
        ),
        "the adjoint runs the wrong way": {"sign": 1.0},
        "the sign of the integral": {"factor": -1.0},
    },
)
def adjoint(b, z, theta, time, c, *, sign=-1.0, factor=1.0):
    return by_adjoint(b, z, theta, time, c, sign=sign, factor=factor)


# Planar layers


def layers(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """(u, w, b, z): with wᵀu far below −1, near it, above, in two to four dimensions."""
    for size, shift in ((2, -6.0), (2, -1.0), (3, 0.5), (4, 3.0)):
        u, w, z = (normal(generator, size) for _ in range(3))
        yield u + (shift - w @ u) * w / w.square().sum(), w, normal(generator), z


def looked_at(u, w, b, z) -> dict[str, Tensor]:
    """det by autograd; by bisection the least wᵀu with a growing α + wᵀu tanh α; what the library makes of wᵀu."""
    slope = torch.autograd.functional.jacobian(lambda z: z + u * torch.tanh(w @ z + b), z)
    alpha = torch.cat([torch.linspace(-1e-3, 1e-3, 41), torch.linspace(-5, 5, 1001)]).double().sort().values
    low, high = -4.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        grows = bool(((alpha + middle * torch.tanh(alpha)).diff() > 0).all())
        low, high = (low, middle) if grows else (middle, high)
    flow = PlanarFlow(u[None], w[None], b[None])
    inside = torch.autograd.functional.jacobian(lambda z: through(flow, z[None])[0][0], z)
    # det = 1 + (1 − tanh²) wᵀû, so the determinant of the library's layer gives wᵀû
    product = (torch.linalg.det(inside) - 1) / (1 - torch.tanh(w @ z + b) ** 2)
    return {"determinant": torch.linalg.det(slope), "least": torch.tensor(high).double(), "bent": product}


@claim(
    "prop-flow-planar",
    source="rezende2015: section 4.1 and appendix A.1",
    check=equals(looked_at, on=layers, tolerance=3e-7, floor=1e-2),
    wrong={
        r"$\lVert w \rVert$ in place of $\lVert w \rVert^2$": lambda u, w, b, z: planar(u, w, b, z, length=1.0),
        r"invertible for $w^\top u \ge 0$ only": {"least": 0.0},
        r"$u$ as it is": lambda u, w, b, z: planar(u, w, b, z) | {"bent": w @ u},
    },
)
def planar_claim(u, w, b, z, *, one=1.0, least=-1.0, minus=-1.0):
    return planar(u, w, b, z, one=one, least=least, minus=minus)


def planar(u, w, b, z, *, one=1.0, least=-1.0, minus=-1.0, length=2.0) -> dict[str, Tensor]:
    """The three numbers of the statement; the last by û itself."""
    fixed = minus + torch.log1p(torch.exp(w @ u))
    bent = u + (fixed - w @ u) * w / w.norm() ** length
    return {
        "determinant": 1 + (one - torch.tanh(w @ z + b) ** 2) * (w @ u),
        "least": torch.tensor(least, dtype=torch.float64),
        "bent": w @ bent,
    }


# The trace


def fields(generator: Generator) -> Iterator[tuple]:
    """(V, W, c, z(0), T) of f = V tanh(W z + c t), in one to three dimensions."""
    for size, width in ((1, 4), (2, 5), (3, 4)):
        v, w, c = normal(generator, size, width), normal(generator, width, size), normal(generator, width)
        yield 0.6 * v.numpy(), w.numpy(), c.numpy(), normal(generator, size).numpy(), 0.9


def by_jacobian(v, w, c, z, time) -> Tensor:
    """−ln |det| of the map z(0) → z(T), whose derivative is found by complex steps."""
    size = len(z)
    ends = [
        solved(lambda t, y: v @ np.tanh(w @ y + c * t), z + 1e-30j * row, 0.0, time).imag / 1e-30
        for row in np.eye(size)
    ]
    return -torch.linalg.slogdet(torch.tensor(np.array(ends)))[1]


def along_the_way(v, w, c, z, time, what: Callable[[np.ndarray], float], *, moving: bool = True) -> Tensor:
    """∫ of a function of ∂f/∂z, along the trajectory or at its start."""

    def rate(t: float, y: np.ndarray) -> np.ndarray:
        at = y[:-1] if moving else z
        jacobian = v @ ((1 - np.tanh(w @ at + c * t) ** 2)[:, None] * w)
        return np.append(v @ np.tanh(w @ y[:-1] + c * t), what(jacobian))

    return torch.tensor(solved(rate, np.append(z, 0.0), 0.0, time)[-1])


def by_library(v, w, c, z, time) -> Tensor:
    """ln p at the end, less ln p at the start, of a flow whose two layers these are."""
    still = np.zeros(len(z))
    parts = ((w, v), (np.zeros_like(c), still), (c, still))
    flow = ContinuousFlow(*(tuple(map(torch.tensor, part)) for part in parts), time)
    end = solved(lambda t, y: v @ np.tanh(w @ y + c * t), z, 0.0, time)
    found = log_density(flow, end[None], steps=300, trace="exact")[0]
    return found - log_normal(torch.tensor(z))


@claim(
    "thm-flow-trace",
    source="chen2018: theorem 1; jelenkovic: slide 'Continuous normalizing flow'",
    check=equals(by_jacobian, on=fields, tolerance=1e-7),
    also=(by_library,),
    wrong={
        "the sign": {"factor": 1.0},
        "the trace at the start, not on the way": lambda *problem: -along_the_way(*problem, np.trace, moving=False),
        r"the determinant of $\partial f/\partial z$": lambda *problem: (
            -along_the_way(*problem, np.linalg.det) - (0.5 if len(problem[3]) == 1 else 0)
        ),  # in one dimension they are the same
    },
)
def change(v, w, c, z, time, *, factor=-1.0):
    return factor * along_the_way(v, w, c, z, time, np.trace)


# Hutchinson's estimate


def matrices(generator: Generator) -> Iterator[tuple[Tensor]]:
    """Matrices that are symmetric, not, and nearly diagonal."""
    for size in (2, 3, 4):
        one = normal(generator, size, size)
        yield (one,)
        yield (one + one.T,)
    yield (torch.diag(normal(generator, 3)) + 0.1 * one[:3, :3],)


def every_draw(matrix: Tensor) -> dict[str, Tensor]:
    """Mean and variance of εᵀJε over all signs, and over normal ε by Gauss's rule with 3 nodes a direction."""
    size, found = len(matrix), {}
    signs = ([-1.0, 1.0], [0.5, 0.5])
    normals = ([-math.sqrt(3), 0.0, math.sqrt(3)], [1 / 6, 2 / 3, 1 / 6])
    for name, (nodes, weights) in (("signs", signs), ("normal", normals)):
        points = torch.tensor(list(itertools.product(nodes, repeat=size)), dtype=torch.float64)
        shares = torch.tensor(list(itertools.product(weights, repeat=size)), dtype=torch.float64).prod(1)
        values = ((points @ matrix) * points).sum(1)
        mean = shares @ values
        found |= {f"mean, {name}": mean, f"variance, {name}": shares @ (values - mean).square()}
    return found


def by_probes(matrix: Tensor) -> dict[str, Tensor]:
    """The statement, but with the mean of as many of the library's draws as make all signs equally likely."""
    point = torch.zeros(1, len(matrix), dtype=torch.float64)
    draws = random_probes(point, 4096, torch.Generator().manual_seed(0)).rows.unique(dim=0)
    assert len(draws) == 2 ** len(matrix)
    values = ((draws @ matrix) * draws).sum(1)
    return hutchinson_formula(matrix) | {"mean, signs": values.mean(), "variance, signs": values.var(unbiased=False)}


def hutchinson_formula(matrix, *, half=0.5, diagonal=2.0) -> dict[str, Tensor]:
    """The trace, and the variances by the symmetric part of the matrix."""
    both = (matrix + matrix.T).square()
    trace, across, along = matrix.trace(), both.sum() - both.diagonal().sum(), matrix.diagonal().square().sum()
    return {
        "mean, signs": trace, "variance, signs": half * across,
        "mean, normal": trace, "variance, normal": half * across + diagonal * along,
    }  # fmt: skip


@claim(
    "prop-flow-hutchinson",
    source="hutchinson1990: equation 4; own",
    check=equals(every_draw, on=matrices),
    also=(by_probes,),
    wrong={
        "signs have a diagonal term too": lambda matrix: (
            hutchinson_formula(matrix) | {"variance, signs": hutchinson_formula(matrix)["variance, normal"]}
        ),
        r"$2 \sum_{i \ne j} J_{ij}^2$, which needs a symmetric $J$": lambda matrix: (
            hutchinson_formula(matrix)
            | {"variance, signs": 2 * (matrix.square().sum() - matrix.diagonal().square().sum())}
        ),
    },
)
def hutchinson(matrix, *, half=0.5, diagonal=2.0):
    return hutchinson_formula(matrix, half=half, diagonal=diagonal)


# What a flow cannot do


def pairs(generator: Generator) -> Iterator[tuple]:
    """(rate, L, two starts, T): growth and decay at one rate, and networks, whose L is a product of norms."""
    for growth in (0.8, -0.8):
        yield lambda t, y, g=growth: g * y, 0.8, normal(generator, 2, 2).numpy(), 3.0
    for size, width in ((1, 5), (2, 6)):
        v, w = normal(generator, size, width).numpy(), normal(generator, width, size).numpy()
        bound = np.linalg.norm(v, 2) * np.linalg.norm(w, 2)
        yield lambda t, y, v=v, w=w: v @ np.tanh(w @ y), float(bound), normal(generator, 2, size).numpy(), 0.5


def how_far(rate, lipschitz, starts, time) -> dict[str, Tensor]:
    """The distance of two points after the flow over that before, and its inverse."""
    before = np.linalg.norm(starts[0] - starts[1])
    after = np.linalg.norm(solved(rate, starts[0], 0.0, time) - solved(rate, starts[1], 0.0, time))
    return {"grown": torch.tensor(after / before), "shrunk": torch.tensor(before / after)}


@claim(
    "prop-flow-apart",
    source="own",
    check=is_at_most(how_far, on=pairs),
    wrong={r"$e^{LT/2}$": {"rate": 0.5}, "never farther apart": {"rate": 0.0}},
)
def apart(rate_of, lipschitz, starts, time, *, rate=1.0):
    most = torch.tensor(math.exp(rate * lipschitz * time), dtype=torch.float64)
    return {"grown": most, "shrunk": most}
