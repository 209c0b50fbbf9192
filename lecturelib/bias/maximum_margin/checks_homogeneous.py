"""Claims of `bias/maximum_margin` on models that are homogeneous in their parameters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, is_at_most
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform

Layers = tuple[Tensor, ...]


def output(layers: Layers, x: Tensor) -> Tensor:
    """A deep ReLU network without biases: x (n, d) → (n,)."""
    for w in layers[:-1]:
        x = torch.relu(x @ w.T)
    return (x @ layers[-1].T)[:, 0]


def derivative(layers: Layers, x: Tensor, weights: Tensor) -> Layers:
    """The gradient of Σ weights_i f(x_i) with respect to each layer."""
    places = [w.clone().requires_grad_() for w in layers]
    return torch.autograd.grad(weights @ output(tuple(places), x), places)


def networks(generator: Generator) -> Iterator[tuple[Layers, Tensor, Tensor]]:
    """(layers, x, weights of data) of one to four layers, one layer scaled up, another down."""
    for widths in ((3, 1), (2, 5, 1), (3, 4, 4, 1), (2, 5, 4, 3, 1)):
        layers = tuple(sizes(generator, 1) * normal(generator, b, a) / math.sqrt(a) for a, b in pairwise(widths))
        yield layers, normal(generator, 6, widths[0]), normal(generator, 6)


def fitted(generator: Generator) -> Iterator[tuple[Layers, Tensor, Tensor]]:
    """(layers, x, y) with labels that the network gets right, so scaled that L < 1; and single products of weights."""
    for layers, x, _ in networks(generator):
        f = output(layers, x)
        x, f = x[f != 0], f[f != 0]
        if len(f):
            grow = float(
                ((math.log(len(f)) + 0.1 + uniform(generator, 1, high=3)) / f.abs().min()) ** (1 / len(layers))
            )
            yield tuple(grow * w for w in layers), x, torch.sign(f)
    for depth in (1, 2, 4):
        one = torch.ones(1, 1, dtype=torch.float64)
        yield tuple(1.3 * one for _ in range(depth)), one, one[0]


def growth(layers: Layers, x: Tensor, y: Tensor) -> Tensor:
    """d ln ‖θ‖ / dt along the gradient flow."""
    speed = derivative(layers, x, y * torch.exp(-y * output(layers, x)))
    along = sum((w * v).sum() for w, v in zip(layers, speed, strict=True))
    return along / sum(w.square().sum() for w in layers)


@claim(
    "thm-margin-homogeneous",
    source="lyu2020: lemma 5.1; telgarsky2021: theorem 10.3",
    check=is_at_most(growth, on=fitted),
    wrong={
        r"degree $p + 1$": lambda layers, x, y: monotone(layers, x, y) * len(layers) / (len(layers) + 1),
        r"$\ln L$ for $\ln(1/L)^2$": {"power": 2.0},
    },
)
def homogeneous(layers, x, y, *, factor=1.0, power=Exponent(1)):
    return monotone(layers, x, y, factor=factor, power=power)


def monotone(layers: Layers, x: Tensor, y: Tensor, *, factor=1.0, power=1.0) -> Tensor:
    """(1/p) d ln ln(1/L) / dt, which is ‖∇L‖² / (p L ln(1/L))."""
    m = y * output(layers, x)
    loss = torch.exp(-m).sum()
    speed = sum(v.square().sum() for v in derivative(layers, x, y * torch.exp(-m)))
    return factor * speed / (len(layers) * loss * (-loss.log()) ** power)


# Layer by layer


def outputs(layers: Layers, x: Tensor, weights: Tensor) -> Tensor:
    return (weights @ output(layers, x)).repeat(len(layers))


@claim(
    "prop-margin-euler",
    source="poggio: ReLU and homogeneity",
    check=equals(outputs, on=networks),
    wrong={
        r"$p f$ for each layer": lambda layers, x, weights: len(layers) * along(layers, x, weights),
        "the norm of the layer counted twice": {"power": 2.0},
    },
)
def euler(layers, x, weights, *, factor=1.0, power=Exponent(1)):
    return along(layers, x, weights, factor, power)


def along(layers: Layers, x: Tensor, weights: Tensor, factor=1.0, power=1.0) -> Tensor:
    """⟨W_k, ∂f/∂W_k⟩ of each layer."""
    both = zip(layers, derivative(layers, x, weights), strict=True)
    return torch.stack([factor * w.norm() ** (power - 1) * (w * v).sum() for w, v in both])


def normalized(layers: Layers, x: Tensor, weights: Tensor) -> Tensor:
    return output(layers, x)


@claim(
    "cor-margin-norms",
    source="poggio: ReLU and homogeneity",
    check=equals(normalized, on=networks),
    wrong={"the largest norm alone": lambda layers, x, _: max(w.norm() for w in layers) * unit(layers, x),
           "the square root of the product": {"power": 0.5}},
)  # fmt: skip
def product_of_norms(layers, x, _, *, factor=1.0, power=Exponent(1)):
    return factor * math.prod(float(w.norm()) for w in layers) ** power * unit(layers, x)


def unit(layers: Layers, x: Tensor) -> Tensor:
    """The network with all layers scaled to norm 1."""
    return output(tuple(w / w.norm() for w in layers), x)
