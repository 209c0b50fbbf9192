"""Derivations of the chapter `splines/regimes`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

beta, x, z = sp.symbols("beta x z", real=True)
size = sp.Symbol("B", positive=True)


def speed_of_a_delta_slope() -> Derivation:
    """The product rule for μ = w v at the point α of the orbit, with pull P and tilt T."""
    w, v = sp.symbols("w v", real=True)
    pull, tilt = sp.symbols("P T", real=True)
    alpha = sp.Symbol("alpha", positive=True)
    return Derivation(
        "eq-reg-speed",
        -(v / alpha * tilt) * (v / alpha) - alpha * w * (alpha * w * tilt - alpha * w * beta * pull),
        [
            Step(-(alpha**2) * w**2 * (tilt - beta * pull) - v**2 * tilt / alpha**2, "the powers collected"),
        ],
    )


def kernel_of_hinges() -> Derivation:
    """Both orientations for x < z: the product of hinges is one quadratic, but zero between x and z."""
    product = (x - beta) * (z - beta)
    return Derivation(
        "eq-reg-hinges",
        sp.Integral(product, (beta, -size, size)) - sp.Integral(product, (beta, x, z)),
        [
            Step(2 * size**3 / 3 + 2 * size * x * z + (z - x) ** 3 / 6, "both integrals done"),
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
    """The second derivative of the arc-cosine kernel by x for x < z, with c = π − arctan z."""
    c = sp.Symbol("c", real=True)
    return Derivation(
        "eq-reg-arc",
        sp.Derivative(z - x + (c + sp.atan(x)) * (1 + x * z), (x, 2)),
        [
            Step(2 * (z - x) / (1 + x**2) ** 2, r"$(\arctan x)' = 1 / (1 + x^2)$, twice"),
        ],
    )
