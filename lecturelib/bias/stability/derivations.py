"""Derivations of the chapter `bias/stability`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

u, v, lam = sp.symbols("u v lambda", real=True)
p, q = sp.symbols("p q", real=True)


def valley_in_other_axes() -> Derivation:
    """The valley with a penalty in the axes along and across the diagonal."""
    loss = (u * v - 1) ** 2 / 2 + lam * (u**2 + v**2) / 2
    return Derivation(
        "eq-sta-axes",
        loss,
        [
            Step(((p**2 - q**2) / 2 - 1) ** 2 / 2 + lam * (p**2 + q**2) / 2,
                 r"$u = (p + q)/\sqrt2$ and $v = (p - q)/\sqrt2$"),
            Step((p**2 - q**2 - 2 * (1 - lam)) ** 2 / 8 + lam * q**2 + lam * (2 - lam) / 2, "completing the square"),
        ],
        definitions={u: (p + q) / sp.sqrt(2), v: (p - q) / sp.sqrt(2)},
    )  # fmt: skip


def noise_at_a_constant_rate() -> Derivation:
    """The variance at which a constant rate comes to rest."""
    gamma = sp.Symbol("gamma", positive=True)
    s = sp.Symbol("s", positive=True)
    rest = gamma * s**2 / (2 - gamma)
    return Derivation(
        "eq-sta-rest",
        (1 - gamma) ** 2 * rest + gamma**2 * s**2,
        [
            Step(((1 - gamma) ** 2 + gamma * (2 - gamma)) * gamma * s**2 / (2 - gamma), "a common denominator"),
            Step(rest, r"$(1 - \gamma)^2 + 2\gamma - \gamma^2 = 1$"),
        ],
        domains={gamma: (0.1, 1.9)},
    )
