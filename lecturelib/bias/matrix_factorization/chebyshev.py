r"""A stabilised Runge–Kutta–Chebyshev method of order two (RKC2), for flows ẏ = f(y) whose spectrum is real.

A step of s stages is stable for h ρ up to about 0.65 s², ρ the spectral radius of −∂f/∂y, so that its length grows with
the square of its cost; an explicit Runge–Kutta method gains only in proportion. Coefficients, error estimate and choice
of s are those of Sommeijer, Shampine and Verwer 1998. A state has shape (B, P): B members that share their steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

DAMPING = 2 / 13
MOST_STAGES = 1000
FRESH = 20  # steps for which an estimate of the spectral radius serves


class Stages(NamedTuple):
    """Coefficients of the s-stage method: that of the first stage, and (μ, ν, μ̃, γ̃) of the others."""

    first: float
    others: tuple[tuple[float, float, float, float], ...]


@cache
def stages(s: int) -> Stages:
    """The coefficients for s ≥ 2 stages, from Chebyshev polynomials at w₀ = 1 + (2/13)/s² and their derivatives."""
    w0 = 1 + DAMPING / s**2
    t, d, dd = [1.0, w0], [0.0, 1.0], [0.0, 0.0]  # T_j(w₀) and two derivatives
    for j in range(2, s + 1):
        t.append(2 * w0 * t[j - 1] - t[j - 2])
        d.append(2 * t[j - 1] + 2 * w0 * d[j - 1] - d[j - 2])
        dd.append(4 * d[j - 1] + 2 * w0 * dd[j - 1] - dd[j - 2])
    w1 = d[s] / dd[s]
    b = [0.0, 0.0, *(dd[j] / d[j] ** 2 for j in range(2, s + 1))]
    b[0] = b[1] = b[2]
    others = []
    for j in range(2, s + 1):
        slope = 2 * b[j] * w1 / b[j - 1]
        others.append((2 * b[j] * w0 / b[j - 1], -b[j] / b[j - 2], slope, -(1 - b[j - 1] * t[j - 1]) * slope))
    return Stages(b[1] * w1, tuple(others))


def step(f: Callable[[Tensor], Tensor], y: Tensor, slope: Tensor, h: float, s: int) -> Tensor:
    """y after a step of length h with s stages; slope = f(y)."""
    found = stages(s)
    before, now = y, torch.add(y, slope, alpha=found.first * h)
    for mu, nu, push, pull in found.others:
        new = torch.mul(y, 1 - mu - nu).add_(now, alpha=mu).add_(before, alpha=nu)
        new.add_(f(now), alpha=push * h).add_(slope, alpha=pull * h)
        before, now = now, new
    return now


def spectral_radius(f: Callable[[Tensor], Tensor], y: Tensor, slope: Tensor, guess: Tensor) -> tuple[float, Tensor]:
    """The largest |eigenvalue| of ∂f/∂y over all members, a little overestimated, by a power iteration of differences.

    guess: where the iteration begins, (B, P). Gives also the vectors where it ends, a guess for the next time.
    """
    size = y.norm(dim=1, keepdim=True)
    near = torch.finfo(y.dtype).eps ** 0.4 * torch.where(size > 0, size, 1.0)  # 10⁻⁶ in double precision
    vector = guess / guess.norm(dim=1, keepdim=True).clamp(min=1e-300)
    radius = 0.0
    for _ in range(50):
        moved = (f(y + near * vector) - slope) / near
        length = moved.norm(dim=1, keepdim=True)
        vector, last, radius = moved / length.clamp(min=1e-300), radius, float(length.max())
        if abs(radius - last) <= 0.02 * radius:
            break
    return 1.1 * radius, vector


class Reached(NamedTuple):
    """A state on the way: its time, itself (B, P), and f there."""

    time: float
    y: Tensor
    slope: Tensor


def between(before: Reached, now: Reached, share: Tensor) -> Tensor:
    """States at shares (B,) of a step, by the cubic with the values and slopes at both ends: (B, P)."""
    h, s = now.time - before.time, share[:, None]
    ends = (1 + 2 * s) * (1 - s) ** 2 * before.y + s**2 * (3 - 2 * s) * now.y
    return ends + h * s * (1 - s) * ((1 - s) * before.slope - s * now.slope)


class Follower:
    """Follows the flow step by step until a time, with errors of about `accuracy` in each, relative to each member."""

    def __init__(self, f: Callable[[Tensor], Tensor], y: Tensor, *, accuracy: float, until: float = math.inf) -> None:
        self.f, self.accuracy, self.until = f, accuracy, until
        self.now = Reached(0.0, y, f(y))
        self.guess, self.age, self.radius, self.h = self.now.slope, FRESH, 0.0, 0.0

    def keep(self, members: Tensor) -> None:
        """Go on with some members alone."""
        self.guess = self.guess[members]
        self.now = Reached(self.now.time, self.now.y[members], self.now.slope[members])

    def advance(self) -> Reached:
        """The state after one more step. Raises FloatingPointError where the step became too small to go on."""
        time, y, slope = self.now
        while True:
            if self.age >= FRESH:
                self._look()
            h = min(self.h, 0.65 * MOST_STAGES**2 / max(self.radius, 1e-300), self.until - time)
            s = max(2, 1 + math.ceil(math.sqrt(1 + 1.54 * h * self.radius)))
            new = step(self.f, y, slope, h, s)
            after = self.f(new)
            size = torch.maximum(y.norm(dim=1), new.norm(dim=1)).clamp(min=1e-300)
            error = float(((0.8 * (y - new) + 0.4 * h * (slope + after)).norm(dim=1) / size).max()) / self.accuracy
            factor = 0.8 * error ** (-1 / 3) if error > 0 else 5.0
            self.age += 1
            if error <= 1:
                self.h = h * min(5.0, max(0.2, factor))
                self.now = Reached(self.until if h == self.until - time else time + h, new, after)
                return self.now
            self.h = h * (min(0.8, max(0.1, factor)) if math.isfinite(error) else 0.1)
            self.age = FRESH
            if not self.h * self.radius > 1e-9:
                raise FloatingPointError("the step became too small to go on")

    def _look(self) -> None:
        """Measure the spectral radius anew, and begin with a step that it allows."""
        _, y, slope = self.now
        self.radius, self.guess = spectral_radius(self.f, y, slope, self.guess)
        self.age = 0
        if not self.h:
            self.h = 0.25 / self.radius if self.radius > 0 else 1.0
