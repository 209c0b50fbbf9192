"""Claims of the chapter `splines/breakpoints`: the second derivative, and when two networks are the same function."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, sizes, uniform
from lecturelib.splines.breakpoints.checks_problems import cases, problems, quadrature, value
from lecturelib.splines.breakpoints.network import Network, Spline, flip, same_function, spikes, to_network, to_spline

# The second derivative


def bumps(generator: Generator) -> Iterator[tuple[Network, Tensor]]:
    """(network, (centre, width, skewness)) of a bump φ = (1 + k z) e^{−z²/2}, z = (x − c) / s."""
    for n, _, _ in problems(generator):
        yield n, torch.cat([normal(generator, 1), uniform(generator, 1, low=0.5, high=1.5), normal(generator, 1)])


def bump(x: Tensor, shape: Tensor) -> Tensor:
    z = (x - shape[0]) / shape[1]
    return (1 + shape[2] * z) * torch.exp(-(z**2) / 2)


def against_the_bump(n: Network, shape: Tensor) -> dict[str, Tensor]:
    """∫ f φ″ dx, with Gauss's rule between the breakpoints."""
    support = shape[0] + shape[1] * torch.linspace(-13, 13, 53, dtype=torch.float64)
    ends = torch.sort(torch.cat([support, (-n.b / n.w).clamp(support[0], support[-1])]))[0]
    x, weights = quadrature(ends[:-1], ends[1:])
    slope = torch.autograd.grad(bump(x.requires_grad_(), shape).sum(), x, create_graph=True)[0]
    total = (weights * value(n, x.detach()) * torch.autograd.grad(slope.sum(), x)[0]).sum()
    return {"s μ": total, "|w| v": total}


@claim(
    "thm-spikes",
    source="sahs2022: section 2.1, after equation 3; own",
    check=equals(against_the_bump, on=bumps, floor=0.1),
    also=(lambda n, shape: dict.fromkeys(("s μ", "|w| v"), spikes(n).weights @ bump(spikes(n).positions, shape)),),
    wrong={
        r"weights $\mu_i$, as the source has them": {"facing": 0},
        r"weights $v_i$": {"power": 0.0},
        r"spikes at $+\beta_i$ mirrored": {"place": 1.0},
    },
)
def second_derivative(n, shape, *, place=-1.0, facing=1, power=Exponent(1)):
    heights, side = bump(place * n.b / n.w, shape), torch.sign(n.w) ** facing
    return {"s μ": (side * n.w * n.v) @ heights, "|w| v": (side * torch.sign(n.w) * n.w.abs() ** power * n.v) @ heights}


# When two networks compute the same function


def disguise(n: Network, generator: Generator, tilt: float = 0.0) -> Network:
    """The function, or one tilted, by six more neurons: one split, two that cancel, one idle; facings at random."""
    part, place, jump = uniform(generator, 3, 1, low=0.2, high=0.8)
    beta, jumps, left = -n.b / n.w, n.w.abs() * n.v, n.w < 0
    jumps = torch.cat([part * jumps[:1], jumps[1:], (1 - part) * jumps[:1], jump, -jump, 0 * jump])
    beta, side = torch.cat([beta, beta[:1], place, place, normal(generator, 1)]), signs(generator, len(jumps))
    # two back to back, whose jumps cancel, make a line: it gives the leftmost piece the slope that it had
    slope = tilt + (n.w * n.v)[left].sum() + jumps[side < 0].sum()
    beta, jumps = torch.cat([beta, place, place]), torch.cat([jumps, slope[None], -slope[None]])
    side = torch.cat([side, side.new_tensor([1.0, -1.0])])
    b0 = n.b0 + (n.b * n.v)[left].sum() + (side * jumps * beta)[side < 0].sum()
    order = torch.randperm(len(beta), generator=generator)
    parts = (part[order] for part in (beta, side * jumps, side))
    return to_network(Spline(*parts, b0), sizes(generator, len(beta)))


def pairs(generator: Generator) -> Iterator[tuple[Network, Network]]:
    """Two networks that are one function, and ones that differ by little in a jump, a knot, the slope or the value."""
    for n, _, _ in problems(generator):
        step = torch.zeros_like(n.w)
        step[-1] = 1e-6
        yield n, disguise(n, generator)
        yield n, disguise(Network(n.w, n.b, n.v + step, n.b0), generator)
        yield n, disguise(Network(n.w, n.b + step, n.v, n.b0), generator)
        yield n, disguise(Network(n.w, n.b, n.v, n.b0 + 1e-6), generator)
        yield n, disguise(n, generator, tilt=1e-6)


def equal_everywhere(one: Network, other: Network) -> bool:
    """Are both equal at every breakpoint of either, and beyond? Between these they are straight."""
    knots = torch.cat([-n.b / n.w for n in (one, other)])
    x = torch.cat([knots, knots.min() - torch.arange(1.0, 3.0), knots.max() + torch.arange(1.0, 3.0)])
    return bool((value(one, x) - value(other, x)).abs().max() < 1e-10)


