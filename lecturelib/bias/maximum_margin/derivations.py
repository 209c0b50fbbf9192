"""Derivations of `bias/maximum_margin`; the label of each is that of its equation."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step


def guess() -> Derivation:
    """The force of a support vector along v(t) = ŵ ln t + ρ*, with m = ŵ·z_i = 1 and r = ρ*·z_i = −ln α_i."""
    t, alpha, m, r = (sp.Symbol(name, positive=True) for name in ("t", "alpha_i", "m", "r"))
    return Derivation(
        "eq-margin-guess",
        t * sp.exp(-(m * sp.log(t) + r)),
        [
            Step(t ** (1 - m) * sp.exp(-r), r"$m = \hat w \cdot z_i$ and $r = \rho^* \cdot z_i$"),
            Step(alpha, r"a support vector has $m = 1$, and $e^{-r} = \alpha_i$"),
        ],
        definitions={m: sp.Integer(1), r: -sp.log(alpha)},
    )
