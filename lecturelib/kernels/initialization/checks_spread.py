"""Claims of the chapter `kernels/initialization` on what varies from start to start, and on other activations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache, partial

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform
from lecturelib.kernels.initialization.checks_problems import equal_plans, every_start, plans, without_biases
from lecturelib.kernels.initialization.variances import (
    Variances,
    death_chance,
    erf_variance,
    forward_moments,
    fourth_moments,
    log_step,
)

# Many layers at once


def mean_squares(plan: Variances, x: Tensor) -> Tensor:
    """q_1, …, q_L over all starts."""
    starts = every_start(plan)
    return torch.stack([starts.mean(h.square().mean(1)) for h in starts.layers(x)[1:]])


@claim(
    "cor-deepinit-unrolled",
    source="jelenkovic: vanishing and exploding gradient",
    check=equals(mean_squares, on=partial(equal_plans, shapes=((3, 2, 1, 2), (1, 2, 3), (2, 2)))),
    also=(lambda plan, x: torch.stack([q.mean() for q in forward_moments(plan, x)[1:]]),),
    wrong={
        r"without the $\frac12$": {"half": 1.0},
        "biases of the layer before": {"own": 1},
        "biases that meet the factor of their own layer": {"after": 0},
    },
)
def unrolled(plan, x, *, growth=0.5, half=0.5, first=1, after=1, own=0):
    rho = [growth * float(weights[:, 0].sum()) for weights in plan.weights]
    q = []
    for depth in range(1, len(rho) + 1):
        fed = [math.prod(rho[k + after : depth]) * float(plan.biases[(k - own) % depth][0]) for k in range(depth)]
        q.append(math.prod(rho[first - 1 : depth]) * float(x.square().mean()) + half * sum(fed))
    return torch.tensor(q, dtype=torch.float64)


# A linear layer


def sums_of_pairs(generator: Generator) -> Iterator[tuple[int, Tensor, Tensor, Tensor]]:
    """How many pairs, three values of w and of x, and probabilities (2, 3): of any mean, E w = 0, E x = 0 as well."""
    for count in (1, 2, 3):
        chances = uniform(generator, 2, 3, low=0.2)
        chances, laws = chances / chances.sum(1, keepdim=True), normal(generator, 2, 3) + 0.5
        for centred in (0, 1, 2):
            w, x = (law - (row < centred) * (p @ law) for row, (law, p) in enumerate(zip(laws, chances, strict=True)))
            yield count, w, x, chances


def variance_over_all_values(count: int, w: Tensor, x: Tensor, chances: Tensor) -> Tensor:
    one, products = torch.outer(*chances).flatten(), torch.outer(w, x).flatten()
    chance, sums = torch.ones(1, dtype=w.dtype), torch.zeros(1, dtype=w.dtype)
    for _ in range(count):
        chance, sums = torch.outer(chance, one).flatten(), (sums[:, None] + products).flatten()
    return chance @ (sums - chance @ sums).square()


@claim(
    "prop-deepinit-linear",
    source="anselmi: class 3",
    check=equals(variance_over_all_values, on=sums_of_pairs),
    wrong={
        r"$k\, \E w^2\, \E x^2$, whatever the means are": {"means": 0.0},
        r"$k \Var w \Var x$, whatever the means are": lambda k, w, x, p: (
            k * (p[0] @ w**2 - (p[0] @ w) ** 2) * (p[1] @ x**2 - (p[1] @ x) ** 2)
        ),
        r"$k^2$ in place of $k$": {"power": 2.0},
    },
)
def linear(count, w, x, chances, *, power=Exponent(1), squares=1.0, means=1.0):
    (mean_w, square_w), (mean_x, square_x) = ((p @ law, p @ law**2) for law, p in zip((w, x), chances, strict=True))
    return count**power * (squares * square_w * square_x - means * mean_w**2 * mean_x**2)


# Fluctuations


def fourth_powers(plan: Variances, x: Tensor) -> tuple[list[Tensor], Tensor]:
    """E ‖h_ℓ‖⁴ over all starts, and E ‖h_L‖⁴ / (E ‖h_L‖²)² without biases."""
    starts, bare = every_start(plan), every_start(without_biases(plan))
    last = bare.layers(x)[-1].square().sum(1)
    sizes = [starts.mean(h.square().sum(1) ** 2) for h in starts.layers(x)]
    return sizes, bare.mean(last**2) / bare.mean(last) ** 2


def fourth_by_the_library(plan: Variances, x: Tensor) -> tuple[list[Tensor], Tensor]:
    bare = without_biases(plan)
    return list(fourth_moments(plan, x)), fourth_moments(bare, x)[-1] / forward_moments(bare, x)[-1].sum() ** 2


SMALL = partial(equal_plans, shapes=((2, 1, 2), (1, 2, 1), (3, 1, 1)))  # four values for every entry


@claim(
    "thm-deepinit-fourth",
    source="own; hanin2018: theorem 1",
    check=equals(fourth_powers, on=SMALL),
    also=(fourth_by_the_library,),
    wrong={
        r"$\frac14 (k^2 + 2k)$, of a linear layer": {"linear": 2},
        r"$\frac14 k^2$, no fluctuation": {"linear": 0},
        r"$\frac14 (k^2 + 6k)$, neurons counted with themselves": {"linear": 6},
    },
)
def fourth(plan, x, *, quarter=0.25, power=2, linear=5, excess=5):
    found = [x.square().sum() ** 2]
    for q, weights, biases in zip(forward_moments(plan, x), plan.weights, plan.biases, strict=False):
        w, b, k = weights[0, 0], biases[0], len(biases)
        found.append(quarter * (k**power + linear * k) * (w**2 * found[-1] + 2 * w * b * q.sum() + b**2))
    return found, torch.tensor(math.prod(1 + excess / k for k in plan.widths[1:]), dtype=torch.float64)


def powers_of_a_derivative(plan: Variances, x: Tensor) -> tuple[Tensor, Tensor]:
    """E ‖J_ℓ u‖² and E ‖J_ℓ u‖⁴ with u = (1, …, 1)/√d, over all starts, by autograd."""
    starts = every_start(plan)
    x = x.repeat(len(starts.chance), 1).requires_grad_()
    sizes = []
    for h in starts.layers(x):
        rows = [torch.autograd.grad(one.sum(), x, retain_graph=True)[0].sum(1) / x.shape[1] ** 0.5 for one in h.T]
        sizes.append(sum(row.square() for row in rows))
    return tuple(torch.stack([starts.mean(size**power) for size in sizes]) for power in (1, 2))


@claim(
    "thm-deepinit-directions",
    source="own; hanin2018: theorem 1",
    check=equals(powers_of_a_derivative, on=SMALL),
    wrong={r"$k \sigma_w^2$": {"half": 1.0}, r"$\frac14 (k^2 + 2k)$": {"linear": 2}},
)
def directions(plan, x, *, half=0.5, quarter=0.25, power=2, linear=5):
    second, fourth = [1.0], [1.0]
    for weights in plan.weights:
        w, k = float(weights[0, 0]), weights.shape[1]
        second.append(half * k * w * second[-1])
        fourth.append(quarter * (k**power + linear * k) * w**2 * fourth[-1])
    return tuple(torch.tensor(one, dtype=torch.float64) for one in (second, fourth))


# Silent layers, typical ones


def share_of_the_silent(plan: Variances, x: Tensor) -> Tensor:
    starts = every_start(without_biases(plan))
    return torch.stack([starts.mean((h == 0).all(1).double()) for h in starts.layers(x)])


@claim(
    "prop-deepinit-death",
    source="own",
    check=equals(share_of_the_silent, on=plans),
    also=(lambda plan, x: death_chance(plan.widths),),
    wrong={
        r"$1 - \prod (1 - k_j^{-2})$": lambda plan, x: 1 - torch.tensor([1, *(1 - k**-2 for k in plan.widths[1:])]),
        "only the last layer counts": lambda plan, x: 0.5 ** torch.tensor(plan.widths).double(),
    },
)
def death(plan, x, *, one=1.0, base=2):
    return one - torch.tensor([1.0, *(one - base**-k for k in plan.widths[1:])], dtype=torch.float64).cumprod(0)


def log_moments(k: int) -> Tensor:
    """Mean and variance of ln G, G = (2/k) Σ (ξ_i)₊² > 0, from its Laplace transform M alone; see Frullani's integral.

    E ln G = ∫ (e^{−t} − M(t)) dt/t and E ln² G = −2 ∫ (e^{−t} − M(t)) ln t dt/t − 2γ E ln G.
    """
    log_t = torch.arange(-40, 80, 0.1, dtype=torch.float64)
    t = log_t.exp()
    log_m = k * torch.log1p(torch.expm1(-torch.log1p(4 * t / k) / 2) / 2)
    off = torch.expm1(-t) - torch.expm1(log_m) / (1 - 0.5**k)
    mean, second = 0.1 * off.sum(), -0.2 * (off * log_t).sum()
    return torch.stack([mean, second - 2 * 0.57721566490153286 * mean - mean**2])


@cache
def many_times_log_moments() -> Tensor:
    """The limits of k times both, from widths of which each doubles the one before."""
    one, two, four, eight = (k * log_moments(k) for k in (400, 800, 1600, 3200))
    return (64 * eight - 56 * four + 14 * two - one) / 21


@claim(
    "thm-deepinit-typical",
    source="own",
    check=equals(lambda k: (*log_moments(k), *many_times_log_moments()), on=lambda _: [1, 2, 3, 7, 30], tolerance=1e-8),
    also=(lambda k: (*log_step(k), -2.5, 5.0),),
    wrong={
        r"$\ln (\chi^2_m / k)$": {"scale": 1.0},
        r"variance $\frac2k$, of a linear layer": {"variance": 2.0},
        "all neurons active": {"toss": 1.0},
    },
)
def typical(k, *, scale=2.0, toss=0.5, mean=-2.5, variance=5.0):
    m = torch.arange(1, k + 1, dtype=torch.float64)
    chance = m.new_tensor([math.comb(k, j) * toss**j * (1 - toss) ** (k - j) for j in range(1, k + 1)])
    chance, means = chance / chance.sum(), torch.digamma(m / 2) + math.log(2 * scale / k)
    middle = chance @ means
    return middle, chance @ (torch.polygamma(1, m / 2) + (means - middle) ** 2), mean, variance


# The error function


def by_the_trapezoid_rule(q: Tensor) -> Tensor:
    z = torch.arange(-9, 9, 0.01, dtype=torch.float64)
    density = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
    return 0.01 * (density * torch.erf(q.sqrt()[:, None] * z).square()).sum(1)


@claim(
    "prop-deepinit-erf",
    source="williams1997: section 3.1",
    check=equals(by_the_trapezoid_rule, on=lambda generator: (20 * uniform(generator, 5) ** 3,)),
    also=(erf_variance,),
    wrong={
        r"$\arcsin \frac{q}{1 + q}$": {"above": 1.0, "below": 1.0},
        r"$\frac4\pi q$, its straight line at 0": lambda q: 4 / torch.pi * q,
        r"$\frac1\pi \arcsin$": {"factor": 1.0},
    },
)
def erf_size(q, *, factor=2.0, above=2.0, one=1.0, below=2.0):
    return factor / torch.pi * torch.asin((above * q / (one + below * q)).clamp(max=1))
