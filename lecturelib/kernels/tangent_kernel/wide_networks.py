"""Ensembles of fully connected networks in the tangent-kernel parametrization, trained by gradient descent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple, Self

import torch
from torch import Generator, Tensor, nn

from lecturelib.core.arguments import Array, NonNegative, Positive, as_tensor, checked, positive
from lecturelib.core.records import Record
from lecturelib.kernels.tangent_kernel.layer_products import Signals, run_back
from lecturelib.kernels.tangent_kernel.limit import read_inputs, read_scale

ACTIVATIONS = ("relu", "erf", "softplus")
SHARPNESS = 5.0  # β of the softplus a ln(1 + e^{βz}) / β
SOFTPLUS_FACTOR = 1.4043833476318725  # a, with which E φ(z)² = 1 for a standard normal z


class WideNetwork(Record):
    """z_ℓ = weight_scale W_ℓ h_ℓ / √m_ℓ + bias_scale b_ℓ, with h_0 = x, h_{ℓ+1} = φ(z_ℓ); the last z is f(x), a number.

    weights: W_ℓ (..., m_{ℓ+1}, m_ℓ); biases: b_ℓ (..., m_{ℓ+1}); leading dimensions are an ensemble.
    activation: "relu", "erf", or "softplus", which is a ln(1 + e^{5z}) / 5 with mean square 1. Made by `draw_wide`.
    Raises ValueError where layers do not fit together, or the last has more than one output.

    >>> network = WideNetwork(([[2.0]],), ([1.0],), "relu", 1.0, 0.5)
    >>> network([[3.0]])
    tensor([6.5000], dtype=torch.float64)
    """

    weights: Annotated[tuple[Array, ...], "... _out _in"]
    biases: Annotated[tuple[Array, ...], "... _out"]
    activation: Literal["relu", "erf", "softplus"]
    weight_scale: NonNegative
    bias_scale: NonNegative

    def __post_init__(self) -> None:
        sizes = [part.shape[-2:] for part in self.weights]
        if not sizes or any(below[0] != above[1] for below, above in pairwise(sizes)) or sizes[-1][0] != 1:
            shapes = [tuple(size) for size in sizes]
            raise ValueError(f"weights: expected layers that fit together, with one output, got shapes {shapes}")
        if [part.shape[-1] for part in self.biases] != [size[0] for size in sizes]:
            shapes = [tuple(part.shape) for part in self.biases]
            raise ValueError(f"biases: expected one for each row of the weights, got shapes {shapes}")

    @classmethod
    @checked
    def from_module(cls, model: nn.Sequential, *, weight_scale: Positive = 1.0, bias_scale: Positive = 1.0) -> Self:
        """The network that computes what a sequence of linear layers and activations of one kind does.

        What is equal is the function; its kernel and its training depend on the scales, which are factors before the
        weights here. Activations: `torch.nn.ReLU`, or those of `as_module`. The module keeps its parameters to itself.
        Raises ValueError for any other module.

        >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        >>> bool(torch.isclose(WideNetwork.from_module(model)(torch.ones(1, 2)), model(torch.ones(1, 2))[0]))
        True
        """
        layers, bends = list(model)[::2], list(model)[1::2]
        names = {"relu" if type(bend) is nn.ReLU else getattr(bend, "activation", None) for bend in bends} or {"relu"}
        plain = len(model) % 2 == 1 and all(type(layer) is nn.Linear for layer in layers)
        if not plain or len(names) > 1 or not names < set(ACTIVATIONS):
            raise ValueError(f"model: expected linear layers with one activation between them, got {model}")
        copies = [[None if p is None else p.detach().clone() for p in (one.weight, one.bias)] for one in layers]
        weights = [weight * (math.sqrt(weight.shape[1]) / weight_scale) for weight, _ in copies]
        biases = [w.new_zeros(len(w)) if bias is None else bias / bias_scale for w, bias in copies]
        return cls(tuple(weights), tuple(biases), names.pop(), weight_scale, bias_scale)

    def as_module(self) -> nn.Sequential:
        """Linear layers and activations that compute the same, output (N, 1). Raises ValueError for an ensemble.

        >>> network = WideNetwork(([[2.0]],), ([1.0],), "relu", 1.0, 0.5)
        >>> network.as_module()(torch.tensor([[3.0]], dtype=torch.float64))
        tensor([[6.5000]], dtype=torch.float64, grad_fn=<AddmmBackward0>)
        """
        if self.shape:
            raise ValueError(f"network: expected a single one, got an ensemble of shape {self.shape}")
        parts: list[nn.Module] = []
        for layer, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            linear = nn.Linear(weights.shape[1], weights.shape[0], device=self.device, dtype=self.dtype)
            linear.load_state_dict({"weight": self.factor(layer) * weights, "bias": self.bias_scale * biases})
            parts += [linear, nn.ReLU() if self.activation == "relu" else Bend(self.activation)]
        return nn.Sequential(*parts[:-1])

    def with_parts(self, weights: Iterable[Tensor], biases: Iterable[Tensor]) -> Self:
        """The network with other parameters of the same shapes, which are not checked: for training."""
        return self._with({**self.__getstate__(), "weights": tuple(weights), "biases": tuple(biases)})

    def factor(self, layer: int) -> float:
        """weight_scale / √(fan-in) of a layer."""
        return self.weight_scale / math.sqrt(self.weights[layer].shape[-1])

    def read(self, x, name: str = "x") -> Tensor:
        """Inputs (N, d) in the precision of the weights; raises ValueError naming them for another dimension."""
        inputs = read_inputs(name, x).to(self.weights[0])
        if inputs.shape[1] != self.weights[0].shape[-1]:
            raise ValueError(f"{name}: expected {self.weights[0].shape[-1]} columns, got {inputs.shape[1]}")
        return inputs

    def forward(self, x) -> list[tuple[Tensor, Tensor]]:
        """(h_ℓ, z_ℓ) of every layer at x (N, d): (..., N, m_ℓ) and (..., N, m_{ℓ+1})."""
        h, layers = self.read(x), []
        for layer, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = self.factor(layer) * (h @ weights.mT) + self.bias_scale * biases.unsqueeze(-2)
            layers.append((h, z))
            h = value(self.activation, z)
        return layers

    def __call__(self, x) -> Tensor:
        """f at x (N, d): shape (..., N)."""
        return self.forward(x)[-1][1].squeeze(-1)

    def signals(self, x) -> list[Signals]:
        """What `lecturelib.kernels.tangent_kernel.layer_products.kernel_of` needs."""
        layers = self.forward(x)
        return [
            Signals(h.expand(*delta.shape[:-2], -1), delta, self.factor(layer), self.bias_scale)
            for layer, ((h, _), delta) in enumerate(zip(layers, self.back(layers), strict=True))
        ]

    def back(self, layers: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
        """∂f / ∂z_ℓ of every layer: (..., N, 1, m_{ℓ+1})."""
        steps = []
        for layer in range(len(self.weights) - 1, 0, -1):
            steps += [self.weights[layer], self.factor(layer) * slope(self.activation, layers[layer - 1][1])]
        return run_back(torch.ones_like(layers[-1][1]).unsqueeze(-1), steps)


class Bend(nn.Module):
    """An activation of this file as a module."""

    def __init__(self, activation: str) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, z: Tensor) -> Tensor:
        """φ(z)."""
        return value(self.activation, z)


def value(activation: str, z: Tensor) -> Tensor:
    """φ(z)."""
    if activation == "softplus":  # linear, to rounding, where βz exceeds the threshold
        return SOFTPLUS_FACTOR * torch.nn.functional.softplus(z, beta=SHARPNESS, threshold=40)
    return torch.relu(z) if activation == "relu" else torch.erf(z)


def slope(activation: str, z: Tensor) -> Tensor:
    """φ'(z), 0 for the ReLU at 0."""
    if activation == "softplus":
        return SOFTPLUS_FACTOR * torch.sigmoid(SHARPNESS * z)
    return (z > 0).to(z) if activation == "relu" else 2 / math.sqrt(math.pi) * torch.exp(-z.square())


