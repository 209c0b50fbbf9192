"""Claims of the chapter `equivariance/composition`: widths that enclose, trees that are few, products, parity."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
import torch
from scipy import ndimage
from torch import Generator, Tensor

from lecturelib.core.checking import equals, is_at_most, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform
from lecturelib.equivariance.composition.trees import count_tree_functions, flat_product, parity, tanh_derivative

# Narrow networks

GRID = {1: 200, 2: 60}
"""Places in each direction of a window, by the number of inputs."""


def drawn_values(inputs: int, width: int, depth: int, kind: int, generator: Generator) -> np.ndarray:
    """A random network of equally wide hidden layers on a grid of the window [−3, 3]^inputs."""
    places = torch.linspace(-3, 3, GRID[inputs], dtype=torch.float64)
    h = torch.cartesian_prod(*[places] * inputs).reshape(-1, inputs)
    for layer in range(depth):
        scale = 1.5 / math.sqrt(h.shape[1]) if layer else 1.2
        h = h @ (scale * normal(generator, h.shape[1], width)) + 1.2 * normal(generator, width)
        h = torch.relu(h) if kind else torch.tanh(h)
    return (h @ normal(generator, width)).reshape((GRID[inputs],) * inputs).numpy()


def encloses(values: np.ndarray) -> bool:
    """Is a network above some level in a region about its highest place that ends within the window?

    A path on which it stays above a level passes near places of the grid, where it lacks no more than the most by which
    neighbours differ. So a region that is still closed at a level so much lower is closed.
    """
    place = np.unravel_index(values.argmax(), values.shape)
    border = np.ones(values.shape, bool)
    border[(slice(1, -1),) * values.ndim] = False
    if border[place]:
        return False
    most = sum(np.abs(np.diff(values, axis=axis)).max() for axis in range(values.ndim))
    labels = ndimage.label(values >= values[place] - 1.01 * most, np.ones((3,) * values.ndim))[0]
    return not (labels[border] == labels[place]).any()


def narrowest(inputs: int, draws: Generator) -> dict[str, int]:
    """The least width at which one of many random networks encloses a region, with one hidden layer and with three."""
    found = {}
    for name, depth in (("one layer", 1), ("three layers", 3)):
        tries = {1: 60, 2: 400}[inputs]
        enough = (
            width for width in range(1, inputs + 4)
            if any(encloses(drawn_values(inputs, width, depth, k % 2, draws)) for k in range(tries))
        )  # fmt: skip
        found[name] = next(enough)
    return found


def dimensions(generator: Generator) -> Iterator[tuple[int, Generator]]:
    for inputs in (1, 2):
        yield inputs, generator


@claim(
    "thm-comp-narrow",
    source="own; johnson2019: theorem 1",
    check=equals(narrowest, on=dimensions),
    wrong={
        "as many as inputs": {"extra": 0},
        "two for each input": lambda inputs, draws: {"one layer": 2 * inputs, "three layers": 2 * inputs},
        "fewer where there are more layers": lambda inputs, draws: {
            "one layer": inputs + 1, "three layers": max(1, inputs - 1),
        },
    },
)  # fmt: skip
def narrow(inputs, draws, *, extra=1):
    return {"one layer": inputs + extra, "three layers": inputs + extra}


# Trees of bits


def enumerated(leaves: int) -> float:
    """All functions of a halving tree, as truth tables: every gate on every pair of functions of the halves."""

    def tables(count: int) -> set[tuple[int, ...]]:
        if count == 1:
            return {(0, 1), (1, 0), (0, 0), (1, 1)}
        left, right = tables((count + 1) // 2), tables(count // 2)
        gates = list(product((0, 1), repeat=4))
        return {tuple(gate[2 * p + q] for p in a for q in b) for a in left for b in right for gate in gates}

    return float(len(tables(leaves)))


@claim(
    "thm-comp-count",
    source="own",
    check=equals(enumerated, on=lambda generator: [1, 2, 3, 4, 5]),
    also=(lambda leaves: float(count_tree_functions(leaves)),),
    wrong={
        "sixteen gates on everything": lambda leaves: float(16 ** (leaves - 1)),
        "exclusive ors counted twice": {"xors": 1.0},
        "without functions of one half": lambda leaves: float(count_tree_functions(leaves) - 4 * (leaves > 1)),
    },
)
def count(leaves, *, ands=2.0, xors=0.5, leaf=2.0, constants=2.0):
    def some(d: int) -> float:
        if d == 1:
            return leaf
        a, b = some((d + 1) // 2), some(d // 2)
        return a + b + (ands + xors) * a * b

    return some(leaves) + constants


# Errors along a tree


def perturbed(generator: Generator) -> Iterator[tuple[float, float, int, Tensor]]:
    """(ε, L, h, draws): nodes with a Lipschitz constant below and above 1, and where ε is added everywhere."""
    for height, slope in ((1, 2.0), (2, 0.5), (3, 1.0), (4, 1.6)):
        leaves = 2**height
        for share in (uniform(generator, leaves - 1), torch.ones(leaves - 1, dtype=torch.float64)):
            error = float(0.1 * sizes(generator, 1))
            yield error, slope, height, torch.cat([share, normal(generator, leaves)])


def tree_error(error: float, slope: float, height: int, draws: Tensor) -> float:
    """How far the root moves if each node g(u, v) = L (u + v)/2 is off by at most ε."""
    true = draws[2**height - 1 :]
    near, at = true, 0
    while len(true) > 1:
        off = error * draws[at : at + len(true) // 2]
        at += len(off)
        true, near = (slope * one.reshape(-1, 2).mean(1) for one in (true, near))
        near = near + off
    return float((near - true).abs())


@claim(
    "prop-comp-error",
    source="own",
    check=is_at_most(tree_error, on=perturbed),
    wrong={
        "the error of one node": {"growth": 0.0},
        "only the last two levels": lambda error, slope, height, draws: error * (1 + slope * (height > 1)),
        "slopes left out": lambda error, slope, height, draws: error * height,
    },
)
def errors(error, slope, height, draws, *, first=1.0, growth=1.0):
    return first * error * sum((growth * slope) ** k for k in range(height))


# Products


def mixed_ranks(factors: int, weights: Tensor, biases: Tensor) -> dict[str, float]:
    """Ranks of the matrices of derivatives by k and by d − k different inputs: of the product and of a flat network."""
    x = (0.3 + 0.1 * torch.arange(factors, dtype=torch.float64)).requires_grad_()
    half = factors // 2
    rows, columns = (list(combinations(range(factors), k)) for k in (half, factors - half))

    def derivative(value: Tensor, places: tuple[int, ...]) -> Tensor:
        for k in places:
            if not value.requires_grad:
                return torch.zeros((), dtype=torch.float64)
            (slopes,) = torch.autograd.grad(value, x, create_graph=True, allow_unused=True)
            value = torch.zeros((), dtype=torch.float64) if slopes is None else slopes[k]
        return value.detach()

    def rank(value: Tensor) -> float:
        found = torch.stack([torch.stack([derivative(value, s + t) for t in columns]) for s in rows])
        return float(torch.linalg.matrix_rank(found, rtol=1e-9))

    return {"product": rank(x.prod()), "network": rank(torch.tanh(weights @ x + biases).sum())}


def networks(generator: Generator) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Flat networks with too few units and with enough."""
    for factors, units in ((2, 1), (3, 2), (4, 3), (4, 5), (4, 9), (5, 6)):
        yield factors, normal(generator, units, factors), normal(generator, units)


