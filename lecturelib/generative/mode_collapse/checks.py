"""Claims of the chapter `generative/mode_collapse`: minimax points, what is stable under which step, and bridges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor
from torch.autograd.functional import hessian, jacobian

from lecturelib.core.checking import equals, is_at_most
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform
from lecturelib.core.small_networks import Layout
from lecturelib.generative.mode_collapse.bridges import NORMAL, least_between, most_beyond
from lecturelib.generative.mode_collapse.games import Game, small_game, spectrum

# Along the ridge


def positive(generator: Generator, size: int) -> Tensor:
    """A positive definite matrix."""
    root = normal(generator, size, size)
    return root @ root.T + 0.3 * torch.eye(size, dtype=torch.float64)


def ridged(generator: Generator) -> Iterator[tuple[Callable, Callable, Tensor]]:
    """(f, best reply of y, x): f = g(x) + yᵀ h(x) − ½ e^{w·x} yᵀ C y, whose best reply is known, in several sizes."""
    for n, m in ((1, 1), (2, 3), (3, 1)):
        a, b, c = normal(generator, n, n), normal(generator, m, n), positive(generator, m)
        w, third = 0.3 * normal(generator, n), normal(generator, n)

        def h(x: Tensor, b=b) -> Tensor:
            return b @ torch.sin(x) + x.square().sum()

        def f(x: Tensor, y: Tensor, a=a, c=c, w=w, third=third, h=h) -> Tensor:
            return x @ a @ x + third @ x**3 + y @ h(x) - 0.5 * torch.exp(w @ x) * (y @ c @ y)

        def reply(x: Tensor, c=c, w=w, h=h) -> Tensor:
            return torch.exp(-w @ x) * torch.linalg.solve(c, h(x))

        yield f, reply, 0.5 * normal(generator, n)


def along(f: Callable, reply: Callable, x: Tensor) -> dict[str, Tensor]:
    """Slope and curvature of x ↦ f(x, r(x)), by autograd through the known reply."""

    def ridge(x: Tensor) -> Tensor:
        return f(x, reply(x))

    return {"slope": jacobian(ridge, x), "curvature": hessian(ridge, x)}


def by_blocks(f: Callable, reply: Callable, x: Tensor) -> dict[str, Tensor]:
    """The same by `Blocks`."""
    y = reply(x)
    parts = Game(f, (len(x), len(y))).blocks(torch.cat([x, y]))
    return {"slope": parts.gradient[: len(x)], "curvature": parts.schur}


@claim(
    "thm-collapse-minimax",
    source="wangridge2020: section 2; own",
    check=equals(along, on=ridged, tolerance=1e-9),
    also=(by_blocks,),
    wrong={"a plus sign": {"factor": -1.0}, r"$H_{xx}$ alone": {"factor": 0.0}},
)
def curved(f, reply, x, *, factor=1.0, slope=1.0):
    y, n = reply(x), len(x)
    (xx, xy), (_, yy) = hessian(f, (x, y))
    curvature = xx - factor * xy @ torch.linalg.solve(yy, xy.T)
    return {"slope": slope * jacobian(f, (x, y))[0][:n], "curvature": curvature}


# Simultaneous steps


def quadratic(h: Tensor, n: int) -> Game:
    """½ zᵀ H z."""
    return Game(lambda x, y: 0.5 * torch.cat([x, y]) @ h @ torch.cat([x, y]), (n, len(h) - n))


def stable_games(generator: Generator) -> Iterator[tuple[Tensor, int]]:
    """(H, n) for which descent-ascent is stable for small steps: minimax points, also one that is none."""
    for n, m in ((1, 1), (2, 1), (2, 3)):
        h = torch.zeros(n + m, n + m, dtype=torch.float64)
        h[:n, :n], h[n:, n:] = positive(generator, n), -positive(generator, m)
        h[:n, n:] = normal(generator, n, m)
        h[n:, :n] = h[:n, n:].T
        yield h, n
    x, y, b = (float(one) for one in sizes(generator, 3))
    yield torch.tensor([[x + y + 1, b + x + y + 1], [b + x + y + 1, x + 0.5]], dtype=torch.float64), 1


def grows(step: Tensor) -> bool:
    """Are powers of this matrix unbounded? By squaring it 60 times."""
    log = 0.0
    for _ in range(60):
        size = float(torch.linalg.matrix_norm(step))
        step = step / size
        step, log = step @ step, 2 * (log + math.log(size))
    return log > 0


def bisected(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where holds(·) turns from true, below, to false, on a logarithmic scale."""
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return math.sqrt(low * high)


