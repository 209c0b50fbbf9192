"""Claims of the chapter `kernels/tangent_kernel` on the limit of infinite width."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.kernels.tangent_kernel.checks import JACOT, normal
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.limit import infinite_kernel
from lecturelib.kernels.tangent_kernel.moments import Moments, gaussian_moments, textbook_kernel
from lecturelib.kernels.tangent_kernel.wide_networks import draw_wide, step

SCALES = {"weight_scale": 1.5, "bias_scale": 0.4}


# Gaussian expectations


def _covariances(generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Variances and covariances of five pairs, (5,) each."""
    a, b = torch.exp(0.5 * normal(generator, 2, 5))
    return a, b, (a * b).sqrt() * torch.tanh(normal(generator, 5))


def _is_the_integral_over_directions(moments, generator: Generator) -> float:
    a, b, c = _covariances(generator)
    turn = 2 * math.pi * torch.arange(2**15, dtype=torch.float64) / 2**15
    angle = torch.acos(c / (a * b).sqrt())[:, None]
    u, v = torch.cos(turn), torch.cos(turn - angle)  # u, v at radius 1, in units of their deviations
    values = 2 * (a * b).sqrt() * (torch.relu(u) * torch.relu(v)).mean(1)  # the mean of the squared radius is 2
    slopes = ((u > 0) & (v > 0)).double().mean(1)
    found = moments(a, b, c)
    return max(relative_gap(found.values, values), relative_gap(found.slopes, slopes))


def _cho(a, b, c, *, sign: float = 1.0, turned: bool = False, size=lambda a, b: (a * b).sqrt(), half: float = 1.0):
    angle = torch.acos(c / (a * b).sqrt())
    weight = angle if turned else math.pi - angle
    values = size(a, b) * (sign * torch.sin(angle) + weight * torch.cos(angle)) / (2 * math.pi) * half
    return Moments(values, weight / (2 * math.pi))


arc_cosine = Claim(
    label="thm-ntk-arc-cosine",
    statement=r"For the ReLU, $\E[\varphi\varphi'] = \frac{\sqrt{ab}}{2\pi}(\sin\theta + (\pi - \theta)\cos\theta)$, "
    r"$\E[\dot\varphi\dot\varphi'] = \frac{\pi - \theta}{2\pi}$.",
    source="Cho and Saul 2009",
    method="exact identity",
    tolerance=2e-4,
    check=_is_the_integral_over_directions,
    formula=lambda a, b, c: gaussian_moments("relu", a, b, c),
    falsifiers={
        r"$\theta$ in place of $\pi - \theta$": lambda a, b, c: _cho(a, b, c, turned=True),
        r"$-\sin\theta$": lambda a, b, c: _cho(a, b, c, sign=-1.0),
        r"$ab$ in place of $\sqrt{ab}$": lambda a, b, c: _cho(a, b, c, size=lambda a, b: a * b),
        r"$1/\pi$, as for a ReLU scaled to keep the variance": lambda a, b, c: _cho(a, b, c, half=2.0),
    },
)


def _is_the_integral_on_a_grid(moments, generator: Generator) -> float:
    a, b, c = _covariances(generator)
    grid = torch.linspace(-9, 9, 301, dtype=torch.float64)
    density = torch.exp(-grid.square() / 2)
    density = density / density.sum()  # the trapezoidal rule, which is exact to rounding for such functions
    found, worst = moments(a, b, c), 0.0
    for k in range(a.numel()):
        u = a[k].sqrt() * grid
        v = (c[k] / a[k]) * u[:, None] + (b[k] - c[k] ** 2 / a[k]).sqrt() * grid
        values = density @ (torch.erf(u)[:, None] * torch.erf(v)) @ density
        slopes = 4 / math.pi * (density @ torch.exp(-u[:, None].square() - v.square()) @ density)
        worst = max(worst, abs(float(found.values[k] - values)), abs(float(found.slopes[k] - slopes)))
    return worst