def draw_wide(
    sizes: Sequence[int],
    *,
    generator: Generator,
    activation: str = "relu",
    weight_scale: float = math.sqrt(2),
    bias_scale: float = 0.0,
    ensemble: tuple[int, ...] = (),
    dtype: torch.dtype = torch.float64,
) -> WideNetwork:
    """Networks with layers of `sizes` = (d, m_1, …, m_L, 1), all weights and biases standard normal.

    Raises ValueError for fewer than two sizes, sizes below 1, a last size other than 1, an unknown activation, or
    scales that are negative or not finite.
    """
    if len(sizes) < 2 or any(size < 1 for size in sizes) or sizes[-1] != 1:
        raise ValueError(f"sizes: expected (d, m_1, ..., 1), all at least 1, got {tuple(sizes)}")
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation: expected one of {', '.join(ACTIVATIONS)}, got {activation!r}")
    read_scale("weight_scale", weight_scale)
    read_scale("bias_scale", bias_scale)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*ensemble, *shape, generator=generator, dtype=dtype)

    pairs = list(pairwise(sizes))
    weights = tuple(normal(fan_out, fan_in) for fan_in, fan_out in pairs)
    return WideNetwork(weights, tuple(normal(size) for size in sizes[1:]), activation, weight_scale, bias_scale)


