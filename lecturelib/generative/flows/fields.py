"""A tanh network as a field f(z, t), with the trace of ∂f/∂z, and derivatives of both, in one pass and by hand.

Layer ℓ has a_ℓ = W_ℓ h_{ℓ−1} + b_ℓ + c_ℓ t and h_ℓ = tanh a_ℓ; the last one has no tanh. Tangents d_ℓ of K directions
are carried along: d_ℓ = (1 − h_ℓ²) ⊙ W_ℓ d_{ℓ−1}. See Grathwohl et al. 2019, whose trace this is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor
from torch.nn.functional import linear


class Probes(NamedTuple):
    """Directions ε of all points, (..., K·N, d), such that tr J is `factor` Σ_k ε_kᵀ J ε_k, or its mean is."""

    rows: Tensor
    count: int
    factor: float

    def sum(self, each: Tensor) -> Tensor:
        """Sum over the K directions, weighed: (..., K·N) to (..., N)."""
        return self.factor * each.unflatten(-1, (self.count, -1)).sum(-2)


CLOSED = "closed"
"""In place of probes: the trace of a network with one hidden layer, Σ_h (1 − h²) Σ_i V_ih W_hi, needs no directions."""


def exact_probes(z: Tensor) -> Probes:
    """The d unit vectors, for points z (..., N, d)."""
    points, size = z.shape[-2:]
    return Probes(torch.eye(size, dtype=z.dtype, device=z.device).repeat_interleave(points, 0), size, 1.0)


def random_probes(z: Tensor, count: int, generator: Generator) -> Probes:
    """Signs, drawn for each point z (..., N, d): Hutchinson's estimate as the mean over `count` of them."""
    shape = (*z.shape[:-2], count * z.shape[-2], z.shape[-1])
    signs = torch.randint(0, 2, shape, generator=generator, device=z.device)
    return Probes((2 * signs - 1).to(z.dtype), count, 1 / count)


def evaluate(flow: Any, z: Tensor, t: float, probes: Probes | str) -> tuple[Tensor, Tensor, tuple]:
    """f(z, t) (..., N, d), the trace of ∂f/∂z (..., N), and what `pull` needs."""
    h, layers = z, []
    d = probes.rows if isinstance(probes, Probes) else None
    shifts = [(b + c * t).unsqueeze(-2) for b, c in zip(flow.biases, flow.rates, strict=True)]
    for weight, shift in zip(flow.weights[:-1], shifts[:-1], strict=True):
        new = torch.sigmoid(_affine(h, 2 * weight, 2 * shift)).mul(2).sub_(1)  # tanh, in a quarter of its time
        slope = 1 - new.square()
        risen = None if d is None else d @ weight.mT
        layers.append((h, d, new, slope, risen))
        h, d = new, None if risen is None else _spread(risen, slope)
    last = flow.weights[-1]
    if probes == CLOSED:
        trace = (slope @ _diagonal(flow).unsqueeze(-1)).squeeze(-1)
    else:
        trace = probes.sum(((d @ last.mT) * probes.rows).sum(-1))
    return _affine(h, last, shifts[-1]), trace, (t, probes, layers, h, d)


def pull(flow: Any, kept: tuple, g: Tensor, s: Tensor, into: list[list[Tensor]]) -> Tensor:
    """The derivative of Σ g·f + Σ s·tr ∂f/∂z by z, shape (..., N, d); those by W, b and c are added to `into`."""
    t, probes, layers, h, d = kept
    carried = None
    if d is not None:
        carried = (probes.factor * s).repeat(*[1] * (s.ndim - 1), probes.count).unsqueeze(-1) * probes.rows
    for place in reversed(range(len(flow.weights))):
        if place < len(layers):
            h, d, new, slope, risen = layers[place]
            if risen is not None:
                across = carried.unflatten(-2, (probes.count, -1))
                bent = (across * risen.unflatten(-2, (probes.count, -1))).sum(-3)
                g, carried = torch.addcmul(g, new, bent, value=-2), _spread(carried, slope)
            elif probes == CLOSED:
                g = torch.addcmul(g, new, s.unsqueeze(-1) * _diagonal(flow).unsqueeze(-2), value=-2)
                _add_diagonal(flow, (s.unsqueeze(-2) @ slope).squeeze(-2), into[0])
            g = g * slope
        into[0][place] += g.mT @ h
        if carried is not None:
            into[0][place] += carried.mT @ d
            carried = carried @ flow.weights[place]
        total = g.sum(-2)
        into[1][place] += total
        into[2][place] += t * total
        g = g @ flow.weights[place]
    return g


def _affine(h: Tensor, weight: Tensor, shift: Tensor) -> Tensor:
    """h Wᵀ + shift (..., 1, out), in one operation where there is no ensemble."""
    return linear(h, weight, shift[0]) if weight.ndim == 2 else (h @ weight.mT).add_(shift)


def _spread(rows: Tensor, slope: Tensor) -> Tensor:
    """Tangents (..., K·N, w), each times the slope (..., N, w) of its point."""
    count = rows.shape[-2] // slope.shape[-2]
    return (rows.unflatten(-2, (count, -1)) * slope.unsqueeze(-3)).flatten(-3, -2)


def _diagonal(flow: Any) -> Tensor:
    """Σ_i V_ih W_hi (..., w) of a network with one hidden layer."""
    return (flow.weights[0] * flow.weights[1].mT).sum(-1)


def _add_diagonal(flow: Any, g: Tensor, into: list[Tensor]) -> None:
    into[0] += g.unsqueeze(-1) * flow.weights[1].mT
    into[1] += g.unsqueeze(-2) * flow.weights[0].mT
