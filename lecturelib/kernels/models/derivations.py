"""Derivations of the chapter `kernels/models`: calculus for every size, entry by entry, and identities of functions.

Vectors and matrices are written by their entries, and sums run over ranges whose ends are symbols, so that what is
proved holds for every size.
"""

from __future__ import annotations

import sympy as sp

from lecturelib.core.derivations import Derivation, Step

d, k, N, K = sp.symbols("d k N K", integer=True, positive=True)
i, j, n, p, q = sp.symbols("i j n p q", integer=True, positive=True)
a, b, s, w, x, y, z = (sp.IndexedBase(name, real=True) for name in "abswxyz")
A, S, W, X = (sp.IndexedBase(name, real=True) for name in "ASWX")
t, f = sp.symbols("t f", real=True)
delta = sp.KroneckerDelta
CONSTANTS_OUT = "only the factor with the variable is differentiated"


def inner_product() -> Derivation:
    """∂(wᵀx)/∂w = x."""
    return Derivation(
        "eq-models-inner",
        sp.Derivative(sp.Sum(w[i] * x[i], (i, 1, d)), w[p]),
        [
            Step(sp.Sum(delta(i, p) * x[i], (i, 1, d)), r"$\partial w_i / \partial w_p = \delta_{ip}$"),
            Step(x[p], r"one term of the sum is not 0"),
        ],
    )


def linear_map() -> Derivation:
    """∂(Aw)/∂w = A."""
    return Derivation(
        "eq-models-map",
        sp.Derivative(sp.Sum(A[j, i] * w[i], (i, 1, d)), w[p]),
        [
            Step(sp.Sum(A[j, i] * delta(i, p), (i, 1, d)), CONSTANTS_OUT),
            Step(A[j, p], "one term is not 0"),
        ],
    )


def bilinear() -> Derivation:
    """∂(aᵀXb)/∂X = abᵀ."""
    return Derivation(
        "eq-models-bilinear",
        sp.Derivative(sp.Sum(a[i] * X[i, j] * b[j], (i, 1, d), (j, 1, k)), X[p, q]),
        [
            Step(sp.Sum(a[i] * delta(i, p) * delta(j, q) * b[j], (i, 1, d), (j, 1, k)), "as before, with two indices"),
            Step(a[p] * b[q], r"one term is not 0: entry $(p, q)$ of $a b^\top$"),
        ],
    )


def bilinear_transposed() -> Derivation:
    """∂(aᵀXᵀb)/∂X = baᵀ, X of shape (k, d)."""
    return Derivation(
        "eq-models-transposed",
        sp.Derivative(sp.Sum(a[i] * X[j, i] * b[j], (i, 1, d), (j, 1, k)), X[p, q]),
        [
            Step(sp.Sum(a[i] * delta(j, p) * delta(i, q) * b[j], (i, 1, d), (j, 1, k)), "rows and columns exchanged"),
            Step(b[p] * a[q], r"entry $(p, q)$ of $b a^\top$"),
        ],
    )


def square_form() -> Derivation:
    """∂(aᵀSᵀa)/∂S = aaᵀ, as for aᵀSa."""
    return Derivation(
        "eq-models-square",
        sp.Derivative(sp.Sum(a[i] * S[j, i] * a[j], (i, 1, d), (j, 1, d)), S[p, q]),
        [
            Step(sp.Sum(a[i] * delta(j, p) * delta(i, q) * a[j], (i, 1, d), (j, 1, d)), "as before with $b = a$"),
            Step(a[p] * a[q], r"one term is not 0; the result is symmetric, so $S$ gives the same"),
        ],
    )


