"""Derivations of the chapter `kernels/spectral_bias`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

gamma = sp.Symbol("gamma", positive=True)


def kernel(angle: sp.Expr) -> sp.Expr:
    """The tangent kernel of one ReLU layer without biases for inputs at an angle, up to a constant factor."""
    return sp.sin(angle) + 2 * (sp.pi - angle) * sp.cos(angle)


def opposite() -> Derivation:
    """Half the difference of the kernel at an angle and at the opposite one: all that odd frequencies see."""
    return Derivation(
        "eq-spec-odd",
        (kernel(gamma) - kernel(sp.pi - gamma)) / 2,
        [
            Step(
                (2 * (sp.pi - gamma) * sp.cos(gamma) + 2 * gamma * sp.cos(gamma)) / 2,
                r"$\sin(\pi - \gamma) = \sin\gamma$ and $\cos(\pi - \gamma) = -\cos\gamma$",
            ),
            Step(sp.pi * sp.cos(gamma), "the angle itself cancels"),
        ],
    )
