"""Claims of the chapter `kernels/models`: activations, losses, and the calculus of vectors and matrices."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Generator, Tensor, nn

from lecturelib.core.checking import equals, is_at_most
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, sizes, uniform
from lecturelib.kernels.models import activations as act
from lecturelib.kernels.models import losses
from lecturelib.kernels.models.checks_problems import derivative, in_a_row, output, parameters
from lecturelib.kernels.models.layered import LayeredNetwork, backpropagate

# Activations

NAMES = ("sigmoid", "tanh", "ReLU", "leaky ReLU", "ELU")


def numbers_and_settings(generator: Generator) -> tuple[Tensor, float, float]:
    """z of both signs, the leak of a leaky ReLU, the α of an ELU."""
    return 2 * normal(generator, 50), float(uniform(generator, 1)), float(sizes(generator, 1))


def by_torch(z: Tensor, leak: float, alpha: float) -> dict[str, tuple[Tensor, Tensor]]:
    bent = partial(nn.functional.leaky_relu, negative_slope=leak), partial(nn.functional.elu, alpha=alpha)
    functions = zip(NAMES, (torch.sigmoid, torch.tanh, torch.relu, *bent), strict=True)
    return {name: (one(z), torch.vmap(torch.func.grad(one))(z)) for name, one in functions}


def by_the_library(z: Tensor, leak: float, alpha: float) -> dict[str, tuple[Tensor, Tensor]]:
    known = act.sigmoid, act.tanh, act.relu, act.leaky_relu(leak), act.elu(alpha)
    return {one.name: (one(z), one.slope(z)) for one in known}


@claim(
    "prop-models-slopes",
    source="anselmi: class 1",
    check=equals(by_torch, on=numbers_and_settings),
    also=(by_the_library,),
    wrong={r"$\tanh' = 1 + \tanh^2$": {"square": 1.0}, r"ELU with slope $e^z$ on the left": {"power": 0.0}},
)
def slopes(z, leak, alpha, *, minus=-1.0, square=-1.0, power=Exponent(1.0)):
    sigma, tanh = 1 / (1 + torch.exp(-z)), 2 / (1 + torch.exp(-2 * z)) - 1
    right = (z > 0).double()
    return {
        "sigmoid": (sigma, sigma * (1 + minus * sigma)),
        "tanh": (tanh, 1 + square * tanh**2),
        "ReLU": (right * z, right),
        "leaky ReLU": (torch.maximum(leak * z, z), right + leak * (1 - right)),
        "ELU": (torch.where(z >= 0, z, alpha * (z.exp() - 1)), torch.where(z > 0, 1.0, alpha**power * z.exp())),
    }


def chains(generator: Generator) -> Iterator[tuple[Tensor, tuple[Tensor, ...], Tensor]]:
    """Inputs, matrices and output weights of networks with one to four layers."""
    for depth in (1, 2, 3, 4):
        parts = parameters(generator, (3, *[4] * depth))
        yield normal(generator, 5, 3), parts[:-1:2], parts[-1]


@claim(
    "prop-models-collapse",
    source="own",
    check=equals(
        lambda x, matrices, w: LayeredNetwork(matrices, [0 * m[0] for m in matrices], w, act.identity)(x), on=chains
    ),
    wrong={
        "the inner matrices in reverse order": lambda x, m, w: torch.linalg.multi_dot((x, m[0], *m[:0:-1], w)),
        "inner matrices transposed": lambda x, m, w: torch.linalg.multi_dot((x, m[0], *[one.T for one in m[1:]], w)),
    },
)
def collapse(x, matrices, w):
    return torch.linalg.multi_dot((x, *matrices, w))


def unit(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return (x @ w + b).amax(-1)


def chords(generator: Generator) -> Iterator[tuple[Tensor, ...]]:
    """Shares t of chords between inputs of maxout units, the lower end first, and the weights of the unit."""
    for pieces, inputs in ((1, 2), (2, 1), (5, 3)):
        w, b, ends = normal(generator, inputs, pieces), normal(generator, pieces), normal(generator, 2, 300, inputs)
        low, high = ends.gather(0, unit(ends, w, b).argsort(0)[..., None].expand_as(ends))
        yield uniform(generator, 300, 1), low, high, w, b


@claim(
    "prop-models-maxout",
    source="goodfellow2013: section 3",
    check=is_at_most(lambda t, low, high, *own: unit(low + t * (high - low), *own) - unit(low, *own), on=chords),
    wrong={"below the chord like a parabola": lambda t, *ends: t[:, 0] * maxout.formula(t, *ends)},
)
def maxout(t, low, high, w, b, *, factor=1.0):
    """By how much the chord has risen from its lower end at the share t of its length."""
    return factor * t[:, 0] * (unit(high, w, b) - unit(low, w, b))


# Losses


@claim(
    "prop-models-logistic",
    source="own",
    check=equals(
        lambda f, y: derivative(lambda t: torch.log(1 + torch.exp(-y * t)).sum(), f),
        on=lambda g: (3 * normal(g, 60), signs(g, 60)),
    ),
    also=(losses.logistic_slope,),
    wrong={r"$-y\, \sigma(yf)$": {"inside": 1.0}, r"$\sigma(f) - y$": lambda f, y: torch.sigmoid(f) - y},
)
def logistic_gradient(f, y, *, factor=-1.0, inside=-1.0):
    return factor * y * torch.sigmoid(inside * y * f)


def classes(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Outputs for several numbers of classes, probabilities, some of them 0 and 1, and a direction."""
    for count in (2, 4, 7):
        for y in (torch.softmax(3 * normal(generator, count), -1), torch.eye(count).double()[1]):
            yield 2 * normal(generator, count), y, normal(generator, count)


