"""Sums over indices of symbolic range: Kronecker deltas, equal sums, and steps that do not follow."""

import random

import pytest
import sympy as sp

from lecturelib.core.derivations import CHECKED, PROVED, Derivation, Step, WrongStep, equal
from lecturelib.core.indices import at_small_size, collapse

n, m = sp.symbols("n m", integer=True, positive=True)
i, j, p, q = sp.symbols("i j p q", integer=True, positive=True)
a, b, X = (sp.IndexedBase(name, real=True) for name in "abX")


def test_a_delta_picks_one_term():
    assert collapse(sp.Sum(a[i] * sp.KroneckerDelta(i, p), (i, 1, n))) == a[p]
    both = sp.Sum(a[i] * sp.KroneckerDelta(i, p) * sp.KroneckerDelta(j, q) * b[j], (i, 1, n), (j, 1, m))
    assert collapse(both) == a[p] * b[q]


def test_a_factor_without_the_index_stands_before_the_sum():
    assert collapse(b[p] * sp.Sum(a[i], (i, 1, n)) - sp.Sum(a[i] * b[p], (i, 1, n))) == 0


def test_sums_that_differ_in_the_names_of_indices_only_are_equal():
    one = sp.Sum(X[i, j] * a[i], (i, 1, n), (j, 1, m))
    assert collapse(one - sp.Sum(a[p] * X[p, q], (q, 1, m), (p, 1, n))) == 0
    assert collapse(one - sp.Sum(X[j, i] * a[i], (i, 1, n), (j, 1, m))) != 0
    assert collapse(one - sp.Sum(X[i, j] * a[i], (i, 1, m), (j, 1, n))) != 0


def test_a_vector_is_differentiated_inside_a_function():
    inside = sp.Sum(X[i, j] * a[i], (i, 1, n))
    found = sp.Derivative(sp.Sum(b[j] * sp.tanh(inside), (j, 1, m)), X[p, q])
    right = b[q] * a[p] * (1 - sp.tanh(inside.subs(j, q)) ** 2)
    assert equal(found, right) == PROVED
    with pytest.raises(WrongStep):
        equal(found, b[q] * a[p] * (1 + sp.tanh(inside.subs(j, q)) ** 2))


def test_what_has_no_indices_is_left_alone():
    x = sp.Symbol("x")
    assert collapse((1 + x) ** 2) == (1 + x) ** 2


def test_small_sizes_are_numbers():
    source = random.Random(0)
    (found,) = at_small_size([sp.Sum(a[i], (i, 1, n)) - a[p]], source)
    assert all(isinstance(symbol, sp.Symbol) for symbol in found.free_symbols)
    assert 1 <= len(found.free_symbols) <= 2


def test_what_algebra_cannot_show_is_checked_at_small_sizes():
    product = sp.Sum(a[i], (i, 1, n)) * sp.Sum(a[j], (j, 1, n))
    double = sp.Sum(a[i] * a[j], (i, 1, n), (j, 1, n))
    assert equal(double, product) == CHECKED
    with pytest.raises(WrongStep, match="is not equal"):
        equal(double, 2 * product)


@pytest.mark.parametrize("wrong", [-a[p], b[p], a[q], 2 * a[p], a[p] + 1])
def test_wrong_steps_are_refused(wrong):
    start = sp.Derivative(sp.Sum(a[i] * b[i], (i, 1, n)), b[p])
    assert Derivation("eq-test", start, [Step(a[p], "right")]).verdicts == (PROVED,)
    with pytest.raises(WrongStep, match="is not equal"):
        Derivation("eq-test", start, [Step(wrong, "wrong")])