def quadratic_form() -> Derivation:
    """∂(wᵀSw)/∂w = (S + Sᵀ)w."""
    return Derivation(
        "eq-models-quadratic",
        sp.Derivative(sp.Sum(w[i] * S[i, j] * w[j], (i, 1, d), (j, 1, d)), w[p]),
        [
            Step(
                sp.Sum(S[p, j] * w[j], (j, 1, d)) + sp.Sum(S[i, p] * w[i], (i, 1, d)),
                "the product rule: $w_p$ stands on the left and on the right",
            ),
            Step(sp.Sum((S[p, j] + S[j, p]) * w[j], (j, 1, d)), r"entry $p$ of $(S + S^\top) w$"),
        ],
    )


def mean_squared_error() -> Derivation:
    """∇ (1/N) ‖Xw − y‖² = (2/N) Xᵀ(Xw − y)."""
    residual = sp.Sum(X[n, i] * w[i], (i, 1, d)) - y[n]
    return Derivation(
        "eq-models-mse",
        sp.Derivative(sp.Sum(residual**2, (n, 1, N)) / N, w[p]),
        [
            Step(2 / N * sp.Sum(residual * sp.Derivative(residual, w[p]), (n, 1, N)), "the chain rule"),
            Step(2 / N * sp.Sum(X[n, p] * residual, (n, 1, N)), "one term of the inner sum depends on $w_p$"),
        ],
    )


def neuron_weights() -> Derivation:
    """A weight of one neuron of a shallow network, for tanh."""
    inside = sp.Sum(W[i, j] * x[i], (i, 1, d))
    chosen = sp.Sum(W[i, q] * x[i], (i, 1, d))
    return Derivation(
        "eq-models-neuron",
        sp.Derivative(sp.Sum(w[j] * sp.tanh(inside), (j, 1, k)), W[p, q]),
        [
            Step(sp.Sum(w[j] * (1 - sp.tanh(inside) ** 2) * delta(j, q) * x[p], (j, 1, k)), "the chain rule"),
            Step(x[p] * w[q] * (1 - sp.tanh(chosen) ** 2), r"one neuron has the weight $W_{pq}$"),
        ],
    )


def _softmax(index) -> sp.Expr:
    return sp.exp(z[index]) / sp.Sum(sp.exp(z[j]), (j, 1, K))


def softmax_derivative() -> Derivation:
    """∂s_p/∂z_q = s_p (δ_pq − s_q)."""
    total = sp.Sum(sp.exp(z[j]), (j, 1, K))
    return Derivation(
        "eq-models-softmax",
        sp.Derivative(_softmax(p), z[q]),
        [
            Step(delta(p, q) * sp.exp(z[p]) / total - sp.exp(z[p]) * sp.exp(z[q]) / total**2, "the quotient rule"),
            Step(_softmax(p) * (delta(p, q) - _softmax(q)), r"$s_p$ taken out"),
        ],
    )


def cross_entropy_gradient() -> Derivation:
    """∂/∂z_p of −Σ y_i ln s_i = s_p Σ y_i − y_p."""
    loss = -sp.Sum(y[i] * (z[i] - sp.log(sp.Sum(sp.exp(z[j]), (j, 1, K)))), (i, 1, K))
    return Derivation(
        "eq-models-cross",
        sp.Derivative(loss, z[p]),
        [
            Step(sp.Sum(y[i] * (_softmax(p) - delta(i, p)), (i, 1, K)), r"$\ln s_i = z_i - \ln \sum_j e^{z_j}$"),
            Step(_softmax(p) * sp.Sum(y[i], (i, 1, K)) - y[p], "sums taken apart"),
        ],
    )


def sigmoid_slope() -> Derivation:
    """σ' = σ (1 − σ)."""
    sigmoid = 1 / (1 + sp.exp(-t))
    return Derivation(
        "eq-models-sigmoid",
        sp.Derivative(sigmoid, t),
        [
            Step(sp.exp(-t) / (1 + sp.exp(-t)) ** 2, "the chain rule"),
            Step(sigmoid * (1 - sigmoid), r"$1 - \sigma(t) = e^{-t} / (1 + e^{-t})$"),
        ],
    )


