r"""The map of Hartman and Grobman near a minimum: it carries gradient flow to the flow of its linearization.

Every trajectory near a minimum w* with H > 0 crosses a small circle |w − w*| = ρ once, at a time τ(w), negative within.
The map follows the flow to the circle and goes back along the linear flow for as long:
h(w) = e^{Hτ} (φ_τ(w) − w*), so that h(φ_t(w)) = e^{−Ht} h(w).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from lecturelib.bias.stability.curvature import dense, number_at
from lecturelib.core.arguments import Matrix, Positive, Vector, checked


@checked
def straighten(
    loss: Callable, minimum: Annotated[Vector, "P"], points: Annotated[Matrix, "_M P"], *, radius: Positive = 1e-2
) -> Tensor:
    """The map h of the module at points (M, P), computed in float64: (M, P).

    radius: of the circle on which h is the identity. The distance from the minimum is taken as the time of the flow, so
    it has to fall all along. Raises ValueError where it does not, or the Hessian at the minimum is not positive.

    >>> straighten(lambda w: w[0] ** 2 + 3 * w[1] ** 2, [0.0, 0.0], [[0.5, -0.2]])  # linear already
    tensor([[ 0.5000, -0.2000]], dtype=torch.float64)
    """
    centre, points = minimum.double(), points.double()
    number_at(loss, centre)
    values, vectors = torch.linalg.eigh(dense(loss, centre))
    if not float(values[0]) > 1e-9 * float(values[-1]):
        raise ValueError(f"minimum: expected one with a positive Hessian, got a least eigenvalue of {values[0]:.1e}")
    gradient = torch.func.vmap(torch.func.grad(loss))
    slope = float(gradient(centre[None]).norm())
    if not slope <= 1e-6 * radius * float(values[0]):
        raise ValueError(f"minimum: expected a point where the gradient is 0, got one of size {slope:.1e}")
    away = points - centre
    still = away.norm(dim=1) == 0
    away[still, 0] = radius  # h(w*) = 0; these only keep the rest going
    turns = torch.log(away.norm(dim=1) / radius).numpy()[:, None]

    def by_distance(_: float, state: np.ndarray) -> np.ndarray:
        """The flow and its time, as functions of the share of ln(distance / radius) that is done."""
        now = state.reshape(len(turns), -1)[:, :-1]
        slope = gradient(torch.from_numpy(now) + centre).numpy()
        speed = (now * slope).sum(1, keepdims=True) / (now**2).sum(1, keepdims=True)  # of −ln distance
        if not (speed > 0).all():
            raise ValueError("points: expected ones from which the distance to the minimum falls all along")
        return np.hstack([-slope, np.ones_like(speed)]).ravel() * np.repeat(turns / speed, now.shape[1] + 1, 1).ravel()

    begin = np.hstack([away.numpy(), 0 * turns]).ravel()
    end = solve_ivp(by_distance, (0.0, 1.0), begin, "DOP853", rtol=1e-9, atol=1e-11 * radius).y[:, -1]
    found = torch.from_numpy(end.reshape(len(turns), -1))
    there = torch.exp(values * found[:, -1:]) * (found[:, :-1] @ vectors)
    return torch.where(still[:, None], 0.0, there @ vectors.T)
