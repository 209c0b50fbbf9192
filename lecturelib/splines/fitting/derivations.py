"""Derivations of the chapter `splines/fitting`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

c, t, e, a, d = sp.symbols("c t e a d", real=True)
h = sp.Symbol("h", positive=True)
n, more = sp.symbols("n q", integer=True, positive=True)


def one_point_more() -> Derivation:
    """What a new point costs in all, when the line moves by α + γ d at the distance d from the mean.

    With α = a/(n h) and γ = a d/(S h) it moves by a at the new point.
    """
    spread = sp.Symbol("S", positive=True)
    return Derivation(
        "eq-fit-update",
        n * (a / (n * h)) ** 2
        + spread * (a * d / (spread * h)) ** 2
        + (e - a / (n * h) - a * d**2 / (spread * h)) ** 2,
        [
            Step(a**2 / h + (e - a) ** 2, r"$h = \frac1n + \frac{d^2}{S}$"),
            Step((1 + h) / h * a**2 - 2 * e * a + e**2, "sorted by powers of $a$"),
            Step((1 + h) / h * (a - e * h / (1 + h)) ** 2 + e**2 / (1 + h), "completing the square in $a$"),
        ],
        definitions={h: 1 / n + d**2 / spread},
    )


def a_piece_of_a_parabola() -> Derivation:
    """Squared residual of c t²/2 on an interval of length Δ about its best line, which is flat."""
    width = sp.Symbol("Delta", positive=True)
    return Derivation(
        "eq-fit-piece",
        sp.Integral((c * t**2 / 2 - c * width**2 / 24) ** 2, (t, -width / 2, width / 2)),
        [
            Step(
                c**2 / 4 * sp.Integral(t**4 - width**2 * t**2 / 6 + width**4 / 144, (t, -width / 2, width / 2)),
                "the square written out",
            ),
            Step(c**2 * width**5 / 720, r"term by term, $\tfrac14 (\tfrac1{80} - \tfrac1{72} + \tfrac1{144})$"),
        ],
    )


def samples_of_a_parabola() -> Derivation:
    """The same for n samples at spacing 1, about their mean c (n² − 1)/24."""
    i = sp.Symbol("i", integer=True)
    place = i - (n + 1) / 2
    return Derivation(
        "eq-fit-samples",
        sp.Sum((c * place**2 / 2 - c * (n**2 - 1) / 24) ** 2, (i, 1, n)),
        [
            Step(c**2 * (n**5 - 5 * n**3 + 4 * n) / 720, "sums of powers"),
            Step(c**2 * n * (n**2 - 1) * (n**2 - 4) / 720, "factored"),
        ],
    )


def where_pieces_meet() -> Derivation:
    """Where the best lines of n and q neighbouring samples of x²/2 meet; m is the middle of the first."""
    m = sp.Symbol("m", real=True)
    other = sp.Symbol("M", real=True)
    return Derivation(
        "eq-fit-meet",
        ((other**2 - m**2) / 2 + (n**2 - more**2) / 24) / (other - m),
        [
            Step((m + other) / 2 + (n**2 - more**2) / (24 * (other - m)), "divided"),
            Step(m + n / 2 + (more - n) / 6, "$M - m = (n + q)/2$"),
        ],
        definitions={other: m + (n + more) / 2},
    )