@claim(
    "thm-comp-flat",
    source="own; lin2017: section III",
    check=equals(mixed_ranks, on=networks),
    wrong={
        "one unit for each factor": lambda factors, weights, biases: {
            "product": float(factors), "network": float(min(factors, len(weights))),
        },
        "2^(d−1)": lambda factors, weights, biases: {
            "product": 2.0 ** (factors - 1), "network": min(2.0 ** (factors - 1), len(weights)),
        },
    },
)  # fmt: skip
def flat(factors, weights, biases, *, half=2):
    most = math.comb(factors, factors // half)
    return {"product": float(most), "network": float(min(most, len(weights)))}


def factors(generator: Generator) -> Iterator[tuple[Tensor, float]]:
    """Factors, and a bias."""
    for count in (2, 3, 4):
        yield uniform(generator, count, low=-1.0), float(uniform(generator, 1, low=0.4, high=0.6))


def left_over(generator: Generator, size: float, x: Tensor, bias: float) -> float:
    """What the flat network with the scale 1/size is off, over a²."""
    return float(flat_product(x, scale=1 / size, bias=bias) - x.prod()) * size**2


@claim(
    "prop-comp-limit",
    source="own; lin2017: section III",
    check=tends_to(left_over, (10.0, 20.0), on=factors, order=2, tolerance=0.005),
    wrong={
        "the next derivative": {"next": 1},
        "squares left out": {"power": 0.0},
        "the wrong sign": {"sixth": -6.0},
    },
)
def limit(x, bias, *, sixth=6.0, next=2, power=Exponent(2.0)):
    size = len(x)
    ratio = tanh_derivative(size + next, bias) / tanh_derivative(size, bias)
    return float(ratio / sixth * x.prod() * (x.abs() ** power).sum())


# Parity


def by_counting(bits: int) -> dict[str, Tensor | float]:
    """Parities of all rows of bits, and how many cubes within the odd rows are needed to cover these."""
    rows = list(product((0, 1), repeat=bits))
    odd = {row for row in rows if sum(row) % 2}
    cubes = [
        {row for row in rows if all(c in (2, r) for c, r in zip(cube, row, strict=True))}
        for cube in product((0, 1, 2), repeat=bits)
    ]
    inside = [cube for cube in cubes if cube <= odd]
    most = max(map(len, inside))
    terms = len(odd) if most == 1 else math.nan  # each covers one row: all are needed
    return {"values": torch.tensor([sum(row) % 2 for row in rows], dtype=torch.float64), "terms": float(terms)}


def with_library(bits: int) -> dict[str, Tensor | float]:
    rows = torch.tensor(list(product((0.0, 1.0), repeat=bits)), dtype=torch.float64)
    return {"values": parity(rows), "terms": 2.0 ** (bits - 1)}


@claim(
    "prop-comp-parity",
    source="own",
    check=equals(by_counting, on=lambda generator: [2, 3, 4, 5]),
    also=(with_library,),
    wrong={
        "all slopes one": {"turn": 1.0},
        "one term for each row": {"base": 4.0},
        "always odd": lambda bits: {"values": torch.ones(2**bits, dtype=torch.float64), "terms": 2.0 ** (bits - 1)},
    },
)
def parities(bits, *, first=1.0, turn=2.0, base=2.0):
    rows = torch.tensor(list(product((0.0, 1.0), repeat=bits)), dtype=torch.float64)
    values, total = first * rows.sum(1), rows.sum(1)
    for k in range(1, bits):
        values = values + turn * (-1) ** k * torch.relu(total - k)
    return {"values": values, "terms": base ** (bits - 1)}
