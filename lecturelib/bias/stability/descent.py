r"""Gradient descent and gradient flow on any loss of one vector of parameters, and the minimum where they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
import torch
from scipy.integrate import solve_ivp
from scipy.optimize import minimize
from torch import Tensor

from lecturelib.bias.stability.curvature import dense, number_at, sharpness
from lecturelib.core.arguments import Array, Count, Natural, Positive, PositiveArray, Times, Vector, broadcast, checked


@checked
def descend(
    loss: Callable, start: Annotated[Array, "... P"], *, learning_rate: PositiveArray, steps: Natural,
    record_every: Count = 1,
) -> Tensor:  # fmt: skip
    """Gradient descent θ ← θ − η ∇L(θ) from start (..., P): what it passes, (steps // record_every + 1, ..., P).

    learning_rate: one, or one for each member (...). Steps beyond stability are followed. Raises ValueError once a
    number overflows, and names the largest rate that is stable at the start, 2 over the sharpness.

    >>> descend(lambda w: w @ w, [1.0], learning_rate=0.25, steps=2)[:, 0]
    tensor([1.0000, 0.5000, 0.2500], dtype=torch.float64)
    """
    members = start.shape[:-1]
    rate = broadcast("learning_rate", learning_rate, members).reshape(-1, 1)
    gradient = torch.func.vmap(torch.func.grad(loss))
    theta = start.detach().reshape(-1, start.shape[-1])
    number_at(loss, theta[0])
    path = [theta]
    for step in range(1, steps + 1):
        theta = theta - rate * gradient(theta)
        if step % record_every == 0:
            path.append(theta)
            if not bool(torch.isfinite(theta).all()):
                raise ValueError(_overflow(loss, path, rate, step))
    return torch.stack(path).reshape(-1, *start.shape)


def _overflow(loss: Callable, path: list[Tensor], rate: Tensor, step: int) -> str:
    lost = int((~torch.isfinite(path[-1])).any(-1).nonzero()[0])
    stable = 2 / float(sharpness(loss, path[0][lost]))
    said = f"learning_rate: the weights overflowed by step {step} with {float(rate[lost]):g}"
    return f"{said}; the largest stable one at the start is {stable:.3g}" if stable > 0 else said


@checked
def follow_flow(loss: Callable, start: Vector, times: Times, *, tolerance: Positive = 1e-8) -> Tensor:
    """Gradient flow dθ/dt = −∇L(θ) from start (P,) at increasing times (T,): (T, P), by an adaptive Runge–Kutta method.

    Raises ValueError where times do not increase, or the flow cannot be followed.

    >>> follow_flow(lambda w: 0.5 * w @ w, [1.0], [0.0, 1.0])[:, 0]
    tensor([1.0000, 0.3679], dtype=torch.float64)
    """
    if not len(times) or bool((times.diff() <= 0).any()):
        raise ValueError("times: expected increasing ones, at least one")
    number_at(loss, start)
    if not times[-1] > 0:
        return start.detach()[None].clone()
    gradient = torch.func.grad(loss)

    def speed(_: float, at: np.ndarray) -> np.ndarray:
        return -gradient(torch.from_numpy(at).to(start)).numpy()

    at = times.numpy()
    found = solve_ivp(speed, (0.0, at[-1]), start.detach().numpy(), "RK45" if tolerance > 1e-7 else "DOP853", at,
                      rtol=tolerance, atol=tolerance)  # fmt: skip
    if not found.success or found.y.shape[1] != len(at):
        raise ValueError(f"times: expected a flow that can be followed, got stuck at {found.t[-1:]}: {found.message}")
    return torch.from_numpy(found.y.T.copy()).to(start)


@checked
def settle(loss: Callable, start: Vector, *, steps: Count = 50) -> Tensor:
    """A critical point near where descent from start (P,) ends, as exact as rounding allows: (P,), in float64.

    A quasi-Newton method, then Newton's, which leaves directions alone whose curvature is below 10⁻⁷ of the largest.
    Raises ValueError where the gradient does not become 0, as at a kink, or at infinity.

    >>> settle(lambda w: (w[0] * w[1] - 1) ** 2, [3.0, 0.1]).prod().round(decimals=6)
    tensor(1., dtype=torch.float64)
    """
    number_at(loss, start.double())
    gradient = torch.func.grad(loss)

    def both(at: np.ndarray) -> tuple[float, np.ndarray]:
        here = torch.from_numpy(at)
        return float(loss(here)), gradient(here).numpy()

    options = {"maxiter": 3000, "maxfun": 4000, "ftol": 1e-15, "gtol": 1e-9}
    theta = torch.from_numpy(minimize(both, start.double().numpy(), jac=True, method="L-BFGS-B", options=options).x)
    for _ in range(steps):
        values, vectors = torch.linalg.eigh(dense(loss, theta))
        slope, size = gradient(theta), float(values.abs().max())
        if float(slope.norm()) <= 1e-13 * size * float(theta.norm()):
            return theta
        inverse = torch.where(values.abs() > 1e-7 * size, 1 / values, 0.0)
        step = vectors @ (inverse * (vectors.T @ slope))
        if float(gradient(theta - step).norm()) >= float(slope.norm()):
            break
        theta = theta - step
    if not float(slope.norm()) <= 1e-9 * size * float(theta.norm()):
        raise ValueError(f"start: expected one from which the gradient falls to 0, it stays {float(slope.norm()):.1e}")
    return theta
