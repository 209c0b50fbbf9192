"""Claims of the chapter `kernels/tangent_kernel` on the limit of infinite width."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Generator, Tensor
from torch.autograd.functional import jvp
from torch.func import grad

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
        rest, rows = (b - c**2 / a).clamp(min=0).sqrt(), []
        for pair in torch.stack([a.sqrt(), 0 * a, c / a.sqrt(), rest], 1).reshape(-1, 2, 2):
            g, p = standard_normal(pair)
            rows.append(torch.stack([p @ f(activation, g @ pair.T).prod(1) for f in (value, slope)]))
        return tuple(torch.stack(rows, 1))

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


def _options(generator: Generator, activation: str) -> dict:
    scales = uniform(generator, 2, low=0.3, high=1.3).tolist()
    return {"activation": activation, "weight_scale": scales[0], "bias_scale": scales[1]}


def _means(generator: Generator) -> Iterator[tuple]:
    """Kind of network, two inputs, width, and a law that has the means of normal neurons."""
    for name, width, dimension, *rule in (("relu", 1, 3, 4, 12), ("erf", 1, 2, 64, 24), ("relu", 2, 1, 2, 8)):
        options, x = _options(generator, name), normal(generator, 2, dimension)
        directions = torch.nn.functional.pad(
            options["weight_scale"] / math.sqrt(dimension) * x, (0, 1), "constant", options["bias_scale"]
        )
        yield options, x, width, with_signs(*standard_normal(directions, *rule))


def _mean_over_networks(options: dict, x: Tensor, width: int, law: Law) -> Tensor:
    networks, p = all_networks(law, width, options)
    return torch.tensordot(p, empirical_kernel(networks, x), 1)


@claim(
    "thm-ntk-mean",
    source="own",
    check=equals(_mean_over_networks, on=_means, tolerance=1e-9),
    also=(lambda options, x, width, law: infinite_kernel(x, depth=1, **options),),
    wrong={
        "the covariance of outputs": {"below_weights": 0.0, "below_biases": 0.0},
        "without the bias of the output": {"bias": 0.0},
        r"$\langle x, x' \rangle$ not divided by $d$": lambda options, x, *rest: mean.formula(options, 1.4 * x, *rest),
    },
)
def mean(options, x, width, law, *, values=1.0, bias=1.0, below_weights=1.0, below_biases=1.0):
    w2, b2 = options["weight_scale"] ** 2, options["bias_scale"] ** 2
    gram = w2 / x.shape[1] * x @ x.T
    variances = (gram + b2).diagonal().expand_as(gram)
    found = gaussian_moments(options["activation"], variances.mT, variances, gram + b2)
    return values * w2 * found.values + bias * b2 + w2 * found.slopes * (below_weights * gram + below_biases * b2)


def _spreads(generator: Generator) -> Iterator[tuple]:
    for activation, width in (("relu", 1), ("erf", 2), ("softplus", 3)):
        yield _options(generator, activation), normal(generator, 2, 2), width, few_neurons(generator, 2)


def _mean_square_over_networks(options: dict, x: Tensor, width: int, law: Law) -> Tensor:
    networks, p = all_networks(law, width, options)
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
def rate(options, x, width, law, *, power=Exponent(-1), first=1.0, mixed=2.0, second=1.0):
    """C is the variance of what one neuron adds: of its output weight, of its input weights, and of both."""
    z, gram = law.neurons(options, x)
    name, w2 = options["activation"], options["weight_scale"] ** 2
    outer, inner = w2 * value(name, z).prod(1), w2 * law.v**2 * slope(name, z).prod(1) * gram[0, 1]
    outer, inner = (part - law.p @ part for part in (outer, inner))
    return law.p @ (first * outer**2 + mixed * outer * inner + second * inner**2) * width**power


# The speed of the kernel


def _speeds(generator: Generator) -> Iterator[tuple]:
    for activation, width in (("erf", 1), ("softplus", 2), ("erf", 3)):
        x = normal(generator, 5, 2)  # two inputs, and data
        yield _options(generator, activation), x, normal(generator, 3), width, few_neurons(generator, 2)


def _speed_over_networks(options: dict, x: Tensor, residuals: Tensor, width: int, law: Law) -> dict:
    """Mean and mean square over all networks of the speed of K(x₁, x₂) under gradient flow, by autograd."""
    networks, p = all_networks(law, width, options)

    def kernel(*parts: Tensor) -> Tensor:
        return empirical_kernel(with_parts(networks, parts[:2], parts[2:]), x[:1], x[1:2])[:, 0, 0]

    def pull(*parts: Tensor) -> Tensor:
        return -(with_parts(networks, parts[:2], parts[2:])(x[2:]) @ residuals).sum()

    parts = (*networks.weights, *networks.biases)
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
def drift(options, x, residuals, width, law, *, mean=0.0, power=Exponent(-2), linear=1.0, cubic=1.0):
    """What one neuron adds is odd in its output weight: v g + v³ h, of which C'² is the mean square."""
    z, gram = law.neurons(options, x)
    phi, first = value(options["activation"], z.requires_grad_()), slope(options["activation"], z)
    second = torch.autograd.grad(first.sum(), z)[0]
    push = (first[:, 2:] * residuals) @ gram[2:, :2]  # of z₁ and z₂, over −σ_w v / √m
    output = 2 * phi[:, 2:] @ residuals * first[:, :2].prod(1) * gram[0, 1]
    g = (first[:, :2] * push * phi[:, [1, 0]]).sum(1) + output
    h = (second[:, :2] * push * first[:, [1, 0]]).sum(1) * gram[0, 1]
    one = options["weight_scale"] ** 3 * (linear * law.v * g + cubic * law.v**3 * h).detach()
    return {"mean": mean, "mean square": law.p @ one.square() * width**power}


