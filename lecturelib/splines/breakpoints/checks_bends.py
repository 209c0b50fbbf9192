"""Claims of the chapter `splines/breakpoints`: the second derivative, and when two networks are the same function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, combinations_with_replacement, product

import torch
from torch import Generator, Tensor
from torch.func import grad, vmap

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, sizes, uniform
from lecturelib.splines.breakpoints.checks_problems import cases, in_each_piece, problems, quadrature, value
from lecturelib.splines.breakpoints.network import Network, flip, rescale, same_function, spikes, to_spline

# The second derivative


def bump(x: Tensor, shape: Tensor) -> Tensor:
    """φ = (1 + k z) e^{−z²/2} at z = (x − c) / s, for shape = (c, s, k)."""
    z = (x - shape[0]) / shape[1]
    return (1 + shape[2] * z) * torch.exp(-(z**2) / 2)


def against_the_bump(n: Network, shape: Tensor) -> dict[str, Tensor]:
    """∫ f φ″ dx, with Gauss's rule between the breakpoints."""
    support = shape[0] + shape[1] * torch.linspace(-13, 13, 53, dtype=torch.float64)
    ends = torch.sort(torch.cat([support, (-n.b / n.w).clamp(support[0], support[-1])]))[0]
    x, weights = (part.flatten() for part in quadrature(ends[:-1], ends[1:]))
    total = weights @ (value(n, x) * vmap(grad(grad(lambda at: bump(at, shape))))(x))
    return {"s μ": total, "|w| v": total}


@claim(
    "thm-spikes",
    source="sahs2022: section 2.1, after equation 3; own",
    check=equals(
        against_the_bump,
        on=lambda g: ((n, torch.cat([normal(g, 1), uniform(g, 1, low=0.5), normal(g, 1)])) for n, *_ in problems(g)),
        floor=0.1,
    ),
    also=(lambda n, shape: dict.fromkeys(("s μ", "|w| v"), spikes(n).weights @ bump(spikes(n).positions, shape)),),
    wrong={r"weights $\mu_i$": {"facing": 0}, r"spikes at $-\beta_i$": {"place": 1.0}},
)
def second_derivative(n, shape, *, place=-1.0, facing=1, power=Exponent(1)):
    heights, side = bump(place * n.b / n.w, shape), torch.sign(n.w) ** facing
    return {"s μ": (side * n.w * n.v) @ heights, "|w| v": (side * torch.sign(n.w) * n.w.abs() ** power * n.v) @ heights}


# When two networks compute the same function


def disguise(n: Network, generator: Generator, tilt: float = 0.0) -> Network:
    """The function, or one tilted: facings at random, one neuron in three parts that partly cancel, one idle."""
    part, place = uniform(generator, 2, 1, low=0.2, high=0.8)
    side, one = signs(generator, len(n.w)), torch.ones_like(part)
    # a neuron that turns takes the line v (w x + b) along; two back to back give it back
    turned = side < 0
    slope = tilt + (n.w * n.v)[turned].sum()[None]
    w = torch.cat([side * n.w, n.w[:1] * side[:1], n.w[:1] * side[:1], one, -one, one])
    b = torch.cat([side * n.b, n.b[:1] * side[:1], n.b[:1] * side[:1], -place, place, part])
    v = torch.cat([part * n.v[:1], n.v[1:], 1.5 * n.v[:1], (-0.5 - part) * n.v[:1], slope, -slope, 0 * one])
    order = torch.randperm(len(w), generator=generator)
    b0 = n.b0 + (n.b * n.v)[turned].sum() + (slope * place)[0]
    return rescale(Network(w[order], b[order], v[order], b0), sizes(generator, len(w)))