def _williams(a, b, c, *, inside: float = 2.0, slope: float = 4.0, plus: float = -4.0) -> Moments:
    root = ((1 + 2 * a) * (1 + 2 * b)).sqrt()
    slopes = slope / math.pi / (root.square() + plus * c.square()).sqrt()
    return Moments(2 / math.pi * torch.asin(inside * c / root), slopes)


arc_sine = Claim(
    label="thm-ntk-erf",
    statement=r"For erf, $\E[\varphi\varphi'] = \frac2\pi \arcsin\frac{2c}{R}$ and $\E[\dot\varphi\dot\varphi'] = "
    r"\frac4\pi (R^2 - 4c^2)^{-1/2}$ with $R^2 = (1 + 2a)(1 + 2b)$.",
    source="Williams 1997",
    method="exact identity",
    tolerance=1e-9,
    check=_is_the_integral_on_a_grid,
    formula=lambda a, b, c: gaussian_moments("erf", a, b, c),
    falsifiers={
        r"$c$ in place of $2c$": lambda a, b, c: _williams(a, b, c, inside=1.0),
        r"$+\,4c^2$": lambda a, b, c: _williams(a, b, c, plus=4.0),
        r"$2/\pi$ before the slopes": lambda a, b, c: _williams(a, b, c, slope=2.0),
    },
)


# One hidden layer: the mean at every width, and the spread


@lru_cache(maxsize=12)  # the falsifiers meet the same networks
def _small_networks(seed: int) -> tuple[Tensor, dict[str, tuple[Tensor, Tensor]]]:
    """Three inputs, and for each activation mean and standard error of the kernel of 10,000 networks of width 4."""
    generator, found = Generator().manual_seed(seed), {}
    x = normal(generator, 3, 2)
    for activation in ("relu", "erf"):
        ensemble = draw_wide((2, 4, 1), generator=generator, activation=activation, ensemble=(10_000,), **SCALES)
        kernels = empirical_kernel(ensemble, x)
        found[activation] = kernels.mean(0), kernels.std(0) / math.sqrt(kernels.shape[0])
    return x, found


def _is_the_mean_over_networks(kernel, generator: Generator) -> float:
    x, found = _small_networks(generator.initial_seed())
    worst = max(float(((kernel(x, name) - mean) / error).abs().max()) for name, (mean, error) in found.items())
    return worst / 5  # five standard errors


def _shallow(x: Tensor, activation: str, **changes) -> Tensor:
    return infinite_kernel(x, depth=1, activation=activation, **(SCALES | changes))


exact_mean = Claim(
    label="thm-ntk-mean",
    statement=r"With one hidden layer $\E K_m = \Theta$ at every width $m$.",
    source="derived here",
    method="Monte Carlo",
    tolerance=1.0,
    check=_is_the_mean_over_networks,
    formula=_shallow,
    falsifiers={
        "the covariance of outputs in place of the tangent kernel": lambda x, a: _shallow(x, a, kind="nngp"),
        "without biases": lambda x, a: _shallow(x, a, bias_scale=0.0),
        r"less by $(1 - 1/m)$": lambda x, a: 0.75 * _shallow(x, a),
        "one layer more": lambda x, a: infinite_kernel(x, depth=2, activation=a, **SCALES),
    },
)


@lru_cache(maxsize=12)
def _spreads(seed: int) -> float:
    """The root mean square of K_m − Θ at width 128 over that at width 8."""
    generator, spread = Generator().manual_seed(seed), []
    x = normal(generator, 4, 3)
    limit = _shallow(x, "relu")
    for width in (8, 128):
        ensemble = draw_wide((3, width, 1), generator=generator, ensemble=(1000,), **SCALES)
        spread.append(float((empirical_kernel(ensemble, x) - limit).square().mean().sqrt()))
    return spread[1] / spread[0]


def _falls_like(law, generator: Generator) -> float:
    return abs(math.log(_spreads(generator.initial_seed())) - math.log(law(128) / law(8)))


