"""Claims of the chapter `kernels/tangent_kernel` on networks of finite width."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Generator, Tensor
from torch.autograd.functional import jvp
from torch.func import grad, jacrev, vmap

from lecturelib.core.checking import equals, measures
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform
from lecturelib.kernels.tangent_kernel.checks_problems import Plain, networks, standard_normal
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.layer_products import Signals, kernel_of
from lecturelib.kernels.tangent_kernel.limit import infinite_kernel
from lecturelib.kernels.tangent_kernel.wide_networks import WideNetwork, value


def _signals(network: Plain, x: Tensor) -> list[tuple[Tensor, Tensor]]:
    """(h_ℓ, δ_ℓ) of every layer by autograd: (N, m_ℓ), (N, m_{ℓ+1})."""
    layers = network.layers(x, network.parameters.clone().requires_grad_())
    deltas = torch.autograd.grad(layers[-1][1].sum(), [z for _, z in layers])
    return [(h.detach(), delta) for (h, _), delta in zip(layers, deltas, strict=True)]


def kernel_by_the_library(network: Plain, x: Tensor, z: Tensor) -> Tensor:
    """K(x, z) by the products of `layer_products`: (N, M)."""
    one, other = (
        [Signals(h, d[:, None], *f) for (h, d), f in zip(_signals(network, at), network.factors, strict=True)]
        for at in (x, z)
    )
    return kernel_of(one, other)[..., 0, 0]


# The law of motion of the function


def _flows(generator: Generator) -> Iterator[tuple]:
    """Networks, a loss that is a function of all outputs together, new inputs, data with one input twice."""
    y = normal(generator, 5)
    losses = (
        lambda f: 0.5 * (f - y).square().sum(),
        lambda f: torch.nn.functional.softplus(-f * y.sign()).sum(),
        lambda f: torch.logsumexp(f, 0) * f[0],
        lambda f: (f - y).abs().max(),
    )
    for network, loss in zip(networks(generator), losses, strict=True):
        x = normal(generator, 5, 3)
        yield network, loss, normal(generator, 4, 3), torch.cat([x[:4], x[:1]])


def _speed_by_autograd(network: Plain, loss: Callable, z: Tensor, x: Tensor) -> Tensor:
    flow = jacrev(lambda parameters: -loss(network(x, parameters)))(network.parameters)
    return jvp(lambda parameters: network(z, parameters), network.parameters, flow)[1]


def _slopes(network: Plain, loss: Callable, x: Tensor) -> Tensor:
    return jacrev(loss)(network(x))


@claim(
    "thm-ntk-function",
    source="jacot2018: section 3",
    check=equals(_speed_by_autograd, on=_flows),
    also=(lambda network, loss, z, x: -kernel_by_the_library(network, z, x) @ _slopes(network, loss, x),),
    wrong={
        "without the minus sign": {"sign": 1.0},
        "the mean over data instead of the sum": {"sign": -0.2},
        "the kernel of the data alone": lambda network, loss, z, x: motion.formula(network, loss, x[:4], x),
    },
)
def motion(network, loss, z, x, *, sign=-1.0):
    return sign * (network.jacobian(z) @ network.jacobian(x).T) @ _slopes(network, loss, x)


# First-order expansion


def _directions(generator: Generator) -> Iterator[tuple]:
    for network in networks(generator, smooth=True):
        if len(network.shape) > 2:  # without a hidden layer there is no error
            yield network, normal(generator, 5, 3), normal(generator, network.parameters.numel())


def _order_of_the_error(expansion: Callable, network: Plain, x: Tensor, way: Tensor) -> float:
    errors = []
    for size in (2e-4, 1e-4):
        there, order = expansion(network, x, size * way)
        errors.append(float((network(x, network.parameters + size * way) - there).norm()))
    return abs(math.log2(errors[0] / errors[1]) - order)


@claim(
    "prop-ntk-linear",
    source="own",
    check=measures(_order_of_the_error, on=_directions, tolerance=0.01, method="limit", unit=" in the order"),
    wrong={
        "the value at the start": {"slope": 0.0},
        "half of the linear term": {"slope": 0.5},
        "an error of third order": {"order": Exponent(3)},
    },
)
def first_order(network, x, way, *, start=1.0, slope=1.0, order=Exponent(2)):
    return start * network(x) + slope * network.jacobian(x) @ way, order


# The sum over layers


def _pairs(generator: Generator) -> Iterator[tuple]:
    for network in networks(generator):
        yield network, normal(generator, 6, 3), normal(generator, 4, 3)


@claim(
    "thm-ntk-layers",
    source="own",
    check=equals(lambda network, x, z: network.jacobian(x) @ network.jacobian(z).T, on=_pairs),
    also=(kernel_by_the_library,),
    wrong={
        "without biases": {"biases": 0.0},
        "without the first layer": {"first": 1},
        "factors that are not squared": {"of_weights": Exponent(1), "of_biases": Exponent(1)},
    },
)
def layers(network, x, z, *, weights=1.0, biases=1.0, of_weights=Exponent(2), of_biases=Exponent(2), first=0):
    one, other = _signals(network, x), _signals(network, z)
    return sum(
        (weights * s**of_weights * h @ g.T + biases * t**of_biases) * (d @ e.T)
        for (h, d), (g, e), (s, t) in list(zip(one, other, network.factors, strict=True))[first:]
    )


# One hidden layer


def _shallow(generator: Generator) -> Iterator[tuple]:
    for activation, width, dimension in (("relu", 1, 3), ("erf", 8, 2), ("softplus", 5, 1), ("relu", 7, 4)):
        w, b, v = normal(generator, width, dimension), normal(generator, width), normal(generator, width)
        yield (
            activation,
            w,
            b,
            v,
            float(sizes(generator, 1)),
            float(sizes(generator, 1)),
            normal(generator, 5, dimension),
        )


def _by_autograd(activation, w, b, v, weight_scale, bias_scale, x) -> Tensor:
    def f(w, b, v, c):
        z = weight_scale / math.sqrt(w.shape[1]) * x @ w.T + bias_scale * b
        return weight_scale / math.sqrt(len(v)) * value(activation, z) @ v + bias_scale * c

    parts = jacrev(f, (0, 1, 2, 3))(w, b, v, torch.zeros((), dtype=x.dtype))
    rows = torch.cat([part.reshape(len(x), -1) for part in parts], 1)
    return rows @ rows.T


@claim(
    "cor-ntk-two-layer",
    source="anselmi: class 1",
    check=equals(_by_autograd, on=_shallow),
    also=(
        lambda activation, w, b, v, *rest: empirical_kernel(
            WideNetwork((w, v[None]), (b, [0.0]), activation, *rest[:2]), rest[2]
        ),
    ),
    wrong={
        "only output weights are trained": {"weights": 0.0, "biases": 0.0},
        "only input weights are trained": {"outputs": 0.0, "output_bias": 0.0},
        "$v_i$ in place of $v_i^2$": {"power": Exponent(1)},
    },
)
def two_layers(activation, w, b, v, weight_scale, bias_scale, x, *, output_bias=1.0, outputs=1.0, weights=1.0,
               biases=1.0, power=Exponent(2)):  # fmt: skip
    d, m = w.shape[1], len(v)
    z = weight_scale / math.sqrt(d) * x @ w.T + bias_scale * b
    phi, slopes = value(activation, z), grad(lambda z: value(activation, z).sum())(z)
    below = weights * weight_scale**2 / d * x @ x.T + biases * bias_scale**2
    back = (slopes * v.abs() ** power) @ slopes.T
    return output_bias * bias_scale**2 + weight_scale**2 / m * (outputs * phi @ phi.T + back * below)


# Positive semi-definite


def _quadratic_forms(generator: Generator) -> Iterator[tuple]:
    """A network, starts (A, P) of it with their probabilities, inputs, coefficients, and the mean kernel."""
    for network in networks(generator):
        starts, x = normal(generator, 3, network.parameters.numel()), normal(generator, 5, 3)
        each = [kernel_by_the_library(replace(network, parameters=one), x, x) for one in starts]
        yield network, starts, torch.full((3,), 1 / 3, dtype=torch.float64), x, normal(generator, 5), sum(each) / 3
    x, (s, t) = (
        uniform(generator, 4, 1, low=-1.5, high=1.5),
        (0.9, 0.7),
    )  # and the mean over all neurons, which is the limit
    for activation in ("relu", "erf"):
        g, p = standard_normal(torch.cat([s * x, torch.full_like(x, t)], 1))
        starts = torch.cat([g, torch.ones(len(g), 1), torch.zeros(len(g), 1)], 1)
        network = Plain((1, 1, 1), starts[0], ((s, t), (s, t)), getattr(torch, activation))
        limit = infinite_kernel(x, depth=1, activation=activation, weight_scale=s, bias_scale=t)
        yield network, starts, p, x, normal(generator, 4), limit


@claim(
    "prop-ntk-definite",
    source="own",
    check=equals(lambda network, starts, p, x, c, kernel: c @ kernel @ c, on=_quadratic_forms, tolerance=1e-9),
    wrong={"the length itself": {"power": Exponent(1)}, "half of it": {"factor": 0.5}},
)
def definite(network, starts, p, x, c, kernel, *, factor=1.0, power=Exponent(2)):
    jacobians = vmap(jacrev(lambda parameters: network(x, parameters)))(starts)
    return factor * p @ (c @ jacobians).norm(dim=1) ** power
