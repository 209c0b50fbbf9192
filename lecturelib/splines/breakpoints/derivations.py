"""Derivations of the chapter `splines/breakpoints`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step, relu

x = sp.Symbol("x", real=True)
beta, mu = sp.symbols("beta mu", real=True)
b, v = sp.symbols("b v", real=True)
w = sp.Symbol("w", positive=True)


def hinge_to_the_right() -> Derivation:
    """A neuron with w > 0 in terms of its breakpoint and delta-slope."""
    return Derivation(
        "eq-hinge-right",
        v * relu(w * x + b),
        [
            Step(v * relu(w * (x - beta)), r"$b = -w\beta$"),
            Step(w * v * relu(x - beta), r"a positive factor can be taken out of $(\cdot)_+$"),
            Step(mu * relu(x - beta), r"$\mu = w v$"),
        ],
        definitions={beta: -b / w, mu: w * v},
    )


def hinge_to_the_left() -> Derivation:
    """The same for a neuron whose weight −|w| is negative: active, with slope μ, to the left."""
    size = sp.Symbol(r"\lvert w \rvert", positive=True)
    return Derivation(
        "eq-hinge-left",
        v * relu(-size * x + b),
        [
            Step(v * relu(size * (beta - x)), r"$b = \lvert w \rvert \beta$"),
            Step(size * v * relu(beta - x), r"a positive factor can be taken out of $(\cdot)_+$"),
            Step(-mu * relu(beta - x), r"$\mu = -\lvert w \rvert v$"),
        ],
        definitions={beta: b / size, mu: -size * v},
    )


def turn_round() -> Derivation:
    """A hinge that faces left is one that faces right, minus a straight line."""
    jump = sp.Symbol("kappa", real=True)
    return Derivation(
        "eq-turn",
        jump * relu(beta - x),
        [
            Step(jump * (relu(x - beta) - (x - beta)), "$(-z)_+ = (z)_+ - z$"),
            Step(jump * relu(x - beta) - jump * x + jump * beta, "written out"),
        ],
    )


def least_norm() -> Derivation:
    """The squared norm along the orbit, with q = √(w² + b²): a square and what is left when it vanishes."""
    alpha, q = sp.symbols("alpha q", positive=True)
    size = sp.Symbol(r"\lvert v \rvert", positive=True)
    return Derivation(
        "eq-least-norm",
        alpha**2 * q**2 + size**2 / alpha**2,
        [Step((alpha * q - size / alpha) ** 2 + 2 * q * size, "completing the square")],
    )


def spike() -> Derivation:
    """A hinge tested against the second derivative of a bump gives the value of the bump at the breakpoint."""
    bump = sp.exp(-(x**2) / 2)
    return Derivation(
        "eq-spike",
        sp.Integral((x - beta) * sp.diff(bump, x, 2), (x, beta, sp.oo)),
        [
            Step(-sp.Integral(sp.diff(bump, x), (x, beta, sp.oo)), "by parts; the boundary terms are 0"),
            Step(bump.subs(x, beta), "the integral of a derivative"),
        ],
    )


def taylor() -> Derivation:
    """Taylor's formula at 0 with its remainder, for a sine: an average of hinges weighted by the second derivative."""
    omega = sp.Symbol("omega", positive=True)
    wave = sp.sin(omega * beta)
    return Derivation(
        "eq-taylor",
        omega * x + sp.Integral(sp.diff(wave, beta, 2) * (x - beta), (beta, 0, x)),
        [
            Step(sp.Integral(sp.diff(wave, beta), (beta, 0, x)), r"by parts, with $x - \beta$ as one factor"),
            Step(sp.sin(omega * x), "the integral of a derivative"),
        ],
    )


def bends() -> Derivation:
    """The squared slope jump per unit length of a Gaussian network: an integral over its input weights."""
    u, a = sp.symbols("w lambda", positive=True)
    sw, sb, sv = sp.symbols("sigma_w sigma_b sigma_v", positive=True)
    return Derivation(
        "eq-bends",
        2 * sv**2 * sp.Integral(u**3 * sp.exp(-a * u**2 / 2) / (2 * sp.pi * sw * sb), (u, 0, sp.oo)),
        [
            Step(2 * sv**2 / (sp.pi * sw * sb * a**2), r"$\int_0^\infty w^3 e^{-\lambda w^2/2}\,dw = 2/\lambda^2$"),
            Step(
                2 * sv**2 * sw**3 * sb**3 / (sp.pi * (sb**2 + sw**2 * x**2) ** 2),
                r"$\lambda = 1/\sigma_w^2 + x^2/\sigma_b^2$",
            ),
        ],
        definitions={a: 1 / sw**2 + x**2 / sb**2},
    )
