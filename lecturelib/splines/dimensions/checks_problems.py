"""Problems and brute force for the claims of `splines/dimensions`."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from scipy.optimize import linprog, minimize_scalar
from torch import Generator, Tensor

from lecturelib.core.problems import normal, sizes, uniform

LEGENDRE = {
    count: [torch.as_tensor(one) for one in np.polynomial.legendre.leggauss(count)] for count in (16, 60, 100, 160)
}


def integral(values, low: float, high: float, count: int = 60) -> Tensor:
    """∫ values(t) dt by Gauss' rule; values has the places along its last dimension."""
    places, shares = LEGENDRE[count]
    half = (high - low) / 2
    return half * values(low + half * (1 + places)) @ shares.to(values(places[:1]).dtype)


def all_round(dimension: int) -> tuple[Tensor, Tensor]:
    """Unit vectors and weights by a rule of its own: the trapezoid round the circle, Gauss' rule along the axis."""
    if dimension == 1:
        return torch.tensor([[1.0], [-1.0]]).double(), torch.ones(2).double()
    angle = (torch.arange(32).double() + 0.3) * 2 * math.pi / 32
    circle = torch.stack([angle.sin(), angle.cos()], 1)
    if dimension == 2:
        return circle, torch.full((32,), 2 * math.pi / 32, dtype=torch.float64)
    height, share = LEGENDRE[16]
    flat = torch.sqrt(1 - height**2)[:, None, None] * circle
    whole = torch.cat([height[:, None, None].expand(-1, 32, 1), flat], -1).reshape(-1, 3)
    return whole, (share[:, None].expand(-1, 32) * 2 * math.pi / 32).reshape(-1)


# Smooth functions with a known transform: bumps exp(−|x − c|²/(2 s²))

Bumps = tuple[Tensor, Tensor, Tensor]
"""Heights (B,), centres (B, D), widths (B,)."""


def bumps(generator: Generator, dimension: int) -> Bumps:
    return normal(generator, 2), 0.5 * normal(generator, 2, dimension), uniform(generator, 2, low=0.8, high=1.3)


def value(f: Bumps, x: Tensor) -> Tensor:
    """At points (N, D): (N,)."""
    heights, centres, widths = f
    return (heights * torch.exp(-(x[:, None] - centres).square().sum(-1) / (2 * widths**2))).sum(-1)


def laplacian(dimension: int, f: Bumps, x: Tensor) -> Tensor:
    """Δf by automatic differentiation."""
    hessian = torch.autograd.functional.hessian
    return torch.stack([hessian(lambda z: value(f, z[None])[0], one).trace() for one in x])


def transform(f: Bumps, theta: Tensor, xi: Tensor) -> Tensor:
    """f̂(ϑξ) for ϑ (T,), ξ (M, D): (M, T)."""
    heights, centres, widths = f
    size = heights * (2 * math.pi * widths**2) ** (centres.shape[1] / 2)
    phase = (xi @ centres.T)[:, :, None] * theta
    tall = size[:, None] * torch.exp(-(widths[:, None] ** 2) * theta**2 / 2)
    return (torch.polar(torch.ones_like(phase), -phase) * tall).sum(1)


def smooth(generator: Generator) -> Iterator[tuple[int, Bumps, Tensor]]:
    for dimension in (1, 2, 3):
        yield dimension, bumps(generator, dimension), 0.5 * normal(generator, 2, dimension).clamp(-1, 1)


def smooth_with_power(generator: Generator) -> Iterator[tuple[float, Bumps, Tensor]]:
    """(λ, f, x) with one input: units act along γ alone."""
    for power in (1.0, 1.25, 2.0, 3.0, 4.0):
        yield power, bumps(generator, 1), 0.7 * normal(generator, 3, 1)


# Networks

Plain = tuple[Tensor, Tensor, Tensor]
"""w (H, D), b (H,), v (H,)."""


def output(net: Plain, x: Tensor) -> Tensor:
    w, b, v = net
    return torch.relu(x @ w.T + b) @ v


def with_twins(generator: Generator) -> Iterator[tuple[Plain, int]]:
    """Networks whose first `many` neurons lie on one plane, some turned round."""
    for inputs, many in ((1, 2), (2, 3), (3, 1), (5, 4)):
        w, b, v = normal(generator, many + 4, inputs), normal(generator, many + 4), normal(generator, many + 4)
        factor = sizes(generator, many) * torch.tensor([1.0, -1.0, 1.0, 1.0])[:many]
        w[:many], b[:many] = factor[:, None] * w[0], factor * b[0]
        yield (w, b, v), many


def jump_across(net: Plain, many: int) -> Tensor:
    """The change of the gradient across the plane of the first neuron, at a point of no other plane."""
    w, b, _ = net
    draw = torch.Generator().manual_seed(7)
    away = torch.randn(w.shape[1], generator=draw, dtype=torch.float64)
    foot = away - w[0] * ((away @ w[0] + b[0]) / w[0].square().sum())
    sides = []
    for side in (1e-7, -1e-7):
        x = (foot + side * w[0] / w[0].norm()).requires_grad_()
        sides.append(torch.autograd.grad(output(net, x[None])[0], x)[0])
    return sides[0] - sides[1]


def cheapest(net: Plain, many: int) -> dict[str, Tensor | float]:
    """Least Σ|κ| of all networks on these planes and five more that are the function on points, up to an affine one;
    and the least ½ Σ (‖w‖² + v²) along the orbits of its neurons."""
    w, b, v = net
    draw = torch.Generator().manual_seed(3)
    extra = torch.randn(5, w.shape[1] + 1, generator=draw, dtype=torch.float64)
    all_w, all_b = torch.cat([w, extra[:, :-1]]), torch.cat([b, extra[:, -1]])
    length = all_w.norm(dim=1)
    points = 6 * torch.randn(400, w.shape[1], generator=draw, dtype=torch.float64)
    hinges = torch.relu((points @ all_w.T + all_b) / length)
    affine = torch.cat([points, torch.ones(400, 1).double()], 1)
    price = [1.0] * (2 * len(length)) + [0.0] * affine.shape[1]
    bounds = [(0, None)] * (2 * len(length)) + [(None, None)] * affine.shape[1]
    system = torch.cat([hinges, -hinges, affine], 1)
    found = linprog(price, A_eq=system.numpy(), b_eq=output(net, points).numpy(), bounds=bounds, method="highs")
    costs = [
        minimize_scalar(lambda t, k=k: float(w[k] @ w[k] * math.exp(2 * t) + v[k] ** 2 * math.exp(-2 * t)) / 2,
                        bounds=(-12, 12), method="bounded", options={"xatol": 1e-9}).fun
        for k in range(len(v))
    ]  # fmt: skip
    return {"norm": found.fun, "decay": sum(costs)}


def training(generator: Generator) -> Iterator[tuple[Plain, Tensor, Tensor]]:
    """(network, x, y)."""
    for inputs, width, count in ((1, 4, 5), (2, 6, 9), (4, 3, 12)):
        net = (normal(generator, width, inputs), normal(generator, width), normal(generator, width))
        yield net, normal(generator, count, inputs), normal(generator, count)


def by_autograd(net: Plain, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Rates of change under gradient flow on ½ Σ ε²."""
    parts = [one.clone().requires_grad_() for one in net]
    loss = 0.5 * (output(tuple(parts), x) - y).square().sum()
    w, b, v = (-one for one in torch.autograd.grad(loss, parts))
    return {"w": w, "b": b, "v": v, "both": (net[0] * w).sum(1) + net[1] * b}
