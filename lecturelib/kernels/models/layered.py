"""Fully connected networks f(x) = wᵀ σ(W_Lᵀ σ(… σ(W_1ᵀ x + b_1) …) + b_L), and their gradient written out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import as_tensor, same_shape
from lecturelib.kernels.models.activations import Activation
from lecturelib.kernels.models.features import read_inputs


@dataclass(frozen=True)
class LayeredNetwork:
    """Matrices W_1, …, W_L with W_ℓ of shape (k_{ℓ−1}, k_ℓ), biases b_ℓ (k_ℓ,), output weights w (k_L,); k_0 = d."""

    matrices: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    output: Tensor
    activation: Activation

    def __post_init__(self) -> None:
        matrices = tuple(as_tensor("matrices", one) for one in self.matrices)
        biases = tuple(as_tensor("biases", one) for one in self.biases)
        output = as_tensor("output", self.output)
        if not matrices or len(matrices) != len(biases):
            raise ValueError(f"biases: expected one for each of at least one matrix, got {len(biases)}")
        if any(matrix.ndim != 2 for matrix in matrices):
            raise ValueError("matrices: expected shapes (k_{l-1}, k_l)")
        for before, after in pairwise(matrices):
            if before.shape[1] != after.shape[0]:
                raise ValueError(f"matrices: expected {before.shape[1]} rows after {before.shape[1]} columns")
        for matrix, bias in zip(matrices, biases, strict=True):
            same_shape((matrix.shape[1],), "a layer", biases=bias)
        same_shape((matrices[-1].shape[1],), "the last layer", output=output)
        for name, value in (("matrices", matrices), ("biases", biases), ("output", output)):
            object.__setattr__(self, name, value)

    def hidden(self, x) -> list[Tensor]:
        """The input and what each hidden layer puts out: h_0 = x (N, d), h_ℓ (N, k_ℓ)."""
        layers = [read_inputs("x", x)]
        for matrix, bias in zip(self.matrices, self.biases, strict=True):
            layers.append(self.activation(layers[-1] @ matrix + bias))
        return layers

    def __call__(self, x) -> Tensor:
        """f at x (N, d): shape (N,)."""
        return self.hidden(x)[-1] @ self.output


@dataclass(frozen=True)
class Gradient:
    """∂f/∂W_ℓ (N, k_{ℓ−1}, k_ℓ), ∂f/∂b_ℓ (N, k_ℓ), ∂f/∂w (N, k_L) and ∂f/∂x (N, d), for N inputs."""

    matrices: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    output: Tensor
    inputs: Tensor


def backpropagate(network: LayeredNetwork, x) -> Gradient:
    """The gradient of f at each input: x (N, d).

    With z_ℓ = W_ℓᵀ h_{ℓ−1} + b_ℓ: δ_L = w ⊙ σ'(z_L), δ_ℓ = (W_{ℓ+1} δ_{ℓ+1}) ⊙ σ'(z_ℓ), ∂f/∂W_ℓ = h_{ℓ−1} δ_ℓᵀ.
    """
    hidden = network.hidden(x)
    matrices, biases = [], []
    signal = network.output.expand(hidden[0].shape[0], -1)  # ∂f/∂h_L
    for before, matrix, bias in reversed(list(zip(hidden[:-1], network.matrices, network.biases, strict=True))):
        delta = signal * network.activation.slope(before @ matrix + bias)
        matrices.append(before[:, :, None] * delta[:, None, :])
        biases.append(delta)
        signal = delta @ matrix.T
    return Gradient(tuple(reversed(matrices)), tuple(reversed(biases)), hidden[-1], signal)


def random_network(widths: Sequence[int], activation: Activation, *, generator: Generator) -> LayeredNetwork:
    """A network with layers of `widths` = (d, k_1, …, k_L): weights of variance 1 / fan-in, normal biases."""
    if len(widths) < 2 or any(width < 1 for width in widths):
        raise ValueError(f"widths: expected d, k_1, …, all at least 1, got {tuple(widths)}")

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    pairs = list(pairwise(widths))
    return LayeredNetwork(
        tuple(normal(rows, columns) / rows**0.5 for rows, columns in pairs),
        tuple(normal(columns) for _, columns in pairs),
        normal(widths[-1]) / widths[-1] ** 0.5,
        activation,
    )