@claim(
    "thm-same-function",
    source="own",
    check=equals(equal_everywhere, on=pairs),
    also=(same_function,),
    wrong={
        "exactly if they have the same spikes": {"compared": ("spikes",)},
        "exactly if they have the same spikes and the same leftmost slope": {"compared": ("spikes", "slope")},
        r"exactly if the $\beta_i$ are the same up to order": lambda one, other: torch.equal(
            *(torch.sort(-n.b / n.w)[0] for n in (one, other))
        ),
    },
)
def same_functions(one, other, *, second=-1.0, compared=("spikes", "slope", "height")):
    """Nothing may be left of the difference of both."""
    w, b, v = torch.cat([one.w, other.w]), torch.cat([one.b, other.b]), torch.cat([one.v, second * other.v])
    knots, order = torch.sort(-b / w)
    group = torch.cumsum(torch.diff(knots, prepend=knots[:1] - 1) > 1e-9, 0) - 1
    left = {
        "spikes": torch.zeros_like(knots).index_add(0, group, (w.abs() * v)[order]),
        "slope": (w * v)[w < 0].sum(),
        "height": one.b0 + second * other.b0 + (b * v)[w < 0].sum(),
    }
    return all(float(left[part].abs().max()) < 1e-10 for part in compared)


def small_networks(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(β, μ, s) of three neurons: no sum of delta-slopes is zero, a sum of one, two or three is, or nearly is."""
    for size, off in ((0, 0.0), *product((1, 2, 3), (0.0, 1e-4))):
        mu = signs(generator, 3) * uniform(generator, 3, low=0.3, high=1.0)
        if size:
            mu[0] = off - mu[1:size].sum()
        beta = torch.tensor([-1.5, 0.5, 2.0], dtype=torch.float64) + 0.3 * uniform(generator, 3)
        yield beta[torch.randperm(3, generator=generator)], mu, signs(generator, 3)


def is_the_only_one(beta: Tensor, mu: Tensor, side: Tensor) -> bool:
    """Has no other network of three neurons the same function, but for their order and scale?

    Tried are all facings and all ways to put neurons at the spikes or elsewhere; delta-slopes and b₀ are then fitted.
    """
    x = torch.cat([beta, torch.linspace(-5, 5, 31, dtype=torch.float64)])
    at = torch.cat([beta, beta.new_tensor([0.123])])
    choices = torch.tensor(list(product(range(4), repeat=3)) * 8)
    facing = torch.tensor(list(product((-1.0, 1.0), repeat=3)), dtype=torch.float64).repeat_interleave(64, 0)
    distance = x[:, None] - at[choices][:, None]  # (512, N, 3)
    hinges = torch.cat([distance * (facing[:, None] * distance > 0), torch.ones(512, len(x), 1)], dim=-1)
    target = (mu * (x[:, None] - beta) * (side * (x[:, None] - beta) > 0)).sum(-1).expand(512, -1)[..., None]
    found = torch.linalg.lstsq(hinges, target, driver="gelsd").solution
    fits = (hinges @ found - target).abs().amax((1, 2)) < 1e-9
    same = (choices.sort(1).values == torch.arange(4)[:3]).all(1)  # one neuron at each spike, in any order
    known = choices.clamp(max=2)
    same &= (facing == side[known]).all(1) & ((found[:, :3, 0] - mu[known]).abs() < 1e-9).all(1)
    return not bool((fits & ~same).any())


@claim(
    "cor-generic",
    source="own",
    check=equals(is_the_only_one, on=small_networks),
    wrong={
        "always": {"counts": ()},
        "if no delta-slope is zero": {"counts": (1,)},
        "if no delta-slope is zero and no two are opposite": {"counts": (1, 2)},
    },
)
def generic_networks(beta, mu, side, *, counts=(1, 2, 3)):
    chosen = (list(one) for count in counts for one in combinations(range(3), count))
    return all(abs(float(mu[one].sum())) > 1e-9 for one in chosen)


@claim(
    "prop-flip",
    source="own",
    check=equals(value, on=cases),
    also=(lambda n, x, a: flip(to_spline(n), (a > 1).nonzero()[:, 0])(x) + x * (n.w * n.v)[a > 1].sum(),),
    wrong={
        "the function stays": {"tilt": 0.0},
        r"$b_0$ stays": {"constant": 0.0},
        r"$\mu_i$ stays": {"slope": 1.0},
    },
)
def turning(n, x, numbers, *, facing=-1.0, slope=-1.0, constant=-1.0, tilt=1.0):
    """The function before, from that after neurons with numbers above 1 have turned."""
    some, mu = numbers > 1, n.w * n.v
    side, v = torch.where(some, facing, 1.0), torch.where(some, -slope, 1.0) * n.v
    b0 = n.b0 + constant * (mu * -n.b / n.w)[some].sum()
    return value(Network(side * n.w, side * n.b, v, b0), x) + tilt * x * mu[some].sum()


def combined(n: Network, x: Tensor, numbers: Tensor, first: float = 0.7, second: float = -1.9) -> Tensor:
    """Two sets of delta-slopes and b₀ on the same hinges, combined: `other_slopes` has the second."""
    other = other_slopes(n, numbers)
    return value(Network(n.w, n.b, first * n.v + second * other.w * other.v / n.w, first * n.b0 + second * other.b0), x)


def other_slopes(n: Network, numbers: Tensor) -> Network:
    """A network with the breakpoints and facings of n, other weights, delta-slopes and b₀."""
    return Network(numbers * n.w, numbers * n.b, n.v.flip(0), -2 * n.b0)


@claim(
    "prop-linear",
    source="sahs2022: section 2.1.1",
    check=equals(combined, on=cases),
    wrong={"affine": {"constant": 1.0}, "quadratic": {"degree": 2.0}},
)
def linear_in_delta_slopes(n, x, numbers, *, first=0.7, second=-1.9, degree=Exponent(1), constant=0.0):
    other = value(other_slopes(n, numbers), x)
    return first**degree * value(n, x) - (-second) ** degree * other + constant
