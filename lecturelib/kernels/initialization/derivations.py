"""Derivations of the chapter `kernels/initialization`."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

k = sp.Symbol("k", integer=True, positive=True)
rho, q = sp.symbols("rho q", positive=True)
beta = sp.Symbol("sigma_b", positive=True)
z = sp.Symbol("xi", real=True)


def one_layer() -> Derivation:
    """One layer multiplies the distance to the fixed point by ρ."""
    fixed = sp.Symbol("q_*", positive=True)
    return Derivation(
        "eq-deepinit-fixed",
        rho * q + beta**2 / 2,
        [
            Step(rho * q + (1 - rho) * fixed, r"$q_* = \sigma_b^2 / (2 (1 - \rho))$"),
            Step(fixed + rho * (q - fixed), r"what is multiplied by $\rho$ is collected"),
        ],
        definitions={fixed: beta**2 / (2 * (1 - rho))},
    )


def fourth_of_a_neuron() -> Derivation:
    """E (ξ)₊⁴ for standard normal ξ."""
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    return Derivation(
        "eq-deepinit-neuron",
        sp.Integral(z**4 * density, (z, 0, sp.oo)),
        [
            Step(sp.Integral(z**4 * density, (z, -sp.oo, sp.oo)) / 2, r"$\xi^4$ and the density are even"),
            Step(sp.Rational(3, 2), "the fourth moment of a standard normal number is 3"),
        ],
    )


def fourth_of_a_layer() -> Derivation:
    """E (Σ (ξ_i)₊²)² over k independent neurons."""
    return Derivation(
        "eq-deepinit-layer",
        k * sp.Rational(3, 2) + k * (k - 1) * sp.Rational(1, 2) ** 2,
        [
            Step((k**2 + 5 * k) / 4, "collected"),
            Step((k / 2) ** 2 * (1 + 5 / k), "relative to the square of the mean, $k/2$"),
        ],
    )
