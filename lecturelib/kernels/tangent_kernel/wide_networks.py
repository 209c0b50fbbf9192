"""Ensembles of fully connected networks in the tangent-kernel parametrization, trained by gradient descent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import as_tensor, positive
from lecturelib.kernels.tangent_kernel.layer_products import Signals, run_back
from lecturelib.kernels.tangent_kernel.limit import read_inputs, read_scale

ACTIVATIONS = ("relu", "erf", "softplus")
SHARPNESS = 5.0  # β of the softplus a ln(1 + e^{βz}) / β
SOFTPLUS_FACTOR = 1.4043833476318725  # a, with which E φ(z)² = 1 for a standard normal z


@dataclass(frozen=True)
class WideNetwork:
    """z_ℓ = weight_scale W_ℓ h_ℓ / √m_ℓ + bias_scale b_ℓ, with h_0 = x, h_{ℓ+1} = φ(z_ℓ); the last z is f(x), a number.

    weights: W_ℓ (..., m_{ℓ+1}, m_ℓ); biases: b_ℓ (..., m_{ℓ+1}); leading dimensions are an ensemble.
    activation: "relu", "erf", or "softplus", which is a ln(1 + e^{5z}) / 5 with mean square 1. Made by `draw_wide`.
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    activation: str
    weight_scale: float
    bias_scale: float

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
            z = h @ (self.factor(layer) * weights).mT + self.bias_scale * biases.unsqueeze(-2)
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
            steps += [self.factor(layer) * self.weights[layer], slope(self.activation, layers[layer - 1][1])]
        return run_back(torch.ones_like(layers[-1][1]).unsqueeze(-1), steps)


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
    return replace(
        network,
        weights=tuple(old - rate * part for old, part in zip(network.weights, weights, strict=True)),
        biases=tuple(old - rate * part for old, part in zip(network.biases, biases, strict=True)),
    )


def pulled(network: WideNetwork, layers: list, pulls: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Σ_n c_n ∂f(x_n) by the weights and by the biases of every layer, for pulls c (..., N); layers: of `forward`."""
    weights, biases = [], []
    for layer, ((h, _), delta) in enumerate(zip(layers, network.back(layers), strict=True)):
        rows = pulls.unsqueeze(-1) * delta.squeeze(-2)  # (..., N, m_out)
        weights.append(network.factor(layer) * (rows.mT @ h))
        biases.append(network.bias_scale * rows.sum(-2))
    return weights, biases
