"""Claims of the chapter `kernels/tangent_kernel` on the limit of infinite width."""

from __future__ import annotations

import math
from collections.abc import Iterator

import mpmath as mp
import numpy as np
import torch
from torch import Generator, Tensor
from torch.func import grad, jvp

from lecturelib.core.checking import equals, has_mean
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform
from lecturelib.kernels.tangent_kernel.checks_problems import (
    Law,
    all_networks,
    few_neurons,
    standard_normal,
    with_signs,
)
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.layer_products import kernel_of
from lecturelib.kernels.tangent_kernel.limit import infinite_kernel
from lecturelib.kernels.tangent_kernel.moments import gaussian_moments
from lecturelib.kernels.tangent_kernel.recursion import relu as relu_layer
from lecturelib.kernels.tangent_kernel.wide_networks import draw_wide, slope, value, with_parts

# Gaussian expectations


def _pairs(generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Variances and covariances of eight pairs, two of them with u and v in proportion: (8,) each."""
    a, b = sizes(generator, 2, 8)
    share = torch.cat([torch.tensor([1.0, -1.0, 0.0], dtype=torch.float64), torch.tanh(normal(generator, 5))])
    return a, b, (a * b).sqrt() * share


def _by_integrals(activation: str):
    def moments(a: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        rows = []
        for a1, b1, c1 in zip(a, b, c, strict=True):
            rest = (b1 - c1**2 / a1).clamp(min=0).sqrt()
            directions = torch.stack([torch.stack([a1.sqrt(), 0 * a1]), torch.stack([c1 / a1.sqrt(), rest])])
            g, p = standard_normal(directions)
            u, v = (g @ directions.T).T
            rows.append([p @ (f(activation, u) * f(activation, v)) for f in (value, slope)])
        return tuple(torch.tensor(rows, dtype=torch.float64).T)

    return moments


@claim(
    "thm-ntk-arc-cosine",
    source="cho2009: section 2.1",
    check=equals(_by_integrals("relu"), on=_pairs, tolerance=1e-7),  # the cosine of 0 leaves 8 digits of the angle
    also=(lambda a, b, c: tuple(gaussian_moments("relu", a, b, c)),),
    wrong={
        r"$-\sin\theta$": {"sine": -1.0},
        r"$ab$ in place of $\sqrt{ab}$": {"power": Exponent(1)},
        r"$1/\pi$, as for a ReLU scaled to keep the variance": {"values": 1 / math.pi, "slopes": 1 / math.pi},
    },
)
def arc_cosine(a, b, c, *, values=0.5 / math.pi, slopes=0.5 / math.pi, power=Exponent(0.5), sine=1.0, cosine=1.0,
               straight=math.pi):  # fmt: skip
    angle = torch.acos((c / (a * b).sqrt()).clamp(-1, 1))
    left = straight - angle
    return values * (a * b) ** power * (sine * torch.sin(angle) + cosine * left * torch.cos(angle)), slopes * left


@claim(
    "thm-ntk-erf",
    source="williams1997: section 3.1",
    check=equals(_by_integrals("erf"), on=_pairs, tolerance=1e-8),
    also=(lambda a, b, c: tuple(gaussian_moments("erf", a, b, c)),),
    wrong={
        r"$c$ in place of $2c$": {"inside": 1.0},
        r"$+\,4c^2$": {"minus": -4.0},
        r"$2/\pi$ before the slopes": {"slopes": 2 / math.pi},
    },
)
def arc_sine(a, b, c, *, values=2 / math.pi, inside=2.0, slopes=4 / math.pi, minus=4.0, one=1.0, two=2.0,
             power=Exponent(-0.5)):  # fmt: skip
    square = (one + two * a) * (one + two * b)
    return values * torch.asin(inside * c / square.sqrt()), slopes * (square - minus * c.square()) ** power


# One hidden layer: the mean at every width, and the spread


def _means(generator: Generator) -> Iterator[tuple]:
    """Activation, scales, two inputs, width, and a law that has the means of normal neurons."""
    for activation, width, dimension, rule in (
        ("relu", 1, 3, (4, 12)),
        ("erf", 1, 2, (64, 24)),
        ("relu", 2, 1, (2, 8)),
    ):
        scales, x = tuple(uniform(generator, 2, low=0.3, high=1.3).tolist()), normal(generator, 2, dimension)
        directions = torch.cat([scales[0] / math.sqrt(dimension) * x, torch.full_like(x[:, :1], scales[1])], 1)
        yield activation, scales, x, width, with_signs(*standard_normal(directions, *rule))


def _mean_over_networks(activation, scales, x, width: int, law: Law) -> Tensor:
    networks, p = all_networks(law, width, activation, scales)
    return torch.tensordot(p, empirical_kernel(networks, x), 1)


@claim(
    "thm-ntk-mean",
    source="own",
    check=equals(_mean_over_networks, on=_means, tolerance=1e-9),
    also=(
        lambda activation, scales, x, width, law: infinite_kernel(
            x, depth=1, activation=activation, weight_scale=scales[0], bias_scale=scales[1]
        ),
    ),
    wrong={
        "the covariance of outputs": {"below_weights": 0.0, "below_biases": 0.0},
        "without the bias of the output": {"bias": 0.0},
        r"$\langle x, x' \rangle$ not divided by $d$": lambda a, s, x, *o: mean.formula(
            a, s, x * x.shape[1] ** 0.5, *o
        ),
    },
)
def mean(activation, scales, x, width, law, *, values=1.0, bias=1.0, below_weights=1.0, below_biases=1.0):
    w2, b2 = (scale**2 for scale in scales)
    gram = w2 / x.shape[1] * x @ x.T
    variances = (gram + b2).diagonal().expand_as(gram)
    found = gaussian_moments(activation, variances.mT, variances, gram + b2)
    return values * w2 * found.values + bias * b2 + w2 * found.slopes * (below_weights * gram + below_biases * b2)


def _spreads(generator: Generator) -> Iterator[tuple]:
    for activation, width in (("relu", 1), ("erf", 2), ("softplus", 3)):
        scales, x = tuple(sizes(generator, 2).tolist()), normal(generator, 2, 2)
        yield activation, scales, x, width, few_neurons(generator, 2)


def _mean_square_over_networks(activation, scales, x, width: int, law: Law) -> Tensor:
    networks, p = all_networks(law, width, activation, scales)
    kernels = empirical_kernel(networks, x)
    return p @ (kernels - torch.tensordot(p, kernels, 1)).square()[:, 0, 1]


@claim(
    "prop-ntk-rate",
    source="own",
    check=equals(_mean_square_over_networks, on=_spreads),
    wrong={
        "$C / m^2$": {"power": Exponent(-2)},
        "the same at every width": {"power": Exponent(0)},
        "of independent layers": {"mixed": 0.0},
    },
)
def rate(activation, scales, x, width, law, *, power=Exponent(-1), first=1.0, mixed=2.0, second=1.0):
    """C, the variance of what one neuron adds, is that of its output weight, of its input weights, and of both."""
    w2, b2 = (scale**2 for scale in scales)
    z = scales[0] / math.sqrt(x.shape[1]) * law.w @ x.T + scales[1] * law.b[:, None]
    outer = w2 * value(activation, z).prod(1)
    inner = w2 * law.v**2 * slope(activation, z).prod(1) * (w2 / x.shape[1] * x[0] @ x[1] + b2)
    outer, inner = (part - law.p @ part for part in (outer, inner))
    return law.p @ (first * outer**2 + mixed * outer * inner + second * inner**2) * width**power


# The speed of the kernel


def _speeds(generator: Generator) -> Iterator[tuple]:
    for activation, width in (("erf", 1), ("softplus", 2), ("erf", 3)):
        scales, x = tuple(sizes(generator, 2).tolist()), normal(generator, 5, 2)  # two inputs, and data
        yield activation, scales, x, normal(generator, 3), width, few_neurons(generator, 2)


def _speed_over_networks(activation, scales, x, residuals, width: int, law: Law) -> dict:
    """Mean and mean square over all networks of the speed of K(x₁, x₂) under gradient flow, by autograd."""
    networks, p = all_networks(law, width, activation, scales)
    parts = (*networks.weights, *networks.biases)

    def kernel(*parts: Tensor) -> Tensor:
        return empirical_kernel(with_parts(networks, parts[:2], parts[2:]), x[:1], x[1:2])[:, 0, 0]

    def pull(*parts: Tensor) -> Tensor:
        return -(with_parts(networks, parts[:2], parts[2:])(x[2:]) @ residuals).sum()

    speed = jvp(kernel, parts, grad(pull, (0, 1, 2, 3))(*parts))[1]
    return {"mean": p @ speed, "mean square": p @ speed.square()}


@claim(
    "prop-ntk-drift",
    source="own",
    check=equals(_speed_over_networks, on=_speeds, floor=0.01),
    wrong={
        "$C' / m$ for the mean square, like the distance to the limit": {"power": Exponent(-1)},
        "$C' / m^3$ for the mean square": {"power": Exponent(-3)},
        "the output weight to the first power alone": {"cubic": 0.0},
    },
)
def drift(activation, scales, x, residuals, width, law, *, mean=0.0, power=Exponent(-2), linear=1.0, cubic=1.0):
    """What one neuron adds is odd in its output weight: v g + v³ h, of which C'² is the mean square."""
    s, t = scales
    grams = s**2 / x.shape[1] * x @ x.T + t**2
    z = (s / math.sqrt(x.shape[1]) * law.w @ x.T + t * law.b[:, None]).requires_grad_()
    phi, first = value(activation, z), slope(activation, z)
    second = torch.autograd.grad(first.sum(), z)[0]
    push = (first[:, 2:] * residuals) @ grams[2:, :2]  # of z₁ and z₂, over −σ_w v / √m
    output = phi[:, 2:] @ residuals
    g = (first[:, :2] * push * phi[:, [1, 0]]).sum(1) + 2 * output * first[:, :2].prod(1) * grams[0, 1]
    h = (second[:, :2] * push * first[:, [1, 0]]).sum(1) * grams[0, 1]
    one = s**3 * (linear * law.v * g + cubic * law.v**3 * h)
    return {"mean": mean, "mean square": law.p @ one.square().detach() * width**power}


# Any depth


def _starts(generator: Generator) -> Iterator[tuple]:
    for activation, depth, count in (("relu", 2, 60_000), ("erf", 2, 10_000), ("relu", 3, 4_000)):
        turn, scales = uniform(generator, 1, high=math.pi), uniform(generator, 2, low=0.9, high=1.1).tolist()
        x = torch.stack([torch.cat([turn.cos(), turn.sin()]), torch.tensor([1.0, 0.5]).double()])
        yield activation, depth, tuple(scales), x, count


def _wide(generator: Generator, activation, depth: int, scales, x, count: int) -> dict[str, Tensor]:
    """What is left of a 1/m beside the limit cancels between widths 8 and 16: twice the one less the other.

    Output weights are replaced by their signs, with which the mean is the same and what chance adds is less.
    """
    found: dict[str, Tensor] = {}
    for width, share in ((8, -1.0), (16, 2.0)):
        options = {"activation": activation, "weight_scale": scales[0], "bias_scale": scales[1], "ensemble": (count,)}
        drawn = draw_wide((2, *[width] * depth, 1), generator=generator, dtype=torch.float32, **options)
        networks = with_parts(drawn, [*drawn.weights[:-1], drawn.weights[-1].sign()], drawn.biases)
        layers = [kernel_of([one], [one])[..., 0, 0] for one in networks.signals(x)]
        variances = layers[-1].diagonal(
            dim1=1, dim2=2
        )  # of outputs given the hidden layers, with which they are normal
        parts = {"first": layers[0], "inner": sum(layers[1:-1]), "last": layers[-1], "kernel": sum(layers)}
        parts["fourth moments"] = variances.unsqueeze(2) * variances.unsqueeze(1) + 2 * layers[-1].square()
        found = {name: found.get(name, 0.0) + share * part.double() for name, part in parts.items()}
    return found


@claim(
    "thm-ntk-limit",
    source="jacot2018: theorem 1",
    check=has_mean(_wide, on=_starts),
    also=(
        lambda activation, depth, scales, x, count: (
            limit.formula(activation, depth, scales, x, count)
            | {
                name: infinite_kernel(
                    x, depth=depth, activation=activation, weight_scale=scales[0], bias_scale=scales[1], kind=kind
                )
                for name, kind in (("kernel", "ntk"), ("last", "nngp"))
            }
        ),
    ),
    wrong={
        r"without the factor $\dot\Sigma$": {"back": 0.0},
        "3 % less from layer to layer": {"back": 0.97},
        "without biases": {"biases": 0.0},
        "fourth moments that are no normal ones": {"twice": 0.0},
    },
)
def limit(activation, depth, scales, x, count, *, weights=1.0, biases=1.0, back=1.0, twice=2.0):
    w2, b2 = (scale**2 for scale in scales)
    covariance = weights * w2 / x.shape[1] * x @ x.T + biases * b2
    layers = [covariance]  # what the parameters of each contribute to Θ
    for _ in range(depth):
        variances = covariance.diagonal().expand_as(covariance)
        found = gaussian_moments(activation, variances.mT, variances, covariance)
        covariance = weights * w2 * found.values + biases * b2
        layers = [back * w2 * found.slopes * one for one in layers] + [covariance]
    parts = {"first": layers[0], "inner": sum(layers[1:-1]), "last": covariance, "kernel": sum(layers)}
    variances = covariance.diagonal()
    return parts | {"fourth moments": torch.outer(variances, variances) + twice * covariance.square()}


# What the library carries from layer to layer


def _layers(generator: Generator) -> Iterator[tuple]:
    """Angles, deviations (7,) each, some of one length, and both scales; without biases too."""
    for biased in (1.0, 0.0, 1.0):
        one, other = sizes(generator, 2, 7)
        angle = uniform(generator, 7, low=0.02, high=math.pi)
        yield (
            angle,
            one,
            torch.cat([one[:2], 1.001 * one[2:3], other[3:]]),
            *sizes(generator, 2, 1) * torch.tensor([[1.0], [biased]]),
        )


def _to_fifty_digits(angle: Tensor, one: Tensor, other: Tensor, weight_scale: Tensor, bias_scale: Tensor) -> Tensor:
    """q q' less the covariance of the next layer."""
    found = []
    with mp.workdps(50):
        w2, b2 = mp.mpf(float(weight_scale)) ** 2, mp.mpf(float(bias_scale)) ** 2
        for turn, p, r in zip(angle.tolist(), one.tolist(), other.tolist(), strict=True):
            mean = mp.mpf(p) * r * (mp.sin(turn) + (mp.pi - turn) * mp.cos(turn)) / (2 * mp.pi)
            found.append(mp.sqrt(w2 * mp.mpf(p) ** 2 / 2 + b2) * mp.sqrt(w2 * mp.mpf(r) ** 2 / 2 + b2) - w2 * mean - b2)
    return torch.tensor([float(one) for one in found], dtype=torch.float64)


def _by_the_library(angle: Tensor, one: Tensor, other: Tensor, weight_scale: Tensor, bias_scale: Tensor) -> Tensor:
    w2, b2, found = float(weight_scale) ** 2, float(bias_scale) ** 2, []
    for turn, p, r in zip(angle.numpy(), one.tolist(), other.tolist(), strict=True):
        q, s = (math.sqrt(w2 * each**2 / 2 + b2) for each in (p, r))
        far = turn > math.pi / 2
        versine = np.array([2 * math.sin((math.pi - turn if far else turn) / 2) ** 2])
        arrays = versine, np.array([float(far)]), np.empty(1), np.empty(1)
        relu_layer(w2, b2, p, np.array([r]), q, np.array([s]), *arrays)
        found.append(q * s * versine[0])
    return torch.tensor(found, dtype=torch.float64)


@claim(
    "prop-ntk-versine",
    source="own",
    check=equals(_to_fifty_digits, on=_layers),
    also=(_by_the_library,),
    wrong={
        "without what lengths that differ add": {"lengths": 0.0},
        "the difference of lengths to the first power": {"gap": Exponent(1)},
        "twice the second term": {"lengths": 1.0},
    },
)
def versine(angle, one, other, weight_scale, bias_scale, *, product=0.5, turned=1.0, lengths=0.5, gap=Exponent(2)):
    w2, b2 = weight_scale**2, bias_scale**2
    c, size = product * w2 * one * other, ((w2 * one**2 / 2 + b2) * (w2 * other**2 / 2 + b2)).sqrt()
    lost = 1 - (torch.sin(angle) + (math.pi - angle) * torch.cos(angle)) / math.pi
    return turned * c * lost + lengths * b2 * w2 * (one - other).abs() ** gap / (size + c + b2)
