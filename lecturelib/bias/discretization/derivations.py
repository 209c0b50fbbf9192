"""Derivations of the chapter `bias/discretization`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

h = sp.Symbol("h", positive=True)


def imbalance() -> Derivation:
    """a² − b² after a step of descent on a loss of the product ab, whose slope is s."""
    a, b, s = sp.symbols("a b s", real=True)
    return Derivation(
        "eq-imbalance",
        (a - h * s * b) ** 2 - (b - h * s * a) ** 2,
        [
            Step(a**2 + h**2 * s**2 * b**2 - b**2 - h**2 * s**2 * a**2, r"the terms $\pm 2 h s\, ab$ cancel"),
            Step((a**2 - b**2) * (1 - h**2 * s**2), "a common factor"),
        ],
    )


def second_order() -> Derivation:
    """What f₂ has to be in one dimension, where the order-h³ part of the modified flow vanishes."""
    f, slope, bend = sp.symbols("f f' f''", real=True)
    first = -slope * f / 2
    first_slope = -(bend * f + slope**2) / 2
    return Derivation(
        "eq-second-order",
        -(slope * first + first_slope * f) / 2 - (slope**2 * f + bend * f**2) / 6,
        [
            Step(
                slope**2 * f / 3 + bend * f**2 / 12,
                r"$f_1 = -\frac12 f'f$ and $f_1' = -\frac12 (f''f + f'^2)$; $\frac12 - \frac16 = \frac13$, "
                r"$\frac14 - \frac16 = \frac1{12}$",
            ),
        ],
    )
