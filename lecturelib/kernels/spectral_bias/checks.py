"""Claims of the chapter `kernels/spectral_bias`."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.kernels.spectral_bias.modes import limit
from lecturelib.kernels.spectral_bias.prediction import Modes, decompose, predict
from lecturelib.kernels.tangent_kernel.checks import normal
from lecturelib.kernels.tangent_kernel.widths import circle

LEE = "Lee et al. 2019"
EXACT = 1e-10
TIMES = (0.0, 0.3, 2.0, 9.0)


# The solution on the data


def _is_the_matrix_exponential(path, generator: Generator) -> float:
    factor = normal(generator, 5, 5) / math.sqrt(5)
    kernel, start, y = factor @ factor.T, normal(generator, 5), normal(generator, 5)
    modes, worst = decompose(kernel), 0.0
    for time in TIMES:
        expected = y + torch.matrix_exp(-time * kernel) @ (start - y)
        worst = max(worst, relative_gap(path(modes, start, y, time), expected))
    return worst


def _fade(modes: Modes, residuals: Tensor, time: float) -> Tensor:
    return modes.vectors @ (torch.exp(-modes.rates * time) * (modes.vectors.T @ residuals))


solution = Claim(
    label="thm-spec-solution",
    statement=r"$f_t = y + \sum_j e^{-\lambda_j t} \langle q_j, f_0 - y \rangle \, q_j$.",
    source="class 2 of Anselmi's lectures, with signs and rates put right",
    method="exact identity",
    tolerance=EXACT,
    check=_is_the_matrix_exponential,
    formula=lambda modes, start, y, time: y + _fade(modes, start - y, time),
    falsifiers={
        "without the start": lambda modes, start, y, time: y - _fade(modes, y, time),
        r"$f - y = +\sum_j e^{-\lambda_j t} \langle q_j, y \rangle q_j$": lambda m, s, y, t: y + _fade(m, y, t),
        "one of the two exponentials with a rate of its own": lambda m, s, y, t: (
            _fade(m, s, t) + y - _fade(m, y, t / 2)
        ),
        "growing modes": lambda m, s, y, t: y + _fade(m, s - y, -t),
    },
)


# Everywhere, over random starts


def _is_the_joint_linear_system(prediction, generator: Generator) -> float:
    """f on data and elsewhere in one linear equation, whose flow is a matrix exponential, no inverse needed."""
    x, z, y = normal(generator, 5, 2), normal(generator, 3, 2), normal(generator, 5)
    both, worst = torch.cat([x, z]), 0.0
    for activation in ("relu", "erf"):
        kernel = limit(activation)
        found = prediction(kernel, x, y, z)
        flow = torch.zeros(9, 9, dtype=torch.float64)  # of (f, 1)
        flow[:8, :5] = -kernel(both, x)
        flow[:8, 8] = kernel(both, x) @ y
        for k, time in enumerate(TIMES):
            moved = torch.matrix_exp(time * flow)[5:8]
            expected = moved[:, :8] @ kernel(both, both, kind="nngp") @ moved[:, :8].T
            worst = max(worst, relative_gap(found.mean[k], moved[:, 8]), relative_gap(found.covariance[k], expected))
    return worst


def _predict(kernel, x, y, z):
    return predict(kernel, x, y, TIMES, test=z)


def _swapped(kernel, x, y, z):
    def one(a, b, kind="ntk"):
        return kernel(a, b, kind="nngp" if kind == "ntk" else "ntk")

    return predict(one, x, y, TIMES, test=z)


def _certain(kernel, x, y, z):
    found = _predict(kernel, x, y, z)
    return found._replace(covariance=torch.zeros_like(found.covariance))


def _bayes(kernel, x, y, z):
    """The posterior of a Gaussian process with the covariance Σ: what only the last layer would learn."""
    return predict(lambda a, b, kind="ntk": kernel(a, b, kind="nngp"), x, y, TIMES, test=z)


prediction = Claim(
    label="thm-spec-prediction",
    statement=r"With $A_t = \Theta_{*X} \Theta^{-1} (1 - e^{-\Theta t})$ the mean is $A_t y$ and the covariance "
    r"$\Sigma_{**} - A_t \Sigma_{X*} - \Sigma_{*X} A_t^\top + A_t \Sigma_{XX} A_t^\top$.",
    source=f"{LEE}, equations 14 and 15",
    method="exact identity",
    tolerance=1e-8,
    check=_is_the_joint_linear_system,
    formula=_predict,
    falsifiers={
        "the two kernels exchanged": _swapped,
        "the covariance of outputs in both places": _bayes,
        "a start of 0, without spread": _certain,
    },
)


# Steps of finite length


def _grows_beyond(edge, generator: Generator) -> float:
    vectors = torch.linalg.qr(normal(generator, 5, 5)).Q
    kernel = vectors @ torch.diag(torch.tensor([8.0, 4.0, 2.0, 1.0, 0.5], dtype=torch.float64)) @ vectors.T
    errors = []
    for share in (0.95, 1.05):
        residuals = normal(generator, 5)
        begin, rate = residuals.norm(), edge(decompose(kernel))
        for _ in range(200):
            residuals = residuals - share * rate * (kernel @ residuals)
        errors.append(float(residuals.norm() / begin))
    return max(0.0, min(errors[0] - 1, 10.0)) + max(0.0, 1 - errors[1])


edge = Claim(
    label="prop-spec-step",
    statement=r"Gradient descent multiplies mode $j$ by $1 - \eta\lambda_j$ a step, and is stable for "
    r"$\eta < 2/\lambda_1$.",
    source="derived here",
    method="exact identity",
    tolerance=1e-6,
    check=_grows_beyond,
    formula=lambda modes: 2 / modes.rates[0],
    falsifiers={
        r"$1/\lambda_1$": lambda modes: 1 / modes.rates[0],
        r"$4/\lambda_1$": lambda modes: 4 / modes.rates[0],
        r"$2/\lambda_2$": lambda modes: 2 / modes.rates[1],
    },
)


# The circle


def _are_eigenvectors(rates, generator: Generator) -> float:
    size, worst = 12, 0.0
    x, _ = circle(size)
    turn = 2 * math.pi * torch.rand(1, generator=generator, dtype=torch.float64)
    rotation = torch.stack([torch.cat([turn.cos(), -turn.sin()]), torch.cat([turn.sin(), turn.cos()])])
    angles = 2 * math.pi * torch.arange(size, dtype=torch.float64) / size
    for activation in ("relu", "erf"):
        kernel = limit(activation)(x @ rotation.T, x @ rotation.T)
        for k, rate in enumerate(rates(kernel)[:6]):
            wave = torch.cos(k * angles + 0.3)
            worst = max(worst, relative_gap(kernel @ wave, rate * wave))
    return worst


waves = Claim(
    label="thm-spec-circle",
    statement=r"On $N$ equally spaced points of a circle the modes are waves $\cos(k\gamma + \phi)$, with the rate "
    r"$\lambda_k = \sum_n \Theta(x_0, x_n) \cos k\gamma_n$.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_are_eigenvectors,
    formula=lambda kernel: torch.fft.fft(kernel[0]).real,
    falsifiers={
        "divided by the number of points": lambda kernel: torch.fft.fft(kernel[0]).real / kernel.shape[0],
        "in the order of their size from the last": lambda kernel: torch.fft.fft(kernel[0]).real.flip(0),
        "squared amplitudes": lambda kernel: torch.fft.fft(kernel[0]).abs().square(),
    },
)


def _vanish(frequencies, generator: Generator) -> float:
    radius = 1 + float(torch.rand(1, generator=generator))
    worst = 0.0
    for size in (4, 6, 10, 64):
        x = radius * circle(size)[0]
        rates = torch.fft.rfft(limit("relu", 0.0)(x, x)[0]).real
        zero = torch.tensor([frequencies(k, size) for k in range(size // 2 + 1)])
        # rates that should be 0 over the largest; and where one that should not be 0 is, the claim is wrong too
        worst = max(worst, float((rates * zero).abs().max() / rates[0]), float((rates[~zero] < 1e-9 * rates[0]).any()))
    return worst


parity = Claim(
    label="prop-spec-parity",
    statement=r"One hidden ReLU layer without biases, on an even number $N$ of points, has the rate 0 for the "
    r"frequencies $3, 5, 7, \dots \leq N/2$, and for no other.",
    source="derived here; known on spheres",
    method="exact identity",
    tolerance=1e-12,
    check=_vanish,
    formula=lambda k, size: k % 2 == 1 and k > 1,
    falsifiers={
        "all odd frequencies": lambda k, size: k % 2 == 1,
        "odd frequencies below $N/2$, but not that one": lambda k, size: k % 2 == 1 and 1 < k < size // 2,
        "even frequencies": lambda k, size: k % 2 == 0 and k > 1,
        "high frequencies": lambda k, size: k > 16,
    },
)


# What is left in the end


def _is_reached_in_the_end(regression, generator: Generator) -> float:
    x, z, y = normal(generator, 6, 2), normal(generator, 4, 2), normal(generator, 6)
    worst = 0.0
    for activation in ("relu", "erf"):
        kernel = limit(activation)
        found = predict(kernel, x, y, [math.inf], test=z).mean[0]
        worst = max(worst, relative_gap(regression(kernel, x, y, z), found))
    return worst


regression = Claim(
    label="cor-spec-regression",
    statement=r"If $\Theta$ is positive definite on the data, the mean tends to kernel regression, $\Theta_{*X} "
    r"\Theta^{-1} y$.",
    source=f"{LEE}",
    method="exact identity",
    tolerance=1e-6,
    check=_is_reached_in_the_end,
    formula=lambda kernel, x, y, z: kernel(z, x) @ torch.linalg.solve(kernel(x, x), y),
    falsifiers={
        "regression with the covariance of outputs": lambda kernel, x, y, z: (
            kernel(z, x, kind="nngp") @ torch.linalg.solve(kernel(x, x, kind="nngp"), y)
        ),
        "ridge regression": lambda kernel, x, y, z: (
            kernel(z, x) @ torch.linalg.solve(kernel(x, x) + 0.1 * torch.eye(6, dtype=torch.float64), y)
        ),
        "without the inverse": lambda kernel, x, y, z: kernel(z, x) @ y / 6,
    },
)
