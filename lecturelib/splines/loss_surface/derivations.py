"""Derivations of the chapter `splines/loss_surface`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

x, beta, mu, residual = sp.symbols("x beta mu varepsilon", real=True)


def seen_datum() -> Derivation:
    """What a datum adds to the loss when it is seen: ε is its residual while it is not."""
    return Derivation(
        "eq-loss-seen",
        (mu * (x - beta) + residual) ** 2 / 2 - residual**2 / 2,
        [
            Step(mu * residual * (x - beta) + mu**2 * (x - beta) ** 2 / 2, "the square written out"),
        ],
    )


def share_alone() -> Derivation:
    """The mean share of data that are alone, from the number of partitions."""
    width, points = sp.symbols("H N", integer=True, positive=True)
    total = sp.factorial(width + points) / (sp.factorial(width) * sp.factorial(points))
    rest = sp.factorial(width + points - 2) / (sp.factorial(width - 1) * sp.factorial(points - 1))
    return Derivation(
        "eq-loss-alone",
        (width + 1) / points * rest / total,
        [
            Step(
                width * (width + 1) * sp.factorial(width + points - 2) / sp.factorial(width + points),
                r"$H!/(H-1)! = H$ and $N!/(N-1)! = N$",
            ),
            Step(width * (width + 1) / ((width + points) * (width + points - 1)), "the factorials cancelled"),
        ],
    )


def share_alone_in_the_limit() -> Derivation:
    """The share of data that are alone, at one place: 1 less a neighbour on either side, which counts both twice."""
    q, rate, t = sp.symbols("q lambda t", positive=True)
    neighbour = sp.Integral(q * sp.exp(-rate * t), (t, 0, sp.oo))
    both = sp.Integral(q**2 * t * sp.exp(-rate * t), (t, 0, sp.oo))
    return Derivation(
        "eq-loss-alone-rates",
        q * (1 - 2 * neighbour + both),
        [
            Step(q * (1 - 2 * q / rate + q**2 / rate**2), "both integrals"),
            Step(q * ((rate - q) / rate) ** 2, "a square"),
        ],
    )


def crowding_of_he() -> Derivation:
    """∫ q²/p over [−a, a] for uniform data and a standard Cauchy law of breakpoints."""
    reach = sp.Symbol("a", positive=True)
    return Derivation(
        "eq-loss-crowding",
        sp.Integral(sp.pi * (1 + x**2) / (4 * reach**2), (x, -reach, reach)),
        [
            Step(sp.pi / (4 * reach**2) * (2 * reach + 2 * reach**3 / 3), "the integral of a polynomial"),
            Step(sp.pi / 2 * (1 / reach + reach / 3), "shortened"),
        ],
    )
