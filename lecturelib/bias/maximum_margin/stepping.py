"""An explicit Runge–Kutta method of order 3(2) with steps that adapt, for any field (Bogacki and Shampine 1989).

What it is for does not become stiff in logarithmic time; `flow` has another method, compiled, for linear classifiers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Field = Callable[[float, np.ndarray], np.ndarray]
MOST, REFUSED = 200_000, 300  # steps in all, and steps in a row that were too long


@np.errstate(over="ignore", invalid="ignore")  # a step that is too long is taken back
def integrate(field: Field, start: np.ndarray, until: np.ndarray, tolerance: float, *, partial: int = 0) -> np.ndarray:
    """Solutions of dw/ds = field(s, w) with w(0) = start at each of the increasing `until`: shape (T, …).

    tolerance: of a step, relative to ‖w‖ and at least to 1. Raises ArithmeticError after 200,000 steps and where the
    field is not finite, or with `partial`, a number of steps, gives NaN for what these do not reach.
    """
    s, w, found = 0.0, np.array(start, dtype=start.dtype), []
    slope = field(s, w)
    h, steps, refused = 0.01 / (np.linalg.norm(slope) + 1.0), 0, 0
    if not np.isfinite(slope).all():
        raise ArithmeticError("the start has no finite slope")
    for goal in until:
        while s < goal:
            steps += 1
            if partial and steps > partial:
                missing = np.full((len(until) - len(found), *start.shape), np.nan)
                return np.concatenate([np.array(found).reshape(-1, *start.shape), missing])
            if steps > MOST:
                raise ArithmeticError(f"more than {MOST} steps before s = {goal:g}, now at {s:g}")
            last = s + h >= goal
            step = goal - s if last else h
            k2 = field(s + step / 2, w + step / 2 * slope)
            k3 = field(s + 3 * step / 4, w + 3 * step / 4 * k2)
            new = w + step * (2 / 9 * slope + 1 / 3 * k2 + 4 / 9 * k3)
            k4 = field(s + step, new)
            off = step * (-5 / 72 * slope + 1 / 12 * k2 + 1 / 9 * k3 - 1 / 8 * k4)
            error = np.linalg.norm(off) / (tolerance * max(1.0, np.linalg.norm(new)))
            refused = 0 if error <= 1.0 else refused + 1
            if refused > REFUSED:
                raise ArithmeticError(f"no step is small enough at s = {s:g}")
            if error <= 1.0:
                s, w, slope = (goal if last else s + step), new, k4
            if not (last and error <= 1.0):  # what is no number is no small error
                h = step * (min(5.0, max(0.2, 0.9 * (error + 1e-12) ** (-1 / 3))) if error < 1e30 else 0.2)
        found.append(w)
    return np.array(found).reshape(len(until), *start.shape)