def pairs(generator: Generator) -> Iterator[tuple[Network, Network]]:
    """Two networks that are one function, and ones that differ by little in a jump, a knot, the value or the slope.

    And ones that differ between their outer pieces alone, by a sign of a jump, or beyond the last knot alone.
    """
    for n, _, _ in problems(generator):
        step = torch.cat([0 * n.w[1:], 1e-6 * torch.ones_like(n.w[:1])])
        nearly = Network(n.w, n.b, n.v + step, n.b0), Network(n.w, n.b + step, n.v, n.b0)
        for other in (n, *nearly, Network(n.w, n.b, n.v, n.b0 + 1e-6)):
            yield n, disguise(other, generator)
        yield n, disguise(n, generator, tilt=1e-6)
        (p, q), k = normal(generator, 2), 0.5 + uniform(generator, 2)
        a, b, c = (last := (-n.b / n.w).max()) + torch.tensor([1.0, 2.5, 3.0])
        yield n, disguise(with_hinges(n, [a, b, c], [1e-6 * (c - b), 1e-6 * (a - c), 1e-6 * (b - a)]), generator)
        yield with_hinges(n, [p, q], k), disguise(with_hinges(n, [p + 1e-6 / k[0], q - 1e-6 / k[1]], k), generator)
        yield with_hinges(n, [p], k[:1]), disguise(with_hinges(n, [p], -k[:1]), generator)
        yield n, disguise(with_hinges(n, [last + 1], [1e-6]), generator)


def with_hinges(n: Network, places: Sequence, jumps: Sequence) -> Network:
    """The network and neurons that face right, at these places and with these slope jumps."""
    beta, mu = (torch.stack([torch.as_tensor(one).double() for one in part]) for part in (places, jumps))
    one = torch.ones_like(beta)
    return Network(torch.cat([n.w, one]), torch.cat([n.b, -beta]), torch.cat([n.v, mu]), n.b0)


def minus(one: Network, other: Network, second: float = -1.0) -> Network:
    w, b, v = torch.cat([one.w, other.w]), torch.cat([one.b, other.b]), torch.cat([one.v, second * other.v])
    return Network(w, b, v, one.b0 + second * other.b0)


@claim(
    "thm-same-function",
    source="own",
    check=equals(lambda one, other: is_zero(value(minus(one, other), in_each_piece(minus(one, other)))), on=pairs),
    also=(same_function,),
    wrong={
        "spikes alone": {"compared": ("spikes",)},
        "spikes and leftmost slope": {"compared": ("spikes", "slope")},
        "both outer pieces": lambda one, other: is_zero(value(n := minus(one, other), beyond(n))),
        "values at all breakpoints": lambda one, other: is_zero(value(n := minus(one, other), -n.b / n.w)),
    },
)
def same_functions(one, other, *, sign=-1.0, compared=("spikes", "slope", "height")):
    """Nothing may be left of the difference of both."""
    n = minus(one, other, sign)
    knots, order = torch.sort(-n.b / n.w)
    group = torch.cumsum(torch.diff(knots, prepend=knots[:1] - 1) > 1e-9, 0) - 1
    spikes = torch.zeros_like(knots).index_add(0, group, (n.w.abs() * n.v)[order])
    left = {"spikes": spikes, "slope": (n.w * n.v)[n.w < 0].sum(), "height": n.b0 + (n.b * n.v)[n.w < 0].sum()}
    return all(is_zero(left[part]) for part in compared)


def beyond(n: Network) -> Tensor:
    """Two places on the leftmost piece, and two on the rightmost."""
    beta, away = -n.b / n.w, torch.tensor([1.0, 2.0])
    return torch.cat([beta.min() - away, beta.max() + away])


def is_zero(values: Tensor) -> bool:
    return bool(values.abs().max() < 1e-10)