def softmax(z: Tensor) -> Tensor:
    return z.exp() / z.exp().sum()


def entropy(z: Tensor, y: Tensor) -> Tensor:
    return -(y * torch.log(softmax(z))).sum()


@claim(
    "thm-models-softmax",
    source="own",
    check=equals(lambda z, *_: {"derivative": derivative(softmax, z), "shifted": softmax(z + 5)}, on=classes),
    wrong={"without the off-diagonal part": {"other": 0.0}, "a plus sign": {"other": 1.0}},
)
def softmax_derivative(z, *_, same=1.0, other=-1.0):
    s = torch.softmax(z, -1)
    return {"derivative": s[:, None] * (same * torch.eye(len(z), dtype=z.dtype) + other * s), "shifted": s}


@claim(
    "thm-models-cross-entropy",
    source="own",
    check=equals(lambda z, y, _: derivative(lambda t: entropy(t, y), z), on=classes),
    also=(
        lambda z, y, _: losses.cross_entropy_gradient(z, y),
        lambda z, y, _: derivative(lambda t: losses.cross_entropy(t, y), z),
    ),
    wrong={
        r"$\sigma(z) - y$": lambda z, y, _: torch.sigmoid(z) - y,
        r"divided by $K$, as printed": lambda z, y, _: (torch.softmax(z, -1) - y) / len(z),
    },
)
def cross_entropy_slope(z, y, _, *, first=1.0, second=-1.0):
    return first * torch.softmax(z, -1) + second * y


def second_derivatives(z: Tensor, y: Tensor, u: Tensor) -> dict[str, Tensor]:
    hessian = torch.autograd.functional.hessian(lambda t: entropy(t, y), z)
    return {"Hessian": hessian, "along u": u @ hessian @ u}


@claim(
    "prop-models-convex",
    source="own",
    check=equals(second_derivatives, on=classes),
    wrong={r"$\operatorname{diag}(s)$": {"second": 0.0}, "each pair twice": {"half": 1.0}},
)
def cross_entropy_convex(z, y, u, *, first=1.0, second=-1.0, half=0.5):
    """The Hessian, and how it bends along u as a sum without negative terms."""
    s = torch.softmax(z, -1)
    pairs = torch.outer(s, s) * (u[:, None] - u) ** 2
    return {"Hessian": first * torch.diag(s) + second * torch.outer(s, s), "along u": half * pairs.sum()}


# Vectors and matrices


def arrays(generator: Generator) -> Iterator[tuple[Tensor, ...]]:
    """Vectors and matrices of three sizes, and of one size alone, where a transposed answer has the right shape."""
    for p, q, m in ((3, 4, 2), (1, 5, 3), (4, 4, 4)):
        yield tuple(normal(generator, *shape) for shape in ((p,), (p,), (p,), (q,), (m, p), (m,), (p, q), (p, p)))


