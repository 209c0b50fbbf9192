"""Claims of the chapter `kernels/initialization` on what varies from start to start, and on other activations."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import erf
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.kernels.initialization.checks import EXACT, SIGNS, THREE, every_network, layers_of
from lecturelib.kernels.initialization.variances import (
    Variances,
    death_chance,
    direction_moments,
    equal_variances,
    erf_variance,
    forward_moments,
    fourth_moments,
    log_step,
)


def _common_plan(generator: Generator, widths: tuple[int, ...]) -> tuple[Variances, Tensor]:
    draw = 0.2 + torch.rand(2, len(widths) - 1, generator=generator, dtype=torch.float64)
    x = torch.randn(widths[0], generator=generator, dtype=torch.float64)
    return equal_variances(widths, draw[0], draw[1]), x


# Many layers at once


def _unrolled(plan: Variances, x: Tensor, *, half: float = 0.5, late: int = 0, first: int = 0) -> Tensor:
    """The sum over layers; `late` shifts the biases by so many layers, `first` leaves factors out of all products."""
    growth = [weights.shape[0] * float(weights[0, 0]) / 2 for weights in plan.weights]
    biases = [float(one[0]) for one in plan.biases]
    depth, found = len(growth), math.prod(growth[first:]) * x.square().mean()
    for back in range(depth):
        found = found + half * math.prod(growth[depth - back + first :]) * biases[depth - 1 - back - late]
    return found


def _mean_square_over_all_signs(unrolled, generator: Generator) -> float:
    variances, x = _common_plan(generator, (3, 2, 1, 2))
    matrices, biases, _ = every_network(variances, SIGNS)
    return relative_gap(unrolled(variances, x), layers_of(matrices, biases, x)[-1].square().mean())


unrolled = Claim(
    label="cor-deepinit-unrolled",
    statement=r"$q_L = \rho_L \cdots \rho_1\, q_0 + \frac12 \sum_{\ell=1}^L \rho_L \cdots \rho_{\ell+1}\, "
    r"\sigma_{b,\ell}^2$; checked over all choices of signs.",
    source="Jelenković, lecture 13; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_mean_square_over_all_signs,
    formula=_unrolled,
    falsifiers={
        r"without the $\frac12$": lambda plan, x: _unrolled(plan, x, half=1.0),
        "biases of the layer before": lambda plan, x: _unrolled(plan, x, late=1),
        "products that start one layer later": lambda plan, x: _unrolled(plan, x, first=1),
        "biases that add up unchanged": lambda plan, x: (
            _unrolled(plan, x, half=0.0) + sum(float(one[0]) for one in plan.biases) / 2
        ),
    },
)


# A linear layer


def _variance_over_all_values(variance, generator: Generator) -> float:
    """Three weights and three inputs, each with three values: all 9³ pairs of pairs, none of mean 0."""
    terms = 3
    w, x = (torch.randn(3, generator=generator, dtype=torch.float64) + 0.5 for _ in range(2))
    sums = torch.zeros(1, dtype=torch.float64)
    for _ in range(terms):
        sums = (sums[:, None] + torch.outer(w, x).flatten()).flatten()
    return relative_gap(variance(terms, w, x), sums.var(unbiased=False))


def _linear_variance(terms: int, w: Tensor, x: Tensor) -> Tensor:
    return terms * (w.square().mean() * x.square().mean() - (w.mean() * x.mean()) ** 2)


linear = Claim(
    label="prop-deepinit-linear",
    statement=r"For $k$ independent pairs $\Var \sum_i w_i x_i = k\, (\E w^2\, \E x^2 - (\E w)^2 (\E x)^2)$; checked "
    "over all values of a finite law.",
    source="class 3 of Anselmi's lectures; derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_variance_over_all_values,
    formula=_linear_variance,
    falsifiers={
        r"$k \Var w \Var x$, whatever the means are": lambda k, w, x: k * w.var(unbiased=False) * x.var(unbiased=False),
        r"$k\, \E w^2\, \E x^2$, whatever the means are": lambda k, w, x: k * w.square().mean() * x.square().mean(),
        r"$k^2$ in place of $k$": lambda k, w, x: k * _linear_variance(k, w, x),
    },
)


# Fluctuations


def _chances(values: Tensor) -> Tensor:
    """Probability of every choice of the three-valued law, given the standardized values: 2/3 for 0, 1/6 else."""
    return torch.where(values == 0, 2 / 3, 1 / 6).double().prod(dim=1)


def _weights_of_all(variances: Variances, matrices: list, biases: list | None) -> Tensor:
    chance = torch.ones(matrices[0].shape[0], dtype=torch.float64)
    for one in [*matrices, *(biases or [])]:
        chance = chance * _chances(one.flatten(1))
    return chance / chance.sum()


def _fourth_over_all_values(moments, generator: Generator) -> float:
    variances, x = _common_plan(generator, (2, 1, 2))
    matrices, biases, _ = every_network(variances, THREE)
    chance = _weights_of_all(variances, matrices, biases)
    found = torch.stack([(chance * h.square().sum(1) ** 2).sum() for h in layers_of(matrices, biases, x)])
    return relative_gap(moments(variances, x), found)


def _changed_fourth(count):
    def moments(variances: Variances, x: Tensor) -> Tensor:
        second = [one.sum() for one in forward_moments(variances, x)]
        found = [second[0] ** 2]
        for before, weights, biases in zip(second, variances.weights, variances.biases, strict=False):
            w, b = weights[0, 0], biases[0]
            found.append(count(weights.shape[1]) * (w**2 * found[-1] + 2 * w * b * before + b**2))
        return torch.stack(found)

    return moments


fourth = Claim(
    label="thm-deepinit-fourth",
    statement=r"For normal weights $\E \lVert h_\ell \rVert^4 = \frac14 (k_\ell^2 + 5 k_\ell)\, \E (\sigma_w^2 \lVert "
    r"h_{\ell-1} \rVert^2 + \sigma_b^2)^2$; checked over all values of a law with the same first four moments.",
    source="derived here; compare Hanin 2018",
    method="exact identity",
    tolerance=EXACT,
    check=_fourth_over_all_values,
    formula=fourth_moments,
    falsifiers={
        r"$\frac14 (k^2 + 2k)$, of a linear layer": _changed_fourth(lambda k: (k**2 + 2 * k) / 4),
        r"$\frac14 k^2$, no fluctuation": _changed_fourth(lambda k: k**2 / 4),
        r"$\frac14 (k^2 + 6k)$, neurons counted with themselves": _changed_fourth(lambda k: (k**2 + 6 * k) / 4),
        r"$\frac14 (k^2 - 5k)$": _changed_fourth(lambda k: (k**2 - 5 * k) / 4),
    },
)


def _directions_over_all_values(moments, generator: Generator) -> float:
    variances, x = _common_plan(generator, (2, 1, 2))
    matrices, biases, _ = every_network(variances, THREE, sign_biases=True)
    chance = _weights_of_all(variances, matrices, None)
    u = torch.randn(2, generator=generator, dtype=torch.float64)
    u = u / u.norm()
    h = [x.expand(matrices[0].shape[0], -1).clone().requires_grad_()]
    for matrix, bias in zip(matrices, biases, strict=True):
        h.append(torch.relu(torch.einsum("si,sij->sj", h[-1], matrix) + bias))
    found = []
    for layer in h:
        # every output's own derivative; networks do not share inputs, so that a sum over them mixes nothing
        rows = [torch.autograd.grad(layer[:, j].sum(), h[0], retain_graph=True)[0] for j in range(layer.shape[1])]
        moved = (torch.stack(rows, dim=1) @ u).square().sum(1)
        found.append(torch.stack([(chance * moved).sum(), (chance * moved**2).sum()]))
    return relative_gap(torch.stack(moments(variances), dim=1), torch.stack(found))


def _changed_direction(second, fourth):
    def moments(variances: Variances) -> tuple[Tensor, Tensor]:
        found = [(1.0, 1.0)]
        for weights in variances.weights:
            w, k = float(weights[0, 0]), weights.shape[1]
            found.append((found[-1][0] * second(k) * w, found[-1][1] * fourth(k) * w**2))
        pairs = torch.tensor(found, dtype=torch.float64)
        return pairs[:, 0], pairs[:, 1]

    return moments


directions = Claim(
    label="thm-deepinit-directions",
    statement=r"For a fixed direction $u$ a layer multiplies $\E \lVert J u \rVert^2$ by $\frac12 k \sigma_w^2$ and, "
    r"for normal weights, $\E \lVert J u \rVert^4$ by $\frac14 (k^2 + 5k) \sigma_w^4$.",
    source="derived here; compare Hanin 2018",
    method="exact identity",
    tolerance=EXACT,
    check=_directions_over_all_values,
    formula=direction_moments,
    falsifiers={
        r"$k \sigma_w^2$": _changed_direction(lambda k: k, lambda k: (k**2 + 5 * k) / 4),
        r"$\frac14 (k^2 + 2k)$": _changed_direction(lambda k: k / 2, lambda k: (k**2 + 2 * k) / 4),
        r"$\frac14 (k^2 + 6k)$": _changed_direction(lambda k: k / 2, lambda k: (k**2 + 6 * k) / 4),
    },
)


def _share_of_the_dead(chance, generator: Generator) -> float:
    widths = (2, 2, 2)
    sizes = [0.2 + torch.rand(2, 2, generator=generator, dtype=torch.float64) for _ in range(2)]
    grid = torch.cartesian_prod(*[SIGNS] * 8)
    matrices = [grid[:, 4 * i : 4 * i + 4].reshape(-1, 2, 2) * size for i, size in enumerate(sizes)]
    zeros = [torch.zeros(1, 2, dtype=torch.float64)] * 2
    h = layers_of(matrices, zeros, torch.tensor([1.0, 0.7], dtype=torch.float64))
    found = torch.stack([(one == 0).all(1).double().mean() for one in h])
    return float((chance(widths) - found).abs().max())


death = Claim(
    label="prop-deepinit-death",
    statement=r"Without biases $h_\ell = 0$ with probability $1 - \prod_{j \le \ell} (1 - 2^{-k_j})$.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_share_of_the_dead,
    formula=death_chance,
    falsifiers={
        r"$\prod 2^{-k_j}$": lambda k: torch.cumprod(torch.tensor([1.0, *(0.5**j for j in k[1:])]), 0),
        r"$\sum 2^{-k_j}$": lambda k: torch.cumsum(torch.tensor([0.0, *(0.5**j for j in k[1:])]), 0),
        "only the last layer counts": lambda k: torch.tensor([0.0, *(0.5**j for j in k[1:])]),
    },
)


def _moments_of_the_logarithm(step, generator: Generator) -> float:
    """Distance of mean and variance from those of a sample, in standard errors; the larger one."""
    worst = 0.0
    for width in (3, 12):
        sums = torch.zeros(20_000, dtype=torch.float64)
        for _ in range(width):
            sums += torch.relu(torch.randn(20_000, generator=generator, dtype=torch.float64)) ** 2
        logs = torch.log(2 / width * sums[sums > 0])
        mean, variance = step(width)
        centred = (logs - logs.mean()) ** 2
        count = logs.numel() ** 0.5
        worst = max(worst, float((logs.mean() - mean).abs() / logs.std() * count))
        worst = max(worst, float((centred.mean() - variance).abs() / centred.std() * count))
    return worst


typical = Claim(
    label="thm-deepinit-typical",
    statement=r"The logarithm of the growth in one layer has the mean and the variance of a mixture of $\ln \chi^2_m$, "
    r"$m$ binomial; near $-\frac{5}{2k}$ and $\frac5k$.",
    source="derived here",
    method="Monte Carlo",
    tolerance=5.0,
    check=_moments_of_the_logarithm,
    formula=log_step,
    falsifiers={
        "mean 0, as the mean of the growth suggests": lambda k: (0.0, log_step(k)[1]),
        r"variance $2/k$, of a linear layer": lambda k: (log_step(k)[0], 2 / k),
        "all neurons active": lambda k: (math.log(4 / k) + float(torch.digamma(torch.tensor(k / 2.0))), log_step(k)[1]),
    },
)


def _erf_by_quadrature(variance, generator: Generator) -> float:
    q = 5 * torch.rand(4, generator=generator, dtype=torch.float64)
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    values = erf(np.sqrt(q.numpy())[:, None] * nodes) ** 2
    return float((variance(q) - torch.as_tensor(values @ weights / weights.sum())).abs().max())


erf_size = Claim(
    label="prop-deepinit-erf",
    statement=r"For normal $z$ with mean 0 and variance $q$, $\E \operatorname{erf}(z)^2 = \frac2\pi \arcsin "
    r"\frac{2q}{1 + 2q}$.",
    source="Williams 1997",
    method="exact identity",
    tolerance=1e-8,
    check=_erf_by_quadrature,
    formula=erf_variance,
    falsifiers={
        r"$\arcsin \frac{q}{1 + q}$": lambda q: 2 / torch.pi * torch.asin(q / (1 + q)),
        r"$\arcsin \frac{2q}{1 + q}$": lambda q: 2 / torch.pi * torch.asin((2 * q / (1 + q)).clamp(max=1)),
        r"$\frac4\pi q$, its straight line at 0": lambda q: 4 / torch.pi * q,
    },
)
