"""Derivations of the chapter `kernels/tangent_kernel`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

theta = sp.Symbol("theta", positive=True)
psi = sp.Symbol("psi", real=True)
FROM, TO = theta - sp.pi / 2, sp.pi / 2


def relu_values() -> Derivation:
    """E[φ(u) φ(v)] of the ReLU for variances 1 as an integral over directions; the mean squared radius is 2."""
    return Derivation(
        "eq-ntk-relu-values",
        sp.Integral(sp.cos(psi) * sp.cos(psi - theta), (psi, FROM, TO)) / sp.pi,
        [
            Step(
                sp.Integral(sp.cos(theta) + sp.cos(2 * psi - theta), (psi, FROM, TO)) / (2 * sp.pi),
                r"$2\cos\alpha\cos\beta = \cos(\alpha - \beta) + \cos(\alpha + \beta)$",
            ),
            Step(
                ((sp.pi - theta) * sp.cos(theta) + sp.sin(theta)) / (2 * sp.pi),
                r"length $\pi - \theta$; $\int \cos(2\psi - \theta)\,d\psi = \frac12 \sin(2\psi - \theta)$",
            ),
        ],
    )


def relu_slopes() -> Derivation:
    """E[φ'(u) φ'(v)] of the ReLU: the share of directions in which both are positive."""
    return Derivation(
        "eq-ntk-relu-slopes",
        sp.Integral(1 / (2 * sp.pi), (psi, FROM, TO)),
        [Step((sp.pi - theta) / (2 * sp.pi), "the length of the interval over the whole turn")],
    )


def versine() -> Derivation:
    """q q̃ less the covariance, without a difference of nearly equal numbers; G = σ_b² σ_w² (q₁ − q₂)² / 2."""
    w2, b2, one, two = sp.symbols("w b q_1 q_2", positive=True)
    lost = sp.Symbol("tau", positive=True)
    left, right, c = sp.symbols(r"q \tilde{q} c", positive=True)
    deviations = {left: sp.sqrt(w2 * one**2 / 2 + b2), right: sp.sqrt(w2 * two**2 / 2 + b2), c: w2 * one * two / 2}
    return Derivation(
        "eq-ntk-versine",
        left * right - c * (1 - lost) - b2,
        [
            Step((left * right - (c + b2)) + c * lost, "what parallel inputs give, and what the angle takes away"),
            Step(
                (left**2 * right**2 - (c + b2) ** 2) / (left * right + c + b2) + c * lost,
                r"$\alpha - \beta = (\alpha^2 - \beta^2) / (\alpha + \beta)$",
            ),
            Step(
                b2 * w2 * (one - two) ** 2 / (2 * (left * right + c + b2)) + c * lost,
                r"$q^2 \tilde q^2 = (w q_1^2/2 + b)(w q_2^2/2 + b)$ and $c = w q_1 q_2 / 2$",
            ),
        ],
        definitions=deviations,
    )
