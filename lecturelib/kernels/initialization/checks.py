"""Claims of the chapter `kernels/initialization` on means of squares over the start, forward and backward."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise
from operator import mul

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, measures
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform
from lecturelib.kernels.initialization.checks_problems import every_start, plans
from lecturelib.kernels.initialization.variances import (
    Variances,
    backward_moments,
    equal_variances,
    forward_moments,
    scheme_variances,
)


def symmetric_laws(generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Values and their probabilities, with and without an atom at 0."""
    for atom in (0.0, 1.0):
        values, chances = normal(generator, 4), uniform(generator, 4)
        chances = torch.cat([chances, chances, torch.tensor([atom])])
        yield torch.cat([values, -values, torch.zeros(1)]), chances / chances.sum()


@claim(
    "lem-deepinit-half",
    source="jelenkovic: variance of the gradient",
    check=equals(lambda z, chances: (chances * torch.relu(z).square()).sum(), on=symmetric_laws),
    wrong={"all of it": {"half": 1.0}, r"$\frac12 (\E \lvert z \rvert)^2$": lambda z, p: (p * z.abs()).sum() ** 2 / 2},
)
def symmetric_half(z, chances, *, half=0.5, power=Exponent(2)):
    return half * (chances * z.abs() ** power).sum()


# Forward


def squares_forward(plan: Variances, x: Tensor) -> list[Tensor]:
    starts = every_start(plan)
    return [starts.mean(h.square()) for h in starts.layers(x)]


@claim(
    "thm-deepinit-forward",
    source="jelenkovic: vanishing and exploding gradient",
    check=equals(squares_forward, on=plans),
    also=(forward_moments,),
    wrong={
        "without the half": {"weight": 1.0, "bias": 1.0},
        "biases not halved": {"bias": 1.0},
        r"variances of normal $h$, not second moments": {"weight": 0.5 - 0.5 / torch.pi, "bias": 0.5 - 0.5 / torch.pi},
    },
)
def forward(plan, x, *, weight=0.5, bias=0.5, power=Exponent(2)):
    q = [x.abs() ** power]
    for variances, offsets in zip(plan.weights, plan.biases, strict=True):
        q.append(weight * (variances * q[-1][:, None]).sum(0) + bias * offsets)
    return q


# Backward


def alive(plan: Variances) -> list[float]:
    """What silent layers leave of squared derivatives: P(h_ℓ ≠ 0) without biases, 1 with them."""
    silent = [0.0 if bias.any() else 0.5 ** len(bias) for bias in plan.biases]
    return list(accumulate([1.0, *(1 - one for one in silent)], mul))


def squares_backward(plan: Variances, x: Tensor) -> dict:
    """Means over all starts; and the least and largest of those with one first layer, which is not silent."""
    starts = every_start(plan)
    signals, first = starts.signals(x), starts.layers(x)[1].unflatten(0, (starts.first, -1))[:, 0]
    chance, given = (one.unflatten(0, (starts.first, -1)) for one in (starts.chance, signals[1].square()))
    given = (chance[..., None] * given).sum(1) / chance.sum(1)[:, None]
    given = given[first.any(1) | plan.biases[-1].any()]
    return {"all": [starts.mean(one.square()) for one in signals], "given": (given.amin(0), given.amax(0))}


def behind_silent_layers(g: list[Tensor], plan: Variances) -> dict:
    shares = [1.0, *alive(plan)[1:-1], 1.0]
    return {"all": [share * one for share, one in zip(shares, g, strict=True)], "given": (g[1], g[1])}


@claim(
    "thm-deepinit-backward",
    source="jelenkovic: variance of the gradient; hanin2018: theorem 1",
    check=equals(squares_backward, on=plans),
    also=(lambda plan, x: behind_silent_layers(backward_moments(plan), plan),),
    wrong={
        "without the half": {"half": 1.0},
        "a quarter": {"half": 0.25},
        "half also for the output weights": {"last": 0.5},
    },
)
def backward(plan, x, *, half=0.5, last=1.0):
    g = [last * plan.output]
    for variances in reversed(plan.weights):
        g.insert(0, half * (variances * g[0]).sum(1))
    return behind_silent_layers(g, plan)


