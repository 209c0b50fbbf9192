"""Derivations of the chapter `generative/flows`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

a, z, s = (sp.IndexedBase(name, real=True) for name in (r"a", r"\delta z", r"\delta\theta"))
A, B = sp.IndexedBase("A", real=True), sp.IndexedBase("B", real=True)
d, m = sp.symbols("d m", positive=True, integer=True)
i, j, p = sp.symbols("i j p", integer=True)


def adjoint() -> Derivation:
    """The rate of aᵀ δz, where A = ∂f/∂z and B = ∂f/∂θ: only the parameters are left."""
    turned = sp.Sum(-a[i] * A[i, j] * z[j], (i, 0, d - 1), (j, 0, d - 1))
    moved = sp.Sum(a[i] * A[i, j] * z[j], (j, 0, d - 1), (i, 0, d - 1))
    pushed = sp.Sum(a[i] * B[i, p] * s[p], (p, 0, m - 1), (i, 0, d - 1))
    return Derivation(
        "eq-flow-adjoint",
        turned + moved + pushed,
        [Step(pushed, "the first two sums have the same terms, with opposite signs")],
    )


def area() -> Derivation:
    """The rate of the determinant of M = (p q; r s) in the plane, where Ṁ = A M with A = (a b; c e)."""
    p, q, r, s = sp.symbols("p q r s", real=True)
    a, b, c, e = sp.symbols("a b c e", real=True)
    return Derivation(
        "eq-flow-area",
        (a * p + b * r) * s + p * (c * q + e * s) - (a * q + b * s) * r - q * (c * p + e * r),
        [
            Step(a * (p * s - q * r) + e * (p * s - q * r), "the terms with $b$, and those with $c$, cancel"),
            Step((a + e) * (p * s - q * r), "the trace of $A$ times the determinant of $M$"),
        ],
    )


def bent() -> Derivation:
    """wᵀû in the plane, with a number m that may be chosen."""
    u, v, w, x, m = sp.symbols("u_1 u_2 w_1 w_2 m", real=True)
    square = sp.Symbol("q", positive=True)
    missing = m - w * u - x * v
    return Derivation(
        "eq-flow-bent",
        w * (u + missing * w / square) + x * (v + missing * x / square),
        [
            Step(w * u + x * v + missing * (w**2 + x**2) / square, "collect $w_1 u_1 + w_2 u_2$"),
            Step(m, r"$q = w_1^2 + w_2^2$ cancels; $\lVert w \rVert$ in its place would not"),
        ],
        definitions={square: w**2 + x**2},
    )