rate = Claim(
    label="prop-ntk-rate",
    statement=r"With one hidden layer the root mean square of $K_m - \Theta$ is a constant times $m^{-1/2}$.",
    source="derived here",
    method="Monte Carlo",
    tolerance=0.15,
    check=_falls_like,
    formula=lambda width: width**-0.5,
    falsifiers={
        r"$m^{-1}$": lambda width: width**-1.0,
        r"$m^{-1/3}$": lambda width: width ** (-1 / 3),
        "no fall": lambda width: 1.0,
    },
)


@lru_cache(maxsize=12)
def _kernel_speeds(seed: int, size: float = 1e-4) -> float:
    """The root mean square of the speed of K_m at width 128 over that at width 8, residuals given."""
    generator, speeds = Generator().manual_seed(seed), []
    x, residuals = normal(generator, 4, 3), normal(generator, 4)
    for width in (8, 128):
        network = draw_wide((3, width, 1), generator=generator, activation="erf", ensemble=(1000,), **SCALES)
        moved = step(network, x, network(x) - residuals, size)
        speed = (empirical_kernel(moved, x) - empirical_kernel(network, x)) / size
        speeds.append(float(speed.square().mean().sqrt()))
    return speeds[1] / speeds[0]


def _kernel_speed_falls_like(law, generator: Generator) -> float:
    return abs(math.log(_kernel_speeds(generator.initial_seed())) - math.log(law(128) / law(8)))


drift = Claim(
    label="prop-ntk-drift",
    statement=r"With one smooth hidden layer and given residuals, the root mean square of $\dot K_m$ at the start is a "
    r"constant times $m^{-1}$.",
    source="derived here",
    method="Monte Carlo",
    tolerance=0.25,
    check=_kernel_speed_falls_like,
    formula=lambda width: 1 / width,
    falsifiers={
        r"$m^{-1/2}$, like the distance to the limit": lambda width: width**-0.5,
        r"$m^{-3/2}$": lambda width: width**-1.5,
        "no fall": lambda width: 1.0,
    },
)


# Any depth


@lru_cache(maxsize=12)
def _wide_networks(seed: int) -> tuple[Tensor, dict[str, Moments]]:
    """Four inputs, and for each activation the mean covariance and tangent kernel of 16 networks of widths 256, 256."""
    generator, found = Generator().manual_seed(seed), {}
    x = normal(generator, 4, 3)
    for activation in ("relu", "erf"):
        ensemble = draw_wide((3, 256, 256, 1), generator=generator, activation=activation, ensemble=(16,), **SCALES)
        hidden = ensemble.forward(x)[-1][0]
        covariance = (SCALES["weight_scale"] ** 2 * (hidden @ hidden.mT) / 256 + SCALES["bias_scale"] ** 2).mean(0)
        found[activation] = Moments(covariance, empirical_kernel(ensemble, x).mean(0))
    return x, found


def _is_near_wide_networks(kernels, generator: Generator) -> float:
    x, found = _wide_networks(generator.initial_seed())
    pairs = [(kernels(x, activation), expected) for activation, expected in found.items()]
    return max(relative_gap(a, b) for mine, expected in pairs for a, b in zip(mine, expected, strict=True))


def _deep(x: Tensor, activation: str, **changes) -> Moments:
    options = {"depth": 2, "activation": activation, **SCALES, **changes}
    return Moments(infinite_kernel(x, kind="nngp", **options), infinite_kernel(x, kind="ntk", **options))


def _without_slopes(x: Tensor, activation: str) -> Moments:
    each = [infinite_kernel(x, depth=k, activation=activation, kind="nngp", **SCALES) for k in range(3)]
    return Moments(each[2], sum(each))


limit = Claim(
    label="thm-ntk-limit",
    statement=r"$\Theta_{\ell+1} = \Sigma_{\ell+1} + \sigma_w^2 \dot\Sigma_{\ell+1} \Theta_\ell$ is the limit of $K$ "
    "as all hidden layers grow.",
    source=f"{JACOT}, theorem 1",
    method="Monte Carlo",
    tolerance=0.1,
    check=_is_near_wide_networks,
    formula=_deep,
    falsifiers={
        r"without the factor $\dot\Sigma$": _without_slopes,
        "without biases": lambda x, a: _deep(x, a, bias_scale=0.0),
        r"without $\sigma_w$": lambda x, a: _deep(x, a, weight_scale=1.0),
        "a layer less": lambda x, a: _deep(x, a, depth=1),
    },
)


