"""Steps of the classical Runge–Kutta method with a field and its trace, and two ways back to the gradient."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lecturelib.generative.flows.fields import Probes, evaluate, pull

NODES = (0.0, 0.5, 0.5, 1.0)
COUPLING = ((), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0))
SHARES = (1 / 6, 1 / 3, 1 / 3, 1 / 6)


def integrate(
    flow: Any, z: Tensor, begin: float, end: float, steps: int, probes: Probes | str, kept: list | None = None
) -> tuple[Tensor, Tensor]:
    """Where z (..., N, d) is carried from time `begin` to `end`, and ∫ tr ∂f/∂z dt on the way (..., N).

    That integral is ln |det| of the map. `kept` is filled with what `by_steps` needs, one entry for each evaluation.
    """
    h, total = (end - begin) / steps, torch.zeros(())
    for step in range(steps):
        slopes: list[Tensor] = []
        for node, row, share in zip(NODES, COUPLING, SHARES, strict=True):
            at = _moved(z, h, row, slopes)
            slope, trace, cache = evaluate(flow, at, begin + (step + node) * h, probes)
            slopes.append(slope)
            total = total + h * share * trace
            if kept is not None:
                kept.append(cache)
        z = _moved(z, h, SHARES, slopes)
    return z, total


def by_steps(flow: Any, kept: list, h: float, a: Tensor, s: Tensor, into: list[list[Tensor]]) -> Tensor:
    """Back through every step: the exact derivative of what `integrate` computed.

    a: derivative of the loss by the last z; s: by the integral of the trace. Returns that by the first z.
    """
    for begin in reversed(range(0, len(kept), len(NODES))):
        back: list[Tensor] = []
        for stage in reversed(range(len(NODES))):
            later = [COUPLING[after][stage] for after in range(len(NODES) - 1, stage, -1)]
            g = _moved(h * SHARES[stage] * a, h, later, back)
            back.append(pull(flow, kept[begin + stage], g, h * SHARES[stage] * s, into))
        a = a + sum(back)
    return a


def by_adjoint(
    flow: Any, z: Tensor, a: Tensor, s: Tensor, begin: float, end: float, steps: int, probes: Any, into: list
) -> Tensor:
    """Back from the last z at time `end` to `begin` by ȧ = −(∂f/∂z)ᵀ a − s ∇ tr ∂f/∂z; z is computed again."""
    h = (begin - end) / steps
    for step in range(steps):
        speeds: list[Tensor] = []
        turns: list[Tensor] = []
        for node, row, share in zip(NODES, COUPLING, SHARES, strict=True):
            places, adjoint = _moved(z, h, row, speeds), _moved(a, h, row, turns)
            speed, _, cache = evaluate(flow, places, end + (step + node) * h, probes)
            weight = -h * share
            turns.append(pull(flow, cache, weight * adjoint, weight * s, into) / -weight)
            speeds.append(speed)
        z, a = _moved(z, h, SHARES, speeds), _moved(a, h, SHARES, turns)
    return a


def _moved(z: Tensor, h: float, row: Any, slopes: list[Tensor]) -> Tensor:
    """z + h Σ row_j slope_j."""
    for factor, slope in zip(row, slopes, strict=True):
        if factor:
            z = torch.add(z, slope, alpha=h * factor)
    return z
