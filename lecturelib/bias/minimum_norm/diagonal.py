r"""Diagonal networks w = u² − v², whose descent ends between the least ℓ1 norm and the least ℓ2 norm.

From u = v = α at the start, gradient flow of ½ ‖A w − b‖² on u and v keeps w = 2α² sinh(s), s in the span of the rows
of A, with ṡ = −4 Aᵀ(A w − b). So it ends, of all w with A w = b, at the one of least cost Σ_i q(w_i, α_i),
q(w, α) = w arsinh(w / 2α²) − √(w² + 4α⁴) + 2α² (Woodworth et al. 2020, theorem 1). For A of any rank, "A w = b" stands
for the minimizers of ‖A w − b‖.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from lecturelib.core.arguments import Array, Matrix, PositiveArray, Times, Vector, broadcast, checked

System = Annotated[Matrix, "n d"]
MOST, TOLERANCE = 80, 1e-12  # Newton steps at one scale; relative error of what the data see, or of the last step
SETTLED = 100.0  # e to minus this power of the way is left, which is nothing


@checked
def diagonal_cost(w: Annotated[Array, "... d"], *, scale: PositiveArray) -> Tensor:
    """Σ_i q(w_i, α_i): w (..., d), scale α a number or one for each weight, (d,) → (...).

    Raises ValueError where the scale does not fit.

    It is near w²/4α² per weight where w is small beside α², near |w| (log(|w|/α²) − 1) where it is large.

    >>> diagonal_cost([[0.01, 0.0], [3.0, 4.0]], scale=1.0)
    tensor([2.5000e-05, 5.2811e+00], dtype=torch.float64)
    """
    scale = broadcast("scale", scale, w.shape)
    # w arsinh(x) − (√(w² + 4α⁴) − 2α²) with x = w/2α², free of cancellation
    root = 2 * scale**2
    x = w / root
    return (w * torch.asinh(x) - w * x / (torch.sqrt(1 + x**2) + 1)).sum(-1)


def _modes(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What the data see: orthonormal directions (d, r), the weights that they ask for along them (r,), and σ² (r,)."""
    u, sigma, vt = torch.linalg.svd(a, full_matrices=False)
    known = sigma > max(a.shape) * torch.finfo(a.dtype).eps * sigma[0]
    return vt[known].T, (b @ u)[known] / sigma[known], sigma[known] ** 2


@checked
def diagonal_limit(a: System, b: Annotated[Vector, "n"], *, scale: PositiveArray) -> Tensor:
    """Where gradient flow of the diagonal network from u = v = α ends: the w of least `diagonal_cost`, (d,).

    a: (n, d); b: (n,); scale: α, a number or one for each weight, (d,). Newton's method on the dual, min over ν of
    Σ_i 2α_i² cosh((Vν)_i) − νᵀc, V the directions that the data see and c what they ask for there, from large scales
    down to the one given. Raises ValueError naming the scale where that is too small for floats, or does not fit.

    >>> diagonal_limit([[2.0, 1.0]], [5.0], scale=100.0)  # of least ℓ2 norm
    tensor([2.0000, 1.0000], dtype=torch.float64)
    >>> diagonal_limit([[2.0, 1.0]], [5.0], scale=1e-4)  # nearly of least ℓ1 norm
    tensor([2.4999e+00, 1.5811e-04], dtype=torch.float64)
    """
    directions, wanted, _ = (one.double() for one in _modes(a, b))
    scales = broadcast("scale", scale, a.shape[1:]).double()
    if not len(wanted) or not bool(wanted.any()):
        return a.new_zeros(a.shape[1])
    size = float(wanted.abs().max()) ** 0.5
    factor = max(1.0, size / float(scales.min()))  # begins where all weights are small beside α²
    nu = torch.zeros_like(wanted)
    while True:
        found = _newton(directions, wanted, 2 * (factor * scales) ** 2, nu)
        if found is None:
            least = float(scales.min())
            raise ValueError(f"scale: expected one of which floats can tell the limit, got {least:g}")
        nu = found
        if factor == 1.0:
            return (2 * scales**2 * torch.sinh(directions @ nu)).to(a.dtype)
        factor = max(1.0, factor / 2)