def squares_of_derivatives(plan: Variances, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    starts = every_start(plan)
    parts = [[one.clone().requires_grad_() for one in kind] for kind in (starts.matrices, starts.biases)]
    f = (starts._replace(matrices=parts[0], biases=parts[1]).layers(x)[-1] * starts.output).sum()
    return tuple(
        [starts.mean(one.square()) for one in torch.autograd.grad(f, kind, retain_graph=True)] for kind in parts
    )


@claim(
    "thm-deepinit-gradients",
    source="jelenkovic: variance of the gradient",
    check=equals(squares_of_derivatives, on=plans),
    wrong={
        "without the half, weights": {"weight": 1.0},
        "without the half, biases": {"bias": 1.0},
        "signals on the wrong sides of the layer": {"before": 1, "behind": 0},
    },
)
def gradients(plan, x, *, weight=0.5, bias=0.5, before=0, behind=1):
    q, g = forward_moments(plan, x), backward_moments(plan)
    sides = [(q[(k + before) % len(q)], g[(k + behind) % len(g)]) for k in range(len(plan.weights))]
    biases = [bias * share * after for share, (_, after) in zip(alive(plan), sides, strict=False)]
    return [weight * one[:, None] * after for one, after in sides], biases


# Schemes


def widths_and_input(generator: Generator) -> Iterator[tuple[tuple[int, ...], Tensor]]:
    for widths in ((2, 3, 1), (1, 2, 1, 2), (3, 1, 2)):
        yield widths, normal(generator, widths[0])


def sizes_per_neuron(widths: tuple[int, ...], x: Tensor) -> dict[str, Tensor]:
    """E ‖h_ℓ‖² / k_ℓ of all layers under each rule, relative to that of x."""
    every = {name: every_start(scheme_variances(widths, name)) for name in ("he", "lecun", "glorot")}
    sizes = {name: [one.mean(h.square().mean(1)) for h in one.layers(x)] for name, one in every.items()}
    return {name: torch.stack(one) / one[0] for name, one in sizes.items()}


@claim(
    "cor-deepinit-schemes",
    source="anselmi: class 3; he2015: section 2.2; glorot2010: equation 12",
    check=equals(sizes_per_neuron, on=widths_and_input),
    wrong={
        "LeCun's keeps the size, as in a linear network": {"lecun": 1.0},
        "Glorot's multiplies by the share of outgoing weights": {"incoming": 0.0, "outgoing": 1.0},
        "He's doubles it": {"he": 2.0},
    },
)
def schemes(widths, x, *, he=1.0, lecun=0.5, incoming=1.0, outgoing=0.0):
    k, after = torch.tensor(list(pairwise(widths)), dtype=torch.float64).T
    factors = {"he": he + 0 * k, "lecun": lecun + 0 * k, "glorot": (incoming * k + outgoing * after) / (k + after)}
    return {name: torch.cat([k.new_ones(1), one.cumprod(0)]) for name, one in factors.items()}


def spread_of_gradients(rule, widths: tuple[int, ...], x: Tensor, biases: Tensor) -> float:
    """How far E ‖∂f/∂h_ℓ‖² of any layer is from that of the last, relative to it."""
    starts = every_start(equal_variances(widths, rule(widths), biases[: len(widths) - 1]))
    sizes = torch.stack([starts.mean(one.square().sum(1)) for one in starts.signals(x)])
    return float((sizes / sizes[-1] - 1).abs().max())


def scheme(name: str):
    return lambda widths: tuple(one[0, 0] for one in scheme_variances(widths, name).weights)


@claim(
    "cor-deepinit-he",
    source="own; he2015: section 2.2",
    check=measures(
        spread_of_gradients,
        on=lambda generator: [(*one, uniform(generator, 3, low=0.2)) for one in widths_and_input(generator)],
        tolerance=1e-10,
        method="exact identity",
    ),
    also=(scheme("he"),),
    wrong={
        r"with $2/(k_{\ell-1} + k_\ell)$": scheme("glorot"),
        r"with $2/k_\ell$": scheme("he_backward"),
        r"with $1/k_{\ell-1}$": {"factor": 1.0},
        "the second layer with 7 times the variance": lambda k: (2 / k[0], 14 / k[1], *(2 / one for one in k[2:-1])),
    },
)
def he_backward(widths, *, factor=2.0, power=Exponent(-1)):
    return tuple(factor * width**power for width in widths[:-1])