def largest_rate(h: Tensor, n: int) -> float:
    """The rate up to which steps of descent and ascent, written out, do not grow."""
    eye = torch.eye(len(h), dtype=torch.float64)
    signs = torch.where(torch.arange(len(h)) < n, -1.0, 1.0).double()
    return bisected(lambda rate: not grows(eye + rate * signs[:, None] * h), 1e-6, 1e3)


@claim(
    "thm-collapse-linear",
    source="own",
    check=equals(largest_rate, on=stable_games, tolerance=1e-7),
    wrong={
        r"$2 / \lvert \mu \rvert$, as if all were real": lambda h, n: (2 / eigenvalues(h, n).abs()).min(),
        r"$2 / \lvert \mathrm{Re}\, \mu \rvert$": lambda h, n: (-2 / eigenvalues(h, n).real).min(),
    },
)
def rate(h, n, *, two=2.0, power=Exponent(2.0)):
    mu = eigenvalues(h, n)
    return (-two * mu.real / mu.abs() ** power).min()


def eigenvalues(h: Tensor, n: int) -> Tensor:
    """Of the derivative of v, from a step of the library of rate 1."""
    return spectrum(quadratic(h, n), torch.zeros(len(h)), method="simultaneous", learning_rate=1.0) - 1


def scalar_games(generator: Generator) -> Iterator[tuple[float, float, float]]:
    """(a, b, c): minimax points of two numbers where a < 0."""
    for _ in range(4):
        a, c = (-float(one) for one in sizes(generator, 2))
        yield a, math.sqrt(a * c * float(1 + sizes(generator, 1))), c
    yield -6.0, 4.0, -2.0


def slow_enough(a: float, b: float, c: float) -> float:
    """From which ratio on the flow is stable, by eigenvalues of its matrix."""

    def unstable(ratio: float) -> bool:
        matrix = torch.tensor([[-a, -b], [ratio * b, ratio * c]], dtype=torch.float64)
        return bool(torch.linalg.eigvals(matrix).real.max() > 0)

    return bisected(unstable, 1e-6, 1e6)


@claim(
    "cor-collapse-scales",
    source="fiez2021: theorem 1; own",
    check=equals(slow_enough, on=scalar_games, tolerance=1e-9),
    wrong={
        "the other way round": lambda a, b, c: c / a,
        "the coupling decides": lambda a, b, c: b * b / (c * c),
    },
)
def ratio(a, b, c, *, factor=1.0):
    return factor * a / c


# Follow the ridge


def curved_games(generator: Generator) -> Iterator[tuple[Callable, int, int, Tensor, Tensor]]:
    """(f, n, m, H, rates): stationary at 0, not quadratic, H_yy of any signs, rates of each coordinate."""
    for n, m in ((1, 1), (2, 2), (3, 2)):
        root = normal(generator, n + m, n + m)
        third = normal(generator, n + m)

        def f(x: Tensor, y: Tensor, h=root + root.T, third=third) -> Tensor:
            z = torch.cat([x, y])
            return 0.5 * z @ h @ z + third @ z**3 + (third @ z) ** 3

        yield f, n, m, root + root.T, 0.1 * sizes(generator, n + m)


def apart(found: Tensor) -> dict[str, Tensor]:
    """Complex numbers in order, as two parts."""
    return {"real": found.real.sort().values, "imaginary": found.imag.abs().amax()}


def ridge_step(f: Callable, n: int, m: int, h: Tensor, rates: Tensor) -> dict[str, Tensor]:
    """Eigenvalues of a step of Follow-the-Ridge, written out and differentiated by autograd at 0."""

    def step(z: Tensor) -> Tensor:
        z = z if z.requires_grad else z.requires_grad_()
        (slope,) = torch.autograd.grad(f(z[:n], z[n:]), z, create_graph=True)
        rows = [torch.autograd.grad(one, z, create_graph=True)[0] for one in slope[n:]]
        second = torch.stack(rows)
        ahead = -rates[:n] * slope[:n]
        back = torch.linalg.solve(second[:, n:], second[:, :n] @ ahead)
        return z + torch.cat([ahead, rates[n:] * slope[n:] - back])

    return apart(torch.linalg.eigvals(jacobian(step, torch.zeros(n + m, dtype=torch.float64))))


def by_library(f, n, m, h, rates):
    options = {"method": "follow_the_ridge", "learning_rate": 1.0, "scales": rates}
    return apart(spectrum(Game(f, (n, m)), torch.zeros(n + m, dtype=torch.float64), **options))


