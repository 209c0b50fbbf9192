r"""Functions that are trees of functions of two arguments: how many there are, and products as a tree and flat.

A function of d variables is a tree where d = 1, or where it is g(u, v) with u a tree of some of the variables and v one
of the others.
"""

from __future__ import annotations

import math
from itertools import product
from typing import Annotated

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Natural, Positive, Real, checked

Vectors = Annotated[Array, "... d"]


@checked
def count_tree_functions(leaves: Count) -> int:
    """How many functions of bits are trees that halve their variables, the first ⌈d/2⌉ and the rest, again and again.

    Without the two constants there are T(1) = 2 and T(d) = A + B + 5AB/2, with A and B those of the halves.

    >>> [count_tree_functions(leaves) for leaves in (1, 2, 3, 4)], 2**16
    ([4, 16, 88, 520], 65536)
    """
    return _not_constant(leaves) + 2


def _not_constant(leaves: int) -> int:
    if leaves == 1:
        return 2
    a, b = _not_constant((leaves + 1) // 2), _not_constant(leaves // 2)
    return a + b + 5 * a * b // 2


@checked
def tanh_derivative(order: Natural, at: Real) -> float:
    """The derivative of tanh of this order: polynomials in t = tanh, where each turns into P'(t)·(1 − t²).

    >>> round(tanh_derivative(1, 0.0), 6), round(tanh_derivative(3, 0.0), 6)
    (1.0, -2.0)
    """
    coefficients = [0.0, 1.0]
    for _ in range(order):
        slopes = [k * c for k, c in enumerate(coefficients)][1:]
        coefficients = [
            (slopes[k] if k < len(slopes) else 0.0) - (slopes[k - 2] if k >= 2 else 0.0) for k in range(len(slopes) + 2)
        ]
    return sum(c * math.tanh(at) ** k for k, c in enumerate(coefficients))


@checked
def flat_product(x: Vectors, *, scale: Positive = 0.1, bias: Real = 0.5) -> Tensor:
    """x₁⋯x_d by one hidden layer of 2^d units tanh, nearly: (..., d) → (...).

    It is Σ_s (Π s_i) tanh(a s·x + b) / (2^d a^d tanh^(d)(b)) over all signs s, with an error of order a² for `scale` a.
    Raises ValueError where the derivative vanishes at the bias b.

    >>> round(float(flat_product([0.5, -0.8, 0.9], scale=0.01)), 3)
    -0.36
    """
    size = x.shape[-1]
    slope = tanh_derivative(size, bias)
    if abs(slope) < 1e-9:
        raise ValueError(f"bias: expected one where derivative {size} of tanh is not 0, got {bias:g}")
    signs = torch.tensor(list(product((1.0, -1.0), repeat=size)), dtype=x.dtype, device=x.device)
    units = torch.tanh(scale * (x @ signs.T) + bias)
    return units @ signs.prod(1) / (2**size * scale**size * slope)


@checked
def tree_product(x: Vectors, *, scale: Positive = 0.1, bias: Real = 0.5) -> Tensor:
    """x₁⋯x_d by a tree of d − 1 products of two numbers, each by 4 units tanh, nearly: (..., d) → (...).

    Raises ValueError where the second derivative of tanh vanishes at the bias.

    >>> round(float(tree_product([0.5, -0.8, 0.9], scale=0.01)), 3)
    -0.36
    """
    while x.shape[-1] > 1:
        even = x.shape[-1] // 2 * 2
        pairs = x[..., :even].unflatten(-1, (-1, 2))
        x = torch.cat([flat_product(pairs, scale=scale, bias=bias), x[..., even:]], -1)
    return x[..., 0]


@checked
def product_units(factors: Count) -> dict[str, int]:
    """Hidden units for a product: what a flat network needs at least, what our flat one and our tree have.

    >>> product_units(16)
    {'flat, at least': 12870, 'flat': 65536, 'tree': 60}
    """
    return {"flat, at least": math.comb(factors, factors // 2), "flat": 2**factors, "tree": 4 * (factors - 1)}


@checked
def parity(x: Vectors) -> Tensor:
    """The parity of bits, 0 or 1 each, by one hidden layer of d units ReLU: (..., d) → (...).

    It is s₊ − 2 (s − 1)₊ + 2 (s − 2)₊ − … of their sum s.

    >>> parity([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    tensor([0., 1.], dtype=torch.float64)
    """
    place = torch.arange(x.shape[-1], dtype=x.dtype, device=x.device)
    slopes = torch.where(place == 0, 1.0, 2.0) * (1 - 2 * (place % 2))
    return torch.relu(x.sum(-1, keepdim=True) - place) @ slopes.to(x.dtype)
