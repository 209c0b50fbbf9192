"""Claims of the chapter `bias/discretization`: batches in random order, their size, and the noise they make."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.bias.discretization.checks_problems import (
    Waves,
    batches,
    landscape,
    mean_field,
    over_all_orders,
    short_flow,
)
from lecturelib.bias.discretization.modified import gradient_field, sgd_modified_loss
from lecturelib.bias.discretization.paths import shuffle_mean
from lecturelib.core.checking import equals, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.least_squares import batch_factor
from lecturelib.core.problems import normal, uniform

FINE = (256, 512)


def epoch_defect(_: Generator, size: float, parts: tuple[Waves, ...], w: Tensor) -> Tensor:
    """(mean end of an epoch − flow of the mean loss for m ε) / (m ε²)."""
    h, count = 1 / size, len(parts)
    return (over_all_orders(parts, w, h) - short_flow(mean_field(parts), w, count * h)) / (count * h**2)


def by_the_library(parts: tuple[Waves, ...], w: Tensor) -> Tensor:
    return gradient_field(sgd_modified_loss([one.loss for one in parts], 1.0))(w) - mean_field(parts)(w)


def mean_by_the_library(parts: tuple[Waves, ...], w: Tensor) -> Tensor:
    """The limit, from the library's mean over orders."""
    found = []
    for size in FINE:
        ends = shuffle_mean([one.loss for one in parts], w, learning_rate=1 / size)
        flow = short_flow(mean_field(parts), w, len(parts) / size)
        found.append((ends - flow) * size**2 / len(parts))
    return 2 * found[1] - found[0]


@claim(
    "thm-shuffles",
    source="smith2021: equation 1 and section 2",
    check=tends_to(epoch_defect, FINE, on=batches, order=1, tolerance=0.01),
    also=(by_the_library, mean_by_the_library),
    wrong={
        r"$\frac h4 \lVert \nabla C \rVert^2$, of full batches": lambda parts, w: -0.5 * at_mean(parts, w),
        r"$\frac h4$ for $\frac h{4m}$": {"share": 0},
        r"$\frac{h}{2m}$": {"quarter": 0.5},
        "one order, that of the list": lambda parts, w: in_one_order(parts, w),
        r"$\frac{m h}4 \lVert \nabla C \rVert^2$, one step $m h$": lambda parts, w: (
            -0.5 * len(parts) * at_mean(parts, w)
        ),
    },
)
def shuffles(parts, w, *, quarter=0.25, share=1):
    total = sum(2 * one.along(w, one(w)) for one in parts)  # −∇‖∇Ĉ‖² = 2 f′f
    return -quarter * total / len(parts) ** share


def at_mean(parts: tuple[Waves, ...], w: Tensor) -> Tensor:
    """f′f of the mean field."""
    f = mean_field(parts)(w)
    return sum(one.along(w, f) for one in parts) / len(parts)


def in_one_order(parts: tuple[Waves, ...], w: Tensor) -> Tensor:
    """What takes the place of the regularizer's field when batches come in the order of the list."""
    count = len(parts)
    pulled = sum(parts[k].along(w, parts[j](w)) for k in range(count) for j in range(k))
    return pulled / count - count / 2 * at_mean(parts, w)


def slopes_of_data(generator: Generator) -> Iterator[tuple[Tensor, int]]:
    """(gradients of single data, (N, d), and a size of batches)."""
    for count, batch in ((5, 1), (6, 3), (7, 2), (4, 4)):
        yield normal(generator, count, 3) + normal(generator, 3), batch


def over_all_batches(slopes: Tensor, batch: int) -> Tensor:
    """The mean of ‖gradient of a batch‖² over all batches of this size."""
    means = [slopes[list(chosen)].mean(0) for chosen in combinations(range(len(slopes)), batch)]
    return torch.stack(means).square().sum(-1).mean()


@claim(
    "prop-batch",
    source="smith2021: section 2; own",
    check=equals(over_all_batches, on=slopes_of_data),
    also=(
        lambda slopes, batch: (
            slopes.mean(0).square().sum()
            + batch_factor(len(slopes), batch, "subset") * (slopes - slopes.mean(0)).square().sum(-1).mean()
        ),
    ),
    wrong={
        r"$\frac1B$, as with replacement": {"left": 0},
        r"$\frac{N-B}{NB}$": {"less": 0},
        r"falls as $\frac1{B^2}$": {"power": -2.0},
    },
)
def batch_size(slopes, batch, *, left=1, less=1, power=Exponent(-1), mean=1.0, spread=1.0):
    count, center = len(slopes), slopes.mean(0)
    gamma = (slopes - center).square().sum(-1).mean()
    share = ((count - batch) / (count - less)) ** left * float(batch) ** power
    return mean * center.square().sum() + spread * share * gamma


def noisy(generator: Generator) -> Iterator[tuple[Waves, Tensor, float, float]]:
    """(descent of a loss, y, h, σ): in one and two dimensions."""
    for size in (1, 2, 2):
        h, sigma = uniform(generator, 2, low=0.3, high=1.5).tolist()
        yield landscape(generator, size), normal(generator, size), h, sigma


def mean_step(field: Waves, y: Tensor, h: float, sigma: float) -> Tensor:
    """E[y_{t+1}] of descent with Gaussian noise, by Gauss and Hermite's rule."""
    nodes, weights = (torch.from_numpy(part) for part in np.polynomial.hermite_e.hermegauss(80))
    weights = weights / weights.sum()
    grid = torch.cartesian_prod(*[nodes] * len(y)).view(-1, len(y))
    masses = torch.cartesian_prod(*[weights] * len(y)).view(-1, len(y)).prod(-1)
    w = y - h * sigma * grid
    return masses @ (w + h * field(w))


@claim(
    "prop-smoothing",
    source="kleinberg2018: section 1; own",
    check=equals(mean_step, on=noisy),
    wrong={
        "the loss itself": {"half": 0.0},
        r"noise of size $s$": {"width": 0.0},
        r"$e^{-\omega^2 h^2 s^2}$": {"half": 1.0},
    },
)
def smoothing(field, y, h, sigma, *, half=0.5, width=Exponent(2)):
    """A wave with the wave vector ω is damped by e^{−‖ω‖² h² σ² / 2}; a quadratic keeps its slope."""
    damped = field.heights * torch.exp(-half * h**width * sigma**2 * field.b.square().sum(-1))
    return y + h * (field.b.T @ (damped * torch.sin(field.b @ y + field.c)) + field.line @ y)
