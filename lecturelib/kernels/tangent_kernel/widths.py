"""Experiments of the chapter `kernels/tangent_kernel`: what becomes of the kernel as networks get wider."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.linalg import matrix_norm, matrix_power

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


def limit(activation: str = "relu", bias_scale: float = BIAS, depth: int = 1) -> Callable[..., Tensor]:
    """The kernel function of these networks at infinite width: kernel(x1, x2, kind=...)."""
    scales = {"weight_scale": math.sqrt(2), "bias_scale": bias_scale}
    return partial(infinite_kernel, depth=depth, activation=activation, **scales)


def distance(*, seed: int, width: int, depth: int, activation: str = "relu", ensemble: int = 10) -> dict[str, list]:
    """‖K_m − Θ‖ / ‖Θ‖ at the start, on 12 points of the circle, for each network: distance (ensemble,)."""
    x, _ = circle(12)
    exact = limit(activation, depth=depth)(x)
    found = empirical_kernel(start(seed, width, depth, activation, ensemble), x)
    return {"distance": (matrix_norm(found - exact) / matrix_norm(exact)).tolist()}


def lazy(
    *, seed: int, width: int, depth: int = 1, activation: str = "relu", ensemble: int = 10, steps: int = 200
) -> dict[str, list]:
    """Train on 12 points of the circle for `steps` steps, to time 20 over the largest eigenvalue of the limit.

    For each network: drift, ‖ΔK‖ / ‖K‖; moved, the length of the way of all weights and biases over their length at the
    start; apart, the largest distance of outputs from those of the linear model, over all recorded steps.
    """
    x, y = circle(12)
    rate = 20 / steps / float(torch.linalg.eigvalsh(limit(activation, depth=depth)(x))[-1])
    before = start(seed, width, depth, activation, ensemble)
    run = train_wide(before, x, y, learning_rate=rate, steps=steps, record_at=range(0, steps + 1, steps // 10))
    first, last = empirical_kernel(before, x), empirical_kernel(run.final, x)
    line = linear_path(first, run.outputs[0], y, rate, run.steps)
    begin, end = (torch.cat([part.flatten(1) for part in one.weights + one.biases], 1) for one in (before, run.final))
    return {
        "drift": (matrix_norm(last - first) / matrix_norm(first)).tolist(),
        "moved": ((end - begin).norm(dim=1) / begin.norm(dim=1)).tolist(),
        "apart": (run.outputs - line).abs().amax((0, -1)).tolist(),
    }


def linear_path(kernel: Tensor, outputs: Tensor, y: Tensor, learning_rate: float, steps: list[int]) -> Tensor:
    """What the same steps of gradient descent make of the linear model: y + (1 − η K)^k (f₀ − y), (R, ..., N)."""
    once = torch.eye(len(y), dtype=y.dtype) - learning_rate * kernel
    faded = [(matrix_power(once, step) @ (outputs - y).unsqueeze(-1)).squeeze(-1) for step in steps]
    return y + torch.stack(faded)
