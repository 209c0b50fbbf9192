"""A differential equation that a change of variables makes simple, step by step."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step


def straightened() -> Derivation:
    """y' = y/x + y²/x³ in the variables r = y/x and s = −1/x: dr/ds = r²."""
    x, y = sp.symbols("x y", positive=True)
    slope, r = sp.Symbol("y'"), sp.Symbol("r")
    rate = lambda of: sp.diff(of, x) + sp.diff(of, y) * slope  # noqa: E731
    start = sp.Symbol("r'") / sp.Symbol("s'")
    return Derivation(
        "eq-interp-straight",
        start,
        [
            Step((x * slope - y) / x**2 * x**2, "with $r' = (x y' - y)/x^2$ and $s' = 1/x^2$"),
            Step(x * (y / x + y**2 / x**3) - y, "by the equation for $y'$"),
            Step(y**2 / x**2, "the terms without a square cancel"),
            Step(r**2, "by the definition of $r$"),
        ],
        {sp.Symbol("r'"): rate(y / x), sp.Symbol("s'"): rate(-1 / x), slope: y / x + y**2 / x**3, r: y / x},
    )
