"""Networks and data on which statements about shallow networks are checked, and derivatives by autograd alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.problems import normal, signs, sizes
from lecturelib.splines.breakpoints.network import Network


def network(generator: Generator, width: int = 9) -> Network:
    """A generic network of this width: both facings, |w| and |v| not below 0.3, so that quotients are no trap."""
    w, b, v = normal(generator, 3, width)
    w, v = (signs(generator, width) * (0.3 + part.abs()) for part in (w, v))
    return Network(w, b, v, normal(generator, 1)[0])


def data(generator: Generator, size: int = 14) -> tuple[Tensor, Tensor]:
    """Inputs and targets, (N,) each: unsorted, and two inputs occur twice with different targets."""
    x, y = normal(generator, 2, size)
    x[-2:] = x[:2]
    return x, y


def hard_networks(generator: Generator, x: Tensor, width: int = 9) -> Iterator[Network]:
    """Networks with what theorems like to forget, for data x: all facing one way, twins and dead neurons."""
    for side in (1.0, -1.0):
        one = network(generator, width)
        yield Network(side * one.w.abs(), one.b, one.v, one.b0)
    one = network(generator, width)
    w, b, v = one.w.clone(), one.b.clone(), one.v.clone()
    w[1], b[1] = 2 * w[0], 2 * b[0]  # a twin: the same breakpoint and facing
    w[3], b[3] = -w[2], -b[2]  # the same breakpoint, the other facing
    b[4] = -w[4] * (x.max() + 1) if w[4] > 0 else -w[4] * (x.min() - 1)  # dead on the data
    yield Network(w, b, v, one.b0)


def problems(generator: Generator) -> Iterator[tuple[Network, Tensor, Tensor]]:
    """(network, x, y): generic ones of two widths, and the hard ones."""
    for width in (1, 9):
        x, y = data(generator)
        yield network(generator, width), x, y
    x, y = data(generator)
    for one in hard_networks(generator, x):
        yield one, x, y


def in_each_piece(one: Network) -> Tensor:
    """Where to look at a function: both ends of each piece, the outer ones of length 1, and between: (3 (H + 1),)."""
    knots = torch.sort(-one.b / one.w)[0]
    low, high = torch.cat([knots[:1] - 1, knots]), torch.cat([knots, knots[-1:] + 1])
    return torch.cat([low, low + 0.3 * (high - low), high])


def cases(generator: Generator) -> Iterator[tuple[Network, Tensor, Tensor]]:
    """(network, x, α): all kinds of networks, the first neuron with b = 0; α from 1/25 to 25, one a neuron."""
    for one, _, _ in problems(generator):
        b = torch.cat([0 * one.b[:1], one.b[1:]])
        changed = Network(one.w, b, one.v, one.b0)
        yield changed, in_each_piece(changed), sizes(generator, len(b)) ** 2


def value(one: Network, x: Tensor, *_) -> Tensor:
    """What the definition of a network gives at x, of any shape."""
    return output(flatten(one), x.reshape(-1)).view_as(x)


gauss = cache(np.polynomial.legendre.leggauss)


def quadrature(low: Tensor, high: Tensor, order: int = 24) -> tuple[Tensor, Tensor]:
    """Gauss's nodes and weights between low and high, (...) each: (..., order)."""
    nodes, weights = map(torch.from_numpy, gauss(order))
    half = (high - low)[..., None] / 2
    return low[..., None] + half * (1 + nodes), half * weights


def flatten(one: Network) -> Tensor:
    """All parameters in a row, (3H + 1,): w, b, v, b0."""
    return torch.cat([one.w, one.b, one.v, one.b0.reshape(1)])


def output(parameters: Tensor, x: Tensor) -> Tensor:
    """Values at x, (N,), of the network with these parameters in a row, as the definition has it."""
    width = (parameters.numel() - 1) // 3
    w, b, v = parameters[:width], parameters[width : 2 * width], parameters[2 * width : -1]
    return torch.relu(w * x[:, None] + b) @ v + parameters[-1]


def squares(parameters: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The loss ½ Σ (f(x_n) − y_n)² of the parameters in a row."""
    return 0.5 * (output(parameters, x) - y).square().sum()


def jacobian(one: Network, x: Tensor) -> Tensor:
    """∂f(x_n) by all parameters, (N, 3H + 1)."""
    return torch.autograd.functional.jacobian(lambda p: output(p, x), flatten(one))


Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""A loss of parameters in a row, inputs and targets, such as `squares`."""


def gradient(one: Network, x: Tensor, y: Tensor, loss: Loss = squares) -> Tensor:
    """∂ of a loss by all parameters, (3H + 1,)."""
    return torch.autograd.functional.jacobian(lambda p: loss(p, x, y), flatten(one))


def hessian(one: Network, x: Tensor, y: Tensor) -> Tensor:
    """Second derivatives of the loss of squares, (3H + 1, 3H + 1), away from kinks."""
    return torch.autograd.functional.hessian(lambda p: squares(p, x, y), flatten(one))


def along_the_flow(
    one: Network, x: Tensor, y: Tensor, what: Callable[[Tensor], Tensor], loss: Loss = squares
) -> Tensor:
    """d/dt of what(parameters in a row) under gradient flow of a loss."""
    return torch.autograd.functional.jvp(what, flatten(one), -gradient(one, x, y, loss))[1]
