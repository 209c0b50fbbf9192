"""Derivations of the chapter `generative/adversarial`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

p, q = sp.symbols("p q", positive=True)


def value() -> Derivation:
    """What one place x adds to V where D is the best one; m is the mean of both densities."""
    m = sp.Symbol("m", positive=True)
    return Derivation(
        "eq-adv-value",
        p * sp.log(p / (p + q)) + q * sp.log(q / (p + q)),
        [
            Step(p * sp.log(p / (2 * m)) + q * sp.log(q / (2 * m)), "$p + q = 2m$"),
            Step(p * sp.log(p / m) + q * sp.log(q / m) - (p + q) * sp.log(2), "a logarithm of a quotient"),
        ],
        definitions={m: (p + q) / 2},
    )
