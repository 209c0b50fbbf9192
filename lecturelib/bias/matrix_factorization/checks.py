"""Claims of the chapter `bias/matrix_factorization`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, pairwise

import torch
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, minimize
from torch import Generator, Tensor
from torch.func import grad, jvp

from lecturelib.bias.matrix_factorization.factors import Factors
from lecturelib.core.checking import adds_up_to_zero, equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, sizes, uniform

# Two by two


def corners(generator: Generator) -> Iterator[tuple[float, float, float]]:
    for _ in range(6):
        yield tuple((signs(generator, 3) * sizes(generator, 3)).tolist())


def by_a_search(a: float, b: float, c: float) -> dict[str, float]:
    """Where the slope of the nuclear norm in the free entry, (U Vᵀ)₂₂, changes its sign."""

    def parts(x: float) -> tuple[Tensor, Tensor, Tensor]:
        return torch.linalg.svd(torch.tensor([[a, b], [c, x]], dtype=torch.float64))

    def slope(x: float) -> float:
        u, _, vh = parts(x)
        return float((u @ vh)[1, 1])

    far = 2 * (abs(a) + abs(b * c / a))
    x = brentq(slope, -far, far, xtol=1e-14)
    return {"x": x, "norm": float(parts(x)[1].sum())}


@claim(
    "prop-completion-two",
    source="own",
    check=equals(by_a_search, on=corners, tolerance=1e-8),
    wrong={
        "always the completion of rank one": {"most": math.inf},
        "always 0": {"most": 0.0},
        r"$\lvert \det W \rvert$ once": {"twice": 1.0},
    },
)
def two_by_two(a, b, c, *, most=1.0, twice=2.0):
    rank_one = b * c / a
    x = math.copysign(min(abs(rank_one), most * abs(a)), rank_one)
    return {"x": x, "norm": math.sqrt(a**2 + b**2 + c**2 + x**2 + twice * abs(a * x - b * c))}


# Factors


def any_loss(product: Tensor) -> Tensor:
    """A smooth loss of a product that is no square."""
    weights = torch.linspace(-1, 1, product.numel(), dtype=product.dtype).reshape(product.shape)
    return (weights * product).sum().sin() + (product - weights).square().mul(0.3).sum() + 0.05 * product.pow(4).sum()


def slopes(matrices: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Minus the gradient in every factor, by automatic differentiation."""
    return tuple(-one for one in grad(lambda w: any_loss(Factors(w).product))(matrices))


