"""What is compared: steps of descent, flows to rounding, and epochs averaged over all orders of their batches."""

from __future__ import annotations

from itertools import permutations
from typing import Annotated

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from lecturelib.bias.discretization.modified import Field, Losses, slope
from lecturelib.core.arguments import Array, Natural, Positive, Times, checked

MOST_BATCHES = 8
"""Whose 40,320 orders are still walked in a second."""
Starts = Annotated[Array, "... d"]


@checked
def euler_path(field: Field, start: Starts, *, learning_rate: Positive, steps: Natural) -> Tensor:
    """The points w_{k+1} = w_k + h f(w_k), (steps + 1, ..., d), from a start (..., d), h the learning rate.

    field: w (..., d) → (..., d); `gradient_field(loss)` makes gradient descent of it. Raises ValueError where the path
    overflows, since the steps are too large.

    >>> euler_path(lambda w: -w, [1.0], learning_rate=0.5, steps=2)[:, 0].tolist()
    [1.0, 0.5, 0.25]
    """
    path = [start]
    for k in range(steps):
        path.append(path[-1] + learning_rate * _same(path[-1], field(path[-1])))
        if not bool(torch.isfinite(path[-1]).all()):
            said = f"expected one with which the path stays finite, {learning_rate:g} overflows at step {k + 1}"
            raise ValueError(f"learning_rate: {said}")
    return torch.stack(path)


def _same(w: Tensor, speed: Tensor) -> Tensor:
    if speed.shape != w.shape:
        raise ValueError(
            f"field: expected a function that gives {tuple(w.shape)} of the same, got {tuple(speed.shape)}"
        )
    return speed


@checked
def field_flow(field: Field, start: Starts, *, times: Times, tolerance: Positive = 1e-10) -> Tensor:
    """The solution of ẇ = f(w), w(0) = start (..., d), at increasing times (T,): (T, ..., d).

    field: w (..., d) → (..., d). Dormand and Prince's method of order 8 in SciPy; the errors of a step stay below
    `tolerance`, relative and absolute, at least 10⁻¹³. Raises ValueError for times that fall, and where no solution is
    found up to the last time.

    >>> field_flow(lambda w: -w, [1.0], times=[0.0, 1.0])[:, 0]
    tensor([1.0000, 0.3679], dtype=torch.float64)
    """
    if bool((times.diff() < 0).any()):
        raise ValueError("times: expected increasing numbers")
    if not start.numel() or float(times[-1]) == 0:
        return start.expand(len(times), *start.shape).clone()

    def speed(_: float, flat: np.ndarray) -> np.ndarray:
        w = torch.from_numpy(flat).to(start.device).view(start.shape)
        return _same(w, field(w)).detach().cpu().numpy().ravel()

    end, first = float(times[-1]), start.detach().double().cpu().numpy().ravel()
    exact = {"rtol": max(tolerance, 1e-13), "atol": max(tolerance, 1e-13)}
    with np.errstate(all="ignore"):
        found = solve_ivp(speed, (0.0, end), first, method="DOP853", t_eval=np.unique(times.cpu().numpy()), **exact)
    if not found.success or not np.isfinite(found.y).all():
        raise ValueError(f"field: expected one whose solution exists until {end:g}, it leaves all bounds before")
    places = np.searchsorted(found.t, times.cpu().numpy())
    return torch.from_numpy(found.y.T[places]).to(start).view(-1, *start.shape)


@checked
def shuffle_mean(losses: Losses, start: Starts, *, learning_rate: Positive) -> Tensor:
    """The mean over all m! orders of where an epoch ends, a step −h ∇Ĉ_k for each loss: (..., d) from a start (..., d).

    losses: at most 8 functions w (..., d) → (...). Raises ValueError where there are more. Smith et al. (2021),
    section 2.

    >>> batches = [lambda w: ((w - 1) ** 2).sum(-1), lambda w: ((w + 1) ** 2).sum(-1)]
    >>> shuffle_mean(batches, [0.0], learning_rate=0.1)  # ±0.04: the last batch pulls, and both orders do so alike
    tensor([0.], dtype=torch.float64)
    """
    count = len(losses)
    if count > MOST_BATCHES:
        raise ValueError(f"losses: expected at most {MOST_BATCHES}, whose orders can all be walked, got {count}")
    orders = torch.tensor(list(permutations(range(count))), device=start.device)
    ends = start.expand(len(orders), *start.shape).clone()
    for column in orders.T:
        slopes = torch.zeros_like(ends)
        for k, loss in enumerate(losses):
            slopes[column == k] = slope(f"losses[{k}]", loss, ends[column == k])
        ends = ends - learning_rate * slopes
    return ends.mean(0)
