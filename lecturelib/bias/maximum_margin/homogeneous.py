r"""Gradient flow of Σ e^{−m_i(θ)} for models that are homogeneous in their parameters, in logarithmic time.

m_i(θ) = y_i f(θ; x_i) with f(cθ; x) = c^p f(θ; x) for c > 0: deep networks without biases, p the number of layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
import torch
from torch import Tensor

from lecturelib.bias.maximum_margin.flow import LATEST
from lecturelib.bias.maximum_margin.margins import turned
from lecturelib.bias.maximum_margin.stepping import integrate
from lecturelib.core.arguments import Count, Matrix, Positive, Times, Vector, checked


@checked
def homogeneous_flow(
    margins: Callable[[Tensor], Tensor], start: Annotated[Vector, "P"], times: Times, *, tolerance: Positive = 1e-6
) -> Tensor:
    """Parameters of the gradient flow of Σ e^{−m_i(θ)} at increasing times up to 10³⁰⁰: shape (T, P).

    margins: θ (P,) → m (n,), differentiable by torch. In s = ln(1 + t) the flow is dθ/ds = Σ e^{s − m_i} ∇m_i. Raises
    ValueError where times decrease or exceed 10³⁰⁰, where margins give no vector, or where the flow cannot be followed.

    >>> homogeneous_flow(lambda theta: theta.prod()[None], [1.0, 1.0], [0.0, 1e6])[-1]  # two layers of one weight
    tensor([4.1588, 4.1588], dtype=torch.float64)
    """
    until = np.log1p(times.double().numpy(force=True))
    if not bool((times[1:] >= times[:-1]).all()) or (len(until) and until[-1] > np.log1p(LATEST)):
        raise ValueError(f"times: expected increasing numbers up to {LATEST:g}")

    def field(s: float, theta: np.ndarray) -> np.ndarray:
        place = torch.from_numpy(theta).to(start).requires_grad_()
        with torch.enable_grad():
            m = margins(place)
            if not isinstance(m, Tensor) or m.ndim != 1 or not m.requires_grad:
                raise ValueError("margins: expected a function of the parameters that gives a vector, with gradients")
            (slope,) = torch.autograd.grad(torch.exp(s - m.double()).detach().to(m) @ m, place)
        return slope.double().numpy(force=True)

    try:
        found = integrate(field, start.detach().double().numpy(force=True), until, tolerance)
    except ArithmeticError as error:
        raise ValueError(f"margins: expected ones whose flow can be followed, but this takes {error}") from None
    return torch.from_numpy(found).to(start)


def two_layers(x: Tensor, y: Tensor, width: int) -> Callable[[Tensor], Tensor]:
    """Margins of Σ_j a_j (w_j·x)₊² with θ = (w, a) in one vector of width · (d + 1) numbers, degree 3.

    The square has no corner, at which the flow of (w_j·x)₊ would slide along data in ever smaller steps.
    """
    d = x.shape[1]

    def margins(theta: Tensor) -> Tensor:
        w, a = theta[: width * d].reshape(width, d), theta[width * d :]
        return y * (torch.relu(x @ w.T).square() @ a)

    return margins


@checked
def convolution_flow(
    x: Annotated[Matrix, "n D"],
    y: Annotated[Vector, "n"],
    log_times: Times,
    *,
    depth: Count,
    scale: Positive = 0.1,
    tolerance: Positive = 1e-6,
) -> Tensor:
    """The linear function β of a linear convolutional network along the flow of Σ e^{−y_i β·x_i}: (T, D).

    `depth` circular filters as long as the input, one after the other, each divided by √D, have β̂ = Π ŵ_l for unitary
    Fourier transforms. With equal amplitudes in all layers dβ̂_k/dt = p |β̂_k|^{2 − 2/p} ĝ_k, where g = −∂L/∂β. It is
    followed in ln β̂_k, so that frequencies may die out (in β̂ where there is one layer). log_times: ln(1 + t),
    increasing, which may exceed the logarithm of any number. All |ŵ_l| begin at `scale`, and β̂ with the phases of
    Σ y_i x̂_i.
    Raises ValueError where labels are not ±1, log_times decrease, or the flow cannot be followed.

    >>> convolution_flow([[1.0, 0.0], [0.5, 0.5]], [1, 1], [10.0], depth=1).shape
    torch.Size([1, 2])
    """
    z = turned(x, y)
    if not bool((log_times[1:] >= log_times[:-1]).all()):
        raise ValueError("log_times: expected increasing numbers")
    hats = np.fft.fft(z.double().numpy(force=True), axis=1, norm="ortho")
    mean = hats.sum(0)
    if not (np.abs(mean) > 1e-12 * np.abs(hats).max(initial=1e-300)).all():
        raise ValueError("x: expected data whose mean of y x has all frequencies, whose phases the flow begins with")
    start = depth * np.log(scale) + 1j * np.angle(mean)

    def plain(s: float, beta: np.ndarray) -> np.ndarray:
        return np.exp(s - (hats.conj() @ beta).real) @ hats

    def field(s: float, logs: np.ndarray) -> np.ndarray:
        beta = np.exp(logs)
        return depth * np.abs(beta) ** (2 - 2 / depth) * plain(s, beta) / beta

    try:
        until = log_times.double().numpy(force=True)
        if depth == 1:  # where β̂ may pass through 0, which it cannot with more layers
            path = integrate(plain, np.exp(start), until, tolerance)
        else:
            path = np.exp(integrate(field, start, until, tolerance))
    except ArithmeticError as error:
        raise ValueError(f"x: expected data with a flow that can be followed, but this takes {error}") from None
    return torch.from_numpy(np.fft.ifft(path, axis=1, norm="ortho").real).to(z)
