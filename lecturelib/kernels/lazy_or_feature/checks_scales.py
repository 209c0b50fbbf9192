"""Claims of the chapter `kernels/lazy_or_feature` on what width and α do together, and on chains of equal factors."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.kernels.lazy_or_feature.checks import GEIGER, by_torch, descent, draw, labels
from lecturelib.kernels.lazy_or_feature.scaled import chain_kernel, chain_time
from lecturelib.kernels.tangent_kernel.checks import normal
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.wide_networks import SOFTPLUS_FACTOR, WideNetwork, draw_wide, pulled


def network_of(weights: list[Tensor]) -> WideNetwork:
    """The softplus network with these matrices."""
    biases = tuple(torch.zeros(part.shape[:-1], dtype=part.dtype) for part in weights)
    return WideNetwork(tuple(weights), biases, "softplus", 1.0, 0.0)


# The factor of the softplus


def _has_mean_square_one(factor, generator: Generator) -> float:
    """By the trapezoid rule, which is exact to rounding for such functions; the seed moves its points."""
    shift = torch.rand(1, generator=generator, dtype=torch.float64)
    z = (torch.arange(-768, 768, dtype=torch.float64) + shift) / 64
    weights = torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi) / 64
    return abs(float((weights * (factor * torch.log1p(torch.exp(5 * z)) / 5).square()).sum()) - 1)


factor = Claim(
    label="prop-lazy-softplus",
    statement=r"$\E\varphi(z)^2 = 1$ for a standard normal $z$ if $a = 1.404383\dots$",
    source=f"{GEIGER}, with the number put right",
    method="exact identity",
    tolerance=1e-9,
    check=_has_mean_square_one,
    formula=SOFTPLUS_FACTOR,
    falsifiers={"1.4035, as published": 1.4035, "1.404, as in the slides": 1.404, "variance 1": 1.7483284022},
)


# One hidden layer: α √m is all that counts


def _is_the_same_network(partner, generator: Generator) -> float:
    """Train m neurons, and k copies of each with the partner of α; compare F elsewhere."""
    width, worst = 6, 0.0
    x, z, y = normal(generator, 5, 3), normal(generator, 4, 3), labels(generator, 5)
    inner, outer = normal(generator, width, 3), normal(generator, 1, width)
    for alpha, copies in ((0.2, 2), (2.0, 3)):
        outputs = []
        for times, scale in ((1, alpha), (copies, partner(alpha, copies))):
            weights = [inner.repeat(times, 1), outer.repeat(1, times)]
            end = descent(weights, x, y, alpha=scale, time=min(alpha, 1.0), steps=60)[-1]
            outputs.append(scale * (by_torch(end, z) - by_torch(weights, z)))
        worst = max(worst, relative_gap(outputs[1], outputs[0]) if torch.isfinite(outputs[1]).all() else math.inf)
    return worst


collapse = Claim(
    label="thm-lazy-collapse",
    statement=r"With one hidden layer, a network and its $k$-fold copy have the same $F$ at all times if both have the "
    r"same $\alpha \sqrt m$.",
    source=f"derived here; the scale is that of {GEIGER}",
    method="exact identity",
    tolerance=1e-10,
    check=_is_the_same_network,
    formula=lambda alpha, copies: alpha / math.sqrt(copies),
    falsifiers={
        r"the same $\alpha$": lambda alpha, copies: alpha,
        r"the same $\alpha m$": lambda alpha, copies: alpha / copies,
        r"slides: $\frac1m \sum$ with $\alpha^* \sim m^{-1/2}$": lambda alpha, copies: alpha * math.sqrt(copies),
    },
)


# Speeds at the start of deep networks


@lru_cache(maxsize=12)
def _exponents(seed: int) -> tuple[float, ...]:
    """Exponents of m, from 16 to 256, of the root mean squares of the speeds of W_0, W_1, W_3 and of z_2, z_3."""
    generator, found = Generator().manual_seed(seed), []
    x, y = normal(generator, 8, 5), labels(generator, 8)
    for width in (16, 256):
        sizes, many = (5, width, width, width, 1), (3200 // width,)
        start = draw_wide(sizes, generator=generator, activation="softplus", weight_scale=1.0, ensemble=many)
        layers = start.forward(x)
        speeds, _ = pulled(start, layers, y / len(y))  # −∇L at F = 0 for α = 1, where ℓ' is −1 to rounding
        step = 1e-5
        moved = WideNetwork(
            tuple(part + step * speed for part, speed in zip(start.weights, speeds, strict=True)),
            *(start.biases, "softplus", 1.0, 0.0),
        )
        after = moved.forward(x)
        preactivations = [(after[k][1] - layers[k][1]) / step for k in (1, 2)]
        parts = (speeds[0], speeds[1], speeds[3], *preactivations)
        found.append([float(part.square().mean().sqrt()) for part in parts])
    return tuple(math.log(b / a) / math.log(16) for a, b in zip(*found, strict=True))


speeds = Claim(
    label="prop-lazy-speeds",
    statement=r"At the start, entries of the first and the last matrix move at the speed $1/(\alpha\sqrt m)$, those of "
    r"hidden matrices at $1/(\alpha m)$, and pre-activations at $1/(\alpha\sqrt m)$.",
    source="lecture 13 of Jelenković's course; measured here",
    method="Monte Carlo",
    tolerance=0.15,
    check=lambda powers, generator: max(
        abs(found - power) for found, power in zip(_exponents(generator.initial_seed()), powers, strict=True)
    ),
    formula=(-0.5, -1.0, -0.5, -0.5, -0.5),
    falsifiers={
        "hidden matrices as fast as the others": (-0.5, -0.5, -0.5, -0.5, -0.5),
        r"pre-activations at $1/(\alpha m)$": (-0.5, -1.0, -0.5, -1.0, -1.0),
        "deeper layers slower and slower": (-0.5, -1.0, -0.5, -0.5, -1.0),
        "as in one hidden layer with a factor $1/m$": (-1.0, -1.0, -1.0, -1.0, -1.0),
    },
)


# Turning round the last layer


def _goes_the_same_way(partner, generator: Generator) -> float:
    weights = list(draw(generator).weights)
    x, y, alpha = normal(generator, 5, 3), labels(generator, 5), 0.7
    kernels = []
    for parts, scale in ((weights, alpha), partner(weights, alpha)):
        end = descent(parts, x, y, alpha=scale, time=1.0, steps=50)[-1]
        kernels.append(empirical_kernel(network_of(end), x))
    return relative_gap(kernels[1], kernels[0])


mirror = Claim(
    label="prop-lazy-mirror",
    statement=r"The last matrix with the opposite sign has the same effect on the path of $\Theta$ as $-\alpha$ in "
    r"place of $\alpha$.",
    source="derived here",
    method="exact identity",
    tolerance=1e-10,
    check=_goes_the_same_way,
    formula=lambda weights, alpha: ([*weights[:-1], -weights[-1]], -alpha),
    falsifiers={
        r"the same $\alpha$": lambda weights, alpha: ([*weights[:-1], -weights[-1]], alpha),
        "the first matrix turned round": lambda weights, alpha: ([-weights[0], *weights[1:]], -alpha),
        r"$\alpha$ alone": lambda weights, alpha: (weights, -alpha),
    },
)


@lru_cache(maxsize=12)
def _orders(seed: int) -> tuple[float, float]:
    """log₂ of what doubling α divides ‖ΔΘ‖ by: for one network, and for the mean of it and its mirror image."""
    generator = Generator().manual_seed(seed)
    weights, found = list(draw(generator).weights), []
    x, y = normal(generator, 5, 3), labels(generator, 5)
    before = empirical_kernel(network_of(weights), x)
    for alpha in (200.0, 400.0):
        changes = []
        for sign in (1, -1):
            end = descent([*weights[:-1], sign * weights[-1]], x, y, alpha=alpha, time=1.0, steps=50)[-1]
            changes.append(empirical_kernel(network_of(end), x) - before)
        found.append((float(changes[0].norm()), float(((changes[0] + changes[1]) / 2).norm())))
    return tuple(math.log2(a / b) for a, b in zip(*found, strict=True))


even = Claim(
    label="cor-lazy-even",
    statement=r"For large $\alpha$ the kernel of one network changes by $1/\alpha$; its mean over starts, by "
    r"$1/\alpha^2$.",
    source="derived here",
    method="exact identity",
    tolerance=0.1,
    check=lambda powers, generator: max(
        abs(found - power) for found, power in zip(_orders(generator.initial_seed()), powers, strict=True)
    ),
    formula=(1.0, 2.0),
    falsifiers={"both alike": (1.0, 1.0), "both as the square": (2.0, 2.0), "the mean as the cube": (1.0, 3.0)},
)


# A chain of equal factors


def _arrives(times, generator: Generator) -> float:
    """Runge–Kutta for D factors with ℓ' = −1, to the time at which F = v should be reached: is it, and with that Θ?"""
    worst = 0.0
    for count in (2, 3, 5):
        scale = 10 ** (3 * float(torch.rand(1, generator=generator)) - 1.5)
        for target in (0.5, 1.0):
            time, kernel = times(count, scale, target)
            u = _runge_kutta(torch.ones(count, dtype=torch.float64), time, scale)
            found = scale * (float(u.prod()) - 1), float((u.prod() / u).square().sum())
            gaps = abs(found[0] / target - 1), abs(found[1] / kernel - 1)
            worst = max(worst, *(min(gap, 10.0) if math.isfinite(gap) else 10.0 for gap in gaps))
    return worst