def _newton(directions: Tensor, wanted: Tensor, doubled: Tensor, nu: Tensor) -> Tensor | None:
    """The minimizer of Σ 2α² cosh(Vν) − νᵀc from a start near it, or None; doubled: 2α², (d,)."""

    def missing(at: Tensor) -> Tensor:  # downhill
        return wanted - (doubled * torch.sinh(directions @ at)) @ directions

    slope = missing(nu)
    for _ in range(MOST):
        bend = (directions.T * (doubled * torch.cosh(directions @ nu))) @ directions
        step = torch.linalg.solve(bend, slope)
        gain, length = float(slope @ step), 1.0
        while not float(missing(nu + length * step) @ step) >= -0.1 * gain and length > 1e-9:  # too far, or overflow
            length /= 2
        nu = nu + length * step
        slope = missing(nu)
        tiny = TOLERANCE * float(wanted.abs().max())
        if float(slope.abs().max()) <= tiny or float(step.abs().max()) <= TOLERANCE * float(nu.abs().max()):
            return nu
    return None


@checked
def diagonal_flow(a: System, b: Annotated[Vector, "n"], *, scale: PositiveArray, times: Times) -> Tensor:
    """Gradient flow of ½ ‖A w − b‖², w = u² − v², from u = v = α: the weights w at any times, (T, d).

    a: (n, d); b: (n,); scale: α, a number or (d,); times: (T,), in any order. Solves ẏ = 4 Σ² (c − Vᵀw) with
    w = 2α² sinh(V y), as many unknowns as the data see directions. Raises ValueError where the scale does not fit, or
    is too small for floats.

    >>> diagonal_flow([[2.0, 1.0]], [5.0], scale=0.1, times=[0.0, 0.2, 50.0])
    tensor([[0.0000, 0.0000],
            [2.2301, 0.1487],
            [2.4225, 0.1550]], dtype=torch.float64)
    """
    directions, wanted, squares = _modes(a, b)
    doubled = 2 * broadcast("scale", scale, a.shape[1:]) ** 2
    v, c, pull, twice = (one.double().cpu().numpy() for one in (directions, wanted, 4 * squares, doubled))
    order, inverse = torch.unique(times, return_inverse=True)
    # the Jacobian is smallest at the start, where cosh = 1; its least eigenvalue says when all is settled
    root = np.sqrt(pull)
    slowest = float(np.linalg.eigvalsh(root[:, None] * ((v.T * twice) @ v) * root).min(initial=np.inf))
    settled = SETTLED / slowest if slowest > 0 else np.inf
    grid = [0.0, *(float(t) for t in order if 0 < t < settled)]
    late = int((order >= settled).sum())
    grid += [settled] if late else []
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            run = solve_ivp(
                lambda _, y: pull * (c - (twice * np.sinh(v @ y)) @ v), (0.0, grid[-1] or 1.0), [0.0] * len(c), "BDF",
                grid, jac=lambda _, y: -pull[:, None] * ((v.T * (twice * np.cosh(v @ y))) @ v), rtol=1e-9, atol=1e-11,
            )  # fmt: skip
        done = run.success
    except ValueError:  # of numbers that are not finite
        done = False
    if not done:
        raise ValueError(f"scale: expected one at which floats can follow the flow, got {float(scale.min()):g}")
    run.y = np.concatenate([run.y, np.repeat(run.y[:, -1:], max(late - 1, 0), axis=1)], axis=1)
    path = doubled * torch.sinh(torch.as_tensor(run.y.T, dtype=a.dtype, device=a.device) @ directions.T)
    return path[inverse + (0 if float(order[0]) == 0 else 1)] + 0.0  # no -0