@claim(
    "thm-collapse-ridge",
    source="wangridge2020: section 3",
    check=equals(ridge_step, on=curved_games, tolerance=1e-7, floor=1.0),
    also=(by_library,),
    wrong={
        "the correction with the other sign": {"sign": 3.0},
        "that of descent and ascent": {"schur": 0.0},
    },
)
def real(f, n, m, h, rates, *, one=1.0, schur=1.0, sign=1.0):
    yy, xy = h[n:, n:], h[:n, n:]
    slow = h[:n, :n] - schur * sign * xy @ torch.linalg.solve(yy, xy.T)
    parts = [one - torch.linalg.eigvals(rates[:n, None] * slow), one + torch.linalg.eigvals(rates[n:, None] * yy)]
    return apart(torch.cat(parts))


# xy


def turns(generator: Generator) -> Iterator[tuple[float, Tensor]]:
    """(rate, start)."""
    for top in (0.3, 0.9, 1.8):
        yield float(uniform(generator, 1, low=0.1, high=top)), normal(generator, 2) + 2


def turned(rate: float, start: Tensor, steps: int = 40) -> dict[str, Tensor]:
    """Forty steps of each kind in numbers: growth for each step, and what alternating steps keep."""
    (x, y), (p, q), (u, w) = (start.tolist() for _ in range(3))
    for _ in range(steps):
        x, y = x - rate * y, y + rate * x
        half = p - rate * q, q + rate * p
        p, q = p - rate * half[1], q + rate * half[0]
        u = u - rate * w
        w = w + rate * u
    return summary(rate, start, [x, y], [p, q], [u, w], steps)


def summary(
    rate: float, start: Tensor, simultaneous: Any, extra: Any, alternating: Any, steps: int
) -> dict[str, Tensor]:
    size = torch.linalg.vector_norm(start)
    ends = [torch.as_tensor(one, dtype=torch.float64) for one in (simultaneous, extra)]
    growth = [(torch.linalg.vector_norm(end) / size) ** (1 / steps) for end in ends]
    u, w = torch.as_tensor(alternating, dtype=torch.float64)
    return {"simultaneous": growth[0], "extragradient": growth[1], "kept": u * u - rate * u * w + w * w}


def played(rate: float, start: Tensor) -> dict[str, Tensor]:
    game, ends = small_game("turning"), []
    for method in ("simultaneous", "extragradient", "alternating"):
        ends.append(game.play(start, method=method, learning_rate=rate, steps=40)[-1])
    return summary(rate, start, *ends, 40)


@claim(
    "prop-collapse-bilinear",
    source="own",
    check=equals(turned, on=turns, tolerance=1e-9),
    also=(played,),
    wrong={
        "simultaneous steps stay where they are": {"outward": 0.0},
        r"$1 - \eta^2$ for the extragradient": {"fourth": 0.0},
        "alternating steps keep the distance": {"mixed": 0.0},
    },
)
def turning(rate, start, *, outward=1.0, square=Exponent(2.0), root=Exponent(0.5), inward=1.0, fourth=1.0, mixed=1.0):
    x, y = start
    return {
        "simultaneous": (1 + outward * rate**square) ** root,
        "extragradient": (1 - inward * rate**2 + fourth * rate**4) ** root,
        "kept": x * x - mixed * rate * x * y + y * y,
    }


# Damping


def damped(generator: Generator) -> Iterator[tuple[Tensor, float, tuple[float, float, float]]]:
    """(matrix with eigenvalues of both signs, λ, game where damping decides)."""
    for a, b, c in scalar_games(generator):
        if b * b > c * (a - c) > 0:
            root = normal(generator, 4, 4)
            yield root + root.T, float(sizes(generator, 1)), (a, b, c)


def left_over(h: Tensor, damping: float, game: tuple[float, float, float]) -> dict[str, Tensor]:
    """‖b − H w‖ for unit eigenvectors b, solving with both matrices; and where a damped game stops being stable."""
    _, b = torch.linalg.eigh(h)
    eye = torch.eye(len(h), dtype=torch.float64)
    squared = b - h @ torch.linalg.solve(h @ h + damping * eye, h @ b)
    shifted = b - h @ torch.linalg.solve(h + damping * eye, b)
    a, cross, c = game

    def stable(size: float) -> bool:
        back = c / (c * c + size) * cross * torch.tensor([a, cross], dtype=torch.float64)
        matrix = torch.tensor([[-a, -cross], [cross, c]], dtype=torch.float64)
        matrix[1] += back
        return bool(torch.linalg.eigvals(matrix).real.max() < 0)

    return {
        "squared": torch.linalg.vector_norm(squared, dim=0),
        "shifted": torch.linalg.vector_norm(shifted, dim=0),
        "most": bisected(stable, 1e-6, 1e6),
    }


