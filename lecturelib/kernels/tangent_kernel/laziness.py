"""Experiment of the chapter `kernels/tangent_kernel`: how little the derivatives change, against κ at the start."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.linalg import matrix_norm

from lecturelib.kernels.tangent_kernel.wide_networks import WideNetwork, train_wide
from lecturelib.kernels.tangent_kernel.widths import BIAS, circle, start

SLOPE, BEND = 2 / math.sqrt(math.pi), 2 * math.sqrt(2 / (math.pi * math.e))  # the largest |φ'| and |φ''| of erf


def staying(*, seed: int, width: int, ensemble: int = 8, steps: int = 60) -> dict[str, list]:
    """Train erf networks with one hidden layer on three points of the circle, from a random start to the fit.

    For each network: kappa, 2 √N h ‖ε₀‖ / λ with the bound h of the Hessian of theorem thm-ntk-stays; changed, the
    spectral norm of J − J₀ at the end over √λ; kernel, ‖K − K₀‖ / ‖K₀‖ at the end; moved, the root mean square over
    all parameters of how far each has moved; left, the share of the residuals that is left.
    """
    x, y = circle(3)
    before = start(seed, width, 1, "erf", ensemble)
    first = jacobian_of(before, x)
    values = torch.linalg.svdvals(first)
    least, residuals = values[:, -1].square(), (before(x) - y).norm(dim=1)
    q = float(x[0] @ x[0]) + BIAS**2  # of z_i: the weight scale √2 cancels the two inputs
    largest = before.weights[1].abs().amax((1, 2)) + 2 * residuals / least.sqrt()
    bound = math.sqrt(2 / width) * (SLOPE * math.sqrt(q) + BEND * q * largest)
    rate = 0.5 / float(values.max()) ** 2
    run = train_wide(before, x, y, learning_rate=rate, steps=steps, record_at=[steps])
    last = jacobian_of(run.final, x)
    kernels = [one @ one.mT for one in (first, last)]
    begin, end = (torch.cat([part.flatten(1) for part in one.weights + one.biases], 1) for one in (before, run.final))
    return {
        "kappa": (2 * math.sqrt(3) * bound * residuals / least).tolist(),
        "changed": (matrix_norm(last - first, 2) / least.sqrt()).tolist(),
        "kernel": (matrix_norm(kernels[1] - kernels[0]) / matrix_norm(kernels[0])).tolist(),
        "moved": (end - begin).square().mean(1).sqrt().tolist(),
        "left": ((run.outputs[0] - y).norm(dim=1) / residuals).tolist(),
    }


def jacobian_of(network: WideNetwork, x: Tensor) -> Tensor:
    """Derivatives of f(x_n) by all weights and biases, layer by layer: (..., N, P)."""
    rows = []
    for one in network.signals(x):
        back = one.deltas.squeeze(-2)
        weights = one.weight_factor * back.unsqueeze(-1) * one.inputs.unsqueeze(-2)
        rows += [weights.flatten(-2), one.bias_factor * back]
    return torch.cat(rows, -1)
