"""Derivations of the chapter `bias/complexity`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

b, tau, s, ridge = sp.symbols("b tau sigma lambda", positive=True)


def slope_of_risk() -> Derivation:
    """The derivative by the ridge of the error along one eigenvector."""
    error = b * (ridge / (s**2 + ridge)) ** 2 + tau * s**2 / (s**2 + ridge) ** 2
    return Derivation(
        "eq-complexity-slope",
        sp.Derivative(error, ridge),
        [
            Step(
                2 * b * ridge * s**2 / (s**2 + ridge) ** 3 - 2 * tau * s**2 / (s**2 + ridge) ** 3,
                r"the derivative of $\lambda/(\sigma^2 + \lambda)$ is $\sigma^2/(\sigma^2 + \lambda)^2$",
            ),
            Step(2 * s**2 * (b * ridge - tau) / (s**2 + ridge) ** 3, "taking out what both have"),
        ],
    )
