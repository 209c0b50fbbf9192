"""Experiments of the chapter `kernels/tangent_kernel`: what becomes of the kernel as networks get wider."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lecturelib.core.experiments import generator_for
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.limit import infinite_kernel
from lecturelib.kernels.tangent_kernel.wide_networks import WideNetwork, draw_wide, train_wide

BIAS = 0.5  # without biases some modes on the circle have rate 0, see the chapter on spectral bias


def circle(size: int) -> tuple[Tensor, Tensor]:
    """Equally spaced points on the circle of radius √2, and cos γ + ½ sin 2γ at their angles γ: (N, 2), (N,)."""
    angles = 2 * math.pi * torch.arange(size, dtype=torch.float64) / size
    points = math.sqrt(2) * torch.stack([torch.cos(angles), torch.sin(angles)], dim=1)
    return points, torch.cos(angles) + 0.5 * torch.sin(2 * angles)


def start(seed: int, width: int, depth: int, activation: str, ensemble: int) -> WideNetwork:
    """An ensemble of networks with `depth` hidden layers of `width`, two inputs, weight scale √2, bias scale 0.5."""
    sizes = (2, *[width] * depth, 1)
    generator = generator_for(seed, "widths", width, depth, activation)
    return draw_wide(sizes, generator=generator, activation=activation, bias_scale=BIAS, ensemble=ensemble)


def norm(kernels: Tensor) -> Tensor:
    """Frobenius norm of the last two dimensions."""
    return kernels.square().sum((-2, -1)).sqrt()


def distance(*, seed: int, width: int, depth: int, activation: str = "relu", ensemble: int = 10) -> dict[str, list]:
    """‖K_m − Θ‖ / ‖Θ‖ at the start, on 12 points of the circle, for each network: distance (ensemble,)."""
    x, _ = circle(12)
    limit = infinite_kernel(x, depth=depth, activation=activation, weight_scale=math.sqrt(2), bias_scale=BIAS)
    found = empirical_kernel(start(seed, width, depth, activation, ensemble), x)
    return {"distance": (norm(found - limit) / norm(limit)).tolist()}


def lazy(
    *, seed: int, width: int, depth: int = 1, activation: str = "relu", ensemble: int = 10, steps: int = 200
) -> dict[str, list]:
    """Train on 12 points of the circle for `steps` steps, to time 20 over the largest eigenvalue of the limit.

    For each network: drift, ‖ΔK‖ / ‖K‖; moved, the length of the way of all weights and biases over their length at the
    start; apart, the largest distance of outputs from those of the linear model, over all recorded steps.
    """
    x, y = circle(12)
    limit = infinite_kernel(x, depth=depth, activation=activation, weight_scale=math.sqrt(2), bias_scale=BIAS)
    rate = 20 / steps / float(torch.linalg.eigvalsh(limit)[-1])
    before = start(seed, width, depth, activation, ensemble)
    run = train_wide(before, x, y, learning_rate=rate, steps=steps, record_at=range(0, steps + 1, steps // 10))
    first, last = empirical_kernel(before, x), empirical_kernel(run.final, x)
    line = linear_path(first, run.outputs[0], y, rate, run.steps)
    pairs = zip(before.weights + before.biases, run.final.weights + run.final.biases, strict=True)
    ways, lengths = zip(
        *(((b - a).square().flatten(1).sum(1), a.square().flatten(1).sum(1)) for a, b in pairs), strict=True
    )
    return {
        "drift": (norm(last - first) / norm(first)).tolist(),
        "moved": (sum(ways) / sum(lengths)).sqrt().tolist(),
        "apart": (run.outputs - line).abs().amax((0, -1)).tolist(),
    }


def linear_path(kernel: Tensor, outputs: Tensor, y: Tensor, learning_rate: float, steps: list[int]) -> Tensor:
    """What the same steps of gradient descent make of the linear model: y + (1 − η K)^k (f₀ − y), (R, ..., N)."""
    values, vectors = torch.linalg.eigh(kernel)
    coefficients = (vectors.mT @ (outputs - y).unsqueeze(-1)).squeeze(-1)
    faded = torch.stack([(1 - learning_rate * values) ** step * coefficients for step in steps])
    return y + (vectors @ faded.unsqueeze(-1)).squeeze(-1)
