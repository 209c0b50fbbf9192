"""Waves on a ring by sums of waves: the data that equations are found from.

u_t = L u + N(u), where L multiplies waves and N is anything: exponential Runge–Kutta steps of order four, whose
coefficients are means over a circle in the complex plane (Cox and Matthews 2002; Kassam and Trefethen 2005).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Flow(NamedTuple):
    """Measured values (fields, places, …, times), real or complex; x (places,), for all axes, and t (times,)."""

    u: Tensor
    x: Tensor
    t: Tensor


def evolve(start: Tensor, linear: Tensor, nonlinear: Callable[[Tensor], Tensor], t: Tensor, steps: int) -> Tensor:
    """The solution at equally spaced times t (T,), with so many steps between two: (fields, N, …) → (fields, N, …, T).

    linear: what L multiplies each wave by, (fields, N, …) or less; nonlinear(waves) gives the waves of N(u).
    """
    axes = tuple(range(1, start.ndim))
    h = float(t[1] - t[0]) / steps
    angle = math.pi * (torch.arange(32, dtype=torch.float64) + 0.5) / 16
    z = h * linear[..., None] + torch.complex(angle.cos(), angle.sin())
    mean = lambda values: h * values.mean(-1)  # noqa: E731
    half, whole = torch.exp(h * linear / 2), torch.exp(h * linear)
    q = mean((torch.exp(z / 2) - 1) / z)
    first = mean((-4 - z + torch.exp(z) * (4 - 3 * z + z**2)) / z**3)
    middle = mean((2 + z + torch.exp(z) * (z - 2)) / z**3)
    last = mean((-4 - 3 * z - z**2 + torch.exp(z) * (4 - z)) / z**3)
    waves, found = torch.fft.fftn(start.to(torch.complex128), dim=axes), [start]
    for _ in range(len(t) - 1):
        for _ in range(steps):
            before = nonlinear(waves)
            a = half * waves + q * before
            at_a = nonlinear(a)
            b = half * waves + q * at_a
            at_b = nonlinear(b)
            c = half * a + q * (2 * at_b - before)
            waves = whole * waves + first * before + 2 * middle * (at_a + at_b) + last * nonlinear(c)
        now = torch.fft.ifftn(waves, dim=axes)
        found.append(now if start.is_complex() else now.real)
    return torch.stack(found, -1)


def _ring(low: float, high: float, count: int) -> tuple[Tensor, Tensor]:
    """Places, the upper end left out, and the frequencies of waves."""
    x = low + (high - low) * torch.arange(count, dtype=torch.float64) / count
    return x, 2 * math.pi / (high - low) * count * torch.fft.fftfreq(count, dtype=torch.float64)


def _advected(k: Tensor, factor: float) -> Callable[[Tensor], Tensor]:
    """−factor · u u_x, as the waves of −factor/2 (u²)_x."""
    return lambda waves: -0.5j * factor * k * torch.fft.fft(torch.fft.ifft(waves).real.square())


def burgers() -> Flow:
    """u_t = −u u_x + 0.1 u_xx."""
    x, k = _ring(-8, 8, 256)
    t = 0.1 * torch.arange(101, dtype=torch.float64)
    return Flow(evolve(torch.exp(-((x + 2) ** 2))[None], -0.1 * k**2 + 0j, _advected(k, 1), t, 10), x, t)


def korteweg_de_vries() -> Flow:
    """u_t = −6 u u_x − u_xxx, two solitons, of which the faster overtakes the slower."""
    x, k = _ring(-30, 30, 512)
    t = 0.1 * torch.arange(201, dtype=torch.float64)
    start = 0.5 / torch.cosh(0.5 * (x + 20)) ** 2 + 0.25 / torch.cosh(math.sqrt(0.5) / 2 * (x - 5)) ** 2
    return Flow(evolve(start[None], 1j * k**3, _advected(k, 6), t, 20), x, t)


def kuramoto_sivashinsky() -> Flow:
    """u_t = −u u_x − u_xx − u_xxxx."""
    x, k = _ring(0, 32 * math.pi, 1024)
    x = x + x[1]  # (0, 32π]
    t = 0.4 * torch.arange(251, dtype=torch.float64)
    start = torch.cos(x / 16) * (1 + torch.sin(x / 16))
    return Flow(evolve(start[None], k**2 - k**4 + 0j, _advected(k, 1), t, 10), x, t)


def nonlinear_schroedinger() -> Flow:
    """u_t = i/2 u_xx + i |u|² u."""
    x, k = _ring(-5, 5, 512)
    t = torch.linspace(0, math.pi, 501, dtype=torch.float64)

    def nonlinear(waves: Tensor) -> Tensor:
        u = torch.fft.ifft(waves)
        return 1j * torch.fft.fft(u.abs().square() * u)

    return Flow(evolve((2 / torch.cosh(x) + 0j)[None], -0.5j * k**2, nonlinear, t, 4), x, t)


def schroedinger() -> Flow:
    """u_t = i/2 u_xx − i x²/2 u: a particle on a spring."""
    x, k = _ring(-7.5, 7.5, 512)
    t = 0.025 * torch.arange(401, dtype=torch.float64)
    nonlinear = lambda waves: -0.5j * torch.fft.fft(x**2 * torch.fft.ifft(waves))  # noqa: E731
    return Flow(evolve((torch.exp(-((x - 1) ** 2) / 5) + 0j)[None], -0.5j * k**2, nonlinear, t, 4), x, t)


def reaction_diffusion(count: int = 256) -> Flow:
    """u_t = 0.1 Δu + (1 − A²) u + A² v and v_t = 0.1 Δv − A² u + (1 − A²) v with A² = u² + v²: a spiral that turns."""
    x, k = _ring(-10, 10, count)
    t = 0.05 * torch.arange(201, dtype=torch.float64)
    radius, angle = torch.hypot(x[:, None], x), torch.atan2(x.expand(count, count), x[:, None])
    start = torch.tanh(radius) * torch.stack([torch.cos(angle - radius), torch.sin(angle - radius)])

    def nonlinear(waves: Tensor) -> Tensor:
        u, v = torch.fft.ifft2(waves).real
        size = u**2 + v**2
        return torch.fft.fft2(torch.stack([(1 - size) * u + size * v, (1 - size) * v - size * u]))

    return Flow(evolve(start, -0.1 * (k[:, None] ** 2 + k**2) + 0j, nonlinear, t, 1), x, t)


def vorticity(count: int = 128, seed: int = 0) -> Flow:
    """ω_t = −u ω_x − v ω_y + Δω/100 for a flow on a torus; fields: ω, u, v. It stands in for a wake of a cylinder."""
    x, k = _ring(0, 2 * math.pi, count)
    t = 0.2 * torch.arange(151, dtype=torch.float64)
    kx, ky, square = k[:, None], k, k[:, None] ** 2 + k**2
    generator = torch.Generator().manual_seed(seed)
    waves = torch.fft.fft2(torch.randn(count, count, generator=generator, dtype=torch.float64))
    start = torch.fft.ifft2(waves * torch.exp(-((square.sqrt() - 3) ** 2))).real
    along = torch.stack([1j * ky + 0 * kx, -1j * kx + 0 * ky]) / square.clamp(min=1)  # of ω to (u, v)
    back = lambda waves: torch.fft.ifft2(waves).real  # noqa: E731

    def nonlinear(waves: Tensor) -> Tensor:
        u, v = back(along * waves)
        return -torch.fft.fft2(u * back(1j * kx * waves) + v * back(1j * ky * waves))

    omega = evolve((start / start.std())[None], -0.01 * square + 0j, nonlinear, t, 8)
    flow = back((along[..., None] * torch.fft.fft2(omega, dim=(1, 2))).movedim(-1, 0)).movedim(0, -1)
    return Flow(torch.cat([omega, flow]), x, t)
