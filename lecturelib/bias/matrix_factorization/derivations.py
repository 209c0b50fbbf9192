"""Derivations of the chapter `bias/matrix_factorization`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

a = sp.Symbol("a", positive=True)
sigma, s, g, n = sp.symbols("sigma s g N", positive=True)
t = sp.Symbol("t", real=True)


def corner() -> Derivation:
    """The least |w₁₁| that residuals with a given loss allow, where both of its residuals are a."""
    loss = sp.Symbol("ell", positive=True)
    return Derivation(
        "eq-completion-corner",
        (1 - a) ** 2 / sp.sqrt(2 * loss - 2 * a**2),
        [
            Step((1 - a) ** 2 / sp.sqrt(a - a**2), r"$2 \ell = a + a^2$"),
            Step((1 - a) ** 2 / (sp.sqrt(a) * sp.sqrt(1 - a)), "$a - a^2 = a (1 - a)$"),
            Step((1 - a) ** sp.Rational(3, 2) / sp.sqrt(a), "one power of $1 - a$, less a half"),
        ],
        definitions={loss: (a + a**2) / 2},
        domains={a: (0.01, 0.5)},
    )


def power_of_a_mode() -> Derivation:
    """How fast σ^{−(1 − 2/N)} changes when σ̇ = N σ^{2 − 2/N} g: at a constant speed."""
    speed = n * sigma ** (2 - 2 / n) * g
    return Derivation(
        "eq-completion-power",
        -(1 - 2 / n) * sigma ** (-(1 - 2 / n) - 1) * speed,
        [
            Step(-(1 - 2 / n) * n * g, "the powers of $\\sigma$ cancel"),
            Step(-(n - 2) * g, "multiplied out"),
        ],
    )


def logistic_curve() -> Derivation:
    """The logistic curve solves σ̇ = 2 σ (s − σ)."""
    start = sp.Symbol("sigma_0", positive=True)
    curve = s / (1 + (s / start - 1) * sp.exp(-2 * s * t))
    return Derivation(
        "eq-completion-logistic",
        sp.Derivative(curve, t),
        [
            Step(2 * s**2 * (s / start - 1) * sp.exp(-2 * s * t) / (1 + (s / start - 1) * sp.exp(-2 * s * t)) ** 2,
                 "the derivative"),
            Step(2 * curve * (s - curve), r"with $\sigma = s / (1 + (s/\sigma_0 - 1) e^{-2 s t})$ put in"),
        ],
    )  # fmt: skip