def unbalanced(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Two neighbours, and how they move, in products of two to four factors of different sizes."""
    for dims in ((3, 2, 4), (2, 5, 3, 3), (4, 3, 2, 3, 2)):
        matrices = tuple(0.7 * normal(generator, rows, columns) for columns, rows in pairwise(dims))
        moved = slopes(matrices)
        for j in range(len(matrices) - 1):
            yield matrices[j], matrices[j + 1], moved[j], moved[j + 1]


@claim(
    "thm-completion-balance",
    source="arora2018: theorem 1",
    check=adds_up_to_zero(on=unbalanced),
    wrong={"the sum is kept": {"inner": 1.0}, "the outer factor counts twice": {"outer": 2.0}},
)
def balance_is_kept(inside, outside, slope_inside, slope_outside, *, outer=1.0, inner=-1.0):
    first, second = outside.mT @ slope_outside, inside @ slope_inside.mT
    return outer * (first + first.mT), inner * (second + second.mT)


def balanced(generator: Generator) -> Iterator[tuple[Tensor, ...]]:
    """Balanced factors, turned at random between one another; the product has distinct singular values."""
    for depth in (1, 2, 3, 4):
        turns = [torch.linalg.qr(normal(generator, 3, 3)).Q for _ in range(depth + 1)]
        root = torch.diag((torch.tensor([2.0, 1.1, 0.4], dtype=torch.float64) * sizes(generator)) ** (1 / depth))
        yield (tuple(after @ root @ before.mT for before, after in pairwise(turns)),)


def along_the_flow(function, matrices: tuple[Tensor, ...]) -> Tensor:
    """How fast a function of the product changes when all factors follow the flow."""
    return jvp(lambda *w: function(Factors(w).product), matrices, slopes(matrices))[1]


def pulls(matrices: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """Singular values σ_r of the product, and −u_rᵀ ∇ℓ v_r."""
    product = Factors(matrices).product
    u, s, vh = torch.linalg.svd(product)
    return s, -(u.mT @ grad(any_loss)(product) @ vh.mT).diagonal()


@claim(
    "thm-completion-values",
    source="arora2019: theorem 3",
    check=equals(lambda w: along_the_flow(torch.linalg.svdvals, w), on=balanced, tolerance=1e-9),
    wrong={
        r"$\sigma^{2 - 1/N}$": {"root": 1.0},
        "without the factor $N$": lambda w: singular_value_speeds.formula(w) / len(w),
        "as at depth 1": lambda w: pulls(w)[1],
        r"$+\langle \nabla \ell, u v^\top \rangle$": {"pull": -1.0},
    },
)
def singular_value_speeds(matrices, *, pull=1.0, power=Exponent(2), root=2.0):
    s, strength = pulls(matrices)
    return pull * len(matrices) * s ** (power - root / len(matrices)) * strength


@claim(
    "prop-completion-determinant",
    source="razin2020: appendix; own",
    check=equals(
        lambda w: along_the_flow(lambda product: torch.linalg.slogdet(product).logabsdet, w),
        on=balanced,
        tolerance=1e-9,
    ),
    wrong={
        r"$\sigma^{2 - 2/N}$": {"power": 2.0},
        r"$\sigma^{-2/N}$, which would grow as $\sigma \to 0$": {"power": 0.0},
        "without the factor $N$": lambda w: log_determinant_speed.formula(w) / len(w),
    },
)
def log_determinant_speed(matrices, *, pull=1.0, power=Exponent(1), root=2.0):
    s, strength = pulls(matrices)
    return pull * len(matrices) * (s ** (power - root / len(matrices)) * strength).sum()


# Who grows first


def races(generator: Generator) -> Iterator[tuple[int, float, float, float, float]]:
    """Depth, start, end, and the pulls of the strong and the weak mode."""
    for depth in (1, 2, 3, 4, 6):
        strong = float(sizes(generator))
        start, share = (float(uniform(generator, low=low, high=0.9)) for low in (0.02, 0.2))
        yield depth, 0.2 * start, 1 + start, strong, share * strong


def by_integration(depth: int, start: float, end: float, strong: float, weak: float) -> dict[str, float]:
    """Both modes as z = ln σ, ż = N σ^{1 − 2/N} g, until the strong one is there."""

    def speed(_, z):
        return [depth * math.exp((1 - 2 / depth) * one) * g for one, g in zip(z, (strong, weak), strict=True)]

    def arrived(_, z):
        return z[0] - math.log(end)

    arrived.terminal = True
    both = [math.log(start)] * 2
    run = solve_ivp(speed, (0, 1e9), both, events=arrived, rtol=1e-12, atol=1e-13, method="DOP853")
    return {"time": float(run.t_events[0][0]), "weak": math.exp(run.y_events[0][0][1])}


@claim(
    "cor-completion-growth",
    source="arora2019: section 3; li2021: section 5; own",
    check=equals(by_integration, on=races, tolerance=1e-8),
    wrong={
        "the weak mode lags by the ratio of the pulls, at every depth": lambda n, s, e, g, h: {
            "time": growth.formula(n, s, e, g, h)["time"], "weak": e * h / g},
        "exponential growth at every depth": lambda n, s, e, g, h: {
            "time": math.log(e / s) / (n * g), "weak": s * (e / s) ** (h / g)},
        "$N$ for $N - 2$": {"less": 0.0},
    },
)  # fmt: skip
def growth(depth, start, end, strong, weak, *, twice=2.0, less=2.0, root=2.0):
    if depth == 2:
        return {"time": math.log(end / start) / (twice * strong), "weak": start * (end / start) ** (weak / strong)}
    p = 1 - root / depth
    time = (start**-p - end**-p) / ((depth - less) * strong)
    return {"time": time, "weak": (start**-p - (weak / strong) * (start**-p - end**-p)) ** (-1 / p)}


# The norm of factors


def full_rank(generator: Generator) -> Iterator[tuple[Tensor, int]]:
    for depth, size in ((2, 2), (2, 3), (3, 2), (4, 2)):
        yield normal(generator, size, size) + torch.eye(size, dtype=torch.float64), depth


def least_by_descent(matrix: Tensor, depth: int) -> float:
    """Σ ‖W_j‖² of the factors W G⁻¹, G H⁻¹, …, least over all invertible G, H, …."""
    size = len(matrix)

    def energy(flat: Tensor) -> Tensor:
        between = flat.reshape(depth - 1, size, size)
        chain = [torch.eye(size, dtype=torch.float64), *between, matrix]
        return sum(torch.linalg.solve(a, b, left=False).square().sum() for a, b in pairwise(chain))

    def both(flat):
        point = torch.tensor(flat, requires_grad=True)
        value = energy(point)
        (slope,) = torch.autograd.grad(value, point)
        return float(value.detach()), slope.numpy()

    start = torch.eye(size, dtype=torch.float64).repeat(depth - 1, 1, 1).flatten().numpy()
    return float(minimize(both, start, jac=True, method="BFGS", options={"gtol": 1e-9}).fun)


@claim(
    "prop-completion-norm",
    source="srebro2005: lemma 1; own",
    check=equals(least_by_descent, on=full_rank, tolerance=1e-7),
    wrong={
        r"the nuclear norm at every depth": {"root": 1.0},
        r"$N \sum \sigma^{1/N}$": lambda w, n: n * float(torch.linalg.svdvals(w).pow(1 / n).sum()),
        "without the factor $N$": lambda w, n: least_norm_of_factors.formula(w, n) / n,
    },
)
def least_norm_of_factors(matrix, depth, *, factor=1.0, root=2.0):
    power = root / depth if root != 1.0 else 1.0
    return factor * depth * float(torch.linalg.svdvals(matrix).pow(power).sum())


# Entries that nobody saw


def tables(generator: Generator) -> list[tuple[int, int, int]]:
    shapes = [(3, 3, 3), (2, 4, 3), (4, 2, 4), (3, 2, 4), (3, 4, 5)]
    return [shapes[int(k)] for k in torch.randperm(len(shapes), generator=generator)[:3]]


def by_counting(m: int, n: int, count: int) -> float:
    """Rows without an observed entry, averaged over all sets of places."""
    sets = list(combinations(range(m * n), count))
    return sum(m - len({place // n for place in places}) for places in sets) / len(sets)


@claim(
    "prop-completion-empty",
    source="own",
    check=equals(by_counting, on=tables),
    wrong={
        "places drawn with replacement": lambda m, n, k: m * (1 - 1 / m) ** k,
        "of columns": lambda m, n, k: empty_rows.formula(n, m, k),
    },
)
def empty_rows(m, n, count, *, factor=1.0):
    return factor * m * math.comb(m * n - n, count) / math.comb(m * n, count)


# The norm that runs away


def losses(generator: Generator) -> Iterator[tuple[float]]:
    for low, high in ((1e-4, 1e-2), (1e-2, 0.1), (0.1, 0.37)):
        yield (float(uniform(generator, low=low, high=high)),)


def smallest_corner(loss: float) -> float:
    """w₁₂ w₂₁ / |w₂₂|, least over all residuals with this loss: a search over a sphere, and its refinement."""
    radius = math.sqrt(2 * loss)

    def corner(angles) -> float:
        theta, phi = angles
        a, b = (radius * math.sin(theta) * part for part in (math.cos(phi), math.sin(phi)))
        return (1 - a) * (1 - b) / abs(radius * math.cos(theta))

    grid = [(t / 40, p / 20) for t in range(60) for p in range(125)]
    best = minimize(corner, min(grid, key=corner), method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14})
    return float(best.fun)


@claim(
    "thm-completion-runaway",
    source="razin2020: theorem 1; own",
    check=equals(smallest_corner, on=losses, tolerance=1e-7),
    wrong={
        r"the simpler bound $(1 - \sqrt{2\ell})^2 / \sqrt{2\ell}$": lambda loss: (
            (1 - (2 * loss) ** 0.5) ** 2 / (2 * loss) ** 0.5
        ),
        r"$1/\sqrt{2\ell}$": lambda loss: (2 * loss) ** -0.5,
        r"$\sqrt{1 + 4\ell}$ in $a$": {"eight": 4.0},
    },
)
def runaway(loss, *, eight=8.0, power=Exponent(1.5), root=Exponent(0.5)):
    a = (math.sqrt(1 + eight * loss) - 1) / 2
    return (1 - a) ** power / a**root
