"""Derivations of the chapter `splines/regimes`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

beta, x = sp.symbols("beta x", real=True)
size = sp.Symbol("B", positive=True)
distance = sp.Symbol("h", positive=True)


def speed_of_a_delta_slope() -> Derivation:
    """The product rule for μ = w v at the point α of the orbit, with r₁ and r_x for the sums over active data."""
    w, v = sp.symbols("w v", real=True)
    pull, tilt = sp.symbols("r_1 r_x", real=True)
    alpha = sp.Symbol("alpha", positive=True)
    return Derivation(
        "eq-reg-speed",
        -(v / alpha * tilt) * (v / alpha) - alpha * w * (alpha * w * tilt - alpha * w * beta * pull),
        [
            Step(-(alpha**2) * w**2 * (tilt - beta * pull) - v**2 * tilt / alpha**2, "the powers collected"),
        ],
    )


def kernel_of_hinges() -> Derivation:
    """Both orientations, for x and z = x + h, h > 0: hinges that face right reach up to x, others down to z."""
    z = x + distance
    product = (x - beta) * (z - beta)
    return Derivation(
        "eq-reg-hinges",
        sp.Integral(product, (beta, -size, x)) + sp.Integral(product, (beta, z, size)),
        [
            Step(
                sp.Integral(product, (beta, -size, size)) - sp.Integral(product, (beta, x, z)),
                "the integrand is the same, what lies between $x$ and $z$ is missing",
            ),
            Step(2 * size**3 / 3 + 2 * size * x * z + distance**3 / 6, "both integrals done"),
        ],
    )


def price_of_a_line() -> Derivation:
    """The least ∫ d² for given D₀ = ∫ d and D₁ = ∫ β d, where d is a straight line."""
    zeroth, first = sp.symbols("D_0 D_1", real=True)
    line = zeroth / (2 * size) + 3 * first * beta / (2 * size**3)
    return Derivation(
        "eq-reg-line",
        sp.Integral(line**2, (beta, -size, size)),
        [
            Step(zeroth**2 / (2 * size) + 3 * first**2 / (2 * size**3), "the odd part of the square integrates to 0"),
        ],
    )


def bending_of_gaussian_weights() -> Derivation:
    """The second derivative of the arc-cosine kernel by x, for z = x + h with h > 0 held."""
    z = sp.Symbol("z", real=True)
    kernel = (z - x) + (sp.pi - sp.atan(z) + sp.atan(x)) * (1 + x * z)
    slope = -1 + (1 + x * z) / (1 + x**2) + z * (sp.pi - sp.atan(z) + sp.atan(x))
    return Derivation(
        "eq-reg-arc",
        sp.Derivative(kernel, (x, 2)),
        [
            Step(sp.Derivative(slope, x), r"$(\arctan x)' = 1 / (1 + x^2)$"),
            Step(2 * (z - x) / (1 + x**2) ** 2, "once more"),
        ],
    )
