"""Derivations of the chapter `splines/initialization`; the label of each is that of its equation there."""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

w, t = sp.symbols("w t", positive=True)
beta, mu = sp.symbols("beta mu", positive=True)  # the densities are even, so positive values say everything
sw, sb, sv, r = sp.symbols("sigma_w sigma_b sigma_v r", positive=True)
aw, ab, av, m = sp.symbols("a_w a_b a_v m", positive=True)
H = sp.Symbol("H", positive=True)
SMALL = (sp.Rational(1, 2), 2)


def completed_square() -> Derivation:
    """The exponent of the joint density for Gaussian weights as a square and a rest that does not depend on w."""
    a, c = sp.symbols("a c", positive=True)
    return Derivation(
        "eq-init-square",
        a * w**2 / 2 + c / (2 * w**2),
        [Step((sp.sqrt(a) * w - sp.sqrt(c) / w) ** 2 / 2 + sp.sqrt(a) * sp.sqrt(c), "completing the square")],
    )


def gaussian_joint() -> Derivation:
    """The joint density for Gaussian weights, both signs of the input weight, once the square has been integrated."""
    a, c = sp.symbols("a c", positive=True)
    constant = 2 / ((2 * sp.pi) ** sp.Rational(3, 2) * sw * sb * sv)
    rest = sp.exp(-sp.sqrt(a) * sp.sqrt(c))
    return Derivation(
        "eq-init-gaussian-joint",
        constant * rest * sp.Integral(sp.exp(-(t**2) / 2), (t, 0, sp.oo)) / sp.sqrt(a),
        [
            Step(rest / (2 * sp.pi * sw * sb * sv * sp.sqrt(a)), r"$\int_0^\infty e^{-t^2/2}\,dt = \sqrt{\pi/2}$"),
            Step(
                sp.exp(-mu * r / (sw * sb * sv)) / (2 * sp.pi * sv * r),
                r"$a = r^2/(\sigma_w \sigma_b)^2$, $r^2 = \sigma_b^2 + \sigma_w^2\beta^2$, and $c = \mu^2/\sigma_v^2$",
            ),
        ],
        definitions={a: r**2 / (sw * sb) ** 2, c: mu**2 / sv**2},
    )


def gaussian_breakpoint() -> Derivation:
    """The marginal density of breakpoints for Gaussian weights."""
    return Derivation(
        "eq-init-gaussian-breakpoint",
        2 * sp.Integral(sp.exp(-mu * r / (sw * sb * sv)) / (2 * sp.pi * sv * r), (mu, 0, sp.oo)),
        [
            Step(sw * sb / (sp.pi * r**2), r"$\int_0^\infty e^{-\mu/k}\,d\mu = k$"),
            Step(sw * sb / (sp.pi * (sb**2 + sw**2 * beta**2)), r"$r^2 = \sigma_b^2 + \sigma_w^2 \beta^2$"),
        ],
        definitions={r: sp.sqrt(sb**2 + sw**2 * beta**2)},
    )


def gaussian_delta_slope() -> Derivation:
    """The integrand of the marginal density of delta-slopes for Gaussian weights, in a variable that makes it known."""
    size = sw * sv
    root = sp.sqrt(1 + sp.sinh(t) ** 2)
    return Derivation(
        "eq-init-gaussian-delta-slope",
        2 * sp.exp(-mu * root / size) / (2 * sp.pi * size * root) * sp.cosh(t),
        [Step(sp.exp(-mu * sp.cosh(t) / size) / (sp.pi * size), r"$1 + \sinh^2 t = \cosh^2 t$")],
        domains=dict.fromkeys((sw, sv, mu, t), SMALL),
    )


def meijer() -> Derivation:
    """The delta-slope density as a Meijer function."""
    size = sw * sv
    return Derivation(
        "eq-init-meijer",
        sp.meijerg([[], []], [[0, 0], []], mu**2 / (4 * size**2)) / (2 * sp.pi * size),
        [Step(sp.besselk(0, mu / size) / (sp.pi * size), r"$G^{2,0}_{0,2}(z \mid 0, 0) = 2 K_0(2\sqrt z)$")],
    )