# Any depth


def _starts(generator: Generator) -> Iterator[tuple]:
    for name, depth, count in (("relu", 2, 60_000), ("erf", 2, 10_000), ("relu", 3, 4_000)):
        scales, turn = uniform(generator, 2, low=0.9, high=1.1).tolist(), uniform(generator, 1, high=math.pi)
        x = torch.tensor([[math.cos(turn), math.sin(turn)], [1.0, 0.5]], dtype=torch.float64)
        yield depth, {"activation": name, "weight_scale": scales[0], "bias_scale": scales[1]}, x, count


def _wide(generator: Generator, depth: int, options: dict, x: Tensor, count: int) -> dict[str, Tensor]:
    """What is left of a 1/m beside the limit cancels between widths 8 and 16: twice the one less the other.

    Output weights are replaced by their signs, with which the mean is the same and what chance adds is less.
    """
    found: dict[str, Tensor] = {}
    for width, share in ((8, -1.0), (16, 2.0)):
        shape, many = (2, *[width] * depth, 1), {"ensemble": count, "dtype": torch.float32}
        drawn = draw_wide(shape, generator=generator, **options, **many)
        networks = with_parts(drawn, [*drawn.weights[:-1], drawn.weights[-1].sign()], drawn.biases)
        parts = _parts([kernel_of([one], [one])[..., 0, 0] for one in networks.signals(x)], 2.0)
        found = {name: found.get(name, 0.0) + share * part.double() for name, part in parts.items()}
    return found


def _parts(layers: list[Tensor], twice: float) -> dict[str, Tensor]:
    """What the first layer, inner ones and the last contribute, all, and E[f² f'²] of normal outputs."""
    variances = layers[-1].diagonal(dim1=-2, dim2=-1).unsqueeze(-1)
    moments = variances * variances.mT + twice * layers[-1].square()
    return {"first": layers[0], "inner": sum(layers[1:-1]), "last": layers[-1], "Θ": sum(layers), "moments": moments}


def _by_the_library(depth: int, options: dict, x: Tensor, count: int) -> dict[str, Tensor]:
    found = {
        name: infinite_kernel(x, depth=depth, kind=kind, **options) for name, kind in (("Θ", "ntk"), ("last", "nngp"))
    }
    return limit.formula(depth, options, x, count) | found


@claim(
    "thm-ntk-limit",
    source="jacot2018: theorem 1",
    check=has_mean(_wide, on=_starts),
    also=(_by_the_library,),
    wrong={
        r"without the factor $\dot\Sigma$": {"back": 0.0},
        "3 % less from layer to layer": {"back": 0.97},
        "without biases": {"biases": 0.0},
        "fourth moments that are no normal ones": {"twice": 0.0},
    },
)
def limit(depth, options, x, count, *, weights=1.0, biases=1.0, back=1.0, twice=2.0):
    w2, b2 = options["weight_scale"] ** 2, options["bias_scale"] ** 2
    layers = [weights * w2 / x.shape[1] * x @ x.T + biases * b2]  # what each contributes to Θ, the last is Σ
    for _ in range(depth):
        variances = layers[-1].diagonal().expand_as(layers[-1])
        found = gaussian_moments(options["activation"], variances.mT, variances, layers[-1])
        layers = [back * w2 * found.slopes * one for one in layers] + [weights * w2 * found.values + biases * b2]
    return _parts(layers, twice)


# What the library carries from layer to layer


def _layers(generator: Generator) -> Iterator[tuple]:
    """Angles, one deviation, others (7,), two of them alike or nearly so, and both scales; without biases too."""
    for biased in (1.0, 0.0, 1.0):
        one, weight_scale, bias_scale, *other = sizes(generator, 10).tolist()
        other[:2] = one, 1.001 * one
        angle = uniform(generator, 7, low=0.2, high=math.pi)
        yield angle, one, torch.tensor(other, dtype=torch.float64), weight_scale, biased * bias_scale


def _by_covariances(angle: Tensor, one: float, other: Tensor, weight_scale: float, bias_scale: float) -> Tensor:
    """q q' less the covariance of the next layer, from moments."""
    w2, b2, same = weight_scale**2, bias_scale**2, torch.full_like(other, one)
    pairs = (same, same, 1.0), (other, other, 1.0), (same, other, torch.cos(angle))
    a, b, c = (w2 * gaussian_moments("relu", p**2, r**2, p * r * cosine).values + b2 for p, r, cosine in pairs)
    return (a * b).sqrt() - c


def _by_compiled_code(angle: Tensor, one: float, other: Tensor, weight_scale: float, bias_scale: float) -> Tensor:
    w2, b2 = weight_scale**2, bias_scale**2
    after, others = math.sqrt(w2 * one**2 / 2 + b2), (w2 * other**2 / 2 + b2).sqrt().numpy()
    far = angle > math.pi / 2
    versines = (2 * torch.sin(torch.where(far, math.pi - angle, angle) / 2) ** 2).numpy()
    relu_layer(w2, b2, one, other.numpy(), after, others, versines, far.double().numpy(), *np.empty((2, 7)))
    return torch.from_numpy(after * others * versines)


@claim(
    "prop-ntk-versine",
    source="own",
    check=equals(_by_covariances, on=_layers),
    also=(_by_compiled_code,),
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
