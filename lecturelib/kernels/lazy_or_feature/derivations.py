"""Derivations of the chapter `kernels/lazy_or_feature`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

N, P = sp.symbols("N P", integer=True, positive=True)
n, p = sp.symbols("n p", integer=True, positive=True)
alpha, s, y, q = sp.symbols("alpha s y q", positive=True)
g, r = sp.IndexedBase("g", real=True), sp.IndexedBase("r", real=True)
J = sp.IndexedBase("J", real=True)


def flow() -> Derivation:
    """The speed of F(x): g are the derivatives of f(x), J those of f(x_n), r_n is c' times y_n."""
    return Derivation(
        "eq-lazy-flow-chain",
        -sp.Sum(alpha * g[p] * (alpha * r[n] * J[n, p]) / (alpha**2 * N), (n, 1, N), (p, 1, P)),
        [
            Step(
                -sp.Sum(r[n] * g[p] * J[n, p], (n, 1, N), (p, 1, P)) / N,
                r"one $\alpha$ from $F$, one from the chain rule, $\alpha^{-2}$ from the loss",
            )
        ],
    )


def chain_speed() -> Derivation:
    """dt/dy of the time that a chain of D > 2 factors needs to F = y; in q = 1 − 2/D."""
    return Derivation(
        "eq-lazy-chain-speed",
        sp.Derivative(s * (1 - q) / (2 * q) * (1 - (1 + y / s) ** -q), y),
        [Step((1 - q) / 2 * (1 + y / s) ** (-q - 1), "the power is differentiated, $s$ and $q$ cancel")],
    )
