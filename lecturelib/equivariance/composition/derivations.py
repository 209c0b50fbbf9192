"""Derivations of the chapter `equivariance/composition`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

a, x, y = sp.symbols("a x y", positive=True)


def pair() -> Derivation:
    """Four units for a product, their activation replaced by the first terms of its series about the bias."""
    terms = sp.symbols("s:5", positive=True)

    def unit(z: sp.Expr) -> sp.Expr:
        return sum(s * z**k / sp.factorial(k) for k, s in enumerate(terms))

    four = unit(a * (x + y)) + unit(-a * (x + y)) - unit(a * (x - y)) - unit(-a * (x - y))
    second, fourth = terms[2], terms[4]
    return Derivation(
        "eq-comp-pair",
        four / (4 * a**2 * second),
        [
            Step(
                (4 * a**2 * second * x * y + a**4 * fourth * (8 * x**3 * y + 8 * x * y**3) / 12) / (4 * a**2 * second),
                "the squares and the fourth powers multiplied out",
            ),
            Step(x * y * (1 + fourth * a**2 * (x**2 + y**2) / (6 * second)), "taking out $xy$"),
        ],
    )