def small_networks(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(β, μ, s) of three or four neurons: no sum of delta-slopes is zero, one of up to four is, or nearly is.

    Two with opposite delta-slopes are neighbours, or have the third between them.
    """
    near, apart, four = [0.5, -1.5, 2.0], [-1.5, 2.0, 0.5], [0.5, -1.5, 2.0, -3.0]
    cases = (0, 0.0, near), *product((1, 2, 3), (0.0, 1e-4), (near, apart)), (0, 0.0, four), (4, 0.0, four)
    for size, off, place in cases:
        mu = signs(generator, len(place)) * uniform(generator, len(place), low=0.3, high=1.0)
        if size:
            mu[0] = off - mu[1:size].sum()
        yield torch.tensor(place).double() + 0.3 * uniform(generator, len(place)), mu, signs(generator, len(place))


def is_the_only_one(beta: Tensor, mu: Tensor, side: Tensor) -> bool:
    """Has no other network of as many neurons the same function, but for their order and scale?

    Neurons are put at the spikes or elsewhere and face either way; delta-slopes and b₀ are then fitted.
    """
    x, places = torch.linspace(-5, 5, 61, dtype=torch.float64)[:, None], torch.cat([beta, beta.new_tensor([0.123])])
    width = len(beta)
    here = tuple(range(width))

    def hinges(at: tuple[int, ...], side: Tensor) -> Tensor:
        distance = x - places[list(at)]
        return torch.cat([distance * (side * distance > 0), torch.ones_like(x)], 1)

    target = hinges(here, side)[:, :width] @ mu
    at_all = combinations_with_replacement(range(width + 1), width)
    for at, other in product(at_all, product((-1.0, 1.0), repeat=width)):
        rows = hinges(at, beta.new_tensor(other))
        found = torch.linalg.lstsq(rows, target[:, None], driver="gelsd").solution[:, 0]
        if is_zero(rows @ found - target) and (at != here or other != tuple(side.tolist())):
            return False
    return True


@claim(
    "cor-generic",
    source="own",
    check=equals(is_the_only_one, on=small_networks),
    wrong={
        "if none is zero": {"counts": (1,)},
        "if none is zero and no two are opposite": {"counts": (1, 2)},
        "no set of up to three": {"counts": (1, 2, 3)},
        "if no sum of neighbours is zero": lambda beta, mu, _: bool(
            torch.pdist(torch.cat([0 * mu[:1], mu[beta.argsort()].cumsum(0)])[:, None]).min() > 1e-9
        ),
    },
)
def generic_networks(beta, mu, side, *, counts=(1, 2, 3, 4)):
    chosen = (list(one) for count in counts for one in combinations(range(len(mu)), count))
    return all(abs(float(mu[one].sum())) > 1e-9 for one in chosen)


@claim(
    "prop-flip",
    source="own",
    check=equals(value, on=cases),
    also=(lambda n, x, a: flip(to_spline(n), (a > 1).nonzero()[:, 0])(x) + x * (n.w * n.v)[a > 1].sum(),),
    wrong={"the function stays": {"tilt": 0.0}, r"$b_0$ stays": {"constant": 0.0}, r"$\mu_i$ stays": {"slope": 1.0}},
)
def turning(n, x, numbers, *, facing=-1.0, slope=-1.0, constant=-1.0, tilt=1.0):
    """The function before, from that after neurons with numbers above 1 have turned."""
    some, mu = numbers > 1, n.w * n.v
    side, v = torch.where(some, facing, 1.0), torch.where(some, -slope, 1.0) * n.v
    b0 = n.b0 + constant * (mu * -n.b / n.w)[some].sum()
    return value(Network(side * n.w, side * n.b, v, b0), x) + tilt * x * mu[some].sum()


@claim(
    "prop-linear",
    source="sahs2022: section 2.1.1",
    check=equals(
        lambda n, x, o: value(Network(n.w, n.b, 0.7 * n.v - 1.9 * o.w * o.v / n.w, 0.7 * n.b0 - 1.9 * o.b0), x),
        on=lambda g: ((n, x, Network(a * n.w, a * n.b, n.v.flip(0), -2 * n.b0)) for n, x, a in cases(g)),
    ),
    wrong={"affine": {"constant": 1.0}, "quadratic": {"degree": 2.0}},
)
def linear_in_delta_slopes(n, x, other, *, first=0.7, second=-1.9, degree=Exponent(1), constant=0.0):
    """The other network has the same breakpoints and facings."""
    return first**degree * value(n, x) - (-second) ** degree * value(other, x) + constant
