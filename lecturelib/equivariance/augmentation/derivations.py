"""Derivations of the chapter `equivariance/augmentation`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

k, a = sp.symbols("k a", positive=True)
theta, t = sp.symbols("theta t", real=True)


def wave() -> Derivation:
    """What is left of a wave with k periods after a mean over shifts up to a."""
    return Derivation(
        "eq-aug-wave",
        sp.Integral(sp.cos(k * (theta - t)), (t, -a, a)) / (2 * a),
        [
            Step(
                sp.Integral(sp.cos(k * theta) * sp.cos(k * t), (t, 0, a)) / a,
                r"$\sin k\theta \sin kt$ is odd in $t$, the rest is even",
            ),
            Step(sp.cos(k * theta) * sp.sin(k * a) / (k * a), "the integral of a cosine"),
        ],
    )
