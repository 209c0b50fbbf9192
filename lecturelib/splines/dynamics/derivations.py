"""Derivations of the chapter `splines/dynamics`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

beta, mu = sp.symbols("beta mu", real=True)
b, v, P, T = sp.symbols("b v P T", real=True)
w = sp.Symbol("w", positive=True)
AS_WEIGHTS = {beta: -b / w, mu: w * v}


def breakpoint_speed() -> Derivation:
    """How −b/w moves when w and b follow minus their gradients v T and v P."""
    return Derivation(
        "eq-dyn-beta",
        b / w**2 * (-v * T) - (-v * P) / w,
        [
            Step(v / w * (P - b / w * T), r"$v / w$ taken out"),
            Step(v / w * (P + beta * T), r"$\beta = -b/w$"),
        ],
        definitions=AS_WEIGHTS,
    )


def delta_slope_speed() -> Derivation:
    """How w v moves when v follows minus its gradient w T + b P, and w as above."""
    return Derivation(
        "eq-dyn-mu",
        v * (-v * T) + w * (-(w * T + b * P)),
        [
            Step(-(v**2 + w**2) * T - w * b * P, "sorted by $T$ and $P$"),
            Step(-(v**2) * T - w**2 * (T - beta * P), r"$b = -w \beta$"),
        ],
        definitions=AS_WEIGHTS,
    )


def imbalance_in_spline_terms() -> Derivation:
    """The conserved quantity in terms of the spline and w²."""
    return Derivation(
        "eq-dyn-imbalance",
        w**2 + b**2 - v**2,
        [
            Step((1 + beta**2) * w**2 - v**2, r"$b = -w \beta$"),
            Step((1 + beta**2) * w**2 - mu**2 / w**2, r"$v = \mu / w$"),
        ],
        definitions=AS_WEIGHTS,
    )


def discriminant() -> Derivation:
    """What stands under the root is a square."""
    q = sp.Symbol("q", real=True)
    return Derivation(
        "eq-dyn-root",
        q**2 + 4 * (1 + beta**2) * mu**2,
        [
            Step((w**2 + b**2 - v**2) ** 2 + 4 * (w**2 + b**2) * v**2, r"$(1 + \beta^2) \mu^2 = (w^2 + b^2) v^2$"),
            Step((w**2 + b**2 + v**2) ** 2, "$(a - c)^2 + 4 a c = (a + c)^2$"),
        ],
        definitions={**AS_WEIGHTS, q: w**2 + b**2 - v**2},
    )


def slope_of_the_potential() -> Derivation:
    """Between data P and T are constant, and ψ is the slope of the potential up to a factor."""
    return Derivation(
        "eq-dyn-slope",
        -((1 + beta**2) ** sp.Rational(3, 2)) * sp.Derivative((T - beta * P) / sp.sqrt(1 + beta**2), beta),
        [
            Step((1 + beta**2) * P + beta * (T - beta * P), "the quotient rule"),
            Step(P + beta * T, r"$\beta^2 P$ cancels"),
        ],
    )


def same_story() -> Derivation:
    """What one point z with residual ε does, through one neuron, to the value at x: laws of motion and kernel agree."""
    x, z, epsilon = sp.symbols("x z epsilon", real=True)
    speed_beta, speed_mu = sp.symbols(r"\dot{\beta} \dot{\mu}", real=True)
    laws = {
        speed_beta: v / w * (1 + beta * z) * epsilon,
        speed_mu: -(v**2 + w**2) * epsilon * z - w * b * epsilon,
    }
    return Derivation(
        "eq-dyn-same-story",
        speed_mu * (x - beta) - mu * speed_beta,
        [
            Step(-epsilon * (v**2 * (1 + x * z) + w**2 * (x - beta) * (z - beta)), r"the laws of motion"),
            Step(-epsilon * (v**2 * (1 + x * z) + (w * x + b) * (w * z + b)), r"$w(x - \beta) = w x + b$"),
        ],
        definitions={**AS_WEIGHTS, **laws},
    )
