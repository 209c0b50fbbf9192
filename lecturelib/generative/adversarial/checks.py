"""Claims of the chapter `generative/adversarial`: the best discriminator, what it measures, and what pulls at G."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Generator, Tensor
from torch.nn.functional import logsigmoid, softplus

from lecturelib.core.checking import equals, is_at_most
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform
from lecturelib.generative.adversarial.divergence import jensen_shannon
from lecturelib.generative.adversarial.mixtures import GaussianMixture

# The best discriminator


def chances(generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Two lists of probabilities: of all sizes, of places that only one of them has, and twice the same."""
    p, q = (one / one.sum() for one in (sizes(generator, 6), sizes(generator, 6)))
    yield p, q
    yield p, p
    p, q = p.clone(), q.clone()
    p[:2], q[3] = 0, 0
    yield p / p.sum(), q / q.sum()


def searched(p: Tensor, q: Tensor) -> Tensor:
    """Where V, outcome by outcome, has its maximum: its slope by autograd, and bisection."""
    low, high = torch.zeros_like(p), torch.ones_like(p)
    for _ in range(60):
        d = ((low + high) / 2).requires_grad_()
        value = (p * torch.log(d) + q * torch.log1p(-d)).sum()
        rises = torch.autograd.grad(value, d)[0] > 0
        low, high = torch.where(rises, d, low).detach(), torch.where(rises, high, d).detach()
    return (low + high) / 2


@claim(
    "prop-adv-optimal",
    source="goodfellow2014: proposition 1",
    check=equals(searched, on=chances),
    wrong={
        "the quotient of the densities": lambda p, q: p / q,
        "the chances exchanged": lambda p, q: q / (p + q),
        "certain of the likelier one": lambda p, q: torch.where(p > q, 1.0, torch.where(p < q, 0.0, 0.5)),
    },
)
def optimal(p, q, *, one=1.0, power=Exponent(1.0)):
    return one * p**power / (p**power + q**power)


# What V becomes


def drawn(generator: Generator, count: int) -> GaussianMixture:
    """A mixture of that many components on the line."""
    return GaussianMixture(1.5 * normal(generator, count, 1), 0.5 * sizes(generator, count), sizes(generator, count))


def pairs(generator: Generator) -> Iterator[tuple[GaussianMixture, GaussianMixture]]:
    """Two mixtures: unlike, nearly alike, and far apart."""
    p, q = drawn(generator, 3), drawn(generator, 2)
    yield p, q
    yield p, GaussianMixture(p.means + 0.05, p.scales, p.weights)
    yield p, GaussianMixture(q.means + 20, q.scales, q.weights)


def integral(function, p: GaussianMixture, q: GaussianMixture) -> float:
    """∫ function(p(x), q(x)) dx by the trapezoid rule on one even grid of the line."""
    ends = [mixture.means[:, 0] + side * 10 * mixture.scales for mixture in (p, q) for side in (-1, 1)]
    x = torch.linspace(float(torch.cat(ends).min()), float(torch.cat(ends).max()), 20_001, dtype=torch.float64)
    return float(function(p.density(x[:, None]), q.density(x[:, None])).sum() * (x[1] - x[0]))


def value_of_the_best(p: GaussianMixture, q: GaussianMixture) -> float:
    """V where D = p / (p + q), an integral over the line."""

    def both(p: Tensor, q: Tensor) -> Tensor:
        return torch.xlogy(p, (p / (p + q)).nan_to_num()) + torch.xlogy(q, (q / (p + q)).nan_to_num())

    return integral(lambda p, q: both(p, q).nan_to_num(0.0, 0.0, 0.0), p, q)


def without_a_logarithm(p: GaussianMixture, q: GaussianMixture) -> float:
    """JS whose second term lacks its logarithm."""
    (x, u), (y, v) = p.places(), q.places()
    first = u @ (math.log(2) + logsigmoid(p.log_density(x) - q.log_density(x)))
    second = v @ (2 * torch.sigmoid(q.log_density(y) - p.log_density(y)))
    return float(first + second) - 2 * math.log(2)


@claim(
    "thm-adv-js",
    source="goodfellow2014: theorem 1",
    check=equals(value_of_the_best, on=pairs, tolerance=1e-8, floor=1.0),
    wrong={
        "JS once": {"two": 1.0},
        "without the constant": {"constant": 0.0},
        "without the logarithm of one term": without_a_logarithm,
    },
)
def value(p, q, *, two=2.0, constant=2.0, base=2.0):
    return two * jensen_shannon(p, q) - constant * math.log(base)


def overlapping(generator: Generator) -> Iterator[tuple[GaussianMixture, GaussianMixture]]:
    """`pairs`, one mixture twice, two Gaussians near each other, and two mixtures with one component in common."""
    yield from pairs(generator)
    p = drawn(generator, 2)
    yield p, p
    for share in (0.2, 0.6):  # all else is apart: the bound is reached
        yield tuple(GaussianMixture([[0.0], [far]], [1.0, 1.0], [share, 1 - share]) for far in (-30.0, 30.0))
    for shift in (0.1, 0.5, 3.0):
        yield (GaussianMixture([[0.0]], [1.0], [1.0]), GaussianMixture([[shift]], [1.0], [1.0]))


