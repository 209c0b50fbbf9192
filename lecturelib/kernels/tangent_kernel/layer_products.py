"""The tangent kernel of a fully connected network from what runs through it, forwards and backwards; no Jacobian.

Layer ℓ computes z_ℓ = s_ℓ W_ℓ h_ℓ + t_ℓ b_ℓ. The derivative of output k by W_ℓ is s_ℓ δ_ℓᵏ h_ℓᵀ with
δ_ℓᵏ = ∂f_k / ∂z_ℓ, and by b_ℓ it is t_ℓ δ_ℓᵏ. The inner product of two such matrices is a product of two inner
products, so that

    K_kj(x, x') = Σ_ℓ (s_ℓ² ⟨h_ℓ, h_ℓ'⟩ + t_ℓ²) ⟨δ_ℓᵏ, δ_ℓ'ʲ⟩.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Signals:
    """What reaches one layer: h_ℓ (..., N, m_ℓ) and δ_ℓ (..., N, K, m_{ℓ+1}), and the factors s_ℓ, t_ℓ.

    A factor is 0 where weights or biases are frozen or missing.
    """

    inputs: Tensor
    deltas: Tensor
    weight_factor: float
    bias_factor: float


def kernel_of(one: Sequence[Signals], other: Sequence[Signals]) -> Tensor:
    """The sum over layers for N and M inputs and K outputs: shape (..., N, M, K, K)."""
    return sum(_layer(first, second) for first, second in zip(one, other, strict=True))


def _layer(one: Signals, other: Signals) -> Tensor:
    outputs = one.deltas.shape[-2]
    forward = one.weight_factor**2 * (one.inputs @ other.inputs.mT) + one.bias_factor**2  # (..., N, M)
    rows, columns = (deltas.flatten(-3, -2) for deltas in (one.deltas, other.deltas))  # (..., N K, m)
    backward = (rows @ columns.mT).unflatten(-1, (-1, outputs)).unflatten(-3, (-1, outputs))  # (..., N, K, M, K)
    return forward[..., None, None] * backward.transpose(-3, -2)


def run_back(last: Tensor, weights: Sequence[Tensor], slopes: Sequence[Tensor]) -> list[Tensor]:
    """δ of every layer, first layer first.

    last: that of the last layer, (..., N, K, m). For all layers but the first, weights: (..., m_out, m_in), slopes:
    those of the activation below the layer, times the layer's factor, (..., N, m_in).
    """
    deltas = [last]
    for matrix, below in reversed(list(zip(weights, slopes, strict=True))):
        flat = deltas[-1].flatten(-3, -2) @ matrix  # (..., N K, m_in), one product for all inputs and outputs
        deltas.append(flat.unflatten(-2, last.shape[-3:-1]) * below.unsqueeze(-2))
    return deltas[::-1]
