r"""The shortest w with w·z_i ≥ 1 for all i, compiled: least distance programming by nonnegative least squares.

Lawson and Hanson 1974, chapter 23: with the columns a_i = (z_i, 1) and the target e = (0, 1), let u ≥ 0 be what makes
r = e − Σ u_i a_i shortest. Then w = −r_{1…d} / r_{d+1} and its multipliers are u / r_{d+1}, and r = 0 where there is no
such w. Columns in use stay orthogonalized, twice, so that nothing is solved by normal equations.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SMALLEST = 1e-7  # a margin below this share of the largest ‖z_i‖ counts as none
POLISHED = 1e-3  # below this share, the search is repeated on data scaled by what it found
ROUNDING = 1e-13

_compiled = njit(nogil=True, cache=True, error_model="numpy")


@_compiled
def append(q, r, count, column):
    """Make `column` the last of `count` + 1 orthogonalized ones; is it independent of those before?"""
    m = column.size
    new = q[count]
    new[:] = column
    size = 0.0
    for k in range(m):
        size += column[k] * column[k]
    r[: count + 1, count] = 0.0
    for _ in range(2):
        for i in range(count):
            along = 0.0
            for k in range(m):
                along += q[i, k] * new[k]
            r[i, count] += along
            for k in range(m):
                new[k] -= along * q[i, k]
    rest = 0.0
    for k in range(m):
        rest += new[k] * new[k]
    r[count, count] = np.sqrt(rest)
    for k in range(m):
        new[k] /= r[count, count]
    return rest > ROUNDING * ROUNDING * size


@_compiled
def best(q, r, count, out):
    """What takes the columns in use nearest to e, into `out`: r · out = qᵀ e."""
    last = q.shape[1] - 1
    for i in range(count - 1, -1, -1):
        out[i] = q[i, last]
        for k in range(i + 1, count):
            out[i] -= r[i, k] * out[k]
        out[i] /= r[i, i]


@_compiled
def remain(q, count, out):
    """What the columns in use leave of e, into `out`."""
    m = out.size
    out[:] = 0.0
    out[m - 1] = 1.0
    for _ in range(2):
        for i in range(count):
            along = 0.0
            for k in range(m):
                along += q[i, k] * out[k]
            for k in range(m):
                out[k] -= along * q[i, k]


@_compiled
def steepest(rows, sizes, out, free):
    """The free row of the smallest angle with what is left, −1 where none turns towards it."""
    found, most = -1, ROUNDING * np.sqrt((out * out).sum())
    for j in range(rows.shape[0]):
        if free[j]:
            along = 0.0
            for k in range(out.size):
                along += rows[j, k] * out[k]
            if along > most * sizes[j]:
                found, most = j, along / sizes[j]
    return found


@_compiled
def drop(rows, q, r, used, count, u):
    """Take out the columns whose share is not positive any more; how many are left."""
    kept = 0
    for i in range(count):
        if u[used[i]] > 0.0:
            used[kept] = used[i]
            append(q, r, kept, rows[used[kept]])
            kept += 1
    return kept


@_compiled
def nonnegative(rows, u, left):
    """The u ≥ 0 for which left = e − Σ u_j rows_j is shortest, and that; both in place."""
    n, m = rows.shape
    most = min(n, m)
    q, r = np.empty((most + 1, m)), np.empty((most + 1, most + 1))
    used, trial = np.empty(most + 1, dtype=np.int64), np.empty(most + 1)
    sizes, free = np.sqrt((rows * rows).sum(1)), np.ones(n, dtype=np.bool_)
    u[:] = 0.0
    count = 0
    remain(q, count, left)
    for _ in range(10 * (n + m) + 100):
        j = steepest(rows, sizes, left, free)
        if j < 0 or count == m:
            return
        free[j] = False
        if append(q, r, count, rows[j]):
            best(q, r, count + 1, trial)
            if trial[count] > 0.0:
                used[count] = j
                count = settle(rows, q, r, used, count + 1, u, trial)
                remain(q, count, left)
                free[:] = True
                for i in range(count):
                    free[used[i]] = False


@_compiled
def settle(rows, q, r, used, count, u, trial):
    """Go from u towards `trial`, stopping where a share becomes 0 and going on without it; how many stay in use."""
    while True:
        step, stop = 1.0, -1
        for i in range(count):
            if trial[i] <= 0.0:
                here = u[used[i]] / (u[used[i]] - trial[i])
                if stop < 0 or here < step:
                    step, stop = here, i
        for i in range(count):
            u[used[i]] += step * (trial[i] - u[used[i]])
        if stop < 0:
            for i in range(count):
                u[used[i]] = trial[i]
            return count
        u[used[stop]] = 0.0
        for i in range(count):
            u[used[i]] = max(u[used[i]], 0.0)
        count = drop(rows, q, r, used, count, u)
        best(q, r, count, trial)


@_compiled
def shortest(z, weights, multipliers):
    """w (d,) and its multipliers (n,) for z, shape (n, d), in place; False where there is no margin."""
    n, d = z.shape
    rows, left = np.ones((n, d + 1)), np.empty(d + 1)
    size = np.sqrt((z * z).sum(1).max()) if n else 0.0
    scale = size
    for _ in range(3):
        if not scale > SMALLEST * size:
            return False
        rows[:, :d] = z / scale
        nonnegative(rows, multipliers, left)
        if left[d] <= 0.5 * SMALLEST**2:  # the square of the margin, of data scaled to size 1
            return False
        weights[:] = -left[:d] / left[d]
        length = np.sqrt((weights * weights).sum())
        weights /= scale
        multipliers /= left[d] * scale**2
        if length < 1 / POLISHED:
            break
        scale /= length  # which makes the margin 1
    if not length > 0.0:
        return False
    for i in range(n):
        margin = 0.0
        for k in range(d):
            margin += z[i, k] * weights[k]
        if margin < 0.5:  # what was left was rounding
            return False
    return True


def widest(z: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """ŵ (d,) and α (n,) for z_i = y_i x_i, shape (n, d), or None where there is no margin."""
    weights, multipliers = np.empty(z.shape[1]), np.empty(z.shape[0])
    return (weights, multipliers) if shortest(np.ascontiguousarray(z), weights, multipliers) else None
