"""Claims of the chapter `splines/breakpoints` on wide networks, checked on samples of them."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim
from lecturelib.splines.breakpoints.expansion import Target, curvature_density, sample, sine, spread
from lecturelib.splines.breakpoints.network import Spline

SOURCE = "Sahs et al. 2022, section 2.1.1"
LOW, HIGH = -1.0, 4.0
WIDTH, NETWORKS = 25, 20_000
X = torch.linspace(LOW + 1, HIGH, 5, dtype=torch.float64)


def _target(generator: Generator) -> Target:
    """A sine of random frequency."""
    return sine(0.5 + float(torch.rand((), generator=generator, dtype=torch.float64)))


def _draw(target: Target, generator: Generator) -> Spline:
    return sample(target, LOW, HIGH, shape=(NETWORKS, WIDTH), generator=generator)


def _times(factor: float):
    """`_draw` with a curvature that is wrong by a factor."""
    return lambda target, generator: _draw(
        target._replace(curvature=lambda beta: factor * target.curvature(beta)), generator
    )


def _mean_is_the_function(draw, generator: Generator) -> float:
    """Largest distance of the mean network from the function, in standard errors of that mean."""
    target = _target(generator)
    values = draw(target, generator)(X)
    return float(((values.mean(0) - target.value(X)) / values.std(0)).abs().max() * math.sqrt(NETWORKS))


expansion = Claim(
    label="thm-expansion",
    statement=r"With slope jumps $c(\beta_i) / (H p(\beta_i))$ at $\beta_i \sim p$, "
    r"the mean network has $f'' = c$.",
    source=SOURCE,
    method="Monte Carlo",
    tolerance=5.0,
    check=_mean_is_the_function,
    formula=_draw,
    falsifiers={
        r"jumps $c(\beta_i) / H$": _times(1 / (HIGH - LOW)),
        r"jumps $c(\beta_i) p(\beta_i) / H$": _times(1 / (HIGH - LOW) ** 2),
        r"jumps $-c(\beta_i) / (H p(\beta_i))$": _times(-1.0),
        "without the slope at the left end": lambda target, generator: _draw(
            target._replace(slope=torch.zeros_like), generator
        ),
    },
)


def _predicts_the_spread(predict, generator: Generator) -> float:
    target = _target(generator)
    measured = _draw(target, generator)(X).std(0)
    return float((predict(target.curvature, WIDTH) / measured - 1).abs().max())


def _spread(curvature, width: float) -> Tensor:
    return spread(curvature, LOW, HIGH, width=width, x=X)


fluctuations = Claim(
    label="thm-spread",
    statement=r"$\operatorname{Var} f_H(x) = \frac1H \bigl[\int \frac{c^2}{p} (x - \beta)_+^2 d\beta"
    r" - \bigl(\int c \, (x - \beta)_+ d\beta\bigr)^2\bigr]$.",
    source="derived here",
    method="Monte Carlo",
    tolerance=0.03,
    check=_predicts_the_spread,
    formula=_spread,
    falsifiers={
        r"a standard deviation that falls as $1/H$": lambda c, width: _spread(c, width**2),
        "without the density": lambda c, width: _spread(c, width) / math.sqrt(HIGH - LOW),
        "without subtracting the square of the mean": lambda c, width: torch.sqrt(
            _spread(c, width) ** 2 + _integral(c) ** 2 / width
        ),
    },
)


def _integral(curvature) -> Tensor:
    """∫ c(β) (x − β)₊ dβ over [LOW, HIGH] by the trapezoidal rule."""
    beta = torch.linspace(LOW, HIGH, 5001, dtype=torch.float64)
    return torch.trapezoid(curvature(beta) * torch.relu(X[:, None] - beta), beta, dim=-1)


def _predicts_the_bends(density, generator: Generator) -> float:
    """E[κ² 1(p < β < q)] of single neurons against ∫ ρ, on five intervals; largest relative error."""
    scales = (0.7 + torch.rand(3, generator=generator, dtype=torch.float64)).tolist()
    w, b, v = (s * torch.randn(500_000, generator=generator, dtype=torch.float64) for s in scales)
    ends = torch.tensor([-2.0, -1.0, -0.3, 0.3, 1.0, 2.0], dtype=torch.float64)
    place = torch.bucketize(-b / w, ends)
    squares = torch.zeros(7, dtype=torch.float64).index_add(0, place, (w * v) ** 2)[1:-1] / w.numel()
    grid = torch.stack([torch.linspace(p, q, 2001, dtype=torch.float64) for p, q in pairwise(ends)])
    predicted = torch.trapezoid(density(grid, *scales), grid, dim=-1)
    return float((predicted / squares - 1).abs().max())


def _density(x: Tensor, w: float, b: float, v: float) -> Tensor:
    return curvature_density(x, w_scale=w, b_scale=b, v_scale=v)


def _cauchy(x: Tensor, w: float, b: float) -> Tensor:
    return w * b / (torch.pi * (b**2 + w**2 * x**2))


white_noise = Claim(
    label="thm-noise",
    statement=r"For independent Gaussian weights $\operatorname{Var}(f'(x_2) - f'(x_1)) = \int_{x_1}^{x_2} \rho$ with "
    r"$\rho(x) = 2 \sigma_v^2 \sigma_w^3 \sigma_b^3 / (\pi (\sigma_b^2 + \sigma_w^2 x^2)^2)$.",
    source="derived here, for Theorem 1 of the slides",
    method="Monte Carlo",
    tolerance=0.05,
    check=_predicts_the_bends,
    formula=_density,
    falsifiers={
        "delta-slopes independent of breakpoints": lambda x, w, b, v: (w * v) ** 2 * _cauchy(x, w, b),
        "the factor 2 left out": lambda x, w, b, v: _density(x, w, b, v) / 2,
        r"the power $3/2$ in place of 2": lambda x, w, b, v: _density(x, w, b, v) * torch.sqrt(b**2 + w**2 * x**2),
    },
)