def tanh_as_sigmoid() -> Derivation:
    """tanh t = 2σ(2t) − 1."""
    return Derivation(
        "eq-models-tanh",
        2 / (1 + sp.exp(-2 * t)) - 1,
        [
            Step((1 - sp.exp(-2 * t)) / (1 + sp.exp(-2 * t)), "over one denominator"),
            Step((sp.exp(t) - sp.exp(-t)) / (sp.exp(t) + sp.exp(-t)), r"multiplied by $e^t / e^t$"),
            Step(sp.tanh(t), r"the definition of $\tanh$"),
        ],
    )


def two_classes() -> Derivation:
    """Softmax of two numbers is the sigmoid of their difference."""
    one, two = sp.symbols("z_1 z_2", real=True)
    return Derivation(
        "eq-models-two",
        sp.exp(one) / (sp.exp(one) + sp.exp(two)),
        [
            Step(1 / (1 + sp.exp(two) / sp.exp(one)), r"divided by $e^{z_1}$"),
            Step(1 / (1 + sp.exp(-(one - two))), r"the sigmoid of $z_1 - z_2$"),
        ],
    )


def logistic_slope() -> Derivation:
    """d/df ln(1 + e^{−yf}) = −y σ(−yf)."""
    label = sp.Symbol("y", real=True)
    return Derivation(
        "eq-models-logistic",
        sp.Derivative(sp.log(1 + sp.exp(-label * f)), f),
        [
            Step(-label * sp.exp(-label * f) / (1 + sp.exp(-label * f)), "the chain rule"),
            Step(-label / (1 + sp.exp(label * f)), r"multiplied by $e^{yf} / e^{yf}$"),
        ],
    )


def polynomial_kernel() -> Derivation:
    """(1 + xᵀz)² for two inputs as an inner product of six features."""
    x1, x2, z1, z2 = sp.symbols("x_1 x_2 z_1 z_2", real=True)
    return Derivation(
        "eq-models-polynomial",
        (1 + x1 * z1 + x2 * z2) ** 2,
        [
            Step(1 + 2 * (x1 * z1 + x2 * z2) + (x1 * z1 + x2 * z2) ** 2, "the square of a sum"),
            Step(
                1 + 2 * x1 * z1 + 2 * x2 * z2 + x1**2 * z1**2 + x2**2 * z2**2 + 2 * (x1 * x2) * (z1 * z2),
                "multiplied out; each term is a feature of $x$ times the same of $z$",
            ),
        ],
    )


def gaussian_kernel() -> Derivation:
    """exp(−(x − z)²/2) as an inner product of infinitely many features."""
    one, two = sp.symbols("x z", real=True)
    m = sp.Symbol("m", integer=True, nonnegative=True)
    return Derivation(
        "eq-models-gaussian",
        sp.exp(-((one - two) ** 2) / 2),
        [
            Step(sp.exp(-(one**2) / 2) * sp.exp(-(two**2) / 2) * sp.exp(one * two), "the square multiplied out"),
            Step(
                sp.exp(-(one**2) / 2)
                * sp.exp(-(two**2) / 2)
                * sp.Sum((one * two) ** m / sp.factorial(m), (m, 0, sp.oo)),
                "the exponential series",
            ),
        ],
    )


def subset() -> Derivation:
    """The covariance of the mean of B draws without replacement, entry by entry: two draws have −S/(N − 1)."""
    B = sp.Symbol("B", positive=True)
    s = sp.Symbol("S_{ij}", real=True)
    return Derivation(
        "eq-models-subset",
        (B * s + B * (B - 1) * (-s / (N - 1))) / B**2,
        [
            Step(
                s / B * (1 - (B - 1) / (N - 1)),
                r"$B$ draws with themselves, $B (B - 1)$ pairs of two; $S_{ij} / B$ taken out",
            ),
            Step(s / B * (N - B) / (N - 1), "over one denominator"),
        ],
    )
