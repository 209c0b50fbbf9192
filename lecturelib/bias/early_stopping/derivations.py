"""Derivations of the chapter `bias/early_stopping`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

x = sp.Symbol("x", positive=True)


def quotient() -> Derivation:
    """The quotient of the parts of flow and ridge where it is largest, with E = eˣ = 1 + x + x²."""
    e = sp.Symbol("E", positive=True)
    return Derivation(
        "eq-stop-quotient",
        (1 - 1 / e) * (1 + x) / x,
        [
            Step((e - 1) * (1 + x) / (x * e), "one denominator"),
            Step((1 + x) ** 2 / e, "$E - 1 = x (1 + x)$"),
            Step(1 + x / e, "$(1 + x)^2 = E + x$"),
        ],
        definitions={e: 1 + x + x**2},
    )
