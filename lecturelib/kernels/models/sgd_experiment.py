"""The noise of stochastic gradient descent on a problem small enough to be predicted exactly."""

from __future__ import annotations

import torch
from torch import Tensor

from lecturelib.core.experiments import generator_for
from lecturelib.core.least_squares import LeastSquares, expected_path, largest_rate, stochastic_descent

RATE, STEPS, RUNS = 0.25, 400, 25
"""Learning rate as a share of the largest stable one; steps; runs that one seed averages."""


def cubic_fit(points: int = 24) -> LeastSquares:
    """Fit a noisy sine on [−1, 1] by orthonormal polynomials up to degree 3: N = points, p = 4."""
    x = torch.linspace(-1, 1, points, dtype=torch.float64)
    noise = torch.randn(points, generator=generator_for(0, "cubic fit"), dtype=torch.float64)
    scales = torch.tensor([1.0, 0.8, 0.5, 0.3], dtype=torch.float64)  # so that the modes have rates of their own
    features = torch.linalg.qr(x[:, None] ** torch.arange(4)).Q * points**0.5 * scales
    return LeastSquares(features, torch.sin(3 * x) + 0.5 * noise)


def measured_losses(*, seed: int, batch: int, sampling: str) -> dict[str, list[float]]:
    """Experiment: the loss above its minimum after 0, 1, …, `STEPS` steps, averaged over `RUNS` runs from w = 0."""
    problem, start, settings = _setting(batch, sampling)
    generator = generator_for(seed, "batches", batch, sampling)
    path = stochastic_descent(problem, start.expand(RUNS, -1), generator=generator, **settings)
    return {"excess": (problem.loss(path).mean(1) - problem.loss(problem.best)).tolist()}


def predicted_losses(batch: int, sampling: str) -> Tensor:
    """The same, averaged over all draws, exactly: (STEPS + 1,)."""
    problem, start, settings = _setting(batch, sampling)
    return expected_path(problem, start, **settings)[1] - problem.loss(problem.best)


def _setting(batch: int, sampling: str) -> tuple[LeastSquares, Tensor, dict]:
    problem = cubic_fit()
    rate = RATE * largest_rate(problem.a)
    settings = {"learning_rate": rate, "steps": STEPS, "batch": batch, "sampling": sampling}
    return problem, torch.zeros(4, dtype=torch.float64), settings
