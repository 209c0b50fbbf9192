"""Data, networks and gradient flows on which statements about kernels are checked, and derivatives by autograd alone.

The parameters of a network are a tuple of tensors: W_1, b_1, …, W_L, b_L, w, matrices of shape (fan in, fan out).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from scipy.integrate import solve_ivp
from torch import Generator, Tensor

from lecturelib.core.problems import normal, signs


def labels(generator: Generator, count: int) -> Tensor:
    """Random labels −1 and 1, both present, (count,)."""
    y = signs(generator, count)
    y[0], y[1] = 1.0, -1.0
    return y


def parameters(generator: Generator, widths: Sequence[int], *, bias_scale: float = 1.0) -> tuple[Tensor, ...]:
    """Weights of variance 1 / fan-in for layers of these widths (d, k_1, …, k_L), normal biases, one output."""
    layers = [
        part
        for rows, columns in pairwise(widths)
        for part in (normal(generator, rows, columns) / rows**0.5, bias_scale * normal(generator, columns))
    ]
    return (*layers, normal(generator, widths[-1]) / widths[-1] ** 0.5)


def output(parts: Sequence[Tensor], x: Tensor, activation: Callable[[Tensor], Tensor] = torch.tanh) -> Tensor:
    """Values at x (N, d) of the network with these parameters, as the definition has it: (N,)."""
    for matrix, bias in zip(parts[:-1:2], parts[1:-1:2], strict=True):
        x = activation(x @ matrix + bias)
    return x @ parts[-1]


def derivative(function: Callable[..., Tensor], at):
    """∂ function by the tensor, or by each of the tensors, at which it is taken, by autograd."""
    return torch.autograd.functional.jacobian(function, at)


def in_a_row(parts: Sequence[Tensor], *, keep: int = 0) -> Tensor:
    """Tensors one after the other in the last dimension, the first `keep` dimensions of each left as they are."""
    return torch.cat([part.flatten(keep) for part in parts], -1)


def gradient_flow(loss: Callable[[Tensor], Tensor], start: Tensor, times: Tensor) -> Tensor:
    """Gradient flow of a loss of one vector from `start`, (p,), integrated to 12 digits: its places at times (T,)."""

    def speed(_, w):
        w = torch.from_numpy(w).requires_grad_()
        return -torch.autograd.grad(loss(w), w)[0].numpy()

    run = solve_ivp(speed, (0, float(times[-1])), start.numpy(), "DOP853", times.numpy(), rtol=1e-12, atol=1e-13)
    return torch.from_numpy(run.y.T.copy())