class Training(NamedTuple):
    """Recorded steps (R,), outputs at the watched points (R, ..., M), and the trained networks."""

    steps: list[int]
    outputs: Tensor
    final: WideNetwork


def train_wide(network: WideNetwork, x, y, *, rate: float, steps: int, record: Sequence[int], watch=None) -> Training:
    """Gradient descent on ½ Σ (f(x_n) − y_n)² from every network of the ensemble, all data in every step.

    x: (N, d); y: (N,); rate: the length of a step, stable below 2 / (largest eigenvalue of the tangent kernel);
    record: steps, from 0 to `steps`, after which outputs at `watch` (M, d), or at x, are kept.
    Raises ValueError for data that do not fit, and where outputs are no longer finite.
    """
    x, y = network.read(x), as_tensor("y", y).to(network.weights[0])
    if y.shape != x.shape[:1]:
        raise ValueError(f"y: expected shape {tuple(x.shape[:1])}, one number for each row of x, got {tuple(y.shape)}")
    positive("rate", rate)
    if not isinstance(steps, int) or steps < 0:
        raise ValueError(f"steps: expected a whole number, at least 0, got {steps!r}")
    marks = sorted(set(record))
    if not marks or marks[0] < 0 or marks[-1] > steps:
        raise ValueError(f"record: expected steps from 0 to {steps}, got {list(record)}")
    watched, outputs = x if watch is None else network.read(watch, "watch"), []
    for taken in range(steps + 1):
        if taken in marks:
            outputs.append(network(watched))
            if not bool(torch.isfinite(outputs[-1]).all()):
                raise ValueError(f"rate: expected a stable one, {rate:g} diverged before step {taken}")
        if taken < steps:
            network = step(network, x, y, rate)
    return Training(marks, torch.stack(outputs), network)


def step(network: WideNetwork, x: Tensor, y: Tensor, rate: float) -> WideNetwork:
    """One step of gradient descent on ½ Σ (f(x_n) − y_n)²; y: (N,), or (..., N) for targets of each network."""
    layers = network.forward(x)
    weights, biases = pulled(network, layers, layers[-1][1].squeeze(-1) - y)
    return network.with_parts(
        (old - rate * part for old, part in zip(network.weights, weights, strict=True)),
        (old - rate * part for old, part in zip(network.biases, biases, strict=True)),
    )


def pulled(network: WideNetwork, layers: list, pulls: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Σ_n c_n ∂f(x_n) by the weights and by the biases of every layer, for pulls c (..., N); layers: of `forward`."""
    weights, biases = [], []
    for layer, ((h, _), delta) in enumerate(zip(layers, network.back(layers), strict=True)):
        rows = pulls.unsqueeze(-1) * delta.squeeze(-2)  # (..., N, m_out)
        weights.append(network.factor(layer) * (rows.mT @ h))
        biases.append(network.bias_scale * rows.sum(-2))
    return weights, biases