def lacking(p: GaussianMixture, q: GaussianMixture) -> float:
    """ln 2 − JS, of the library; never less than rounding."""
    return max(1e-300, math.log(2) - jensen_shannon(p, q))


@claim(
    "prop-adv-parted",
    source="own",
    check=is_at_most(lacking, on=overlapping, tolerance=1e-7),
    wrong={"half of it": {"factor": 0.5}, "the square of the overlap": {"power": 2.0}},
)
def parted(p, q, *, factor=1.0, base=2.0, power=Exponent(1.0)):
    overlap = integral(lambda p, q: torch.sqrt(p * q), p, q)
    return factor * math.log(base) * overlap**power + 1e-12


# Two losses


def logits(generator: Generator) -> tuple[Tensor]:
    return (4 * normal(generator, 30),)


def slopes_by_autograd(a: Tensor) -> dict[str, Tensor]:
    """Slopes of ln(1 − D) and of −ln D with respect to the logit of D."""
    a = a.requires_grad_()
    found = {"saturating": torch.log(1 - torch.sigmoid(a)), "non-saturating": -torch.log(torch.sigmoid(a))}
    return {name: torch.autograd.grad(loss.sum(), a)[0] for name, loss in found.items()}


@claim(
    "prop-adv-losses",
    source="goodfellow2014: section 3; own",
    check=equals(slopes_by_autograd, on=logits, tolerance=1e-8),
    wrong={
        "exchanged": lambda a: {"saturating": torch.sigmoid(a) - 1, "non-saturating": -torch.sigmoid(a)},
        "the other sign": {"minus": 1.0},
    },
)
def losses(a, *, minus=-1.0, one=1.0):
    d = 1 / (1 + torch.exp(-a.detach()))
    return {"saturating": minus * d, "non-saturating": minus * (one - d)}


def generators(generator: Generator) -> Iterator[tuple[GaussianMixture, Tensor]]:
    """p, and θ = (place, ln scale) of a generator G(z) = place + scale z of one dimension."""
    for away in (0.3, 1.5):
        yield drawn(generator, 3), torch.cat([away * normal(generator, 1), uniform(generator, 1, low=-0.5, high=0.3)])


def made(theta: Tensor) -> tuple[Tensor, Tensor, GaussianMixture]:
    """Points G(z), their weights, and the density of what is made, with gradients by theta."""
    z = torch.linspace(-9, 9, 4001, dtype=torch.float64)[:, None]  # finer than any component of p
    weights = torch.softmax(-0.5 * z[:, 0].square(), 0)
    scale = theta[1].exp()
    q = GaussianMixture(theta[:1, None], scale[None], torch.ones(1, dtype=theta.dtype))
    return theta[0] + scale * z, weights, q


def pulls(p: GaussianMixture, theta: Tensor) -> dict[str, Tensor]:
    """Gradients by theta of both losses of G, where D is the best one for this theta and held fixed."""
    theta = theta.clone().requires_grad_()
    x, weights, _ = made(theta)
    a = p.log_density(x) - made(theta.detach())[2].log_density(x)
    found = {"saturating": -(weights @ softplus(a)), "non-saturating": weights @ softplus(-a)}
    return {name: torch.autograd.grad(loss, theta, retain_graph=True)[0] for name, loss in found.items()}


def divergences(p: GaussianMixture, theta: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """theta, JS(p, q), KL(q ‖ p) and KL(p ‖ q) by quadrature, with gradients by theta."""
    theta = theta.clone().requires_grad_()
    x, weights, q = made(theta)
    y, others = p.places()
    ours, theirs = (q.log_density(one) - p.log_density(one) for one in (x, y))
    js = math.log(2) - 0.5 * (weights @ softplus(-ours)) - 0.5 * (others @ softplus(theirs))
    return theta, js, weights @ ours, -(others @ theirs)


def _gradients(theta: Tensor, saturating: Tensor, other: Tensor) -> dict[str, Tensor]:
    found = {"saturating": saturating, "non-saturating": other}
    return {name: torch.autograd.grad(loss, theta, retain_graph=True)[0] for name, loss in found.items()}


def forward_kl(p: GaussianMixture, theta: Tensor) -> dict[str, Tensor]:
    """The same with KL(p ‖ q) in place of KL(q ‖ p)."""
    theta, js, _, forward = divergences(p, theta)
    return _gradients(theta, 2 * js, forward - 2 * js)


@claim(
    "thm-adv-pull",
    source="arjovsky2017: theorem 2.5; own",
    check=equals(pulls, on=generators, tolerance=1e-7),
    wrong={
        "JS once": {"two": 1.0},
        "JS is not taken away": {"back": 0.0},
        r"$\mathrm{KL}(p \Vert q)$": forward_kl,
    },
)
def pull(p, theta, *, two=2.0, one=1.0, back=2.0):
    theta, js, backward, _ = divergences(p, theta)
    return _gradients(theta, two * js, one * backward - back * js)