@claim(
    "prop-collapse-damping",
    source="own",
    check=equals(left_over, on=damped, tolerance=1e-7),
    wrong={
        r"$\lambda / (\lvert h \rvert + \lambda)$ for both": lambda h, damping, game: {
            **damping_formula(h, damping, game),
            "squared": damping / (torch.linalg.eigvalsh(h).abs() + damping),
        },
        "the bound without the square of c": {"size": 1.0},
    },
)
def errors(h, damping, game, *, square=Exponent(2.0), size=Exponent(2.0), one=1.0):
    return damping_formula(h, damping, game, square=square, size=size, one=one)


def damping_formula(h, damping, game, *, square=2.0, size=2.0, one=1.0):
    e, (a, b, c) = torch.linalg.eigvalsh(h), game
    return {
        "squared": damping / (e.abs() ** square + damping),
        "shifted": damping / (e + damping).abs(),
        "most": abs(c) ** size * (b * b / (c * (a - c)) - one),
    }


# Bridges


def generators(generator: Generator) -> Iterator[tuple[Tensor, float, float, float, float]]:
    """(G(z) along a direction, where A ends, D, L, s): straight maps, and networks, sampled 200,000 times."""
    for scale, share, wide, layout in (
        (1.0, 0.35, 0.6, None), (0.4, 0.2, 0.3, None), (2.5, 0.6, 1.5, None),
        (1.0, 0.35, 0.6, Layout((2, 8, 2))), (2.0, 0.35, 0.6, Layout((3, 8, 8, 2), "tanh")),
    ):  # fmt: skip
        z = scale * normal(generator, 200_000, layout.sizes[0] if layout else 2)
        if layout is None:
            weights = normal(generator, 2)
            t, lipschitz = z @ weights, float(torch.linalg.vector_norm(weights))
        else:
            theta = layout.start(1, generator=generator)[0]
            t = layout.outputs(theta, z)[:, 0]
            lipschitz = math.prod(float(torch.linalg.svdvals(one)[0]) for one, _ in layout.layers(theta))
        yield t, float(t.quantile(share)), wide * lipschitz * scale, lipschitz, scale


def beyond(t: Tensor, edge: float, distance: float, lipschitz: float, scale: float) -> dict[str, Tensor]:
    """The share of samples in B, at the distance from A; and that of both where they are so laid that it is equal."""
    low, high = float(t.min()) - distance, float(t.max())
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if (t <= middle).sum() < (t >= middle + distance).sum() else (low, middle)
    return {
        "one": (t >= edge + distance).double().mean(),
        "both": (t <= low).double().mean() + (t >= low + distance).double().mean(),
    }


def by_library_between(t: Tensor, edge: float, distance: float, lipschitz: float, scale: float) -> dict[str, Tensor]:
    """The same as the library bounds it."""
    options = {"distance": distance, "lipschitz": lipschitz, "latent_scale": scale}
    return {
        "one": most_beyond((t <= edge).double().mean(), **options),
        "both": 1 - least_between(**options),
    }


@claim(
    "thm-collapse-bridge",
    source="ledoux2001: theorem 2.5; own",
    check=is_at_most(beyond, on=generators, tolerance=0.03),
    also=(by_library_between,),
    wrong={
        "twice the distance": {"factor": 2.0},
        "a distance of one more": {"more": 1.0},
        r"without the standard deviation $s$": lambda t, edge, distance, lipschitz, scale: bridges(
            t, edge, distance, lipschitz, 1.0
        ),
        "the whole distance on each side": {"half": 1.0},
    },
)
def bridge(t, edge, distance, lipschitz, scale, *, factor=1.0, more=0.0, half=0.5):
    return bridges(t, edge, distance, lipschitz, scale, factor=factor, more=more, half=half)


def bridges(t, edge, distance, lipschitz, scale, *, factor=1.0, more=0.0, half=0.5) -> dict[str, Tensor]:
    """Φ(−D/(L s) − Φ⁻¹(p)), and 2 Φ(−D/(2 L s)) for both sets together where they get equal shares."""
    share = (t <= edge).double().mean()
    away = torch.tensor(factor * (distance / (lipschitz * scale) + more), dtype=torch.float64)
    return {"one": NORMAL.cdf(-away - NORMAL.icdf(share)), "both": 2 * NORMAL.cdf(-half * away)}