# What the library carries from layer to layer


def _is_the_recursion(kernels, generator: Generator) -> float:
    x, z, worst = normal(generator, 6, 3), normal(generator, 5, 3), 0.0
    for activation in ("relu", "erf"):
        options = {"depth": 3, "activation": activation, **SCALES}
        expected = textbook_kernel(x, z, **options)
        found = kernels(x, z, **options)
        worst = max(worst, relative_gap(found, expected.slopes))
    return worst


stable = Claim(
    label="prop-ntk-versine",
    statement="The recursion for versines gives the same kernels as the one for covariances.",
    source="derived here",
    method="exact identity",
    tolerance=1e-11,
    check=_is_the_recursion,
    formula=infinite_kernel,
    falsifiers={
        "one layer more": lambda x, z, depth, **o: infinite_kernel(x, z, depth=depth + 1, **o),
        "biases of the wrong sign in the variance": lambda x, z, bias_scale, **o: infinite_kernel(
            x, z, bias_scale=0.0, **o
        ),
        "the angle kept from layer to layer": lambda x, z, **o: _same_angle(x, z, **o),
    },
)


def _same_angle(x: Tensor, z: Tensor, *, depth: int, activation: str, weight_scale: float, bias_scale: float) -> Tensor:
    """What the recursion gives if covariances kept their share of the deviations."""
    options = {"activation": activation, "weight_scale": weight_scale, "bias_scale": bias_scale}
    first = infinite_kernel(x, z, depth=0, **options)
    sizes = [
        [infinite_kernel(p, depth=k, kind="nngp", **options).diagonal().sqrt() for k in (0, depth)] for p in (x, z)
    ]
    return first * torch.outer(sizes[0][1], sizes[1][1]) / torch.outer(sizes[0][0], sizes[1][0])


# Positive semi-definite


def _has_no_negative_eigenvalue(kernel, generator: Generator) -> float:
    x = normal(generator, 30, 2)
    x = torch.cat([x, x[:5], -x[:5], 2 * x[:5], 0 * x[:1]])
    worst = 0.0
    for activation in ("relu", "erf"):
        for kind in ("ntk", "nngp"):
            grams = [kernel(x, depth=2, activation=activation, kind=kind, **SCALES)]
            if kernel is infinite_kernel and kind == "ntk":  # and that of a network with five neurons a layer
                network = draw_wide((2, 5, 5, 1), generator=generator, activation=activation, **SCALES)
                grams.append(empirical_kernel(network, x))
            for values in map(torch.linalg.eigvalsh, grams):
                worst = max(worst, float(-values[0] / values.abs().max()))
    return max(worst, 0.0)


def _other_angle(x: Tensor, *, depth: int, activation: str, kind: str, **scales) -> Tensor:
    """One ReLU layer with the angle in place of what it lacks from π."""
    first = infinite_kernel(x, depth=0, **scales)
    sizes = first.diagonal().sqrt()
    angle = torch.acos((first / torch.outer(sizes, sizes)).clamp(-1, 1))
    return (
        infinite_kernel(x, depth=1, kind="nngp", **scales) + scales["weight_scale"] ** 2 * angle / 2 / math.pi * first
    )


definite = Claim(
    label="prop-ntk-definite",
    statement="Every tangent kernel, at finite or infinite width, is positive semi-definite.",
    source="Gram matrices and their limits",
    method="exact identity",
    tolerance=1e-12,
    check=_has_no_negative_eigenvalue,
    formula=infinite_kernel,
    falsifiers={
        r"$\theta$ in place of $\pi - \theta$": _other_angle,
        "twice the covariance of outputs less the tangent kernel": lambda x, kind, **o: (
            2 * infinite_kernel(x, kind="nngp", **o) - infinite_kernel(x, **o)
        ),
        "entries to the power one half": lambda x, **o: infinite_kernel(x, **o).abs().sqrt(),
    },
)
