"""Experiments of the chapter `bias/maximum_margin`: functions of a seed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from lecturelib.bias.maximum_margin.homogeneous import two_layers
from lecturelib.bias.maximum_margin.margins import hard_margin, leave_one_out
from lecturelib.bias.maximum_margin.stepping import Field, integrate
from lecturelib.core.experiments import generator_for


def rings(seed: int, n: int = 24) -> tuple[Tensor, Tensor]:
    """Two rings of n/2 points in the plane with a third coordinate 1: x (n, 3), y (n,)."""
    generator = generator_for(seed, "rings")
    angles = 2 * math.pi * torch.rand(n, generator=generator, dtype=torch.float64)
    inner = torch.arange(n) % 2 == 0
    radius = torch.where(inner, 0.5, 1.2) + 0.1 * torch.randn(n, generator=generator, dtype=torch.float64)
    x = torch.stack([radius * angles.cos(), radius * angles.sin(), torch.ones_like(angles)], 1)
    return x, torch.where(inner, 1.0, -1.0).double()


def rings_run(*, seed: int, width: int = 12, scale: float = 0.3, until: int = 12) -> dict[str, list[float]]:
    """Margins and smooth margins along the flow of a network of squared ReLUs on the rings, from a random start.

    At t = 1, 10, … 10^until. angle: degrees between θ and the force Σ e^{−m_i} ∇m_i, which are parallel at points that
    satisfy the conditions of first order. NaN where 20,000 steps do not lead: near a saddle, the loss does not fall
    and logarithmic time becomes stiff.
    """
    x, y = rings(0)
    margins = two_layers(x, y, width)
    start = scale * torch.randn(4 * width, generator=generator_for(seed, "network", width), dtype=torch.float64)
    moments = np.log1p([10.0**k for k in range(until + 1)])
    path = torch.from_numpy(
        integrate(_by_hand(x.numpy(), y.numpy(), width), start.numpy(), moments, 1e-5, partial=20_000)
    )
    m = torch.stack([margins(theta) for theta in path])
    size = path.norm(dim=1) ** 3
    found = {"smooth": -torch.logsumexp(-m, 1) / size, "margin": m.amin(1) / size}
    found["angle"] = torch.stack([_angle(margins, theta) for theta in path])
    return {name: values.tolist() for name, values in found.items()}


def _by_hand(x: np.ndarray, y: np.ndarray, width: int) -> Field:
    """What `homogeneous_flow` asks of autograd for `two_layers`, written out: twenty times as fast."""

    def field(s: float, theta: np.ndarray) -> np.ndarray:
        w, a = theta[: width * x.shape[1]].reshape(width, -1), theta[width * x.shape[1] :]
        hidden = np.maximum(x @ w.T, 0.0)
        squares = hidden * hidden
        force = y * np.exp(s - y * (squares @ a))
        return np.concatenate([(2 * (hidden * a).T @ (force[:, None] * x)).ravel(), force @ squares])

    return field


def _angle(margins: Callable[[Tensor], Tensor], theta: Tensor) -> Tensor:
    place = theta.clone().requires_grad_()
    (force,) = torch.autograd.grad(-torch.logsumexp(-margins(place), 0), place)
    return torch.rad2deg(torch.acos((force @ theta / (force.norm() * theta.norm())).clamp(-1, 1)))


def sphere_run(*, seed: int, size: int, dimension: int = 20) -> dict[str, float]:
    """The widest margin of points on the unit sphere, labelled by their first coordinate: true error and its bounds."""
    x = torch.randn(size, dimension, generator=generator_for(seed, "sphere", size), dtype=torch.float64)
    x /= x.norm(dim=1, keepdim=True)
    y = torch.sign(x[:, 0])
    found = hard_margin(x, y)
    return {
        "error": math.acos(float(found.direction[0])) / math.pi,
        "left_out": leave_one_out(x, y) / size,
        "support": len(found.support) / size,
        "bound": 1 / float(found.margin) ** 2 / size,
    }


def clouds(size: int, generator: torch.Generator, dimension: int = 10) -> tuple[Tensor, Tensor]:
    """Points ±2 e₁ plus a uniform point of the ball of radius 1.5: x (n, d) and y (n,)."""
    y = 2.0 * torch.randint(0, 2, (size,), generator=generator).double() - 1
    around = torch.randn(size, dimension, generator=generator, dtype=torch.float64)
    radius = 1.5 * torch.rand(size, generator=generator, dtype=torch.float64) ** (1 / dimension)
    x = around * (radius / around.norm(dim=1))[:, None]
    x[:, 0] += 2 * y
    return x, y


def rademacher_bound(m: Tensor, radius: float, factor: float, delta: float = 0.05) -> float:
    """The bound for margins m (n,) of a function of norm 1, at the smallest of them: no margin error is left."""
    n, gamma = len(m), float(m.min())
    if gamma <= 0:
        return math.inf
    union = math.log(math.log2(max(2.0, 2 * factor * radius / gamma)))
    return (
        4 * factor * radius / (gamma * math.sqrt(n))
        + math.sqrt(max(0.0, union) / n)
        + math.sqrt(math.log(2 / delta) / (2 * n))
    )


def bound_run(*, seed: int, size: int, width: int = 20, steps: int = 300) -> dict[str, float]:
    """Margin bound of the widest margin and norm bound of a trained network, beside their errors on new points."""
    generator = generator_for(seed, "clouds", size)
    x, y = clouds(size, generator)
    new, labels = clouds(20_000, generator)
    radius, found = float(x.norm(dim=1).max()), hard_margin(x, y)
    w = (0.3 * torch.randn(width, x.shape[1], generator=generator, dtype=torch.float64)).requires_grad_()
    a = (0.3 * torch.randn(width, generator=generator, dtype=torch.float64)).requires_grad_()
    for _ in range(steps):
        log_loss = torch.logsumexp(-y * (torch.relu(x @ w.T) @ a), 0)
        with torch.no_grad():
            for part, slope in zip((w, a), torch.autograd.grad(log_loss, (w, a)), strict=True):
                part -= 0.05 * slope
    with torch.no_grad():
        norm = (a.abs() * w.norm(dim=1)).sum()
        m = y * (torch.relu(x @ w.T) @ a) / norm
        wrong = (labels * (torch.relu(new @ w.T) @ a) <= 0).double().mean()
    return {
        "linear_margin": float(found.margin) / radius,
        "linear_bound": rademacher_bound(y * (x @ found.direction), radius, 1.0),
        "linear_error": float((labels * (new @ found.weights) <= 0).double().mean()),
        "network_bound": rademacher_bound(m, radius, 2.0),
        "network_error": float(wrong),
    }
