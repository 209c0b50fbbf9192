"""Knots on a line, compiled: where functions given by values at knots and slopes between them change their sign.

Functions stand side by side in rows: values at K knots, (K, n), and below them slopes of the K + 1 pieces, (K + 1, n).
Piece p lies between knots p − 1 and p; the first and the last are rays, unless the line is closed at that end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

OPTIONS: Any = {"nogil": True, "cache": True, "error_model": "numpy"}
_compiled = njit(**OPTIONS)


@_compiled
def _sign(number):
    return (number > 0) - (number < 0)


@_compiled
def _end(rows, count, k, j, closed_low, closed_high):
    """Sign of function j at knot k; before the first and beyond the last, far out on the ray."""
    if 0 <= k < count:
        return _sign(rows[k, j])
    if k < 0:
        slope = 0 if closed_low else -_sign(rows[count, j])
        return slope if slope != 0 else _sign(rows[0, j])
    slope = 0 if closed_high else _sign(rows[2 * count, j])
    return slope if slope != 0 else _sign(rows[count - 1, j])


@_compiled
def crossings(knots, rows, closed_low, closed_high):
    """Pieces, units and places, each (B,), from left to right, of all zeros with a change of sign inside a piece."""
    count, width = knots.size, rows.shape[1]
    most = 2 * width
    for k in range(1, count):
        for j in range(width):
            most += rows[k - 1, j] * rows[k, j] <= 0
    pieces, units, places = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most)
    found = 0
    for p in range(count + 1):
        first = found
        base = max(p - 1, 0)
        for j in range(width):
            if 0 < p < count:
                a, b = rows[p - 1, j], rows[p, j]
                crosses = (a < 0 < b) or (b < 0 < a)
            else:
                ends = _end(rows, count, p - 1, j, closed_low, closed_high) * _end(
                    rows, count, p, j, closed_low, closed_high
                )
                crosses = ends < 0
            if crosses:
                place = knots[base] - rows[base, j] / rows[count + p, j]
                if p > 0:
                    place = max(place, knots[p - 1])
                if p < count:
                    place = min(place, knots[p])
                pieces[found], units[found], places[found] = p, j, place
                found += 1
        for one in range(first + 1, found):  # put in order
            unit, place, k = units[one], places[one], one
            while k > first and places[k - 1] > place:
                units[k], places[k] = units[k - 1], places[k - 1]
                k -= 1
            units[k], places[k] = unit, place
    return pieces[:found], units[:found], places[:found]


@_compiled
def refine(knots, rows, pieces, places):
    """Rows with new knots at `places` in `pieces`. Returns new knots, new rows, left: the old piece of each new one."""
    count, more, width = knots.size, pieces.size, rows.shape[1]
    total = count + more
    left, t, out = np.empty(total + 1, np.int64), np.empty(total), np.empty((2 * total + 1, width))
    old, new = 0, 0
    for r in range(total):
        if new < more and pieces[new] <= old:
            p, place, base = pieces[new], places[new], max(old - 1, 0)
            step = place - knots[base]
            for j in range(width):
                out[r, j] = rows[base, j] + step * rows[count + p, j]
            t[r], left[r] = place, p
            new += 1
        else:
            out[r] = rows[old]
            t[r], left[r] = knots[old], old
            old += 1
        out[total + r] = rows[count + left[r]]
    left[total] = count
    out[2 * total] = rows[2 * count]
    return t, out, left


@_compiled
def switches(knots, rows, pieces, units, left, closed_low, closed_high):
    """From the rows before `refine` and its crossings: which functions are positive, new piece by new piece.

    Returns on, (T + 1, n), and (rows, units, turns), each (S,), of the knots at which one begins (+1) or ceases (−1).
    """
    count, width, total = knots.size, rows.shape[1], left.size - 1
    on = np.empty((total + 1, width), np.bool_)
    most = units.size
    for k in range(count):
        for j in range(width):
            most += rows[k, j] == 0
    at, which, turns = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    new, old, found = 0, 0, 0
    for j in range(width):
        far = _end(rows, count, -1, j, closed_low, closed_high)
        on[0, j] = far > 0 or (far == 0 and _end(rows, count, 0, j, closed_low, closed_high) > 0)
    for r in range(total):
        on[r + 1] = on[r]
        if new < units.size and pieces[new] <= old:
            j = units[new]
            on[r + 1, j] = not on[r, j]
            at[found], which[found], turns[found] = r, j, 1 if on[r + 1, j] else -1
            found, new = found + 1, new + 1
            continue
        for j in range(width):
            if rows[old, j] == 0:
                after = _end(rows, count, old + 1, j, closed_low, closed_high) > 0
                if after != on[r, j]:
                    on[r + 1, j] = after
                    at[found], which[found], turns[found] = r, j, 1 if after else -1
                    found += 1
        old += 1
    return on, at[:found], which[:found], turns[:found]


@_compiled
def rectify(rows, on, leak):
    """Apply a (leaky) ReLU to refined rows in place: to values by their sign, to slopes by what is on."""
    count = on.shape[0] - 1
    for r in range(count):
        for j in range(rows.shape[1]):
            rows[r, j] = max(rows[r, j], 0.0) + leak * min(rows[r, j], 0.0)
    for r in range(count + 1):
        for j in range(rows.shape[1]):
            if not on[r, j]:
                rows[count + r, j] *= leak