def uniform_joint() -> Derivation:
    """The joint density for uniform weights: an interval of input weights, both signs."""
    return Derivation(
        "eq-init-uniform-joint",
        2 * sp.Integral(1 / (8 * aw * ab * av), (w, mu / av, m)),
        [Step((m - mu / av) / (4 * aw * ab * av), "the length of the interval")],
    )


def uniform_breakpoint() -> Derivation:
    """The marginal density of breakpoints for uniform weights."""
    return Derivation(
        "eq-init-uniform-breakpoint",
        2 * sp.Integral((m - mu / av) / (4 * aw * ab * av), (mu, 0, av * m)),
        [Step(m**2 / (4 * aw * ab), "a triangle has half the area of its rectangle")],
    )


def uniform_delta_slope() -> Derivation:
    """The marginal density of delta-slopes for uniform weights: the product of two uniform numbers."""
    return Derivation(
        "eq-init-uniform-delta-slope",
        2 * sp.Integral(1 / (4 * aw * av * w), (w, mu / av, aw)),
        [
            Step((sp.log(aw) - sp.log(mu / av)) / (2 * aw * av), r"$\int dw/w = \ln w$"),
            Step(sp.log(aw * av / mu) / (2 * aw * av), "a difference of logarithms"),
        ],
    )


def uniform_jumps() -> Derivation:
    """The squared slope jump per unit length for uniform weights: both signs of the delta-slope."""
    c = sp.Symbol("c", positive=True)
    return Derivation(
        "eq-init-uniform-jumps",
        2 * sp.Integral(mu**2 * (c - mu) / (4 * aw * ab * av**2), (mu, 0, c)),
        [
            Step(c**4 / (24 * aw * ab * av**2), r"$\int_0^c \mu^2 (c - \mu)\,d\mu = c^4/12$"),
            Step(av**2 * m**4 / (24 * aw * ab), r"$c = a_v m$"),
        ],
        definitions={c: av * m},
    )


SECOND, FOURTH = sp.symbols(r"\E\mu^2 \E\mu^4", positive=True)


def roughness_variance() -> Derivation:
    """The variance of the roughness for Gaussian weights, whose fourth moments are 3σ⁴."""
    return Derivation(
        "eq-init-roughness-variance",
        H * (FOURTH - SECOND**2),
        [
            Step(8 * H * sw**4 * sv**4, r"$9 \sigma_w^4 \sigma_v^4$ minus the square of $\sigma_w^2 \sigma_v^2$"),
        ],
        definitions={SECOND: sw**2 * sv**2, FOURTH: (3 * sw**4) * (3 * sv**4)},
    )


def uniform_roughness_variance() -> Derivation:
    """The variance of the roughness for uniform weights, whose fourth moments are a⁴/5."""
    return Derivation(
        "eq-init-uniform-roughness",
        H * (FOURTH - SECOND**2),
        [
            Step(H * aw**4 * av**4 * sp.Rational(56, 2025), r"$\frac1{25} - \frac1{81} = \frac{56}{2025}$"),
        ],
        definitions={SECOND: aw**2 * av**2 / 9, FOURTH: aw**4 * av**4 / 25},
    )


def cantelli() -> Derivation:
    """The family of bounds behind Cantelli's inequality: its least member, and what the others have in excess."""
    s, shift, distance = sp.symbols("sigma s lambda", positive=True)
    least = s**2 / (s**2 + distance**2)
    return Derivation(
        "eq-init-cantelli",
        (s**2 + shift**2) / (distance + shift) ** 2,
        [
            Step(
                least + (distance * shift - s**2) ** 2 / ((s**2 + distance**2) * (distance + shift) ** 2),
                "brought to one denominator, both sides are the same",
            )
        ],
    )
