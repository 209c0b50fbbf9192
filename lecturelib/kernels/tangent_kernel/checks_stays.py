"""Claims of the chapter `kernels/tangent_kernel`: that the kernel stays while a network trains, and why.

Of the theorem on wide networks the bound of the Hessian is checked; the limit that follows is proved on the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Generator, Tensor
from torch.func import hessian, jacrev
from torch.linalg import matrix_norm

from lecturelib.core.checking import is_at_most
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform

Residuals = Callable[[Tensor], Tensor]  # θ → ε, (P,) → (N,), with the start at θ = 0
ERF_SLOPE = 2 / math.sqrt(math.pi)  # the largest |φ'| of erf, at 0, and |φ''|, at 1/√2
ERF_BEND = 2 * math.sqrt(2 / (math.pi * math.e))

# What a small Hessian does


def _quadratic(jacobian: Tensor, hessians: Tensor, start: Tensor) -> Residuals:
    return lambda theta: start + jacobian @ theta + 0.5 * torch.einsum("npq,p,q->n", hessians, theta, theta)


def _bounded_models(generator: Generator) -> Iterator[tuple]:
    """Residuals of a model by its parameters, their number, a bound of all Hessians, a time in units of 1/λ.

    Among them the worst case, in which all outputs bend alike along the slowest direction; and networks.
    """
    for count, size, share, time in ((1, 1, 0.9, 8.0), (3, 5, 0.6, 6.0), (2, 4, 0.05, 1.5), (4, 4, 0.99, 3.0)):
        left, right = (torch.linalg.qr(normal(generator, n, n)).Q for n in (count, size))
        slowest, along = torch.full((count,), count**-0.5, dtype=torch.float64), right[0]
        left = torch.linalg.qr(torch.cat([slowest[:, None], left[:, 1:]], 1)).Q
        left = left * torch.sign(left[:, 0] @ slowest)
        stretch = 1 + 0.3 * torch.arange(count, dtype=torch.float64)
        bend = -uniform(generator, 1, low=0.5, high=2.0) * torch.outer(along, along)
        far = share / (2 * count**0.5 * float(-torch.trace(bend)))  # κ = share, as λ = 1
        yield (
            _quadratic((left * stretch) @ right[:count], bend.expand(count, -1, -1), -far * slowest),
            size,
            float(-torch.trace(bend)),
            time,
        )
    jacobian, bends = normal(generator, 3, 6), normal(generator, 3, 6, 6)
    bends, start = 0.02 * (bends + bends.mT), normal(generator, 3)
    bound = float(torch.linalg.eigvalsh(bends).abs().max())
    least = float(torch.linalg.svdvals(jacobian)[-1]) ** 2
    start *= 0.4 * least / (2 * 3**0.5 * bound * float(start.norm()))
    yield _quadratic(jacobian, bends, start), 6, bound, 1.0
    residuals, size, bound = _network(generator)
    yield residuals, size, bound, 1.0


def _network(generator: Generator, width: int = 400) -> tuple[Residuals, int, float]:
    """One hidden layer of erf on two inputs of the plane, with a bound of its Hessians where the flow can come."""
    x = torch.tensor([[1.2, 0.3], [-0.6, 0.9]], dtype=torch.float64)
    w, b, v = normal(generator, width, 2), normal(generator, width), normal(generator, width)

    def outputs(theta: Tensor) -> Tensor:
        inner = (w + theta[: 2 * width].reshape(width, 2)) @ x.T / math.sqrt(2)
        inner = inner + (b + theta[2 * width : -width])[:, None]
        return (v + theta[-width:]) @ torch.erf(inner) / math.sqrt(width)

    begin = torch.zeros(4 * width, dtype=torch.float64)
    y = outputs(begin) + 0.3 * normal(generator, 2)
    least = float(torch.linalg.svdvals(jacrev(outputs)(begin))[-1])
    reach = 2 * float((outputs(begin) - y).norm()) / least
    q = float((x.square().sum(1) / 2 + 1).max())
    bound = (ERF_SLOPE * math.sqrt(q) + ERF_BEND * q * (float(v.abs().max()) + reach)) / math.sqrt(width)
    return lambda theta: outputs(theta) - y, 4 * width, bound


def _start(residuals: Residuals, size: int) -> tuple[Tensor, Tensor]:
    begin = torch.zeros(size, dtype=torch.float64)
    return residuals(begin), jacrev(residuals)(begin)


def _along_the_flow(residuals: Residuals, size: int, bound: float, time: float) -> dict[str, float]:
    """By the method of Runge and Kutta: length of the path, largest change of J, and ‖ε‖ at a time."""
    _, first = _start(residuals, size)
    fastest, least = (float(one) ** 2 for one in torch.linalg.svdvals(first)[[0, -1]])
    count = max(24, math.ceil(2 * fastest * time / least))  # steps to the time
    both = jacrev(lambda theta: (residuals(theta),) * 2, has_aux=True)
    theta, step = torch.zeros(size, dtype=torch.float64), time / least / count
    found = {"path": 0.0, "change": 0.0}

    def pull(theta: Tensor) -> Tensor:
        jacobian, values = both(theta)
        return -jacobian.T @ values

    for taken in range(8 * count):
        one = pull(theta)
        two = pull(theta + step / 2 * one)
        three = pull(theta + step / 2 * two)
        move = step / 6 * (one + 2 * two + 2 * three + pull(theta + step * three))
        theta = theta + move
        found["path"] += float(move.norm())
        if taken + 1 == count:
            found["residual"] = float(residuals(theta).norm())
        if taken % 10 == 9:
            found["change"] = max(found["change"], float(matrix_norm(jacrev(residuals)(theta) - first, 2)))
    return found


@claim(
    "thm-ntk-lazy",
    source="own",
    check=is_at_most(_along_the_flow, on=_bounded_models, tolerance=1e-6),
    wrong={
        r"$\kappa$ without the factor 2": {"twice": 1.0},
        r"$\kappa$ without $\sqrt N$": {"data": Exponent(0)},
        "the rate of the linear model": {"lost": 0.0},
    },
)
def lazy(residuals, size, bound, time, *, twice=2.0, data=Exponent(0.5), lost=1.0, rate=1.0, length=1.0, change=1.0):
    start, jacobian = _start(residuals, size)
    least, spread = float(torch.linalg.svdvals(jacobian)[-1]) ** 2, len(start) ** data
    kappa = twice * spread * bound * float(start.norm()) / least
    used = 1 - math.sqrt(max(0.0, 1 - kappa))
    return {
        "path": length * math.sqrt(least) / (spread * bound) * used,
        "change": change * math.sqrt(least) * used,
        "residual": float(start.norm()) * math.exp(-rate * (1 - lost * kappa) * time),
    }


# The Hessian of a wide network


def _balls(generator: Generator) -> Iterator[tuple]:
    """Input, weights, scales, and a ball around them; the neuron of the largest |v| bends most, or is steepest."""
    for width, dimension, reach, bending in (
        (1, 2, 4.0, True),
        (5, 1, 0.5, True),
        (8, 3, 1.0, True),
        (3, 2, 0.01, False),
    ):
        weight_scale, bias_scale = uniform(generator, 2, low=0.5, high=1.5).tolist()
        x, w, v = normal(generator, dimension), normal(generator, width, dimension), normal(generator, width)
        b = normal(generator, width)
        most, v = int(v.abs().argmax()), v if bending else 0.01 * v
        place = math.sqrt(0.5) if bending else 0.0  # of the largest |φ''|, and of the largest φ'
        b[most] = (place - weight_scale / math.sqrt(dimension) * float(w[most] @ x)) / bias_scale
        yield x, w, b, v, weight_scale, bias_scale, reach, normal(generator, 8, width * (dimension + 2))


def _largest_hessian(x, w, b, v, weight_scale, bias_scale, reach, ways) -> float:
    """The largest norm of the Hessian by autograd, at points of the ball; at one of them the largest |v| has grown."""
    width, dimension = w.shape
    begin = torch.cat([w.flatten(), b, v])

    def output(theta: Tensor) -> Tensor:
        inner = weight_scale / math.sqrt(dimension) * theta[: width * dimension].reshape(width, dimension) @ x
        inner = inner + bias_scale * theta[width * dimension : -width]
        return weight_scale / math.sqrt(width) * theta[-width:] @ torch.erf(inner)

    grown = torch.zeros_like(begin)
    most = int(v.abs().argmax())
    grown[width * (dimension + 1) + most] = reach * torch.sign(v[most])
    moves = [torch.zeros_like(begin), grown, *(reach * one / one.norm() for one in ways)]
    return max(float(torch.linalg.eigvalsh(hessian(output)(begin + move)).abs().max()) for move in moves)


@claim(
    "thm-ntk-stays",
    source="own",
    check=is_at_most(_largest_hessian, on=_balls),
    wrong={
        r"a Hessian of order $1/m$": {"power": Exponent(-1)},
        "weights that stay where they are": {"reached": 0.0},
        r"without what $\varphi''$ adds": {"second": 0.0},
    },
)
def stays(x, w, b, v, weight_scale, bias_scale, reach, ways, *, power=Exponent(-0.5), first=1.0, second=1.0,
          reached=1.0, root=Exponent(0.5)):  # fmt: skip
    q = weight_scale**2 / len(x) * float(x @ x) + bias_scale**2
    largest = float(v.abs().max()) + reached * reach
    return weight_scale * len(v) ** power * (first * ERF_SLOPE * q**root + second * ERF_BEND * q * largest)
