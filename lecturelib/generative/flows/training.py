"""Training: continuous flows by the likelihood of samples, planar ones towards an energy."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from lecturelib.generative.flows.continuous import ContinuousFlow, likelihood_gradient, log_normal
from lecturelib.generative.flows.planar import PlanarFlow, through


def fit_likelihood(
    flow: ContinuousFlow, draw: Callable[[int, Generator], Tensor], *, iterations: int, batch: int, rate: float,
    steps: int, generator: Generator, record_every: int = 100,
) -> tuple[ContinuousFlow, list[float]]:  # fmt: skip
    """Adam on −E ln p with fresh points, its rate falling like a cosine; and mean losses of `record_every` batches."""
    numbers = [one.clone() for one in flow.parameters]
    optimizer = torch.optim.Adam(numbers, lr=rate)
    layers, losses, sums = len(flow.weights), [], 0.0
    for k in range(iterations):
        groups = (tuple(numbers[start : start + layers]) for start in (0, layers, 2 * layers))
        flow = flow._with(dict(zip(("weights", "biases", "rates"), groups, strict=True)) | {"time": flow.time})
        found = likelihood_gradient(flow, draw(batch, generator).to(flow.dtype), steps=steps)
        for number, gradient in zip(numbers, found.gradient.parameters, strict=True):
            number.grad = gradient
        optimizer.param_groups[0]["lr"] = _cosine(rate, k / iterations)
        optimizer.step()
        sums += float(found.loss) / record_every
        if (k + 1) % record_every == 0:
            losses.append(sums)
            sums = 0.0
    return flow.detach(), losses


def fit_energies(
    flow: PlanarFlow, energies: Callable[[Tensor], Tensor], *, iterations: int, batch: int, rate: float,
    generator: Generator, heat: Callable[[float], float] = lambda share: min(1.0, 0.01 + 2 * share),
) -> PlanarFlow:  # fmt: skip
    """Adam on the mean of ln q + β U over samples z of an ensemble (4, S) of flows, each row with an energy of its own.

    `heat` gives β for the share of iterations that have passed: it is raised slowly, so that no part is lost early.
    """
    numbers = [one.clone().requires_grad_() for one in (flow.u, flow.w, flow.b)]
    optimizer = torch.optim.Adam(numbers, lr=rate)
    for k in range(iterations):
        flow = PlanarFlow(*numbers)
        loss = bound(flow, energies, batch, generator, heat(k / iterations)).mean(-1).sum()
        optimizer.param_groups[0]["lr"] = _cosine(rate, k / iterations)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return flow.detach()


def bound(flow: PlanarFlow, energies: Callable, count: int, generator: Generator, beta: float = 1.0) -> Tensor:
    """ln q(z) + β U(z) at `count` samples of each flow of an ensemble (E, S): (E, S, count)."""
    z = torch.randn(*flow.shape, count, flow.dimension, generator=generator, dtype=flow.dtype)
    end, log_det = through(flow, z)
    own = torch.stack([values[row] for row, values in enumerate(energies(end))])
    return log_normal(z) - log_det + beta * own


def _cosine(rate: float, share: float) -> float:
    return rate * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2)
