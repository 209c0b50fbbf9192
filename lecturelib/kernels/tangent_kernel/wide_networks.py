"""Ensembles of fully connected networks in the tangent-kernel parametrization, trained by gradient descent.

Jacot et al. 2018, section 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple, Self

import torch
from torch import Generator, Tensor, nn

from lecturelib.core.arguments import (
    Array,
    Device,
    Ensemble,
    Matrix,
    Natural,
    Naturals,
    NonNegative,
    Positive,
    Precision,
    Vector,
    Widths,
    checked,
)
from lecturelib.core.records import Record
from lecturelib.kernels.models.layered import stacked, unstacked
from lecturelib.kernels.tangent_kernel.layer_products import Signals, run_back

Bending = Literal["relu", "erf", "softplus"]
Inputs = Annotated[Matrix, "_N d"]
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
    activation: Bending
    weight_scale: NonNegative
    bias_scale: NonNegative

    def __post_init__(self) -> None:
        sizes = [tuple(part.shape[-2:]) for part in self.weights]
        if not sizes or any(below[0] != above[1] for below, above in pairwise(sizes)) or sizes[-1][0] != 1:
            raise ValueError(f"weights: expected layers that fit together, with one output, got shapes {sizes}")
        if [part.shape[-1] for part in self.biases] != [rows for rows, _ in sizes]:
            shapes = [tuple(part.shape) for part in self.biases]
            raise ValueError(f"biases: expected one for each row of the weights, got shapes {shapes}")

    @classmethod
    @checked
    def from_module(cls, module: nn.Sequential, *, weight_scale: Positive = 1.0, bias_scale: Positive = 1.0) -> Self:
        """The network that computes what a sequence of linear layers and activations of one kind does, a copy.

        What is equal is the function; its kernel and its training depend on the scales, which are factors before the
        weights here. Activations: `torch.nn.ReLU`, or those of `to_module`. A layer without bias has bias 0.
        Raises ValueError for any other module.

        >>> module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
        >>> network = WideNetwork.from_module(module, weight_scale=2**0.5)
        >>> bool(torch.isclose(network([[1, 1]]), module(torch.ones(1, 2))[0]))
        True
        """
        linear, biases, bends = unstacked(module, _name)
        weights = tuple(one.weight * (math.sqrt(one.in_features) / weight_scale) for one in linear)
        biases = tuple(one / bias_scale for one in biases)
        return cls(weights, biases, (bends or {"relu"}).pop(), weight_scale, bias_scale).detach()

    def to_module(self) -> nn.Sequential:
        """Linear layers and activations that compute the same, output (N, 1). Raises ValueError for an ensemble.

        >>> module = WideNetwork(([[2.0]],), ([1.0],), "relu", 1.0, 0.5).to_module()
        >>> module(torch.tensor([[3.0]], dtype=torch.float64)).item()
        6.5
        """
        weights = (factor * one for factor, one in zip(self.factors, self.weights, strict=True))
        layers = zip(weights, (self.bias_scale * one for one in self.biases), strict=True)
        return stacked(self, layers, lambda: nn.ReLU() if self.activation == "relu" else Bend(self.activation))

    @cached_property
    def factors(self) -> tuple[float, ...]:
        """s_ℓ = weight_scale / √m_ℓ of every layer."""
        return tuple(self.weight_scale / math.sqrt(weights.shape[-1]) for weights in self.weights)

    @cached_property
    def sizes(self) -> dict[str, Any]:
        """As of all records, and d, the number of inputs."""
        return super().sizes | {"d": self.weights[0].shape[-1]}

    @checked
    def __call__(self, x: Inputs) -> Tensor:
        """f at x (N, d), the last z_ℓ = s W_ℓ h_ℓ + t b_ℓ: shape (..., N)."""
        return layers_of(self, x)[-1][1].squeeze(-1)

    @checked
    def signals(self, x: Inputs) -> list[Signals]:
        """What `layer_products.kernel_of` needs of every layer: h_ℓ, δ_ℓ = ∂f / ∂z_ℓ and both factors.

        >>> WideNetwork(([[2.0]],), ([1.0],), "relu", 1.0, 0.5).signals([[3.0]])[0].weight_factor
        1.0
        """
        layers = layers_of(self, x)
        parts = zip(layers, run_back_of(self, layers), self.factors, strict=True)
        return [Signals(h.expand(*d.shape[:-2], -1), d, factor, self.bias_scale) for (h, _), d, factor in parts]


def with_parts(network: WideNetwork, weights: Iterable[Tensor], biases: Iterable[Tensor]) -> WideNetwork:
    """The network with other parameters of the same shapes, which are not checked: for training."""
    return network._with({**network.__getstate__(), "weights": tuple(weights), "biases": tuple(biases)})


def layers_of(network: WideNetwork, x: Tensor) -> list[tuple[Tensor, Tensor]]:
    """(h_ℓ, z_ℓ) of every layer at x (N, d), which is not looked at: shapes (..., N, m_ℓ) and (..., N, m_{ℓ+1})."""
    layers, h = [], x
    for weights, biases, factor in zip(network.weights, network.biases, network.factors, strict=True):
        z = factor * (h @ weights.mT) + network.bias_scale * biases.unsqueeze(-2)
        layers.append((h, z))
        h = value(network.activation, z)
    return layers


def run_back_of(network: WideNetwork, layers: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
    """∂f / ∂z_ℓ of every layer: (..., N, 1, m_{ℓ+1}); layers: of `layers_of`."""
    below = zip(network.factors[1:], layers[:-1], strict=True)
    slopes = [factor * slope(network.activation, z) for factor, (_, z) in below]
    return run_back(torch.ones_like(layers[-1][1]).unsqueeze(-1), network.weights[1:], slopes)


class Bend(nn.Module):
    """An activation of this file as a module."""

    def __init__(self, activation: str) -> None:
        super().__init__()
        self.activation = activation

    def forward(self, z: Tensor) -> Tensor:
        """φ(z)."""
        return value(self.activation, z)


def _name(module: nn.Module) -> str | None:
    return "relu" if type(module) is nn.ReLU else module.activation if type(module) is Bend else None


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


@checked
def draw_wide(
    widths: Widths, *, generator: Generator,
    activation: Bending = "relu", weight_scale: NonNegative = 2**0.5, bias_scale: NonNegative = 0.0,
    ensemble: Ensemble = (), dtype: Precision = torch.float64, device: Device | None = None,
) -> WideNetwork:  # fmt: skip
    """Networks with layers of `widths` = (d, m_1, …, m_L, 1), all weights and biases standard normal.

    device: that of the generator unless given. Raises ValueError for a last width other than 1.

    >>> draw_wide((2, 64, 1), generator=torch.Generator().manual_seed(0), ensemble=5)([[1.0, 0.0]]).shape
    torch.Size([5, 1])
    """
    if widths[-1] != 1:
        raise ValueError(f"widths: expected (d, m_1, ..., 1), got {widths}")

    def normal(*shape: int) -> Tensor:
        return torch.randn(*ensemble, *shape, generator=generator, dtype=dtype, device=generator.device).to(device)

    weights = tuple(normal(fan_out, fan_in) for fan_in, fan_out in pairwise(widths))
    return WideNetwork(weights, tuple(normal(width) for width in widths[1:]), activation, weight_scale, bias_scale)


class Training(NamedTuple):
    """Recorded steps, increasing (R,), outputs at the watched points (R, ..., M), and the trained networks."""

    steps: list[int]
    outputs: Tensor
    final: WideNetwork


@checked
def train_wide(
    network: Annotated[WideNetwork, "... d"], x: Annotated[Matrix, "N d"], y: Annotated[Vector, "N"], *,
    learning_rate: Positive, steps: Natural, record_at: Naturals, watch: Annotated[Matrix, "_M d"] | None = None,
) -> Training:  # fmt: skip
    """Gradient descent on ½ Σ (f(x_n) − y_n)² from every network of the ensemble, all data in every step.

    x: (N, d); y: (N,); learning_rate: stable below 2 / (largest eigenvalue of the tangent kernel); record_at: steps,
    from 0 to `steps`, after which outputs at `watch` (M, d), or at x, are kept.
    Raises ValueError where outputs or, in the end, weights are no longer finite.

    >>> line = WideNetwork(([[1.0]],), ([0.0],), "relu", 1.0, 0.0)  # 1, and 1 − 0.1 · (1 − 3)
    >>> train_wide(line, [[1.0]], [3.0], learning_rate=0.1, steps=1, record_at=[0, 1]).outputs
    tensor([[1.0000],
            [1.2000]], dtype=torch.float64)
    """
    marks, outputs = sorted(set(record_at)), []
    if marks[-1] > steps:
        raise ValueError(f"record_at: expected steps from 0 to {steps}, got {list(record_at)}")
    for taken in range(steps + 1):
        if taken in marks:
            outputs.append(layers_of(network, x if watch is None else watch)[-1][1].squeeze(-1))
            if not bool(torch.isfinite(outputs[-1]).all()):
                raise ValueError(f"learning_rate: expected a stable one, {learning_rate} diverged before step {taken}")
        if taken < steps:
            network = step(network, x, y, learning_rate)
    if not all(bool(torch.isfinite(part).all()) for part in (*network.weights, *network.biases)):
        raise ValueError(f"learning_rate: expected a stable one, {learning_rate} diverged within {steps} steps")
    return Training(marks, torch.stack(outputs), network)


def step(network: WideNetwork, x: Tensor, y: Tensor, learning_rate: float) -> WideNetwork:
    """One step of gradient descent on ½ Σ (f(x_n) − y_n)²; y: (N,), or (..., N) for targets of each network."""
    layers = layers_of(network, x)
    pulls = pulled(network, layers, layers[-1][1].squeeze(-1) - y)
    pairs = (zip(old, part, strict=True) for old, part in zip((network.weights, network.biases), pulls, strict=True))
    return with_parts(network, *([old - learning_rate * part for old, part in one] for one in pairs))


def pulled(network: WideNetwork, layers: list, pulls: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Σ_n c_n ∂f(x_n) by the weights and by the biases of every layer, for pulls c (..., N); layers: of `layers_of`."""
    rows = [pulls.unsqueeze(-1) * delta.squeeze(-2) for delta in run_back_of(network, layers)]  # (..., N, m_out)
    parts = zip(network.factors, rows, layers, strict=True)
    return [factor * (row.mT @ h) for factor, row, (h, _) in parts], [network.bias_scale * row.sum(-2) for row in rows]