def _runge_kutta(u: Tensor, time: float, scale: float, steps: int = 200) -> Tensor:
    def speed(w: Tensor) -> Tensor:
        return w.prod() / w / scale

    h = time / steps
    for _ in range(steps):
        one = speed(u)
        two = speed(u + h / 2 * one)
        three = speed(u + h / 2 * two)
        u = (u + h / 6 * (one + 2 * two + 2 * three + speed(u + h * three))).clamp(max=1e6)
    return u


def chain_times(count: int, scale: float, target: float) -> tuple[float, float]:
    """t at which F = target, and Θ then, for a chain of `count` factors."""
    time, kernel = chain_time(count, scale, target), count * chain_kernel(count, scale, target)
    return float(time), float(kernel)


chain = Claim(
    label="thm-lazy-chain",
    statement=r"A chain of $D$ factors reaches $F = v$ at $t = \frac{s}{D-2} (1 - (1 + v/s)^{2/D - 1})$, for $D = 2$ "
    r"at $\frac s2 \ln(1 + v/s)$, and has $\Theta = D\,(1 + v/s)^{2 - 2/D}$ then.",
    source="derived here",
    method="exact identity",
    tolerance=1e-4,
    check=_arrives,
    formula=chain_times,
    falsifiers={
        r"the lazy time $v/D$": lambda count, s, v: (v / count, chain_times(count, s, v)[1]),
        r"$s$ alone": lambda count, s, v: (s, chain_times(count, s, v)[1]),
        r"$\Theta \sim (1 + v/s)^2$ at every depth": lambda count, s, v: (
            chain_times(count, s, v)[0],
            count * (1 + v / s) ** 2,
        ),
        r"$\Theta \sim (1 + v/s)^{1 - 2/D}$": lambda count, s, v: (
            chain_times(count, s, v)[0],
            count * (1 + v / s) ** (1 - 2 / count),
        ),
    },
)
