r"""Multilayer networks f(x) = W_K σ(W_{K−1} σ(… σ(W_1 x))) whose parameters can be taken as one vector.

The vector θ has the entries of W_1, …, W_K row by row, and a loss of this room is a function of it. With a linear σ the
network is W_K ⋯ W_1 x, with σ(z) = z² a polynomial of degree 2^{K−1}.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Literal

import torch
from torch import Generator, Tensor, nn

from lecturelib.core.arguments import Array, Ensemble, Matrix, NonNegative, Positive, Widths, checked
from lecturelib.core.records import Record

Nonlinearity = Literal["linear", "relu", "square", "tanh"]
FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda z: z, "relu": torch.relu, "square": torch.square, "tanh": torch.tanh
}  # fmt: skip
MODULES = {nn.Identity: "linear", nn.ReLU: "relu", nn.Tanh: "tanh"}


class Multilayer(Record):
    """Matrices W_1, …, W_K, each (..., out, in), and one nonlinearity between any two; an ensemble of them where given.

    A bias is the weight of an input that is always 1. Raises ValueError where sizes do not fit, or there is no matrix.

    >>> Multilayer([[[1.0], [-1.0]], [[1.0, 1.0]]], "relu")([[-3.0], [2.0]]).tolist()  # |x|
    [[3.0], [2.0]]
    """

    weights: tuple[Annotated[Array, "... _out _in"], ...]
    nonlinearity: Nonlinearity

    def __post_init__(self) -> None:
        shapes = [tuple(one.shape[-2:]) for one in self.weights]
        if not shapes or any(after[1] != before[0] for before, after in pairwise(shapes)):
            raise ValueError(f"weights: expected matrices that can be multiplied, got shapes {shapes}")

    @property
    def sizes(self) -> dict:  # type: ignore[override]
        """As of all records, and d, the number of inputs."""
        return super().sizes | {"d": self.weights[0].shape[-1]}

    @property
    def vector(self) -> Tensor:
        """All entries in a row: θ, shape (..., P)."""
        return torch.cat([one.flatten(-2) for one in self.weights], dim=-1)

    @checked
    def at(self, vector: Array) -> Multilayer:
        """The network of the same sizes with these parameters (..., P). Raises ValueError for another number of them.

        >>> Multilayer([[[1.0], [-1.0]], [[1.0, 1.0]]], "relu").at([1.0, 2.0, 3.0, 4.0])([[1.0]]).tolist()  # 3·1 + 4·2
        [[11.0]]
        """
        if vector.ndim < 1 or vector.shape[-1] != self.vector.shape[-1]:
            raise ValueError(f"vector: expected shape (..., {self.vector.shape[-1]}), got {tuple(vector.shape)}")
        return reshaped(self, vector)

    @checked
    def __call__(self, x: Annotated[Matrix, "_N d"]) -> Tensor:
        """f at x (N, d): shape (..., N, out)."""
        return pre_activations(self, x)[-1]

    @staticmethod
    @checked
    def from_module(module: nn.Sequential) -> Multilayer:
        """The network that linear layers without biases and one nonlinearity between them compute, a copy.

        Raises ValueError for any other module.

        >>> Multilayer.from_module(nn.Sequential(nn.Linear(3, 5, bias=False), nn.ReLU(), nn.Linear(5, 1, bias=False)))
        Multilayer(weights=tensor (5, 3), (1, 5), nonlinearity='relu')
        """
        layers, between = list(module)[::2], {MODULES.get(type(one)) for one in list(module)[1::2]}
        plain = all(type(one) is nn.Linear and one.bias is None for one in layers) and len(module) % 2
        if not plain or len(between) > 1 or None in between:
            raise ValueError("module: expected linear layers without biases, and ReLU, Tanh or Identity between them")
        weights = tuple(one.weight.detach().clone() for one in layers)
        return Multilayer(weights, between.pop() if between else "linear")


def reshaped(model: Multilayer, vector: Tensor) -> Multilayer:
    """As `Multilayer.at`, but nothing is checked, so that torch can differentiate it and run it on many at once."""
    parts = vector.split([one.shape[-2] * one.shape[-1] for one in model.weights], dim=-1)
    shaped = (part.unflatten(-1, one.shape[-2:]) for part, one in zip(parts, model.weights, strict=True))
    return model._with({"weights": tuple(shaped), "nonlinearity": model.nonlinearity})


def pre_activations(model: Multilayer, x: Tensor) -> list[Tensor]:
    """What comes out of each W_k, before the nonlinearity: shapes (..., N, out_k) for x of shape (N, d)."""
    found = [x @ model.weights[0].mT]
    for matrix in model.weights[1:]:
        found.append(FUNCTIONS[model.nonlinearity](found[-1]) @ matrix.mT)
    return found


@checked
def random_network(
    widths: Widths, nonlinearity: Nonlinearity = "linear", *, generator: Generator, scale: Positive = 1.0,
    ensemble: Ensemble = (),
) -> Multilayer:  # fmt: skip
    """A network of these widths, inputs first, whose weights are normal with standard deviation scale/√in.

    >>> random_network([3, 4, 1], generator=torch.Generator().manual_seed(0)).vector.shape
    torch.Size([16])
    """
    options = {"generator": generator, "dtype": torch.float64, "device": generator.device}
    draw = [(out, size, torch.randn(*ensemble, out, size, **options)) for size, out in pairwise(widths)]
    return Multilayer(tuple(scale / math.sqrt(size) * one for _, size, one in draw), nonlinearity)


@checked
def square_loss(
    model: Multilayer, x: Annotated[Matrix, "N d"], y: Annotated[Matrix, "N out"], *, penalty: NonNegative = 0.0
) -> Callable[[Tensor], Tensor]:
    """The function θ ↦ ½ Σ_n |f(x_n) − y_n|² + ½ λ |θ|² of the parameters (..., P) as one vector; λ is the penalty.

    x: (N, d), y: (N, out). Raises ValueError where y does not fit.

    >>> valley = Multilayer([[[1.0]], [[1.0]]], "linear")
    >>> loss = square_loss(valley, [[1.0]], [[1.0]], penalty=0.5)
    >>> loss(torch.tensor([2.0, 3.0]))  # ½ (2·3 − 1)² + ¼ (2² + 3²)
    tensor(15.7500)
    """
    if model.weights[0].shape[-1] != x.shape[1]:
        raise ValueError(f"x: expected {model.weights[0].shape[-1]} columns, as the model has inputs, got {x.shape[1]}")
    if model.weights[-1].shape[-2] != y.shape[1]:
        raise ValueError(
            f"y: expected {model.weights[-1].shape[-2]} columns, as the model has outputs, got {y.shape[1]}"
        )

    def loss(vector: Tensor) -> Tensor:
        inputs, targets = x.to(vector), y.to(vector)
        fit = (pre_activations(reshaped(model, vector), inputs)[-1] - targets).square().sum((-2, -1))
        return 0.5 * (fit + penalty * vector.square().sum(-1))

    return loss
