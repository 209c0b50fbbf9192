"""Sums over indices whose ranges are symbols: what lets a derivation speak of vectors and matrices of every size.

A vector is a `sympy.IndexedBase` with one index, a matrix one with two, and both are summed by `sympy.Sum`. An index
that is not summed is taken to lie within the range of every index it is compared with: the p of ∂/∂x_p names a
component that exists.
"""

from __future__ import annotations

import random

import sympy as sp
from sympy.concrete.delta import deltasummation

SMALLEST, LARGEST = 2, 3
"""Sizes between which a step is tried out where algebra has not shown it."""


def has_indices(*expressions: sp.Expr) -> bool:
    """Does one of the expressions hold an entry of a vector or matrix?"""
    return any(expression.has(sp.Indexed) for expression in expressions)


def collapse(expression: sp.Expr) -> sp.Expr:
    """Derivatives carried out, sums split into terms, and every sum over a Kronecker delta replaced by its one term.

    Sums that stay get the same names for their indices and come in one order, so that equal ones cancel.
    """
    if not has_indices(expression):
        return expression
    carried_out = expression.replace(sp.Derivative, lambda inside, *by: inside.diff(*by))
    summed = sp.expand(carried_out.replace(sp.Piecewise, _existing)).replace(sp.Sum, _collapse_sum)
    return sp.expand(summed)


def _existing(*branches: sp.Tuple) -> sp.Expr:
    """Sympy's "the term if there is a component p, else 0" is the term: p is a component that exists."""
    kept, otherwise = branches[0], branches[-1]
    about_indices = all(symbol.is_integer for symbol in kept[1].free_symbols)
    return kept[0] if about_indices and otherwise[0] == 0 else sp.Piecewise(*branches)


def _collapse_sum(body: sp.Expr, *limits: sp.Tuple) -> sp.Expr:
    return sp.Add(*[_collapse_term(term, limits) for term in sp.Add.make_args(sp.expand(body))])


def _collapse_term(term: sp.Expr, limits) -> sp.Expr:
    left = []
    for limit in limits:
        if any(limit[0] in delta.free_symbols for delta in term.atoms(sp.KroneckerDelta)):
            term = deltasummation(term, tuple(limit), no_piecewise=True)
        else:
            left.append(tuple(limit))
    inside = {index for index, *_ in left}
    constant, summed = term.as_independent(*inside, as_Add=False) if inside else (term, sp.Integer(1))
    if not left:
        return constant
    # of all ways to name the indices of one range, the first in sympy's order
    return constant * min(_renamed(summed, left), key=sp.default_sort_key)


def _renamed(summed: sp.Expr, limits) -> list[sp.Sum]:
    ways = []
    for order in sp.utilities.iterables.multiset_permutations(range(len(limits))):
        new = [sp.Symbol(f"k_{place}", integer=True, positive=True) for place in range(len(limits))]
        names = {limits[old][0]: new[place] for place, old in enumerate(order)}
        moved = [(new[place], *limits[old][1:]) for place, old in enumerate(order)]
        ways.append(sp.Sum(summed.xreplace(names), *moved))
    return ways


def at_small_size(expressions: list[sp.Expr], source: random.Random) -> list[sp.Expr]:
    """The expressions at random sizes and components, sums and derivatives carried out, entries made symbols."""
    sums = set().union(*(expression.atoms(sp.Sum) for expression in expressions))
    sizes = set().union(*({upper for _, _, upper in one.limits if upper.is_Symbol} for one in sums))
    entries = set().union(*(expression.atoms(sp.Indexed) for expression in expressions))
    summed = {limit[0] for one in sums for limit in one.limits}
    free = {index for entry in entries for index in entry.indices if index.is_Symbol} - summed - sizes
    point = {size: source.randint(SMALLEST, LARGEST) for size in _sorted(sizes)}
    point |= {index: source.randint(1, SMALLEST) for index in _sorted(free)}
    found = [expression.subs(point).doit().doit() for expression in expressions]
    entries = set().union(*(expression.atoms(sp.Indexed) for expression in found))
    as_symbols = {entry: sp.Symbol(str(entry), real=True) for entry in entries}
    return [expression.xreplace(as_symbols).doit() for expression in found]


def _sorted(symbols):
    return sorted(symbols, key=lambda symbol: symbol.name)