def by_autograd(w, x, a, b, A, y, X, S) -> dict[str, Tensor]:
    return {
        "wx": derivative(lambda w: w @ x, w),
        "Aw": derivative(lambda w: A @ w, w),
        "aXb": derivative(lambda X: a @ X @ b, X),
        "bXa": derivative(lambda Z: a @ Z.T @ b, X.T.contiguous()),
        "aSa": derivative(lambda S: a @ S @ a, S),
        "aSTa": derivative(lambda S: a @ S.T @ a, S),
        "wSw": derivative(lambda w: w @ S @ w, w),
        "error": derivative(lambda w: (A @ w - y).square().mean(), w),
    }


@claim(
    "thm-models-matrix-calculus",
    source="anselmi: class 1",
    check=equals(by_autograd, on=arrays),
    wrong={
        r"$Aw$: $A^\top$ in this layout": {"layout": torch.t},
        r"$a^\top X b$: $b a^\top$": {"outer": lambda a, b: torch.outer(b, a)},
        r"$w^\top S w$: $2 S w$": {"straight": 2.0, "transposed": 0.0},
        "squared error: without the 2": {"two": 1.0},
    },
)
def matrix_calculus(
    w, x, a, b, A, y, X, S, *, layout=lambda A: A, outer=torch.outer, straight=1.0, transposed=1.0, two=2.0
):
    products = {"aXb": outer(a, b), "bXa": outer(b, a), "aSa": outer(a, a), "aSTa": outer(a, a)}
    gradients = {"wSw": (straight * S + transposed * S.T) @ w, "error": two / len(y) * A.T @ (A @ w - y)}
    return {"wx": x, "Aw": layout(A)} | products | gradients


# Layers


def networks(generator: Generator) -> Iterator[tuple]:
    """(parameters, activation, inputs): one to three hidden layers of uneven widths, smooth and bent activations."""
    activations = {(3, 4, 2, 5): act.tanh, (2, 6): act.relu, (1, 3, 3): act.elu(0.7), (2, 2, 2, 2): act.sigmoid}
    for widths, one in activations.items():
        yield parameters(generator, widths), one, normal(generator, 4, widths[0])


def gradient_by_autograd(parts: tuple[Tensor, ...], activation, x: Tensor) -> dict[str, Tensor]:
    *found, w, inputs = derivative(lambda *changed: output(changed[:-1], changed[-1], activation), (*parts, x))
    return by_kind(found[::2], found[1::2], w, torch.einsum("nnd->nd", inputs))  # output n depends on input n alone


def by_kind(matrices, biases, weights, inputs) -> dict[str, Tensor]:
    return {"W": in_a_row(matrices, keep=1), "b": in_a_row(biases, keep=1), "w": weights, "x": inputs}


def gradient_by_the_library(parts: tuple[Tensor, ...], activation, x: Tensor) -> dict[str, Tensor]:
    found = backpropagate(LayeredNetwork(parts[:-1:2], parts[1:-1:2], parts[-1], activation), x)
    return by_kind(found.matrices, found.biases, found.output, found.inputs)


@claim(
    "thm-models-backprop",
    source="goodfellow2016: section 6.5",
    check=equals(gradient_by_autograd, on=networks),
    also=(gradient_by_the_library,),
    wrong={"slopes left out": {"last": 0.0, "before": 0.0}, "the last slope left out": {"last": 0.0}},
)
def backpropagation(parts, activation, x, *, last=Exponent(1.0), before=Exponent(1.0)):
    hidden, slopes = [x], []
    for matrix, bias in zip(parts[:-1:2], parts[1:-1:2], strict=True):
        z = hidden[-1] @ matrix + bias
        hidden.append(activation(z))
        slopes.append(activation.slope(z))
    deltas = [parts[-1] * slopes[-1] ** last]
    for matrix, slope in zip(parts[-3:0:-2], slopes[-2::-1], strict=True):
        deltas.insert(0, deltas[0] @ matrix.T * slope**before)
    matrices = [torch.einsum("ni,nj->nij", h, delta) for h, delta in zip(hidden, deltas, strict=False)]
    return by_kind(matrices, deltas, hidden[-1], deltas[0] @ parts[0].T)
