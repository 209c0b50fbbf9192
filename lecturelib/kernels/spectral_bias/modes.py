"""Experiments of the chapter `kernels/spectral_bias`: ensembles trained, and predicted, mode by mode."""

from __future__ import annotations

import torch
from torch import Tensor

from lecturelib.kernels.spectral_bias.prediction import Prediction, decompose, fading_rates, predict
from lecturelib.kernels.tangent_kernel.wide_networks import train_wide
from lecturelib.kernels.tangent_kernel.widths import circle, limit, start

DATA, BETWEEN = 10, 40  # points to learn, and points to look at, both equally spaced on the circle
TIMES = (0.0, 0.1, 0.4, 1.6, 6.4)
RATE = 0.005  # small enough for steps to follow the flow


def predicted(activation: str) -> Prediction:
    """Mean and covariance at the five times, on the points between."""
    x, y = circle(DATA)
    return predict(limit(activation), x, y, TIMES, test=circle(BETWEEN)[0])


def trained(*, seed: int, width: int, activation: str = "relu", ensemble: int = 40) -> dict[str, list]:
    """Gradient descent from many starts: mean and standard deviation of outputs at the five times, each (5, 40)."""
    x, y = circle(DATA)
    steps = [round(time / RATE) for time in TIMES]
    before = start(seed, width, 1, activation, ensemble)
    run = train_wide(before, x, y, learning_rate=RATE, steps=steps[-1], record_at=steps, watch=circle(BETWEEN)[0])
    return {"mean": run.outputs.mean(1).tolist(), "deviation": run.outputs.std(1).tolist()}


def mode_rates(*, seed: int, width: int, activation: str = "relu", ensemble: int = 20) -> dict[str, list]:
    """Rates at which modes of the residual fade in training, over an ensemble, (10,) each, by size of their eigenvalue.

    measured: from the start to the time 1 / λ_j, when a mode should have fallen to about 1/e, with its standard error;
    theory: −ln(1 − ηλ_j) / η, as steps of the length η multiply by 1 − ηλ_j, close to λ_j; eigenvalues: λ_j.
    """
    x, y = circle(DATA)
    modes = decompose(limit(activation)(x, x))
    steps = [max(1, round(1 / (RATE * float(rate)))) for rate in modes.rates]
    before = start(seed, width, 1, activation, ensemble)
    run = train_wide(before, x, y, learning_rate=RATE, steps=max(steps), record_at=[0, *steps])
    residuals = dict(zip(run.steps, run.outputs - y, strict=True))
    found = [fading_rates(residuals[0], residuals[step], step * RATE, modes) for step in steps]
    measured, errors = ([float(pair[part][j]) for j, pair in enumerate(found)] for part in (0, 1))
    theory = -torch.log1p(-RATE * modes.rates) / RATE
    return {"measured": measured, "error": errors, "theory": theory.tolist(), "eigenvalues": modes.rates.tolist()}


def fourier_rates(activation: str, size: int, bias_scale: float) -> Tensor:
    """Rates of frequencies 0, 1, …, size/2 on `size` equally spaced points of the circle, divided by `size`."""
    x, _ = circle(size)
    return torch.fft.rfft(limit(activation, bias_scale)(x[:1], x)[0]).real / size
